"""Denies "without MFA" in a document: which they are, and what each of them denies.

A Deny is one of them for what it does: it applies to a session without MFA, in the console or of an
access key, and not to one that has just used MFA. How it is written does not matter.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from generator.catalog import resource_types_of
from generator.match import hold, matches_action, matches_resource
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.principals import Caller
from generator.states import AGE, FLAG
from generator.subject import Subject
from generator.supposed import State, Supposed, context
from generator.verdicts import SOMETHING, WITHOUT_MFA

# Kinds of document that decide what people may do, each person in the account alike.
_ABOUT_PEOPLE: Final = ("identity", "scp", "boundary")
MFA_KEYS: Final = (FLAG.lower(), AGE.lower())
_EVERYTHING: Final = ("*", "*:*", "iam:*")


def is_about_people(subject: Subject) -> bool:
    """Whether a document decides what users may do; one that only roles have does not."""
    return subject.kind in _ABOUT_PEOPLE and subject.found.holders != frozenset({"role"})


def mfa_denies(subject: Subject) -> Iterator[tuple[Place, Statement]]:
    """The Denies "without MFA" of a document, those with parts that are not known left out."""
    for place, s in subject.statements(Effect.DENY):
        if is_mfa_deny(subject, s) and subject.is_known(place):
            yield place, s


def is_mfa_deny(
    subject: Subject, s: Statement, who: Caller | None = None, action: str = ""
) -> bool:
    """Whether a statement denies without MFA what it does not deny with MFA.

    `who` and `action`: to a user other than the one a document is asked as, and for a call of it.
    """
    return (
        s.effect is Effect.DENY
        and any(is_met(subject, s, state, who, action) for state in WITHOUT_MFA)
        and is_met(subject, s, "mfa", who, action) is False
    )


def asks_for_mfa(s: Statement) -> bool:
    """Whether a statement has a condition on MFA at all, a wrong one too."""
    return any(c.key.lower() in MFA_KEYS for c in s.conditions)


def is_met(
    subject: Subject, s: Statement, state: State, who: Caller | None = None, action: str = ""
) -> bool | None:
    """Whether a statement's conditions are met in a state; None if that is not settled."""
    return hold(s.conditions, _context(subject, state, who, action), subject.variables)


def covers(subject: Subject, s: Statement, on: str, state: State) -> bool:
    """Whether a statement is about a resource and its conditions are met, whatever its actions."""
    asked = _context(subject, state)
    matching = matches_resource(s.resources, on, asked, subject.variables)
    return bool(matching and hold(s.conditions, asked, subject.variables))


def spares(subject: Subject, s: Statement, on: str, state: State) -> bool:
    """Whether a statement's `NotResource` leaves out a resource."""
    asked = _context(subject, state)
    return matches_resource(s.resources, on, asked, subject.variables) is False


def denying(
    subject: Subject, action: str, on: str, state: State, **further: Any
) -> list[tuple[Place, Statement]]:
    """The statements that explicitly deny a request, whatever else allows it."""
    decision = subject.decider.decide(action, on, state, administrator=True, **further)
    if isinstance(decision, str) or decision.outcome != "explicitly_denied":
        return []
    found = []
    for reason in decision.because:
        if reason.policy == "document" and reason.index is not None:
            place = subject.at[reason.index]
            if subject.is_known(place):
                found.append((place, subject.policy.statements[reason.index]))
    return found


def is_granted_by_name(subject: Subject, action: str) -> bool:
    """Whether an Allow that is open without MFA names an action, not just everything."""
    return any(
        is_met(subject, s, "console") is not False and names_action(s, action)
        for _, s in subject.statements(Effect.ALLOW)
    )


def names_action(s: Statement, action: str) -> bool:
    """Whether a statement's `Action` names an action, not just everything."""
    return not s.actions.negated and any(
        is_matched(item, action) and item not in _EVERYTHING for item in s.actions.items
    )


def allowing(subject: Subject, action: str, on: str, state: State) -> list[tuple[Place, Statement]]:
    """The statements of the document that allow a request."""
    decision = subject.decider.decide(action, on, state)
    if isinstance(decision, str):
        return []
    found = [r.index for r in decision.because if r.policy == "document" and r.index is not None]
    return [(subject.at[i], subject.policy.statements[i]) for i in found]


def place_of_action(subject: Subject, place: Place, s: Statement, action: str) -> Place:
    """Where people look: the item of `Action` that covers an action, or all of `NotAction`."""
    if s.actions.negated:
        return (*place, "NotAction")
    at = next(i for i, item in enumerate(s.actions.items) if is_matched(item, action))
    return place_of_item(subject, place, "Action", at)


def place_of_item(subject: Subject, place: Place, element: str, at: int) -> Place:
    """Where an item of a list stands; a bare value stands where the list would."""
    where = (*place, element)
    return (*where, at) if isinstance(subject.data(where), list) else where


def is_matched(item: str, action: str) -> bool:
    """Whether an action pattern matches an action; case does not count."""
    return matches_action(Patterns((item,)), action)


def called(s: Statement) -> str:
    """A statement in a message: by its Sid, if it has one."""
    return f"`{s.sid}`" if s.sid else "a Deny without a Sid"


def let_through(s: Statement, *actions: str) -> str:
    """What to change in a Deny so that it lets actions through."""
    if s.actions.negated:
        lacking = [a for a in actions if not any(is_matched(i, a) for i in s.actions.items)]
        return f"add {listed(lacking)} to its `NotAction`"
    named = {action.lower() for action in actions}
    in_the_way = [i for i in s.actions.items if any(is_matched(i, a) for a in actions)]
    if named.issuperset(item.lower() for item in in_the_way):
        return f"take {listed(in_the_way)} out of its `Action`"
    if any(item in ("*", "*:*") for item in in_the_way):
        return (
            "in place of `Action`, write `NotAction` with what people need before MFA, "
            f"{listed(actions)} among it"
        )
    patterns = [item for item in in_the_way if item.lower() not in named]
    return f"in place of {listed(patterns)}, name the actions that need MFA, {listed(actions)} not"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def called_on(subject: Subject, action: str) -> list[str]:
    """What an action is called on: the own user and another one, or something of its type."""
    decider = subject.decider
    found = []
    for kind in sorted(_types(action)):
        if kind == "user":
            found += [decider.user.arn, decider.another_user]
        elif kind == "mfa":
            found.append(decider.device())
        elif kind in ("group", "policy", "role"):
            found.append(f"arn:{decider.partition}:iam::{decider.account}:{kind}/\ue013")
    return found or ["*", SOMETHING.format(decider.partition, decider.account)]


@cache
def _types(action: str) -> frozenset[str]:
    return resource_types_of(action) if action.startswith(("iam:", "sts:")) else frozenset()


def _context(
    subject: Subject, state: State, who: Caller | None = None, action: str = ""
) -> Supposed:
    decider = subject.decider
    return context(state, who or decider.user, decider.account, action)
