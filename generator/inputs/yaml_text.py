"""YAML as CloudFormation reads it: scalars are text, and short forms (`!Sub`) are spelled out.

PyYAML parses. Its loaders make dates of versions and octal numbers of account ids, know no short
form, and lose all places; so events are read one by one, as `generator.document` does.
"""

import re
from bisect import bisect_right
from functools import cached_property
from typing import Any, Final, Literal, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from generator.errors import GenError, Where
from generator.inputs.parsed import MAX_DEPTH, Parsed
from generator.positions import Place, Span

MAX_VALUES: Final = 500_000
_LOADER: Final = getattr(yaml, "CLoader", yaml.Loader)
_CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
# Short forms whose long form does not begin with `Fn::`.
_WITHOUT_FN: Final = ("Ref", "Condition")


class YamlPositions:
    """Where each value of a YAML text stands; see `found.Spans`.

    A short form has its own place, and under it that of the long form's only key.
    """

    form: Literal["json", "yaml"] = "yaml"

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[Place, Span] = {}
        self.keys: dict[Place, Span] = {}

    def mark(self, place: Place, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a value (or its key), or of the nearest thing around it."""
        if key and place in self.keys:
            return self.at(self.keys[place][0])
        while place and place not in self.values:
            place = place[:-1]
        return self.at(self.values.get(place, (0, 0))[0])

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        row = bisect_right(self._starts, offset) - 1
        return row + 1, offset - self._starts[row] + 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\r\n|[\r\n]", self.text))]


def parse(text: str, label: str) -> Parsed:
    """Read one YAML document.

    Raises:
        GenError: not YAML, at its line and column; or more in it than anybody writes.
    """
    builder = _Builder(text, label)
    try:
        events = _LOADER(text)
        while not builder.finished:
            builder.take(events.get_event())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index if mark else 0, len(text.rstrip()))
        where = Where(label, *YamlPositions(text).at(at))
        problem = f"not valid YAML: {error.problem or error.context}"
        raise GenError(problem, where=where, hint=_hint(text)) from error
    except yaml.reader.ReaderError as error:
        raise _no_character(text, label) from error
    source = builder.positions
    return Parsed(label, builder.data, lambda: source, tuple(dict.fromkeys(builder.twice)))


def _hint(text: str) -> str:
    if "\t" in text:
        return "indent with spaces, not tabs"
    return "look just before it for a bracket or quote that is not closed, or uneven indentation"


def _no_character(text: str, label: str) -> GenError:
    """The first character that YAML does not allow. Source: YAML 1.1, section 5.1."""
    found = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    where = Where(label, *YamlPositions(text).at(found.start())) if found else Where(label)
    name = f"the character U+{ord(found[0]):04X}" if found else "a character"
    return GenError(f"not valid YAML: {name} is not allowed", where=where, hint="take it out")


class _Builder:
    """Turns events into data.

    `stack` holds [container, its place, the key that is waiting, the value that it is or is in].
    """

    def __init__(self, text: str, label: str) -> None:
        self.positions, self.label = YamlPositions(text), label
        self.data: Any = None
        self.twice: list[Place] = []
        self.finished = False
        self.stack: list[list[Any]] = []
        self.anchors: dict[str, Any] = {}
        self.count = self.documents = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            self._scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self._open(event, {} if kind is MappingStartEvent else [])
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self._close(event)
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is StreamEndEvent:
            self.finished = True
        elif kind is DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self._fail(event, "a second document starts here", "keep one document in a file")

    def _scalar(self, event: Any) -> None:
        if self._takes_key():
            self._key(event)
            return
        value: Any = event.value
        if event.implicit[0] and value in _CONSTANTS:
            value = _CONSTANTS[value]
        value = self._spelled_out(event, value)
        self._put(event, value)
        if event.anchor:
            self.anchors[event.anchor] = value

    def _takes_key(self) -> bool:
        return bool(self.stack) and type(self.stack[-1][0]) is dict and self.stack[-1][2] is None

    def _key(self, event: Any) -> None:
        container, around, *_ = self.stack[-1]
        place = (*around, event.value)
        if event.value in container:
            self.twice.append(place)
        self.stack[-1][2] = event.value
        self.positions.keys[place] = (event.start_mark.index, event.end_mark.index)

    def _spelled_out(self, event: Any, value: Any) -> Any:
        """A value with a short form's tag in its long form."""
        name = _function(event.tag)
        return {name: value} if name else value

    def _open(self, event: Any, container: Any) -> None:
        if self._takes_key():
            self._fail(event, "a key here is not text", "a key is one plain word")
        if len(self.stack) >= MAX_DEPTH // 2:
            self._fail(event, f"nested more than {MAX_DEPTH // 2} levels deep", "flatten it")
        value = self._spelled_out(event, container)
        place = self._put(event, value)
        if event.anchor:
            self.anchors[event.anchor] = value
        if name := _function(event.tag):
            place = (*place, name)
        self.stack.append([container, place, None, value])

    def _close(self, event: Any) -> None:
        """A block ends where its last value does, not at whatever comes next."""
        container, place, *_ = self.stack.pop()
        values = self.positions.values
        start, end = values[place][0], event.end_mark.index
        if event.start_mark.index == end and container:
            last = next(reversed(container)) if type(container) is dict else len(container) - 1
            end = values[(*place, last)][1]
        values[place] = (start, max(start, end))
        if place and place not in self.positions.keys and isinstance(place[-1], str):
            values[place[:-1]] = values[place]

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._fail(event, f"`*{event.anchor}` names no anchor above it", "write the value out")
        value = self.anchors[event.anchor]
        if any(value is frame[3] for frame in self.stack):
            self._fail(event, f"`*{event.anchor}` contains itself", "write the value out")
        if self._takes_key():
            self._fail(event, "a key here is not text", "a key is one plain word")
        self._count_all(event, value, len(self.stack))
        self._put(event, value)

    def _count_all(self, event: Any, value: Any, depth: int) -> None:
        """Count everything under an alias again: a few of them can stand for billions."""
        if depth > MAX_DEPTH // 2:
            self._fail(event, f"nested more than {MAX_DEPTH // 2} levels deep", "flatten it")
        items = value.values() if type(value) is dict else value if type(value) is list else ()
        for item in items:
            self._count(event)
            self._count_all(event, item, depth + 1)

    def _put(self, event: Any, value: Any) -> Place:
        self._count(event)
        place: Place = ()
        if not self.stack:
            self.data = value
        else:
            container, around, waiting, _ = self.stack[-1]
            if type(container) is list:
                place = (*around, len(container))
                container.append(value)
            else:
                place = (*around, waiting)
                container[waiting] = value
                self.stack[-1][2] = None
        span = (event.start_mark.index, event.end_mark.index)
        self.positions.values[place] = span
        if name := _function(getattr(event, "tag", None)):
            self.positions.values[(*place, name)] = span
        return place

    def _count(self, event: Any) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            self._fail(event, f"more than {MAX_VALUES:,} values", "split the file")

    def _fail(self, event: Any, problem: str, hint: str) -> NoReturn:
        where = Where(self.label, *self.positions.at(event.start_mark.index))
        raise GenError(problem, where=where, hint=hint)


def _function(tag: str | None) -> str:
    """The name of the function that a tag is the short form of, "" of none."""
    if not tag or not tag.startswith("!") or tag == "!":
        return ""
    return tag[1:] if tag[1:] in _WITHOUT_FN else f"Fn::{tag[1:]}"
