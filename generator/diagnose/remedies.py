"""What an administrator does about a cause: an edit, a command, or words.

Every command is one of the AWS CLI, and none has a password on its line or prints one.
"""

import shlex
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from generator.diagnose import edits
from generator.diagnose.evidence import Attached, Evidence
from generator.diagnose.permission import Denial
from generator.errors import one_line
from generator.password_policy import PasswordPolicy
from generator.principals import Caller
from generator.states import USER

Kind: TypeAlias = Literal["diff", "command", "text"]
_NAME: Final = "NAME"


class Remedy(Struct, frozen=True):
    """`words` say what it is for; `what` is the diff or the command, "" for words alone."""

    kind: Kind
    words: str
    what: str = ""


def exempt(denials: tuple[Denial, ...], who: Caller, evidence: Evidence) -> Remedy:
    """Let the change of a password through Denies."""
    words = (
        "take the change of a password out of the Deny (AWS would rather attach the Deny after the "
        "first sign-in)"
    )
    if evidence.first_sign_in:
        words += (
            "; or, for this person only, drop the reset: aws iam update-login-profile "
            f"--user-name {name_of(who)} --no-password-reset-required"
        )
    diff, left = edits.exemptions(denials)
    if left:
        what = ", ".join(one_line(d.statement.sid) or f"Statement[{d.index}]" for d in left)
        words += f"; write {what} with NotAction, and list iam:ChangePassword in it"
    return Remedy("diff", words, diff) if diff else Remedy("text", words)


def allow_in(document: Attached | None, what: str, who: Caller) -> Remedy:
    """Let a boundary, or SCPs, allow the change of the own password."""
    words = f"let the {what} allow iam:ChangePassword on the own user"
    diff = edits.another_allow(document, who.partition) if document else ""
    return Remedy("diff", words, diff) if diff else Remedy("text", words)


def cover_path(documents: list[Attached]) -> Remedy:
    """Let own-user ARNs stand for users with a path."""
    words = "add the form of the ARN that has a path; names of users are unique whatever the path"
    diff = "\n".join(filter(None, map(edits.own_path, documents)))
    return Remedy("diff", words, diff) if diff else Remedy("text", words)


def grant(who: Caller, settings: PasswordPolicy | None) -> Remedy:
    """Allow the change of the own password: for everybody by the account, or for one person."""
    if settings is not None:
        words = (
            "let the account allow it to all its users; every setting is in the command, because "
            "what it leaves out goes back to AWS's default"
        )
        return Remedy("command", words, keeping(settings))
    command = (
        f"aws iam attach-user-policy --user-name {name_of(who)} "
        f"--policy-arn arn:{who.partition}:iam::aws:policy/IAMUserChangePassword"
    )
    return Remedy("command", "allow it to this person by AWS's own policy for that", command)


def restore(settings: PasswordPolicy) -> Remedy:
    """Give the account its settings back."""
    words = (
        "set the account's password policy again; what it was before is not known here, so the "
        "command keeps what it is now: put your values in"
    )
    return Remedy("command", words, keeping(settings))


def keeping(settings: PasswordPolicy) -> str:
    """The command that turns AllowUsersToChangePassword on and keeps all other settings."""
    parts = ["aws iam update-account-password-policy"]
    parts.append(f"--minimum-password-length {settings.minimum_password_length or 6}")
    for option, value in (
        ("require-symbols", settings.require_symbols),
        ("require-numbers", settings.require_numbers),
        ("require-uppercase-characters", settings.require_uppercase_characters),
        ("require-lowercase-characters", settings.require_lowercase_characters),
        ("allow-users-to-change-password", True),
        ("hard-expiry", bool(settings.hard_expiry)),
    ):
        parts.append(f"--{option}" if value else f"--no-{option}")
    # 0 is "never"; the API takes 1 and more, and its default is never.
    if settings.max_password_age:
        parts.append(f"--max-password-age {settings.max_password_age}")
    if settings.password_reuse_prevention:
        parts.append(f"--password-reuse-prevention {settings.password_reuse_prevention}")
    return " ".join(parts)


def new_password(who: Caller) -> Remedy:
    """An administrator resets a password, which no command line may have on it."""
    return Remedy(
        "text",
        f"set a new password in the IAM console (Users, {name_of(who)}, Security credentials, "
        "Manage console access); there is no command here, because it would have the password on "
        "its line",
    )


def delete_device(resource: str) -> Remedy:
    """Delete a virtual device that nobody finished to enrol. The policies stay."""
    words = (
        "delete the unassigned device of that name, as an administrator; leave the Deny as it is"
    )
    if resource:
        command = f"aws iam delete-virtual-mfa-device --serial-number {shlex.quote(resource)}"
        return Remedy("command", words, command)
    words += ": look for its ARN, then aws iam delete-virtual-mfa-device --serial-number ARN"
    return Remedy(
        "command", words, "aws iam list-virtual-mfa-devices --assignment-status Unassigned"
    )


def devices(who: Caller) -> Remedy:
    """See which devices there are."""
    words = (
        "wait for the next code and check the device's clock; resynchronize the device, or, if it "
        "is lost, deactivate it as an administrator"
    )
    return Remedy("command", words, f"aws iam list-mfa-devices --user-name {name_of(who)}")


def sign_in_policy() -> Remedy:
    """See what refuses the sign-in."""
    words = (
        "look at what the account's policy on signing in demands, and at the organization's "
        "resource control policies"
    )
    return Remedy("command", words, "aws signin get-resource-policy --region us-east-1")


def name_of(who: Caller) -> str:
    """The user's name for a command line; a placeholder if it is not known."""
    return _NAME if who.name == USER else shlex.quote(who.name)
