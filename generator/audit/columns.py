"""Tables of a terminal: columns where they fit, and otherwise lines that lose nothing."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from generator.errors import one_line

_Row: TypeAlias = Sequence[str]


def columns(rows: Iterable[_Row], width: int = 0) -> list[str]:
    """Rows under their heads, which are the first row; `width` 0 is as wide as it gets.

    Where they are too wide, the first cell of a row gets a line of its own, the last one is folded
    below the others, and if that is still too wide, so is each.
    """
    heads, *others = ([one_line(cell) for cell in row] for row in rows)
    lines = _aligned([heads, *others])
    if not width or max(map(len, lines)) <= width:
        return lines
    inner = [f"  {line}" for line in _aligned([row[1:-1] for row in (heads, *others)])]
    fits = max(map(len, inner)) <= width
    found = [heads[0], *(inner[:1] if fits and inner[0].strip() else ())]
    for row, line in zip(others, inner[1:], strict=True):
        found.append(row[0])
        if fits:
            found += [line] if line.strip() else []
            found += _folded(heads[-1:], row[-1:], width)
        else:
            found += _folded(heads[1:], row[1:], width)
    return found


def _aligned(rows: Sequence[_Row]) -> list[str]:
    """Columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _folded(heads: _Row, cells: _Row, width: int) -> Iterator[str]:
    for head, cell in zip(heads, cells, strict=True):
        if cell:
            yield from textwrap.wrap(
                f"{head}: {cell}",
                width,
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
