"""The difference between two policy documents in IAM's terms, for people who read diffs."""

import json
from collections.abc import Iterator
from typing import Any

# A statement's name and an element of it, or ("", element) for the document's own.
Place = tuple[str, str]
Sides = dict[Place, list[str]]


def changes(old: str, new: str) -> list[str]:
    """What changes from one document's text to another's, a line a change, by statement.

    Statements are told apart by Sid, conditions by operator and key, and lists are sets, as IAM
    reads them. Texts that are not both JSON objects have no such lines.
    """
    try:
        before, after = json.loads(old), json.loads(new)
        if not isinstance(before, dict) or not isinstance(after, dict):
            return []
        from deepdiff import DeepDiff

        was, now = dict(_items(before)), dict(_items(after))
        diff = DeepDiff(_keyed(was), _keyed(now), ignore_order=True, threshold_to_diff_deeper=0)
    except (ValueError, RecursionError):
        return []
    places = sorted(place for place in {*was, *now} if _key(place) in diff.affected_root_keys)
    return list(dict.fromkeys(line for place in places for line in _said(place, was, now)))


def _key(place: Place) -> str:
    return "\0".join(place)


def _keyed(sides: Sides) -> dict[str, list[str]]:
    return {_key(place): items for place, items in sides.items()}


def _said(place: Place, was: Sides, now: Sides) -> Iterator[str]:
    sid, element = place
    about = f"statement {sid}"
    for verb, here, there in (("added", now, was), ("removed", was, now)):
        if sid and not any(other == sid for other, _ in there):
            if any(other == sid for other, _ in here):
                yield f"{about} is {verb}"
            return
    before, after = was.get(place, []), now.get(place, [])
    start = f"{about}: {element}" if sid else f"{element}:"
    if len(before) == len(after) == 1:
        yield f"{start} {before[0]} becomes {after[0]}"
        return
    if gained := sorted(set(after) - set(before)):
        yield f"{start} gains {', '.join(gained)}"
    if lost := sorted(set(before) - set(after)):
        yield f"{start} loses {', '.join(lost)}"


def _items(document: dict[str, Any]) -> Iterator[tuple[Place, list[str]]]:
    for element, value in document.items():
        if element != "Statement":
            yield ("", element), _texts(value)
            continue
        statements = value if isinstance(value, list) else [value]
        for number, statement in enumerate(statements, 1):
            if isinstance(statement, dict):
                sid = str(statement.get("Sid") or f"number {number}")
                yield from _elements(sid, statement)
            else:
                yield (f"number {number}", "text"), _texts(statement)


def _elements(sid: str, statement: dict[str, Any]) -> Iterator[tuple[Place, list[str]]]:
    yield (sid, "Sid"), []
    for element, value in statement.items():
        if element != "Sid":
            yield from _deeper(sid, element, value)


def _deeper(sid: str, element: str, value: Any) -> Iterator[tuple[Place, list[str]]]:
    """A mapping, of principals or conditions, a key at a time."""
    if isinstance(value, dict) and value and element.count(" ") < 3:
        for key, inner in value.items():
            yield from _deeper(sid, f"{element} {key}", inner)
    else:
        yield (sid, element), _texts(value)


def _texts(value: Any) -> list[str]:
    """A bare value and a list of one are the same to IAM."""
    items = value if isinstance(value, list) else [value]
    return sorted({item if isinstance(item, str) else json.dumps(item) for item in items})
