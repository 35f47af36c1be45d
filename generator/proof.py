"""The proof of a bundle: the journey's rows, and what gets through without MFA at all.

`proof.md` is the committed form: it changes when a decision does, and for no other reason.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.catalog import action_case
from generator.exhaustive import Extent
from generator.journey import Row, Walked
from generator.lexical import in_units
from generator.states import Terms


class Proof(Struct, frozen=True):
    """What was shown of a bundle."""

    terms: Terms
    walked: tuple[Walked, ...]
    extent: Extent

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, in order."""
        return tuple(row for walked in self.walked for row in walked.rows)


def proof_text(name: str, proof: Proof) -> str:
    """The text of `proof.md`."""
    lines = [f"# What `{name}` lets through", "", *_INTRODUCTION]
    part = ""
    for walked in proof.walked:
        for title, line in _lines(walked):
            if title != part:
                part = title
                lines += ["", f"## {part}", "", *_HEAD]
            lines.append(line)
    return "\n".join([*lines, "", *_everything(proof)]) + "\n"


@lru_cache(maxsize=1024)
def _lines(walked: Walked) -> list[tuple[str, str]]:
    """The part and the line of each row."""
    return [(row.step.part, _line(row)) for row in walked.rows]


_INTRODUCTION: Final = (
    "Every answer is what AWS decides by the documents beside this file. `+ admin` is with",
    "`AdministratorAccess` attached to the user as well; all else is with nothing else attached.",
    "Users stand for all users, with and without a path. `gen verify --format json` has why each",
    "answer must be so, and the source.",
)
_HEAD: Final = (
    "| Who | Does | Calls | On | Answer | Because of |",
    "| --- | --- | --- | --- | --- | --- |",
)
OUTCOMES: Final = {
    "allowed": "allowed",
    "explicitly_denied": "explicitly denied",
    "implicitly_denied": "implicitly denied",
}


def _line(row: Row) -> str:
    step = row.step
    calls = ", ".join(f"`{action}`" for action in step.actions)
    who = f"{step.who} + admin" if step.administrator else step.who
    because = ", ".join(f"`{sid}`" for sid in row.because) or "nothing allows it"
    cells = (who, step.does, calls, step.on, answer(row), because)
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _cell(text: str) -> str:
    """Text as a cell of a table, in ASCII."""
    return text.replace("|", "\\|").encode("ascii", "backslashreplace").decode()


def answer(row: Row) -> str:
    """The outcome of a row, in words."""
    return " or ".join(OUTCOMES.get(outcome, outcome) for outcome in row.outcome.split(" or "))


def _everything(proof: Proof) -> Iterator[str]:
    """What was shown over every action there is."""
    terms = proof.terms
    own = {action.lower() for action in terms.on_own_user}
    yield "## Every action there is"
    yield ""
    if terms.archetype == "direct-user-deny":
        yield "Without MFA and with `AdministratorAccess` attached, exactly this gets through:"
        exempt = [(a in own, action_case(a)) for a in terms.exempt]
    else:
        yield "Without MFA and with nothing else attached, exactly this gets through, besides the"
        yield "roles above, whose trust demands MFA:"
        exempt = [(a in own, action_case(a)) for a in granted(terms)]
    yield ""
    for where, mine in (("on the own user", True), ("on anything", False)):
        actions = sorted(action for is_own, action in exempt if is_own is mine)
        if actions:
            yield f"- {where}: {', '.join(f'`{action}`' for action in actions)}"
    yield "- whatever policies say: `sts:GetCallerIdentity`, `sts:GetSessionToken`"
    yield ""
    extent = proof.extent
    stale = f", and with MFA {in_units(terms.max_age)} ago or longer" if terms.max_age else ""
    yield "Shown for every action in AWS's catalogue, and for any that it may gain, in"
    yield f"{extent.actions} classes; for every resource, in {extent.resources} classes; with the"
    yield f"MFA flag absent and false{stale}, in {extent.states} states."
    if terms.archetype != "direct-user-deny":
        yield ""
        yield "This archetype has no Deny: what else is attached to a user works without MFA."


def granted(terms: Terms) -> Iterable[str]:
    """What the policy itself grants without MFA, in lower case."""
    from generator.flows import calls_of

    return {c.action.lower() for c in calls_of(terms.flows) if c.before_mfa and c.granted}
