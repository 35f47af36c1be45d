"""Rules about what a Deny "without MFA" exempts: the items of its `NotAction`."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.flows import CALLS
from generator.never_exempt import NEVER_EXEMPT, NeverExempt
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    called,
    called_on,
    covers,
    is_about_people,
    is_matched,
    listed,
    mfa_denies,
    place_of_item,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from generator.verdicts import WITHOUT_MFA

_DELETE: Final = "iam:DeleteVirtualMFADevice"
_DEACTIVATE: Final = "iam:DeactivateMFADevice"
# Written on somebody else's user, these give away that user. `iam:ChangePassword` does not: it is
# for the caller's own password. Source: IAM API Reference, ChangePassword.
_ENABLE: Final = "iam:EnableMFADevice"
_ON_USERS: Final = (_ENABLE, "iam:ResyncMFADevice")
BEFORE_MFA: Final = frozenset(call.action.lower() for call in CALLS if call.before_mfa)
# What AWS lets everybody call whatever policies say. Source: IAM User Guide, "Permissions for
# GetSessionToken" and "Compare AWS STS credentials".
INERT: Final = frozenset({"sts:getsessiontoken", "sts:getcalleridentity"})


def never_exempt(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" exempts what must not work without MFA

    Why: an exempt action works with a stolen access key, for whatever else allows it. These remove
    MFA, make further credentials, change policies or open other sessions, so that the Deny is gone
    round or taken off.

    Fix: take the action out of `NotAction`; in place of a pattern, name what people need before
    MFA.
    """
    for place, s, at, item in exemptions(subject):
        found = opened(subject, s, item)
        if found:
            yield Hit(
                place_of_item(subject, place, "NotAction", at),
                _about_never_exempt(s, item, found),
                (
                    f"take `{item}` out of `NotAction`"
                    if is_name(item)
                    else f"in place of `{item}`, name what people need before MFA"
                ),
                severity=Severity.CRITICAL if _is_granted(subject, s, found) else None,
                on_key=True,
            )


def deletion_exempt(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" exempts the deletion of virtual MFA devices

    Why: AWS says never to exempt it. Any session without MFA may delete devices that are not
    assigned, those that colleagues are just enrolling among them, and where a device can be
    deactivated without MFA as well, it is gone. A device left over from an enrolment that was
    broken off is for an administrator to delete.

    Fix: take `iam:DeleteVirtualMFADevice` out of `NotAction`.
    """
    for place, s, at, item in exemptions(subject):
        if not is_matched(item, _DELETE) or opened(subject, s, item):
            continue
        if gets_through(subject, s, _DELETE):
            removable = gets_through(subject, s, _DEACTIVATE)
            yield Hit(
                place_of_item(subject, place, "NotAction", at),
                f"`{item}` is exempt from {called(s)}: an access key alone can delete virtual MFA "
                f"devices{', and deactivate them before' if removable else ' not yet assigned'}",
                severity=Severity.HIGH if removable else None,
                on_key=True,
            )


def exempt_on_others(subject: Subject) -> Iterator[Hit]:
    """Enrolment is exempt from the Deny on other people's users as well

    Why: `NotAction` exempts an action on every resource. Whoever also has AdministratorAccess, or
    another Allow of IAM, can without MFA bind a device of their own to somebody else's user.

    Fix: add a Deny of the same actions with `NotResource` the own user and the same condition.
    """
    for place, s in open_lists(subject):
        # Where a pattern opens more than enrolment, that comes first.
        items = [(at, i) for at, i in enumerate(s.actions.items) if not opened(subject, s, i)]
        found = [
            (at, action)
            for action in _ON_USERS
            for at, item in items
            if is_matched(item, action)
            and _gets_through_on(subject, s, action, subject.decider.another_user)
        ]
        if found:
            actions = list(dict.fromkeys(action for _, action in found))
            granted = _is_granted_on_others(subject, actions)
            yield Hit(
                place_of_item(subject, place, "NotAction", found[0][0]),
                f"{listed(actions)} {are(actions)} exempt from {called(s)} on everybody's user, "
                f"not only the own: {_WITH[granted]} a session without MFA can {_harm(actions)}",
                f"add a Deny of {listed(actions)} with `NotResource` "
                f"{listed(_own_user(subject))} and the same condition",
                on_key=True,
                severity=_severity_on_others(subject, actions, granted),
                confidence="high" if granted else None,
            )


_WITH: Final = {
    True: "this document allows it, so",
    False: "with AdministratorAccess attached as well,",
}


def _severity_on_others(subject: Subject, actions: list[str], granted: bool) -> Severity:
    """Worst where the document allows it; a Deny alone says nothing of what people have."""
    if _ENABLE not in actions:
        return Severity.MEDIUM if granted else Severity.LOW
    if granted:
        return Severity.HIGH
    user = subject.decider.user.arn
    enrols = any(subject.decider.is_allowed(_ENABLE, user, state) for state in WITHOUT_MFA)
    return Severity.MEDIUM if enrols and subject.kind == "identity" else Severity.LOW


def open_lists(subject: Subject) -> Iterator[tuple[Place, Statement]]:
    """The Denies "without MFA" that exempt actions, of a document that is known whole."""
    if is_about_people(subject) and subject.is_whole:
        for place, s in mfa_denies(subject):
            if s.actions.negated:
                yield place, s


def exemptions(subject: Subject) -> Iterator[tuple[Place, Statement, int, str]]:
    """Each item that a Deny "without MFA" exempts: the statement, and which of its list.

    One that exempts everything denies nothing, and is told so elsewhere.
    """
    for place, s in open_lists(subject):
        if {"*", "*:*"} & set(s.actions.items):
            continue
        for at, item in enumerate(s.actions.items):
            yield place, s, at, item


def opened(subject: Subject, s: Statement, item: str) -> list[NeverExempt]:
    """What an exemption lets through that must wait for MFA."""
    return [
        each
        for each in NEVER_EXEMPT
        if each.action != _DELETE
        and is_matched(item, each.action)
        and gets_through(subject, s, each.action)
    ]


def _about_never_exempt(s: Statement, item: str, found: list[NeverExempt]) -> str:
    first, more = found[0], len(found) - 1
    if is_name(item):
        return f"`{item}` is exempt from {called(s)}, so it works without MFA: {first.why}"
    others = f" and {more} more" if more else ""
    return (
        f"`{item}` exempts `{first.action}`{others} from {called(s)}, which must wait for MFA: "
        f"{first.why}"
    )


def _is_granted(subject: Subject, s: Statement, found: list[NeverExempt]) -> bool:
    """Whether the document itself allows, without MFA, what an exemption lets through."""
    return subject.kind == "identity" and any(
        subject.decider.is_allowed(each.action, on, state)
        for each in found
        for on in called_on(subject, each.action)
        for state in WITHOUT_MFA
        if covers(subject, s, on, state)
    )


def gets_through(subject: Subject, s: Statement, action: str) -> bool:
    """Whether an action that a Deny exempts, and would deny, is not denied by another either."""
    return any(_gets_through_on(subject, s, action, on) for on in called_on(subject, action))


def _gets_through_on(subject: Subject, s: Statement, action: str, on: str) -> bool:
    return any(
        covers(subject, s, on, state) and subject.decider.is_denied(action, on, state) is False
        for state in WITHOUT_MFA
    )


def is_name(item: str) -> bool:
    return "*" not in item and "?" not in item


def _own_user(subject: Subject) -> list[str]:
    start = f"arn:{subject.decider.partition}:iam::*:user/"
    return [f"{start}${{aws:username}}", f"{start}*/${{aws:username}}"]


def _is_granted_on_others(subject: Subject, actions: list[str]) -> bool:
    return subject.kind == "identity" and any(
        subject.decider.is_allowed(action, subject.decider.another_user, state)
        for action in actions
        for state in WITHOUT_MFA
    )


def _harm(actions: list[str]) -> str:
    if _ENABLE in actions:
        return "enrol a device for somebody else"
    return "resynchronize somebody else's device"


def are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


RULES: Final = (
    Rule(
        "GEN040",
        Severity.HIGH,
        never_exempt,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only",
    ),
    Rule(
        "GEN041",
        Severity.MEDIUM,
        deletion_exempt,
        "UG:troubleshoot#troubleshoot_general_access-denied-delete-mfa",
    ),
    Rule(
        "GEN042",
        Severity.MEDIUM,
        exempt_on_others,
        "UG:reference_policies_elements_notaction",
        confidence="medium",
    ),
)
