"""What an edit changes, shown by deciding every kind of request before and after it.

Actions: one for every class that the patterns of both documents tell apart, so that what holds for
them holds for every name. Resources: the own user with and without a path, another user, devices,
a role, something else, and one for each pattern that either document has. States: without MFA in
the console and with a key, with MFA, and what the documents ask for besides (an age, a service that
makes the call, the kind of device, circumstances).
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from generator.catalog import is_key
from generator.classes import OTHER, action_classes
from generator.context import Value
from generator.decider import Decider
from generator.errors import GenError
from generator.flows import CALLS, REGISTER_KEY
from generator.match import matches_action
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Condition, Patterns
from generator.principals import Caller, caller
from generator.request import Decision
from generator.states import AGE
from generator.subject import Subject
from generator.supposed import State, context
from generator.variables import ABSENT, filled_resource
from generator.verdicts import SOMETHING, WORK, trusted_users

Kind: TypeAlias = Literal[
    "own user",
    "own user with a path",
    "other user",
    "device",
    "own device",
    "role",
    "account",
    "else",
    "trust",
]
OWN: Final[frozenset[Kind]] = frozenset({"own user", "own user with a path"})
DEVICES: Final[frozenset[Kind]] = frozenset({"device", "own device"})
WITHOUT_MFA: Final[frozenset[State]] = frozenset({"console", "key"})
SESSIONS: Final[frozenset[State]] = frozenset({"console", "key", "mfa", "role"})

_VIA: Final = "aws:viaawsservice"
_ACTIONS: Final = frozenset(
    {*WORK, *(call.action for call in CALLS), *(never.action for never in NEVER_EXEMPT)}
)


class Change(NamedTuple):
    """A request whose answer changed: 1 is more open, -1 more closed, 0 the same.

    `action` is in lower case and may stand for a class. `alone` is with nothing but the document,
    `beside` with AdministratorAccess attached as well. `who` is whom a trust policy lets in.
    """

    action: str
    kind: Kind
    state: State
    alone: int
    beside: int
    who: str = ""


class Intent(Struct, frozen=True):
    """What an edit may change. `actions` and `kinds` None is all of them; `but` are those that it
    may not touch."""

    opens: bool
    states: frozenset[State]
    actions: Patterns | None = None
    kinds: frozenset[Kind] | None = None
    but: frozenset[str] = frozenset()

    def covers(self, change: Change) -> bool:
        """Whether a change is of those that are meant."""
        way = 1 if self.opens else -1
        return (
            {change.alone, change.beside} <= {0, way}
            and change.state in self.states
            and change.action not in self.but
            and (self.kinds is None or change.kind in self.kinds)
            and (self.actions is None or matches_action(self.actions, change.action))
        )


def changes(before: Subject, after: Subject) -> frozenset[Change]:
    """Every request that the two documents answer differently.

    Raises:
        NotModelledError: the patterns tell too many things apart.
    """
    one = _same_user(before, before)
    other = _same_user(after, before)
    found: set[Change] = set()
    for names in _grouped(before, after):
        for case in _cases(before, after):
            said = [_answers(decider, names[0], case) for decider in (one, other)]
            alone, beside = (_way(*pair) for pair in zip(*said, strict=True))
            if alone == -beside and 1 in (said[0][0], said[1][0]):
                # A Deny that may apply leaves open what is not allowed in any case.
                alone = 0
            if alone or beside:
                found |= {
                    Change(name, case.kind, case.state, alone, beside, case.label) for name in names
                }
    return frozenset(found)


def unmeant(found: Iterable[Change], intents: Iterable[Intent]) -> list[Change]:
    """The changes that none of some intents covers, sorted."""
    meant = tuple(intents)
    return sorted(c for c in found if not any(intent.covers(c) for intent in meant))


class _Case(NamedTuple):
    who: Caller
    resource: str
    kind: Kind
    state: State
    carried: tuple[tuple[str, Value], ...]
    label: str = ""


def _same_user(subject: Subject, first: Subject) -> Decider:
    """A decider of a document for the user, partition and account of another."""
    d = first.decider
    if subject is first:
        return d
    return Decider(
        subject.decider.alone,
        subject.decider.beside,
        partition=d.partition,
        account=d.account,
        user=d.user.arn.partition(":user/")[2],
    )


def _answers(decider: Decider, action: str, case: _Case) -> tuple[int, int]:
    """How open a request is, alone and beside AdministratorAccess: 0, 1 not settled, 2."""
    asked = (action, case.resource, case.state)
    carried: dict[str, Any] = dict(case.carried)
    alone = decider.decide(*asked, who=case.who, **carried)
    beside = decider.decide(*asked, who=case.who, administrator=True, **carried)
    return _open(alone), _open(beside)


def _open(decision: Decision | str) -> int:
    if isinstance(decision, str):
        return 1
    return 2 if decision.outcome == "allowed" else 0


def _way(before: int, after: int) -> int:
    return (after > before) - (after < before)


def _grouped(before: Subject, after: Subject) -> list[list[str]]:
    """The classes of actions; those that the same statements cover, and no rule of a service
    tells apart, are decided once."""
    patterns = [s.actions for subject in (before, after) for s in subject.policy.statements]
    # Every action has a colon, and some patterns ask for one.
    items = frozenset({"*:*", *(item for each in patterns for item in each.items)})
    classes = (action for action in action_classes(items) if ":" in action)
    groups: dict[tuple[object, ...], list[str]] = {}
    for action in sorted({*classes, *(a.lower() for a in _ACTIONS)}):
        # STS has rules of its own for some calls; see `service_rules`.
        special = action if action.startswith("sts:") else ""
        key = (special, *(matches_action(each, action) for each in patterns))
        groups.setdefault(key, []).append(action)
    return list(groups.values())


def _cases(before: Subject, after: Subject) -> list[_Case]:
    asked = [c for s in (before, after) for each in s.policy.statements for c in each.conditions]
    states = list(_states(asked))
    if before.kind == "trust":
        return [
            _Case(who, before.role, "trust", state, carried, label)
            for who, label in _trusted(before, after)
            for state, carried in [*states, ("role", ())]
            if (state == "role") == (who.kind != "User")
        ]
    return [
        _Case(who, resource, kind, state, carried)
        for who, resource, kind in _resources(before, after)
        for state, carried in states
    ]


def _states(asked: list[Condition]) -> Iterator[tuple[State, tuple[tuple[str, Value], ...]]]:
    """The states, with what is asked for besides."""
    keys = {c.key.lower() for c in asked}
    more: list[list[dict[str, Value]]] = []
    if _VIA in keys:
        more.append([{}, {_VIA: "true"}])
    if REGISTER_KEY.lower() in keys:
        name = REGISTER_KEY.lower()
        more.append([{}, {name: "Create"}, {name: "Activate"}])
    if circumstances := _circumstances(asked):
        more.append([dict.fromkeys(circumstances), circumstances])
    for extra in product(*more):
        carried = {key: value for each in extra for key, value in each.items()}
        yield "console", tuple(carried.items())
        yield "key", tuple(carried.items())
        for age in _ages(asked):
            yield "mfa", (*carried.items(), (AGE.lower(), age))


def _ages(asked: list[Condition]) -> list[str]:
    """Ages of an MFA sign-in: those on both sides of every one that is asked for."""
    limits = {
        int(v) for c in asked if c.key.lower() == AGE.lower() for v in c.values if v.isdecimal()
    }
    return [str(age) for age in sorted({60, *(n + d for n in limits for d in (-1, 0, 1))})]


def _circumstances(asked: list[Condition]) -> dict[str, Value]:
    """Keys whose values no state settles, each with one that is asked for."""
    settled = context("mfa", caller("arn:aws:iam::111122223333:user/x"), "111122223333")
    return {
        c.key.lower(): c.values[0].partition("/")[0] if "Ip" in c.operator else c.values[0]
        for c in asked
        if c.key.lower() not in settled and is_key(c.key) and c.values
    }


def _trusted(before: Subject, after: Subject) -> list[tuple[Caller, str]]:
    """Who a trust policy may let in: users, and sessions of roles; each with a name."""
    found: dict[Caller, str] = {}
    for subject in (before, after):
        for who in trusted_users(subject.policy, before.decider):
            anyone = who.name == before.decider.user.name
            found[who] = f"users of account {who.account}" if anyone else who.arn
            role = who.arn.partition(":user/")[0] + f":role/{OTHER}"
            if anyone:
                found[caller(role)] = f"roles of account {who.account}"
        for principal in _named(subject):
            try:
                who = caller(principal)
            except GenError:
                continue
            found.setdefault(who, principal)
    return list(found.items())


def _named(subject: Subject) -> Iterator[str]:
    for s in subject.policy.statements:
        for kind, ids in s.principals.entries if s.principals else ():
            if kind == "AWS":
                yield from ids


def _resources(before: Subject, after: Subject) -> list[tuple[Caller, str, Kind]]:
    """Who asks for what: every kind of resource, and one for every pattern."""
    d = before.decider
    pathed = d.user_with_path
    named: dict[str, tuple[Caller, Kind]] = {
        d.user.arn: (d.user, "own user"),
        pathed.arn: (pathed, "own user with a path"),
        d.another_user: (d.user, "other user"),
        d.device(): (d.user, "device"),
        d.device(d.user.name): (d.user, "own device"),
        before.role: (d.user, "role"),
        SOMETHING.format(d.partition, d.account): (d.user, "else"),
        "*": (d.user, "account"),
    }
    known = context("console", d.user, d.account)
    for subject in (before, after):
        for s in subject.policy.statements:
            for item in s.resources.items if s.resources else ():
                text = filled_resource(item, known)
                if text is not None and text is not ABSENT:
                    one = text.replace("*", OTHER).replace("?", OTHER)
                    named.setdefault(one, (d.user, _kind(one, d.user.name)))
    return [(who, resource, kind) for resource, (who, kind) in named.items()]


def _kind(resource: str, user: str) -> Kind:
    part = resource.split(":", 5)[-1]
    if part.startswith("user/"):
        if part == f"user/{user}":
            return "own user"
        return "own user with a path" if part.endswith(f"/{user}") else "other user"
    if part.startswith("mfa/"):
        return "own device" if part == f"mfa/{user}" else "device"
    return "role" if part.startswith("role/") else "else"
