"""Whom a Deny keeps from something: everybody, users that it names, or users with some tags."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from generator.findings import Confidence, Severity
from generator.match import hold, matches_action, matches_resource
from generator.policy import Effect, Statement
from generator.positions import Place
from generator.principals import Caller
from generator.rules.mfa_denies import denying, is_matched, is_mfa_deny, listed
from generator.singled_out import patterns_of_people
from generator.subject import Subject
from generator.supposed import IAM_REGION, context

_TAG: Final = "aws:principaltag/"
_WHO: Final = ("aws:username", "aws:principalarn")
_REGION: Final = "aws:requestedregion"


class Denied(NamedTuple):
    """A statement that denies a call on the own user, in the console without MFA.

    `who` is one of those it denies it to, `names` their patterns or the keys of their tags, none
    where it is everybody. `lifted`: with MFA it is not denied.
    """

    place: Place
    statement: Statement
    who: Caller
    lifted: bool
    names: tuple[str, ...] = ()
    by_tag: bool = False

    @property
    def to_whom(self) -> str:
        """Those it denies it to, in a message: "" for everybody."""
        if self.by_tag:
            return f" to users whose {listed(self.names)} is what it asks for"
        return f" to users such as {listed(self.names)}" if self.names else ""

    def severity(self, usual: Severity) -> Severity | None:
        """How bad it is; who has which tags is not known. None: as ever."""
        return Severity(usual - 1) if self.by_tag else None

    @property
    def confidence(self) -> Confidence | None:
        return "medium" if self.by_tag else None


def denied(subject: Subject, action: str, **carried: Any) -> dict[Place, Denied]:
    """The statements that deny an action on the own user without MFA, each once.

    Where one does not deny it to everybody: to users whom the document singles out, or to users
    with tags that it asks for.
    """
    user = subject.decider.user
    found: dict[Place, Denied] = {}
    people = (("", None), *patterns_of_people(subject.policy, subject.decider))
    for name, one in people:
        who = one or user
        for place, s in denying(subject, action, who.arn, "console", who=one, **carried):
            if name and _protects(s, action):
                continue
            if place not in found:
                names = (name,) if name else ()
                found[place] = Denied(place, s, who, is_mfa_deny(subject, s, who, action), names)
            elif name and found[place].names:
                known = found[place]
                found[place] = known._replace(names=tuple(dict.fromkeys((*known.names, name))))
    for one_by_tag in _by_tag(subject, action, **carried):
        found.setdefault(one_by_tag.place, one_by_tag)
    return found


def _protects(s: Statement, action: str) -> bool:
    """Whether a Deny is of all that could be done to some users: it is for others to obey.

    One that names a call which users make for themselves, or asks who calls, is for those users.
    """
    names_it = not s.actions.negated and any(
        is_matched(item, action) and not item.endswith("*") for item in s.actions.items
    )
    return not names_it and not any(c.key.lower() in _WHO for c in s.conditions)


def action_called(subject: Subject, s: Statement, action: str) -> str:
    """An action of IAM in a message, with where it is called if a statement asks for that."""
    if is_of_regions(s) and subject.partition in IAM_REGION:
        return f"`{action}`, which is called in `{IAM_REGION[subject.partition]}`,"
    return f"`{action}`"


def is_of_regions(s: Statement, outside: bool = False) -> bool:
    """Whether a statement depends on the Region that is called; `outside`: is about all others."""
    return any(
        c.key.lower() == _REGION and (not outside or "Not" in c.operator) for c in s.conditions
    )


def _by_tag(subject: Subject, action: str, **carried: Any) -> Iterator[Denied]:
    """The Denies "without MFA" of an action to users who have some tags.

    One that MFA does not lift says itself whom it is against.
    """
    user, account = subject.decider.user, subject.decider.account
    asked = context("console", user, account, action, **carried)
    for place, s in subject.statements(Effect.DENY):
        tags = tuple(c.key for c in s.conditions if c.key.lower().startswith(_TAG))
        if not tags or not subject.is_known(place) or not matches_action(s.actions, action):
            continue
        rest = replace(
            s, conditions=tuple(c for c in s.conditions if not c.key.lower().startswith(_TAG))
        )
        if (
            matches_resource(s.resources, user.arn, asked, subject.variables)
            and hold(rest.conditions, asked, subject.variables)
            and is_mfa_deny(subject, rest, action=action)
        ):
            yield Denied(place, s, user, True, tags, by_tag=True)
