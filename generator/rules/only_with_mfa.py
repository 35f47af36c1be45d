"""A rule about Allows that ask for MFA of those who have none yet."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.match import matches_action
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    allowing,
    asks_for_mfa,
    is_about_people,
    is_met,
    listed,
    mfa_denies,
    names_action,
    place_of_action,
)
from generator.rules.needed import CHANGE, CREATE, ENABLE
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def enrolment_only_with_mfa(subject: Subject) -> Iterator[Hit]:
    """What a user without MFA needs on the way in is allowed with MFA only

    Why: the password of the first sign-in is set, and the first device enrolled, by a user who has
    no MFA yet. An Allow with a condition on MFA does not give that user these actions, and
    `BoolIfExists` `true` does not either: in the console the key is there, and false.

    Fix: allow these actions on the own user in a statement without a condition on MFA.
    """
    if subject.kind != "identity" or not is_about_people(subject) or not subject.is_whole:
        return
    said: dict[Place, tuple[Statement, list[str]]] = {}
    user = subject.decider.user
    device = subject.decider.device(user.name)
    for action, on in ((CHANGE, user.arn), (CREATE, device), (ENABLE, user.arn)):
        for place, s in _only_with_mfa(subject, action, on):
            said.setdefault(place, (s, []))[1].append(action)
    for place, (s, actions) in said.items():
        yield Hit(
            place_of_action(subject, place, s, actions[0]),
            f"{_allow(s)} does not allow {listed(actions)} to a console session without MFA: "
            f"{_without(actions)}",
            f"move {listed(actions)} to a statement without a condition on MFA",
            on_key=True,
        )


def _allow(s: Statement) -> str:
    return f"`{s.sid}`" if s.sid else "an Allow without a Sid"


def _without(actions: list[str]) -> str:
    if actions == [CHANGE]:
        return "a user told to set a new password at the first sign-in cannot, by this document"
    return "a user who has no MFA device yet cannot enrol one, by this document"


def _only_with_mfa(subject: Subject, action: str, on: str) -> list[tuple[Place, Statement]]:
    """The Allows of an action that ask for MFA, where no other statement allows it without.

    Who may do it to everybody's user is an administrator, unless a Deny is there to exempt it.
    """
    decider = subject.decider
    if decider.is_allowed(action, on, "console") is not False:
        return []
    if decider.is_denied(action, on, "console") is not False:
        return []
    exempt = any(
        s.actions.negated and not matches_action(s.actions, action) for _, s in mfa_denies(subject)
    )
    of_users = ENABLE if action == CREATE else action
    if not exempt and (
        decider.is_allowed(of_users, decider.user.arn, "mfa") is not True
        or decider.is_allowed(of_users, decider.another_user, "mfa") is not False
    ):
        return []
    return [
        (place, s)
        for place, s in allowing(subject, action, on, "mfa")
        if asks_for_mfa(s)
        and is_met(subject, s, "console", action=action) is False
        and names_action(s, action)
    ]


RULES: Final = (
    Rule(
        "GEN047",
        Severity.HIGH,
        enrolment_only_with_mfa,
        "UG:id_credentials_mfa_enable_virtual",
        confidence="medium",
    ),
)
