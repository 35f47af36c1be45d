"""A diagnosis as people and machines read it."""

from collections.abc import Iterator
from typing import Any, Final

from generator.console import coloured, put, put_json
from generator.diagnose.cause import Cause
from generator.diagnose.diagnosis import Diagnosis
from generator.diagnose.remedies import Remedy
from generator.errors import NO, OK, one_line

VERSION: Final = 1


def report(found: Diagnosis, form: str) -> int:
    """Print a diagnosis. The exit code says whether nothing stands in the way."""
    if form == "json":
        put_json(as_json(found))
    else:
        for line in in_words(found):
            put(line)
    return OK if found.is_clear else NO


def as_json(found: Diagnosis) -> dict[str, Any]:
    return {
        "version": VERSION,
        "verdict": found.verdict,
        "sentence": found.sentence,
        "causes": [_cause_json(cause) for cause in found.causes],
        "older": list(found.older),
        "not_known": list(found.not_known),
    }


def _cause_json(c: Cause) -> dict[str, Any]:
    return {
        "cause": c.cause,
        "title": c.title,
        "about": c.side,
        "standing": c.standing,
        "evidence": list(c.evidence),
        "remedy": _remedy_json(c.remedy) if c.remedy else None,
        "settled_by": c.settle or None,
    }


def _remedy_json(r: Remedy) -> dict[str, str]:
    found: dict[str, str] = {"kind": r.kind, "text": r.words}
    if r.what:
        found[r.kind] = r.what
    return found


def in_words(found: Diagnosis) -> Iterator[str]:
    yield one_line(found.sentence)
    for cause in found.causes:
        if cause.standing != "ruled out" and not _is_bare(cause):
            yield ""
            yield from _cause(cause)
    ruled_out = [c for c in found.causes if c.standing == "ruled out"]
    if ruled_out:
        yield ""
        yield "ruled out"
        yield from _ruled_out(ruled_out)
    for title, sentences in (
        ("older, and does not count", found.older),
        ("not known", found.not_known),
    ):
        if sentences:
            yield ""
            yield title
            yield from (f"  {one_line(words)}" for words in sentences)


def _ruled_out(causes: list[Cause]) -> Iterator[str]:
    """Those that the same rules out together."""
    found: dict[str, list[str]] = {}
    for cause in causes:
        found.setdefault("; ".join(cause.evidence), []).append(cause.cause)
    for words, names in found.items():
        yield f"  {', '.join(names)}: {one_line(words)}"


def _is_bare(c: Cause) -> bool:
    """Whether nothing speaks for a cause; that it is thinkable stands under what is not known."""
    return c.standing == "possible" and c.remedy is None


def _cause(c: Cause) -> Iterator[str]:
    yield f"{c.standing}: {c.title} ({c.cause})"
    for sentence in c.evidence:
        yield f"  {one_line(sentence)}"
    if c.remedy is not None:
        yield f"  to do: {one_line(c.remedy.words)}"
        if c.remedy.kind == "command":
            yield f"    {c.remedy.what}"
        elif c.remedy.what:
            yield from (f"    {coloured(line)}" for line in c.remedy.what.split("\n"))
