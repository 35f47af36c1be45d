"""The causes that are about the device, the sign-in, or whoever called."""

from collections.abc import Iterator
from typing import Final

from generator.decider import DEVICE
from generator.diagnose import remedies
from generator.diagnose.cause import Cause, Standing, cause
from generator.diagnose.evidence import Evidence, Meaning, Symptom
from generator.diagnose.permission import Permission
from generator.diagnose.remedies import Remedy

_TYPES: Final = {
    "Root": "the account's root user",
    "AssumedRole": "a session of a role",
    "Role": "a role",
    "FederatedUser": "a federated user session",
    "SAMLUser": "a user of a SAML provider",
    "WebIdentityUser": "a user of a web identity provider",
    "IdentityCenterUser": "a user of IAM Identity Center",
    "Directory": "a directory's user",
    "AWSAccount": "another account",
    "AWSService": "an AWS service",
}
_ENROL: Final = ("iam:enablemfadevice", "iam:createvirtualmfadevice")
_DELETE: Final = "iam:deletevirtualmfadevice"
_SIGN_IN: Final = ("signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token")


def other_causes(p: Permission, caller_kind: str) -> Iterator[Cause]:
    """Every cause beside permission and the password; those with nothing to say are left out.

    `caller_kind` is what the ARN that was given is of, in CloudTrail's words, or "".
    """
    e = p.evidence
    yield from _not_a_user(e, caller_kind)
    yield from _hard_expiry(p)
    yield from _abandoned_device(e)
    yield from _enrolment_denied(p)
    yield from _codes(p)
    yield from _sign_in(p)
    for meaning, name, standing, words, settle in _TOLD:
        if said := _first(e, meaning):
            yield cause(name, standing, said.said, Remedy("text", words), settle)


# Causes that AWS itself names: what it says, the cause, what to do, what would settle it.
_TOLD: Final[tuple[tuple[Meaning, str, Standing, str, str], ...]] = (
    (
        *("no-password", "no-password", "likely"),
        *("give the user console access, if the person is to have it", ""),
    ),
    ("recreated", "just-recreated", "certain", "try again in several minutes", ""),
    (
        *("bad-token", "session-without-mfa", "likely"),
        "get the session with --serial-number and --token-code, or call with the access key "
        "itself; if the key itself is refused so, it is deleted or inactive",
        "",
    ),
    (
        *("switch-role", "switch-role", "likely"),
        *("ask the role: gen simulate with its trust policy and this user", ""),
    ),
    (
        *("either-or-old-password", "old-password", "possible"),
        "type the old password again, or have an administrator reset it",
        "a try with the right one",
    ),
)


def _not_a_user(e: Evidence, caller_kind: str) -> Iterator[Cause]:
    kinds = [event.kind for event in e.events]
    found = caller_kind or next((kind for kind in kinds if kind in _TYPES), "")
    said = _first(e, "not-a-user")
    words = Remedy("text", "sign in where this identity is managed; a role has no password")
    if found == "Root":
        words = Remedy("text", "change it on the root user's own page; IAM's rules are not for it")
    if found in _TYPES:
        source = "the ARN" if caller_kind else "CloudTrail's userIdentity"
        yield cause("not-an-iam-user", "certain", f"{source} is of {_TYPES[found]}", words)
    elif said:
        yield cause("not-an-iam-user", "certain", said.said, words)
    elif "IAMUser" in kinds:
        yield cause("not-an-iam-user", "ruled out", "CloudTrail's userIdentity is an IAM user")


def _hard_expiry(p: Permission) -> Iterator[Cause]:
    e, s = p.evidence, p.evidence.settings
    remedy = remedies.new_password(p.who)
    if s is not None and s.hard_expiry:
        if e.expired:
            words = "HardExpiry is true, and the password has expired"
            yield cause("hard-expiry", "certain", words, remedy)
        elif not e.first_sign_in:
            words = "HardExpiry is true: an expired password cannot be changed in the console"
            yield cause("hard-expiry", "possible", words, None, "--expired, if it has")
    elif e.settings_given:
        yield cause("hard-expiry", "ruled out", "HardExpiry is not true")
    elif e.expired:
        words = "the password has expired, and whether HardExpiry is true was not given"
        yield cause("hard-expiry", "possible", words, None, "--password-policy")


def _abandoned_device(e: Evidence) -> Iterator[Cause]:
    for s in e.symptoms:
        deleting = s.meaning == "denied" and s.action == _DELETE
        if deleting or s.meaning == "exists":
            words = (s.said, "the Deny is right to cover it, and stays")
            found = words if deleting else words[:1]
            yield cause("abandoned-device", "likely", found, remedies.delete_device(s.resource))
            return


def _enrolment_denied(p: Permission) -> Iterator[Cause]:
    e = p.evidence
    said = next((s for s in e.symptoms if s.meaning == "denied" and s.action in _ENROL), None)
    if said is None:
        return
    session = next((x.session for x in e.events if x.symptom is said), "")
    name = "iam:EnableMFADevice" if said.action == _ENROL[0] else "iam:CreateVirtualMFADevice"
    device = said.resource or f"arn:{p.who.partition}:iam::{p.who.account}:mfa/{DEVICE}"
    on = p.who.arn if said.action == _ENROL[0] else device
    denials = p.ask(name, on, p.who, p.state).denials
    words = (said.said, *(f"{d.words} {p.in_state}" for d in denials))
    text = f"allow {name} without MFA, and list it in the NotAction of the Deny"
    if e.has_device and session != "mfa" and said.action == _ENROL[0]:
        words += ("who has a device must have signed in with one to add another",)
        text = "sign in with MFA, or get a session with it, before adding a device"
    yield cause("enrolment-denied", "certain", words, Remedy("text", text))


def _codes(p: Permission) -> Iterator[Cause]:
    e = p.evidence
    failed = _first(e, "failed-sign-in")
    bad = _first(e, "bad-code")
    remedy = remedies.devices(p.who)
    if failed:
        words = Remedy("text", "sign in again; an administrator may set another password")
        yield cause("wrong-credentials", "certain", failed.said, words)
    if bad:
        yield cause("mfa-code", "certain", bad.said, remedy)
    elif failed and (e.has_device or any(x.mfa_used for x in e.events)):
        used = next((x.mfa_used for x in e.events if x.symptom is failed), None)
        words_ = {
            True: "the sign-in came as far as MFA",
            False: "the user has a device, and the sign-in did not use MFA",
            None: "the user has a device, so that the sign-in asks for MFA",
        }[used]
        yield cause("mfa-code", "possible", words_, remedy, "a sign-in with a new code")


def _sign_in(p: Permission) -> Iterator[Cause]:
    e = p.evidence
    denied = ("denied", "signin:consolelogin")
    refused = (s for s in e.symptoms if s.meaning in _AT_SIGN_IN or (s.meaning, s.action) == denied)
    said = next(refused, None)
    if said is None:
        return
    standing: Standing = "possible" if said.meaning == "sign-in-refused" else "certain"
    words = (said.said, *(_signin_deny(p)))
    settle = "" if standing == "certain" else "--event of the ConsoleLogin"
    yield cause("console-authorization", standing, words, remedies.sign_in_policy(), settle)
    if standing == "possible":
        remedy = Remedy("text", "sign in again, with the account's own address")
        yield cause("wrong-credentials", "possible", said.said, remedy, settle)


_AT_SIGN_IN: Final = ("sign-in-policy", "sign-in-refused")


def _signin_deny(p: Permission) -> tuple[str, ...]:
    """Identity policies count, too, after the authentication. SI:console-access-control."""
    console = f"arn:{p.who.partition}:signin:us-east-1:{p.who.account}:console"
    denying = [a for a in _SIGN_IN if p.ask(a, console, p.who, "console").denials]
    words = f"the person's policies deny {' and '.join(denying)} without MFA"
    return (words,) if denying else ()


def _first(e: Evidence, meaning: Meaning) -> Symptom | None:
    return next((s for s in e.symptoms if s.meaning == meaning), None)
