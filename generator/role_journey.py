"""The steps of the journey that a role's trust policy decides: who gets in, and who does not."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Final

from generator.journey import ADMINISTRATOR, row_of
from generator.lexical import in_units
from generator.pattern import glob
from generator.policy import Policy
from generator.principals import Caller, caller
from generator.request import Document, Policies
from generator.role_terms import RoleTerms, canonical
from generator.rows import Ask, Row, Rows, Step, Walked
from generator.states import AGE, ANOTHER, FLAG, LONGEST_SESSION, USER, Kept, State

MFA_SOURCE: Final = "UG:id_credentials_mfa_configure-api-require"


def walk_role(name: str, terms: RoleTerms) -> Walked:
    """What comes of each step with a role."""
    rows = _decided(canonical(terms))
    if any(row.problem for row in rows):
        # With the names that people know.
        rows = Kept(_rows(terms))
    return Walked(rows, f"Role `{name}`")


@lru_cache(maxsize=1024)
def _decided(terms: RoleTerms) -> Rows:
    return Kept(_rows(terms))


def _rows(terms: RoleTerms) -> Iterator[Row]:
    people = _trusted(terms)
    # Templates may ask for fresher MFA than the profile does.
    signed_in = [_mfa(0)]
    sessions = any(person.kind == "AssumedRole" for person in people)
    for action, declared in terms.declared:
        carried = _carried(declared)
        mine = _Asker(terms, action, carried)
        verb = _VERBS[action]
        if sessions:
            who = "a session of a role it trusts, which carries no MFA"
            yield mine.row(who, verb, people, [_flag(None)], False)
            continue
        others = [{**state, **other} for state in signed_in for other in _other_values(declared)]
        people_let_in = "whom it trusts, signed in with MFA"
        yield mine.row(people_let_in, verb, people, [*signed_in, *others], True)
        yield mine.row("console, no MFA", verb, people, [_flag("false")], False)
        yield mine.row("access key alone", verb, people, [_flag(None)], False)
        if action != "sts:AssumeRole":
            continue
        if limit := terms.max_age:
            stale = [_mfa(limit + 1), _mfa(limit + LONGEST_SESSION)]
            who = f"whom it trusts, MFA longer than {in_units(limit)} ago"
            yield mine.row(who, verb, people, stale, False)
        for key, name in _KEYS.items():
            if key in carried:
                lacking = [{**state, key: "another"} for state in signed_in]
                who = f"whom it trusts, with MFA and another {name}"
                yield mine.row(who, verb, people, lacking, False)
        for key, name in _KEYS.items():
            # A session always has a name.
            if key in carried and key != "sts:rolesessionname":
                lacking = [{**state, key: None} for state in signed_in]
                who = f"whom it trusts, with MFA and without {name}"
                yield mine.row(who, verb, people, lacking, False)
        for who, strangers, other in _strangers(terms, people):
            yield mine.row(who, verb, strangers, [{**s, **other} for s in signed_in], False)


_VERBS: Final = {
    "sts:AssumeRole": "assumes the role",
    "sts:SetSourceIdentity": "sets the source identity",
    "sts:TagSession": "passes session tags",
}
_KEYS: Final = {
    "sts:externalid": "`sts:ExternalId`",
    "sts:rolesessionname": "`sts:RoleSessionName`",
    "sts:sourceidentity": "`sts:SourceIdentity`",
}


class _Asker:
    """Asks for one action on a role."""

    def __init__(self, terms: RoleTerms, action: str, carried: State) -> None:
        self.terms, self.action, self.carried = terms, action, carried
        self.users = Document("user-policy.json", Policy(terms.users))
        self.trust = Document("trust-policy.json", Policy(terms.trust))

    def row(
        self, who: str, does: str, people: list[Caller], states: list[State], is_open: bool
    ) -> Row:
        asks = tuple(
            (person, self.terms.arn, self.context(person, state))
            for person in people
            for state in states
        )
        step = Step(
            "A role",
            who,
            does,
            (self.action,),
            "the role",
            "allowed" if is_open else "denied",
            (
                "the profile trusts them, with MFA"
                if is_open
                else "the trust asks for MFA, and for more"
            ),
            MFA_SOURCE,
            asks,
            administrator=not is_open or not any(map(self.is_ours, people)),
            may_depend=is_open,
        )
        return row_of(step, [(self.action, self.policies(ask, is_open), ask) for ask in asks])

    def context(self, person: Caller, state: State) -> State:
        known: State = {
            "aws:principalarn": person.principal_arn,
            "aws:principalaccount": person.account,
            "aws:principaltype": person.kind,
            "aws:viaawsservice": "false",
            # Whom it trusts is not one user: a condition on the name is left open.
            "$aws:username": person.name,
            **({} if person.kind == "User" else {"aws:username": None}),
        }
        carried = {
            key: value.replace("${aws:username}", person.name) if value else value
            for key, value in self.carried.items()
        }
        return {**known, **carried, **state}

    def is_ours(self, person: Caller) -> bool:
        """Whether somebody is a user of the profile's account, whose policy is known."""
        return person.account == self.terms.account and person.kind == "User"

    def policies(self, ask: Ask, is_open: bool) -> Policies:
        """What decides: our users have their policy, and whoever should not get in everything."""
        ours = self.is_ours(ask[0])
        identity = [self.users] if ours else []
        if not is_open or not ours:
            identity.append(ADMINISTRATOR)
        return Policies(identity=tuple(identity), trust=self.trust)


def _trusted(terms: RoleTerms) -> list[Caller]:
    """Somebody for each principal, or pattern of one, that the profile trusts."""
    if not terms.principal_arns:
        return [caller(arn) for arn in terms.principals]
    accounts = [arn.split(":")[4] for arn in terms.principals if arn != "*"] or [terms.account]
    found = {
        _example(pattern, account): None
        for pattern in terms.principal_arns
        for account in accounts
        if glob(pattern.split(":")[4], account)
    }
    return [caller(arn) for arn in found]


def _example(pattern: str, account: str) -> str:
    """An ARN that a pattern matches."""
    fields = pattern.split(":", 5)
    fields[4] = fields[4].replace("*", account)
    fields[5] = fields[5].replace("*", USER).replace("?", USER)
    return ":".join(fields)


Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]


def _carried(declared: Conditions) -> State:
    """What a request carries to meet the conditions of the profile."""
    return {key.lower(): values[0] for operator, key, values in declared if operator != "Null"}


def _other_values(declared: Conditions) -> Iterator[State]:
    """Each other value that the profile accepts for a key."""
    for _, key, values in declared:
        for value in values[1:]:
            yield {key.lower(): value}


def _strangers(terms: RoleTerms, people: list[Caller]) -> Iterator[tuple[str, list[Caller], State]]:
    """Those with MFA whom the profile does not trust, and what tells them."""
    partition, account = terms.partition, people[0].account
    everyone = terms.principals == ("*",)
    elsewhere: State = {"aws:principalorgid": "o-elsewhere"} if everyone else {}
    away = _untrusted_account(terms)
    foreign = f"arn:{partition}:iam::{away}:user/{people[0].arn.partition('user/')[2]}"
    if ":user/" in people[0].arn:
        yield "the same name in another account, with MFA", [caller(foreign)], elsewhere
    other = f"arn:{partition}:iam::{account}:user/{ANOTHER}/{ANOTHER}"
    patterns = terms.principal_arns
    if not any(glob(pattern, other) for pattern in patterns):
        yield "another user of the account, with MFA", [caller(other)], {}
    session = caller(f"arn:{partition}:sts::{account}:assumed-role/{ANOTHER}/{USER}")
    if not any(glob(pattern, session.principal_arn) for pattern in patterns):
        yield "a session of another role, even if it carried MFA", [session], {}


def _untrusted_account(terms: RoleTerms) -> str:
    """An account that the role and its trust have nothing to do with."""
    named = "".join((*terms.principals, *terms.principal_arns, terms.account))
    return next(a for a in (f"{n:012}" for n in count()) if a not in named)


def _mfa(age: int) -> State:
    return {FLAG.lower(): "true", AGE.lower(): str(age)}


def _flag(value: str | None) -> State:
    return {FLAG.lower(): value, AGE.lower(): None}
