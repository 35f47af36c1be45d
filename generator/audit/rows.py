"""What tables show of an audit, and in which order: those first whom somebody must help."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from generator.audit.result import Account, Audit, Person, Record
from generator.audit.summary import (
    ENROL,
    gets_through,
    has_no_device,
    is_locked_out,
    is_never_allowed,
    people,
    records,
)

_WITHOUT_MFA: Final = ("access_key_without_mfa", "console_without_mfa")
# What `open` means, where a reader would take any policy for a hole.
OPEN: Final = (
    "open: the document itself does not stop it, with AdministratorAccess supposed beside it"
)


class Table(Struct, frozen=True):
    """Documents that answer the same questions, the worst first. `enrols`: also of enrolment."""

    questions: tuple[str, ...]
    enrols: bool
    records: tuple[Record, ...]


def tables(audit: Audit) -> list[Table]:
    """The documents that have a say in MFA or sign-in."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records(audit):
        if record.concerns_sign_in:
            questions = tuple(name for name in record.verdicts if not name.startswith(ENROL))
            found.setdefault(questions, []).append(record)
    return [
        Table(
            questions,
            any(name.startswith(ENROL) for record in found[questions] for name in record.verdicts),
            tuple(sorted(found[questions], key=lambda record: -weight(record.verdicts))),
        )
        for questions in sorted(found, key=lambda each: (not each, each))
    ]


def without_say(audit: Audit) -> str:
    """`190 documents have no say in MFA or sign-in`, or ""."""
    count = sum(not record.concerns_sign_in for record in audit.documents)
    if not count:
        return ""
    what = "document has" if count == 1 else "documents have"
    return f"{count:,} {what} no say in MFA or sign-in"


def weight(verdicts: Mapping[str, str]) -> int:
    """How bad a document is; 0 is nothing to look at.

    A document that is open with an access key and in the console alike has no Deny that asks for
    MFA, as most have none; one that stops only one of both means to, and has a hole.
    """
    enrolment = [verdict for name, verdict in verdicts.items() if name.startswith(ENROL)]
    if verdicts.get("first_login") == "locked_out":
        return 5
    if enrolment and all(verdict == "denied" for verdict in enrolment):
        return 4
    without_mfa = {verdicts[name] for name in _WITHOUT_MFA if name in verdicts}
    if verdicts.get("trust_without_mfa") == "open" or (
        "open" in without_mfa and without_mfa > {"open"}
    ):
        return 3
    if "denied" in enrolment:
        return 2
    return int("depends" in verdicts.values() or "not_judged" in verdicts.values())


def shows_open(found: Iterable[Record]) -> bool:
    """Whether a verdict is `open` that `OPEN` explains."""
    return any(record.verdicts.get(name) == "open" for record in found for name in _WITHOUT_MFA)


def people_worst_first(account: Account) -> list[Person]:
    """The people of an account, those first who can do nothing."""
    return sorted(people(account), key=lambda person: -weight_of(person, account))


def weight_of(person: Person, account: Account) -> int:
    """How much somebody has to be looked at; 0 is not at all."""
    if is_locked_out(person) or is_never_allowed(person, account):
        return 5
    if person.enrolment == "denied" and not person.has_device:
        return 4
    if gets_through(person):
        return 3 if has_no_device(person) else 2
    return int(
        has_no_device(person)
        or person.first_login == "locked_out"
        or person.enrolment == "denied"
        or bool(person.lockout or person.problems)
    )
