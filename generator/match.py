"""Whether a statement applies to a request, with "not known" as an answer.

Three-valued on purpose: what a statement asks about a key that the request does not settle, or in
a way that AWS does not document, is neither yes nor no, and who asks decides what that means.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from generator.context import NOT_KNOWN, Context, Known, Value
from generator.operators import Operator, operator
from generator.pattern import Resources, glob, intersect, matches_arn
from generator.policy import Condition, Patterns, Statement
from generator.variables import ABSENT, can_be, filled, filled_resource

# An operator of another type on these keys may do anything, where whoever asks must be sure.
# `Null` is for all. Source: IAM User Guide, "AWS global condition context keys".
_TYPES: Final = {
    "aws:multifactorauthpresent": "Bool",
    "aws:multifactorauthage": "Numeric",
    "aws:viaawsservice": "Bool",
}


def matches_action(patterns: Patterns, action: str) -> bool:
    """Whether `Action` or `NotAction` covers an action; case does not count."""
    names, globs = _actions(patterns)
    name = action.lower()
    found = name in names or any(glob(pattern, name) for pattern in globs)
    return found != patterns.negated


@lru_cache(maxsize=512)
def _actions(patterns: Patterns) -> tuple[frozenset[str], tuple[str, ...]]:
    """Action patterns in lower case: names, and those with wildcards."""
    lower = {pattern.lower() for pattern in patterns.items}
    globs = {pattern for pattern in lower if "*" in pattern or "?" in pattern}
    return frozenset(lower - globs), tuple(sorted(globs))


def matches_resource(
    patterns: Patterns | None, resource: str | Resources, context: Context, variables: bool = True
) -> bool | None:
    """Whether `Resource` or `NotResource` covers a resource, or all resources of a shape.

    None if that depends: on a variable that is not known, or on which of the resources it is. A
    statement that has neither element (`patterns` is None) is about every resource. `variables`:
    whether the policy's version has policy variables.
    """
    if patterns is None:
        return True
    found: bool | None = False
    for pattern in patterns.items:
        answer = _resource(pattern, resource, context, variables)
        if answer:
            return not patterns.negated
        if answer is None:
            found = None
    return None if found is None else patterns.negated


def applies(
    statement: Statement,
    action: str,
    resource: str | Resources,
    context: Context,
    variables: bool = True,
) -> bool | None:
    """Whether a statement of an identity policy applies to a request; None if not settled."""
    if not matches_action(statement.actions, action):
        return False
    matching = matches_resource(statement.resources, resource, context, variables)
    if matching is False:
        return False
    holding = hold(statement.conditions, context, variables)
    if holding is False:
        return False
    return None if matching is None or holding is None else True


def hold(conditions: Iterable[Condition], context: Context, variables: bool = True) -> bool | None:
    """Whether all of some conditions are met; None if that is not settled."""
    found: bool | None = True
    for condition in conditions:
        answer = holds(condition, context, variables)
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def holds(condition: Condition, context: Context, variables: bool = True) -> bool | None:
    """Whether a condition is met; None where the key or the comparison is not settled.

    Source: IAM User Guide, "Condition operators" and "Single-valued vs. multivalued context keys":
    a plain operator on an absent key is not met, a negated one is, and IfExists makes any of them
    met; ForAllValues is met by an absent key and ForAnyValue is not.
    """
    key = condition.key.lower()
    value = context.get(key, NOT_KNOWN)
    if value is NOT_KNOWN:
        return None
    if value == ():
        value = None
    if condition.operator == "Null":
        return _is_null(condition, value)
    asked = operator(condition.operator)
    # Keys with a type of their own have one value, which set operators are not for.
    strict = key in _TYPES and not isinstance(context, Known)
    if strict and (asked.quantifier or not asked.base.startswith(_TYPES[key])):
        return None
    if value is None:
        if asked.quantifier == "ForAllValues" or asked.if_exists:
            return True
        return asked.negated and not asked.quantifier
    if isinstance(value, str):
        value = (value,)
    if asked.quantifier == "ForAllValues":
        return value == ("",) or _all(_one(condition, asked, v, context, variables) for v in value)
    if asked.quantifier == "ForAnyValue":
        return _any(_one(condition, asked, v, context, variables) for v in value)
    if len(value) != 1:
        return None
    return _one(condition, asked, value[0], context, variables)


def _is_null(condition: Condition, value: Value) -> bool | None:
    wanted = {v.lower() for v in condition.values}
    if ("true" if value is None else "false") in wanted:
        return True
    return False if wanted <= {"true", "false"} else None


def _one(
    condition: Condition, asked: Operator, value: str, context: Context, variables: bool
) -> bool | None:
    """Whether one value of a request meets a condition."""
    found: bool | None = False
    for wanted in condition.values:
        answer = _compared(asked, wanted, value, context, variables)
        if answer:
            return not asked.negated
        if answer is None:
            found = None
    return None if found is None else asked.negated


def _compared(
    asked: Operator, wanted: str, value: str, context: Context, variables: bool
) -> bool | None:
    if not variables or "${" not in wanted:
        return asked.compare(wanted, value)
    if not asked.texts:
        return None
    text = filled(wanted, context, pattern=asked.patterns)
    if text is None or text is ABSENT:
        return None if text is None else False
    return asked.compare(text, value)


def _any(answers: Iterable[bool | None]) -> bool | None:
    found: bool | None = False
    for answer in answers:
        if answer:
            return True
        if answer is None:
            found = None
    return found


def _all(answers: Iterable[bool | None]) -> bool | None:
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def _resource(
    pattern: str, resource: str | Resources, context: Context, variables: bool
) -> bool | None:
    text: str | None = pattern
    if variables and "${" in pattern:
        text = filled_resource(pattern, context)
        if text is ABSENT:
            return False
    if isinstance(resource, str):
        if text is not None:
            return matches_arn(text, resource)
        # An asterisk in a request is one: only a wildcard matches it.
        every = resource.replace("*", "\uffff")
    else:
        # Two resources of a shape need not be of the same length.
        if text is not None and matches_arn(text.replace("?", "\uffff"), resource.one):
            return True
        every = resource.every
    return None if intersect(can_be(pattern), every) else False
