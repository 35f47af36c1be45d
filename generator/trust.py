"""What is wrong with a role's trust policy: ways in without MFA, and trust that nobody can meet."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from generator.documents import TRUST, lexical_problems
from generator.match import applies, holds, matches_action
from generator.policy import Condition, Effect, Policy, Statement
from generator.states import AGE, FLAG, Broken

ROLE_ACTIONS: Final = ("sts:assumerole", "sts:setsourceidentity", "sts:tagsession")


FRESH: Final = {FLAG.lower(): "true", AGE.lower(): "0"}


class TrustTerms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of a role's trust policy."""

    partition: str
    max_age: int | None


def broken_by_trust_policy(policy: Policy, terms: TrustTerms) -> tuple[Broken, ...]:
    """Every guarantee that a role's trust policy breaks."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, TRUST, terms.partition)]
    allows = [s for s in policy.statements if s.effect is Effect.ALLOW]
    if not any(matches_action(s.actions, "sts:AssumeRole") for s in allows):
        found.append(Broken("no statement allows `sts:AssumeRole`"))
    for statement in allows:
        found += _trust_gaps(statement, terms)
    for s in policy.statements:
        if s.effect is Effect.DENY and applies(s, "sts:AssumeRole", "*", FRESH):
            found.append(
                Broken(
                    f"statement `{s.sid}` denies `sts:AssumeRole` to a user with MFA",
                    "take it out, or deny only what is without MFA",
                )
            )
    return tuple(dict.fromkeys(found))


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
    for c in s.conditions:
        if holds(c, FRESH) is False:
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
        and all(v.isascii() and v.isdigit() and int(v) <= seconds for v in c.values)
    )
