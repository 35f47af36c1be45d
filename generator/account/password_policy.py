"""Whether an account itself lets its users change their passwords."""

from typing import Final

import msgspec

from generator.account.details import Details
from generator.errors import GenError, Where
from generator.grammar import loads
from generator.password_policy import read_password_policy

# AWS answers NoSuchEntity where an account has none; its defaults hold then.
NONE: Final = "none"
_FIELD: Final = "AllowUsersToChangePassword"


def users_may_change(details: Details, given: tuple[str, str] | None) -> bool | None:
    """What a password policy says, given as text and label or in the dump; None if there is none.

    The text `none` is an account without a password policy. What cannot be read is an error of
    the dump's, and says nothing.
    """
    if given and given[0] == NONE:
        return False
    label = given[1] if given else details.label
    try:
        if given:
            data = loads(given[0])
            data = data.get("PasswordPolicy", data) if isinstance(data, dict) else data
        else:
            data = details.password_policy
            if data is None:
                return None
        if isinstance(data, dict):
            # AWS may add fields; only one of them matters here.
            data = {key: value for key, value in data.items() if key == _FIELD}
        return read_password_policy(data).allow_users_to_change_password
    except (GenError, msgspec.ValidationError) as error:
        problem = error.problem if isinstance(error, GenError) else str(error)
        details.errors.append(
            GenError(
                f"not a password policy: {problem[:1].lower()}{problem[1:]}",
                where=Where(label),
                hint="give what `aws iam get-account-password-policy` printed; where it answers "
                "NoSuchEntity, write `--password-policy none`",
            )
        )
        return None
