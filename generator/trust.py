"""What is wrong with a role's trust policy: ways in without MFA, and trust that nobody can meet."""

import json
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from generator.canonical import canonical_conditions
from generator.catalog import action_case
from generator.documents import TRUST, lexical_problems
from generator.match import Context, applies, holds, matches_action
from generator.policy import Condition, Effect, Policy, Statement
from generator.role_view import RoleView
from generator.states import AGE, FLAG, LONGEST_SESSION, USER, Broken

ROLE_ACTIONS: Final = ("sts:assumerole", "sts:setsourceidentity", "sts:tagsession")
# Seconds since MFA, at most, at which a role must still open.
FRESH: Final = 60


class TrustTerms(Struct, frozen=True):
    """What a profile promises of a role's trust policy.

    `principals` may be trusted and nobody else. `conditions` has, for each action that must be
    allowed, the conditions on which it may be.
    """

    partition: str
    max_age: int | None
    principals: frozenset[str]
    principal_arns: tuple[str, ...]
    conditions: dict[str, tuple[Condition, ...]]


def trust_terms(role: RoleView, partition: str) -> TrustTerms:
    """The terms of a role."""
    who = [Condition("ArnLike", "aws:PrincipalArn", tuple(role.principal_arns))]
    conditions = {
        action.lower(): canonical_conditions(
            [
                *(who if role.principal_arns else ()),
                *(Condition(o, k, tuple(v)) for o, keys in declared for k, v in keys.items()),
            ]
        )
        for _, action, declared in role.trust_statements
    }
    return TrustTerms(
        partition,
        role.mfa_max_age,
        frozenset(role.principals),
        tuple(role.principal_arns),
        conditions,
    )


def broken_by_trust_policy(policy: Policy, terms: TrustTerms) -> tuple[Broken, ...]:
    """Every guarantee that a role's trust policy breaks."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, TRUST, terms.partition)]
    allows = [s for s in policy.statements if s.effect is Effect.ALLOW]
    for action in terms.conditions:
        if not any(matches_action(s.actions, action) for s in allows):
            found.append(Broken(f"no statement allows `{action_case(action)}`"))
    fresh = tuple(_fresh(terms))
    for statement in allows:
        found += _trust_gaps(statement, terms, fresh)
    for s in policy.statements:
        if s.effect is Effect.DENY:
            found += _shut(s, terms)
    return tuple(dict.fromkeys(found))


def _shut(s: Statement, terms: TrustTerms) -> Iterator[Broken]:
    """A Deny that keeps out everybody whom the profile lets in."""
    if s.principals and not s.principals.negated:
        named = {i for _, ids in s.principals.entries for i in ids}
        if named and not named & {"*", *terms.principals}:
            return
    for action in terms.conditions:
        answers = [applies(s, action, "*", state) for state in _somebody(terms)]
        if set(answers) != {False}:
            verb = "denies" if True in answers else "may deny"
            yield Broken(
                f"statement `{s.sid}` {verb} `{action_case(action)}` to a user with MFA",
                "take it out, or deny only what is without MFA",
            )


def _somebody(terms: TrustTerms) -> Iterator[Context]:
    """Somebody with fresh MFA whom the profile trusts; every such request carries these keys."""
    patterns = terms.principal_arns or sorted(terms.principals)
    for fresh in _fresh(terms):
        yield {
            **fresh,
            "aws:principalarn": patterns[0].replace("*", USER).replace("?", USER),
            "sts:rolesessionname": USER,
            "aws:username": USER,
        }


def _fresh(terms: TrustTerms) -> Iterator[Context]:
    """MFA just now, and a little later."""
    for age in (0, min(FRESH, (terms.max_age or LONGEST_SESSION) - 1)):
        yield {FLAG.lower(): "true", AGE.lower(): str(age)}


def _trust_gaps(s: Statement, terms: TrustTerms, fresh: tuple[Context, ...]) -> Iterator[Broken]:
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
    for c in s.conditions:
        if any(holds(c, state) is False for state in fresh):
            yield Broken(f"{place} can never be met: `{c.operator}` on `{c.key}` fails with MFA")
    yield from tuple(_who(s, place)) or _strangers(s, place, terms)
    yield from _missing_conditions(s, place, terms)


def _strangers(s: Statement, place: str, terms: TrustTerms) -> Iterator[Broken]:
    """Principals whom the profile does not trust."""
    assert s.principals is not None
    ids = [i for _, found in s.principals.entries for i in found]
    for i in ["*"] if s.principals.anyone else ids:
        if i not in terms.principals:
            yield Broken(
                f"{place} trusts `{i}`, and the profile does not",
                "name who may assume the role in the profile, under `trust`",
            )


def _missing_conditions(s: Statement, place: str, terms: TrustTerms) -> Iterator[Broken]:
    """Conditions that the profile sets and the statement does not have."""
    for action, declared in terms.conditions.items():
        for wanted in declared if matches_action(s.actions, action) else ():
            if not any(_as_strict(c, wanted) for c in s.conditions):
                values = json.dumps(list(wanted.values))
                yield Broken(
                    f"{place} allows `{action_case(action)}` without a condition that the profile "
                    f"sets on `{wanted.key}`",
                    f'add "{wanted.operator}": {{"{wanted.key}": {values}}}',
                )


def _as_strict(c: Condition, wanted: Condition) -> bool:
    return (c.operator, c.key) == (wanted.operator, wanted.key) and {*c.values} <= {*wanted.values}


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
        and all(v.isascii() and v.isdigit() and int(v) <= seconds for v in c.values)
    )
