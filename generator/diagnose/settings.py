"""The account's password policy, as far as it may be what is in the way."""

from pathlib import Path
from typing import Any, Final

import msgspec

from generator.diagnose.files import read_json, refuse
from generator.errors import GenError, GenErrors, Where
from generator.password_policy import PasswordPolicy, out_of_range, read_password_policy
from generator.positions import Place

NO_POLICY: Final = "none"


def read_settings(name: str) -> PasswordPolicy | None:
    """The account's password policy as AWS prints it; `none` is an account that has none.

    Raises:
        GenError: not what `aws iam get-account-password-policy` prints, at the field.
    """
    if name == NO_POLICY:
        return None
    parsed = read_json(Path(name))
    if parsed.twice:
        # Which of them counts would decide the answer.
        raise GenErrors(
            GenError(
                f"the key `{place[-1]}` stands twice in one object",
                where=Where(parsed.label, *parsed.source().mark(place, key=True)),
                hint="keep one of them",
            )
            for place in parsed.twice
        )
    data = parsed.data
    root: Place = ()
    if isinstance(data, dict) and isinstance(data.get("PasswordPolicy"), dict):
        data, root = data["PasswordPolicy"], ("PasswordPolicy",)
    known = set(PasswordPolicy.__struct_encode_fields__)
    if not isinstance(data, dict) or not known & set(data):
        hint = "keep what the command printed; where it answers NoSuchEntity, write `none`"
        problem = "not the output of `aws iam get-account-password-policy`"
        raise refuse(parsed, root, problem, hint)
    plain = {key: _plain(value) for key, value in data.items() if key in known}
    wrong = {key: _what(key, value) for key, value in plain.items()}
    if any(wrong.values()):
        raise GenErrors(refuse(parsed, (*root, k), *what) for k, what in wrong.items() if what)
    return read_password_policy(plain)


def is_reset(s: PasswordPolicy) -> bool:
    """Whether a password policy is all defaults. Source: API:UpdateAccountPasswordPolicy."""
    required = (
        s.require_symbols
        or s.require_numbers
        or s.require_uppercase_characters
        or s.require_lowercase_characters
    )
    asked = s.max_password_age or s.password_reuse_prevention or s.hard_expiry or s.expire_passwords
    short = (s.minimum_password_length or 6) == 6
    return short and not required and not asked and not s.allow_users_to_change_password


def _plain(value: Any) -> Any:
    """A number as a number: numbers are read with their digits."""
    digits = str(value) if type(value) is not str and isinstance(value, str) else ""
    return int(digits) if digits.isdigit() and len(digits) < 10 else value


def _what(name: str, value: Any) -> tuple[str, ...]:
    """What is wrong with a field, and what to do; empty where nothing is."""
    try:
        one = read_password_policy({name: value})
    except msgspec.ValidationError:
        return f"`{name}` has a value AWS does not print", "keep the command's output as it was"
    return next(((problem, hint) for _, problem, hint in out_of_range(one)), ())
