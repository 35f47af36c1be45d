"""Findings that somebody decided to live with: `.gen-audit.yaml`, a list that gives reasons.

- rule: GEN010
  file: policies/legacy-*.json    # optional: `*` is any text, `/` too
  sid: DenyUnlessMfa              # optional
  document: group developers, inline policy Mfa    # optional: inside the file
  reason: no access keys exist in this account, and an SCP keeps it so
  expires: 2027-01-31             # optional: the last day
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from generator.audit.places import relative
from generator.audit.result import Suppressed
from generator.errors import GenError, GenErrors, Where
from generator.findings import Finding
from generator.rules import RULES, rule_of

if TYPE_CHECKING:
    from generator.document import Document

FILE: Final = ".gen-audit.yaml"
_KEYS: Final = ("rule", "file", "sid", "document", "reason", "expires")
_ALL_KEYS: Final = f"there are {', '.join(_KEYS)}"
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXAMPLE: Final = "each entry starts with `- rule: GEN...` and has a `reason`"


class Suppression(Struct, frozen=True, kw_only=True):
    """What is not shown as a finding, and why. None is "whichever"; `expires` is the last day."""

    rule: str
    reason: str
    file: str | None = None
    sid: str | None = None
    document: str | None = None
    expires: date | None = None
    where: Where = Where(FILE)

    def covers(self, finding: Finding, folder: str = "") -> bool:
        """Whether it is about a finding, whatever day it is."""
        return (
            self.rule == finding.rule
            and self.sid in (None, finding.sid)
            and self.document in (None, finding.document)
            and (self.file is None or self._names(finding.file, folder))
        )

    def is_over(self, today: date) -> bool:
        return self.expires is not None and today > self.expires

    def _names(self, file: str, folder: str) -> bool:
        """Whether a file, as it was given or as it is called from the folder, is meant."""
        assert self.file is not None
        pattern = self.file.removeprefix("./")
        known = (file, relative(file, folder))
        return pattern in known or any(fnmatchcase(name, pattern) for name in known)


def read(text: str, label: str) -> tuple[Suppression, ...]:
    """The suppressions of a file.

    Raises:
        GenErrors or GenError: everything that is wrong with it, each at its place.
    """
    from generator.document import parse_on

    document = parse_on(text, label)
    found, errors = [], list(document.errors)
    entries = [] if document.data is None else document.data
    if not isinstance(entries, list):
        errors.append(GenError("not a list", where=document.where(()), hint=_EXAMPLE))
        entries = []
    for number, entry in enumerate(entries):
        wrong = list(_wrong(document, number, entry))
        errors += wrong
        if not wrong:
            found.append(_suppression(document, number, entry))
    if errors:
        errors.sort(key=lambda error: error.where or Where(label))
        raise GenErrors(errors) if len(errors) > 1 else errors[0]
    return tuple(found)


def apply(
    findings: Iterable[Finding],
    suppressions: Iterable[Suppression],
    today: date,
    folder: str = "",
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...], tuple[Suppression, ...]]:
    """The findings that are left, those that are suppressed, and suppressions that do nothing.

    One that is over does nothing. Where several cover a finding, the first gives the reason, and
    all of them do something.
    """
    known = tuple(suppressions)
    valid = [each for each in known if not each.is_over(today)]
    left: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: set[int] = set()
    for finding in findings:
        covering = [each for each in valid if each.covers(finding, folder)]
        used.update(map(id, covering))
        if covering:
            suppressed.append(Suppressed(finding, covering[0].reason))
        else:
            left.append(finding)
    return tuple(left), tuple(suppressed), tuple(each for each in known if id(each) not in used)


def as_notes(unused: Iterable[Suppression], today: date) -> tuple[GenError, ...]:
    """What to tell people of suppressions that do nothing."""
    return tuple(
        (
            GenError(
                f"the suppression of {each.rule} was valid until {each.expires}",
                where=each.where,
                hint="mend what it is about and take it out, or set another date",
            )
            if each.is_over(today)
            else GenError(
                f"the suppression of {each.rule} matches nothing",
                where=each.where,
                hint="take it out, or correct what it names",
            )
        )
        for each in unused
    )


def _suppression(document: "Document", number: int, entry: dict[str, Any]) -> Suppression:
    texts = {name: _text(document, (number, name), entry[name]) for name in entry}
    rule, expires = rule_of(texts.pop("rule")), texts.pop("expires", None)
    assert rule is not None
    return Suppression(
        rule=rule.id,
        expires=date.fromisoformat(expires) if expires else None,
        where=document.where((number,)),
        reason=texts.pop("reason").strip(),
        **texts,
    )


def _text(document: "Document", place: tuple[int, str], value: object) -> str:
    """A value as it is written: a Sid may be `1` or `true`."""
    return value if isinstance(value, str) else document.typed.get(place, "")


def _wrong(document: "Document", number: int, entry: object) -> Iterator[GenError]:
    if not isinstance(entry, dict):
        yield GenError("not an entry", where=document.where((number,)), hint=_EXAMPLE)
        return
    for name in entry:
        if name not in _KEYS:
            where = document.where((number, name), key=True)
            yield GenError(f"unknown key `{name}`", where=where, hint=_near(name, _KEYS, _ALL_KEYS))
        elif problem := _wrong_value(name, entry[name], document, number):
            yield GenError(problem[0], where=document.where((number, name)), hint=problem[1])
    for name, hint in _REQUIRED.items():
        if name not in entry:
            yield GenError(f"no `{name}`", where=document.where((number,)), hint=hint)


_REQUIRED: Final = {
    "rule": "name the rule, as GEN010",
    "reason": "say why it is right to live with the finding",
}


def _wrong_value(
    name: str, value: object, document: "Document", number: int
) -> tuple[str, str] | None:
    """What is wrong with the value of a key that is known, and a hint."""
    if isinstance(value, dict | list):
        return f"`{name}` is not text", "write one text; an entry for each of several"
    text = _text(document, (number, name), value)
    if name == "sid" and value == "":
        return None  # A statement without one.
    if value is None or not text.strip():
        return f"`{name}` is empty", _REQUIRED.get(name, "take it out, or say what is meant")
    if name == "rule" and rule_of(text) is None:
        return f"no rule is called `{text}`", _near(
            text.upper(), [rule.id for rule in RULES], "gen rules lists them all"
        )
    if name == "expires" and not _is_date(text):
        return f"`{text}` is not a date", "write it as 2027-01-31"
    return None


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _near(name: str, known: Iterable[str], otherwise: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=20)
    # Ids differ in one digit from many others: the first digits say more than the last.
    near.sort(key=lambda each: (-_shared(name, each), each))
    return f"did you mean `{near[0]}`?" if near else otherwise


def _shared(one: str, other: str) -> int:
    """How many characters two names start with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
