"""A role, its trust and its users' policy, as far as they decide who may assume it.

Roles that differ in nothing but accounts, paths and names are decided alike, so `canonical` gives
them the same of each: one for one, and only where nothing else could tell them apart.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from generator.flows import ROLE_ACTIONS
from generator.match import matches_action
from generator.policy import Condition, Patterns, Policy, Principals, Statement
from generator.role_view import RoleView
from generator.states import AGE, FLAG

Declared = tuple[tuple[str, tuple[tuple[str, str, tuple[str, ...]], ...]], ...]


class RoleTerms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of a role, and what was rendered.

    `account` is the users'. `declared`: for each action the conditions (operator, key, values).
    `trust`: its statements; `users`: those of the users' policy that are about assuming it.
    """

    arn: str
    partition: str
    account: str
    principals: tuple[str, ...]
    principal_arns: tuple[str, ...]
    max_age: int | None
    declared: Declared
    trust: tuple[Statement, ...]
    users: tuple[Statement, ...]


def role_terms(
    role: RoleView, partition: str, account: str, trust: Policy, users: Policy
) -> RoleTerms:
    """The terms of a role of a profile."""
    return RoleTerms(
        role.arn,
        partition,
        account,
        tuple(role.principals),
        tuple(role.principal_arns),
        role.mfa_max_age,
        tuple(
            (
                action,
                tuple((o, k, tuple(v)) for o, keys in conditions for k, v in keys.items()),
            )
            for _, action, conditions in role.trust_statements
        ),
        trust.statements,
        tuple(s for s in users.statements if _is_about_roles(s.actions)),
    )


@lru_cache(maxsize=512)
def _is_about_roles(actions: Patterns) -> bool:
    return any(matches_action(actions, action) for action in ROLE_ACTIONS)


class _OtherwiseError(Exception):
    """There is something that renaming could change the meaning of."""


# Keys whose values name no account, path or user.
_PLAIN: Final = (FLAG.lower(), AGE.lower(), "aws:viaawsservice")
_WHO: Final = "aws:principalarn"
_UNDER: Final = re.compile(r"user/[^*?$]+/\*")


def canonical(terms: RoleTerms) -> RoleTerms:
    """The same with canonical accounts, paths and names; as it is, if that changed anything."""
    try:
        return _renamed(terms)
    except _OtherwiseError:
        return terms


def _renamed(terms: RoleTerms) -> RoleTerms:
    names = _names(terms)
    values = {
        (k.lower(), v) for _, conditions in terms.declared for _, k, vs in conditions for v in vs
    }

    def known(text: str) -> str:
        if text not in names:
            raise _OtherwiseError
        return names[text]

    return replace(
        terms,
        arn=names[terms.arn],
        partition="aws",
        account=_ACCOUNTS[0],
        principals=tuple(map(known, terms.principals)),
        principal_arns=tuple(map(known, terms.principal_arns)),
        trust=tuple(_trust(s, known, values) for s in terms.trust),
        users=tuple(_users(terms, names[terms.arn], known, values)),
    )


_ACCOUNTS: Final = tuple(f"{n}" * 12 for n in range(1, 10))


def _names(terms: RoleTerms) -> dict[str, str]:
    """What each ARN of the profile is called instead."""
    arns = (*terms.principals, *terms.principal_arns, terms.arn)
    found = dict.fromkeys((terms.account, *(_account(arn) for arn in arns)))
    accounts = [account for account in found if account not in ("", "*")]
    if len(accounts) > len(_ACCOUNTS):
        raise _OtherwiseError
    canonical_accounts = dict(zip(accounts, _ACCOUNTS, strict=False)) | {"*": "*"}
    names = {"*": "*"}
    for number, arn in enumerate(arns):
        if arn != "*":
            *_, rest = arn.split(":", 5)
            if _UNDER.fullmatch(rest):
                rest = "user/path/*"
            elif arn == terms.arn:
                rest = "role/role"
            elif rest.startswith("user/") and "*" not in rest and "?" not in rest:
                rest = f"user/path/user{number}"
            names[arn] = f"arn:aws:iam::{canonical_accounts[_account(arn)]}:{rest}"
    if len(set(names.values())) < len(names):
        # Two patterns of one account would become the same.
        raise _OtherwiseError
    return names


def _account(arn: str) -> str:
    return (arn.split(":", 5) + [""] * 5)[4]


Values = set[tuple[str, str]]


def _trust(s: Statement, known: Callable[[str], str], values: Values) -> Statement:
    principals = s.principals
    if principals is None or principals.negated or s.resources is not None:
        raise _OtherwiseError
    if {kind for kind, _ in principals.entries} - {"AWS"}:
        raise _OtherwiseError
    entries = tuple((kind, tuple(map(known, ids))) for kind, ids in principals.entries)
    return replace(
        s,
        principals=Principals(entries, anyone=principals.anyone),
        conditions=tuple(_condition(c, known, values) for c in s.conditions),
    )


def _condition(c: Condition, known: Callable[[str], str], values: Values) -> Condition:
    key = c.key.lower()
    if key == _WHO:
        return replace(c, values=tuple(map(known, c.values)))
    if key not in _PLAIN and not all((key, value) in values for value in c.values):
        # It may be about a name, an account or a path, of which nothing is known here.
        raise _OtherwiseError
    return c


def _users(
    terms: RoleTerms, arn: str, known: Callable[[str], str], values: Values
) -> Iterator[Statement]:
    """Statements about assuming roles, of the roles only this one left."""
    for s in terms.users:
        if s.resources is None:
            raise _OtherwiseError
        items = []
        for item in s.resources.items:
            if item == terms.arn or item == "*":
                items.append(arn if item == terms.arn else "*")
            elif "*" in item or "?" in item or "${" in item:
                raise _OtherwiseError
        if not items:
            if not s.resources.negated:
                continue
            items = ["role"]
        actions = tuple(sorted(a for a in ROLE_ACTIONS if matches_action(s.actions, a)))
        yield replace(
            s,
            actions=Patterns(actions),
            resources=Patterns(tuple(items), s.resources.negated),
            conditions=tuple(_condition(c, known, values) for c in s.conditions),
        )
