"""What a user policy lets through without MFA: gaps in a Deny, and grants of its own."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from generator.catalog import action_case
from generator.exhaustive import Through, through_the_allows, through_the_deny
from generator.flows import REGISTER_KEY, calls_of
from generator.match import hold, holds, matches_action
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Condition, Effect, Patterns, Statement
from generator.states import (
    AGE,
    Ages,
    Broken,
    Certification,
    Requests,
    State,
    Terms,
    ages_near,
    ages_that_matter,
    answers_once,
    guarded,
    resources_of,
    uncertified,
    with_mfa,
    with_stale_mfa,
    without_mfa,
)

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
    for found in through_the_deny(denies, terms):
        yield from _gaps(found, denies, terms)
    about = [s for s in denies if matches_action(s.actions, ENABLE)]
    for kind, each in _of_forbidden_devices(about, terms):
        if not each.all_covered:
            yield Broken(
                f"no statement denies `iam:EnableMFADevice` for {kind}",
                "the profile does not list it under `mfa`",
            )


def _gaps(found: tuple[Through, ...], denies: list[Statement], terms: Terms) -> Iterator[Broken]:
    """What gets through: the first that is not exempt, and each that is exempt elsewhere only."""
    for through in found:
        if not through.declared:
            yield _why_no_blanket(denies, terms, through.who, through.state)
            break
    for through in found:
        if through.declared:
            yield Broken(
                f"no statement denies `{action_case(through.action)}` on other users to "
                f"{through.who}",
                "`NotAction` exempts it on every user; deny it with `NotResource` own user",
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


def _is_own_user(pattern: str) -> bool:
    """Whether an ARN pattern can only be the own user: names are unique, whatever the path."""
    return ":user/" in pattern and pattern.endswith(OWN_NAME)


class _Forbidden(NamedTuple):
    """What statements say of registering devices that are not allowed: whether each way to do it
    is surely covered by some, and which of them, by place, cover or may cover one."""

    all_covered: bool
    covering: frozenset[int]


def _of_forbidden_devices(about: list[Statement], terms: Terms) -> Iterator[tuple[str, _Forbidden]]:
    """What statements say of each kind of device that the profile does not allow."""
    kinds = terms.flows & {"virtual-totp", "hardware-totp", "security-key"}
    who = (*ages_that_matter(about, terms.max_age), terms.except_via_aws_service)
    keys = terms.has_security_keys
    asked = tuple((s.resources, s.conditions) for s in about)
    yield from _said_of_forbidden(
        asked, kinds, terms.certification, *who, terms.partition, keys, terms.account
    )


@lru_cache(maxsize=512)
def _said_of_forbidden(
    asked: tuple[tuple[Patterns | None, tuple[Condition, ...]], ...], *terms: Any
) -> tuple[tuple[str, _Forbidden], ...]:
    # Requests are very many, so the answer is kept and not they.
    found = []
    for kind, requests in _forbidden(*terms):
        said = [answers_once(resources, conditions, requests) for resources, conditions in asked]
        denied = 0
        for applied, _ in said:
            denied |= applied
        covering = frozenset(i for i, bits in enumerate(said) if any(bits))
        found.append((kind, _Forbidden(denied == requests.every, covering)))
    return tuple(found)


@lru_cache(maxsize=4)
def _forbidden(
    kinds: frozenset[str],
    certification: Certification,
    max_age: int | None,
    near: Ages,
    except_via_aws_service: bool,
    partition: str,
    has_security_keys: bool,
    account: str,
) -> tuple[tuple[str, Requests], ...]:
    own_users = resources_of("own-user", partition, account)
    found = []
    for kind, carried in _forbidden_registrations(kinds, certification, has_security_keys).items():
        # Security keys are registered in the console only, other devices with an access key too.
        who = [*without_mfa(console_only=kind != TOTP), *with_mfa(max_age, near)]
        who = [*guarded(who, except_via_aws_service)]
        states = [(name, state | keys) for name, state in who for keys in carried]
        found.append((kind, Requests(states, own_users)))
    return tuple(found)


def _forbidden_registrations(
    kinds: frozenset[str], certification: Certification, has_security_keys: bool
) -> dict[str, list[State]]:
    """What registering a device that is not allowed carries, for each kind."""
    key = REGISTER_KEY.lower()
    found: dict[str, list[State]] = {}
    if "security-key" not in kinds and has_security_keys:
        found["security keys"] = [{key: phase} for phase in ("Create", "Activate")]
    if not kinds & {"virtual-totp", "hardware-totp"}:
        found[TOTP] = [{key: None}]
    if certification:
        found["security keys without the certification"] = [
            {key: "Activate", **levels} for levels in uncertified(certification)
        ]
    return found


def grants_without_mfa(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What this policy itself would give to a user without MFA beyond the sign-in flows."""
    calls = calls_of(terms.flows)
    before = {c.action.lower(): c.target for c in calls if c.before_mfa and c.granted}
    allows = [s for s in statements if s.effect is Effect.ALLOW]
    for s in allows if any(through_the_allows(statements, terms)) else ():
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
    for kind, each in _of_forbidden_devices(about, terms):
        for i in sorted(each.covering):
            yield Broken(
                f"statement `{about[i].sid}` allows `iam:EnableMFADevice` for {kind}",
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
