"""Wildcard matching over a list of pieces, by the set of positions that can be reached.

UG:reference_policies_elements_resource (wildcards in resource ARNs) and
UG:reference_policies_elements_condition_operators (StringLike, ArnLike).
"""

from collections.abc import Iterable
from enum import Enum


class Wild(Enum):
    """What a wildcard stands for; the two last ones stop at a colon."""

    MANY = 1
    ONE = 2
    MANY_IN_FIELD = 3
    ONE_IN_FIELD = 4


Piece = str | Wild  # a str is exactly one character, taken as it is


def pieces_of(text: str) -> list[Piece]:
    """Every `*` and `?` of a text is a wildcard."""
    wild: dict[str, Wild] = {"*": Wild.MANY, "?": Wild.ONE}
    return [wild.get(char, char) for char in text]


def matches(pattern: Iterable[Piece], text: str) -> bool:
    """Does the whole text match the whole pattern?"""
    reached = {0}
    for piece in pattern:
        after: set[int] = set()
        for start in reached:
            after |= _ends(piece, text, start)
        reached = after
    return len(text) in reached


def _ends(piece: Piece, text: str, start: int) -> set[int]:
    """Where a piece that begins at `start` can end."""
    if piece is Wild.MANY:
        return set(range(start, len(text) + 1))
    if piece is Wild.MANY_IN_FIELD:
        colon = text.find(":", start)
        return set(range(start, (len(text) if colon < 0 else colon) + 1))
    if start == len(text):
        return set()
    if piece is Wild.ONE:
        return {start + 1}
    if piece is Wild.ONE_IN_FIELD:
        return set() if text[start] == ":" else {start + 1}
    return {start + 1} if text[start] == piece else set()
