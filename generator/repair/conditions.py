"""Edits of conditions on MFA: operators that do not ask what they seem to, and misspelt keys."""

from collections.abc import Iterator
from typing import Any, Final

from generator.catalog import is_key
from generator.match import hold
from generator.policy import Condition, Effect, Statement
from generator.positions import Place
from generator.repair.answered import OPERATORS, fire
from generator.repair.edits import at, renamed, texts, with_operator
from generator.repair.proposal import Proposal
from generator.repair.prove import WITHOUT_MFA, Intent
from generator.states import AGE, FLAG
from generator.subject import Subject
from generator.supposed import State, context
from generator.verdicts import ENROLMENT

ENROLLING: Final = frozenset(
    {
        "iam:changepassword",
        *(call.action.lower() for calls in ENROLMENT.values() for call in calls),
    }
)
# (effect, operator, key, value) to the operator that is meant, and whether the value turns over.
_MEANT: Final[dict[tuple[Effect, str, str, str], tuple[str, bool]]] = {
    (Effect.DENY, "Bool", FLAG, "false"): ("BoolIfExists", False),
    (Effect.DENY, "StringEquals", FLAG, "false"): ("BoolIfExists", False),
    (Effect.DENY, "StringLike", FLAG, "false"): ("BoolIfExists", False),
    (Effect.DENY, "Null", FLAG, "true"): ("BoolIfExists", True),
    (Effect.ALLOW, "BoolIfExists", FLAG, "true"): ("Bool", False),
    (Effect.ALLOW, "Null", FLAG, "false"): ("Bool", True),
}
_AGES: Final[dict[tuple[Effect, str], str]] = {
    (Effect.DENY, "NumericGreaterThan"): "NumericGreaterThanIfExists",
    (Effect.DENY, "NumericGreaterThanEquals"): "NumericGreaterThanEqualsIfExists",
    (Effect.ALLOW, "NumericLessThanIfExists"): "NumericLessThan",
    (Effect.ALLOW, "NumericLessThanEqualsIfExists"): "NumericLessThanEquals",
}


def holding(s: Statement, subject: Subject, state: State) -> bool | None:
    """Whether the conditions of a statement are met in a state; None if it depends."""
    d = subject.decider
    return hold(s.conditions, context(state, d.user, d.account), subject.variables)


def is_mfa_deny(s: Statement, subject: Subject) -> bool:
    """Whether a statement denies what is done without MFA, in the console or with a key, and
    nothing that is done with it."""
    if s.effect is not Effect.DENY or holding(s, subject, "mfa") is not False:
        return False
    return any(holding(s, subject, state) is not False for state in ("console", "key"))


def operators(subject: Subject) -> Iterator[Proposal]:
    """`Bool` in a Deny, `BoolIfExists` in an Allow, `Null` in either, and the same of ages."""
    for place, s in subject.statements():
        asks = any(_meant(s.effect, c)[0] for c in s.conditions)
        if not asks or not (fire(subject, *OPERATORS, place=place) or _confines(subject, s)):
            continue
        for c in s.conditions:
            new, opposite = _meant(s.effect, c)
            if new:
                yield _operator(subject, place, s, c, new, opposite)


def with_operators(subject: Subject) -> Any:
    """The data of a document as it is once all those edits are made, safe or not."""
    data = subject.found.data
    for proposal in operators(subject):
        data = data if proposal.data is None else _again(subject, data, proposal.place)
    return data


def misspelt_keys(subject: Subject) -> Iterator[Proposal]:
    """Keys that do not exist and are meant to be one of the two of MFA."""
    for place, s in subject.statements():
        for c in s.conditions:
            key = AGE if "age" in c.key.lower() else FLAG
            block = (*place, "Condition", c.operator)
            if is_key(c.key) or not fire(subject, "GEN018", place=(*block, c.key)):
                continue
            if any(name.lower() == key.lower() for name in at(subject.found.data, block)):
                continue
            yield Proposal(
                what=f"the condition key `{c.key}` becomes `{key}`",
                why=f"there is no condition key `{c.key}`, so it is never in a request",
                place=(*block, c.key),
                data=renamed(subject.found.data, (*block, c.key), key),
                intents=_of_statement(s, opening=frozenset({"mfa"})),
            )


def _confines(subject: Subject, s: Statement) -> bool:
    """Whether a Deny is there to confine exemptions to the own user, and they are not confined."""
    spares = s.resources is not None and s.resources.negated
    return s.effect is Effect.DENY and spares and fire(subject, "GEN042")


def _meant(effect: Effect, c: Condition) -> tuple[str, bool]:
    """The operator that is meant, "" if that is what it is."""
    if c.key.lower() == AGE.lower():
        return _AGES.get((effect, c.operator), ""), False
    values = {value.lower() for value in c.values}
    if c.key.lower() != FLAG.lower() or len(values) != 1:
        return "", False
    return _MEANT.get((effect, c.operator, FLAG, values.pop()), ("", False))


def _operator(
    subject: Subject, place: Place, s: Statement, c: Condition, new: str, opposite: bool
) -> Proposal:
    condition = (*place, "Condition")
    value = texts(at(subject.found.data, (*condition, c.operator, c.key)))[0]
    what = f"`{c.operator}` on `{c.key}` becomes `{new}`"
    if opposite:
        what += f" with `{'false' if value == 'true' else 'true'}`"
    data = with_operator(subject.found.data, condition, c.operator, c.key, new, opposite=opposite)
    return Proposal(
        what=what,
        why=_WHY[s.effect, next(base for base in _BASES if c.operator.startswith(base))],
        place=(*condition, c.operator),
        data=data,
        intents=_of_statement(s),
        refusal=_refusal(s) or ("" if data is not None else f"`{new}` asks for something else"),
    )


_BASES: Final = ("Bool", "Null", "Numeric", "String")
_WHY: Final = {
    (Effect.DENY, "Bool"): "`Bool` is not met where the key is absent, as it is with access keys",
    (Effect.DENY, "String"): "it is not met where the key is absent, as it is with access keys",
    (Effect.DENY, "Null"): "the key is there, and false, in a console session without MFA",
    (Effect.DENY, "Numeric"): "there is no age without MFA, so nobody without MFA is denied",
    (Effect.ALLOW, "Bool"): "`IfExists` is met where the key is absent, as with access keys",
    (Effect.ALLOW, "Null"): "the key is there, and false, in a console session without MFA",
    (Effect.ALLOW, "Numeric"): "`IfExists` is met without MFA, which has no age",
}


def _refusal(s: Statement) -> str:
    """Why an Allow may not ask for MFA, "" if it may: who it lets in may have none to show."""
    if s.effect is Effect.DENY or s.principals is None:
        return ""
    others = [
        i
        for kind, ids in s.principals.entries
        for i in ids
        if kind != "AWS" or ":role/" in i or ":assumed-role/" in i
    ]
    if others:
        return f"`{others[0]}` is trusted by the same statement and has no MFA; split the statement"
    return ""


def _of_statement(s: Statement, opening: frozenset[State] = frozenset()) -> tuple[Intent, ...]:
    """What a condition on MFA that asks what is meant may change."""
    closing = [Intent(False, WITHOUT_MFA | {"role"}, s.actions)]
    if s.effect is Effect.ALLOW and s.principals is None:
        # People enrol in the console; what they need there is never to ask for MFA.
        closing = [
            Intent(False, frozenset({"key"}), s.actions),
            Intent(False, frozenset({"console"}), s.actions, but=ENROLLING),
        ]
    return (*closing, Intent(True, opening, s.actions)) if opening else tuple(closing)


def _again(subject: Subject, data: Any, place: Place) -> Any:
    """The edit of the operator at a place, made in other data of the same document."""
    statement = place[: place.index("Condition")]
    s = dict(subject.statements())[statement]
    for c in s.conditions:
        new, opposite = _meant(s.effect, c)
        block = at(data, (*statement, "Condition"))
        if new and c.operator == place[-1] and c.key in block.get(c.operator, {}):
            found = with_operator(
                data, (*statement, "Condition"), c.operator, c.key, new, opposite=opposite
            )
            data = data if found is None else found
    return data
