"""`gen audit --fix` and `--diff`: documents mended, with what that changes and what it does not."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from generator.audit.judge import judge
from generator.found import Found
from generator.inputs.stand_ins import told
from generator.repair.align import NotWrittenError
from generator.repair.answered import by_statement
from generator.repair.deployed import only_here
from generator.repair.plan import Planned, plan
from generator.repair.proposal import Edit, Proposal
from generator.repair.text import Rewrite, check, rewritten, written
from generator.repair.words import sentences
from generator.subject import Subject

# Wrappers that people write policies in, and that have nothing else in them.
_WRAPPERS: Final = ("PolicyDocument", "AssumeRolePolicyDocument", "Document", "Policy")


class Repaired(Struct, frozen=True, eq=False, kw_only=True):
    """What came of a document. `text` is the new text of the whole file with the edits of this
    document only, None where there are none or the file is not edited; `document` is the new data.

    `changed` are sentences about every request that is answered differently, `refused` what could
    not be done and why. `not_in_place` says why the file is not edited, "" where it is.
    """

    found: Found
    document: Any
    edits: tuple[Edit, ...] = ()
    text: str | None = None
    changed: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    not_in_place: str = ""


def repair(found: Found, suppressed: frozenset[str] = frozenset()) -> Repaired:
    """Mend a document as far as that is safe; never raises for what a document says.

    `suppressed`: rules whose findings in it people live with; no edit is made for them alone.
    """
    elsewhere = not_in_place(found)
    # What is found on the way, between two edits, nobody has seen or could live with.
    seen = _rules(found).keys() if suppressed else frozenset()

    def refused_by(before: Found, data: Any) -> str:
        if why := _only_for(suppressed, seen, before, data):
            return why
        return _not_shown(found) if elsewhere else _not_written(found, data)

    planned = plan(found, refused_by)
    after = planned.subject.found.data
    text, refused = None, planned.refused
    if planned.edits and not elsewhere:
        try:
            text = rewritten(found.source(), [Rewrite(found.root, found.data, after)])
            if why := only_here(found, planned.subject.found, text):
                raise NotWrittenError(why)
        except NotWrittenError as error:
            planned = replace(planned, edits=())
            refused = (("the document", error.problem),)
    if not planned.edits:
        return Repaired(
            found=found,
            document=found.data,
            refused=_told(found, refused),
            not_in_place=elsewhere,
        )
    return Repaired(
        found=found,
        document=after,
        edits=tuple(_edits(found, planned)),
        text=text,
        changed=tuple(told(found, sentence) for sentence in sentences(planned.changed)),
        refused=_told(found, refused),
        not_in_place=elsewhere,
    )


def together(repaired: Sequence[Repaired]) -> str | None:
    """The new text of a file with all its documents mended; None if nothing in it is edited.

    Raises:
        NotWrittenError: the edits of two documents are in the way of each other.
    """
    edited = [r for r in repaired if r.text is not None]
    if not edited:
        return None
    each = [Rewrite(r.found.root, r.found.data, r.document) for r in edited]
    return rewritten(edited[0].found.source(), each)


def printed(document: Any) -> str:
    """A document as it is shown where it has no text of its own."""
    import json

    return json.dumps(document, indent=2) + "\n"


def not_in_place(found: Found) -> str:
    """Why a document is not edited where it stands, "" if it is."""
    root = found.root
    if found.embedded:
        return "the document is a text inside another file; edit it where it comes from"
    is_template = root[:1] == ("Resources",) and "Properties" in root
    if root and not is_template and not (len(root) == 1 and root[0] in _WRAPPERS):
        return "the file is what a program printed; edit the document where it comes from"
    source = found.source()
    start = source.values[root][0]
    line = source.text.count("\n", 0, start) + 1
    column = start - source.text.rfind("\n", 0, start)
    if source.mark(root) != (line, column):
        return "the document is a part of a file that has more; edit it there"
    return ""


def _not_written(found: Found, data: Any) -> str:
    """Why a file cannot have the document with other data, "" if it can."""
    try:
        check(found.source(), Rewrite(found.root, found.data, data))
    except NotWrittenError as error:
        return error.problem
    return ""


def _not_shown(found: Found) -> str:
    """Why a document that is edited elsewhere cannot have edits at all, "" if it can.

    They are shown in what was made of it, which has stand-ins where functions are.
    """
    try:
        raw = written(found.source(), found.root)
    except (NotWrittenError, LookupError, TypeError):
        return ""
    if found.embedded:
        is_made = not isinstance(raw, str)
    else:
        is_made = isinstance(raw, dict) and "Statement" in raw and raw != found.data
    return "functions of a template make it; edit it by hand" if is_made else ""


def _told(found: Found, refused: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((told(found, what), told(found, why)) for what, why in refused)


def _edits(found: Found, planned: Planned) -> list[Edit]:
    edits = []
    before = found
    for proposal in planned.edits:
        after = replace(found, data=proposal.data)
        edits.append(_edit(proposal, before, after))
        before = after
    return edits


def _only_for(suppressed: frozenset[str], seen: AbstractSet[str], before: Found, data: Any) -> str:
    """Whether an edit answers nothing but what is suppressed; in words, "" if not.

    That a policy was published says no more than the rules that find what is wrong with it.
    """
    if not suppressed:
        return ""
    fewer = _rules(before) - _rules(replace(before, data=data))
    answers = sorted(rule for rule in fewer if rule in seen and not rule.startswith("GEN08"))
    if not answers or not suppressed.issuperset(answers):
        return ""
    return f"{', '.join(answers)} {'is' if len(answers) == 1 else 'are'} accepted as it is"


def _edit(proposal: Proposal, before: Found, after: Found) -> Edit:
    """An edit with the rules that find less once it is made."""
    known, left = (_rules(document) for document in (before, after))
    what, why = told(before, proposal.what), told(before, proposal.why)
    return Edit(proposal.place, what, why, tuple(sorted(known - left)))


def _rules(found: Found) -> Counter[str]:
    # Where things stand in the text does not matter here, and changes.
    at_hand = replace(found, embedded=True, root=())
    found_by = Counter(finding.rule for finding in judge(at_hand).findings)
    return found_by | by_statement(Subject(at_hand))
