"""The people of the journey: who they are, in which state they ask, and what they call things on.

Names are characters that no document has, so that what holds for one user holds for all.
"""

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from generator.flows import Call, Target
from generator.journey import Ask
from generator.pattern import Resources
from generator.principals import Caller
from generator.request import Outcome
from generator.states import (
    ACTIVATE,
    ANOTHER,
    USER,
    Certification,
    State,
    carried_by,
    direct,
    resources_of,
    without_mfa,
)


class Where(Struct, frozen=True, cache_hash=True):
    """Where the users are, and whether a Deny forces MFA on them."""

    partition: str
    account: str
    denies: bool

    @property
    def refused(self) -> Outcome:
        """How what must not be is refused: by the Deny, or for want of an Allow."""
        return "explicitly_denied" if self.denies else "implicitly_denied"


@lru_cache(maxsize=64)
def users(where: Where) -> tuple[tuple[Caller, Resources], ...]:
    """A user without a path, with one, and with a longer one; each as caller and as resource."""
    found = []
    for resource in resources_of("own-user", where.partition, where.account):
        assert isinstance(resource, Resources)
        arn = resource.one
        found.append((Caller("User", arn, where.partition, where.account, USER, arn), resource))
    return tuple(found)


def asks(where: Where, target: Target, states: Iterable[State]) -> tuple[Ask, ...]:
    """Every user in every state, on all that a call may go to; `own-user` is the one who asks."""
    found = tuple(states)
    return tuple(
        (who, thing, state)
        for who, own in users(where)
        for thing in (
            (own,) if target == "own-user" else resources_of(target, where.partition, where.account)
        )
        for state in found
    )


def asks_on_others(where: Where, states: Iterable[State]) -> tuple[Ask, ...]:
    """Every user in every state, on somebody else: without a path, or with the own name as one."""
    start = f"arn:{where.partition}:iam::{where.account}:user/"
    others = (f"{start}{ANOTHER}", f"{start}{USER}/{ANOTHER}")
    found = tuple(states)
    return tuple((who, o, state) for who, _ in users(where) for o in others for state in found)


def asking(states: Iterable[tuple[str, State]]) -> tuple[State, ...]:
    """States in which people make a call themselves."""
    return tuple(state for _, state in direct(states))


def without(call: Call, certification: Certification = ()) -> tuple[State, ...]:
    """Without MFA, as far as a call can be made so, and what the call carries."""
    return carrying(call, asking(without_mfa(call.console_only)), certification)


def carrying(
    call: Call, states: Iterable[State], certification: Certification = ()
) -> tuple[State, ...]:
    """States with what a call carries."""
    accepted = certification if ACTIVATE in call.context else ()
    carried = carried_by(call.context, accepted)
    return tuple({**state, **keys} for state in states for keys in carried)
