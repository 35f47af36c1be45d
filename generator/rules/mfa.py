"""What the MFA conditions of a statement come to, and what gets past the statement for it.

Rules about them read one table: whether the conditions are met by an access key, by a console
session without MFA, by one with MFA that is new, and by one with MFA that is old. What another
statement of the document denies in any case does not get past.
"""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeAlias

from generator.catalog import actions_of, is_key
from generator.context import Context
from generator.findings import Confidence
from generator.flows import CALLS
from generator.match import applies, hold, matches_action, matches_resource
from generator.pattern import glob
from generator.policy import Condition, Effect, Statement
from generator.positions import Place
from generator.principals import Caller, caller
from generator.rules.mfa_denies import MFA_KEYS, asks_for_mfa
from generator.states import AGE, FLAG, LONGEST_SESSION
from generator.subject import Subject
from generator.supposed import State, context
from generator.verdicts import SOMETHING, WORK

Asked: TypeAlias = tuple[str, str]
When: TypeAlias = Literal["key", "console", "new", "old"]

# What people call to get MFA: advice never puts MFA in front of it.
ENROLMENT: Final = frozenset(call.action.lower() for call in CALLS if call.before_mfa)
_STATES: Final[dict[When, tuple[State, str | None]]] = {
    "key": ("key", None),
    "console": ("console", None),
    "new": ("mfa", "1"),
    "old": ("mfa", str(LONGEST_SESSION + 1)),
}
_FILLED: Final = "\ue030"
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class Gate:
    """A statement with conditions on MFA: `on_mfa`, and `others` that have to be met as well.

    `met` is whether all of `on_mfa` are met, None where AWS does not document it.
    """

    def __init__(self, subject: Subject, place: Place, statement: Statement) -> None:
        self.subject, self.place, self.statement = subject, place, statement
        self.on_mfa = tuple(c for c in statement.conditions if c.key.lower() in MFA_KEYS)
        self.others = tuple(c for c in statement.conditions if c.key.lower() not in MFA_KEYS)
        self.met = {when: hold(self.on_mfa, _context(subject, when)) for when in _STATES}

    @property
    def at(self) -> Place:
        """The place of the first operator on MFA."""
        return (*self.place, "Condition", self.on_mfa[0].operator)

    @property
    def words(self) -> str:
        """The conditions on MFA as a message quotes them."""
        each = (f"`{c.operator}` on `{c.key}`" for c in self.on_mfa)
        return " with ".join(dict.fromkeys(each))

    @property
    def values(self) -> str:
        """The values of the conditions on MFA, as a message quotes them."""
        return ", ".join(dict.fromkeys(f"`{v}`" for c in self.on_mfa for v in c.values))

    @property
    def is_about_old(self) -> bool:
        """Whether only sessions whose MFA is old meet the conditions."""
        met = self.met
        return met["old"] is True and not any(
            met[w] is not False for w in ("key", "console", "new")
        )

    @property
    def direct(self) -> Context:
        """The context of a call that people make themselves."""
        return _context(self.subject, "key")

    @property
    def is_dead(self) -> bool:
        """Whether a key that AWS does not document keeps it from applying to any user."""
        made_up = (c for c in self.others if not is_key(c.key))
        return hold(made_up, self.direct, self.subject.variables) is False

    @property
    def others_met_by_roles(self) -> bool:
        """Whether sessions of roles may meet the other conditions."""
        where = role_context(self.subject)
        return hold(self.others, where, self.subject.variables) is not False

    @property
    def is_settled(self) -> bool:
        """Whether it is documented who meets the conditions."""
        return None not in (self.met["key"], self.met["console"], self.met["new"])

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """Requests that the statement is about: actions, but for enrolment, and resources."""
        s, decider = self.statement, self.subject.decider
        anything = SOMETHING.format(decider.partition, decider.account)
        if s.resources is None or s.resources.negated:
            resources = [anything if s.resources else self.subject.role]
        else:
            user = decider.user.name
            resources = [anything if r == "*" else _filled(r, user) for r in s.resources.items]
        actions = [action for _, action in self._actions()]
        return tuple((action, resource) for action in actions for resource in resources)

    def _actions(self) -> Iterator[tuple[str, str]]:
        """Patterns of actions that are not for enrolment alone, each with an action of it."""
        s = self.statement
        if s.actions.negated:
            yield from ((w, w) for w in WORK if matches_action(s.actions, w))
            return
        for pattern in s.actions.items:
            if is_more_than_enrolment(pattern):
                service, _, name = pattern.partition(":")
                filled = _wild(name, "Unnamed") if name else "Action"
                yield pattern, f"{_wild(service, 'unnamed')}:{filled}"

    def past(self, when: When) -> tuple[Asked, ...]:
        """Requests that this Deny is about and that no Deny stops, where its other conditions are
        met; of a trust policy, that it also allows."""
        if self.met[when] is True:
            return ()
        found = tuple(asked for asked in self.asked if not self.is_denied(asked, when))
        if self.subject.kind == "trust" or self.is_about_old:
            return tuple(a for a in found if not self.is_allowed_only_with_mfa(a, when))
        return found

    def let_in(self, when: When) -> bool:
        """Whether this Allow allows a request that no Deny stops."""
        if self.met[when] is not True or self.is_dead:
            return False
        return any(not self.is_denied(a, when) for a in self.asked)

    def is_denied(self, asked: Asked, when: When) -> bool:
        """Whether a Deny of the document stops a request for sure."""
        return any(
            self._applies(s, asked, when) is True for _, s in self.subject.statements(Effect.DENY)
        )

    def is_allowed_only_with_mfa(self, asked: Asked, when: When) -> bool:
        """Whether the document allows a request with MFA, and not in this state."""
        allows = [s for _, s in self.subject.statements(Effect.ALLOW)]
        return any(self._applies(s, asked, "new") is True for s in allows) and all(
            self._applies(s, asked, when) is False for s in allows
        )

    def _applies(self, s: Statement, asked: Asked, when: When) -> bool | None:
        """Whether a statement applies to a request that meets this one's other conditions."""
        mine = self.statement
        if s.principals not in (None, mine.principals) and not _names_everybody(s):
            return None if s.effect is Effect.ALLOW else False
        conditions = tuple(c for c in s.conditions if c not in self.others)
        action, resource = asked
        where, variables = _context(self.subject, when), self.subject.variables
        if s.resources == mine.resources:
            if not matches_action(s.actions, action):
                return False
            return hold(conditions, where, variables)
        stripped = Statement(
            effect=s.effect, actions=s.actions, resources=s.resources, conditions=conditions
        )
        return applies(stripped, action, resource, where, variables)

    @property
    def is_wide(self) -> bool:
        """Whether it is about work of any kind, on anything."""
        s, asked = self.statement, (WORK[1], SOMETHING.format("aws", self.subject.account))
        return matches_action(s.actions, asked[0]) and (
            matches_resource(s.resources, asked[1], _context(self.subject, "key")) is True
        )

    def what(self, past: tuple[Asked, ...]) -> str:
        """The actions of some requests, as a message says it."""
        if self.statement.actions.negated:
            return "anything that `NotAction` does not list"
        actions = {action for action, _ in past}
        patterns = [f"`{p}`" for p, filled in self._actions() if filled in actions]
        names = list(dict.fromkeys(patterns))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more


@lru_cache(maxsize=4)
def gates(subject: Subject) -> tuple[Gate, ...]:
    """The statements of a document whose conditions on MFA are known, those of users."""
    if subject.kind in ("identity", "boundary") and subject.found.holders == {"role"}:
        return ()
    return every_gate(subject)


@lru_cache(maxsize=4)
def every_gate(subject: Subject) -> tuple[Gate, ...]:
    """The same, on roles too."""
    return tuple(
        Gate(subject, place, s)
        for place, s in subject.statements()
        if asks_for_mfa(s) and subject.is_known(place) and _names_people(s)
    )


def denies(subject: Subject) -> Iterator[Gate]:
    """The Denies of users whose conditions are on MFA and that are about more than enrolment."""
    return (g for g in gates(subject) if g.statement.effect is Effect.DENY and g.asked)


def allows(subject: Subject) -> Iterator[Gate]:
    """The Allows of users whose conditions are on MFA and that are about more than enrolment."""
    return (g for g in gates(subject) if g.statement.effect is Effect.ALLOW and g.asked)


def confidence_of(gate: Gate, known: Confidence = "high") -> Confidence:
    """How sure a finding is: statements that could not be read may close the hole."""
    return known if gate.subject.is_whole else "medium"


def is_more_than_enrolment(pattern: str) -> bool:
    """Whether a pattern of actions has others than those that people enrol with."""
    lower = pattern.lower()
    service, _, name = lower.partition(":")
    if "*" not in lower and "?" not in lower:
        return lower not in ENROLMENT
    if service not in {action.partition(":")[0] for action in ENROLMENT}:
        return True
    return any(
        glob(name, action)
        for action in actions_of(service)
        if f"{service}:{action}" not in ENROLMENT
    )


def role_session(subject: Subject) -> Caller:
    """A session of some role of the account."""
    return caller(f"arn:{subject.partition}:sts::{subject.account}:assumed-role/r/s")


def role_context(subject: Subject) -> Context:
    """The context of a call by a session of a role."""
    return context("role", role_session(subject), subject.account)


def is_on_flag(c: Condition) -> bool:
    return c.key.lower() == FLAG.lower()


def is_on_age(c: Condition) -> bool:
    return c.key.lower() == AGE.lower()


def _context(subject: Subject, when: When) -> Context:
    state, age = _STATES[when]
    carried = {AGE.lower(): age} if age else {}
    return context(state, subject.decider.user, subject.account, **carried)


def _names_everybody(s: Statement) -> bool:
    p = s.principals
    return p is not None and not p.negated and (p.anyone or ("AWS", ("*",)) in p.entries)


def _names_people(s: Statement) -> bool:
    """Whether a statement is about principals of IAM at all, not about services or federation."""
    p = s.principals
    return p is None or p.negated or p.anyone or any(kind == "AWS" for kind, _ in p.entries)


def _filled(pattern: str, user: str) -> str:
    """A resource that a pattern matches."""
    named = re.sub(r"(?i)\$\{aws:username\}", user, pattern)
    return _wild(_VARIABLE.sub(_FILLED, named), _FILLED)


def _wild(pattern: str, text: str) -> str:
    return pattern.replace("*", text).replace("?", text[:1])
