"""What users must be able to do and a user policy does not let them: the way in, and MFA itself."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from generator.flows import Call, calls_of
from generator.match import Context, applies, holds, matches_action
from generator.policy import Effect, Patterns, Statement
from generator.states import (
    Broken,
    Terms,
    carried_by,
    direct,
    relevant,
    resources_of,
    with_mfa,
    without_actions,
    without_mfa,
)


def lockouts(statements: tuple[Statement, ...], terms: Terms) -> tuple[Broken, ...]:
    """What a user must be able to do, without MFA or only with it, and cannot.

    Each action is reported once, in the first state and on the first resource it fails.
    """
    covered = tuple(
        (_covered(actions, terms.flows), s) for actions, s in without_actions(statements)
    )
    same = replace(terms, archetype="", exempt=frozenset(), except_via_aws_service=False)
    return _lockouts(covered, same)


@lru_cache(maxsize=512)
def _covered(actions: Patterns, flows: frozenset[str]) -> frozenset[str]:
    """The actions of some flows a statement covers: lists that agree there are alike."""
    return frozenset(c.action for c in calls_of(flows) if matches_action(actions, c.action))


@lru_cache(maxsize=512)
def _lockouts(
    covered: tuple[tuple[frozenset[str], Statement], ...], terms: Terms
) -> tuple[Broken, ...]:
    said: dict[str, Broken] = {}
    for call in calls_of(terms.flows):
        if call.target == "role":
            continue
        about = tuple(s for actions, s in covered if call.action in actions)
        found = _first_failure(about, call, relevant(about, terms, call))
        if found:
            said.setdefault(found.problem, found)
    return tuple(said.values())


@lru_cache(maxsize=1024)
def _first_failure(statements: tuple[Statement, ...], call: Call, terms: Terms) -> Broken | None:
    states = [*(without_mfa(call.console_only) if call.before_mfa else ()), *with_mfa(terms)]
    for who, state in states:
        for resource in resources_of(call, terms):
            for carried in carried_by(call, terms):
                context = direct(state) | carried
                for found in _lockout(statements, terms, call, resource, who, context):
                    return found
    return None


def _lockout(
    statements: tuple[Statement, ...],
    terms: Terms,
    call: Call,
    resource: str,
    who: str,
    context: Context,
) -> Iterator[Broken]:
    allowed = not _needs_allow(call, terms)
    for s in statements:
        applied = applies(s, call.action, resource, context)
        if s.effect is Effect.ALLOW:
            allowed = allowed or applied is True
        elif applied is not False:
            verb, why = "denies", ""
            if applied is None:
                keys = [c.key for c in s.conditions if holds(c, context) is None]
                open_key = keys[0] if keys else "a policy variable"
                verb, why = "may deny", f", depending on `{open_key}`"
            yield Broken(
                f"statement `{s.sid}` {verb} `{call.action}` to {who}{why}",
                f"users need it for: {call.flow}; exempt it from the Deny",
            )
    if not allowed:
        shape = "without a path" if resource.count("/") == 1 else "with a path"
        about = f" on the own user (a user {shape})" if call.target == "own-user" else ""
        yield Broken(
            f"no statement allows `{call.action}` to {who}{about}",
            f"users need it for: {call.flow}",
        )


def _needs_allow(call: Call, terms: Terms) -> bool:
    return call.granted and not (call.flow == "password" and terms.account_allows_change)
