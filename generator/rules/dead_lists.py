"""Rules about lists that do not fit together: exempt and not allowed, allowed and not exempt."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.flows import CALLS
from generator.policy import Effect, Statement
from generator.positions import Place
from generator.rules.exemptions import BEFORE_MFA, INERT, exemptions
from generator.rules.mfa_denies import (
    called,
    denying,
    is_about_people,
    is_granted_by_name,
    is_matched,
    is_mfa_deny,
    let_through,
    listed,
    place_of_item,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject

_ENABLE: Final = "iam:EnableMFADevice"
# What the account's password policy may grant, so that no document has to.
_BY_ACCOUNT: Final = frozenset({"iam:changepassword", "iam:getaccountpasswordpolicy"})


def dead_exemption(subject: Subject) -> Iterator[Hit]:
    """An action is exempt from the Deny, and nothing allows it

    Why: sign-in or enrolment calls the action, so it is right to exempt it. But an exemption lets
    an action through and does not allow it. The document allows other steps of enrolment, so this
    one looks granted and is not, unless another policy of the same people allows it.

    Fix: allow the action on the own user; those that are called on no user on `*`, and what creates
    a device on `mfa/*`.
    """
    if subject.kind != "identity" or not is_granted_by_name(subject, _ENABLE):
        return
    found: dict[Place, tuple[Statement, int, list[str]]] = {}
    for place, s, at, item in exemptions(subject):
        name = item.lower()
        if name not in BEFORE_MFA - INERT - _BY_ACCOUNT or name.startswith("signin:"):
            continue
        if not any(_is_about(a, item) for _, a in subject.statements(Effect.ALLOW)):
            found.setdefault(place, (s, at, []))[2].append(item)
    for place, (s, at, dead) in found.items():
        are, they, them, grants = _NUMBER[len(dead) > 1]
        yield Hit(
            place_of_item(subject, place, "NotAction", at),
            f"{listed(dead)} {are} exempt from {called(s)}, as {they} should be, but nothing in "
            f"this document allows {them}, so the {grants} nothing",
            _allowed(subject, dead),
            on_key=True,
        )


_NUMBER: Final = {
    False: ("is", "it", "it", "exemption alone grants"),
    True: ("are", "they", "them", "exemptions alone grant"),
}


def _allowed(subject: Subject, actions: list[str]) -> str:
    """What to write so that actions are allowed, each on what it is called on."""
    on: dict[str, list[str]] = {}
    for action in actions:
        targets = {call.target for call in CALLS if call.action.lower() == action.lower()}
        if "own-user" in targets:
            where = "the own user"
        elif "any-device" in targets:
            where = f"`arn:{subject.partition}:iam::*:mfa/*`"
        else:
            where = "`*`"
        on.setdefault(where, []).append(action)
    return "allow " + ", and ".join(f"{listed(names)} on {where}" for where, names in on.items())


def dead_allow(subject: Subject) -> Iterator[Hit]:
    """A step around enrolment is allowed, and the Deny refuses it until there is MFA

    Why: the Deny lets people enrol a device. `iam:ResyncMFADevice` brings one back in step whose
    codes were entered too late, and `iam:GetMFADevice` shows which certification a key has; the
    document allows them, and a user who is enrolling cannot call them.

    Fix: add the action to the `NotAction` of the Deny.
    """
    decider = subject.decider
    own = decider.user.arn
    if not is_about_people(subject) or decider.is_denied(_ENABLE, own, "console"):
        return
    for action in ("iam:GetMFADevice", "iam:ResyncMFADevice"):
        if not is_granted_by_name(subject, action):
            continue
        for place, s in denying(subject, action, own, "console"):
            if is_mfa_deny(subject, s) and s.actions.negated:
                yield Hit(
                    (*place, "NotAction"),
                    f"`{action}` is allowed, but {called(s)} denies it until there is MFA",
                    let_through(s, action),
                    on_key=True,
                )


def _is_about(s: Statement, action: str) -> bool:
    return any(is_matched(i, action) for i in s.actions.items) != s.actions.negated


RULES: Final = (
    Rule(
        "GEN044",
        Severity.LOW,
        dead_exemption,
        "UG:reference_policies_elements_notaction",
        confidence="medium",
    ),
    Rule(
        "GEN045",
        Severity.LOW,
        dead_allow,
        "UG:reference_policies_evaluation-logic_policy-eval-denyallow",
    ),
)
