"""What users must be able to do and a user policy does not let them: the way in, and MFA itself."""

from collections.abc import Iterator
from functools import lru_cache

from generator.flows import CALLS, Call, Context, Target, calls_of
from generator.match import applies, holds, matches_action
from generator.pattern import Resources
from generator.policy import Effect, Patterns, Statement
from generator.states import (
    ACTIVATE,
    Ages,
    Broken,
    Certification,
    Requests,
    State,
    Terms,
    ages_that_matter,
    answers,
    carried_by,
    direct,
    resources_of,
    with_mfa,
    without_mfa,
)


def lockouts(statements: tuple[Statement, ...], terms: Terms) -> tuple[Broken, ...]:
    """What a user must be able to do, without MFA or only with it, and cannot.

    Each action is reported once, in the first state and on the first resource it fails.
    """
    said: dict[str, Broken] = {}
    covered = [(_covered(s.actions), s) for s in statements]
    for call in calls_of(terms.flows):
        if call.target == "role":
            continue
        about = [s for actions, s in covered if call.action in actions]
        requests = requests_of(call, terms, *ages_that_matter(about, terms.max_age))
        failing = _failing(about, requests, needs_allow=_needs_allow(call, terms))
        for number, (who, state, resource) in enumerate(requests if failing else ()):
            if failing >> number & 1:
                found = next(_lockout(about, terms, call, resource, who, state))
                said.setdefault(found.problem, found)
                break
    return tuple(said.values())


@lru_cache(maxsize=512)
def _covered(actions: Patterns) -> frozenset[str]:
    """The actions of all flows that a statement covers."""
    return frozenset(call.action for call in CALLS if matches_action(actions, call.action))


def _failing(about: list[Statement], requests: Requests, *, needs_allow: bool) -> int:
    """The requests, as bits, that are not allowed or may be denied."""
    allowed, denied = 0 if needs_allow else requests.every, 0
    for s in about:
        applied, unsettled = answers(s, requests)
        if s.effect is Effect.ALLOW:
            allowed |= applied
        else:
            denied |= applied | unsettled
    return requests.every & ~allowed | denied


def requests_of(call: Call, terms: Terms, max_age: int | None, near: Ages) -> Requests:
    """Requests that stand for all a call is made with."""
    certification = terms.certification if ACTIVATE in call.context else ()
    states = (call.before_mfa, call.console_only, max_age, near, call.context, certification)
    return _made(*states, call.target, terms.partition, terms.account)


@lru_cache(maxsize=256)
def _made(
    before_mfa: bool,
    console_only: bool,
    max_age: int | None,
    near: Ages,
    context: Context,
    certification: Certification,
    target: Target,
    partition: str,
    account: str,
) -> Requests:
    states = [*(without_mfa(console_only) if before_mfa else ()), *with_mfa(max_age, near)]
    carried = carried_by(context, certification)
    return Requests(
        ((who, state | keys) for who, state in direct(states) for keys in carried),
        resources_of(target, partition, account),
    )


def _lockout(
    about: list[Statement],
    terms: Terms,
    call: Call,
    resource: str | Resources,
    who: str,
    context: State,
) -> Iterator[Broken]:
    allowed = not _needs_allow(call, terms)
    for s in about:
        applied = applies(s, call.action, resource, context)
        if s.effect is Effect.ALLOW:
            allowed = allowed or applied is True
        elif applied is not False:
            verb, why = "denies", ""
            if applied is None:
                verb, why = "may deny", f", depending on {_open(s, context)}"
            yield Broken(
                f"statement `{s.sid}` {verb} `{call.action}` to {who}{why}",
                f"users need it for: {call.flow}; exempt it from the Deny",
            )
    if not allowed:
        which = ""
        if isinstance(resource, Resources) and call.target == "own-user":
            shape = "without a path" if resource.one.count("/") == 1 else "with a path"
            which = f" on the own user (a user {shape})"
        yield Broken(
            f"no statement allows `{call.action}` to {who}{which}",
            f"users need it for: {call.flow}",
        )


def _open(s: Statement, context: State) -> str:
    """What it depends on whether a statement applies."""
    keys = [c.key for c in s.conditions if holds(c, context) is None]
    if keys:
        return f"`{keys[0]}`"
    named = s.resources.items if s.resources else ()
    return "a policy variable" if any("${" in item for item in named) else "the resource"


def _needs_allow(call: Call, terms: Terms) -> bool:
    return call.granted and not (call.flow == "password" and terms.account_allows_change)
