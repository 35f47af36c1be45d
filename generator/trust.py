"""What is wrong with a role's trust policy: ways in without MFA, and trust other than declared."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.canonical import canonical_conditions
from generator.catalog import action_case
from generator.context import Context
from generator.documents import TRUST, lexical_problems
from generator.flows import ROLE_ACTIONS
from generator.match import applies, holds, matches_action
from generator.operators import is_number
from generator.pattern import glob
from generator.policy import Condition, Effect, Policy, Statement
from generator.role_view import RoleView
from generator.states import AGE, FLAG, LONGEST_SESSION, Ages, Broken, ages_near

WHO: Final = "aws:PrincipalArn"
# Operators that IAM documents as the same.
_SAME: Final = {"ArnEquals": "ArnLike"}


class TrustTerms(Struct, frozen=True):
    """What a profile promises of a role's trust policy.

    `principals` are trusted and nobody else. `conditions` has, for each action that must be allowed
    (none other may be), the conditions on which it is.
    """

    partition: str
    max_age: int | None
    principals: frozenset[str]
    conditions: dict[str, tuple[Condition, ...]]


def trust_terms(role: RoleView, partition: str) -> TrustTerms:
    """The terms of a role."""
    who = [Condition("ArnLike", WHO, tuple(role.principal_arns))]
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
        conditions,
    )


def broken_by_trust_policy(policy: Policy, terms: TrustTerms) -> tuple[Broken, ...]:
    """Every guarantee that a role's trust policy, in canonical form, breaks."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, TRUST, terms.partition)]
    allows = [s for s in policy.statements if s.effect is Effect.ALLOW]
    for statement in allows:
        found += _trust_gaps(statement, terms)
    for s in policy.statements:
        if s.effect is Effect.DENY and _concerns(s, terms):
            found += _shut(s, terms)
    for action in terms.conditions:
        mine = [s for s in allows if matches_action(s.actions, action)]
        if not mine:
            found.append(Broken(f"no statement allows `{action_case(action)}`"))
        elif not found:
            # Where something else is wrong, mending that may mend this.
            found += _left_out(mine, action, terms)
    return tuple(dict.fromkeys(found))


def _left_out(allows: list[Statement], action: str, terms: TrustTerms) -> Iterator[Broken]:
    """Whom the profile trusts, and no statement does."""
    patterns = {v for c in terms.conditions[action] if c.key == WHO for v in c.values}
    for principal in sorted(terms.principals):
        mine = [s for s in allows if principal in _ids(s)]
        found = {v for s in mine for c in s.conditions if c.key == WHO for v in c.values}
        account = _account(principal)
        missing = [p for p in patterns - found if principal == "*" or glob(_account(p), account)]
        for who in sorted(missing) if mine else [principal]:
            yield Broken(
                f"no statement allows `{action_case(action)}` to `{who}`",
                "the profile trusts them",
            )


def _ids(s: Statement) -> list[str]:
    if s.principals is None or s.principals.negated:
        return []
    return ["*"] if s.principals.anyone else [i for _, ids in s.principals.entries for i in ids]


def _account(arn: str) -> str:
    """The account of a principal's ARN; "" for `*` and what is no ARN."""
    return (arn.split(":", 5) + [""] * 5)[4]


def _concerns(s: Statement, terms: TrustTerms) -> bool:
    """Whether a Deny names, or may name, somebody whom the profile trusts."""
    ids = _ids(s)
    if not ids or "*" in ids or "*" in terms.principals:
        return True
    for i in ids:
        for trusted in terms.principals:
            whole = trusted.endswith(":root") or i.endswith(":root")
            if i == trusted or (whole and _account(i) == _account(trusted)):
                return True
    return False


def _shut(s: Statement, terms: TrustTerms) -> Iterator[Broken]:
    """A Deny that is not sure to leave alone everybody whom the profile lets in."""
    for action, declared in terms.conditions.items():
        near = tuple(age for age in ages_near(s.conditions) if age < (terms.max_age or age + 1))
        answers = [applies(s, action, "*", state) for state in _let_in(declared, terms, near)]
        if set(answers) != {False}:
            verb = "denies" if True in answers else "may deny"
            yield Broken(
                f"statement `{s.sid}` {verb} `{action_case(action)}` to a user with MFA",
                "take it out, or deny only what is without MFA",
            )


def _let_in(declared: tuple[Condition, ...], terms: TrustTerms, near: Ages) -> Iterator[Context]:
    """Somebody with MFA whom the profile trusts: what is known of each of their requests."""
    context: dict[str, str | None] = {"aws:viaawsservice": "false", "aws:principaltype": "User"}
    accounts = {_account(principal) for principal in terms.principals}
    if len(accounts) == 1 and accounts != {""}:
        context["aws:principalaccount"] = accounts.pop()
    for c in declared:
        if c.operator == "StringEquals" and len(c.values) == 1 and "${" not in c.values[0]:
            context[c.key.lower()] = c.values[0]
    for fresh in _fresh(terms.max_age):
        yield {**context, **fresh}
    for age in near:
        yield {**context, FLAG.lower(): "true", AGE.lower(): str(age)}


@lru_cache(maxsize=64)
def _fresh(max_age: int | None) -> tuple[Context, ...]:
    """MFA just now, and a second later."""
    ages = (0, min(1, (max_age or LONGEST_SESSION) - 1))
    return tuple({FLAG.lower(): "true", AGE.lower(): str(age)} for age in ages)


def _trust_gaps(s: Statement, terms: TrustTerms) -> Iterator[Broken]:
    """Ways into a role without MFA, and trust that nobody can meet."""
    place = f"statement `{s.sid}`"
    actions = {a.lower() for a in s.actions.items}
    if s.actions.negated or not actions <= ROLE_ACTIONS:
        yield Broken(
            f"{place} allows more than assuming the role with IAM credentials",
            "allow sts:AssumeRole, sts:SetSourceIdentity and sts:TagSession only",
        )
    for action in sorted((actions & ROLE_ACTIONS) - terms.conditions.keys()):
        yield Broken(
            f"{place} allows `{action_case(action)}`, which the profile does not ask for",
            "take it out, or give the role `source_identity_is_username` or `session_tags`",
        )
    if not any(
        (c.operator, c.key.lower()) == ("Bool", FLAG.lower())
        and [v.lower() for v in c.values] == ["true"]
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
        if any(holds(c, state) is False for state in _fresh(terms.max_age)):
            yield Broken(f"{place} can never be met: `{c.operator}` on `{c.key}` fails with MFA")
    yield from tuple(_who(s, place)) or _strangers(s, place, terms)
    yield from _missing_conditions(s, place, terms)


def _strangers(s: Statement, place: str, terms: TrustTerms) -> Iterator[Broken]:
    """Principals whom the profile does not trust."""
    for i in _ids(s):
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
    operator = _SAME.get(c.operator, c.operator)
    return (operator, c.key) == (wanted.operator, wanted.key) and {*c.values} <= {*wanted.values}


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
        and all(is_number(v) and float(v) <= seconds for v in c.values)
    )
