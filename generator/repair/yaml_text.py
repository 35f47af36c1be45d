"""Edits of documents made in YAML text: lines are added, taken out or changed; comments stay."""

import re
from collections.abc import Mapping
from typing import Any, Final

from generator.errors import GenError
from generator.found import Spans
from generator.inputs.yaml_text import parse
from generator.positions import Place, Span
from generator.repair.align import NotWrittenError, items, members
from generator.repair.made import copies, made
from generator.repair.text import Rewrite, Writer, written

# What needs no quotation marks anywhere, and is text.
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_/.*-]|:(?=[A-Za-z0-9*:/]))*")
# The same outside of brackets.
_PLAIN_IN_LINE: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_/.*${},+=@-]|:(?=[A-Za-z0-9*:/]))*")
_NOT_TEXT: Final = frozenset("true false yes no on off y n null".split())


def read(text: str) -> Any:
    """What a file says, with the functions of a template spelled out.

    Raises:
        NotWrittenError: not YAML, or a key stands in it twice.
    """
    try:
        parsed = parse(text, "")
    except GenError as error:
        raise NotWrittenError(error.problem) from error
    if parsed.twice:
        raise NotWrittenError(f"the key `{parsed.twice[0][-1]}` stands twice in one object")
    return parsed.data


def replacements(spans: Spans, document: Rewrite) -> list[tuple[int, int, str]]:
    """The pieces of the text that an edit changes: start, end and what to write there."""
    known = made(written(spans, document.root), document.before)
    editor = _Editor(spans, document.root, copies(known, spans, document.root))
    editor.value((), document.before, document.after)
    return editor.pieces


class _Editor:
    """Finds what to change in the text, from the places of its keys and its values."""

    def __init__(self, spans: Spans, root: Place, known: dict[str, tuple[str, str]]) -> None:
        self.text, self.root, self.known = spans.text, root, known
        self.keys: Mapping[Place, Span] = spans.keys
        self.values: Mapping[Place, Span] = spans.values
        self.around = {place[:-1] for place in spans.values if place}
        self.spans = spans
        self.pieces: list[tuple[int, int, str]] = []
        self.line_end = "\r\n" if "\r\n" in spans.text else "\n"

    def value(self, place: Place, before: Any, after: Any) -> None:
        """Note what changes at a place."""
        if before == after and type(before) is type(after):
            return
        start, end = self.values[(*self.root, *place)]
        if self._is_flow(place):
            writer = Writer(self.spans, self.root, self._bracketed)
            self.pieces.append((start, end, writer.value(place, before, after)))
        elif isinstance(before, dict) and isinstance(after, dict):
            self._mapping(place, before, after)
        elif isinstance(before, list) and isinstance(after, list):
            self._sequence(place, before, after)
        elif isinstance(before, dict | list):
            self._statement_to_list(place, before, after)
        else:
            self._scalar(place, (start, end), after)

    def _scalar(self, place: Place, span: Span, after: Any) -> None:
        quote = self._quote(span)
        if isinstance(after, list):
            if self._lists_in_lines() and not self._comment_after(span[1]) and place:
                column = self._column(self.keys[(*self.root, *place)][0]) + self._dash()
                key_end = self.keys[(*self.root, *place)][1]
                colon = self.text.index(":", key_end) + 1
                lines = [f"{' ' * column}- {self._text(item, quote)}" for item in after]
                text = self.line_end + self.line_end.join(lines)
                self.pieces.append((colon, span[1], text))
                return
            text = ", ".join(self._bracketed(item, quote) for item in after)
            self.pieces.append((*span, f"[{text}]"))
            return
        self.pieces.append((*span, self._text(after, quote)))

    def _statement_to_list(self, place: Place, before: Any, after: Any) -> None:
        raise NotWrittenError("the document has one statement that is no list; make it a list")

    def _mapping(self, place: Place, before: dict[str, Any], after: dict[str, Any]) -> None:
        kept = members(before, after)
        old_names = {old for old, _ in kept}
        for name in before:
            if name not in old_names:
                self._take_out((*place, name), self.keys[(*self.root, *place, name)][0])
        last = None
        column = self._column(self.keys[(*self.root, *place, next(iter(before)))][0])
        first = self.keys[(*self.root, *place, next(iter(before)))][0]
        for old, new in kept:
            if old is None:
                lines = self._lines({new: after[new]}, column)
                if last is None:
                    text = self.line_end.join(lines).lstrip() + self.line_end + " " * column
                    self.pieces.append((first, first, text))
                else:
                    self._insert_after((*place, last), lines)
                continue
            last = old
            span = self.keys[(*self.root, *place, old)]
            if old != new:
                self.pieces.append((*span, _scalar(new, self._quote(span))))
            self.value((*place, old), before[old], after[new])

    def _sequence(self, place: Place, before: list[Any], after: list[Any]) -> None:
        column = self._column(self._dash_of(place, 0))
        found = items(before, after)
        kept = {number for number, _ in found if number is not None}
        for gone in sorted({*range(len(before))} - {*kept}):
            self._take_out((*place, gone), self._dash_of(place, gone))
        quote = self._quote(self.values[(*self.root, *place, 0)])
        last: int | None = None
        waiting: list[str] = []
        for number, item in found:
            if number is None:
                lines = self._item(item, column, quote)
                if last is None:
                    waiting += lines
                else:
                    self._insert_after((*place, last), lines)
                continue
            if waiting:
                start = self.text.rfind("\n", 0, self._dash_of(place, number)) + 1
                self.pieces.append((start, start, "".join(w + self.line_end for w in waiting)))
                waiting = []
            last = number
            self.value((*place, number), before[number], item)

    def _item(self, item: Any, column: int, quote: str) -> list[str]:
        if isinstance(item, dict):
            first, *others = self._lines(item, column + 2)
            return [f"{' ' * column}- {first.lstrip()}", *others]
        return [f"{' ' * column}- {self._text(item, quote)}"]

    def _lines(self, value: dict[str, Any], column: int) -> list[str]:
        """The lines of a mapping whose keys start in a column."""
        found: list[str] = []
        for key, item in value.items():
            start = f"{' ' * column}{_scalar(key, '')}:"
            if isinstance(item, dict):
                found += [start, *self._lines(item, column + self._unit())]
            elif isinstance(item, list) and self._lists_in_lines():
                dash = " " * (column + self._dash())
                found += [start, *(f"{dash}- {self._text(each, '')}" for each in item)]
            elif isinstance(item, list):
                inner = ", ".join(self._bracketed(each, "") for each in item)
                found.append(f"{start} [{inner}]")
            else:
                found.append(f"{start} {self._text(item, '')}")
        return found

    def _insert_after(self, place: Place, lines: list[str]) -> None:
        """Add lines after the last line of what is at a place."""
        end = self._line_end(self._last(place))
        self.pieces.append((end, end, "".join(self.line_end + line for line in lines)))

    def _take_out(self, place: Place, start: int) -> None:
        """Take the lines out that something stands on alone."""
        line = self.text.rfind("\n", 0, start) + 1
        if self.text[line:start].strip():
            raise NotWrittenError("what would go stands in a line with something else")
        end = self._line_end(self._last(place))
        if end == len(self.text):
            self.pieces.append((max(line - len(self.line_end), 0), end, ""))
        else:
            self.pieces.append((line, end + len(self.line_end), ""))

    def _last(self, place: Place) -> int:
        """Where the last value of what is at a place ends."""
        full = (*self.root, *place)
        ends = [
            end
            for found, (_, end) in self.values.items()
            if found[: len(full)] == full and self._is_leaf(found)
        ]
        end = max(ends)
        while self.text[end - 1] in "\r\n":
            end -= 1
        return end

    def _line_end(self, offset: int) -> int:
        """Where the line of an offset ends, its line end not included."""
        found = self.text.find("\n", offset)
        found = len(self.text) if found < 0 else found
        return (
            found - 1 if self.text[found - 1 : found] == "\r" and found < len(self.text) else found
        )

    def _is_leaf(self, place: Place) -> bool:
        start, end = self.values[place]
        if self.text[start] in "[{":
            return True
        return place not in self.around or start == end

    def _is_flow(self, place: Place) -> bool:
        return self.text[self.values[(*self.root, *place)][0]] in "[{"

    def _dash_of(self, place: Place, number: int) -> int:
        """Where the dash of an item stands."""
        start = self.values[(*self.root, *place, number)][0]
        line = self.text.rfind("\n", 0, start) + 1
        dash = self.text.rfind("-", line, start)
        if dash < 0 or self.text[line:dash].strip(" "):
            raise NotWrittenError("an item of a list does not stand in the line of its dash")
        return dash

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1

    def _quote(self, span: Span) -> str:
        first = self.text[span[0] : span[0] + 1]
        return first if first in ("'", '"') else ""

    def _comment_after(self, offset: int) -> bool:
        return "#" in self.text[offset : self._line_end(offset)]

    def _unit(self) -> int:
        """How far keys are indented under keys."""
        for place, span in self.keys.items():
            above = self.keys.get(place[:-1])
            if above and place[: len(self.root)] == self.root:
                start = self.values[place[:-1]][0]
                if self.text[start] not in "[{":
                    return max(self._column(span[0]) - self._column(above[0]), 1)
        return 2

    def _dash(self) -> int:
        """How far dashes are indented under the key of their list."""
        for place, span in self.keys.items():
            if place[: len(self.root)] == self.root and (*place, 0) in self.values:
                if self.text[self.values[place][0]] in "[{":
                    continue
                return max(
                    self._column(self._dash_of(place[len(self.root) :], 0)) - self._column(span[0]),
                    0,
                )
        return 2

    def _lists_in_lines(self) -> bool:
        """Whether the lists of texts have an item a line; the first that there is tells."""
        for place in self.keys:
            is_list = place[: len(self.root)] == self.root and (*place, 0) in self.values
            if is_list and (*place, 0, "Effect") not in self.values:
                return self.text[self.values[place][0]] not in "[{"
        return True

    def _text(self, value: Any, quote: str) -> str:
        """A value as it is written in a line of its own."""
        return self.known[value][0] if value in self.known else _scalar(value, quote)

    def _bracketed(self, value: Any, like: str) -> str:
        return self.known[value][1] if value in self.known else _in_brackets(value, like)


def _in_brackets(value: Any, like: str) -> str:
    """A value as it is written inside brackets, where its neighbour is written like that."""
    return _scalar(value, like[:1] if like[:1] in ("'", '"') else "", _PLAIN)


def _scalar(value: Any, quote: str, plain: re.Pattern[str] = _PLAIN_IN_LINE) -> str:
    """A value as YAML has it, in the quotation marks of its neighbours, or as few as will do."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not quote and plain.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    import json

    return json.dumps(text)
