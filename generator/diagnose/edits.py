"""The smallest change of a document that lets somebody change the own password, as a diff.

Everything around the change stays as it is written, and nothing else that `gen audit --fix` would
mend is changed.
"""

from collections.abc import Iterable
from typing import Any

from generator.diagnose.evidence import CHANGE, Attached
from generator.diagnose.permission import Denial
from generator.errors import one_line
from generator.match import matches_action
from generator.policy import Effect, Statement
from generator.repair.align import NotWrittenError
from generator.repair.edits import put, renamed, with_items, with_statement
from generator.repair.exemptions import FIRST
from generator.repair.repair import not_in_place, printed
from generator.repair.text import Rewrite, rewritten
from generator.repair.write import diff


def exemptions(denials: Iterable[Denial]) -> tuple[str, list[Denial]]:
    """A diff that takes the change of a password out of Denies, and those that no small change
    takes it out of."""
    by_document: dict[str, list[Denial]] = {}
    for denial in denials:
        by_document.setdefault(denial.document.name, []).append(denial)
    diffs, left = [], []
    for found in by_document.values():
        document = found[0].document
        data = document.found.data
        large = []
        for denial in found:
            edited = _exempted(data, denial)
            if edited is None:
                large.append(denial)
            else:
                data = edited
        shown = _diff(document, data)
        diffs.append(shown)
        left += large if shown else found
    return "\n".join(filter(None, diffs)), left


def own_path(document: Attached) -> str:
    """A diff that lets own-user ARNs stand for users with a path, where the own password is
    changed; "" if there is none."""
    subject, data = document.subject, document.found.data
    for place, s in subject.statements():
        if missing := _missing_paths(s):
            data = with_items(data, subject.element(place, "Resource"), missing)
    return _diff(document, data)


def another_allow(document: Attached, partition: str) -> str:
    """A diff that adds an Allow of the change of the own password to a document."""
    own = f"arn:{partition}:iam::*:user/"
    statement = {
        "Effect": Effect.ALLOW.value,
        "Action": CHANGE,
        "Resource": [own + "${aws:username}", own + "*/${aws:username}"],
    }
    return _diff(document, with_statement(document.found.data, statement))


def _exempted(data: Any, denial: Denial) -> Any:
    """The document with one Deny that spares the change; None if no small change makes it."""
    s, subject = denial.statement, denial.document.subject
    element = subject.element(subject.at[denial.index], "Action")
    if s.actions.negated:
        return with_items(data, element, [a for a in FIRST if matches_action(s.actions, a)])
    if set(s.actions.items) <= {"*", "*:*"}:
        return renamed(data, element, "NotAction", list(FIRST))
    kept = [a for a in s.actions.items if a.lower() != CHANGE.lower()]
    if 0 < len(kept) < len(s.actions.items) and not any("*" in a or "?" in a for a in kept):
        return put(data, element, kept)
    return None


def _missing_paths(s: Statement) -> list[str]:
    # To add to what a Deny is about would deny more.
    if not s.resources or s.resources.negated is (s.effect is Effect.ALLOW):
        return []
    if not matches_action(s.actions, CHANGE):
        return []
    found = [
        item.replace(":user/${aws:username}", ":user/*/${aws:username}")
        for item in s.resources.items
        if item.endswith(":user/${aws:username}")
    ]
    return [item for item in found if item not in s.resources.items]


def _diff(document: Attached, data: Any) -> str:
    """What changes in the file, or in the document alone where that is a part of an output."""
    found = document.found
    if data == found.data:
        return ""
    if not_in_place(found):
        text = diff(printed(found.data), printed(data), one_line(document.called))
    else:
        source = found.source()
        try:
            after = rewritten(source, [Rewrite(found.root, found.data, data)])
        except NotWrittenError:
            return ""
        text = diff(source.text, after, one_line(document.name))
    return "\n".join(_shown(line.removesuffix("\r")) for line in text.rstrip("\n").split("\n"))


def _shown(line: str) -> str:
    """A line as a terminal may have it; tabs stay, or the diff would not apply."""
    return "\t".join(map(one_line, line.split("\t")))
