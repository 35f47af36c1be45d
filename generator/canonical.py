"""One spelling for what IAM reads alike: order, case and text are decided here and nowhere else.

What counts as spelling (IAM reads both forms the same): the order of statements, elements, keys
and list items; repeated items; a bare value or a list of one; the case of the names of actions,
condition keys and policy variables; quoted or bare booleans and numbers; an empty `Sid` or
`Condition` or none; an absent `Version` or 2008-10-17; an account as `123456789012` or as the ARN
of its root; `**` or `*`; and in an identity policy an incomplete ARN or the same with `*` in the
missing fields.
What never does: anything else. Sources: docs/canonical-form.md.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec.json

from generator.catalog import action_case, key_case
from generator.policy import (
    Condition,
    Effect,
    Patterns,
    Policy,
    PolicyError,
    Principals,
    Statement,
)

Json: TypeAlias = "str | int | list[Json] | dict[str, Json]"

_COMPACT: Final = json.JSONEncoder(separators=(",", ":")).encode
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
# A policy variable, `${*}`, `${?}` and `${$}` included, or a run of two or more wildcards.
_WILDCARDS: Final = re.compile(r"(\$\{[^}]*\})|[*?]{2,}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z][^},]*)([^}]*)\}")
_TEXT_OPERATOR: Final = re.compile(r"(?:For(?:Any|All)Values?:)?(?:String|Arn)")
_VARIABLE_OR_STARS: Final = re.compile(r"(\$\{[^}]*\})|\*{2,}")
_STARS: Final = re.compile(r"\*{2,}")
_ARN_OPERATOR: Final = re.compile(r"(?:For(?:Any|All)Values?:)?Arn")
_GLOB_OPERATOR: Final = re.compile(r"(?:.*:)?String(?:Not)?Like(?:IfExists)?")


def canonical(policy: Policy, *, partition: str = "aws") -> Policy:
    """The same policy in its one spelling; `canonical(canonical(p)) == canonical(p)`.

    `partition` completes an account that is written as 12 digits.

    Raises:
        PolicyError: one operator has a key twice in different case, which IAM does not define.
    """
    # In the older version of the language there are no variables, only text that looks like them.
    variables = policy.version != "2008-10-17"
    statements = {_statement(s, partition, variables) for s in policy.statements}
    ordered = sorted(statements, key=_reading_order)
    if len({s.sid for s in ordered}) < len(ordered):
        ordered.sort(key=lambda s: (*_reading_order(s), _COMPACT(_statement_json(s))))
    return Policy(tuple(ordered), policy.version, policy.id)


def to_text(policy: Policy) -> str:
    """The text to commit: two spaces, one list item a line, ASCII, LF, a newline at the end."""
    return _laid_out(_compact_text(policy))


def to_json(policy: Policy) -> dict[str, Json]:
    """The document as plain JSON values, elements in the order IAM's documentation uses."""
    document: dict[str, Json] = {"Version": policy.version}
    if policy.id:
        document["Id"] = policy.id
    document["Statement"] = [_statement_json(s) for s in policy.statements]
    return document


def json_text(value: Json) -> str:
    """JSON as this product writes it. The order of keys is the caller's."""
    return _laid_out(_COMPACT(value))


def billable_size(policy: Policy) -> int:
    """Characters AWS counts against the quota: the document without white space.

    Unit: characters. White space inside a string is counted too, since whether IAM skips that is
    not stated, so the figure is never too low.
    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    return len(_compact_text(policy))


@lru_cache(maxsize=512)
def _statement(s: Statement, partition: str, variables: bool) -> Statement:
    resources = s.resources
    if resources is not None:
        items: Iterable[str] = resources.items
        if s.principals is None:
            items = map(_complete_arn, items)
        if variables:
            items = map(_documented_variables, items)
        resources = Patterns(_sorted_set(map(_fewest_in_arn, items)), resources.negated)
    return Statement(
        sid=s.sid,
        effect=s.effect,
        principals=s.principals and _principals(s.principals, partition),
        actions=Patterns(
            _sorted_set(action_case(_fewest_wildcards(a)) for a in s.actions.items),
            s.actions.negated,
        ),
        resources=resources,
        conditions=canonical_conditions(s.conditions, s.sid, variables),
    )


def _principals(principals: Principals, partition: str) -> Principals:
    entries: dict[str, set[str]] = {}
    for kind, ids in principals.entries:
        entries.setdefault(kind, set()).update(
            f"arn:{partition}:iam::{i}:root" if kind == "AWS" and _ACCOUNT.fullmatch(i) else i
            for i in ids
        )
    return Principals(
        tuple((kind, tuple(sorted(entries[kind]))) for kind in sorted(entries)),
        principals.negated,
        principals.anyone,
    )


def canonical_conditions(
    conditions: Iterable[Condition], sid: str = "", variables: bool = True
) -> tuple[Condition, ...]:
    """The conditions of a statement in their one spelling.

    Raises:
        PolicyError: one operator has a key twice in different case.
    """
    found: dict[tuple[str, str], Condition] = {}
    for c in conditions:
        key = key_case(c.key)
        if (c.operator, key) in found:
            raise PolicyError(
                f"`{c.operator}` of statement `{sid}` has `{key}` twice in different case",
                hint="keep one",
            )
        values: Iterable[str] = c.values
        if variables and _TEXT_OPERATOR.match(c.operator):
            values = map(_documented_variables, values)
        if _ARN_OPERATOR.match(c.operator):
            values = map(_fewest_in_arn, values)
        elif _GLOB_OPERATOR.fullmatch(c.operator):
            values = map(_fewest_wildcards, values)
        found[c.operator, key] = Condition(c.operator, key, _sorted_set(values))
    return tuple(found[place] for place in sorted(found))


def _reading_order(s: Statement) -> tuple[bool, str]:
    """Allows before Denies, then by Sid: what may be done, then what never may."""
    return (s.effect is Effect.DENY, s.sid)


def _sorted_set(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(items)))


def _fewest_in_arn(pattern: str) -> str:
    """The same for an ARN. `*?` is left alone before the last field, where `*` may span a colon."""
    if "*" not in pattern:
        return pattern
    *fields, last = pattern.split(":", 5)
    head = ":".join((*fields, ""))
    if "${" in head or not pattern.startswith("arn:"):
        # A variable may hold colons of its own, and what it stands for is not known here.
        return _VARIABLE_OR_STARS.sub(lambda m: m.group(1) or "*", pattern)
    return _STARS.sub("*", head) + _fewest_wildcards(last)


def _fewest_wildcards(pattern: str) -> str:
    """`a**b` as `a*b` and `a*?b` as `a?*b`: runs that match the same texts, written one way."""
    if "*" not in pattern:
        return pattern
    return _WILDCARDS.sub(_one_run, pattern)


def _documented_variables(text: str) -> str:
    """Policy variables with their names in documented case, which IAM ignores."""
    if "${" not in text:
        return text
    return _VARIABLE.sub(lambda m: f"${{{key_case(m.group(1))}{m.group(2)}}}", text)


def _one_run(match: re.Match[str]) -> str:
    run = match.group()
    if match.group(1) or "*" not in run:
        return run
    return "?" * run.count("?") + "*"


def _complete_arn(pattern: str) -> str:
    """An ARN of fewer than six fields with `*` for the missing ones, as IAM reads it.

    Source: IAM User Guide, grammar notes on `resource_string`; identity policies only.
    """
    fields = pattern.count(":") + 1
    if fields >= 6 or not pattern.startswith("arn:") or "${" in pattern:
        return pattern
    return pattern + ":*" * (6 - fields)


def _statement_json(s: Statement) -> dict[str, Json]:
    data: dict[str, Json] = {}
    if s.sid:
        data["Sid"] = s.sid
    data["Effect"] = s.effect.value
    if s.principals is not None:
        who: Json = {kind: _one_or_list(ids) for kind, ids in s.principals.entries}
        name = "NotPrincipal" if s.principals.negated else "Principal"
        data[name] = "*" if s.principals.anyone else who
    data["NotAction" if s.actions.negated else "Action"] = _one_or_list(s.actions.items)
    if s.resources is not None:
        data["NotResource" if s.resources.negated else "Resource"] = _one_or_list(s.resources.items)
    block: dict[str, Json] = {}
    for c in s.conditions:
        keys = block.setdefault(c.operator, {})
        assert isinstance(keys, dict)
        keys[c.key] = _one_or_list(c.values)
    if block:
        data["Condition"] = block
    return data


def _one_or_list(items: tuple[str, ...]) -> Json:
    return items[0] if len(items) == 1 else list(items)


def _laid_out(compact: str) -> str:
    """What `json.dumps(indent=2)` would write, a newline at the end; several times faster."""
    try:
        return msgspec.json.format(compact, indent=2) + "\n"
    except msgspec.DecodeError:
        # Half a surrogate pair, which policies may not have and must still be shown.
        return json.dumps(json.loads(compact), indent=2) + "\n"


@lru_cache(maxsize=4)
def _compact_text(policy: Policy) -> str:
    """Text and size are asked for one after the other."""
    return _COMPACT(to_json(policy))
