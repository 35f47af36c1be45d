"""What a user policy lets through without MFA: gaps in a Deny, and grants of its own."""

from collections.abc import Iterator

from generator.flows import Call, calls_of
from generator.match import Context, applies, holds
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Effect, Statement
from generator.states import (
    AGE,
    OTHER_USERS,
    OWN_USERS,
    SIGNED_IN,
    Broken,
    Terms,
    arn,
    carried_by,
    without_mfa,
)
from generator.view import has_security_keys


def gaps_in_the_deny(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user without MFA could do if some other policy allowed everything."""
    denies = [s for s in statements if s.effect is Effect.DENY]
    states = list(without_mfa(False))
    if terms.max_age:
        stale = {**SIGNED_IN, AGE.lower(): str(terms.max_age)}
        states.append((f"a sign-in {terms.max_age} seconds after MFA", stale))
    for who, context in states:
        if not terms.except_via_aws_service:
            # Not known rather than false: a Deny that asks for the key has an undeclared hole.
            del context["aws:viaawsservice"]
        if not any(_is_blanket(s, terms, context) for s in denies):
            yield _why_no_blanket(denies, terms, who, context)
    for call in calls_of(terms.flows):
        if call.before_mfa and call.target == "own-user":
            yield from _reach(denies, call, terms)
    for kind, forbidden in _forbidden_devices(terms):
        for own in OWN_USERS:
            resource = arn(terms, own)
            if not any(applies(s, "iam:EnableMFADevice", resource, forbidden) for s in denies):
                yield Broken(
                    f"no statement denies `iam:EnableMFADevice` for {kind}",
                    "the profile does not list it under `mfa`",
                )


def _is_blanket(s: Statement, terms: Terms, context: Context) -> bool:
    """Whether a Deny covers every action but the exempt ones, on everything, in this state."""
    return (
        s.actions.negated
        and all(action.lower() in terms.exempt for action in s.actions.items)
        and _everywhere(s)
        and all(holds(c, context) for c in s.conditions)
    )


def _everywhere(s: Statement) -> bool:
    return s.resources is not None and not s.resources.negated and "*" in s.resources.items


def _why_no_blanket(denies: list[Statement], terms: Terms, who: str, context: Context) -> Broken:
    """The most telling reason why nothing denies everything in a state."""
    near = [s for s in denies if s.actions.negated]
    whys = {n.action.lower(): f": {n.why}" for n in NEVER_EXEMPT}
    for s in near:
        failing = [c for c in s.conditions if not holds(c, context)]
        if not _everywhere(s):
            return Broken(
                f"statement `{s.sid}` does not deny on every resource", 'use "Resource": "*"'
            )
        if not failing:
            extra = next(a for a in s.actions.items if a.lower() not in terms.exempt)
            return Broken(
                f"statement `{s.sid}` exempts `{extra}`, which must stay denied without MFA"
                + whys.get(extra.lower(), ""),
                (
                    "take it out of `NotAction`, or declare it under `deny.exempt_before_mfa`"
                    if extra.lower() not in whys
                    else "take it out of `NotAction`"
                ),
            )
        return Broken(
            f"statement `{s.sid}` does not apply to {who}, because of `{failing[0].operator}` on "
            f"`{failing[0].key}`",
            'use "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}',
        )
    return Broken(
        f"no statement denies everything but the exempt actions to {who}",
        "the Deny uses `NotAction`, and lists the exempt actions there",
    )


def _reach(denies: list[Statement], call: Call, terms: Terms) -> Iterator[Broken]:
    """Other users within reach of an exempt action."""
    carried = carried_by(call, terms)[0]
    for who, state in without_mfa(call.console_only):
        for other in OTHER_USERS:
            resource = arn(terms, other)
            if not any(applies(s, call.action, resource, state | carried) for s in denies):
                yield Broken(
                    f"no statement denies `{call.action}` on other users to {who}",
                    "`NotAction` exempts it on every user; deny it with `NotResource` own user",
                )
                return


def _forbidden_devices(terms: Terms) -> Iterator[tuple[str, Context]]:
    """Registrations the profile does not allow, MFA or not."""
    key, signed_in = "iam:registersecuritykey", SIGNED_IN
    if "security-key" not in terms.flows and has_security_keys(terms.partition):
        for phase in ("Create", "Activate"):
            yield "security keys", {**signed_in, key: phase}
    if not terms.flows & {"virtual-totp", "hardware-totp"}:
        yield "TOTP devices", {**signed_in, key: None}
    accepted = {name.lower(): levels[0] for name, levels in terms.certification}
    for name, levels in terms.certification:
        for level in (None, *(v for v in ("L1", "L2", "L3", "L4", "L1plus") if v not in levels)):
            certified = {**accepted, name.lower(): level}
            yield (
                "security keys without the certification",
                {**signed_in, key: "Activate", **certified},
            )


def grants_without_mfa(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What this policy itself would give to a user without MFA beyond the sign-in flows."""
    calls = calls_of(terms.flows)
    before = {c.action.lower(): c.target for c in calls if c.before_mfa and c.granted}
    for s in statements:
        if s.effect is not Effect.ALLOW or not _may_apply_without_mfa(s):
            continue
        for action in ("*",) if s.actions.negated else s.actions.items:
            target = before.get(action.lower())
            if target is None:
                yield _granted(s, action)
            elif target == "own-user":
                yield from _grant_on_others(s, action, terms)
    for kind, context in _forbidden_devices(terms):
        for s in statements:
            own = arn(terms, OWN_USERS[0])
            if s.effect is Effect.ALLOW and applies(s, "iam:EnableMFADevice", own, context):
                yield Broken(
                    f"statement `{s.sid}` allows `iam:EnableMFADevice` for {kind}",
                    "the profile does not list it under `mfa`",
                )


def _granted(s: Statement, action: str) -> Broken:
    why = next((n.why for n in NEVER_EXEMPT if n.action.lower() == action.lower()), "")
    return Broken(
        f"statement `{s.sid}` allows `{action}` without MFA" + (f": {why}" if why else ""),
        'add the condition "Bool": {"aws:MultiFactorAuthPresent": "true"}',
    )


def _grant_on_others(s: Statement, action: str, terms: Terms) -> Iterator[Broken]:
    for _, context in without_mfa(False):
        plain = Statement(sid=s.sid, effect=s.effect, actions=s.actions, resources=s.resources)
        if any(
            applies(plain, action, arn(terms, other), context) is not False for other in OTHER_USERS
        ):
            yield Broken(
                f"statement `{s.sid}` allows `{action}` on other users without MFA",
                "list the two ARNs of the own user",
            )
            return


def _may_apply_without_mfa(s: Statement) -> bool:
    return any(
        all(holds(c, context) is not False for c in s.conditions)
        for _, context in without_mfa(False)
    )
