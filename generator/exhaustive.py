"""Every request there is, as classes that a user policy cannot tell apart: what gets through.

Actions: every name, in the catalogue or not. Resources: every text. States: those of `states`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from generator.classes import action_classes, resource_classes
from generator.flows import CALLS, ROLE_ACTIONS, calls_of
from generator.match import matches_action, matches_resource
from generator.pattern import Resources, matches_arn
from generator.policy import Effect, Patterns, Statement
from generator.states import (
    ANY_PARTITION,
    ANYONE,
    USER,
    Ages,
    Requests,
    State,
    Terms,
    ages_near,
    answers,
    anywhere,
    guarded,
    own_account,
    with_mfa,
    with_stale_mfa,
    without_mfa,
)
from generator.variables import filled_resource

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
    """Over how much it was shown: classes of actions and of resources, and states; and the Denies,
    by Sid, that apply or may apply to users with MFA."""

    actions: int
    resources: int
    states: int
    denied_with_mfa: tuple[str, ...]


def through_the_deny(
    statements: Iterable[Statement], terms: Terms
) -> Iterator[tuple[Through, ...]]:
    """What users could do without MFA, and with stale MFA, if another policy allowed everything,
    beyond the exemptions that the profile declares. One tuple for each."""
    denies = tuple(s for s in statements if s.effect is Effect.DENY)
    declared = _exemptions(terms)
    classes = _classes(denies, tuple(declared))
    for requests in weak_requests(denies, terms):
        yield tuple(_through(classes, terms, requests, declared))


def through_the_allows(
    statements: Iterable[Statement], terms: Terms
) -> Iterator[tuple[Through, ...]]:
    """What a policy itself may give to users without MFA, and with stale MFA, beyond the sign-in
    flows. One tuple for each."""
    mine = tuple(statements)
    declared = _grants(terms)
    classes = _classes(mine, tuple(declared))
    for requests in weak_requests(mine, terms):
        yield tuple(_through(classes, terms, requests, declared, alone=True))


def extent(statements: tuple[Statement, ...], terms: Terms) -> Extent:
    """How many classes and states a policy is looked at in."""
    mine = _looked_at((anywhere(s, terms.partition) for s in statements), terms)
    weak = weak_requests(mine, replace(terms, partition=ANY_PARTITION))
    denied = terms.archetype == "direct-user-deny"
    declared = tuple(_exemptions(terms) if denied else _grants(terms))
    return Extent(
        len(_covering(tuple(s.actions for s in mine), declared)),
        len(weak[0].resources),
        sum(len(r.states) for r in weak),
        _denied_with_mfa(mine, terms.max_age, weak[0].resources),
    )


def open_actions(
    statements: tuple[Statement, ...], terms: Terms, actions: Iterable[str]
) -> dict[str, bool]:
    """Those of some actions that get through without MFA on anything at all, each with whether
    only on the own user; of what a role's trust decides, nothing.

    Decided by which statements cover an action, without the representatives that
    `through_the_deny` and `through_the_allows` look at.
    """
    mine = _looked_at(statements, terms)
    requests = weak_requests(mine, terms)[0]
    masks = _masks(requests, terms.partition, own_account(terms))
    alone = terms.archetype != "direct-user-deny"
    passing: dict[Denies, int] = {}
    found: dict[str, bool] = {}
    for action, about in _with_statements(mine, actions):
        if about not in passing:
            passing[about] = _passing(about, requests, alone)
        if passing[about]:
            found[action] = not passing[about] & masks.users & ~masks.own
    return found


def _denied_with_mfa(
    statements: Denies, max_age: int | None, resources: tuple[str | Resources, ...]
) -> tuple[str, ...]:
    denies = [s for s in statements if s.effect is Effect.DENY]
    if not denies:
        return ()
    requests = _with_mfa(max_age, ages_near(c for s in denies for c in s.conditions), resources)
    return tuple(s.sid for s in denies if any(answers(s, requests)))


@lru_cache(maxsize=256)
def _with_mfa(max_age: int | None, near: Ages, resources: tuple[str | Resources, ...]) -> Requests:
    # Whether a service makes the call is left open.
    return Requests(with_mfa(max_age, near), resources)


def _with_statements(statements: Denies, actions: Iterable[str]) -> Iterator[tuple[str, Denies]]:
    """Actions, each with the statements that cover it. Most actions are named nowhere."""
    items = {item.lower() for s in statements for item in s.actions.items}
    names = {item for item in items if "*" not in item and "?" not in item}
    globs = [Patterns((item,)) for item in items - names if item != "*"]
    unnamed: Denies | None = None
    for action in actions:
        name = action.lower()
        if name in names or any(matches_action(g, name) for g in globs):
            yield action, tuple(s for s in statements if matches_action(s.actions, name))
        else:
            if unnamed is None:
                unnamed = tuple(s for s in statements if matches_action(s.actions, name))
            yield action, unnamed


def is_about_roles(s: Statement) -> bool:
    """Whether a statement allows assuming roles and nothing else: their trust decides the rest."""
    return s.effect is Effect.ALLOW and _only_roles(s.actions)


@lru_cache(maxsize=512)
def _only_roles(actions: Patterns) -> bool:
    return not actions.negated and all(action.lower() in ROLE_ACTIONS for action in actions.items)


def _passing(about: Iterable[Statement], requests: Requests, alone: bool) -> int:
    """The requests, as bits, that statements about their action let through."""
    allowed, denied = (0 if alone else requests.every), 0
    for s in about:
        applied, unsettled = answers(s, requests)
        if s.effect is Effect.DENY:
            denied |= applied
        elif alone:
            allowed |= applied | unsettled
    return allowed & ~denied


def _looked_at(statements: Iterable[Statement], terms: Terms) -> Denies:
    """The statements that tell requests apart: where all else is allowed, those that deny."""
    if terms.archetype == "direct-user-deny":
        return tuple(s for s in statements if s.effect is Effect.DENY)
    return tuple(s for s in statements if not is_about_roles(s))


def _grants(terms: Terms) -> dict[str, bool]:
    """What a policy grants without MFA for the flows of its profile, in the same form."""
    calls = [c for c in calls_of(terms.flows) if c.before_mfa and c.granted]
    return {c.action.lower(): c.target == "own-user" for c in calls}


def _exemptions(terms: Terms) -> dict[str, bool]:
    """The declared exemptions: action in lower case, and whether on the own user only."""
    own = {action.lower() for action in terms.on_own_user}
    return {action: action in own for action in terms.exempt}


def _through(
    classes: list[tuple[str, Denies]],
    terms: Terms,
    requests: Requests,
    declared: dict[str, bool],
    *,
    alone: bool = False,
) -> Iterator[Through]:
    """The requests that get through and are not declared, the first state of each."""
    masks = _masks(requests, terms.partition, own_account(terms))
    for action, about in classes:
        open_ = _passing(about, requests, alone)
        if action in declared:
            # An action that is declared on everything may reach everything.
            # Of the calls of the flows it is known that they act on users and on nothing else.
            asked = masks.users if action in _ON_USERS else masks.anything
            open_ &= asked & ~masks.own if declared[action] else 0
        if open_:
            first = (open_ & -open_).bit_length() - 1
            at, resource = divmod(first, len(requests.resources))
            who, state = requests.states[at]
            found = requests.resources[resource]
            assert isinstance(found, str)
            yield Through(who, state, action, found, action in declared)


def _classes(statements: Denies, declared: tuple[str, ...]) -> list[tuple[str, Denies]]:
    """An action of each class, with the statements that cover it."""
    covering = _covering(tuple(s.actions for s in statements), declared)
    return [(action, tuple(statements[i] for i in places)) for action, places in covering]


@lru_cache(maxsize=512)
def _covering(
    patterns: tuple[Patterns, ...], declared: tuple[str, ...]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """An action of each class, with the places of the patterns that cover it."""
    items = {item for each in patterns for item in each.items}
    return tuple(
        (action, tuple(i for i, each in enumerate(patterns) if matches_action(each, action)))
        for action in action_classes(frozenset({*items, *declared}))
    )


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
    mine = {*own_users(partition, account), *_of_account(partition, account), _ARN}
    found = resource_classes(frozenset({*mine, *(text for text in known if text is not None)}))
    every = (tuple(without_mfa()), tuple(with_stale_mfa(max_age, near)))
    return tuple(
        Requests(guarded(states, except_via_aws_service), found) for states in every if states
    )


_ARN: Final = "arn:*"
_ON_USERS: Final = frozenset(call.action.lower() for call in CALLS if call.target == "own-user")


def own_users(partition: str, account: str) -> tuple[str, str]:
    """Patterns of the own user, without and with a path."""
    start = f"arn:{partition}:iam::{account}:user/"
    return f"{start}{USER}", f"{start}*/{USER}"


def _of_account(partition: str, account: str) -> tuple[str, str, str]:
    """Patterns of users of an account, of all it has in IAM, and of what has a colon in its path.

    A colon may stand in a path, where every `*` before it runs on to it.
    """
    start = f"arn:{partition}:iam::{account}:"
    return f"{start}user/*", f"{start}*", f"{start}*:*"


class _Masks(NamedTuple):
    """Requests as bits: on the own user; on users of the own account; on anything it has in IAM.

    The latter two have what is no ARN as well. IAM acts on no other account.
    """

    own: int
    users: int
    anything: int


@lru_cache(maxsize=256)
def _masks(requests: Requests, partition: str, account: str) -> _Masks:
    own = users = anything = 0
    mine = Patterns(own_users(partition, account))
    is_user, is_of_account, has_colon = _of_account(partition, account)
    bit = 1
    for _ in requests.states:
        for resource in requests.resources:
            assert isinstance(resource, str)
            is_arn = matches_arn(_ARN, resource)
            if matches_resource(mine, resource, ANYONE):
                own |= bit
            if not is_arn or matches_arn(is_user, resource):
                users |= bit
            inside = matches_arn(is_of_account, resource) and not matches_arn(has_colon, resource)
            if not is_arn or inside:
                anything |= bit
            bit <<= 1
    return _Masks(own, users, anything)
