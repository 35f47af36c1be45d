"""An audit as people read it in a terminal: verdicts in columns, findings as compilers say them."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeAlias, TypeVar

import click

from generator.audit.causes import Cause, causes
from generator.audit.columns import columns
from generator.audit.result import Account, Audit, Person
from generator.audit.rows import (
    OPEN,
    Table,
    people_worst_first,
    shows_open,
    tables,
    weight,
    weight_of,
    without_say,
)
from generator.audit.summary import (
    accounts,
    counts_in_words,
    enrolment,
    number,
    open_roles,
    problems,
    sentence,
    suppressed,
    words,
)
from generator.errors import GenError, one_line
from generator.findings import Finding, Severity

# Rows of one table; an account has thousands of people, and everything is in the other formats.
MOST: Final = 50
_HEADS: Final = {
    "first_login": "FIRST SIGN-IN",
    "access_key_without_mfa": "ACCESS KEY WITHOUT MFA",
    "console_without_mfa": "CONSOLE WITHOUT MFA",
    "trust_without_mfa": "ASSUMED WITHOUT MFA",
}
_ENROLMENT: Final = "ENROLMENT"
_COLOURS: Final = {Severity.CRITICAL: "red", Severity.HIGH: "red", Severity.MEDIUM: "yellow"}
_Rows: TypeAlias = list[Sequence[str]]
_T = TypeVar("_T")


def on_terminal(audit: Audit) -> str:
    """The same for standard output as it is: in colour and folded to width if it is a terminal."""
    if not sys.stdout.isatty():
        return as_text(audit)
    width = shutil.get_terminal_size().columns
    return as_text(audit, colour=not os.environ.get("NO_COLOR"), width=width)


def as_text(audit: Audit, *, colour: bool = False, width: int = 0) -> str:
    """Blocks with an empty line between them; the last is the summary.

    Tables are folded to `width`, unless it is 0; findings never are.
    """
    blocks = [
        *(block for account in accounts(audit) for block in _account(account, width)),
        *_documents(audit, width),
        *_findings(audit, colour),
        _suppressed(audit),
        _said("error", audit.errors, colour),
        _said("note", audit.notes, colour),
        [sentence(audit)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _documents(audit: Audit, width: int) -> Iterator[list[str]]:
    """A table for each set of questions that documents answer."""
    found = tables(audit)
    for table in found:
        yield _of_kind(table, width)
    yield [without_say(audit)] if without_say(audit) else []


def _of_kind(table: Table, width: int) -> list[str]:
    questions, found = table.questions, list(table.records)
    heads = ["DOCUMENT", "KIND", *(_HEADS.get(q, words(q, q).upper()) for q in questions)]
    rows: _Rows = [[*heads, _ENROLMENT] if table.enrols else heads]
    shown = _chosen(found, [record for record in found if weight(record.verdicts)])
    for record in shown:
        verdicts = [words(q, record.verdicts[q]) for q in questions]
        called = f"{record.file}: {record.name}" if record.name else record.file
        last = [enrolment(record.verdicts)] if table.enrols else []
        rows.append([called, record.kind, *verdicts, *last])
    legend = [OPEN] if shows_open(shown) else []
    return [
        *(columns(rows, width) if shown else ()),
        *_more(len(found) - len(shown), "document"),
        *legend,
    ]


def _chosen(found: list[_T], bad: list[_T]) -> list[_T]:
    """All if they are few, else the first of those that are worth a look."""
    return found if len(found) <= MOST else bad[:MOST]


def _more(count: int, noun: str, plural: str = "", other: str = "json") -> list[str]:
    return [f"and {number(count, noun, plural)} more: see --format {other}"] if count else []


def _account(account: Account, width: int) -> Iterator[list[str]]:
    name = f"account {account.account}" if account.account else "account"
    head = one_line(f"{account.file}: {name}")
    yield [head, *(f"  {line}" for line in counts_in_words(account))]
    yield _people(account, width)
    yield _roles(account, width)


def _people(account: Account, width: int) -> list[str]:
    """A row each; of many people a row for all who are alike, if they are worth a look."""
    found = people_worst_first(account)
    few = len(found) <= MOST
    alike: dict[Sequence[str], list[str]] = {}
    for person in found:
        if few or weight_of(person, account):
            cells = _person(person)
            alike.setdefault(cells if few else cells[1:], []).append(person.name)
    rows: _Rows = [cells if few else (_first(names), *cells) for cells, names in alike.items()]
    heads = ("NAME", "FIRST SIGN-IN", _ENROLMENT, "ACCESS KEY", "CONSOLE", "PROBLEM")
    shown = columns([heads, *rows[:MOST]], width) if rows else []
    left = len(found) - sum(map(len, list(alike.values())[:MOST]))
    return [*shown, *_more(left, "person", "people", "csv")]


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"


def _person(p: Person) -> Sequence[str]:
    return (
        p.name,
        words("first_login", p.first_login),
        words("enrolment", p.enrolment),
        words("access_key_without_mfa", p.access_key_without_mfa),
        words("console_without_mfa", p.console_without_mfa),
        problems(p),
    )


def _roles(account: Account, width: int) -> list[str]:
    found = open_roles(account)
    if not found:
        return []
    rows = [("ROLE ASSUMED WITHOUT MFA", "HOW"), *((role.name, role.how) for role in found[:MOST])]
    return [*columns(rows, width), *_more(len(found[MOST:]), "role")]


def _findings(audit: Audit, colour: bool) -> Iterator[list[str]]:
    for _, found in groupby(causes(audit.findings), key=lambda cause: cause.first.file):
        yield [line for cause in found for line in _cause(cause, colour)]


def _cause(cause: Cause, colour: bool) -> Iterator[str]:
    yield _line(cause.first, colour, about=cause.about)
    if cause.names:
        more = f" and {cause.unnamed:,} more: see --format json" if cause.unnamed else ""
        yield f"  users: {', '.join(map(one_line, cause.names))}{more}"
    yield f"  fix: {one_line(cause.first.fix)}"


def _line(f: Finding, colour: bool, state: str = "", about: str = "") -> str:
    place = one_line(f"{f.file}:{f.line}:{f.column}")
    severity = str(f.severity)
    if colour and f.severity in _COLOURS:
        severity = click.style(severity, fg=_COLOURS[f.severity], bold=True)
    sure = "" if f.confidence == "high" else f" ({f.confidence} confidence)"
    about = f"{about or f.document}: " if f.document else ""
    sid = f" [{f.sid}]" if f.sid else ""
    return f"{place}: {state}{severity} {f.rule}{sure} " + one_line(f"{about}{f.message}{sid}")


def _suppressed(audit: Audit) -> list[str]:
    lines = []
    for each in suppressed(audit):
        line = _line(each.finding, colour=False, state="suppressed ")
        lines += [line, f"  reason: {one_line(each.reason)}"]
    return lines


def _said(word: str, errors: Iterable[GenError], colour: bool) -> list[str]:
    if colour and word == "error":
        word = click.style(word, fg="red", bold=True)
    return [f"{word}: {error}" for error in errors]
