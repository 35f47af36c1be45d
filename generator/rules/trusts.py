"""Rules about trust policies: who can assume a role, and whether they need MFA."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from generator.context import Known
from generator.decider import Decider
from generator.findings import Confidence, Severity
from generator.match import hold, matches_action
from generator.policy import Effect, Policy, Principals, Statement
from generator.positions import Place
from generator.request import Document
from generator.rules.conditions import (
    age_in_deny,
    bool_in_deny,
    deny_hits_mfa,
    deny_never_applies,
    null_in_deny,
)
from generator.rules.mfa_denies import MFA_KEYS, asks_for_mfa
from generator.rules.principals import allows, is_negated, keeps_out, principals
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from generator.supposed import IN_WORDS, State
from generator.verdicts import ASSUME, WITHOUT_MFA, can_assume, may_trust, trusted_users

_NO_MFA: Final = Known({})
_WHOLE: Final = re.compile(r"arn:[^:]*:iam::([0-9]{12}):root|([0-9]{12})")
_MACHINE: Final = re.compile(r"arn:[^:]*:(?:iam::[^:]*:role/|sts::[^:]*:assumed-role/).*")
# Beginnings of the keys that say who calls.
# Source: IAM User Guide, "AWS global condition context keys".
_WHO_KEYS: Final = (
    "aws:principal",
    "aws:userid",
    "aws:username",
    "aws:sourceidentity",
    "sts:sourceidentity",
    "sts:rolesessionname",
)


def trust_without_mfa(subject: Subject) -> Iterator[Hit]:
    """A role that users can assume without MFA

    Why: whoever has a user's access key, or the password of a user without a device, can do
    everything that the role may. The MFA flag of a role's session tells nothing, so the trust
    policy is the place to ask for MFA.

    Fix: add `"Bool": {"aws:MultiFactorAuthPresent": "true"}` to the statement (never BoolIfExists,
    which an access key passes), or trust only the roles and services that need it.
    """
    if subject.kind != "trust":
        return
    decider = _as_if_mended(subject)
    for place, s, ids in allows(subject):
        if asks_for_mfa(s) or not matches_action(s.actions, ASSUME):
            continue
        if is_negated(s) or ("*" in ids and not keeps_out(subject, s)):
            continue
        found = {i: states for i in ids if (states := _lets_in(subject, decider, s, i))}
        if found:
            yield _without_mfa(subject, place, s, found)


def _without_mfa(
    subject: Subject, place: Place, s: Statement, found: dict[str, tuple[State, ...]]
) -> Hit:
    states = tuple(state for state in WITHOUT_MFA if any(state in each for each in found.values()))
    who = [_called(i) for i in found]
    more = f" and {len(who) - 3} more" if len(who) > 3 else ""
    shown = ", ".join(who[:3]) + more if more else " and ".join(who)
    message = f"{shown} can assume the role with {' and with '.join(IN_WORDS[s] for s in states)}"
    severity, fix = Severity.HIGH, ""
    confidence = _confidence(s, found) if subject.is_whole else "medium"
    own = subject.found.account
    if any(c.key.lower() == "sts:externalid" for c in s.conditions):
        severity, confidence = Severity.LOW, "low"
        message += "; the external id looks like a vendor's, whose machines cannot have MFA"
        fix = "leave it if only machines of a vendor assume the role; for people, demand MFA"
    elif own and all(own not in i for i in found if i != "*") and "*" not in found:
        severity, confidence = Severity.MEDIUM, "medium"
    return Hit(
        (*place, "Principal"), message, fix, on_key=True, severity=severity, confidence=confidence
    )


def _called(i: str) -> str:
    if i == "*":
        return "any user"
    whole = _WHOLE.fullmatch(i)
    return f"users of the account {whole[1] or whole[2]}" if whole else f"`{i}`"


def _confidence(s: Statement, found: dict[str, tuple[State, ...]]) -> Confidence:
    """Trust in a whole account may be meant for its roles only."""
    is_sure = not s.conditions and not any(i == "*" or _WHOLE.fullmatch(i) for i in found)
    return "high" if is_sure else "medium"


def _as_if_mended(subject: Subject) -> Decider:
    """Asks the policy, with each Deny put right that fails to stop people without MFA: why it does
    is said there, and whom it would not stop either is said here."""
    decider, policy = subject.decider, subject.policy
    if not any(asks_for_mfa(s) for _, s in subject.statements(Effect.DENY)):
        return decider
    said = {hit.place[:-2] for rule in _OF_DENIES for hit in rule(subject)}
    statements = tuple(
        (
            replace(s, conditions=tuple(c for c in s.conditions if c.key.lower() not in MFA_KEYS))
            if place in said or (s.effect is Effect.DENY and not subject.is_known(place))
            else s
        )
        for place, s in subject.statements()
    )
    trust = Document("document", replace(policy, statements=statements))
    alone, beside = replace(decider.alone, trust=trust), replace(decider.beside, trust=trust)
    user = decider.user.name
    return Decider(alone, beside, partition=decider.partition, account=decider.account, user=user)


_OF_DENIES: Final = (bool_in_deny, null_in_deny, age_in_deny, deny_hits_mfa, deny_never_applies)


def _lets_in(subject: Subject, decider: Decider, s: Statement, i: str) -> tuple[State, ...]:
    """The states without MFA in which a user whom a principal means gets in by a statement."""
    alone = replace(s, principals=Principals((("AWS", (i,)),)))
    assert decider.alone.trust is not None
    policy = decider.alone.trust.policy
    # A Deny that names users may be about those, or about everybody else.
    denies = tuple(each for each in policy.statements if each.effect is Effect.DENY)
    users = tuple(trusted_users(Policy((alone, *denies)), decider))
    return tuple(
        state
        for state in WITHOUT_MFA
        if any(
            may_trust(alone, decider, who, state, subject.variables)
            and can_assume(policy, decider, subject.role, who, state)
            for who in users
        )
    )


def whole_account(subject: Subject) -> Iterator[Hit]:
    """Every user of another account with MFA is trusted

    Why: the principal is another account than the role's, and no condition says who of it. Whoever
    is given sts:AssumeRole there, today or by mistake tomorrow, can assume the role. The own
    account with MFA is AWS's own default, and right.

    Fix: name the users, or add a condition on `aws:PrincipalArn` or `aws:PrincipalTag`, if the
    role is not for everybody.
    """
    own = subject.found.account
    whole_ones = {
        m[1] or m[2] for _, _, ids in allows(subject) for m in map(_WHOLE.fullmatch, ids) if m
    }
    if len(whole_ones) < 2 and not own:
        return
    for place, s, ids in allows(subject):
        named_here = any(c.key.lower().startswith(_WHO_KEYS) for c in s.conditions)
        if not _demands_mfa(s) or named_here or not matches_action(s.actions, ASSUME):
            continue
        for at, i in principals(subject, place, "AWS"):
            whole = _WHOLE.fullmatch(i) if i in ids else None
            account = (whole[1] or whole[2]) if whole else own
            if account != own:
                yield Hit(at, f"trusts every user of the account {account} who has MFA")


def mfa_of_machines(subject: Subject) -> Iterator[Hit]:
    """MFA is asked of a principal that never has it

    Why: AWS services and users of identity providers have no IAM MFA, and a session of a role does
    not carry the MFA of whoever assumed it. With the condition they can never assume the role.

    Fix: trust them in a statement of their own, without the condition on MFA.
    """
    for place, s, _ in allows(subject):
        if not _demands_mfa(s):
            continue
        for kind in ("Service", "Federated", "AWS"):
            for at, i in principals(subject, place, kind):
                if kind != "AWS" or _MACHINE.fullmatch(i):
                    confidence: Confidence = "medium" if kind == "AWS" else "high"
                    yield Hit(
                        at, f"`{i}` never has MFA and cannot assume the role", confidence=confidence
                    )


def _demands_mfa(s: Statement) -> bool:
    """Whether a statement is not met by a request that tells nothing of MFA."""
    on_mfa = [c for c in s.conditions if c.key.lower() in MFA_KEYS]
    return bool(on_mfa) and hold(on_mfa, _NO_MFA) is False


RULES: Final = (
    Rule("GEN070", Severity.HIGH, trust_without_mfa, "UG:id_credentials_mfa_configure-api-require"),
    Rule(
        "GEN072",
        Severity.LOW,
        whole_account,
        "UG:reference_policies_elements_principal",
        confidence="low",
    ),
    Rule(
        "GEN075",
        Severity.MEDIUM,
        mfa_of_machines,
        "UG:id_credentials_mfa_configure-api-require; UG:reference_policies_condition-keys",
    ),
)
