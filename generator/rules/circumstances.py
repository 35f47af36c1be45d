"""The rule about what else a Deny "without MFA" asks for, beside MFA."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.match import hold
from generator.rules.mfa import Asked, Gate, denies
from generator.rules.rule import Hit, Rule
from generator.subject import Subject

# Where and when somebody calls, which is for the caller to choose. On what, is what a statement is
# about; and who calls, where the ARN says it: an SCP for users has a condition on
# `aws:PrincipalArn`, and is right.
_CIRCUMSTANCES: Final = frozenset("""
    aws:calledvia aws:calledviafirst aws:calledvialast aws:currenttime aws:epochtime aws:referer
    aws:requestedregion aws:securetransport aws:sourceip aws:sourcevpc aws:sourcevpcarn
    aws:sourcevpce aws:tokenissuetime aws:useragent aws:viaawsservice aws:vpcsourceip
    aws:vpceaccount aws:vpceorgid aws:vpceorgpaths
""".split())
_ORGANIZATION: Final = ("aws:principalorgid", "aws:principalorgpaths")
_WHO: Final = ("aws:userid", "aws:username", *_ORGANIZATION)
_TAG: Final = "aws:principaltag/"


def deny_with_further_conditions(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" that applies only where something else holds as well

    Why: conditions of one statement are joined by "and". A Deny without MFA that also asks where a
    request comes from, or when, or what tag or name the caller has, stops only requests that meet
    both.

    Fix: put the other condition into a Deny of its own, if everybody has to use MFA everywhere.
    """
    for gate in denies(subject):
        if gate.met["new"] is not False or not (gate.met["key"] and gate.met["console"]):
            continue
        for c in gate.others:
            met = hold((c,), gate.direct, subject.variables)
            key = c.key.lower()
            about_who = key in _WHO or key.startswith(_TAG)
            if not (about_who or key in _CIRCUMSTANCES) or met is True:
                continue
            if all(_is_denied_anyway(gate, asked) for asked in gate.asked):
                continue
            where = f"`{c.operator}` on `{c.key}` is met as well"
            if about_who:
                where += ", and whoever does not meet it works without MFA"
            elif met is False:
                where += ", which it is not where people make the call themselves"
            yield Hit(
                (*gate.place, "Condition", c.operator, c.key),
                f"it denies without MFA only where {where}",
                on_key=True,
                severity=Severity.HIGH if met is False and not about_who else None,
                confidence="low" if key.startswith(_TAG) or key in _ORGANIZATION else None,
            )


def _is_denied_anyway(gate: Gate, asked: Asked) -> bool:
    """Whether a request without MFA is denied whatever the other conditions come to."""
    bare = Gate(gate.subject, gate.place, gate.statement)
    bare.others = ()
    return bare.is_denied(asked, "key") and bare.is_denied(asked, "console")


RULES: Final = (
    Rule(
        "GEN020",
        Severity.LOW,
        deny_with_further_conditions,
        "UG:reference_policies_elements_condition",
        confidence="medium",
    ),
)
