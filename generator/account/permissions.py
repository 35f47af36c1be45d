"""What a set of documents comes to for a user, made up from what each document says by itself.

Hardly two users of a large account have the same policies, but all of them share a few documents.
`tests/test_account.py` has the law that this equals evaluating everything together.
"""

from msgspec import Struct

from generator.account.bypass import Bypasses, Through
from generator.account.papers import Papers
from generator.account.sign_in import SignIns
from generator.policy import Effect
from generator.states import USER
from generator.verdicts import Verdict


class Held(Struct, frozen=True):
    """Everything that decides what a user may do: numbers of documents.

    `boundary` is None if there is none. `missing`: the dump lacks some of it, or it cannot be read.
    """

    identity: frozenset[int]
    boundary: int | None = None
    missing: bool = False


class Outcome(Struct, frozen=True):
    """The verdicts of a user."""

    first_login: Verdict
    enrolment: Verdict
    key: Through
    console: Through


class Permissions:
    """The verdicts of the users of one account."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self._sign_ins, self._bypasses = SignIns(papers), Bypasses(papers)
        self._outcomes: dict[tuple[Held, str], Outcome] = {}
        self._by_name: dict[Held, bool] = {}

    @property
    def sets(self) -> int:
        """How many different sets of permissions there were."""
        return len(self._by_name)

    def is_readable(self, number: int) -> bool:
        """Whether a document says something at all."""
        return number >= 0 and self._papers[number].policy is not None

    def outcome(self, held: Held, name: str) -> Outcome:
        """The verdicts of a user; `name` with its path."""
        by_name = self._by_name.get(held)
        if by_name is None:
            numbers = [*held.identity, *(() if held.boundary is None else (held.boundary,))]
            by_name = any(self._papers[number].by_name for number in numbers)
            self._by_name[held] = by_name
        like = name if by_name else f"path/{USER}" if "/" in name else USER
        found = self._outcomes.get((held, like))
        if found is None:
            found = self._outcomes[held, like] = self._outcome(held, like)
        return found

    def denial(self, number: int, name: str) -> int | None:
        """The statement of a document that denies a user ChangePassword at the first sign-in."""
        return self._sign_ins.statement(number, Effect.DENY, name)

    def grant(self, number: int, name: str) -> int | None:
        """The statement of a document that allows a user ChangePassword at the first sign-in."""
        return self._sign_ins.statement(number, Effect.ALLOW, name)

    def sid(self, number: int, index: int) -> str:
        """The Sid of a statement, "" if it has none."""
        return self._papers[number].statements[index].sid

    def _outcome(self, held: Held, name: str) -> Outcome:
        who = self._papers.nobody.user_called(name)
        papers = [self._papers[number] for number in sorted(held.identity)]
        boundary = None if held.boundary is None else self._papers[held.boundary]
        first, enrolment = self._sign_ins.verdicts(papers, boundary, who, held.missing)
        key, console = (
            self._bypasses.through(papers, boundary, state, who, missing=held.missing)
            for state in ("key", "console")
        )
        return Outcome(first, enrolment, key, console)
