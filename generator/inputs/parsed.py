"""A file that was read: its data, and where each value of it stands."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from generator.errors import GenError, Where
from generator.found import Found, Remark, Spans
from generator.positions import Place

# No output of a tool comes near it, and whatever walks through the data may call itself that often.
MAX_DEPTH: Final = 100


class Parsed(Struct, frozen=True, eq=False):
    """`twice` are the places of keys that stand twice in one object; the last one counts."""

    label: str
    data: Any
    source: Callable[[], Spans]
    twice: tuple[Place, ...] = ()

    def where(self, place: Place) -> Where:
        return Where(self.label, *self.source().mark(place))

    def remarks(self, root: Place) -> tuple[Remark, ...]:
        """What to say of the text of the document at `root`."""
        inside = (place for place in self.twice if place[: len(root)] == root)
        return tuple(_twice(place[len(root) :]) for place in inside)

    def found(self, root: Place, data: Any, **what: Any) -> Found:
        """The document at `root`."""
        return Found(
            file=self.label,
            data=data,
            source=self.source,
            root=root,
            remarks=self.remarks(root),
            **what,
        )


def check_depth(data: Any, label: str) -> None:
    """Raises GenError: nested too deeply."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [item for value in level for item in _items(value)]
        if not level:
            return
    raise GenError(f"nested more than {MAX_DEPTH} levels deep", where=Where(label))


def _items(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _twice(place: Place) -> Remark:
    message = f"the key `{place[-1]}` stands twice in one object, and only the last is read"
    return Remark("GEN002", place, message, "keep one of them")
