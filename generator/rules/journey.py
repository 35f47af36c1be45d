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
from generator.rules.needed import (
    ACCEPTED,
    CHANGE,
    CREATE,
    ENABLE,
    ON_THE_PAGE,
    are_one_item,
    enrolling,
    first_logins_denied,
    no_device_enrolled,
    pages_denied,
)
from generator.rules.rule import Hit, Rule
from generator.rules.spared import instead, opened_by_resource
from generator.rules.whom import Denied, action_called, is_of_regions
from generator.states import USER
from generator.subject import Subject
from generator.supposed import IAM_REGION

_ATTACH_LATER: Final = "or attach this policy only after a user's first sign-in"


def first_login_lockout(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" stops the password change at the first sign-in

    Why: a user who must set a new password at the next sign-in has no MFA session yet. The sign-in
    service calls `iam:ChangePassword` as that user, the Deny applies, no Allow helps against it,
    and without a finished sign-in nobody can enrol an MFA device: the user is locked out until an
    administrator steps in. Users whose password has expired are in the same place.

    Fix: add `iam:ChangePassword` and `iam:GetAccountPasswordPolicy` to the `NotAction` of the Deny,
    and what enrolment needs if that is denied too, or attach the policy only after the first
    sign-in.
    """
    if not is_about_people(subject):
        return
    for place, one in first_logins_denied(subject).items():
        if one.lifted:
            s = one.statement
            more, so = _enrolment_as_well(subject, one)
            yield Hit(
                place_of_action(subject, place, s, CHANGE),
                f"{called(s)} denies {action_called(subject, s, CHANGE)} without MFA{one.to_whom}: "
                f"a user told to set a new password at the first sign-in cannot, {so}",
                f"{let_through(s, CHANGE, ACCEPTED, *more)}, {_ATTACH_LATER}",
                on_key=True,
                severity=one.severity(Severity.CRITICAL),
                confidence=one.confidence,
            )


def _enrolment_as_well(subject: Subject, one: Denied) -> tuple[tuple[str, ...], str]:
    """What else a Deny that locks people out must let through for enrolment, and in words."""
    s = one.statement
    if one.place in no_device_enrolled(subject):
        said = "and so never gets to enrol an MFA device"
        if are_one_item(s, CHANGE, ENABLE):
            said = "nor enrol an MFA device afterwards"
        return (CREATE, ENABLE, *ON_THE_PAGE), said
    said = "and so never gets to enrol an MFA device"
    page = pages_denied(subject).get(one.place)
    if page is None:
        return (), said
    are = "are" if len(page.actions) > 1 else "is"
    calls = f"which {enrolling(page.actions)} calls"
    return page.actions, f"{said}; {listed(page.actions)}, {calls}, {are} denied as well"


def password_change_denied_for_good(subject: Subject) -> Iterator[Hit]:
    """Nobody can change their own password, with MFA or without

    Why: a Deny of `iam:ChangePassword` that does not ask for MFA applies at the first sign-in as
    well. A user told to set a new password there cannot finish signing in, and no Allow helps. A
    Deny outside some Regions is one of those: IAM is called in one Region, `us-east-1`, or
    `cn-north-1` in China and `us-gov-west-1` in GovCloud.

    Fix: let `iam:ChangePassword` on the own user through, or create users without a password reset
    at the first sign-in.
    """
    if not is_about_people(subject):
        return
    for place, one in first_logins_denied(subject).items():
        s = one.statement
        # Whoever denies everything means everything: a quarantine. Regions are not meant so.
        if one.lifted or (_is_of_everything(s) and not is_of_regions(s)):
            continue
        yield Hit(
            place_of_action(subject, place, s, CHANGE),
            f"{called(s)} denies {action_called(subject, s, CHANGE)}"
            f"{one.to_whom or ' to everybody'}, with MFA or without: a user told to set a new "
            "password at the first sign-in cannot finish it",
            _out_of_regions(subject) if is_of_regions(s, outside=True) else "",
            on_key=True,
        )


def _out_of_regions(subject: Subject) -> str:
    region = IAM_REGION.get(subject.partition, "the Region of IAM")
    return (
        f"add `{region}` to the Regions of its condition, or leave out in `NotAction` what is "
        "called there, `iam:*` among it"
    )


def lockout_of_users_with_a_path(subject: Subject) -> Iterator[Hit]:
    """A Deny spares the own user, but not of users with a path

    Why: the ARN of a user with a path is `user/team/alice`, and `${aws:username}` is `alice` only,
    so `user/${aws:username}` is not that user's own. A Deny with such a `NotResource` denies users
    with a path what it lets everybody else do.

    Fix: add the same ARN with `user/*/${aws:username}` to the `NotResource`.
    """
    # A document that keeps to one path, or is about one named user, means no others.
    if not is_about_people(subject) or subject.decider.user.arn != _user_without_path(subject):
        return
    who = subject.decider.user_with_path
    said: dict[Place, tuple[Statement, list[str]]] = {}
    for action in (CHANGE, ENABLE):
        spared = denying(subject, action, subject.decider.user.arn, "console")
        for place, s in denying(subject, action, who.arn, "console", who=who):
            if place not in [at for at, _ in spared] and _has_own_user(s):
                said.setdefault(place, (s, []))[1].append(action)
    for place, (s, actions) in said.items():
        yield Hit(
            subject.element(place, "Resource"),
            f"users with a path are denied {listed(actions)} on their own user, which other users "
            "may call: they are not spared by this list",
            # What spares more than enrolment is not to spare it of more users.
            instead(s) if opened_by_resource(subject, s) else "",
            on_key=True,
        )


def _user_without_path(subject: Subject) -> str:
    return subject.decider.user_called(USER).arn


def _has_own_user(s: Statement) -> bool:
    """Whether a statement tells the own user from others."""
    items = s.resources.items if s.resources else ()
    return any(":user/" in item and "${aws:username}" in item.lower() for item in items)


def password_rules_denied(subject: Subject) -> Iterator[Hit]:
    """The page that changes the password cannot show the account's rules

    Why: `iam:ChangePassword` gets through without MFA, and `iam:GetAccountPasswordPolicy` does not.
    People who must choose a new password at the first sign-in do not see which ones are accepted.

    Fix: add `iam:GetAccountPasswordPolicy` to the `NotAction` of the Deny.
    """
    if not is_about_people(subject):
        return
    decider = subject.decider
    if decider.is_denied(CHANGE, decider.user.arn, "console") is not False:
        return
    for place, s in denying(subject, ACCEPTED, "*", "console"):
        if is_mfa_deny(subject, s, action=ACCEPTED):
            yield Hit(
                place_of_action(subject, place, s, ACCEPTED),
                f"{called(s)} lets `{CHANGE}` through without MFA but denies `{ACCEPTED}`: the "
                "page cannot show which passwords the account accepts",
                let_through(s, ACCEPTED),
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
