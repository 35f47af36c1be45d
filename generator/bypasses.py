"""What a user policy lets through without MFA: gaps in a Deny, and grants of its own."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, get_args

from generator.flows import REGISTER_KEY, Call, calls_of
from generator.lexical import FidoLevel, FipsLevel
from generator.match import applies, holds, matches_action
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Effect, Patterns, Statement
from generator.states import (
    AGE,
    OWN_USERS,
    Broken,
    State,
    Terms,
    arn,
    guarded,
    relevant,
    statements_on,
    with_mfa,
    with_stale_mfa,
    without_actions,
    without_mfa,
)
from generator.view import has_security_keys

LEVELS: Final = sorted({*get_args(FidoLevel), *get_args(FipsLevel)})
OWN_NAME: Final = "/${aws:username}"


def gaps_in_the_deny(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user without MFA could do if some other policy allowed everything."""
    denies = [s for s in statements if s.effect is Effect.DENY]
    for states in (without_mfa(), with_stale_mfa(terms)):
        yield from _uncovered(denies, terms, states)
    for call in calls_of(terms.flows):
        if call.before_mfa and call.target == "own-user":
            yield from _reach(denies, call, terms)
    about = statements_on("iam:EnableMFADevice", without_actions(denies))
    for kind in _undenied_devices(about, relevant(about, terms)):
        yield Broken(
            f"no statement denies `iam:EnableMFADevice` for {kind}",
            "the profile does not list it under `mfa`",
        )


@lru_cache(maxsize=256)
def _undenied_devices(denies: tuple[Statement, ...], terms: Terms) -> tuple[str, ...]:
    """Kinds of device that may be enrolled although the profile does not list them."""
    found = [
        kind
        for kind, forbidden in _forbidden_devices(terms)
        for own in OWN_USERS
        if not any(applies(s, "iam:EnableMFADevice", arn(terms, own), forbidden) for s in denies)
    ]
    return tuple(dict.fromkeys(found))


def _uncovered(
    denies: list[Statement], terms: Terms, states: Iterator[tuple[str, State]]
) -> Iterator[Broken]:
    """The first state in which nothing denies everything but the exempt actions."""
    for who, state in states:
        context = guarded(state, terms)
        if not any(_is_blanket(s, terms, context) for s in denies):
            yield _why_no_blanket(denies, terms, who, context)
            return


def _is_blanket(s: Statement, terms: Terms, context: State) -> bool:
    """Whether a Deny covers every action but the exempt ones, on everything, in this state."""
    return (
        s.actions.negated
        and all(action.lower() in terms.exempt for action in s.actions.items)
        and _everywhere(s)
        and all(holds(c, context) for c in s.conditions)
    )


def _everywhere(s: Statement) -> bool:
    return s.resources is not None and not s.resources.negated and "*" in s.resources.items


def _why_no_blanket(denies: list[Statement], terms: Terms, who: str, context: State) -> Broken:
    """The most telling reason why nothing denies everything in a state."""
    about_age = context[AGE.lower()] is not None
    remedy = 'use "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}'
    if about_age:
        remedy = (
            f'use "NumericGreaterThanEqualsIfExists": {{"aws:MultiFactorAuthAge": '
            f'"{terms.max_age}"}}'
        )
    near = [s for s in denies if s.actions.negated]
    near.sort(
        key=lambda s: about_age and not any(c.key.lower() == AGE.lower() for c in s.conditions)
    )
    if not near:
        return Broken(
            f"no statement denies everything but the exempt actions to {who}",
            "the Deny uses `NotAction`, and lists the exempt actions there",
        )
    s = near[0]
    failing = [c for c in s.conditions if not holds(c, context)]
    if not _everywhere(s):
        return Broken(f"statement `{s.sid}` does not deny on every resource", 'use "Resource": "*"')
    if failing:
        return Broken(
            f"statement `{s.sid}` does not apply to {who}, because of `{failing[0].operator}` on "
            f"`{failing[0].key}`",
            remedy,
        )
    extra = next(a for a in s.actions.items if a.lower() not in terms.exempt)
    why = next((n.why for n in NEVER_EXEMPT if n.action.lower() == extra.lower()), "")
    return Broken(
        f"statement `{s.sid}` exempts `{extra}`, which must stay denied without MFA"
        + (f": {why}" if why else ""),
        "take it out of `NotAction`"
        + ("" if why else ", or declare it under `deny.exempt_before_mfa`"),
    )


def _reach(denies: list[Statement], call: Call, terms: Terms) -> Iterator[Broken]:
    """Other users within reach of an exempt action."""
    for who, state in without_mfa(call.console_only):
        context = guarded(state, terms)
        if not any(_spares_own_user_only(s, call.action, context) for s in denies):
            yield Broken(
                f"no statement denies `{call.action}` on other users to {who}",
                "`NotAction` exempts it on every user; deny it with `NotResource` own user",
            )
            return


def _spares_own_user_only(s: Statement, action: str, context: State) -> bool:
    """Whether a Deny covers an action on everything but, at most, the own user."""
    spared = s.resources.items if s.resources and s.resources.negated else ()
    return (
        matches_action(s.actions, action)
        and (all(map(_is_own_user, spared)) if spared else _everywhere(s))
        and all(holds(c, context) for c in s.conditions)
    )


def _is_own_user(pattern: str) -> bool:
    """Whether an ARN pattern can only be the own user: names are unique, whatever the path."""
    return ":user/" in pattern and pattern.endswith(OWN_NAME)


def _forbidden_devices(terms: Terms) -> Iterator[tuple[str, State]]:
    """Registrations the profile does not allow, in every state of MFA."""
    for _, state in (*without_mfa(console_only=True), *with_mfa(terms)):
        for kind, carried in _forbidden_registrations(terms):
            yield kind, guarded(state, terms) | carried


def _forbidden_registrations(terms: Terms) -> Iterator[tuple[str, State]]:
    key = REGISTER_KEY.lower()
    if "security-key" not in terms.flows and has_security_keys(terms.partition):
        for phase in ("Create", "Activate"):
            yield "security keys", {key: phase}
    if not terms.flows & {"virtual-totp", "hardware-totp"}:
        yield "TOTP devices", {key: None}
    accepted = {name.lower(): levels[0] for name, levels in terms.certification}
    for name, levels in terms.certification:
        for level in (None, *(level for level in LEVELS if level not in levels)):
            certified = {**accepted, name.lower(): level}
            yield "security keys without the certification", {key: "Activate", **certified}


def grants_without_mfa(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What this policy itself would give to a user without MFA beyond the sign-in flows."""
    calls = calls_of(terms.flows)
    before = {c.action.lower(): c.target for c in calls if c.before_mfa and c.granted}
    allows = [s for s in statements if s.effect is Effect.ALLOW]
    for s in allows:
        for action in ("*",) if s.actions.negated else s.actions.items:
            target = before.get(action.lower())
            if target == "own-user":
                yield from _grant_on_others(s, action, terms)
            elif target is None:
                yield from _grant_beyond(s, action, terms)
    about = statements_on("iam:EnableMFADevice", without_actions(allows))
    for sid, kind in _granted_devices(about, relevant(about, terms)):
        yield Broken(
            f"statement `{sid}` allows `iam:EnableMFADevice` for {kind}",
            "the profile does not list it under `mfa`",
        )


@lru_cache(maxsize=256)
def _granted_devices(allows: tuple[Statement, ...], terms: Terms) -> tuple[tuple[str, str], ...]:
    """Statements that may let a kind of device be enrolled that the profile does not list."""
    found = [
        (s.sid, kind)
        for kind, forbidden in _forbidden_devices(terms)
        for s in allows
        for own in OWN_USERS
        if applies(s, "iam:EnableMFADevice", arn(terms, own), forbidden) is not False
    ]
    return tuple(dict.fromkeys(found))


def _grant_beyond(s: Statement, action: str, terms: Terms) -> Iterator[Broken]:
    """A grant of what is not part of signing in: with MFA, and with MFA that is fresh enough."""
    if _may_apply(s, [guarded(state, terms) for _, state in without_mfa()]):
        why = next((n.why for n in NEVER_EXEMPT if n.action.lower() == action.lower()), "")
        yield Broken(
            f"statement `{s.sid}` allows `{action}` without MFA" + (f": {why}" if why else ""),
            'add the condition "Bool": {"aws:MultiFactorAuthPresent": "true"}',
        )
    elif _may_apply(s, [guarded(state, terms) for _, state in with_stale_mfa(terms)]):
        yield Broken(
            f"statement `{s.sid}` accepts MFA older than {terms.max_age} seconds",
            f'add "NumericLessThan": {{"aws:MultiFactorAuthAge": "{terms.max_age}"}}',
        )


def _grant_on_others(s: Statement, action: str, terms: Terms) -> Iterator[Broken]:
    resources = s.resources or Patterns(("*",))
    confined = not resources.negated and all(map(_is_own_user, resources.items))
    if not confined and _may_apply(s, [guarded(state, terms) for _, state in without_mfa()]):
        yield Broken(
            f"statement `{s.sid}` allows `{action}` on other users without MFA",
            "list the two ARNs of the own user",
        )


def _may_apply(s: Statement, states: list[State]) -> bool:
    return any(all(holds(c, state) is not False for c in s.conditions) for state in states)
