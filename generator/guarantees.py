"""What every rendered bundle must satisfy, whichever templates wrote it, or nothing is written.

Each check answers with what is broken; "not settled" counts against the document. An evaluator
that decides every request will take these over; they are plain to read until then.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Final

from msgspec import Struct

from generator.documents import ROLE_PERMISSIONS, TRUST, Kind, lexical_problems
from generator.flows import NEVER_EXEMPT, Call, calls_of
from generator.match import Context, applies, holds, matches_action
from generator.policy import Condition, Effect, Policy, Statement
from generator.view import has_security_keys

FLAG: Final = "aws:MultiFactorAuthPresent"
AGE: Final = "aws:MultiFactorAuthAge"

OWN_USERS: Final = ("user/alice", "user/team/alice", "user/team/product/alice")
OTHER_USERS: Final = ("user/bob", "user/team/bob", "user/alice/bob", "user/alicebob")
DEVICES: Final = ("mfa/alice", "mfa/any-name.at_all", "mfa/team/phone")
CLIENTS: Final = ("oauth2/public-client/localhost", "oauth2/public-client/remote")
ROLE_ACTIONS: Final = ("sts:assumerole", "sts:setsourceidentity", "sts:tagsession")


class Broken(Struct, frozen=True):
    """One broken guarantee: the statement it is about ("" for the whole document)."""

    problem: str
    hint: str = ""


class Terms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of its user policy; two profiles that promise the same share it."""

    archetype: str
    partition: str
    flows: frozenset[str]
    account_allows_change: bool
    exempt: frozenset[str]
    certification: tuple[tuple[str, tuple[str, ...]], ...]
    max_age: int | None
    except_via_aws_service: bool


class TrustTerms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of a role's trust policy."""

    partition: str
    max_age: int | None


@lru_cache(maxsize=512)
def broken_by_user_policy(
    policy: Policy, kind: Kind, terms: Terms, roles: frozenset[str]
) -> tuple[Broken, ...]:
    """Every guarantee that a user policy breaks. `roles`: the ARNs its users may assume."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, kind, terms.partition)]
    # Teams differ in their roles and share the rest; what is shared is decided once.
    on_roles = [s for s in policy.statements if _is_about_roles(s)]
    others = tuple(s for s in policy.statements if s not in on_roles)
    found += _broken_by_statements(others, terms)
    for s in on_roles:
        found += _wide_assume_role(s, roles)
    found += [
        Broken(
            f"no statement allows `sts:AssumeRole` on `{arn}`",
            "users of this profile work through that role",
        )
        for arn in sorted(roles)
        if not any(applies(s, "sts:AssumeRole", arn, _SIGNED_IN) for s in policy.statements)
    ]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=512)
def _broken_by_statements(statements: tuple[Statement, ...], terms: Terms) -> tuple[Broken, ...]:
    found = list(_lockouts(statements, terms))
    if terms.archetype == "direct-user-deny":
        found += _gaps_in_the_deny(statements, terms)
    else:
        found += _grants_without_mfa(statements, terms)
    return tuple(found)


def _is_about_roles(s: Statement) -> bool:
    """Whether a statement allows assuming roles and nothing else."""
    return (
        s.effect is Effect.ALLOW
        and not s.actions.negated
        and all(action.lower() in ROLE_ACTIONS for action in s.actions.items)
    )


@lru_cache(maxsize=512)
def broken_by_trust_policy(policy: Policy, terms: TrustTerms) -> tuple[Broken, ...]:
    """Every guarantee that a role's trust policy breaks."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, TRUST, terms.partition)]
    allows = [s for s in policy.statements if s.effect is Effect.ALLOW]
    if not any(matches_action(s.actions, "sts:AssumeRole") for s in allows):
        found.append(Broken("no statement allows `sts:AssumeRole`"))
    for statement in allows:
        found += _trust_gaps(statement, terms)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=512)
def broken_by_role_permissions(policy: Policy, partition: str) -> tuple[Broken, ...]:
    """Every guarantee that a role's own permissions break."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, ROLE_PERMISSIONS, partition)]
    found += [
        Broken(
            f"statement `{s.sid}` has a condition on `{c.key}`, which a role session has not got",
            "take it out: MFA is checked in the role's trust policy",
        )
        for s in policy.statements
        for c in s.conditions
        if c.key.lower() in (FLAG.lower(), AGE.lower())
    ]
    return tuple(found)


def _lockouts(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user must be able to do, without MFA or only with it, and cannot."""
    for call in calls_of(terms.flows):
        states = [("a user with MFA", _SIGNED_IN)]
        if call.before_mfa:
            states = [*_without_mfa(call.console_only), *states]
        for resource in _resources(call, terms):
            for who, state in states:
                for carried in _carried(call, terms):
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


def _gaps_in_the_deny(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
    """What a user without MFA could do if some other policy allowed everything."""
    denies = [s for s in statements if s.effect is Effect.DENY]
    states = list(_without_mfa(False))
    if terms.max_age:
        stale = {**_SIGNED_IN, AGE.lower(): str(terms.max_age)}
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
            resource = _arn(terms, own)
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
    carried = _carried(call, terms)[0]
    for who, state in _without_mfa(call.console_only):
        for other in OTHER_USERS:
            resource = _arn(terms, other)
            if not any(applies(s, call.action, resource, state | carried) for s in denies):
                yield Broken(
                    f"no statement denies `{call.action}` on other users to {who}",
                    "`NotAction` exempts it on every user; deny it with `NotResource` own user",
                )
                return


def _forbidden_devices(terms: Terms) -> Iterator[tuple[str, Context]]:
    """Registrations the profile does not allow, MFA or not."""
    key, signed_in = "iam:registersecuritykey", _SIGNED_IN
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


def _grants_without_mfa(statements: tuple[Statement, ...], terms: Terms) -> Iterator[Broken]:
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
            own = _arn(terms, OWN_USERS[0])
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


def _wide_assume_role(s: Statement, roles: frozenset[str]) -> Iterator[Broken]:
    items = s.resources.items if s.resources and not s.resources.negated else ("*",)
    for item in items:
        if item not in roles:
            yield Broken(
                f"statement `{s.sid}` allows assuming `{item}`, not a role of this profile",
                "list exactly the profile's roles; only their trust is known to demand MFA",
            )


def _grant_on_others(s: Statement, action: str, terms: Terms) -> Iterator[Broken]:
    for _, context in _without_mfa(False):
        plain = Statement(sid=s.sid, effect=s.effect, actions=s.actions, resources=s.resources)
        if any(
            applies(plain, action, _arn(terms, other), context) is not False
            for other in OTHER_USERS
        ):
            yield Broken(
                f"statement `{s.sid}` allows `{action}` on other users without MFA",
                "list the two ARNs of the own user",
            )
            return


def _may_apply_without_mfa(s: Statement) -> bool:
    return any(
        all(holds(c, context) is not False for c in s.conditions)
        for _, context in _without_mfa(False)
    )


def _trust_gaps(s: Statement, terms: TrustTerms) -> Iterator[Broken]:
    """Ways into a role without MFA, and trust that nobody can meet."""
    place = f"statement `{s.sid}`"
    actions = {a.lower() for a in s.actions.items}
    if s.actions.negated or not actions <= set(ROLE_ACTIONS):
        yield Broken(
            f"{place} allows more than assuming the role with IAM credentials",
            "allow sts:AssumeRole, sts:SetSourceIdentity and sts:TagSession only",
        )
    if not any(
        c.operator == "Bool" and c.key.lower() == FLAG.lower() and c.values == ("true",)
        for c in s.conditions
    ):
        yield Broken(
            f"{place} does not require MFA",
            'add "Bool": {"aws:MultiFactorAuthPresent": "true"}, never BoolIfExists: that lets in '
            "an access key, which sends no MFA flag",
        )
    if terms.max_age and not any(_bounds_age(c, terms.max_age) for c in s.conditions):
        yield Broken(
            f"{place} accepts MFA older than {terms.max_age} seconds",
            f'add "NumericLessThan": {{"aws:MultiFactorAuthAge": "{terms.max_age}"}}',
        )
    fresh = {FLAG.lower(): "true", AGE.lower(): "0"}
    for c in s.conditions:
        if holds(c, fresh) is False:
            yield Broken(f"{place} can never be met: `{c.operator}` on `{c.key}` fails with MFA")
    yield from _who(s, place)


def _who(s: Statement, place: str) -> Iterator[Broken]:
    principals = s.principals
    if principals is None or principals.negated:
        yield Broken(f"{place} does not name its principals", "use `Principal`")
        return
    ids = [i for kind, found in principals.entries if kind == "AWS" for i in found]
    if not principals.anyone and (len(principals.entries) != 1 or not ids):
        yield Broken(
            f"{place} trusts principals that cannot have IAM MFA", 'name "AWS" principals only'
        )
        return
    bound = any(
        c.operator == "StringEquals" and c.key.lower() == "aws:principalorgid" for c in s.conditions
    )
    if (principals.anyone or "*" in ids) and not bound:
        yield Broken(
            f"{place} trusts every AWS account",
            "name the accounts, or require `aws:PrincipalOrgID`",
        )


def _bounds_age(c: Condition, seconds: int) -> bool:
    return (
        c.operator in ("NumericLessThan", "NumericLessThanEquals")
        and c.key.lower() == AGE.lower()
        and all(v.isdigit() and int(v) <= seconds for v in c.values)
    )


def _without_mfa(console_only: bool) -> Iterator[tuple[str, dict[str, str | None]]]:
    """The states of a user without MFA: the flag false in the console, absent with a key.

    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    yield "a console user without MFA", {FLAG.lower(): "false", AGE.lower(): None, **_DIRECT}
    if not console_only:
        yield "an access key without MFA", {FLAG.lower(): None, AGE.lower(): None, **_DIRECT}


_DIRECT: Final[dict[str, str | None]] = {"aws:username": "alice", "aws:viaawsservice": "false"}
_SIGNED_IN: Final = {FLAG.lower(): "true", AGE.lower(): "0", **_DIRECT}


def _carried(call: Call, terms: Terms) -> list[dict[str, str | None]]:
    """The condition keys of a call, once for each certification level that is accepted."""
    keys = {key.lower(): value for key, value in call.context}
    if keys.get("iam:registersecuritykey") != "Activate" or not terms.certification:
        return [keys]
    names = [name.lower() for name, _ in terms.certification]
    every = product(*(levels for _, levels in terms.certification))
    return [keys | dict(zip(names, levels, strict=True)) for levels in every]


def _resources(call: Call, terms: Terms) -> tuple[str, ...]:
    """Resources that stand for all a call may go to."""
    if call.target == "own-user":
        return tuple(_arn(terms, own) for own in OWN_USERS)
    if call.target == "any-device":
        return tuple(_arn(terms, device) for device in DEVICES)
    if call.target == "sign-in-client":
        client = f"arn:{terms.partition}:signin:us-east-1:111122223333:"
        return tuple(client + name for name in CLIENTS)
    return ("*",)


def _arn(terms: Terms, resource: str) -> str:
    return f"arn:{terms.partition}:iam::111122223333:{resource}"
