"""A rule about the names that a document lets people give their virtual MFA devices."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.match import matches_resource
from generator.policy import Patterns, Statement
from generator.rules.mfa_denies import allowing, called, denying, is_about_people
from generator.rules.needed import CREATE
from generator.rules.rule import Hit, Rule
from generator.rules.spared import instead, opened_by_resource
from generator.subject import Subject
from generator.supposed import context


def device_named_like_the_user(subject: Subject) -> Iterator[Hit]:
    """A virtual MFA device can only be created under the user's own name

    Why: since November 2022 the name of a virtual device is free text, and a user may have eight
    devices. With `mfa/${aws:username}` every name but the user's own is refused, the second device
    too. `iam:EnableMFADevice` on the own user is what binds a device to its owner.

    Fix: write `mfa/*` in place of `mfa/${aws:username}`.
    """
    if not is_about_people(subject):
        return
    decider = subject.decider
    free, named = decider.device(), decider.device(decider.user.name)
    # A prefix is a convention that people can follow with any number of devices.
    longer = decider.device(f"{decider.user.name}-1")
    if [_is_denied(subject, on) for on in (free, longer, named)] == [True, True, False]:
        for place, s in denying(subject, CREATE, free, "console"):
            item = _item_of(subject, s, named)
            yield Hit(
                subject.element(place, "Resource"),
                f"{called(s)} denies `{CREATE}` on every name but the user's own: {_REFUSED}",
                (
                    instead(s)
                    if opened_by_resource(subject, s)
                    else f"exempt `mfa/*` in place of `{item}`"
                ),
                confidence="medium",
                on_key=True,
            )
    elif [_is_created(subject, on) for on in (free, longer, named)] == [False, False, True]:
        for place, s in allowing(subject, CREATE, named, "console"):
            yield Hit(
                subject.element(place, "Resource"),
                f"`{CREATE}` is allowed only under the user's own name: {_REFUSED}",
                f"write `mfa/*` in place of `{_item_of(subject, s, named)}`",
                on_key=True,
            )


def _item_of(subject: Subject, s: Statement, device: str) -> str:
    """What a statement says of a device, as it stands there, without the start of the ARN."""
    known = context("console", subject.decider.user, subject.decider.account)
    found = (
        "mfa/" + item.partition(":mfa/")[2] if ":mfa/" in item else item
        for item in (s.resources.items if s.resources else ())
        if matches_resource(Patterns((item,)), device, known, subject.variables)
    )
    return next(found, "mfa/${aws:username}")


_REFUSED: Final = "a device of any other name cannot be created, nor a second one"


def _is_denied(subject: Subject, device: str) -> bool | None:
    return subject.decider.is_denied(CREATE, device, "console")


def _is_created(subject: Subject, device: str) -> bool | None:
    """Whether a user without MFA can create a device of a name, by this document alone."""
    return subject.decider.is_allowed(CREATE, device, "console")


RULES: Final = (
    Rule(
        "GEN035",
        Severity.MEDIUM,
        device_named_like_the_user,
        "UG:id_credentials_mfa_enable_virtual",
    ),
)
