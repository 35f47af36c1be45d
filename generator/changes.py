"""The difference between two policy documents in IAM's terms, for people who read diffs."""

import json
from collections.abc import Iterator
from typing import Any


def changes(old: str, new: str) -> list[str]:
    """What changes from one document's text to another's, a line a change, by statement.

    Statements are told apart by Sid. A text that is no JSON object has no such lines.
    """
    try:
        before, after = json.loads(old), json.loads(new)
    except ValueError:
        return []
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    from deepdiff import DeepDiff

    diff = DeepDiff(_by_sid(before), _by_sid(after), ignore_order=True, view="tree")
    return sorted({line for found in diff.values() for level in found for line in _said(level)})


def _by_sid(document: dict[str, Any]) -> dict[str, Any]:
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    named = {
        str(s.get("Sid", f"number {n}")): {k: _as_list(v) for k, v in s.items() if k != "Sid"}
        for n, s in enumerate(listed, 1)
        if isinstance(s, dict)
    }
    return {
        "statement": named,
        **{k: v for k, v in document.items() if k != "Statement"},
    }


def _as_list(value: Any) -> Any:
    """A bare value and a list of one are the same to IAM."""
    if isinstance(value, dict):
        return {key: _as_list(item) for key, item in value.items()}
    return value if isinstance(value, list) else [value]


def _said(level: Any) -> Iterator[str]:
    path = level.path(output_format="list")
    gone, come = level.t1, level.t2
    names = [str(step) for step in path if isinstance(step, str)]
    if names[:1] != ["statement"]:
        yield f"{' '.join(names)}: {_brief(gone)} becomes {_brief(come)}"
        return
    place = f"statement {names[1]}" if len(names) > 1 else "statements"
    if len(names) == 2:
        yield f"{place} is {'added' if _absent(gone) else 'removed'}"
        return
    element = " ".join(names[2:])
    if _absent(gone):
        yield f"{place}: {element} gains {_brief(come)}"
    elif _absent(come):
        yield f"{place}: {element} loses {_brief(gone)}"
    else:
        yield f"{place}: {element} {_brief(gone)} becomes {_brief(come)}"


def _absent(value: Any) -> bool:
    return type(value).__name__ == "NotPresent"


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_brief, value))
    return value if isinstance(value, str) else json.dumps(value)
