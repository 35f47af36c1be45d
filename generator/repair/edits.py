"""Edits of a document's data. Each returns a new document and leaves the old one as it was.

Keys and items keep their order, so that the same edit can be made in the text of a file.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Final

from generator.positions import Key, Place

# Keys that are in every request: with `IfExists` or without, a condition on them says the same.
# Source: IAM User Guide, "AWS global condition context keys".
_ALWAYS_THERE: Final = ("aws:viaawsservice", "aws:securetransport")
_OPPOSITE: Final = {"true": "false", "false": "true"}


def at(data: Any, place: Place) -> Any:
    """What stands at a place."""
    for key in place:
        data = data[key]
    return data


def put(data: Any, place: Place, value: Any) -> Any:
    """Set what stands at a place; a new key comes last."""
    return _changed(data, place[:-1], lambda around: _set(around, place[-1], value))


def put_first(data: Any, name: str, value: Any) -> Any:
    """Set a key of the document itself; a new one comes first."""
    return put(data, (name,), value) if name in data else {name: value, **deepcopy(data)}


def renamed(data: Any, place: Place, name: str, value: Any = None) -> Any:
    """Give a key another name at the same place, and another value unless that is None."""

    def rename(around: dict[str, Any]) -> dict[str, Any]:
        return {
            (name if key == place[-1] else key): (
                value if key == place[-1] and value is not None else found
            )
            for key, found in around.items()
        }

    return _changed(data, place[:-1], rename)


def with_items(data: Any, place: Place, items: Iterable[str]) -> Any:
    """Add items to a list, in alphabetical order if it is; a bare value becomes a list."""

    def add(found: Any) -> list[Any]:
        listed = list(found) if isinstance(found, list) else [found]
        for item in items:
            if listed == sorted(listed) and len(listed) > 1:
                listed.append(item)
                listed.sort()
            else:
                listed.append(item)
        return listed

    return _changed(data, place, add)


def without_items(data: Any, place: Place, items: Iterable[str]) -> Any:
    """Take items out of a list that has others."""
    gone = set(items)
    return _changed(data, place, lambda found: [item for item in found if item not in gone])


def with_statement(data: Any, statement: dict[str, Any]) -> Any:
    """Add a statement after the others."""

    def add(found: Any) -> list[Any]:
        return [*(found if isinstance(found, list) else [found]), deepcopy(statement)]

    return _changed(data, ("Statement",), add)


def with_operator(
    data: Any, condition: Place, old: str, key: str, new: str, *, opposite: bool = False
) -> Any:
    """Ask for a key with another operator, for the same values or (of Booleans) the opposite.

    None where the other operator has the key already, for other values.
    """
    block = at(data, condition)
    wanted = _opposite(block[old][key]) if opposite else block[old][key]
    others = [name for name in block[old] if name != key]
    if new not in block and all(name.lower() in _ALWAYS_THERE for name in others):
        found = renamed(data, (*condition, old), new)
        return put(found, (*condition, new, key), wanted) if opposite else found
    there = next((name for name in block.get(new, {}) if name.lower() == key.lower()), None)
    if there is not None and texts(block[new][there]) != texts(wanted):
        return None
    kept = {name: block[old][name] for name in others}
    found = put(data, (*condition, old), kept) if kept else _dropped(data, (*condition, old))
    if there is not None:
        return found
    return put(found, (*condition, new), {**block.get(new, {}), key: wanted})


def texts(value: Any) -> list[str]:
    """The values of an element or a condition as texts, a bare one as a list of one."""
    listed = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in listed]


def _opposite(value: Any) -> Any:
    """The other Boolean, in the same form."""
    if isinstance(value, list):
        return [_opposite(item) for item in value]
    return not value if isinstance(value, bool) else _OPPOSITE[value.lower()]


def _set(around: Any, key: Key, value: Any) -> Any:
    around[key] = value
    return around


def _dropped(data: Any, place: Place) -> Any:
    def drop(around: dict[str, Any]) -> dict[str, Any]:
        return {key: found for key, found in around.items() if key != place[-1]}

    return _changed(data, place[:-1], drop)


def _changed(data: Any, place: Place, change: Callable[[Any], Any]) -> Any:
    """The data with what stands at a place replaced by what comes of it."""
    copy = deepcopy(data)
    if not place:
        return change(copy)
    around = at(copy, place[:-1])
    around[place[-1]] = change(around[place[-1]])
    return copy
