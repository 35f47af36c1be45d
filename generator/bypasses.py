"""What a user policy lets through without MFA: gaps in a Deny, and grants of its own."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

from generator.flows import REGISTER_KEY, calls_of
from generator.lexical import FidoLevel, FipsLevel
from generator.match import hold, holds, matches_action
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Condition, Effect, Statement
from generator.states import (
    AGE,
    Ages,
    Broken,
    Certification,
    Requests,
    State,
    States,
    Terms,
    ages_near,
    ages_that_matter,
    answers,
    guarded,
    resources_of,
    with_mfa,
    with_stale_mfa,
    without_mfa,
)
from generator.view import has_security_keys

LEVELS: Final = sorted({*get_args(FidoLevel), *get_args(FipsLevel)})
OWN_NAME: Final = "/${aws:username}"
ENABLE: Final = "iam:EnableMFADevice"
NO_MFA: Final = "no MFA"
STALE_MFA: Final = "stale MFA"
TOTP: Final = "TOTP devices"

# Statements, and in which of some states the conditions of each are sure to hold.
Held: TypeAlias = list[tuple[Statement, tuple[bool, ...]]]


def gaps_in_the_deny(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user without MFA could do if some other policy allowed everything."""
    denies = [s for s in statements if s.effect is Effect.DENY]
    near = ages_near(c for s in denies for c in s.conditions)
    for states in _weak(terms.max_age, near, terms.except_via_aws_service):
        held = [(s, _held(s.conditions, states)) for s in denies]
        yield from _uncovered(held, terms, states)
        for action in sorted(terms.on_own_user):
            yield from _reach(held, action, states)
    about = [s for s in denies if matches_action(s.actions, ENABLE)]
    for kind, requests in _forbidden_devices(about, terms):
        denied = 0
        for s in about:
            denied |= answers(s, requests)[0]
        if denied != requests.every:
            yield Broken(
                f"no statement denies `iam:EnableMFADevice` for {kind}",
                "the profile does not list it under `mfa`",
            )


@lru_cache(maxsize=64)
def _weak(max_age: int | None, near: Ages, except_via_aws_service: bool) -> tuple[States, ...]:
    """The states without MFA, and those in which it is too old. Made once for each argument."""
    return tuple(
        States(guarded(states, except_via_aws_service))
        for states in (without_mfa(), with_stale_mfa(max_age, near))
    )


@lru_cache(maxsize=256)
def _held(conditions: tuple[Condition, ...], states: States) -> tuple[bool, ...]:
    """In which states conditions are sure to hold."""
    return tuple(hold(conditions, state) is True for _, state in states)


def _first_gap(held: Iterable[tuple[bool, ...]], states: States) -> tuple[str, State] | None:
    """The first state in which none of some statements applies."""
    covered = [any(answers) for answers in zip(*held, strict=True)] or [False] * len(states)
    return None if all(covered) else states[covered.index(False)]


def _uncovered(held: Held, terms: Terms, states: States) -> Iterator[Broken]:
    """The first state in which nothing denies everything but the exempt actions."""
    blankets = (a for s, a in held if _everywhere(s) and _spares_exempt_only(s, terms))
    if gap := _first_gap(blankets, states):
        yield _why_no_blanket([s for s, _ in held], terms, *gap)


def _spares_exempt_only(s: Statement, terms: Terms) -> bool:
    return s.actions.negated and all(a.lower() in terms.exempt for a in s.actions.items)


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


def _reach(held: Held, action: str, states: States) -> Iterator[Broken]:
    """Other users within reach of an exempt action."""
    if gap := _first_gap((a for s, a in held if _spares_own_user_only(s, action)), states):
        yield Broken(
            f"no statement denies `{action}` on other users to {gap[0]}",
            "`NotAction` exempts it on every user; deny it with `NotResource` own user",
        )


def _spares_own_user_only(s: Statement, action: str) -> bool:
    """Whether a Deny covers an action on everything but, at most, the own user."""
    spared = s.resources.items if s.resources and s.resources.negated else ()
    everywhere = all(map(_is_own_user, spared)) if spared else _everywhere(s)
    return everywhere and matches_action(s.actions, action)


def _is_own_user(pattern: str) -> bool:
    """Whether an ARN pattern can only be the own user: names are unique, whatever the path."""
    return ":user/" in pattern and pattern.endswith(OWN_NAME)


def _forbidden_devices(about: list[Statement], terms: Terms) -> Iterator[tuple[str, Requests]]:
    """Kinds of device the profile does not allow, and their registration in every state of MFA."""
    kinds = terms.flows & {"virtual-totp", "hardware-totp", "security-key"}
    who = (*ages_that_matter(about, terms.max_age), terms.except_via_aws_service)
    yield from _forbidden(kinds, terms.certification, *who, terms.partition, terms.account)


@lru_cache(maxsize=16)
def _forbidden(
    kinds: frozenset[str],
    certification: Certification,
    max_age: int | None,
    near: Ages,
    except_via_aws_service: bool,
    partition: str,
    account: str,
) -> tuple[tuple[str, Requests], ...]:
    own_users = resources_of("own-user", partition, account)
    found = []
    for kind, carried in _forbidden_registrations(kinds, certification, partition).items():
        # Security keys are registered in the console only, other devices with an access key too.
        who = [*without_mfa(console_only=kind != TOTP), *with_mfa(max_age, near)]
        who = [*guarded(who, except_via_aws_service)]
        states = [(name, state | keys) for name, state in who for keys in carried]
        found.append((kind, Requests(states, own_users)))
    return tuple(found)


def _forbidden_registrations(
    kinds: frozenset[str], certification: Certification, partition: str
) -> dict[str, list[State]]:
    """What registering a device that is not allowed carries, for each kind."""
    key = REGISTER_KEY.lower()
    found: dict[str, list[State]] = {}
    if "security-key" not in kinds and has_security_keys(partition):
        found["security keys"] = [{key: phase} for phase in ("Create", "Activate")]
    if not kinds & {"virtual-totp", "hardware-totp"}:
        found[TOTP] = [{key: None}]
    if certification:
        found["security keys without the certification"] = [
            {key: "Activate", **levels} for levels in _uncertified(certification)
        ]
    return found


def _uncertified(certification: Certification) -> Iterator[State]:
    """What keys carry that lack one certification, whatever they have of the others."""
    for name, accepted in certification:
        others = [(n.lower(), (*levels, None)) for n, levels in certification if n != name]
        names = [n for n, _ in others]
        for level in (None, *(level for level in LEVELS if level not in accepted)):
            for rest in product(*(levels for _, levels in others)):
                yield {name.lower(): level, **dict(zip(names, rest, strict=True))}


def grants_without_mfa(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What this policy itself would give to a user without MFA beyond the sign-in flows."""
    calls = calls_of(terms.flows)
    before = {c.action.lower(): c.target for c in calls if c.before_mfa and c.granted}
    allows = [s for s in statements if s.effect is Effect.ALLOW]
    for s in allows:
        gap = _gap(s.conditions, terms.max_age, terms.except_via_aws_service)
        if gap:
            for action in ("*",) if s.actions.negated else s.actions.items:
                target = before.get(action.lower())
                if target is None:
                    yield _beyond(s, action, gap, terms)
                elif target == "own-user" and not _on_own_user_only(s):
                    how = "without MFA" if gap == NO_MFA else f"with {gap}"
                    yield Broken(
                        f"statement `{s.sid}` allows `{action}` on other users {how}",
                        "list the two ARNs of the own user",
                    )
    about = [s for s in allows if matches_action(s.actions, ENABLE)]
    for kind, requests in _forbidden_devices(about, terms):
        for s in about:
            if any(answers(s, requests)):
                yield Broken(
                    f"statement `{s.sid}` allows `iam:EnableMFADevice` for {kind}",
                    "the profile does not list it under `mfa`",
                )


@lru_cache(maxsize=64)
def _gap(
    conditions: tuple[Condition, ...], max_age: int | None, except_via_aws_service: bool
) -> Literal["no MFA", "stale MFA", ""]:
    """With what too little MFA an Allow may apply, as far as its conditions tell."""

    def may_hold(states: Iterator[tuple[str, State]]) -> bool:
        asked = guarded(states, except_via_aws_service)
        return any(hold(conditions, state) is not False for _, state in asked)

    if may_hold(without_mfa()):
        return NO_MFA
    return STALE_MFA if may_hold(with_stale_mfa(max_age, ages_near(conditions))) else ""


def _beyond(s: Statement, action: str, gap: str, terms: Terms) -> Broken:
    """A grant of what is not part of signing in: with MFA, and with MFA that is fresh enough."""
    if gap == STALE_MFA:
        return Broken(
            f"statement `{s.sid}` accepts MFA older than {terms.max_age} seconds",
            f'add "NumericLessThan": {{"aws:MultiFactorAuthAge": "{terms.max_age}"}}',
        )
    why = next((n.why for n in NEVER_EXEMPT if n.action.lower() == action.lower()), "")
    return Broken(
        f"statement `{s.sid}` allows `{action}` without MFA" + (f": {why}" if why else ""),
        'add the condition "Bool": {"aws:MultiFactorAuthPresent": "true"}',
    )


def _on_own_user_only(s: Statement) -> bool:
    if s.resources is None or s.resources.negated:
        return False
    return all(map(_is_own_user, s.resources.items))
