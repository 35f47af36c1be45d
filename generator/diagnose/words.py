"""Sentences about documents, and causes that are about permission."""

from generator.diagnose.cause import Cause, Standing
from generator.diagnose.permission import Denial, Permission
from generator.diagnose.remedies import Remedy
from generator.errors import one_line
from generator.supposed import IN_WORDS


def denial_words(d: Denial, p: Permission) -> str:
    """A sentence about a Deny that applies."""
    return f"{place_words(d)} denies it in {state_words(p)}"


def open_words(found: tuple[Denial, tuple[str, ...]]) -> str:
    """A sentence about a statement that may apply or not."""
    denial, keys = found
    on = ", ".join(f"`{one_line(key)}`" for key in keys) or "what its ARN stands for"
    return f"{place_words(denial)}: whether it applies depends on {on}"


def state_words(p: Permission) -> str:
    return IN_WORDS[p.state]


def place_words(d: Denial) -> str:
    listed = isinstance(_data(d)["Statement"], list)
    place = (*d.document.root, "Statement", *([d.index] if listed else []))
    sid = d.statement.sid
    what = f"statement `{one_line(sid)}`" if sid else f"Statement[{d.index}]"
    if d.document.is_file:
        return f"{d.document.source.where(place)}: {what}"
    return f"{one_line(d.document.name)} ({d.document.source.where(place)}): {what}"


def _data(d: Denial) -> dict[str, object]:
    found = d.document.source.data
    for key in d.document.root:
        found = found[key]
    return found if isinstance(found, dict) else {"Statement": []}


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(one_line(name) for name in names[:5])


def about_permission(
    name: str,
    standing: Standing,
    evidence: tuple[str, ...],
    remedy: Remedy | None = None,
    settle: str = "",
) -> Cause:
    if standing == "ruled out":
        remedy, settle = None, ""
    return Cause(
        cause=name,
        side="permission",
        standing=standing,
        evidence=evidence,
        remedy=remedy,
        settle="" if standing == "certain" else settle,
    )
