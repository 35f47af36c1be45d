"""What every rendered bundle must satisfy, whichever templates wrote it, or nothing is written.

Each check answers with what is broken; "not settled" counts against the document. An evaluator
that decides every request will take these over; they are plain to read until then.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace

from generator.bypasses import gaps_in_the_deny, grants_without_mfa
from generator.documents import ROLE_PERMISSIONS, Kind, lexical_problems
from generator.exhaustive import is_about_roles
from generator.flows import ROLE_ACTIONS
from generator.lockouts import lockouts
from generator.match import hold, matches_action, matches_resource
from generator.policy import Effect, Policy, Statement
from generator.states import (
    AGE,
    ANY_PARTITION,
    ANYONE,
    FLAG,
    Ages,
    Broken,
    State,
    Terms,
    ages_that_matter,
    anywhere,
    direct,
    with_mfa,
)


def broken_by_user_policy(
    policy: Policy, kind: Kind, terms: Terms, opening: Mapping[str, Sequence[str]]
) -> tuple[Broken, ...]:
    """Every guarantee that a user policy breaks.

    `opening`: the calls by which its users assume roles of the profile, each with the role ARNs.
    """
    roles = {role for arns in opening.values() for role in arns}
    found = [Broken(p, h) for p, h in lexical_problems(policy, kind, terms.partition)]
    # What assumes roles has rules of its own: the roles' trust policies demand MFA.
    others = (s for s in policy.statements if not is_about_roles(s))
    here = terms.partition
    statements = tuple(anywhere(s, here) for s in others)
    found += _broken_by_statements(statements, replace(terms, partition=ANY_PARTITION))
    if not terms.account_is_known:
        found += _named_accounts(policy)
    lean = terms.archetype == "role-assumption-with-mfa-trust"
    for s in policy.statements:
        if s.effect is Effect.ALLOW and (is_about_roles(s) or (lean and _opens_roles(s))):
            found += _wide_assume_role(s, roles)
    for action, arns in sorted(opening.items()):
        found += _closed_roles(policy, action, arns, terms)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=16)
def broken_by_role_permissions(policy: Policy, partition: str) -> tuple[Broken, ...]:
    """Every guarantee that a role's own permissions break."""
    found = [Broken(p, h) for p, h in lexical_problems(policy, ROLE_PERMISSIONS, partition)]
    for s in policy.statements:
        found += conditions_on_mfa(s)
    return tuple(found)


def conditions_on_mfa(s: Statement) -> Iterator[Broken]:
    """Conditions of a role's permissions that no session of the role can meet.

    Source: IAM User Guide, "Configuring MFA-protected API access".
    """
    for c in s.conditions:
        if c.key.lower() in (FLAG.lower(), AGE.lower()):
            yield Broken(
                f"statement `{s.sid}` has a condition on `{c.key}`, which a role session has not "
                "got",
                "take it out: MFA is checked in the role's trust policy",
            )


def _broken_by_statements(statements: tuple[Statement, ...], terms: Terms) -> tuple[Broken, ...]:
    found = list(lockouts(statements, terms))
    if terms.archetype == "direct-user-deny":
        found += gaps_in_the_deny(statements, terms)
    else:
        found += grants_without_mfa(statements, terms)
    return tuple(found)


def _named_accounts(policy: Policy) -> Iterator[Broken]:
    """Accounts in a policy of a profile that has none: any of them may be the users' own."""
    for s in policy.statements:
        if is_about_roles(s):
            continue
        for item in s.resources.items if s.resources else ():
            fields = item.split(":", 5)
            if len(fields) == 6 and any(c.isdigit() for c in fields[4]):
                yield Broken(
                    f"statement `{s.sid}` names account `{fields[4]}`, and the profile no account",
                    "give the profile its `account.id`",
                )


def _opens_roles(s: Statement) -> bool:
    return any(matches_action(s.actions, action) for action in ROLE_ACTIONS)


def _wide_assume_role(s: Statement, roles: set[str]) -> Iterator[Broken]:
    items = s.resources.items if s.resources and not s.resources.negated else ("*",)
    for item in items:
        if item not in roles:
            yield Broken(
                f"statement `{s.sid}` allows assuming `{item}`, not a role of this profile",
                "list exactly the profile's roles; only their trust is known to demand MFA",
            )


def _closed_roles(
    policy: Policy, action: str, roles: Sequence[str], terms: Terms
) -> Iterator[Broken]:
    """Roles that a call should open and that users cannot assume although they have MFA."""
    about = [s for s in policy.statements if matches_action(s.actions, action)]
    states = _with_mfa(*ages_that_matter(about, terms.max_age))
    held = [(s, [hold(s.conditions, state) for state in states]) for s in about]
    allows = [(s, answers) for s, answers in held if s.effect is Effect.ALLOW and True in answers]
    denies = [(s, answers) for s, answers in held if s.effect is Effect.DENY]
    denies = [(s, answers) for s, answers in denies if set(answers) != {False}]
    for role in roles:
        for s, answers in denies:
            covers = matches_resource(s.resources, role, ANYONE)
            if covers is not False:
                verb = "denies" if covers and True in answers else "may deny"
                yield Broken(
                    f"statement `{s.sid}` {verb} `{action}` on `{role}` to a user with MFA",
                    "users of this profile work through that role",
                )
        covering = [a for s, a in allows if matches_resource(s.resources, role, ANYONE)]
        if not all(any(a[i] for a in covering) for i in range(len(states))):
            yield Broken(
                f"no statement allows `{action}` on `{role}` to a user with MFA",
                "users of this profile work through that role",
            )


@lru_cache(maxsize=64)
def _with_mfa(max_age: int | None, near: Ages) -> tuple[State, ...]:
    return tuple(state for _, state in direct(with_mfa(max_age, near)))
