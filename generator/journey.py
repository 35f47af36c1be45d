"""The way of a new user from the first sign-in to work, and of those who want round MFA.

Each step is asked of the evaluator for every user and every state it stands for, with nothing else
attached where the user must get through, and beside AdministratorAccess where a Deny must hold.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from generator.context import Context
from generator.errors import NotModelledError
from generator.evaluate import evaluate
from generator.exhaustive import is_about_roles
from generator.grammar import parse_policy
from generator.match import holds, matches_action, matches_resource
from generator.pattern import Resources
from generator.policy import Effect, Patterns, Policy, Statement
from generator.principals import Caller
from generator.request import Decision, Document, Policies, Request
from generator.rows import Ask, Part, Row, Rows, Step, Walked, row
from generator.service_rules import MFA_SESSION_TO_CHANGE_DEVICES
from generator.states import AGE, ANOTHER, ANY_PARTITION, FLAG, USER, Kept, anywhere
from generator.variables import variable

ADMINISTRATOR: Final = Document(
    "AdministratorAccess",
    parse_policy(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Sid": "AdministratorAccess",
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
            },
        }
    ),
)


def walk(policy: Policy, partition: str, parts: Iterable[Part]) -> Iterator[Walked]:
    """What comes of each part with a user policy of a partition."""
    statements = tuple(
        _of_no_role(s) if is_about_roles(s) else anywhere(s, partition) for s in policy.statements
    )
    for part in parts:
        about = tuple(_about(part.actions, statements))
        yield Walked(_in_partition(_walked(part, about), partition))


def _of_no_role(s: Statement) -> Statement:
    """An Allow of assuming roles, without the names of roles: no step here is about one of them."""
    items = s.resources.items if s.resources and not s.resources.negated else ("*",)
    named = [item for item in items if not set("*?$") & set(item)]
    if len(named) < len(items):
        return s
    return replace(s, resources=Patterns(("arn:role",)))


def _in_partition(rows: Rows, partition: str) -> Rows:
    """The same, with the partition's name in messages."""
    if not any(row.problem for row in rows):
        return rows
    escaped = repr(ANY_PARTITION)[1:-1]
    return Kept(
        replace(r, problem=r.problem.replace(ANY_PARTITION, partition).replace(escaped, partition))
        for r in rows
    )


def _about(actions: tuple[str, ...], statements: Iterable[Statement]) -> Iterator[Statement]:
    """Statements as far as they cover some actions, those left out that cover none of them.

    Many policies differ in nothing else than actions that no step is about.
    """
    for s in statements:
        if mine := _covered(actions, s.actions):
            yield _narrowed(s, mine)


@lru_cache(maxsize=4096)
def _covered(actions: tuple[str, ...], patterns: Patterns) -> tuple[str, ...]:
    return tuple(action for action in actions if matches_action(patterns, action))


@lru_cache(maxsize=2048)
def _narrowed(s: Statement, actions: tuple[str, ...]) -> Statement:
    return replace(s, actions=Patterns(actions))


@lru_cache(maxsize=4096)
def _walked(part: Part, statements: tuple[Statement, ...]) -> Rows:
    return Kept(_row(step, tuple(_about(step.actions, statements))) for step in part.steps)


@lru_cache(maxsize=4096)
def _row(step: Step, statements: tuple[Statement, ...]) -> Row:
    document = Document("user-policy.json", Policy(statements))
    policies = Policies(
        identity=(document, ADMINISTRATOR) if step.administrator else (document,),
        change_password=step.account_grant,
    )
    asks = _different(step.asks, statements)
    return row_of(step, ((action, policies, ask) for action in step.actions for ask in asks))


def _different(asks: Iterable[Ask], statements: tuple[Statement, ...]) -> list[Ask]:
    """Requests that statements can tell apart, by the keys that they ask for."""
    texts = [v for s in statements for c in s.conditions for v in c.values]
    texts += [item for s in statements if s.resources for item in s.resources.items]
    if {variable(text).lower() for text in texts} - {"", "aws:username"}:
        # A variable may be any key.
        return list(asks)
    keys = {c.key.lower() for s in statements for c in s.conditions} | _KEYS_OF_RULES
    found = {
        (who, thing, tuple((k, v) for k, v in context.items() if k in keys)): (who, thing, context)
        for who, thing, context in asks
    }
    return list(found.values())


# Keys that decide without a policy's asking for them: names, and what services ask themselves.
_KEYS_OF_RULES: Final = {FLAG.lower(), "$aws:username"}


def row_of(step: Step, asked: Iterable[tuple[str, Policies, Ask]]) -> Row:
    """The answer to a step: what came of each of its requests, and whether it had to."""
    outcomes: dict[str, None] = {}
    because: dict[str, None] = {}
    blocked: dict[str, None] = {}
    problem = ""
    for action, policies, ask in asked:
        answer = decide(action, ask, policies, device=step.device)
        if isinstance(answer, Decision):
            outcomes[answer.outcome] = None
            because.update((r.sid, None) for r in answer.because)
            blocked.update((kind, None) for kind in answer.blocked_by)
            if "service" in answer.blocked_by:
                because[MFA_SESSION_TO_CHANGE_DEVICES] = None
            if answer.outcome == step.must or (
                step.must == "denied" and answer.outcome != "allowed"
            ):
                continue
        else:
            if step.may_depend:
                outcomes[f"not settled: {answer}"] = None
                continue
            outcomes["not settled"] = None
        problem = problem or _problem(step, action, ask, answer, policies)
    # Requests are many, and nobody asks for them again.
    return row(replace(step, asks=()), outcomes, because, blocked, problem)


def decide(action: str, ask: Ask, policies: Policies, *, device: bool = False) -> Decision | str:
    """The decision of one request, or why it is not settled."""
    who, resource, context = ask
    owner = resource.split(":", 5)[4:5] if isinstance(resource, str) else []
    account = owner[0] if owner and owner[0].isdigit() else who.account
    try:
        return evaluate(Request(who, action, resource, account, context, device), policies)
    except NotModelledError as error:
        return error.problem


def _problem(step: Step, action: str, ask: Ask, answer: Decision | str, policies: Policies) -> str:
    """What is wrong, in plain words."""
    who, resource, context = ask
    on = resource.one if isinstance(resource, Resources) else resource
    call = f"call `{action}`" + ("" if on == "*" else f" on `{in_words(on)}`")
    person = in_words(_person(who, context))
    if isinstance(answer, str):
        return f"whether {person} can {call} is not settled: {in_words(answer)}"
    if answer.outcome == "allowed":
        if step.must == "explicitly_denied":
            return f"{person} can {call}: {_why_open(policies, action, resource, context)}"
        return f"{person} can {call}: statement `{answer.because[0].sid}` allows it"
    if step.must != "allowed":
        return f"{person} cannot {call}, but for want of an Allow only; no Deny holds it off"
    why = "no statement allows it"
    if answer.because:
        why = f"statement `{answer.because[0].sid}` denies it; exempt it there"
    return f"{person} cannot {call} ({step.does}): {why}"


def _person(who: Caller, context: Context) -> str:
    """Who asks, in which state."""
    name = who.name if who.kind == "User" else who.arn
    flag, age = context.get(FLAG.lower()), context.get(AGE.lower())
    if flag == "true":
        return f"{age} seconds after MFA, {name}"
    return f"without MFA, {'an access key' if flag is None else 'a session'} of {name}"


def _why_open(policies: Policies, action: str, resource: str | Resources, context: Context) -> str:
    """Why no Deny applies: the nearest one, and what it lacks."""
    statements = [s for document in policies.identity for s in document.policy.statements]
    denies = [s for s in statements if s.effect is Effect.DENY]
    about = [s for s in denies if matches_action(s.actions, action)]
    if not about:
        return f"no statement denies `{action}`"
    for s in about:
        if not matches_resource(s.resources, resource, context):
            continue
        for c in s.conditions:
            if holds(c, context) is False:
                value = context.get(c.key.lower())
                state = f"is `{value}`" if isinstance(value, str) else "is absent"
                absent = value is None and c.operator in ("Bool", "NumericGreaterThanEquals")
                remedy = f"; change it to `{c.operator}IfExists`" if absent else ""
                return (
                    f"no Deny applies, because statement `{s.sid}` uses `{c.operator}` on "
                    f"`{c.key}` and the key {state}{remedy}"
                )
    return f"no Deny applies, because statement `{about[0].sid}` does not cover the resource"


def failing(walked: Iterable[Walked]) -> Iterator[Row]:
    """The rows that are not as they must be."""
    return (row for each in walked for row in each.rows if row.problem)


# How messages call those whose names are characters that no document has.
_NAMES: Final = {
    USER: "alice",
    ANOTHER: "bob",
    "\ue011": "path",
    "\ue012": "ACCOUNT",
    "\ue013": "REGION",
    "\ue014": "device",
}


def in_words(text: str) -> str:
    """Text with the names that messages use."""
    for token, name in _NAMES.items():
        # Messages of errors have characters that cannot be printed escaped.
        text = text.replace(token, name).replace(repr(token)[1:-1], name)
    return text
