"""YAML text as plain data, with the place of every value.

Scalars are read as typed: plain `true`, `false`, `null` and decimal integers are what YAML 1.2
calls them, everything else is text. A plain scalar that other YAML readers would take for an octal
number is refused, so that a profile means the same to every tool that reads it.
"""

import re
from typing import Any, Final, NoReturn

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

from generator.errors import GenError, GenErrors, Where

MAX_VALUES: Final = 20_000
MAX_DEPTH: Final = 32

Key = str | int
Place = tuple[Key, ...]
Mark = tuple[int, int]

_LOADER: Final = getattr(yaml, "CLoader", yaml.Loader)
_BREAKS: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_OCTAL: Final = re.compile(r"[-+]?0[0-9_]+|0o[0-7]+")
_CONSTANTS: Final[dict[str, bool | None]] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
}


class Document:
    """Parsed data and, for every place in it, where its value and its key start (from 1).

    `typed` has the text of each scalar that was not read as text, as it stands in the file.
    `errors` is what is wrong and can still be read: whoever parses may find more behind it.
    """

    __slots__ = ("data", "errors", "keys", "path", "typed", "values")

    def __init__(self, path: str) -> None:
        self.path = path
        self.data: Any = None
        self.values: dict[Place, Mark] = {}
        self.keys: dict[Place, Mark] = {}
        self.typed: dict[Place, str] = {}
        self.errors: list[GenError] = []

    def where(self, place: Place, *, key: bool = False) -> Where:
        """The place of a value (or its key), or of the nearest thing around it that exists."""
        marks = self.keys if key else self.values
        while place and place not in marks:
            place = place[:-1]
            marks = self.values
        return Where(self.path, *marks.get(place, (1, 1)))


def parse(text: str, label: str) -> Document:
    """Parse one YAML (or JSON) document.

    Raises:
        GenErrors or GenError: each at its line and column.
    """
    document = parse_on(text, label)
    if document.errors:
        raise GenErrors(document.errors) if len(document.errors) > 1 else document.errors[0]
    return document


def parse_on(text: str, label: str) -> Document:
    """Parse one document as far as it can be read; `errors` has what is wrong so far.

    Events are read one by one instead of building nodes: the C composer recurses and a file of
    nested brackets would crash the process, and aliases must be counted as they expand.

    Raises:
        GenError: what makes reading on pointless, at its line and column.
    """
    builder = _Builder(label)
    kind = "JSON" if label.endswith(".json") else "YAML"
    try:
        events = _LOADER(text)
        while not builder.finished:
            builder.take(events.get_event())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _inside(text, label, mark.line, mark.column) if mark else Where(label)
        raise GenError(
            f"not valid {kind}: {error.problem}", where=where, hint=_hint(error, text)
        ) from error
    except yaml.reader.ReaderError as error:
        # libyaml counts bytes.
        at = len(text.encode()[: error.position].decode(errors="ignore"))
        above = _BREAKS.split(text[:at])
        raise GenError(
            f"not valid {kind}: the character U+{ord(text[at]):04X} is not allowed",
            where=Where(label, len(above), len(above[-1]) + 1),
            hint="take it out",
        ) from error
    return builder.document


def _inside(text: str, label: str, line: int, column: int) -> Where:
    """A place as libyaml counts it, from 0, which may be on a line after the last."""
    lines = _BREAKS.split(text)
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    return Where(label, line + 1, column + 1)


def _hint(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or ""
    if "\t" in text:
        return "indent with spaces, not tabs"
    if "start any token" in problem or "mapping values" in problem:
        return "put the text in quotes"
    if (
        error.context_mark
        and error.problem_mark
        and (error.context_mark.line != error.problem_mark.line)
    ):
        line = error.context_mark.line + 1
        return f"close the bracket or quote, or mend the indentation, of what begins on line {line}"
    return "look just before it for a bracket or quote that is not closed, or uneven indentation"


class _Builder:
    """Turns events into data. `stack` holds (container, its place, the key that is waiting)."""

    def __init__(self, label: str) -> None:
        self.document = Document(label)
        self.stack: list[tuple[Any, Place, list[Any]]] = []
        self.anchors: dict[str, tuple[Any, Place]] = {}
        self.count = 0
        self.documents = 0
        self.finished = False

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            self._scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self._open(event, {} if kind is MappingStartEvent else [])
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self._close()
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is StreamEndEvent:
            self.finished = True
        elif kind is DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self._fail(event, "a second document starts here", "keep one document in a file")

    def _scalar(self, event: Any) -> None:
        stack = self.stack
        if event.tag is not None:
            self._tagged(event)
        if stack and type(stack[-1][0]) is dict and not stack[-1][2]:
            self._key(event)
            return
        value: Any = event.value
        if event.implicit[0]:
            if value in _CONSTANTS:
                value = _CONSTANTS[value]
            elif _INTEGER.fullmatch(value):
                value = int(value) if len(value) <= 20 else value
            elif _OCTAL.fullmatch(value):
                self._note(
                    event,
                    f"`{value}` starts with 0 and other YAML readers take it for an octal number",
                    f'put it in quotes: "{value}"',
                )
        place = self._put(event, value)
        if type(value) is not str:
            self.document.typed[place] = event.value
        if event.anchor:
            self.anchors[event.anchor] = (value, place)

    def _key(self, event: Any) -> None:
        container, place, waiting = self.stack[-1]
        name = event.value
        if name in container:
            line = self.document.keys[(*place, name)][0]
            self._note(
                event, f"the key `{name}` stands twice", f"keep one; the other is on line {line}"
            )
        if event.anchor:
            self._note(event, "a key cannot carry an anchor", "put the anchor on a value")
        waiting.append(name)
        mark = event.start_mark
        self.document.keys.setdefault((*place, name), (mark.line + 1, mark.column + 1))

    def _tagged(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(event, f"`{tag}` is a tag, which has no meaning here", "take it out")

    def _open(self, event: Any, container: Any) -> None:
        if event.tag is not None:
            self._tagged(event)
        if len(self.stack) >= MAX_DEPTH:
            self._fail(event, f"nested more than {MAX_DEPTH} levels deep", "flatten it")
        place = self._put(event, container)
        self.stack.append((container, place, []))
        if event.anchor:
            self.anchors[event.anchor] = (container, place)

    def _close(self) -> None:
        self.stack.pop()

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._fail(event, f"`*{event.anchor}` names no anchor above it", "write the value out")
        value, source = self.anchors[event.anchor]
        if any(value is container for container, _, _ in self.stack):
            self._fail(event, f"`*{event.anchor}` contains itself", "write the value out")
        self._copy(event, value, source, self._put(event, value))

    def _copy(self, event: Any, value: Any, source: Place, place: Place) -> None:
        """Give everything under an alias the place where the alias stands, counting it again."""
        items: Any = ()
        if type(value) is dict:
            items = value.items()
        elif type(value) is list:
            items = enumerate(value)
        elif source in self.document.typed:
            self.document.typed[place] = self.document.typed[source]
        if len(place) > MAX_DEPTH:
            self._fail(event, f"nested more than {MAX_DEPTH} levels deep", "flatten it")
        for key, item in items:
            self._count(event)
            self._copy(event, item, (*source, key), (*place, key))

    def _put(self, event: Any, value: Any) -> Place:
        self._count(event)
        if not self.stack:
            place: Place = ()
            self.document.data = value
        else:
            container, around, waiting = self.stack[-1]
            if type(container) is list:
                place = (*around, len(container))
                container.append(value)
            elif waiting:
                key = waiting.pop()
                place = (*around, key)
                container[key] = value
            else:
                self._fail(event, "a key here is not text", "a key is one plain word")
        mark = event.start_mark
        self.document.values[place] = (mark.line + 1, mark.column + 1)
        return place

    def _count(self, event: Any) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            self._fail(
                event, f"expands to more than {MAX_VALUES:,} values", "write out what is needed"
            )

    def _note(self, event: Any, problem: str, hint: str) -> None:
        """Something wrong that does not keep the rest from being read."""
        self.document.errors.append(self._error(event, problem, hint))

    def _fail(self, event: Any, problem: str, hint: str) -> NoReturn:
        raise self._error(event, problem, hint)

    def _error(self, event: Any, problem: str, hint: str) -> GenError:
        mark = event.start_mark
        where = Where(self.document.path, mark.line + 1, mark.column + 1)
        return GenError(problem, where=where, hint=hint)
