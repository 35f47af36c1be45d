"""Rules about what gets through without MFA though a document is about MFA: gaps in the Deny."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Effect, Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    allowing,
    asks_for_mfa,
    called,
    covers,
    is_about_people,
    is_granted_by_name,
    is_met,
    mfa_denies,
    place_of_action,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from generator.verdicts import SOMETHING, WITHOUT_MFA, WORK

_ENABLE: Final = "iam:EnableMFADevice"


def deny_on_iam_only(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" of nearly everything, on users and devices only

    Why: the Deny names every action but a few, and its `Resource` the user's own ARN. No action of
    another service is called on a user, so none of them is denied: whoever has other permissions
    uses them without MFA. One of AWS's samples is written so.

    Fix: write `"Resource": "*"` in the Deny.
    """
    if not is_about_people(subject) or not subject.is_whole or _is_work_denied(subject):
        return
    for place, s in mfa_denies(subject):
        if _is_broad(s) and s.resources and not s.resources.negated:
            services = {item.split(":", 3)[2:3] == ["iam"] for item in s.resources.items}
            if services == {True}:
                yield Hit(
                    (*place, "Resource"),
                    f"{called(s)} denies without MFA on users and devices only, so nothing outside "
                    "IAM is denied",
                    on_key=True,
                )


def deny_of_a_list(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" lists the services it is about

    Why: the document has people enrol MFA, and its Deny names services. What is not in the list,
    every service that comes later too, works without MFA.

    Fix: write `NotAction` with what people need before MFA, in place of `Action`.
    """
    # Low on purpose: AWS publishes samples that deny single actions without MFA, and they are
    # right. Only a document that has people enrol as well may have meant everything.
    if not is_about_people(subject) or not subject.is_whole or _is_work_denied(subject):
        return
    if not is_granted_by_name(subject, _ENABLE):
        return
    for place, s in mfa_denies(subject):
        if s.actions.negated or _is_broad(s) or (s.resources and s.resources.items != ("*",)):
            continue
        if any(_is_of_others(item) for item in s.actions.items):
            yield Hit(
                (*place, "Action"),
                f"{called(s)} denies a list of actions without MFA, so every other action gets "
                f"through, `{WORK[0]}` or another",
                on_key=True,
            )


def nothing_denied(subject: Subject) -> Iterator[Hit]:
    """People manage their own credentials, and nothing asks them for MFA

    Why: whoever has an access key or a password can make further credentials of the user, or take
    the MFA device off, and keep what they made after the loss is noticed. The document grants that
    to every user for the own user, and no Deny asks for MFA.

    Fix: add a Deny of everything but sign-in and enrolment, with `BoolIfExists` on
    `aws:MultiFactorAuthPresent` `false`, if no other policy of the same people has it.
    """
    if subject.kind != "identity" or not is_about_people(subject) or not subject.is_whole:
        return
    if any(asks_for_mfa(s) for _, s in subject.statements(Effect.DENY)):
        return
    for action in _OWN_CREDENTIALS:
        if found := _self_service(subject, action):
            yield Hit(
                place_of_action(subject, *found, action),
                f"`{action}` on the own user is allowed without MFA, and nothing in this document "
                "is denied without MFA",
                on_key=True,
            )
            return
    found = _self_service(subject, _ENABLE)
    if found and _grants_work(subject):
        yield Hit(
            place_of_action(subject, *found, _ENABLE),
            "people can enrol MFA, and this document lets them work without it: nothing in it is "
            "denied without MFA",
            severity=Severity.LOW,
            confidence="low",
            on_key=True,
        )


# What outlives a session that was open for an hour. `iam:ChangePassword` asks for the old password.
_OWN_CREDENTIALS: Final = (
    "iam:CreateAccessKey",
    "iam:UpdateAccessKey",
    "iam:UploadSSHPublicKey",
    "iam:UploadSigningCertificate",
    "iam:CreateServiceSpecificCredential",
    "iam:ResetServiceSpecificCredential",
)


def _is_of_everything(s: Statement) -> bool:
    return not s.actions.negated and any(item in ("*", "*:*") for item in s.actions.items)


def _is_broad(s: Statement) -> bool:
    """Whether a statement's actions are those of every service but for some."""
    return s.actions.negated or _is_of_everything(s)


def _is_work_denied(subject: Subject) -> bool:
    """Whether any state without MFA is denied the actions of other services."""
    thing = SOMETHING.format(subject.decider.partition, subject.decider.account)
    return any(
        _is_broad(s) and covers(subject, s, thing, state)
        for _, s in mfa_denies(subject)
        for state in WITHOUT_MFA
    )


def _is_of_others(item: str) -> bool:
    """Whether an action pattern is of a service that people work with, not of identity."""
    return item.partition(":")[0].lower() not in ("iam", "sts", "signin")


def _grants_work(subject: Subject) -> bool:
    """Whether a session without MFA is allowed actions of other services."""
    return any(
        (s.actions.negated or any(_is_of_others(item) for item in s.actions.items))
        and any(is_met(subject, s, state) is not False for state in WITHOUT_MFA)
        for _, s in subject.statements(Effect.ALLOW)
    )


def _self_service(subject: Subject, action: str) -> tuple[Place, Statement] | None:
    """The Allow of an action on the own user and not on others', that is open without MFA."""
    decider = subject.decider
    for state in WITHOUT_MFA:
        if decider.is_allowed(action, decider.user.arn, state) is not True:
            continue
        if decider.is_allowed(action, decider.another_user, state) is False:
            return next(iter(allowing(subject, action, decider.user.arn, state)), None)
    return None


RULES: Final = (
    Rule("GEN037", Severity.HIGH, deny_on_iam_only, "UG:id_credentials_mfa_enable_physical"),
    Rule(
        "GEN038",
        Severity.LOW,
        deny_of_a_list,
        "UG:reference_policies_elements_notaction",
        confidence="low",
    ),
    Rule(
        "GEN039",
        Severity.MEDIUM,
        nothing_denied,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
        confidence="medium",
    ),
)
