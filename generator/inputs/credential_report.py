"""What `aws iam get-credential-report` knows of users: passwords, devices, access keys.

Source: IAM User Guide, "Generate credential reports for your AWS account".
"""

import base64
import binascii
import csv
import io
from typing import Any, Final

from msgspec import Struct

from generator.errors import GenError, Where
from generator.grammar import loads

ROOT: Final = "<root_account>"
_NEEDED: Final = ("user", "arn", "password_enabled", "mfa_active")
_HINT: Final = "give what `aws iam get-credential-report` printed, or the CSV that is in it"


class Credentials(Struct, frozen=True):
    """What one user has; None where the report does not say.

    `password_used`: whether anybody ever signed in with the password. `line` is the row's in the
    CSV, from 1.
    """

    arn: str
    has_password: bool | None
    has_device: bool | None
    has_key: bool | None
    password_used: bool | None
    line: int


class CredentialReport(Struct, frozen=True):
    """Users by ARN, and the root user apart. `embedded`: lines are not those of the file."""

    label: str
    account: str
    users: dict[str, Credentials]
    root: Credentials | None
    embedded: bool = False
    line: int = 1
    column: int = 1


def read_credential_report(
    text: str, label: str, *, content: bool = False, line: int = 1, column: int = 1
) -> CredentialReport:
    """A report: CSV, or JSON with the CSV in `Content`, in base64.

    `content`: `text` is that base64, which stands at `line` and `column` of a file.

    Raises:
        GenError: it is neither, or not of one account.
    """
    text = text.lstrip("\ufeff")
    embedded = content or text.lstrip()[:1] == "{"
    if embedded:
        text = _decoded(text if content else _content(text, label), label)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or []
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise _error(f"a credential report has a column `{missing[0]}`", label)
    users: dict[str, Credentials] = {}
    root = None
    accounts: set[str] = set()
    try:
        for row in reader:
            found = _credentials(row, reader.line_num)
            fields = found.arn.split(":", 5)
            if len(fields) != 6 or not fields[4].isdigit():
                raise _error("a row has no ARN", label, 0 if embedded else found.line)
            accounts.add(fields[4])
            if row["user"] == ROOT:
                root = found
            else:
                users[found.arn] = found
    except csv.Error as error:
        raise _error(f"not valid CSV: {error}", label) from error
    if len(accounts) != 1:
        what = "of more than one account" if accounts else "empty"
        raise _error(f"the credential report is {what}", label)
    return CredentialReport(label, accounts.pop(), users, root, embedded, line, column)


def _content(text: str, label: str) -> str:
    data = loads(text)
    found = data.get("Content") if isinstance(data, dict) else None
    # A number is text that keeps its digits.
    if type(found) is not str:
        raise _error("a credential report has its CSV in `Content`", label)
    return found


def _decoded(text: str, label: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError) as error:
        raise _error("`Content` of the credential report is not base64", label) from error


def _credentials(row: dict[str | Any, str | Any], line: int) -> Credentials:
    keys = [_truth(row.get(f"access_key_{n}_active")) for n in (1, 2)]
    return Credentials(
        arn=row["arn"] or "",
        has_password=_truth(row["password_enabled"]),
        has_device=_truth(row["mfa_active"]),
        has_key=True if True in keys else None if None in keys else False,
        password_used=_used(row.get("password_last_used")),
        line=line,
    )


def _truth(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").strip().lower())


def _used(text: str | None) -> bool | None:
    """Whether a password was used: a date, `no_information` if it never was, or N/A."""
    text = (text or "").strip()
    if text[:4].isdigit():
        return True
    return False if text == "no_information" else None


def _error(problem: str, label: str, line: int = 0) -> GenError:
    return GenError(problem, where=Where(label, line, 1 if line else 0), hint=_HINT)
