"""Rules about the first sign-in: the password change that comes before everything else."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    called,
    denying,
    is_about_people,
    is_mfa_deny,
    let_through,
    listed,
    place_of_action,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject

_CHANGE: Final = "iam:ChangePassword"
# Which passwords the account accepts.
_ACCEPTED: Final = "iam:GetAccountPasswordPolicy"
_ENABLE: Final = "iam:EnableMFADevice"
_ATTACH_LATER: Final = "or attach this policy only after a user's first sign-in"


def first_login_lockout(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" stops the password change at the first sign-in

    Why: a user who must set a new password at the next sign-in has no MFA session yet. The sign-in
    service calls `iam:ChangePassword` as that user, the Deny applies, no Allow helps against it,
    and without a finished sign-in nobody can enrol an MFA device: the user is locked out until an
    administrator steps in. Users whose password has expired are in the same place.

    Fix: add `iam:ChangePassword` and `iam:GetAccountPasswordPolicy` to the `NotAction` of the Deny,
    or attach the policy only after the first sign-in.
    """
    if not is_about_people(subject):
        return
    for place, s in denying(subject, _CHANGE, subject.decider.user.arn, "console"):
        if is_mfa_deny(subject, s):
            yield Hit(
                place_of_action(subject, place, s, _CHANGE),
                f"{called(s)} denies `{_CHANGE}` without MFA: a user told to set a new password at "
                "the first sign-in cannot, and so never gets to enrol an MFA device",
                f"{let_through(s, _CHANGE, _ACCEPTED)}, {_ATTACH_LATER}",
                on_key=True,
            )


def password_change_denied_for_good(subject: Subject) -> Iterator[Hit]:
    """Nobody can change their own password, with MFA or without

    Why: a Deny of `iam:ChangePassword` that does not ask for MFA applies at the first sign-in as
    well. A user told to set a new password there cannot finish signing in, and no Allow helps.

    Fix: let `iam:ChangePassword` on the own user through, or create users without a password reset
    at the first sign-in.
    """
    if not is_about_people(subject):
        return
    for place, s in denying(subject, _CHANGE, subject.decider.user.arn, "console"):
        # Whoever denies everything means everything: a quarantine.
        if not is_mfa_deny(subject, s) and not _is_of_everything(s):
            yield Hit(
                place_of_action(subject, place, s, _CHANGE),
                f"{called(s)} denies `{_CHANGE}` to everybody, with MFA or without: a user told to "
                "set a new password at the first sign-in cannot finish it",
                on_key=True,
            )


def lockout_of_users_with_a_path(subject: Subject) -> Iterator[Hit]:
    """A Deny spares the own user, but not of users with a path

    Why: the ARN of a user with a path is `user/team/alice`, and `${aws:username}` is `alice` only,
    so `user/${aws:username}` is not that user's own. A Deny with such a `NotResource` denies users
    with a path what it lets everybody else do.

    Fix: add the same ARN with `user/*/${aws:username}` to the `NotResource`.
    """
    if not is_about_people(subject):
        return
    who = subject.decider.user_with_path
    said: dict[Place, list[str]] = {}
    for action in (_CHANGE, _ENABLE):
        spared = denying(subject, action, subject.decider.user.arn, "console")
        for place, _ in denying(subject, action, who.arn, "console", who=who):
            if place not in [at for at, _ in spared]:
                said.setdefault(place, []).append(action)
    for place, actions in said.items():
        yield Hit(
            subject.element(place, "Resource"),
            f"users with a path are denied {listed(actions)} on their own user, which other users "
            "may call: they are not spared by this list",
            on_key=True,
        )


def password_rules_denied(subject: Subject) -> Iterator[Hit]:
    """The page that changes the password cannot show the account's rules

    Why: `iam:ChangePassword` gets through without MFA, and `iam:GetAccountPasswordPolicy` does not.
    People who must choose a new password at the first sign-in do not see which ones are accepted.

    Fix: add `iam:GetAccountPasswordPolicy` to the `NotAction` of the Deny.
    """
    if not is_about_people(subject):
        return
    decider = subject.decider
    if decider.is_denied(_CHANGE, decider.user.arn, "console") is not False:
        return
    for place, s in denying(subject, _ACCEPTED, "*", "console"):
        if is_mfa_deny(subject, s):
            yield Hit(
                place_of_action(subject, place, s, _ACCEPTED),
                f"{called(s)} lets `{_CHANGE}` through without MFA but denies `{_ACCEPTED}`: the "
                "page cannot show which passwords the account accepts",
                let_through(s, _ACCEPTED),
                on_key=True,
            )


def _is_of_everything(s: Statement) -> bool:
    return not s.actions.negated and any(item in ("*", "*:*") for item in s.actions.items)


RULES: Final = (
    Rule(
        "GEN030",
        Severity.CRITICAL,
        first_login_lockout,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
    ),
    Rule(
        "GEN031",
        Severity.HIGH,
        password_change_denied_for_good,
        "UG:id_credentials_passwords_enable-user-change",
        confidence="medium",
    ),
    Rule("GEN032", Severity.HIGH, lockout_of_users_with_a_path, "UG:reference_identifiers"),
    Rule(
        "GEN033",
        Severity.MEDIUM,
        password_rules_denied,
        "UG:id_credentials_passwords_enable-user-change",
    ),
)
