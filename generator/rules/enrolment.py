"""Rules about enrolment: what people need before they can have MFA."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from generator.findings import Severity
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    called,
    denying,
    is_about_people,
    is_granted_by_name,
    is_mfa_deny,
    let_through,
    listed,
    place_of_action,
)
from generator.rules.needed import (
    CHANGE,
    CREATE,
    ENABLE,
    KEY,
    ON_THE_PAGE,
    are_one_item,
    enrolling,
    enrolment_denied_for_good,
    first_logins_denied,
    no_device_enrolled,
    pages_denied,
)
from generator.rules.rule import Hit, Rule
from generator.rules.whom import Denied, action_called
from generator.subject import Subject
from generator.verdicts import ENROLMENT, SOMETHING, WORK, work_without_mfa


def enrolment_denied(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" stops people from enrolling their first MFA device

    Why: enrolling the first device is done without MFA. A Deny that catches
    `iam:EnableMFADevice`, or `iam:CreateVirtualMFADevice` where virtual devices are meant, leaves
    people without a way to the MFA that it asks for.

    Fix: add the calls of enrolment to the `NotAction` of the Deny.
    """
    # A document may refuse a kind of device on purpose: with a Deny that MFA does not lift, or by
    # exempting no more than its kind needs (AWS's sample for security keys leaves out
    # `iam:CreateVirtualMFADevice`). So a Deny "without MFA" is only wrong where it leaves no kind
    # at all, or where it catches the creation of virtual devices that the document itself grants
    # by name, and the rest of enrolment gets through.
    if not is_about_people(subject):
        return
    denied = no_device_enrolled(subject)
    for one in denied.values():
        if one.lifted and not _is_told_of(subject, one):
            yield _none_without_mfa(subject, one)
    for place, one in enrolment_denied_for_good(subject).items():
        if _is_all_work_denied(subject):
            yield Hit(
                place_of_action(subject, place, one.statement, ENABLE),
                f"{called(one.statement)} denies `{ENABLE}` with MFA or without, and work is "
                "denied without MFA: nobody can enrol an MFA device, and so nobody can work",
                f"{let_through(one.statement, ENABLE)}, unless somebody else enrols people's "
                "devices",
                on_key=True,
                severity=Severity.MEDIUM,
                confidence="medium",
            )
    if any(not one.names for one in denied.values()) or _denying_enable(subject, None):
        return
    if not is_granted_by_name(subject, CREATE):
        return
    for place, s in denying(subject, CREATE, _named_device(subject), "console"):
        if is_mfa_deny(subject, s, action=CREATE):
            yield Hit(
                place_of_action(subject, place, s, CREATE),
                f"{called(s)} denies `{CREATE}` without MFA, which this document grants: no "
                "authenticator app can be enrolled by a user without MFA",
                let_through(s, CREATE),
                on_key=True,
            )


def _none_without_mfa(subject: Subject, one: Denied) -> Hit:
    s = one.statement
    return Hit(
        place_of_action(subject, one.place, s, ENABLE),
        f"{called(s)} denies {action_called(subject, s, ENABLE)} without MFA{one.to_whom}: no kind "
        "of MFA device can be enrolled by a user who has none",
        let_through(s, CREATE, ENABLE, *ON_THE_PAGE),
        on_key=True,
        severity=one.severity(Severity.HIGH),
        confidence=one.confidence,
    )


def _is_told_of(subject: Subject, one: Denied) -> bool:
    """Whether what locks people out at the first sign-in, and what to write instead, is this."""
    return are_one_item(one.statement, CHANGE, ENABLE) and any(
        place == one.place and other.lifted for place, other in first_logins_denied(subject).items()
    )


def _is_all_work_denied(subject: Subject) -> bool:
    """Whether people cannot work without MFA, and could with it."""
    decider = subject.decider
    thing = SOMETHING.format(decider.partition, decider.account)
    return (
        work_without_mfa(decider, "console") == "denied"
        and decider.is_denied(WORK[0], thing, "mfa") is False
    )


def one_kind_denied(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" leaves out what one kind of MFA device needs

    Why: other kinds can be enrolled, so this may be meant. But a kind that a Deny "without MFA"
    catches is only refused as a first device: whoever has nothing of the other kinds, a phone only,
    never gets to MFA.

    Fix: exempt the calls of that kind from the Deny, or refuse the kind on purpose, by a Deny
    without a condition on MFA.
    """
    # A document that grants enrolment itself has chosen the kinds that it grants.
    if is_granted_by_name(subject, ENABLE):
        return
    if not is_about_people(subject) or list(enrolment_denied(subject)):
        return
    said: dict[Place, tuple[Statement, list[str], list[str]]] = {}
    for kind, calls in _calls_of_kinds(subject).items():
        for action, denies in calls:
            for place, s in denies:
                _, kinds, actions = said.setdefault(place, (s, [], []))
                kinds += [kind] if kind not in kinds else []
                actions += [action] if action not in actions else []
    for place, (s, kinds, actions) in said.items():
        have = " or ".join(_NOTHING_BUT[kind] for kind in kinds)
        yield Hit(
            place_of_action(subject, place, s, actions[0]),
            f"{called(s)} denies {listed(actions)} without MFA: people who have nothing but {have} "
            "cannot enrol it, while other kinds of device can be enrolled",
            f"{let_through(s, *actions, *_LISTS.get(actions[0], ()))}; or, if that kind is "
            "refused on purpose, deny it without a condition on MFA",
            on_key=True,
        )


# What the page lists before a device is created.
_LISTS: Final = {CREATE: ("iam:ListVirtualMFADevices",)}
_NOTHING_BUT: Final = {
    "virtual-totp": "an authenticator app",
    "security-key": "a security key",
    "hardware-totp": "a hardware token",
}


def enrolment_page_denied(subject: Subject) -> Iterator[Hit]:
    """The page where people enrol a device cannot show what it has to

    Why: enrolment in the console starts from the page of the own security credentials, which reads
    the user and the devices. What a Deny "without MFA" catches of that fails before anybody can
    have MFA.

    Fix: add the calls that the page makes to the `NotAction` of the Deny.
    """
    if not is_about_people(subject):
        return
    locked_out = {place for place, one in first_logins_denied(subject).items() if one.lifted}
    for place, page in pages_denied(subject).items():
        if place in locked_out:
            continue
        s, actions = page.statement, page.actions
        # Without GetUser there is an empty page; without a list there is no enrolment.
        lets = "lets people enrol an MFA device but " if actions == ON_THE_PAGE[:1] else ""
        yield Hit(
            place_of_action(subject, place, s, actions[0]),
            f"{called(s)} {lets}denies {listed(actions)} without MFA, which {enrolling(actions)} "
            "calls",
            let_through(s, *actions),
            severity=page.severity,
            on_key=True,
        )


_Denies: TypeAlias = list[tuple[Place, Statement]]


def _calls_of_kinds(subject: Subject) -> dict[str, list[tuple[str, _Denies]]]:
    """The kinds that are denied, each with the calls that are and by what; none where all are, or
    where any is refused for good: such a document chooses among the kinds."""
    on = {"user": _own(subject), "device": _named_device(subject)}
    denied: dict[str, list[tuple[str, _Denies]]] = {}
    for kind, calls in ENROLMENT.items():
        for needed in (n for n in calls if n.granted):
            register = {KEY: needed.register} if needed.action == ENABLE else {}
            action, thing = needed.action, on[needed.on]
            found = denying(subject, action, thing, "console", **register)
            if found and denying(subject, action, thing, "mfa", **register):
                return {}
            if found:
                denied.setdefault(kind, []).append((action, found))
    return denied if len(denied) < len(ENROLMENT) else {}


def _own(subject: Subject) -> str:
    return subject.decider.user.arn


def _named_device(subject: Subject) -> str:
    return subject.decider.device(subject.decider.user.name)


def _denying_enable(subject: Subject, *forms: str | None) -> _Denies:
    """What denies enrolment in each of some forms; nothing if one of them gets through."""
    found = [denying(subject, ENABLE, _own(subject), "console", **{KEY: f}) for f in forms]
    return [at for each in found for at in each] if all(found) else []


RULES: Final = (
    Rule("GEN034", Severity.HIGH, enrolment_denied, "UG:id_credentials_mfa_enable_virtual"),
    Rule(
        "GEN036",
        Severity.MEDIUM,
        enrolment_page_denied,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
    ),
    Rule(
        "GEN046",
        Severity.LOW,
        one_kind_denied,
        "UG:id_credentials_mfa_enable_fido",
        confidence="low",
    ),
)
