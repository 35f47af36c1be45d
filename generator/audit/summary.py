"""What every form of output says of an audit: its counts, its order and its words."""

from collections.abc import Iterable, Iterator, Mapping
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

    `locked_out`: people whose first sign-in fails; `never_allowed` are those of them whom nothing
    denies it, and nothing allows it either. `not_granted`: people whom no policy allows it, of whom
    the account's password policy (unless `policy_known`) or a credential report would say more.
    `spared`: people whom a policy would lock out, and who have a device already
    or no password. `without_mfa`: people who get something done without MFA. `without_device`:
    people with a password and no device, None where the input says of nobody.
    """

    people: int
    locked_out: int
    never_allowed: int
    not_granted: int
    policy_known: bool
    spared: int
    not_enrolling: int
    without_mfa: int
    not_judged: int
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


def gets_through(person: Person) -> bool:
    """Whether somebody gets something done without MFA."""
    return bool(person.bypass) or "open" in (
        person.access_key_without_mfa,
        person.console_without_mfa,
    )


def has_no_device(person: Person) -> bool:
    """Whether somebody is known to have a password and no device."""
    return person.has_password is True and person.has_device is False


def may_sign_in_anew(person: Person) -> bool:
    """Whether somebody may be asked for a new password before having an MFA device.

    Somebody with a device signs in with it, and what is denied without MFA may not be then.
    """
    return person.has_password is not False and not person.has_device


def is_locked_out(person: Person) -> bool:
    """Whether the first sign-in of somebody fails, because something denies it."""
    return person.first_login == "locked_out" and may_sign_in_anew(person)


def is_never_allowed(person: Person, account: Account) -> bool:
    """Whether it does because nothing allows it, neither a policy nor the account.

    Most users of whom nothing more is known are workloads, and have no password.
    """
    return bool(person.has_password) and account.password_policy_known and _waits(person)


def _waits(person: Person) -> bool:
    """Whether no policy allows what a first sign-in asks for."""
    return person.first_login == "not_granted" and may_sign_in_anew(person)


def why(person: Person) -> list[str]:
    """What is wrong with somebody's access, each in words."""
    lockout = person.lockout
    if lockout and person.first_login == "locked_out" and not may_sign_in_anew(person):
        lockout += f" ({'has an MFA device' if person.has_device else 'has no password'})"
    return [text for text in (lockout, person.bypass, *person.problems) if text]


def problems(person: Person) -> str:
    """The same in one text."""
    return "; ".join(why(person))


def people(account: Account) -> list[Person]:
    """The people of an account by name."""
    return sorted(account.people, key=lambda person: (person.name, person.arn))


def open_roles(account: Account) -> list[RoleRow]:
    """The roles that somebody can assume without MFA, by name."""
    found = [role for role in account.roles if role.trust_without_mfa == "open"]
    return sorted(found, key=lambda role: (role.name, role.arn, role.how))


def counts(account: Account) -> Counts:
    """The numbers that a manager asks for."""
    everybody = account.people
    known = [p for p in everybody if None not in (p.has_password, p.has_device)]
    denied = sum(map(is_locked_out, everybody))
    never = sum(is_never_allowed(p, account) for p in everybody)
    return Counts(
        people=len(everybody),
        locked_out=denied + never,
        never_allowed=never,
        not_granted=sum(map(_waits, everybody)) - never,
        policy_known=account.password_policy_known,
        spared=sum(p.first_login == "locked_out" for p in everybody) - denied,
        not_enrolling=sum(p.enrolment == "denied" for p in everybody),
        without_mfa=sum(map(gets_through, everybody)),
        not_judged=sum(map(_is_not_judged, everybody)),
        without_device=sum(map(has_no_device, known)) if known else None,
        roles=len(account.roles),
        roles_without_mfa=len(open_roles(account)),
    )


def _is_not_judged(person: Person) -> bool:
    """Whether a question about somebody has no answer."""
    asked = (person.first_login, person.access_key_without_mfa, person.console_without_mfa)
    return "not_judged" in asked


def counts_in_words(account: Account) -> list[str]:
    """The same as lines."""
    found = counts(account)
    without = "nobody's password and device are known; give a credential report"
    if found.without_device is not None:
        without = f"{found.without_device:,} with a password and no MFA device"
    return [
        number(found.people, "person", "people"),
        *_first_sign_in(found),
        *([f"{found.not_enrolling:,} who cannot enrol a device"] if found.not_enrolling else ()),
        f"{found.without_mfa:,} who get through without MFA",
        *([f"{found.not_judged:,} whose access could not be judged"] if found.not_judged else ()),
        without,
        f"{found.roles_without_mfa:,} of {number(found.roles, 'role')} can be assumed without MFA",
    ]


def _first_sign_in(found: Counts) -> Iterator[str]:
    of_them = ""
    if found.never_allowed:
        of_them = f", {found.never_allowed:,} of them because nothing lets them set a password"
    yield f"{found.locked_out:,} locked out at first sign-in{of_them}"
    if found.spared:
        yield (
            f"{found.spared:,} more whom a policy would lock out, who have an MFA device already "
            "or no password"
        )
    if found.not_granted:
        yield f"{found.not_granted:,} " + (
            "whom nothing lets set a password: give --credential-report to know whether they have "
            "one"
            if found.policy_known
            else "whom no policy lets set a password: give --password-policy to know whether the "
            "account does"
        )
