"""Where each value of a JSON text stands, found only for texts that something is said of."""

import re
from bisect import bisect_right
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, Literal

Key = str | int
Place = tuple[Key, ...]
Span = tuple[int, int]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(r"[^ \t\r\n,\]}]+")


class Positions:
    """The places of a JSON text that `json` can read.

    `line` and `column` (from 1) are where the text itself starts, in a file that has more before
    it. `twice` has the second and later places of keys that stand twice in one object; of such keys
    `values` and `keys` have the last, which is the one that `json` reads.
    """

    form: Literal["json", "yaml"] = "json"

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        self.text, self._line, self._column = text, line, column

    def mark(self, place: Place, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a value (or its key), or of the nearest thing around it."""
        if key and place in self.keys:
            return self.at(self.keys[place][0])
        while place and place not in self.values:
            place = place[:-1]
        return self.at(self.values[place][0])

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        row = bisect_right(self._starts, offset) - 1
        column = offset - self._starts[row] + 1
        return self._line + row, column + (self._column - 1 if row == 0 else 0)

    @property
    def values(self) -> dict[Place, Span]:
        """Start and end of each value, as offsets into the text."""
        return self._scanned[0]

    @property
    def keys(self) -> dict[Place, Span]:
        """Start and end of each key, quotation marks and all."""
        return self._scanned[1]

    @property
    def twice(self) -> tuple[tuple[Place, int], ...]:
        """Keys that stand in one object again: the place, and the offset of the later key."""
        return self._scanned[2]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\r\n|[\r\n]", self.text))]

    @cached_property
    def _scanned(
        self,
    ) -> tuple[dict[Place, Span], dict[Place, Span], tuple[tuple[Place, int], ...]]:
        return _scan(self.text)


def _scan(
    text: str,
) -> tuple[dict[Place, Span], dict[Place, Span], tuple[tuple[Place, int], ...]]:
    values: dict[Place, Span] = {}
    keys: dict[Place, Span] = {}
    twice: list[tuple[Place, int]] = []
    # Containers that are open: where each starts, its place, the next index (None of an object),
    # and the keys of an object so far.
    stack: list[list[Any]] = []
    at = _space(text, 0)
    place: Place = ()
    while True:
        place, at = _into(text, at, place, stack, values)
        while stack and text[at : at + 1] in ("]", "}"):
            start, place, *_ = stack.pop()
            values[place] = (start, at + 1)
            at = _space(text, at + 1)
        if not stack:
            return values, keys, tuple(twice)
        if text[at] == ",":
            at = _space(text, at + 1)
        around = stack[-1]
        if around[2] is None:
            name, end = scanstring(text, at + 1)
            place = (*around[1], name)
            if name in around[3]:
                twice.append((place, at))
            around[3].add(name)
            keys[place] = (at, end)
            at = _space(text, _space(text, end) + 1)
        else:
            place = (*around[1], around[2])
            around[2] += 1


def _into(
    text: str, at: int, place: Place, stack: list[list[Any]], values: dict[Place, Span]
) -> tuple[Place, int]:
    """Read a scalar, or the opening of a container; where what comes next starts."""
    first = text[at]
    if first in "[{":
        stack.append([at, place, 0 if first == "[" else None, set()])
        return place, _space(text, at + 1)
    if first == '"':
        _, end = scanstring(text, at + 1)
    else:
        found = _SCALAR.match(text, at)
        assert found is not None
        end = found.end()
    values[place] = (at, end)
    return place, _space(text, end)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
