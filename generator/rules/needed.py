"""What people call before they have MFA, and which Denies "without MFA" are in the way of it."""

from typing import Final, NamedTuple

from generator.findings import Severity
from generator.flows import REGISTER_KEY
from generator.policy import Statement
from generator.positions import Place
from generator.rules.mfa_denies import denying, is_matched, is_mfa_deny
from generator.rules.whom import Denied, denied
from generator.subject import Subject

CHANGE: Final = "iam:ChangePassword"
# Which passwords the account accepts.
ACCEPTED: Final = "iam:GetAccountPasswordPolicy"
CREATE: Final = "iam:CreateVirtualMFADevice"
ENABLE: Final = "iam:EnableMFADevice"
KEY: Final = REGISTER_KEY.lower()
# What the page that enrolment starts from shows, and how bad it is without. Source: IAM User
# Guide, "Assign a virtual MFA device in the console"; GetUser is for the page around it.
PAGE: Final = (
    ("iam:GetUser", Severity.LOW),
    ("iam:ListMFADevices", Severity.MEDIUM),
    ("iam:ListVirtualMFADevices", Severity.MEDIUM),
)
ON_THE_PAGE: Final = tuple(action for action, _ in PAGE)
# An authenticator app or a hardware token, and the two times a security key is asked about.
_FORMS: Final = (None, "Create", "Activate")


class Page(NamedTuple):
    """What a Deny keeps from the page that people enrol on, and how bad that is."""

    statement: Statement
    actions: tuple[str, ...]
    severity: Severity


def first_logins_denied(subject: Subject) -> dict[Place, Denied]:
    """The statements that deny a user without MFA the password that a first sign-in asks for."""
    return denied(subject, CHANGE)


def no_device_enrolled(subject: Subject) -> dict[Place, Denied]:
    """The statements that deny a user without MFA the enrolment of any kind of device.

    Each is in the way of some kind, of people who can enrol none.
    """
    forms = _forms_denied(subject)
    found: dict[Place, Denied] = {}
    for one in (one for form in forms for one in form.values()):
        if all(_is_in_the_way(one, form) for form in forms):
            found.setdefault(one.place, one)
    return found


def enrolment_denied_for_good(subject: Subject) -> dict[Place, Denied]:
    """The statements that deny everybody the enrolment of any kind of device, with MFA too."""
    forms = [
        {place: one for place, one in form.items() if not one.lifted and not one.names}
        for form in _forms_denied(subject)
    ]
    return {place: one for form in forms for place, one in form.items()} if all(forms) else {}


def _forms_denied(subject: Subject) -> list[dict[Place, Denied]]:
    return [denied(subject, ENABLE, **{KEY: form}) for form in _FORMS]


def _is_in_the_way(one: Denied, form: dict[Place, Denied]) -> bool:
    """Whether those whom a statement denies one form of enrolment are denied another too."""
    return any(not other.names or set(one.names) & set(other.names) for other in form.values())


def pages_denied(subject: Subject) -> dict[Place, Page]:
    """The Denies "without MFA" of what the page shows that people enrol a device on.

    None where enrolment itself is denied.
    """
    user = subject.decider.user
    for form in (None, "Create"):
        if not denying(subject, ENABLE, user.arn, "console", **{KEY: form}):
            break
    else:
        return {}
    found: dict[Place, Page] = {}
    for action, severity in PAGE:
        on = user.arn
        if action == ON_THE_PAGE[-1]:
            on = "*"
            if denying(subject, CREATE, subject.decider.device(user.name), "console"):
                continue
        for place, s in denying(subject, action, on, "console"):
            if is_mfa_deny(subject, s, action=action):
                was = found.get(place, Page(s, (), severity))
                found[place] = Page(s, (*was.actions, action), max(was.severity, severity))
    return found


def enrolling(actions: tuple[str, ...]) -> str:
    """What calls some actions of the page, in a message."""
    if actions == (ON_THE_PAGE[0],):
        return "the enrolment page"
    device = "an MFA device" if ON_THE_PAGE[1] in actions else "a virtual device"
    start = "the page for " if ON_THE_PAGE[0] in actions else ""
    return f"{start}enrolling {device}"


def are_one_item(s: Statement, *actions: str) -> bool:
    """Whether one item of `Action` covers all of some actions."""
    return not s.actions.negated and any(
        all(is_matched(item, action) for action in actions) for item in s.actions.items
    )
