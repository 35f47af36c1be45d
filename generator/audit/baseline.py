"""Findings that are there already and are lived with for now, so that new ones stand out.

A finding is known again by its rule, file, document, Sid and message with the numbers taken out:
it may move to another line. As many as there were are known; one more of the same is new.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from generator.audit.places import relative
from generator.audit.summary import ordered
from generator.errors import GenError, GenErrors, Where
from generator.findings import Finding
from generator.grammar import loads
from generator.policy import PolicyError
from generator.positions import Place, Positions

VERSION: Final = 1
_NUMBERS: Final = re.compile(r"\d+")
_COUNT: Final = re.compile("[1-9][0-9]{0,8}")
_HINT: Final = "write it anew with gen audit --write-baseline"


class Fingerprint(Struct, frozen=True, order=True):
    """What a finding is known again by. `message` has `N` for each number."""

    rule: str
    file: str
    document: str
    sid: str
    message: str


class Entry(Struct, frozen=True):
    """Findings of a baseline that are the same, how many, and where that is written."""

    fingerprint: Fingerprint
    count: int
    where: Where


def fingerprint(finding: Finding, folder: str = "") -> Fingerprint:
    """What a finding is known again by, with its file as it is called from `folder`."""
    return Fingerprint(
        rule=finding.rule,
        file=relative(finding.file, folder),
        document=finding.document,
        sid=finding.sid,
        message=_NUMBERS.sub("N", finding.message),
    )


def write(findings: Iterable[Finding], folder: str = "") -> str:
    """The text of a baseline that knows these findings."""
    counts = Counter(fingerprint(finding, folder) for finding in findings)
    entries = [
        {name: getattr(each, name) for name in each.__struct_fields__} | {"count": counts[each]}
        for each in sorted(counts)
    ]
    return json.dumps({"version": VERSION, "findings": entries}, indent=2) + "\n"


def read(text: str, label: str) -> tuple[Entry, ...]:
    """The entries of a baseline.

    Raises:
        GenErrors or GenError: it is not one, with the place of each mistake.
    """
    try:
        data = loads(text)
    except PolicyError as error:
        raise _unreadable(error, label) from error
    positions = Positions(text)
    found, errors = [], []
    for place, what in _entries(data):
        where = Where(label, *positions.mark(place))
        if isinstance(what, str):
            errors.append(GenError(what, where=where, hint=_HINT))
        else:
            values = {name: what[name] for name in Fingerprint.__struct_fields__}
            found.append(Entry(Fingerprint(**values), int(what["count"]), where))
    if errors:
        raise GenErrors(errors) if len(errors) > 1 else errors[0]
    return tuple(found)


def split(
    findings: Iterable[Finding], baseline: Iterable[Entry], folder: str = ""
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Entry, ...]]:
    """The findings that are new, those that are known, and the entries that are gone.

    Of findings that are the same the first ones, by place, are known. An entry that is partly gone
    has the count of what is.
    """
    entries = tuple(baseline)
    left = Counter[Fingerprint]()
    for entry in entries:
        left[entry.fingerprint] += entry.count
    new: list[Finding] = []
    known: list[Finding] = []
    for finding in ordered(findings):
        each = fingerprint(finding, folder)
        (known if left[each] else new).append(finding)
        left[each] -= min(left[each], 1)
    return tuple(new), tuple(known), tuple(_gone(entries, left))


def as_notes(gone: Iterable[Entry]) -> tuple[GenError, ...]:
    """What to tell people of entries that are gone."""
    return tuple(
        GenError(
            f"the baseline knows {each.count:,} of {each.fingerprint.rule} in "
            f"`{each.fingerprint.file}` that {'is' if each.count == 1 else 'are'} gone",
            where=each.where,
            hint=_HINT,
        )
        for each in gone
    )


def _unreadable(error: PolicyError, label: str) -> GenError:
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        where = Where(label, cause.lineno, cause.colno)
        return GenError("a baseline that is not JSON", where=where, hint=_HINT)
    return GenError(f"not a baseline: {error.problem}", where=Where(label), hint=_HINT)


def _gone(entries: Iterable[Entry], left: Counter[Fingerprint]) -> Iterator[Entry]:
    for entry in entries:
        count = min(left[entry.fingerprint], entry.count)
        left[entry.fingerprint] -= count
        if count:
            yield Entry(entry.fingerprint, count, entry.where)


def _entries(data: Any) -> Iterator[tuple[Place, dict[str, Any] | str]]:
    """Each entry with its place, or what is wrong with it in words."""
    if not isinstance(data, dict) or not isinstance(data.get("findings"), list):
        yield (), "not a baseline of gen audit"
        return
    if str(data.get("version")) != str(VERSION):
        yield ("version",), "a baseline of another version of gen"
        return
    for i, entry in enumerate(data["findings"]):
        place: Place = ("findings", i)
        if not isinstance(entry, dict):
            yield place, "not an entry of a baseline"
            continue
        wrong = [name for name in Fingerprint.__struct_fields__ if type(entry.get(name)) is not str]
        for name in wrong:
            yield (*place, name), f"`{name}` is missing or not text"
        if not _is_count(entry.get("count")):
            yield (*place, "count"), "`count` is not a number from 1"
        elif not wrong:
            yield place, entry


def _is_count(value: object) -> bool:
    # `grammar.loads` keeps a number as the text it was, of a type of its own.
    return type(value) not in (bool, str) and bool(_COUNT.fullmatch(str(value)))
