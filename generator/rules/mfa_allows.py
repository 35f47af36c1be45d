"""Rules about Allows and trust policies whose condition on MFA lets others in, or nobody."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.rules.advice import in_place_of, names_enrolment
from generator.rules.mfa import Gate, allows, confidence_of, is_on_age
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def if_exists_in_allow(subject: Subject) -> Iterator[Hit]:
    """An Allow "with MFA" that a plain access key passes

    Why: an operator that ends in `IfExists`, and `ForAllValues`, are met where the key is absent,
    and `aws:MultiFactorAuthPresent` is absent where a request is signed with a long-term access
    key, or by a session of a role. In a trust policy that opens the role to access keys. The visual
    editor of the console writes `BoolIfExists` for "MFA required".

    Fix: write `"Bool": {"aws:MultiFactorAuthPresent": "true"}` in place of the condition.
    """
    for gate in allows(subject):
        if gate.met["new"] is True and gate.let_in("key"):
            also = " and a console session without MFA" if gate.let_in("console") else ""
            yield Hit(
                gate.at,
                f"{gate.words} is met where the key is absent, so an access key without MFA{also} "
                f"may call {gate.what(gate.asked)}",
                fix=_with_mfa(gate),
                on_key=True,
                severity=_allow_severity(gate),
                confidence=confidence_of(gate),
            )


def null_in_allow(subject: Subject) -> Iterator[Hit]:
    """An Allow "with MFA" that a session without MFA passes

    Why: `Null` with "false" asks only whether `aws:MultiFactorAuthPresent` is in the request. It is
    in every request of temporary credentials of a user, with the value false where no MFA was used:
    in the console, and after `sts:GetSessionToken` without a code.

    Fix: write `"Bool": {"aws:MultiFactorAuthPresent": "true"}` in place of the condition.
    """
    for gate in allows(subject):
        passes_key = gate.met["key"] is True and gate.let_in("key")
        if gate.met["new"] is True and not passes_key and gate.let_in("console"):
            yield Hit(
                gate.at,
                f"{gate.words} is met where the key is present and false, so a console session, or "
                f"one of `sts:GetSessionToken`, without MFA may call {gate.what(gate.asked)}",
                fix=_with_mfa(gate),
                on_key=True,
                severity=_allow_severity(gate),
                confidence=confidence_of(gate),
            )


def allow_without_mfa_only(subject: Subject) -> Iterator[Hit]:
    """An Allow whose condition on MFA nobody with MFA meets

    Why: an Allow applies where its conditions are met. With "false" in place of "true", a value
    that is neither, or conditions that exclude each other, people who have used MFA are not
    allowed.

    Fix: write `"Bool": {"aws:MultiFactorAuthPresent": "true"}` in place of the conditions.
    """
    for gate in allows(subject):
        if gate.met["new"] is True or gate.is_dead:
            continue
        without = gate.let_in("key") or gate.let_in("console")
        if gate.met["new"] is None:
            text = f"who meets {gate.words} is not documented for {gate.values}"
        elif without:
            text = f"{gate.words} is met only without MFA: sessions with MFA may not call"
        elif gate.met["old"] is True:
            text = f"{gate.words} is met only by MFA that is old: right after MFA nobody may call"
        else:
            text = f"{gate.words} is never met: nobody may call"
        yield Hit(
            gate.at,
            text if gate.met["new"] is None else f"{text} {gate.what(gate.asked)}",
            fix=_with_mfa(gate),
            on_key=True,
            severity=Severity.HIGH if without else None,
            confidence=confidence_of(gate, "medium"),
        )


def _allow_severity(gate: Gate) -> Severity | None:
    return Severity.CRITICAL if gate.subject.kind == "trust" else None


def _with_mfa(gate: Gate) -> str:
    """How to write the condition of an Allow."""
    text = in_place_of(gate, "Bool", "true")
    only, operator = len(gate.on_mfa) == 1, gate.on_mfa[0].operator
    if only and is_on_age(gate.on_mfa[0]) and operator.endswith("IfExists"):
        text = f"write `{operator.removesuffix('IfExists')}` in place of `{operator}`"
    if names_enrolment(gate.statement):
        return f"{text}, and move what people enrol with to a statement without conditions"
    return text


_OPERATORS: Final = "UG:reference_policies_elements_condition_operators"

RULES: Final = (
    Rule("GEN015", Severity.HIGH, if_exists_in_allow, f"{_OPERATORS}#Conditions_IfExists"),
    Rule("GEN016", Severity.HIGH, null_in_allow, f"{_OPERATORS}#Conditions_Null"),
    Rule(
        "GEN017",
        Severity.MEDIUM,
        allow_without_mfa_only,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
    ),
)
