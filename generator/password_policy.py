"""An account's password policy, as AWS prints it."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of a profile; a key that is not listed is an error."""


class PasswordPolicy(Section, frozen=True, rename="pascal"):
    """The account's password policy, in the names `aws iam get-account-password-policy` prints."""

    minimum_password_length: Annotated[
        int | None, Meta(description="Shortest password, 6 to 128 characters.")
    ] = None
    require_symbols: Annotated[bool, Meta(description="A symbol is required.")] = False
    require_numbers: Annotated[bool, Meta(description="A digit is required.")] = False
    require_uppercase_characters: Annotated[
        bool, Meta(description="An upper-case letter is required.")
    ] = False
    require_lowercase_characters: Annotated[
        bool, Meta(description="A lower-case letter is required.")
    ] = False
    allow_users_to_change_password: Annotated[
        bool,
        Meta(
            description="The account itself grants every IAM user `iam:ChangePassword` on the own "
            "user and `iam:GetAccountPasswordPolicy`; where true, the policy need not."
        ),
    ] = False
    expire_passwords: Annotated[
        bool, Meta(description="Passwords expire (AWS derives it from `MaxPasswordAge`).")
    ] = False
    max_password_age: Annotated[
        int | None, Meta(description="Days until a password expires, 1 to 1095.")
    ] = None
    password_reuse_prevention: Annotated[
        int | None, Meta(description="How many former passwords are refused, 1 to 24.")
    ] = None
    hard_expiry: Annotated[
        bool | None,
        Meta(description="An expired password can only be reset by an administrator."),
    ] = None


def read_password_policy(data: object) -> PasswordPolicy:
    """The content of `PasswordPolicy`; fields that AWS adds later are the caller's to drop."""
    return msgspec.convert(data, PasswordPolicy)


def out_of_range(policy: PasswordPolicy) -> Iterator[tuple[str, str, str]]:
    """Values AWS does not have: (field, problem, hint).

    Source: IAM API Reference, UpdateAccountPasswordPolicy.
    """
    for name, value, low, high in (
        ("MinimumPasswordLength", policy.minimum_password_length, 6, 128),
        ("MaxPasswordAge", policy.max_password_age, 1, 1095),
        ("PasswordReusePrevention", policy.password_reuse_prevention, 1, 24),
    ):
        # Without expiry or reuse prevention the CLI may print 0.
        unset = value is None or (value == 0 and name != "MinimumPasswordLength")
        if not unset and not low <= (value or 0) <= high:
            yield name, f"`{name}` is {value}", f"write {low} to {high}, as AWS has it"
