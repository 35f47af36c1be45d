"""Rules about enrolment: what people need before they can have MFA."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from generator.findings import Severity
from generator.flows import REGISTER_KEY
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import (
    allowing,
    called,
    denying,
    is_about_people,
    is_granted_by_name,
    is_mfa_deny,
    let_through,
    listed,
    place_of_action,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from generator.verdicts import ENROLMENT

_CREATE: Final = "iam:CreateVirtualMFADevice"
_ENABLE: Final = "iam:EnableMFADevice"
_KEY: Final = REGISTER_KEY.lower()
# An authenticator app or a hardware token, and the two times a security key is asked about.
_FORMS: Final = (None, "Create", "Activate")
# What the page that enrolment starts from shows, and how bad it is without. Source: IAM User
# Guide, "Assign a virtual MFA device in the console"; GetUser is for the page around it.
_PAGE: Final = (
    ("iam:GetUser", Severity.LOW),
    ("iam:ListMFADevices", Severity.MEDIUM),
    ("iam:ListVirtualMFADevices", Severity.MEDIUM),
)


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
    forms = [_denying_enable(subject, form) for form in _FORMS]
    if all(forms):
        for place, s in _each_once(at for form in forms for at in form):
            if is_mfa_deny(subject, s):
                yield Hit(
                    place_of_action(subject, place, s, _ENABLE),
                    f"{called(s)} denies `{_ENABLE}` without MFA: no kind of MFA device can be "
                    "enrolled by a user who has none",
                    let_through(s, _CREATE, _ENABLE, *(action for action, _ in _PAGE)),
                    on_key=True,
                )
        return
    if forms[0] or not is_granted_by_name(subject, _CREATE):
        return
    for place, s in denying(subject, _CREATE, _named_device(subject), "console"):
        if is_mfa_deny(subject, s):
            yield Hit(
                place_of_action(subject, place, s, _CREATE),
                f"{called(s)} denies `{_CREATE}` without MFA, which this document grants: no "
                "authenticator app can be enrolled by a user without MFA",
                let_through(s, _CREATE),
                on_key=True,
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
    if is_granted_by_name(subject, _ENABLE):
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
_LISTS: Final = {_CREATE: ("iam:ListVirtualMFADevices",)}
_NOTHING_BUT: Final = {
    "virtual-totp": "an authenticator app",
    "security-key": "a security key",
    "hardware-totp": "a hardware token",
}


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
    free, named = decider.device(), _named_device(subject)
    # A prefix is a convention that people can follow with any number of devices.
    longer = decider.device(f"{decider.user.name}-1")
    if [_is_denied(subject, on) for on in (free, longer, named)] == [True, True, False]:
        for place, s in denying(subject, _CREATE, free, "console"):
            yield Hit(
                subject.element(place, "Resource"),
                f"{called(s)} denies `{_CREATE}` on every name but the user's own: {_REFUSED}",
                "exempt `mfa/*` in place of `mfa/${aws:username}`",
                confidence="medium",
                on_key=True,
            )
    elif [_is_created(subject, on) for on in (free, longer, named)] == [False, False, True]:
        for place, _ in allowing(subject, _CREATE, named, "console"):
            yield Hit(
                subject.element(place, "Resource"),
                f"`{_CREATE}` is allowed only under the user's own name: {_REFUSED}",
                on_key=True,
            )


_REFUSED: Final = "a device of any other name cannot be created, nor a second one"


def enrolment_page_denied(subject: Subject) -> Iterator[Hit]:
    """The page where people enrol a device cannot show what it has to

    Why: enrolment in the console starts from the page of the own security credentials, which reads
    the user and the devices. What a Deny "without MFA" catches of that fails before anybody can
    have MFA.

    Fix: add the calls that the page makes to the `NotAction` of the Deny.
    """
    if not is_about_people(subject) or _denying_enable(subject, None, "Create"):
        return
    on = {"iam:ListVirtualMFADevices": "*"}
    said: dict[Place, tuple[Statement, list[str], Severity]] = {}
    for action, severity in _PAGE:
        if action in on and denying(subject, _CREATE, _named_device(subject), "console"):
            continue
        for place, s in denying(subject, action, on.get(action, _own(subject)), "console"):
            if is_mfa_deny(subject, s):
                _, actions, worst = said.setdefault(place, (s, [], severity))
                said[place] = (s, [*actions, action], max(worst, severity))
    for place, (s, actions, severity) in said.items():
        yield Hit(
            place_of_action(subject, place, s, actions[0]),
            f"{called(s)} lets people enrol an MFA device but denies {listed(actions)} without "
            "MFA, which the enrolment page calls",
            let_through(s, *actions),
            severity=severity,
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
            register = {_KEY: needed.register} if needed.action == _ENABLE else {}
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
    found = [denying(subject, _ENABLE, _own(subject), "console", **{_KEY: f}) for f in forms]
    return [at for each in found for at in each] if all(found) else []


def _each_once(found: Iterable[tuple[Place, Statement]]) -> _Denies:
    return list(dict(found).items())


def _is_denied(subject: Subject, device: str) -> bool | None:
    return subject.decider.is_denied(_CREATE, device, "console")


def _is_created(subject: Subject, device: str) -> bool | None:
    """Whether a user without MFA can create a device of a name, by this document alone."""
    return subject.decider.is_allowed(_CREATE, device, "console")


RULES: Final = (
    Rule("GEN034", Severity.HIGH, enrolment_denied, "UG:id_credentials_mfa_enable_virtual"),
    Rule(
        "GEN035",
        Severity.MEDIUM,
        device_named_like_the_user,
        "UG:id_credentials_mfa_enable_virtual",
    ),
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
