"""Words and JSON for people and machines; decides nothing."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from generator.batch import Outcome
from generator.build import Bundle
from generator.errors import GenError
from generator.outputs import on_disk
from generator.steps import hints, next_steps, password_decision

# The number of the JSON form; it changes when a field changes its meaning or goes away.
FORMAT_VERSION: Final = 1


def written(outcome: Outcome, out: Path) -> Iterator[str]:
    """A line a file: what happened to it, and its size against the quota."""
    assert outcome.bundle is not None
    states = {drift.path: drift.state for drift in outcome.drifts}
    sizes = {d.path: d for d in outcome.bundle.documents}
    folder = (out / outcome.name).as_posix()
    width = max(len(path) for path in outcome.bundle.files)
    for path in outcome.bundle.files:
        line = f"{'wrote' if path in states else 'unchanged':9}  {folder}/{path}"
        if path in sizes:
            d = sizes[path]
            pad = " " * (width - len(path))
            line += f"{pad}  {d.size:,} of {d.kind.quota:,} characters ({d.kind.name})"
        yield line
    for path, state in states.items():
        if state == "leftover":
            yield f"{'removed':9}  {folder}/{path}"


def decided(bundle: Bundle) -> Iterator[str]:
    """What was decided from the account's settings."""
    yield password_decision(bundle.source)
    yield from hints(bundle.source.password_policy)


def warnings(bundle: Bundle) -> Iterator[str]:
    """What may surprise, and what is close to a limit."""
    yield from bundle.source.warnings
    for d in bundle.documents:
        # Whether white space counts towards this quota is not documented.
        if d.kind.has_principal and len(d.text) > d.kind.quota:
            yield f"{d.path} has {len(d.text):,} characters with white space; paste it compacted"


def steps(bundle: Bundle, out: Path) -> list[str]:
    """The numbered steps in the console."""
    found = next_steps(bundle, (out / bundle.name).as_posix())
    return [f"{number}. {step}" for number, step in enumerate(found, 1)]


def drifted(outcome: Outcome, out: Path) -> Iterator[str]:
    """A line a file that is not as rendered; then, where a bundle is at hand, how it differs."""
    for drift in outcome.drifts:
        yield f"{drift.state:8}  {(out / outcome.name).as_posix()}/{drift.path}"
    if outcome.bundle is None:
        return
    found = on_disk(out / outcome.name)
    for drift in outcome.drifts:
        if drift.state == "differs":
            old = (found[drift.path] or b"").decode(errors="replace")
            yield from _difference(
                out / outcome.name / drift.path, old, outcome.bundle.files[drift.path]
            )


def _difference(path: Path, old: str, new: str) -> Iterator[str]:
    import difflib

    from generator.changes import changes

    yield ""
    for change in changes(old, new):
        yield f"  {change}"
    if old.splitlines() == new.splitlines():
        yield "  the lines are the same, and end another way (LF is right, CRLF is not)"
    name = path.as_posix()
    diff = difflib.unified_diff(
        old.splitlines(),
        new.splitlines(),
        f"{name} (as it is)",
        f"{name} (as rendered)",
        "",
        "",
        3,
        "",
    )
    yield from diff


def as_json(outcomes: Sequence[Outcome], out: Path) -> dict[str, Any]:
    """The result of render or check for machines."""
    return {"version": FORMAT_VERSION, "profiles": [_profile_json(o, out) for o in outcomes]}


def errors_json(errors: Iterable[GenError]) -> dict[str, Any]:
    """Errors for machines; `line` and `column` are null where there is none."""
    return {
        "version": FORMAT_VERSION,
        "errors": [
            {
                "file": e.where.path if e.where else None,
                "line": (e.where.line or None) if e.where else None,
                "column": (e.where.column or None) if e.where else None,
                "problem": e.problem,
                "hint": e.hint or None,
            }
            for e in errors
        ],
    }


def _profile_json(outcome: Outcome, out: Path) -> dict[str, Any]:
    folder = out / outcome.name
    found: dict[str, Any] = {
        "profile": outcome.label,
        "name": outcome.name,
        "folder": folder.as_posix(),
        "changes": [{"path": d.path, "state": d.state} for d in outcome.drifts],
    }
    if outcome.bundle is not None:
        found["archetype"] = outcome.bundle.source.profile.archetype
        found["documents"] = [
            {"path": d.path, "kind": d.kind.name, "size": d.size, "quota": d.kind.quota}
            for d in outcome.bundle.documents
        ]
        found["decisions"] = list(decided(outcome.bundle))
        found["warnings"] = list(warnings(outcome.bundle))
        found["next_steps"] = next_steps(outcome.bundle, folder.as_posix())
    return found
