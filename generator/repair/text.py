"""Edits of documents made in the text of their file: nothing else in it changes.

The text is put together anew from its own pieces; what is new is written as the file writes things
of its kind: lists in one line or one item a line, its indentation, its line ends.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from generator.errors import GenError
from generator.found import Spans
from generator.grammar import is_number, loads
from generator.positions import Place, Span
from generator.repair.align import NotWrittenError as NotWrittenError
from generator.repair.align import grafted, items, members
from generator.repair.edits import at, put
from generator.repair.made import copies, made
from generator.repair.style import indent_at, style_of


class Rewrite(NamedTuple):
    """A document at a place of a file, before and after an edit."""

    root: Place
    before: Any
    after: Any


def rewritten(spans: Spans, documents: Sequence[Rewrite]) -> str:
    """The text of a file with all of some documents edited, read again to be sure.

    Raises:
        NotWrittenError: an edit cannot be made there; nothing is to be written then.
    """
    expected = _read(spans.form, spans.text)
    for document in documents:
        now = _edited(at(expected, document.root), document)
        expected = put(expected, document.root, now) if document.root else now
    pieces = [piece for document in documents for piece in _replacements(spans, document)]
    text = spans.text
    # From the end; what is added at one place comes in the order in which it was noted.
    ordered = sorted(enumerate(pieces), key=lambda p: (p[1][0], p[1][1] > p[1][0], p[0]))
    for _, (start, end, new) in reversed(ordered):
        text = text[:start] + new + text[end:]
    if _read(spans.form, text) != expected:
        raise NotWrittenError("the edit does not come out as meant in the text of the file")
    return text


def check(spans: Spans, document: Rewrite) -> None:
    """The same for one document, without a second look at what comes of it.

    Raises:
        NotWrittenError: the edit cannot be made there.
    """
    _edited(written(spans, document.root), document)
    _replacements(spans, document)


def written(spans: Spans, root: Place) -> Any:
    """What a file says at a place: of a template, with its functions.

    Raises:
        NotWrittenError: the text cannot be read by itself.
    """
    return at(_read(spans.form, spans.text), root)


class Writer:
    """Puts the text of a value in brackets together anew, from pieces of the old and new ones."""

    def __init__(self, spans: Spans, root: Place, scalar: Callable[[Any, str], str]) -> None:
        # What writes a scalar, as its neighbour's text is written.
        self.text, self.values, self.keys = spans.text, spans.values, spans.keys
        self.root, self.scalar = root, scalar
        self.style = style_of(spans, root)

    def value(self, place: Place, before: Any, after: Any) -> str:
        """The text of what is at a place, after an edit."""
        start, end = self.values[(*self.root, *place)]
        if before == after and type(before) is type(after):
            return self.text[start:end]
        if isinstance(before, dict) and isinstance(after, dict):
            return self._object(place, before, after)
        if isinstance(before, list) and isinstance(after, list):
            return self._list(place, before, after)
        if isinstance(before, dict) and isinstance(after, list):
            # One statement that was no list: it stays as it is written.
            in_lines = "\n" in self.text[start:end]
            more = [self.new(item, self._indent(start), in_lines) for item in after[1:]]
            return f"[{self.style.comma.join([self.value(place, before, after[0]), *more])}]"
        in_lines = self._is_first_in_line(place)
        return self.new(after, self._indent(start), in_lines, self.text[start:end])

    def new(self, value: Any, indent: str, in_lines: bool = True, like: str = "") -> str:
        """The text of a new value, which starts in a line that is indented by `indent`."""
        many = in_lines and (self.style.lists if isinstance(value, list) else self.style.objects)
        if isinstance(value, list):
            inner = indent + self.style.unit
            pieces = [self.new(item, inner, in_lines, like) for item in value]
            return self._bracketed("[]", pieces, indent, many)
        if isinstance(value, dict):
            pieces = [
                self.scalar(key, self.style.key)
                + self.style.colon
                + self.new(item, indent + self.style.unit, in_lines)
                for key, item in value.items()
            ]
            return self._bracketed("{}", pieces, indent, many)
        return self.scalar(value, like)

    def _bracketed(self, brackets: str, pieces: list[str], indent: str, many: bool) -> str:
        first, last = brackets[0], brackets[1]
        if not many:
            return first + self.style.comma.join(pieces) + last
        inner = self.style.line_end + indent + self.style.unit
        return (
            first
            + inner
            + f"{self.style.line_comma}{inner}".join(pieces)
            + self.style.line_end
            + indent
            + last
        )

    def _object(self, place: Place, before: dict[str, Any], after: dict[str, Any]) -> str:
        pieces: list[tuple[Span | None, str]] = []
        for old, new in members(before, after):
            if old is None:
                inner = self._inner_indent(place, before)
                in_lines = self._has_lines(place)
                name = self.scalar(new, self.style.key)
                text = self.new(after[new], inner, in_lines)
                pieces.append((None, f"{name}{self.style.colon}{text}"))
                continue
            key = self.keys[(*self.root, *place, old)]
            value = self.values[(*self.root, *place, old)]
            name = self.text[slice(*key)]
            name = name if old == new else self.scalar(new, name)
            text = name + self.text[key[1] : value[0]]
            text += self.value((*place, old), before[old], after[new])
            pieces.append(((key[0], value[1]), text))
        spans = [
            (
                self.keys[(*self.root, *place, name)][0],
                self.values[(*self.root, *place, name)][1],
            )
            for name in before
        ]
        return self._joined(place, spans, pieces)

    def _list(self, place: Place, before: list[Any], after: list[Any]) -> str:
        spans = [self.values[(*self.root, *place, i)] for i in range(len(before))]
        pieces: list[tuple[Span | None, str]] = []
        for number, item in items(before, after):
            if number is None:
                inner = self._inner_indent(place, before)
                like = self.text[slice(*spans[0])]
                in_lines = self._has_lines(place, spans)
                pieces.append((None, self.new(item, inner, in_lines, like)))
            else:
                text = self.value((*place, number), before[number], item)
                pieces.append((spans[number], text))
        return self._joined(place, spans, pieces)

    def _joined(self, place: Place, old: list[Span], pieces: list[tuple[Span | None, str]]) -> str:
        """Pieces with what stands around them, and between those that were neighbours before."""
        start, end = self.values[(*self.root, *place)]
        if not old:
            raise NotWrittenError("there is nothing to put the edit beside")
        head, tail = self.text[start : old[0][0]], self.text[old[-1][1] : end]
        between = self._between(old, head)
        after = dict(pairwise(old))
        text = head
        for number, (span, piece) in enumerate(pieces):
            if number:
                last = pieces[number - 1][0]
                neighbours = last is not None and span is not None and after.get(last) == span
                text += self.text[last[1] : span[0]] if neighbours else between  # type: ignore[index]
            text += piece
        return text + tail

    def _between(self, old: list[Span], head: str) -> str:
        """What to write between two pieces."""
        if len(old) > 1:
            found = self.text[old[0][1] : old[1][0]]
            if not found.replace(",", "", 1).strip():
                return found
        return (
            f"{self.style.line_comma}{head[1:]}"
            if "\n" in head and not head[1:].strip()
            else self.style.comma
        )

    def _has_lines(self, place: Place, each: Sequence[Span] = ()) -> bool:
        """Whether what is in a container is laid out in lines."""
        slices = [self.text[slice(*span)] for span in each]
        return any("\n" in s for s in slices) or (
            not slices and "\n" in self.text[slice(*self.values[(*self.root, *place)])]
        )

    def _inner_indent(self, place: Place, inside: Any) -> str:
        """The indentation of the lines in a container."""
        first = 0 if isinstance(inside, list) else next(iter(inside))
        spans = self.values if isinstance(inside, list) else self.keys
        return self._indent(spans[(*self.root, *place, first)][0])

    def _indent(self, offset: int) -> str:
        return indent_at(self.text, offset)

    def _is_first_in_line(self, place: Place) -> bool:
        """Whether the member of an object whose value this is starts its line."""
        offset = (self.keys if place and isinstance(place[-1], str) else self.values)[
            (*self.root, *place)
        ][0]
        return not self.text[self.text.rfind("\n", 0, offset) + 1 : offset].strip(" \t-")


def _replacements(spans: Spans, document: Rewrite) -> list[tuple[int, int, str]]:
    """The pieces of a text that change: start, end and what comes there."""
    if spans.form == "yaml":
        from generator.repair.yaml_text import replacements

        return replacements(spans, document)
    known = copies(made(written(spans, document.root), document.before), spans, document.root)

    def scalar(value: Any, _: str) -> str:
        return known[value][1] if value in known else _scalar(value)

    writer = Writer(spans, document.root, scalar)
    start, end = spans.values[document.root]
    return [(start, end, writer.value((), document.before, document.after))]


def _scalar(value: Any) -> str:
    import json

    return str(value) if is_number(value) else json.dumps(value)


@lru_cache(maxsize=2)
def _read(form: str, text: str) -> Any:
    """What a text says; not to be changed."""
    if form == "yaml":
        from generator.repair.yaml_text import read

        return read(text)
    try:
        return loads(text)
    except GenError as error:
        raise NotWrittenError(error.problem) from error


def _edited(was: Any, document: Rewrite) -> Any:
    """What a file says of a document that is edited; `was` is what it says now."""
    spelled = made(was, document.before).spelled
    return grafted(was, document.before, document.after, spelled)
