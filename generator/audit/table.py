"""An audit as people read it in a terminal: verdicts in columns, findings as compilers say them."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeAlias, TypeVar

import click

from generator.audit.result import Account, Audit, Person, Record
from generator.audit.summary import (
    ENROL,
    accounts,
    counts_in_words,
    enrolment,
    has_problem,
    is_bad,
    number,
    open_roles,
    ordered,
    people,
    problems,
    records,
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
    """The same for standard output as it is: in colour and cut to width if it is a terminal."""
    if not sys.stdout.isatty():
        return as_text(audit)
    width = shutil.get_terminal_size().columns
    return as_text(audit, colour=not os.environ.get("NO_COLOR"), width=width)


def as_text(audit: Audit, *, colour: bool = False, width: int = 0) -> str:
    """Blocks with an empty line between them; the last is the summary.

    Rows of tables are cut to `width`, unless it is 0; findings never are.
    """
    blocks = [
        *_documents(audit, width),
        *(block for account in accounts(audit) for block in _account(account, width)),
        *_findings(audit, colour),
        _suppressed(audit),
        _said("error", audit.errors, colour),
        _said("note", audit.notes, colour),
        [sentence(audit)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _documents(audit: Audit, width: int) -> Iterator[list[str]]:
    """A table for each set of questions that documents answer."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records(audit):
        questions = tuple(name for name in record.verdicts if not name.startswith(ENROL))
        found.setdefault(questions, []).append(record)
    for questions in sorted(found, key=lambda each: (not each, each)):
        yield _of_kind(questions, found[questions], width)


def _of_kind(questions: tuple[str, ...], found: list[Record], width: int) -> list[str]:
    enrols = any(name.startswith(ENROL) for record in found for name in record.verdicts)
    heads = ["DOCUMENT", "KIND", *(_HEADS.get(q, words(q, q).upper()) for q in questions)]
    rows: _Rows = [[*heads, _ENROLMENT] if enrols else heads]
    shown = _chosen(found, [record for record in found if is_bad(record.verdicts)])
    for record in shown:
        verdicts = [words(q, record.verdicts[q]) for q in questions]
        called = f"{record.file}: {record.name}" if record.name else record.file
        last = [enrolment(record.verdicts)] if enrols else []
        rows.append([called, record.kind, *verdicts, *last])
    return [*_aligned(rows, width), *_more(len(found) - len(shown), "document")]


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
    found = people(account)
    if not found:
        return []
    shown = _chosen(found, [person for person in found if has_problem(person)])
    heads = ("NAME", "FIRST SIGN-IN", _ENROLMENT, "ACCESS KEY", "CONSOLE", "PROBLEM")
    rows = _aligned([heads, *map(_person, shown)], width)
    return [*rows, *_more(len(found) - len(shown), "person", "people", "csv")]


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
    return [*_aligned(rows, width), *_more(len(found[MOST:]), "role")]


def _aligned(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Columns two spaces apart; what does not fit ends with `…`."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return [f"{line[: width - 1]}…" if 0 < width < len(line) else line for line in lines]


def _findings(audit: Audit, colour: bool) -> Iterator[list[str]]:
    for _, found in groupby(ordered(audit.findings), key=lambda finding: finding.file):
        yield [line for f in found for line in (_line(f, colour), f"  fix: {one_line(f.fix)}")]


def _line(f: Finding, colour: bool, state: str = "") -> str:
    place = one_line(f"{f.file}:{f.line}:{f.column}")
    severity = str(f.severity)
    if colour and f.severity in _COLOURS:
        severity = click.style(severity, fg=_COLOURS[f.severity], bold=True)
    sure = "" if f.confidence == "high" else f" ({f.confidence} confidence)"
    about = f"{f.document}: " if f.document else ""
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
