"""Rules about the users of an account, with everything they have."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from generator.findings import Severity
from generator.rules.rule import Hit, Rule


class Member(Struct, frozen=True, kw_only=True):
    """A user as account rules look at it: verdicts of everything the user has, and credentials.

    None is what the input does not say. `lockout` and `bypass` say how, "" if not. `lists_only`:
    what gets through without MFA lists things, or reads what IAM says. `root`: the account's root
    user, of whom only the credentials are known. `password_policy_known`: that the account itself
    may let its users change their passwords is in `first_login`.

    Messages are about whom a finding names, one person or many.
    """

    name: str
    first_login: str = ""
    enrolment: str = ""
    access_key_without_mfa: str = ""
    console_without_mfa: str = ""
    lockout: str = ""
    bypass: str = ""
    lists_only: bool = False
    has_password: bool | None = None
    has_device: bool | None = None
    has_key: bool | None = None
    password_used: bool | None = None
    root: bool = False
    password_policy_known: bool = False

    @property
    def may_sign_in_anew(self) -> bool:
        """Whether the user may be asked for a new password before there is an MFA device."""
        return not self.root and self.has_password is not False and not self.has_device


def locked_out(m: Member) -> Iterator[Hit]:
    """A user who is locked out at the first sign-in

    Why: the first sign-in with a password that must be changed calls `iam:ChangePassword` before
    the user can have an MFA device. Something the user has denies it, so the sign-in cannot end,
    and without a sign-in no device can be enrolled. The same happens when the password expires.

    Fix: exempt `iam:ChangePassword` and `iam:GetAccountPasswordPolicy` from the Deny, or attach it
    only after the first sign-in.
    """
    if m.first_login != "locked_out" or not m.may_sign_in_anew:
        return
    if m.password_used:
        yield Hit(
            (),
            "signed in before, and without an MFA device: the next change of the password that the "
            f"sign-in asks for is denied; {m.lockout}",
            severity=Severity.HIGH,
            confidence="medium",
        )
    elif m.has_password:
        yield Hit((), f"cannot get past the first sign-in: {m.lockout}")
    else:
        yield Hit(
            (),
            f"cannot get past a first sign-in that asks for a new password: {m.lockout}",
            confidence="medium",
        )


def never_allowed(m: Member) -> Iterator[Hit]:
    """A user whom nothing allows to set a new password

    Why: the first sign-in with a password that must be changed calls `iam:ChangePassword` as the
    user. Nothing the user has allows it, and the account's password policy does not allow its users
    to change their passwords, so the sign-in cannot end. The same happens when the password
    expires.

    Fix: allow `iam:ChangePassword` on the user's own ARN, with a path and without, and
    `iam:GetAccountPasswordPolicy` on `*`, in a policy and in the permissions boundary if there is
    one, or set `AllowUsersToChangePassword` in the account's password policy.
    """
    if m.first_login != "not_granted" or not m.password_policy_known or not m.may_sign_in_anew:
        return
    if m.password_used:
        yield Hit(
            (),
            "signed in before, and without an MFA device: the next change of the password that the "
            f"sign-in asks for is not allowed; {m.lockout}",
            severity=Severity.LOW,
            confidence="medium",
        )
    elif m.has_password:
        yield Hit((), f"cannot get past a first sign-in that asks for a new password: {m.lockout}")
    else:
        yield Hit(
            (),
            f"cannot get past a first sign-in that asks for a new password: {m.lockout}",
            severity=Severity.LOW,
            confidence="low",
        )


def password_alone(m: Member) -> Iterator[Hit]:
    """A user who signs in with a password alone, and works

    Why: the user has a password and no MFA device, and nothing holds back a console session without
    MFA, so whoever has the password has everything the user has.

    Fix: attach a Deny for sessions without MFA through one of the user's groups, and have the user
    enrol a device.
    """
    if m.root or not m.has_password or m.has_device is not False:
        return
    if m.console_without_mfa in ("open", "depends") and not m.lists_only:
        yield Hit(
            (),
            "a password, no MFA device and no Deny that holds without MFA"
            + (f": {m.bypass}" if m.bypass else ""),
            confidence=None if m.console_without_mfa == "open" else "medium",
        )


def key_alone(m: Member) -> Iterator[Hit]:
    """A user whose access key works without MFA

    Why: an access key is a file that gets copied; requests signed with it carry no MFA, and nothing
    the user has denies them.

    Fix: attach a Deny with `BoolIfExists` on `aws:MultiFactorAuthPresent` through one of the user's
    groups, or take the key away and let the workload use a role.
    """
    if m.root or not m.has_key or m.access_key_without_mfa not in ("open", "depends"):
        return
    severity = Severity.LOW if m.lists_only else None
    yield Hit(
        (),
        f"an active access key that works without MFA: {m.bypass}",
        severity=severity,
        confidence=None if m.access_key_without_mfa == "open" else "medium",
    )


def cannot_enrol(m: Member) -> Iterator[Hit]:
    """A user who must have MFA and cannot enrol a device

    Why: a Deny holds everything back until the user has MFA, and the user has no device and may not
    enrol one, so that the user can do nothing at all.

    Fix: allow `iam:CreateVirtualMFADevice` on `mfa/*` and `iam:EnableMFADevice` on the user's own
    ARN, with a path and without, and exempt both from the Deny.
    """
    if m.root or m.has_password is False or m.has_device is not False:
        return
    if m.console_without_mfa == "denied" and m.enrolment in ("denied", "not_granted"):
        how = "is denied" if m.enrolment == "denied" else "is not granted"
        yield Hit(
            (),
            "no MFA device, everything is denied without one, and enrolling any kind of device "
            f"{how}",
        )


def root_without_mfa(m: Member) -> Iterator[Hit]:
    """A root user without MFA

    Why: policies of the account do not bind its root user, so nothing but MFA stands beside the
    password.

    Fix: sign in as the root user and register an MFA device, or take the root user's credentials
    away through the organization.
    """
    if m.root and m.has_device is False and m.has_password is not False:
        yield Hit((), "has no MFA device")


RULES: Final = (
    Rule(
        "GEN090",
        Severity.CRITICAL,
        locked_out,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
        about="account",
    ),
    Rule("GEN091", Severity.HIGH, password_alone, "UG:id_credentials_mfa", about="account"),
    Rule(
        "GEN092",
        Severity.HIGH,
        key_alone,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
        about="account",
    ),
    Rule(
        "GEN093",
        Severity.HIGH,
        cannot_enrol,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only",
        about="account",
    ),
    Rule("GEN094", Severity.CRITICAL, root_without_mfa, "UG:id_credentials_mfa", about="account"),
    Rule(
        "GEN095",
        Severity.HIGH,
        never_allowed,
        "UG:id_credentials_passwords_enable-user-change",
        about="account",
    ),
)
