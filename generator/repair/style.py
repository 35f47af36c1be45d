"""How a document is laid out in the text of its file."""

from typing import Final, NamedTuple

from generator.found import Spans
from generator.positions import Place

_OPENING: Final = "[{"


class Style(NamedTuple):
    """How a document is laid out. `lists` and `objects`: one item a line. `key` is one of it."""

    lists: bool
    objects: bool
    unit: str
    comma: str
    colon: str
    line_end: str
    line_comma: str
    key: str


def style_of(spans: Spans, root: Place) -> Style:
    """The style of a document, from what it has."""
    text = spans.text
    keys = [span for place, span in spans.keys.items() if place[: len(root)] == root]
    whole = text[slice(*spans.values[root])]
    first = next((p for p in spans.keys if p[:-1] == root and len(p) == len(root) + 1), None)
    colon = ": "
    if first is not None:
        colon = text[spans.keys[first][1] : spans.values[first][0]]
    colon = colon if colon.strip() == ":" and "\n" not in colon else ": "
    gaps = _gaps(spans, root)
    inline = [gap for gap in gaps if "\n" not in gap]
    comma = inline[0] if inline else (", " if colon != ":" else ",")
    lists = _gaps(spans, root, lists=True)
    unit = "  "
    if "\n" in whole and keys:
        inner = indent_at(text, keys[0][0])
        outer = indent_at(text, spans.values[root][0])
        if inner.startswith(outer):
            unit = inner[len(outer) :]
    return Style(
        lists=any("\n" in gap for gap in lists) if lists else "\n" in whole,
        objects="\n" in whole,
        unit=unit,
        comma=comma,
        colon=colon,
        line_end="\r\n" if "\r\n" in text else "\n",
        line_comma=next((gap.split("\n")[0].rstrip("\r") for gap in gaps if "\n" in gap), ","),
        key=text[slice(*keys[0])] if keys else "",
    )


def _gaps(spans: Spans, root: Place, *, lists: bool = False) -> list[str]:
    """What stands between neighbours: of all lists, or of lists of texts only."""
    found = []
    values = spans.values
    for place, (start, _) in values.items():
        if place[: len(root)] != root or not place or not isinstance(place[-1], int):
            continue
        before = values.get((*place[:-1], place[-1] - 1))
        if before is None or (lists and spans.text[start] in _OPENING):
            continue
        gap = spans.text[before[1] : start]
        if gap.strip() == ",":
            found.append(gap)
    return found


def indent_at(text: str, offset: int) -> str:
    """The white space that a line starts with."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip(" \t"))]
