"""What users must be able to do and a user policy does not let them: the way in, and MFA itself."""

from collections.abc import Iterator

from generator.flows import Call, calls_of
from generator.match import Context, applies, holds
from generator.policy import Effect, Statement
from generator.states import SIGNED_IN, Broken, Terms, carried_by, resources_of, without_mfa


def lockouts(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user must be able to do, without MFA or only with it, and cannot."""
    for call in calls_of(terms.flows):
        states = [("a user with MFA", SIGNED_IN)]
        if call.before_mfa:
            states = [*without_mfa(call.console_only), *states]
        for resource in resources_of(call, terms):
            for who, state in states:
                for carried in carried_by(call, terms):
                    yield from _lockout(statements, terms, call, resource, who, state | carried)


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
            return
    if not allowed:
        shape = "without a path" if resource.count("/") == 1 else "with a path"
        about = f" on the own user, {shape}" if call.target == "own-user" else ""
        yield Broken(
            f"no statement allows `{call.action}` to {who}{about}",
            f"users need it for: {call.flow}",
        )


def _needs_allow(call: Call, terms: Terms) -> bool:
    return call.granted and not (call.flow == "password" and terms.account_allows_change)
