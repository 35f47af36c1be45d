"""The steps before there is MFA: the first password, the first device, the first session.

Each part is made once for what it depends on; every profile is asked the same steps.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from generator.flows import CALLS, REGISTER_KEY, Call, Target, calls_of
from generator.people import Where, adding, asks, carrying, no_mfa, with_key
from generator.rows import Part, Step, changed, part_of
from generator.states import Certification, uncertified

FIRST: Final = "First sign-in, with a password that must be changed"
EXPIRED: Final = "An expired password"
PAGE: Final = "The security credentials page, where enrolment starts"
DEVICES: Final = "Enrolling a device, with any name"
CLI: Final = "The AWS CLI"
CONSOLE: Final = "The console, where the account has console authorization on"
EXEMPT: Final = "Exempt by the profile"

NO_MFA: Final = "console or access key, no MFA"
NO_MFA_CONSOLE: Final = "console, no MFA"
KEY: Final = "access key alone"
SESSION: Final = "session of GetSessionToken without MFA"

# How rows call what calls go to.
ON: Final[dict[Target, str]] = {
    "own-user": "own user",
    "any-device": "any device",
    "account": "the account",
    "sign-in-client": "the CLI",
    "console": "the console",
}
KINDS: Final = {
    "virtual-totp": "virtual device",
    "hardware-totp": "hardware device",
    "security-key": "security key",
}
_TOTP: Final = frozenset({"virtual-totp", "hardware-totp"})
FLAG_SOURCE: Final = "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent"
DOES: Final = {
    "iam:GetUser": "sees the own user",
    "iam:ListMFADevices": "sees the own devices",
    "iam:GetMFADevice": "sees what a device is",
    "signin:AuthorizeOAuth2Access": "opens the session",
    "signin:CreateOAuth2Token": "gets its token",
}


def of_flow(flow: str) -> tuple[Call, ...]:
    """The calls of one flow, in the order of the catalogue."""
    return tuple(call for call in CALLS if call.flow == flow)


def before_mfa(
    where: Where,
    call: Call,
    part: str,
    does: str,
    *,
    is_open: bool,
    is_exempt: bool = False,
    certification: Certification = (),
) -> Step:
    """A call without MFA: open if the profile has its flow, else refused.

    `is_exempt`: the Deny leaves its action alone, whatever the flow.
    """
    must, why = where.refused, "not part of this profile"
    if is_open:
        must, why = "allowed", "needed before there is MFA"
    elif where.denies and is_exempt:
        must, why = "allowed", "exempt because of another part of the profile"
    return Step(
        part,
        NO_MFA_CONSOLE if call.console_only else NO_MFA,
        does,
        (call.action,),
        ON[call.target],
        must,
        why,
        call.source,
        asks(where.account, call.target, carrying(call, no_mfa(call.console_only), certification)),
        administrator=not call.granted if is_open else where.denies,
    )


@lru_cache(maxsize=64)
def first_steps(where: Where, grant: bool) -> Part:
    """Changing a password that must be changed, and the page where every enrolment starts.

    `grant`: the account lets users change their passwords.
    """
    return part_of([*_passwords(where, grant), *_page(where)])


def _passwords(where: Where, grant: bool) -> Iterator[Step]:
    change, rules = of_flow("password")
    console = no_mfa(console_only=True)
    for part, call, does in (
        (FIRST, rules, "sees what a password needs"),
        (FIRST, change, "sets a new password"),
        (EXPIRED, change, "sets a new password, where HardExpiry is off"),
    ):
        step = before_mfa(where, call, part, does, is_open=True)
        asked = asks(where.account, call.target, console)
        yield changed(step, who=NO_MFA_CONSOLE, asks=asked, account_grant=grant)
    does = "sets a new password, where HardExpiry leaves no other way but an administrator"
    step = before_mfa(where, change, EXPIRED, does, is_open=True)
    asked = asks(where.account, "own-user", with_key())
    yield changed(step, who=KEY, asks=asked, account_grant=grant)
    does = "the same, AllowUsersToChangePassword"
    step = before_mfa(where, change, EXPIRED, f"{does} on", is_open=True)
    yield changed(step, account_grant=True)
    step = before_mfa(where, change, EXPIRED, f"{does} off, or no password policy", is_open=True)
    if grant:
        why = "this policy relies on the account setting"
        step = changed(step, must="implicitly_denied", why=why)
    yield step


def _page(where: Where) -> Iterator[Step]:
    for call in of_flow("security-credentials-page"):
        yield before_mfa(where, call, PAGE, DOES[call.action], is_open=True)


@lru_cache(maxsize=512)
def devices(where: Where, kinds: frozenset[str], certification: Certification) -> Part:
    """Enrolling each kind of device there is; `kinds` are those of the profile."""
    return part_of(_devices(where, kinds, certification))


def _devices(where: Where, kinds: frozenset[str], certification: Certification) -> Iterator[Step]:
    granted = {(c.action, c.context) for c in calls_of(kinds)}
    for kind, name in KINDS.items():
        if kind == "security-key" and not where.has_security_keys:
            continue
        for call in of_flow(kind):
            does = _enrolling(call, name, certified=bool(certification))
            is_open = (call.action, call.context) in granted
            yield before_mfa(
                where, call, DEVICES, does, is_open=is_open, certification=certification
            )
    if certification:
        yield _without_certification(where, certification)
    yield _second(where, is_totp=bool(kinds & _TOTP))


def _enrolling(call: Call, name: str, *, certified: bool) -> str:
    phase = dict(call.context).get(REGISTER_KEY)
    if phase == "Create":
        return f"registers a {name}"
    if phase == "Activate":
        return f"activates a {name}" + (", certified as required" if certified else "")
    return {
        "iam:ListVirtualMFADevices": "sees which names are taken",
        "iam:CreateVirtualMFADevice": f"creates a {name}",
        "iam:EnableMFADevice": f"enables a {name}",
        "iam:ResyncMFADevice": f"resynchronizes a {name}",
    }[call.action]


def _without_certification(where: Where, certification: Certification) -> Step:
    activate = of_flow("security-key")[-1]
    states = no_mfa(console_only=True)
    key = (REGISTER_KEY.lower(), "Activate")
    step = before_mfa(
        where, activate, DEVICES, "activates a security key without it", is_open=False
    )
    carried = tuple((key, *c.items()) for c in uncertified(certification))
    asked = asks(where.account, "own-user", adding(states, carried))
    return changed(step, why="the profile asks for certification", asks=asked)


def _second(where: Where, *, is_totp: bool) -> Step:
    enable = next(c for c in of_flow("virtual-totp") if c.action == "iam:EnableMFADevice")
    does = "adds a second device without proving the first"
    step = before_mfa(where, enable, DEVICES, does, is_open=False)
    if not is_totp:
        return step
    why = "AWS asks for MFA to change the devices of who has one"
    return changed(
        step, must="implicitly_denied", why=why, source="UG:id_credentials_mfa", device=True
    )


@lru_cache(maxsize=256)
def exemptions(where: Where, actions: tuple[tuple[str, bool], ...]) -> Part:
    """Actions that a profile exempts besides, each with whether on the own user only."""
    states = no_mfa()
    return part_of(
        tuple(
            Step(
                EXEMPT,
                NO_MFA,
                "is left alone by the Deny",
                (action,),
                "own user" if on_own_user else "`*`",
                "allowed",
                "declared under deny.exempt_before_mfa",
                "the profile",
                asks(where.account, "own-user" if on_own_user else "account", states),
                administrator=True,
            )
            for action, on_own_user in actions
        )
    )
