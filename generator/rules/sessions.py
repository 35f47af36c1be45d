"""Rules about conditions on MFA that sessions of roles meet, or never do."""

from collections.abc import Iterator
from typing import Final

from generator.errors import NotModelledError
from generator.evaluate import evaluate
from generator.findings import Severity
from generator.match import hold
from generator.policy import Effect
from generator.request import Request
from generator.rules.advice import only_users
from generator.rules.mfa import Gate, every_gate, role_context, role_session
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def mfa_in_role_permissions(subject: Subject) -> Iterator[Hit]:
    """A condition on MFA in the permissions of a role

    Why: MFA is checked when a role is assumed. The session that comes of it carries no MFA, so in
    the role's own permissions an Allow "with MFA" allows nothing, and a Deny "without MFA" denies
    every session, or none.

    Fix: take the condition out, and ask for MFA in the role's trust policy.
    """
    if subject.kind not in ("identity", "boundary") or "role" not in subject.found.holders:
        return
    where = role_context(subject)
    for gate in every_gate(subject):
        if hold(gate.others, where, subject.variables) is False:
            continue
        met = hold(gate.on_mfa, where, subject.variables)
        text, severity = _IN_ROLES[gate.statement.effect, met is True]
        yield Hit(
            gate.at,
            f"sessions of a role carry no MFA, so {gate.words} {text}",
            # A Deny without its condition would stop everybody.
            fix=_NO_STATEMENT if gate.statement.effect is Effect.DENY else "",
            on_key=True,
            severity=severity,
        )


_NO_STATEMENT: Final = "take the statement out, and ask for MFA in the role's trust policy"
_IN_ROLES: Final = {
    (Effect.ALLOW, False): ("is never met and the Allow allows nothing", Severity.HIGH),
    (Effect.ALLOW, True): ("is always met and asks for nothing", Severity.MEDIUM),
    (Effect.DENY, False): ("is never met and the Deny stops nobody", Severity.MEDIUM),
    (Effect.DENY, True): ("is always met and the Deny stops every session", Severity.HIGH),
}


def organization_deny_hits_roles(subject: Subject) -> Iterator[Hit]:
    """An SCP or RCP "without MFA" that stops every session of a role

    Why: service control policies bind roles too. `aws:MultiFactorAuthPresent` is absent for
    sessions of roles: people of IAM Identity Center, federated people, services that work through
    a role. `BoolIfExists` with "false" is met by all of them.

    Fix: add `"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}`.
    """
    if subject.kind not in ("scp", "rcp"):
        return
    where, variables = role_context(subject), subject.variables
    for gate in every_gate(subject):
        s = gate.statement
        hits = s.effect is Effect.DENY and hold(s.conditions, where, variables)
        if hits and _is_denied(subject, gate):
            yield Hit(
                gate.at,
                f"{gate.words} is met by sessions of roles, which carry no MFA: it stops "
                "every role, those of IAM Identity Center and of services too, from calling "
                f"{gate.what(gate.asked)}",
                fix=f"add `{only_users(subject)}`",
                on_key=True,
            )


def _is_denied(subject: Subject, gate: Gate) -> bool:
    """Whether a session of a role is denied what the statement is about, with all policies."""
    who = role_session(subject)
    for action, resource in gate.asked:
        request = Request(who, action, resource, subject.account, role_context(subject))
        try:
            if evaluate(request, subject.decider.beside).outcome == "explicitly_denied":
                return True
        except NotModelledError:
            continue
    return False


RULES: Final = (
    Rule(
        "GEN024",
        Severity.HIGH,
        mfa_in_role_permissions,
        "UG:id_credentials_mfa_configure-api-require",
        confidence="medium",
    ),
    Rule(
        "GEN025",
        Severity.CRITICAL,
        organization_deny_hits_roles,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
    ),
)
