"""Which parts of a document before an edit are which parts after it."""

from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any, TypeAlias

from generator.errors import GenError


class NotWrittenError(GenError):
    """An edit of a document that cannot be made in the text of its file, and why."""


def members(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str | None, str]]:
    """The keys of an object after an edit, each with the one it was before, None if it is new.

    A key with another name at the same place is the same.
    """
    found: list[tuple[str | None, str]] = []
    for old, new in _runs(list(before), list(after)):
        names: list[str | None] = [*old, *[None] * len(new)]
        found += zip(names, new, strict=False)
    return found


def items(before: list[Any], after: list[Any]) -> list[tuple[int | None, Any]]:
    """The items of a list after an edit, each with its number before, None if it is new."""
    if not all(isinstance(item, str) for item in (*before, *after)):
        # Statements are changed and added to, and keep their order.
        return [(i if i < len(before) else None, item) for i, item in enumerate(after)]
    found: list[tuple[int | None, Any]] = []
    at = 0
    for old, new in _runs(before, after):
        numbers: list[int | None] = [*range(at, at + len(old)), *[None] * len(new)]
        found += zip(numbers, new, strict=False)
        at += len(old)
    return found


# What a file has for a value that is new, under the keys that lead to it.
Spelled: TypeAlias = Callable[[Any, tuple[str, ...]], Any]


def grafted(raw: Any, before: Any, after: Any, spelled: Spelled, keys: tuple[str, ...] = ()) -> Any:
    """What a file says after an edit, where `raw` is what it says before.

    `raw` differs from the document where the file has something else for it (a function of a
    template, say).

    Raises:
        NotWrittenError: the edit is about such a part.
    """
    if before == after and type(before) is type(after):
        return raw
    if _alike(raw, before, dict) and isinstance(after, dict):
        return {
            new: (
                spelled(after[new], (*keys, new))
                if old is None
                else grafted(raw[old], before[old], after[new], spelled, (*keys, new))
            )
            for old, new in members(before, after)
        }
    if _alike(raw, before, list) and isinstance(after, list):
        return [
            (
                spelled(item, keys)
                if number is None
                else grafted(raw[number], before[number], item, spelled, keys)
            )
            for number, item in items(before, after)
        ]
    if raw != before:
        raise NotWrittenError("what would change is written with a function of the template")
    return spelled(after, keys)


def _alike(raw: Any, before: Any, kind: type) -> bool:
    """Whether the file has the same keys, or as many items."""
    if not isinstance(raw, kind) or not isinstance(before, kind):
        return False
    return list(_parts(raw)) == list(_parts(before))


def _parts(container: Any) -> Any:
    return sorted(container) if isinstance(container, dict) else range(len(container))


def texts_in(value: Any) -> list[str]:
    """Every text of a value, keys aside."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_in(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


def _runs(before: list[str], after: list[str]) -> list[tuple[list[str], list[str]]]:
    """Both lists in runs that belong together: the same ones one by one, and what replaces what."""
    found: list[tuple[list[str], list[str]]] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            found += [
                ([old], [new]) for old, new in zip(before[i:i_end], after[j:j_end], strict=True)
            ]
        else:
            found.append((before[i:i_end], after[j:j_end]))
    return found
