"""What gets through without MFA beyond sign-in and enrolment, and which statement lets it.

A user's documents are not asked all together: each that allows is asked beside all that deny, and
within the boundary, which comes to the same and is shared by many users.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from generator.account.papers import Paper, Papers, answered, like
from generator.account.probes import is_harmless, probes, resource
from generator.match import hold, matches_action, matches_resource
from generator.policy import Effect, Statement
from generator.principals import Caller
from generator.request import Decision
from generator.supposed import State
from generator.verdicts import NOT_JUDGED, SOMETHING, WORK, Verdict


class Through(Struct, frozen=True):
    """What gets through without MFA: by which document and statement; -1 where nothing does.

    `lists`: nothing more than lists and descriptions of things, or what IAM itself says.
    """

    verdict: Verdict
    document: int = -1
    statement: int = -1
    action: str = ""
    lists: bool = True

    @property
    def weight(self) -> int:
        """How much it says of a user, 0 to 3."""
        if self.verdict == "open":
            return 2 if self.lists else _HEAVIEST
        return 1 if self.verdict == "depends" else 0


_HEAVIEST = 3


class Bypasses:
    """Answers for the users of one account, each combination of documents asked once."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self._live: dict[tuple[int, State, str], tuple[tuple[Statement, bool], ...]] = {}
        self._through: dict[tuple[Any, ...], Through] = {}
        self._closed: dict[tuple[Any, ...], tuple[bool, bool]] = {}

    def through(
        self,
        papers: list[Paper],
        boundary: Paper | None,
        state: State,
        who: Caller,
        *,
        missing: bool,
    ) -> Through:
        """The verdict in a state; `missing`: the user has more than these documents."""
        everything = papers if boundary is None else [*papers, boundary]
        denying = [paper for paper in everything if self._live_denies(paper, state, who)]
        closes, denies_work = self._closes(denying, state, who)
        if closes:
            return _DENIED
        beside = frozenset(paper.number for paper in denying)
        best = Through("denied" if denies_work else "not_granted")
        for paper in sorted(papers, key=lambda paper: not paper.is_broad):
            if paper.allows:
                found = self._passes(paper, beside, boundary, state, who)
                if found.weight > best.weight:
                    best = found
                if best.weight == _HEAVIEST:
                    break
        if missing and best.verdict != "denied":
            return Through(NOT_JUDGED)
        return best

    def _closes(self, denying: list[Paper], state: State, who: Caller) -> tuple[bool, bool]:
        """Whether some Denies leave nothing but what is harmless, and whether they deny work."""
        key = tuple(p.number for p in denying), state, like(denying, who)
        found = self._closed.get(key)
        if found is None:
            live = [one for paper in denying for one in self._live_denies(paper, state, who)]
            found = (
                any(_leaves_nothing(s) for s, sure in live if sure),
                all(self._is_denied(live, action, state, who) for action in WORK),
            )
            self._closed[key] = found
        return found

    def _is_denied(
        self, live: list[tuple[Statement, bool]], action: str, state: State, who: Caller
    ) -> bool:
        thing = SOMETHING.format(self._papers.partition, self._papers.account)
        asked = self._papers.context(who, state)
        return any(
            sure and matches_action(s.actions, action)
            # Much is called on nothing in particular, which an ARN does not cover.
            and all(answered(matches_resource, s.resources, on, asked) for on in (thing, "*"))
            for s, sure in live
        )

    def _live_denies(
        self, paper: Paper, state: State, who: Caller
    ) -> tuple[tuple[Statement, bool], ...]:
        """The Denies whose conditions are met in a state, or (False) may be."""
        if not paper.denies:
            return ()
        key = paper.number, state, who.arn if paper.by_name else ""
        found = self._live.get(key)
        if found is None:
            asked = self._papers.context(who, state)
            each = [(s, answered(hold, s.conditions, asked, paper.variables)) for s in paper.denies]
            found = tuple((s, bool(holding)) for s, holding in each if holding is not False)
            self._live[key] = found
        return found

    def _passes(
        self,
        paper: Paper,
        beside: frozenset[int],
        boundary: Paper | None,
        state: State,
        who: Caller,
    ) -> Through:
        """What a document lets through beside others that deny, and within a boundary."""
        others = [self._papers[number] for number in sorted(beside - {paper.number})]
        inside = [*others, *([boundary] if boundary else []), paper]
        limit = boundary.number if boundary else None
        key = paper.number, beside, limit, state, like(inside, who)
        found = self._through.get(key)
        if found is None:
            papers = [paper, *(p for p in others if p is not boundary)]
            found = self._through[key] = self._asked_through(paper, papers, boundary, state, who)
        return found

    def _asked_through(
        self,
        paper: Paper,
        papers: list[Paper],
        boundary: Paper | None,
        state: State,
        who: Caller,
    ) -> Through:
        inside = papers if boundary is None else [*papers, boundary]
        live = [s for p in inside for s, _ in self._live_denies(p, state, who)]
        decider = self._papers.decider(papers, boundary, who)
        hopeful = self._papers.hopeful(paper, boundary, who)
        best = Through("not_granted")
        asked = sorted(
            self._requests(paper, live, boundary, state, who), key=lambda each: _lists(each[1])
        )
        for index, action, shown, thing in asked:
            decision = decider.decide(action, thing, state)
            if isinstance(decision, Decision):
                if decision.outcome == "allowed":
                    return Through("open", paper.number, index, shown, _lists(action))
            elif (
                best.verdict != "depends" and hopeful.is_allowed(action, thing, state) is not False
            ):
                best = Through("depends", paper.number, index, shown, _lists(action))
        return best

    def _requests(
        self,
        paper: Paper,
        live: list[Statement],
        boundary: Paper | None,
        state: State,
        who: Caller,
    ) -> Iterator[tuple[int, str, str, str]]:
        """What to ask of a document: statement, action, how it is called, resource."""
        exempt = [i.lower() for s in live if s.actions.negated for i in s.actions.items]
        limits = [s for s in boundary.statements if s.effect is Effect.ALLOW] if boundary else []
        exempt += [i.lower() for s in limits if not s.actions.negated for i in s.actions.items]
        spared = [i for s in live if s.resources and s.resources.negated for i in s.resources.items]
        spared += [
            i for s in limits if s.resources and not s.resources.negated for i in s.resources.items
        ]
        exempt, spared = list(dict.fromkeys(exempt)), list(dict.fromkeys(spared))
        asked = self._papers.context(who, state)
        for index, s in enumerate(paper.statements):
            if s.effect is not Effect.ALLOW:
                continue
            if answered(hold, s.conditions, asked, paper.variables) is False:
                continue
            for probe in probes(s, exempt, spared):
                if not boundary or any(matches_action(a.actions, probe.action) for a in limits):
                    thing = resource(
                        probe.on, who.arn, self._papers.account, self._papers.partition
                    )
                    yield index, probe.action, probe.shown, thing


_DENIED = Through("denied")


def _lists(action: str) -> bool:
    service, _, name = action.lower().partition(":")
    return name.startswith(("list", "describe") if service != "iam" else _IAM_READS)


_IAM_READS = ("list", "get", "generate", "simulate")


def _leaves_nothing(s: Statement) -> bool:
    """Whether a Deny that applies covers all but what is harmless."""
    if s.resources is not None and (s.resources.negated or "*" not in s.resources.items):
        return False
    if s.actions.negated:
        return all(is_harmless(item.lower()) for item in s.actions.items)
    return "*" in s.actions.items
