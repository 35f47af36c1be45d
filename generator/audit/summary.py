"""What every form of output says of an audit: its counts, its order and its words."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from generator.audit.result import Account, Audit, Person, Record, RoleRow, Suppressed
from generator.findings import Finding, Severity, in_order

WORST_FIRST: Final = tuple(sorted(Severity, reverse=True))
ENROL: Final = "enrol_"
# Where a verdict `open` is what people want, it is said with another word.
_GOOD: Final = {"open": "works"}


class Counts(Struct, frozen=True):
    """How many people and roles of an account are how.

    `without_mfa`: people who get something done without MFA. `without_device`: people with a
    password and no device, None where the input says of nobody.
    """

    people: int
    locked_out: int
    not_enrolling: int
    without_mfa: int
    without_device: int | None
    roles: int
    roles_without_mfa: int


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By place, and then by everything else, so that no order of the input shows."""
    return sorted(findings, key=_order)


def suppressed(audit: Audit) -> list[Suppressed]:
    """The findings that somebody lives with, in the same order."""
    return sorted(audit.suppressed, key=lambda each: (_order(each.finding), each.reason))


def _order(finding: Finding) -> tuple[object, ...]:
    f = finding
    return *in_order(f), f.sid, f.fix, f.severity, f.confidence, f.source


def records(audit: Audit) -> list[Record]:
    """The documents by file and name."""
    return sorted(
        audit.documents, key=lambda r: (r.file, r.name, r.kind, sorted(r.verdicts.items()))
    )


def accounts(audit: Audit) -> list[Account]:
    """The accounts by file."""
    return sorted(audit.accounts, key=lambda account: (account.file, account.account))


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The worst before others, and among those as bad by place."""
    return sorted(ordered(findings), key=lambda finding: -finding.severity)


def by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many there are of each, worst first, zeros too."""
    found = dict.fromkeys(WORST_FIRST, 0)
    for finding in findings:
        found[finding.severity] += 1
    return found


def sentence(audit: Audit) -> str:
    """`3 documents, 2 findings (1 critical, 1 low), 1 suppressed, 0 errors`."""
    parts = [number(len(audit.documents), "document"), findings_in_words(audit)]
    if audit.suppressed:
        parts.append(f"{len(audit.suppressed):,} suppressed")
    if audit.known:
        parts.append(f"{len(audit.known):,} known from the baseline")
    if audit.skipped:
        parts.append(f"{number(len(audit.skipped), 'file')} skipped")
    return ", ".join((*parts, number(len(audit.errors), "error")))


def findings_in_words(audit: Audit) -> str:
    """`2 findings (1 critical, 1 low)`."""
    counts = [f"{n:,} {severity}" for severity, n in by_severity(audit.findings).items() if n]
    said = number(len(audit.findings), "finding")
    return f"{said} ({', '.join(counts)})" if counts else said


def number(count: int, noun: str, plural: str = "") -> str:
    """`1 finding`, `2 findings`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def words(question: str, verdict: str) -> str:
    """A verdict as people read it; `question` is its name in the record."""
    if question.startswith((ENROL, "enrolment", "first_login")):
        verdict = _GOOD.get(verdict, verdict)
    return verdict.replace("_", " ")


def enrolment(verdicts: Mapping[str, str]) -> str:
    """The verdicts of all kinds of device as one: `works`, or `denied: security-key; works: ...`"""
    kinds: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        if name.startswith(ENROL):
            kinds.setdefault(words(name, verdict), []).append(name.removeprefix(ENROL))
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{verdict}: {', '.join(sorted(kinds[verdict]))}" for verdict in sorted(kinds))


def is_bad(verdicts: Mapping[str, str]) -> bool:
    """Whether some verdict is one that people want to know of."""
    return any(
        (
            verdict in ("locked_out", "denied")
            if name.startswith((ENROL, "enrolment", "first_login"))
            else verdict == "open"
        )
        for name, verdict in verdicts.items()
    )


def gets_through(person: Person) -> bool:
    """Whether somebody gets something done without MFA."""
    return bool(person.bypass) or "open" in (
        person.access_key_without_mfa,
        person.console_without_mfa,
    )


def has_no_device(person: Person) -> bool:
    """Whether somebody is known to have a password and no device."""
    return person.has_password is True and person.has_device is False


def has_problem(person: Person) -> bool:
    """Whether a person is one to look at."""
    return (
        person.first_login == "locked_out"
        or person.enrolment == "denied"
        or gets_through(person)
        or has_no_device(person)
        or bool(person.lockout or person.problems)
    )


def problems(person: Person) -> str:
    """What is wrong with somebody's access, in words."""
    return "; ".join(text for text in (person.lockout, person.bypass, *person.problems) if text)


def people(account: Account) -> list[Person]:
    """The people of an account by name."""
    return sorted(account.people, key=lambda person: (person.name, person.arn))


def open_roles(account: Account) -> list[RoleRow]:
    """The roles that somebody can assume without MFA, by name."""
    found = [role for role in account.roles if role.trust_without_mfa == "open"]
    return sorted(found, key=lambda role: (role.name, role.arn, role.how))


def counts(account: Account) -> Counts:
    """The numbers that a manager asks for."""
    known = [p for p in account.people if None not in (p.has_password, p.has_device)]
    return Counts(
        people=len(account.people),
        locked_out=sum(p.first_login == "locked_out" for p in account.people),
        not_enrolling=sum(p.enrolment == "denied" for p in account.people),
        without_mfa=sum(map(gets_through, account.people)),
        without_device=sum(map(has_no_device, known)) if known else None,
        roles=len(account.roles),
        roles_without_mfa=len(open_roles(account)),
    )


def counts_in_words(account: Account) -> list[str]:
    """The same as lines."""
    found = counts(account)
    without = "nobody's password and device are known; give a credential report"
    if found.without_device is not None:
        without = f"{found.without_device:,} with a password and no MFA device"
    return [
        number(found.people, "person", "people"),
        f"{found.locked_out:,} locked out at first sign-in",
        *([f"{found.not_enrolling:,} who cannot enrol a device"] if found.not_enrolling else ()),
        f"{found.without_mfa:,} who get through without MFA",
        without,
        f"{found.roles_without_mfa:,} of {number(found.roles, 'role')} can be assumed without MFA",
    ]
