"""The people of the journey: who they are, in which state they ask, and what they call things on.

Names are characters that no document has, so that what holds for one user holds for all.
"""

from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from generator.flows import Call, Target
from generator.pattern import Resources
from generator.principals import Caller
from generator.request import Outcome
from generator.rows import Ask
from generator.states import (
    ACTIVATE,
    ANOTHER,
    ANY_PARTITION,
    FLAG,
    USER,
    Certification,
    Kept,
    State,
    carried_by,
    direct,
    resources_of,
    with_mfa,
    with_stale_mfa,
    without_mfa,
)


class Where(Struct, frozen=True, cache_hash=True):
    """Where the users are, and whether a Deny forces MFA on them. The partition does not matter,
    but for whether there are security keys in it."""

    account: str
    denies: bool
    has_security_keys: bool

    @property
    def refused(self) -> Outcome:
        """How what must not be is refused: by the Deny, or for want of an Allow."""
        return "explicitly_denied" if self.denies else "implicitly_denied"


States: TypeAlias = Kept[State]


@lru_cache(maxsize=64)
def users(account: str) -> tuple[tuple[Caller, Resources], ...]:
    """A user without a path, with one, and with a longer one; each as caller and as resource."""
    found = []
    for resource in resources_of("own-user", ANY_PARTITION, account):
        assert isinstance(resource, Resources)
        arn = resource.one
        found.append((Caller("User", arn, ANY_PARTITION, account, USER, arn), resource))
    return tuple(found)


@lru_cache(maxsize=1024)
def asks(account: str, target: Target, states: States) -> tuple[Ask, ...]:
    """Every user in every state, on all that a call may go to; `own-user` is the one who asks."""
    return Kept(
        (who, thing, state)
        for who, own in users(account)
        for thing in (
            (own,) if target == "own-user" else resources_of(target, ANY_PARTITION, account)
        )
        for state in states
    )


@lru_cache(maxsize=64)
def asks_on_others(account: str, states: States) -> tuple[Ask, ...]:
    """Every user in every state, on somebody else: without a path, or with the own name as one."""
    start = f"arn:{ANY_PARTITION}:iam::{account}:user/"
    others = (f"{start}{ANOTHER}", f"{start}{USER}/{ANOTHER}")
    return Kept((who, o, state) for who, _ in users(account) for o in others for state in states)


@lru_cache(maxsize=8)
def no_mfa(console_only: bool = False) -> States:
    """Without MFA, nobody else making the call."""
    return Kept(state for _, state in direct(without_mfa(console_only)))


@lru_cache(maxsize=64)
def fresh_mfa(max_age: int | None) -> States:
    """With MFA that counts."""
    return Kept(state for _, state in direct(with_mfa(max_age)))


@lru_cache(maxsize=64)
def stale_mfa(max_age: int) -> States:
    """With MFA too long ago."""
    return Kept(state for _, state in direct(with_stale_mfa(max_age)))


@lru_cache(maxsize=1)
def with_key() -> States:
    """An access key alone."""
    return Kept(state for state in no_mfa() if state[FLAG.lower()] is None)


@lru_cache(maxsize=512)
def carrying(call: Call, states: States, certification: Certification = ()) -> States:
    """States with what a call carries."""
    if not call.context:
        return states
    accepted = certification if ACTIVATE in call.context else ()
    return adding(states, tuple(map(_items, carried_by(call.context, accepted))))


@lru_cache(maxsize=512)
def adding(states: States, carried: tuple[tuple[tuple[str, str | None], ...], ...]) -> States:
    """Each state with each of some sets of keys."""
    return Kept({**state, **dict(keys)} for state in states for keys in carried)


def _items(state: State) -> tuple[tuple[str, str | None], ...]:
    return tuple(state.items())
