"""What documents say of the first sign-in and of enrolment: bits, one union for all together."""

from typing import Final

from msgspec import Struct

from generator.account.papers import CALLS, Paper, Papers, answered, name_of
from generator.decider import DEVICE
from generator.flows import has_security_keys
from generator.match import applies
from generator.policy import Effect
from generator.principals import Caller
from generator.supposed import OfIam
from generator.verdicts import ENROLMENT, NOT_JUDGED, Verdict, enrolment

_REGISTER: Final = "iam:registersecuritykey"
_CHANGE: Final = 1
# What a user must be allowed to do, and what must not be denied, for each kind of device.
_BITS: Final[dict[str, tuple[int, int]]] = {
    kind: (
        sum(1 << CALLS.index((n.action, n.on, n.register)) for n in calls if n.granted),
        sum(1 << CALLS.index((n.action, n.on, n.register)) for n in calls),
    )
    for kind, calls in ENROLMENT.items()
}
_BEST: Final[tuple[Verdict, ...]] = ("open", "depends", "not_granted", "denied")


class Bits(Struct, frozen=True):
    """What documents say of `CALLS`, a bit each; `maybe` has those that are not settled."""

    denies: int = 0
    maybe_denies: int = 0
    allows: int = 0
    maybe_allows: int = 0

    def __or__(self, other: "Bits") -> "Bits":
        return Bits(
            self.denies | other.denies,
            self.maybe_denies | other.maybe_denies,
            self.allows | other.allows,
            self.maybe_allows | other.maybe_allows,
        )


_NOTHING: Final = Bits()


class SignIns:
    """Answers for the users of one account, each document asked once."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self._bits: dict[tuple[int, str], Bits] = {}
        self._statements: dict[tuple[int, Effect, str], int | None] = {}

    def verdicts(
        self, papers: list[Paper], boundary: Paper | None, who: Caller, missing: bool
    ) -> tuple[Verdict, Verdict]:
        """The verdicts of the first sign-in and of enrolment; `missing`: there is more."""
        bits = _NOTHING
        for paper in papers:
            further = self._bits_of(paper, who)
            if further is not _NOTHING:
                bits |= further
        limit = None if boundary is None else self._bits_of(boundary, who)
        found = _Together(bits, limit, self._papers.change_password, missing)
        return found.first_login(), self._enrolment(found, papers, boundary, who, missing)

    def statement(self, number: int, effect: Effect, name: str) -> int | None:
        """The statement of a document that denies (or allows) a user ChangePassword, if any."""
        paper = self._papers[number]
        like = name if paper.sign_in_by_name else "/" * ("/" in name)
        key = number, effect, like
        if key not in self._statements:
            who = self._papers.nobody.user_called(name)
            asked = self._papers.context(who, "console", "iam:")
            self._statements[key] = next(
                (
                    index
                    for index, s, about in paper.sign_in
                    if s.effect is effect and 0 in about
                    if answered(applies, s, CALLS[0][0], who.arn, asked, paper.variables)
                ),
                None,
            )
        return self._statements[key]

    def _bits_of(self, paper: Paper, who: Caller) -> Bits:
        if not paper.sign_in:
            return _NOTHING
        name = name_of(who)
        key = paper.number, name if paper.sign_in_by_name else "/" * ("/" in name)
        found = self._bits.get(key)
        if found is None:
            found = self._bits[key] = self._asked(paper, who)
        return found

    def _asked(self, paper: Paper, who: Caller) -> Bits:
        """What a document says of each of `CALLS`, in the console."""
        sure = {Effect.DENY: 0, Effect.ALLOW: 0}
        maybe = {Effect.DENY: 0, Effect.ALLOW: 0}
        plain = self._papers.context(who, "console", "iam:")
        for _, s, about in paper.sign_in:
            for bit in about:
                action, on, register = CALLS[bit]
                asked = plain
                if action == "iam:EnableMFADevice":
                    asked = OfIam(plain | {_REGISTER: register})
                thing = self._target(on, who)
                answer = answered(applies, s, action, thing, asked, paper.variables)
                if answer:
                    sure[s.effect] |= 1 << bit
                elif answer is None:
                    maybe[s.effect] |= 1 << bit
        return Bits(sure[Effect.DENY], maybe[Effect.DENY], sure[Effect.ALLOW], maybe[Effect.ALLOW])

    def _target(self, on: str, who: Caller) -> str:
        return {"user": who.arn, "device": self._papers.nobody.device(DEVICE), "account": "*"}[on]

    def _enrolment(
        self,
        sign_in: "_Together",
        papers: list[Paper],
        boundary: Paper | None,
        who: Caller,
        missing: bool,
    ) -> Verdict:
        """The best that comes of any kind of device."""
        found: list[Verdict] = []
        everything = papers if boundary is None else [*papers, boundary]
        for kind in ENROLMENT:
            if kind == "security-key":
                if not has_security_keys(self._papers.partition):
                    continue
                if any(paper.asks_for_certification for paper in everything):
                    verdict = enrolment(self._papers.decider(papers, boundary, who), kind)
                    certain = not missing or verdict == "denied"
                    found.append(verdict if certain else NOT_JUDGED)
                    continue
            found.append(sign_in.enrolment(kind))
        if NOT_JUDGED in found:
            return NOT_JUDGED
        return min(found, key=_BEST.index)


class _Together:
    """The verdicts of `verdicts.first_login` and `verdicts.enrolment`, from bits."""

    def __init__(
        self, bits: Bits, limit: Bits | None, change_password: bool, missing: bool
    ) -> None:
        self.missing = missing
        allows, maybe = bits.allows | (_CHANGE if change_password else 0), bits.maybe_allows
        self.denies, self.maybe_denies = bits.denies, bits.maybe_denies
        if limit is not None:
            self.denies |= limit.denies
            self.maybe_denies |= limit.maybe_denies
            # Whether the boundary allows it is not settled, so neither is anything else.
            self.maybe_denies |= limit.maybe_allows & ~limit.allows
            maybe = (allows | maybe) & (limit.allows | limit.maybe_allows)
            allows &= limit.allows
        self.allows, self.maybe_allows = allows, maybe

    def first_login(self) -> Verdict:
        if self.denies & _CHANGE:
            return "locked_out"
        return self._granted(_CHANGE, _CHANGE)

    def enrolment(self, kind: str) -> Verdict:
        granted, asked = _BITS[kind]
        if self.denies & asked:
            return "denied"
        return self._granted(granted, asked)

    def _granted(self, needed: int, asked: int) -> Verdict:
        if self.missing:
            return NOT_JUDGED
        if self.maybe_denies & asked:
            return "depends"
        if needed & ~self.allows & ~self.maybe_allows:
            return "not_granted"
        return "depends" if needed & ~self.allows else "open"
