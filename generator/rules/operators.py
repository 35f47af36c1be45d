"""Rules about operators and values that are not for the key they stand with."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.grammar import is_number
from generator.operators import operator
from generator.policy import Condition, Effect
from generator.rules.mfa import Gate, gates, is_on_flag
from generator.rules.mfa_denies import MFA_KEYS
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items, variable_before_name
from generator.subject import Subject
from generator.variables import variable


def operator_of_another_type(subject: Subject) -> Iterator[Hit]:
    """A condition on MFA with an operator that is not for it

    Why: `aws:MultiFactorAuthPresent` is a Boolean and `aws:MultiFactorAuthAge` a number, and each
    has one value. AWS documents what `Bool` and the numeric operators make of them; `ForAllValues`
    and `ForAnyValue` are for keys with several values. This one may do what it is meant to, but
    nothing says that it must.

    Fix: write `Bool` or `BoolIfExists` on `aws:MultiFactorAuthPresent`, and a numeric operator on
    `aws:MultiFactorAuthAge`.
    """
    for gate in gates(subject):
        if _does_what_it_should(gate):
            for c in gate.on_mfa:
                if text := _wrong(c):
                    yield Hit((*gate.place, "Condition", c.operator, c.key), text, on_key=True)


def _does_what_it_should(gate: Gate) -> bool:
    """Other rules tell of the rest."""
    met = gate.met
    if gate.statement.effect is Effect.DENY:
        return met["new"] is False and (bool(met["key"] and met["console"]) or gate.is_about_old)
    return met["new"] is True and met["key"] is False and met["console"] is False


def _wrong(c: Condition) -> str:
    if c.operator == "Null":
        return ""
    asked = operator(c.operator)
    if asked.quantifier:
        return f"`{asked.quantifier}` is for keys with several values, and `{c.key}` has one"
    kind, what = ("Bool", "a Boolean") if is_on_flag(c) else ("Numeric", "a number")
    if not asked.base.startswith(kind):
        return f"`{c.operator}` is not an operator for `{c.key}`, which is {what}"
    if kind == "Bool" and not {v.lower() for v in c.values} <= {"true", "false"}:
        return f"`{c.key}` is compared with a value that is neither true nor false"
    return ""


def variable_in_other_operator(subject: Subject) -> Iterator[Hit]:
    """A policy variable where none is filled in

    Why: policy variables stand in a `Resource` after the fifth colon of the ARN, and in the values
    of string and ARN operators. With `Bool`, `Null`, numeric, date and IP address operators, and in
    the account, say, of a resource they cannot be used.

    Fix: write the value itself, or `*` for a part of an ARN; in a condition, use a string or ARN
    operator if the key holds text.
    """
    if not subject.variables:
        return
    for place, s in subject.statements():
        for at, item in items(subject, subject.element(place, "Resource")) if s.resources else ():
            if named := variable_before_name(item):
                yield Hit(
                    at,
                    f"`{named}` may not stand here: in a resource, variables are for what comes "
                    "after the fifth colon",
                    _RESOURCE_FIX if named != item else "write the ARN in place of the variable",
                )
        for c in s.conditions:
            texts = c.operator != "Null" and operator(c.operator).texts
            named = next((v for v in c.values if ":" in variable(v)), "")
            if named and not texts:
                yield Hit(
                    (*place, "Condition", c.operator, c.key),
                    f"`{named}` cannot be used with `{c.operator}`: no value is filled in",
                )


_RESOURCE_FIX: Final = "write `*`, or the value, in place of the variable"


def unquoted_value(subject: Subject) -> Iterator[Hit]:
    """A Boolean or a number without quotation marks in a condition on MFA

    Why: IAM reads both forms as the same, and AWS writes the values of these keys as text. Tools
    that compare documents as data see a difference where IAM sees none.

    Fix: put the value into quotation marks.
    """
    for place, s in subject.statements():
        for c in s.conditions:
            at = (*place, "Condition", c.operator, c.key)
            value = subject.data(at) if c.key.lower() in MFA_KEYS else ""
            bare = [v for v in (value if isinstance(value, list) else [value]) if _is_bare(v)]
            # In YAML a text that needs no quotation marks has none.
            if bare and subject.found.source().form == "json":
                text = str(bare[0]).lower()
                yield Hit(at, f"`{text}` for `{c.key}` stands without quotation marks")


def _is_bare(value: object) -> bool:
    return isinstance(value, bool) or is_number(value)


RULES: Final = (
    Rule(
        "GEN021",
        Severity.LOW,
        operator_of_another_type,
        "UG:reference_policies_elements_condition_operators",
        confidence="medium",
    ),
    Rule("GEN022", Severity.MEDIUM, variable_in_other_operator, "UG:reference_policies_variables"),
    Rule("GEN023", Severity.LOW, unquoted_value, "UG:reference_policies_grammar"),
)
