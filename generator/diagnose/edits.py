"""The smallest change of a document's text that lets somebody change the own password, as a diff.

Everything around the change stays as it is written.
"""

import json
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from generator.diagnose.evidence import Attached
from generator.diagnose.json_text import JsonText
from generator.diagnose.permission import Denial
from generator.errors import one_line
from generator.policy import Effect, Statement
from generator.positions import Place

# The second is for the page, which shows what is asked of a password.
EXEMPT: Final = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
# Where a piece of a text starts and ends, and what to write there.
Edit: TypeAlias = tuple[int, int, str]


def exemptions(denials: Iterable[Denial]) -> tuple[str, list[Denial]]:
    """A diff that takes the change of a password out of Denies, and those that no small change
    takes it out of."""
    by_document: dict[str, list[Denial]] = {}
    for denial in denials:
        by_document.setdefault(denial.document.name, []).append(denial)
    diffs, left = [], []
    for found in by_document.values():
        shown = _Shown(found[0].document)
        edits = {denial.index: _exemption(shown, denial) for denial in found}
        left += [denial for denial in found if edits[denial.index] is None]
        diffs.append(shown.diff(filter(None, edits.values())))
    return "\n".join(filter(None, diffs)), left


def own_path(document: Attached) -> str:
    """A diff that lets an own-user ARN stand for users with a path, too; "" if there is none."""
    shown = _Shown(document)
    return shown.diff(_paths(shown, document))


def another_allow(document: Attached, partition: str) -> str:
    """A diff that adds an Allow of the change of the own password to a document."""
    shown = _Shown(document)
    own = f"arn:{partition}:iam::*:user/"
    statement = {
        "Effect": Effect.ALLOW.value,
        "Action": EXEMPT[0],
        "Resource": [own + "${aws:username}", own + "*/${aws:username}"],
    }
    return shown.diff([shown.added(("Statement",), [statement])])


class _Shown:
    """The text that is shown: the file, or the document cut out of an account's details."""

    def __init__(self, document: Attached) -> None:
        if document.is_file:
            self.text, self.root = document.source, document.root
            self.label = document.source.label
            return
        data: Any = document.source.data
        for key in document.root:
            data = data[key]
        if isinstance(data, str):
            data = JsonText(document.name, unquote(data)).data
        self.text, self.root = JsonText(document.name, json.dumps(data, indent=2) + "\n"), ()
        self.label = document.name

    def at(self, place: Place) -> Any:
        data = self.text.data
        for key in (*self.root, *place):
            data = data[key]
        return data

    def statement(self, index: int) -> Place:
        return ("Statement", index) if isinstance(self.at(("Statement",)), list) else ("Statement",)

    def added(self, place: Place, items: list[Any]) -> Edit:
        """More items in a list, written as the last one is; a bare value becomes a list."""
        data, values = self.at(place), self.text.positions.values
        place = (*self.root, *place)
        start, end = values[place]
        if not isinstance(data, list):
            return start, end, json.dumps([data, *items])
        last, end = values[(*place, len(data) - 1)]
        before = values[(*place, len(data) - 2)][1] if len(data) > 1 else start + 1
        between = ("" if len(data) > 1 else ",") + self.text.text[before:last]
        column = len(between.rpartition("\n")[2]) if "\n" in between else None
        return end, end, "".join(between + _written(item, column) for item in items)

    def set(self, place: Place, value: Any) -> Edit:
        start, end = self.text.positions.values[(*self.root, *place)]
        return start, end, json.dumps(value)

    def negated(self, place: Place) -> Edit:
        """A Deny of everything becomes one of everything but a change of a password."""
        place = (*self.root, *place, "Action")
        start, end = self.text.positions.keys[place][0], self.text.positions.values[place][1]
        return start, end, '"NotAction": ' + json.dumps(list(EXEMPT))

    def diff(self, edits: Iterable[Edit]) -> str:
        old = new = self.text.text
        # From the end, so that places before stay what they are.
        for start, end, text in sorted(edits, reverse=True):
            new = new[:start] + text + new[end:]
        lines = unified_diff(
            old.splitlines(), new.splitlines(), self.label, self.label, lineterm=""
        )
        return "\n".join(map(_shown, lines))


def _exemption(shown: _Shown, denial: Denial) -> Edit | None:
    s, place = denial.statement, shown.statement(denial.index)
    names = [a.lower() for a in s.actions.items]
    if s.actions.negated:
        missing = [a for a in EXEMPT if a.lower() not in names]
        return shown.added((*place, "NotAction"), missing)
    if s.actions.items == ("*",):
        return shown.negated(place)
    kept = [a for a in s.actions.items if a.lower() != EXEMPT[0].lower()]
    if 0 < len(kept) < len(names) and not any("*" in a or "?" in a for a in kept):
        return shown.set((*place, "Action"), kept)
    return None


def _paths(shown: _Shown, document: Attached) -> Iterator[Edit]:
    for index, s in enumerate(document.policy.statements):
        if missing := _missing_paths(s):
            element = "NotResource" if s.resources and s.resources.negated else "Resource"
            yield shown.added((*shown.statement(index), element), missing)


def _missing_paths(s: Statement) -> list[str]:
    items = s.resources.items if s.resources else ()
    found = [
        item.replace(":user/${aws:username}", ":user/*/${aws:username}")
        for item in items
        if item.endswith(":user/${aws:username}")
    ]
    return [item for item in found if item not in items]


def _written(item: Any, column: int | None) -> str:
    if isinstance(item, str) or column is None:
        return json.dumps(item)
    return json.dumps(item, indent=2).replace("\n", "\n" + " " * column)


def _shown(line: str) -> str:
    """A line as a terminal may have it; tabs stay, or the diff would not apply."""
    return "\t".join(map(one_line, line.split("\t")))
