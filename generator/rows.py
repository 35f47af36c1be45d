"""Steps of the journey and what came of them, as values and as lines of a table."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from generator.context import Context
from generator.pattern import Resources
from generator.principals import Caller
from generator.request import Outcome
from generator.states import Kept

Ask = tuple[Caller, str | Resources, Context]


class Step(Struct, frozen=True, cache_hash=True):
    """Who, in which state, calls what on what, what must come out, and why.

    `must`: "denied" is denied either way. `source` has the prefixes of `generator.flows`.
    `administrator`: with AdministratorAccess attached as well. `account_grant`: the account's
    AllowUsersToChangePassword is on. `device`: the user has a device already. `may_depend`: further
    conditions of the template's own may decide it.
    """

    part: str
    who: str
    does: str
    actions: tuple[str, ...]
    on: str
    must: Outcome | Literal["denied"]
    why: str
    source: str
    asks: tuple[Ask, ...]
    administrator: bool = False
    account_grant: bool = False
    device: bool = False
    may_depend: bool = False


def changed(step: Step, **fields: object) -> Step:
    """A step with some fields different."""
    mine = {name: getattr(step, name) for name in Step.__struct_fields__}
    return Step(**{**mine, **fields})


class Part(Struct, frozen=True, eq=False):
    """Steps that go together. Equal to itself only: whoever makes one keeps it."""

    steps: tuple[Step, ...]
    actions: tuple[str, ...]


def part_of(steps: Iterable[Step]) -> Part:
    """Steps as a part."""
    found = tuple(steps)
    return Part(found, _kept(tuple(dict.fromkeys(a for step in found for a in step.actions))))


@lru_cache(maxsize=512)
def _kept(actions: tuple[str, ...]) -> tuple[str, ...]:
    """The one tuple of these actions, which is cheap to look up."""
    return Kept(actions)


class Row(Struct, frozen=True, eq=False):
    """What came of a step. `because` are Sids, or names of rules; `problem` is "" if it is as it
    must be, else what is wrong, in words. `line` is how `proof.md` has it."""

    step: Step
    outcome: str
    because: tuple[str, ...]
    blocked_by: tuple[str, ...] = ()
    problem: str = ""
    line: str = ""


Rows: TypeAlias = Kept[Row]


class Walked(Struct, frozen=True):
    """What came of some steps. `title` is what they are about, where the steps do not say."""

    rows: Rows
    title: str = ""


OUTCOMES: Final = {
    "allowed": "allowed",
    "explicitly_denied": "explicitly denied",
    "implicitly_denied": "implicitly denied",
}


def row(
    step: Step,
    outcomes: Iterable[str],
    because: Iterable[str],
    blocked_by: Iterable[str],
    problem: str,
) -> Row:
    """What came of a step, with its line."""
    made = Row(step, " or ".join(outcomes), tuple(because), tuple(blocked_by), problem)
    # Rows of many roles have the same line.
    return replace(made, line=sys.intern(_line(made)))


def _line(row: Row) -> str:
    step = row.step
    calls = ", ".join(f"`{action}`" for action in step.actions)
    who = f"{step.who} + admin" if step.administrator else step.who
    missing = "its trust does not allow it" if "trust" in row.blocked_by else "nothing allows it"
    because = ", ".join(f"`{sid}`" for sid in row.because) or missing
    cells = (who, step.does, calls, step.on, answer(row), because)
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _cell(text: str) -> str:
    """Text as a cell of a table, in ASCII."""
    return text.replace("|", "\\|").encode("ascii", "backslashreplace").decode()


def answer(row: Row) -> str:
    """The outcome of a row, in words."""
    return " or ".join(OUTCOMES.get(outcome, outcome) for outcome in row.outcome.split(" or "))
