"""The people of audited accounts as CSV, one row each, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from generator.audit.result import Audit, Person
from generator.audit.summary import accounts, people, problems
from generator.errors import GenError, one_line

HEADER: Final = (
    "file",
    "account",
    "name",
    "arn",
    "groups",
    "first_login",
    "enrolment",
    "access_key_without_mfa",
    "console_without_mfa",
    "lockout",
    "bypass",
    "has_password",
    "has_device",
    "problems",
)
# Spreadsheets take a cell that starts so for a formula. Source: OWASP, "CSV Injection".
_FORMULA: Final = ("=", "+", "-", "@")
_KNOWN: Final = {True: "yes", False: "no", None: ""}


def as_csv(audit: Audit) -> str:
    """RFC 4180, but lines end with a line feed alone, as other output does.

    Raises:
        GenError: the audit has no account, so there are no people.
    """
    if not audit.accounts:
        raise GenError(
            "--format csv is of the people of an account, and the input has none",
            hint="give what aws iam get-account-authorization-details prints",
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for account in accounts(audit):
        for person in people(account):
            writer.writerow(guarded(c) for c in _cells(account.file, account.account, person))
    return out.getvalue()


def guarded(text: str) -> str:
    """A cell in one line that no spreadsheet runs: a formula gets an apostrophe in front."""
    text = one_line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _cells(file: str, account: str, person: Person) -> Iterator[str]:
    yield from (file, account, person.name, person.arn, "; ".join(person.groups))
    yield from (person.first_login, person.enrolment)
    yield from (person.access_key_without_mfa, person.console_without_mfa)
    yield from (person.lockout, person.bypass)
    yield from (_KNOWN[person.has_password], _KNOWN[person.has_device])
    yield problems(person)
