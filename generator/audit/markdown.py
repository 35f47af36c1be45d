"""An audit as Markdown: a comment on a pull request, the summary of a workflow, a page to send."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from generator.audit.causes import Cause, causes
from generator.audit.places import relative
from generator.audit.result import Account, Audit, Person, Record
from generator.audit.rows import OPEN, shows_open, tables, weight_of, without_say
from generator.audit.summary import (
    WORST_FIRST,
    accounts,
    counts_in_words,
    enrolment,
    number,
    open_roles,
    people,
    problems,
    sentence,
    suppressed,
    words,
)
from generator.errors import GenError, one_line
from generator.findings import Finding, Severity

# GitHub refuses a comment of more than 65,536 characters.
MOST: Final = 65_000
# What is kept back of that for the notes on what was left out, one a section.
_NOTE: Final = 120
_QUESTIONS: Final = {
    "first_login": "first sign-in",
    "access_key_without_mfa": "access key without MFA",
    "console_without_mfa": "console without MFA",
    "trust_without_mfa": "assumed without MFA",
}

_TITLES: Final = {("trust_without_mfa",): "Trust policies", (): "Other documents"}


class _Section(Struct, frozen=True):
    """A heading, and rows of which as many are shown as there is room for."""

    head: str
    rows: Sequence[str]
    noun: str
    plural: str = ""
    # How many things each row is, where it is not one.
    sizes: Sequence[int] = ()
    after: str = ""

    def left(self, shown: int) -> str:
        """What is not in the first rows, in words."""
        sizes = self.sizes or [1] * len(self.rows)
        return number(sum(sizes[shown:]), self.noun, self.plural)


def as_markdown(audit: Audit, folder: str = "", most: int = MOST) -> str:
    """At most `most` characters; how many rows were left out is said where they would be.

    `folder` is the current one: files in it are named from there.
    """
    text = f"# gen audit\n\n{sentence(audit)}\n"
    sections = [section for section in _sections(audit, folder) if section.rows]
    for left, section in zip(range(len(sections), 0, -1), sections, strict=True):
        if len(text) + _NOTE > most:
            break
        text += _fitted(section, most - len(text) - left * _NOTE)
    return text


def _fitted(section: _Section, room: int) -> str:
    text = f"\n{section.head}\n"
    shown = 0
    for row in section.rows:
        if len(text) + len(row) + 1 > room:
            break
        text += f"{row}\n"
        shown += 1
    if shown == len(section.rows):
        return f"{text}{section.after}" if len(text) + len(section.after) <= room else text
    note = f"\nLeft out here: {section.left(shown)}; `--format json` has everything.\n"
    return f"{text}{note}" if shown else note


def _sections(audit: Audit, folder: str) -> Iterator[_Section]:
    yield _Section("## Errors\n", [_error(e, folder) for e in audit.errors], "error")
    yield from map(_account, accounts(audit))
    for severity in WORST_FIRST:
        yield _findings(audit, severity, folder)
    yield _people(accounts(audit))
    yield _roles(accounts(audit))
    yield from _documents(audit, folder)
    lived_with = [
        f"{_finding(each.finding, folder)}\n  Suppressed: {_prose(each.reason)}"
        for each in suppressed(audit)
    ]
    yield _Section("## Suppressed\n", lived_with, "suppressed finding")
    yield _Section("## Notes\n", [_error(note, folder) for note in audit.notes], "note")


def _findings(audit: Audit, severity: Severity, folder: str) -> _Section:
    found = list(causes(f for f in audit.findings if f.severity == severity))
    sizes = [len(cause.findings) for cause in found]
    head = f"## {str(severity).capitalize()} ({sum(sizes):,})\n"
    return _Section(head, [_cause(cause, folder) for cause in found], "finding", sizes=sizes)


def _cause(cause: Cause, folder: str) -> str:
    names = ", ".join(map(_code, cause.names))
    more = f" and {cause.unnamed:,} more" if cause.unnamed else ""
    users = f"\n  Users: {names}{more}." if names else ""
    said = _finding(cause.first, folder, cause.about)
    return f"{said}{users}\n  Fix: {_prose(cause.first.fix)}"


def _finding(f: Finding, folder: str, about: str = "") -> str:
    named = [_code(text) for text in (about or f.document, f.sid) if text]
    said = f" ({', '.join(named)})" if named else ""
    place = _code(f"{relative(f.file, folder)}:{f.line}:{f.column}")
    return f"- **{_text(f.rule)}** {place}{said}: {_prose(f.message)}"


def _error(error: GenError, folder: str) -> str:
    hint = f"; {_prose(error.hint)}" if error.hint else ""
    if error.where is None:
        return f"- {_prose(error.problem)}{hint}"
    where = error.where._replace(path=relative(error.where.path, folder))
    return f"- {_code(str(where))}: {_prose(error.problem)}{hint}"


def _account(account: Account) -> _Section:
    """What a manager reads: a line a number."""
    head = f"## Account {_code(account.account)}\n".replace(" \n", "\n")
    return _Section(head, [f"- {line}" for line in counts_in_words(account)], "line")


def _people(found: list[Account]) -> _Section:
    """Everybody, the worst first."""
    everybody = [(account, person) for account in found for person in people(account)]
    everybody.sort(key=lambda each: -weight_of(each[1], each[0]))
    heads = ("account", "name", "first sign-in", "enrolment", "access key", "console", "problem")
    rows = [_row((_code(account.account), *_person(person))) for account, person in everybody]
    return _Section(f"## People\n\n{_heads(heads)}", rows, "person", "people")


def _person(p: Person) -> Sequence[str]:
    return (
        _code(p.name),
        _text(words("first_login", p.first_login)),
        _text(words("enrolment", p.enrolment)),
        _text(words("access_key_without_mfa", p.access_key_without_mfa)),
        _text(words("console_without_mfa", p.console_without_mfa)),
        _prose(problems(p)),
    )


def _roles(found: list[Account]) -> _Section:
    rows = [
        _row((_code(account.account), _code(role.name), _prose(role.how)))
        for account in found
        for role in open_roles(account)
    ]
    head = f"## Roles assumed without MFA\n\n{_heads(('account', 'role', 'how'))}"
    return _Section(head, rows, "role")


def _documents(audit: Audit, folder: str) -> Iterator[_Section]:
    """A table for each set of questions that documents answer, the bad ones first."""
    for table in tables(audit):
        asked = [_QUESTIONS.get(q, words(q, q)) for q in table.questions]
        heads = ("document", "kind", *asked, *(["enrolment"] if table.enrols else []))
        rows = [_row(_record(r, table.questions, table.enrols, folder)) for r in table.records]
        title = _TITLES.get(table.questions, "Documents")
        after = f"\n{_text(OPEN)}\n" if shows_open(table.records) else ""
        head = f"## {title}\n\n{_heads(heads)}"
        yield _Section(head, rows, "document", after=after)
    if said := without_say(audit):
        yield _Section("", [said], "line")


def _record(r: Record, questions: tuple[str, ...], enrols: bool, folder: str) -> Iterator[str]:
    file = relative(r.file, folder)
    yield _code(f"{file}: {r.name}" if r.name else file)
    yield _text(r.kind)
    yield from (_text(words(question, r.verdicts[question])) for question in questions)
    if enrols:
        yield _text(enrolment(r.verdicts))


def _heads(cells: Sequence[str]) -> str:
    return f"{_row(map(_text, cells))}\n{_row('---' for _ in cells)}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


# What has a meaning in Markdown, HTML or a formula.
_SPECIAL: Final = re.compile(r"[&<>|`*_~\[\]\\$#]")
# GitHub makes links of these, to people, to issues and to the web.
_LINKED: Final = re.compile(r"(@|&#35;)(?=\w)|(?<=www)(?=\.)|(?=://)")


def _text(text: str) -> str:
    """Words that nothing is made of: no markup, and no link."""
    return _LINKED.sub(r"\1&#8203;", _escaped(text))


def _code(text: str) -> str:
    """A name of somebody's, or a part of a policy. Inside `<code>` no links are made."""
    return f"<code>{_escaped(text)}</code>" if text else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", one_line(text))


def _prose(text: str) -> str:
    """A message of ours, where what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    parts[::2] = map(_text, parts[::2])
    parts[1::2] = map(_code, parts[1::2])
    return "".join(parts)
