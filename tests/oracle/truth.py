"""Three-valued truth: yes, no, and a doubt that AWS's documentation leaves open."""

from collections.abc import Iterable
from dataclasses import dataclass


class Refused(Exception):
    """The request cannot be answered: malformed, or the answer hangs on a doubt."""


@dataclass(frozen=True)
class Doubt:
    """Neither true nor false; `why` is for the error text."""

    why: str


Truth = bool | Doubt


def all_of(parts: Iterable[Truth]) -> Truth:
    """AND: one false part settles it, whatever is in doubt."""
    doubt: Doubt | None = None
    for part in parts:
        if part is False:
            return False
        if isinstance(part, Doubt) and doubt is None:
            doubt = part
    return True if doubt is None else doubt


def any_of(parts: Iterable[Truth]) -> Truth:
    """OR: one true part settles it, whatever is in doubt."""
    doubt: Doubt | None = None
    for part in parts:
        if part is True:
            return True
        if isinstance(part, Doubt) and doubt is None:
            doubt = part
    return False if doubt is None else doubt


def negate(part: Truth) -> Truth:
    """NOT: a doubt stays a doubt."""
    return part if isinstance(part, Doubt) else not part
