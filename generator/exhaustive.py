"""Every request there is, as classes that a user policy cannot tell apart: what gets through.

Actions: every name, in the catalogue or not. Resources: every text. States: those of `states`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.classes import action_classes, resource_classes
from generator.flows import calls_of
from generator.match import filled_resource, matches_action, matches_resource
from generator.pattern import matches_arn
from generator.policy import Effect, Patterns, Statement
from generator.states import (
    ANYONE,
    USER,
    Ages,
    Requests,
    State,
    Terms,
    ages_near,
    answers,
    guarded,
    own_account,
    with_stale_mfa,
    without_mfa,
)

Denies = tuple[Statement, ...]


class Through(Struct, frozen=True):
    """A request that gets through without (enough) MFA and should not.

    `action` and `resource` stand for a class; `declared`: the action is exempt, but not on that.
    """

    who: str
    state: State
    action: str
    resource: str
    declared: bool


class Extent(Struct, frozen=True):
    """Over how much it was shown: classes of actions and of resources, and states."""

    actions: int
    resources: int
    states: int


def through_the_deny(
    statements: Iterable[Statement], terms: Terms
) -> Iterator[tuple[Through, ...]]:
    """What users could do without MFA, and with stale MFA, if another policy allowed everything,
    beyond the exemptions that the profile declares. One tuple for each."""
    denies = tuple(s for s in statements if s.effect is Effect.DENY)
    for requests in weak_requests(denies, terms):
        yield tuple(_through(denies, terms, requests, _exemptions(terms)))


def through_the_allows(
    statements: Iterable[Statement], terms: Terms
) -> Iterator[tuple[Through, ...]]:
    """What a policy itself may give to users without MFA, and with stale MFA, beyond the sign-in
    flows. One tuple for each."""
    mine = tuple(statements)
    calls = [c for c in calls_of(terms.flows) if c.before_mfa and c.granted]
    granted = {c.action.lower(): c.target == "own-user" for c in calls}
    for requests in weak_requests(mine, terms):
        yield tuple(_through(mine, terms, requests, granted, alone=True))


def extent(statements: tuple[Statement, ...], terms: Terms) -> Extent:
    """How many classes and states a policy is looked at in."""
    weak = weak_requests(statements, terms)
    actions = _action_classes(statements, tuple(_exemptions(terms)))
    return Extent(len(actions), len(weak[0].resources), sum(len(r.states) for r in weak))


def class_of(action: str, statements: tuple[Statement, ...]) -> tuple[bool, ...]:
    """What tells the classes of actions apart: which statements cover an action."""
    return tuple(matches_action(s.actions, action) for s in statements)


def _exemptions(terms: Terms) -> dict[str, bool]:
    """The declared exemptions: action in lower case, and whether on the own user only."""
    own = {action.lower() for action in terms.on_own_user}
    return {action: action in own for action in terms.exempt}


def _through(
    statements: Denies,
    terms: Terms,
    requests: Requests,
    declared: dict[str, bool],
    *,
    alone: bool = False,
) -> Iterator[Through]:
    """The requests that get through and are not declared, the first state of each."""
    own, possible = _masks(requests, terms.partition, own_account(terms))
    for action in _action_classes(statements, tuple(declared)):
        allowed, denied = (0 if alone else requests.every), 0
        for s in statements:
            if matches_action(s.actions, action):
                applied, unsettled = answers(s, requests)
                if s.effect is Effect.DENY:
                    denied |= applied
                elif alone:
                    allowed |= applied | unsettled
        open_ = allowed & ~denied
        if action in declared:
            # An action that is declared on everything may reach everything.
            open_ &= possible & ~own if declared[action] else 0
        if open_:
            first = (open_ & -open_).bit_length() - 1
            at, resource = divmod(first, len(requests.resources))
            who, state = requests.states[at]
            found = requests.resources[resource]
            assert isinstance(found, str)
            yield Through(who, state, action, found, action in declared)


@lru_cache(maxsize=256)
def _action_classes(statements: Denies, declared: tuple[str, ...]) -> tuple[str, ...]:
    patterns = {item for s in statements for item in s.actions.items}
    return action_classes(frozenset({*patterns, *declared}))


def weak_requests(statements: Denies, terms: Terms) -> tuple[Requests, ...]:
    """Requests for every class of resource, without MFA and with stale MFA."""
    near = ages_near(c for s in statements for c in s.conditions)
    resources = frozenset(s.resources for s in statements if s.resources)
    return _weak_requests(
        resources,
        terms.max_age,
        near,
        terms.except_via_aws_service,
        terms.partition,
        own_account(terms),
    )


@lru_cache(maxsize=256)
def _weak_requests(
    resources: frozenset[Patterns],
    max_age: int | None,
    near: Ages,
    except_via_aws_service: bool,
    partition: str,
    account: str,
) -> tuple[Requests, ...]:
    items = {item for patterns in resources for item in patterns.items}
    known = {filled_resource(item, ANYONE) for item in items}
    mine = {*own_users(partition, account), _users(partition, account), _ARN}
    found = resource_classes(frozenset({*mine, *(text for text in known if text is not None)}))
    every = (tuple(without_mfa()), tuple(with_stale_mfa(max_age, near)))
    return tuple(
        Requests(guarded(states, except_via_aws_service), found) for states in every if states
    )


_ARN: Final = "arn:*"


def own_users(partition: str, account: str) -> tuple[str, str]:
    """Patterns of the own user, without and with a path."""
    start = f"arn:{partition}:iam::{account}:user/"
    return f"{start}{USER}", f"{start}*/{USER}"


def _users(partition: str, account: str) -> str:
    return f"arn:{partition}:iam::{account}:user/*"


@lru_cache(maxsize=256)
def _masks(requests: Requests, partition: str, account: str) -> tuple[int, int]:
    """The requests on the own user, and those that a call that acts on users can have.

    Those are users of the caller's own account, and what is no ARN: IAM acts on no other account.
    """
    own = possible = 0
    mine = Patterns(own_users(partition, account))
    users = _users(partition, account)
    bit = 1
    for _ in requests.states:
        for resource in requests.resources:
            assert isinstance(resource, str)
            if matches_resource(mine, resource, ANYONE):
                own |= bit
            if matches_arn(users, resource) or not matches_arn(_ARN, resource):
                possible |= bit
            bit <<= 1
    return own, possible
