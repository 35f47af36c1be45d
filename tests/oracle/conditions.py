"""Conditions: UG:reference_policies_elements_condition_operators and
UG:reference_policies_condition-logic-multiple-context-keys-or-values."""

from typing import Any

from .grammar import texts_of
from .operators import Operator, parse_operator
from .truth import Doubt, Truth, all_of, any_of, negate
from .values import boolean, compare
from .variables import Context, Missing, as_text, expand
from .wildcards import Piece, Wild, matches

ARN_FIELDS = 6


def conditions_hold(condition: dict[str, Any], context: Context, version: str) -> Truth:
    """AND over the operators and over the keys of each."""
    return all_of(
        _holds(parse_operator(name), key, texts_of(values), context, version)
        for name, keys in condition.items()
        for key, values in keys.items()
    )


def _holds(
    operator: Operator, key: str, wanted: list[str], context: Context, version: str
) -> Truth:
    given = context.get(key.lower())
    if operator.test == "null":
        return any_of(_null(text, given is None) for text in wanted)
    if given is None:
        return _absent(operator)

    def one(value: str) -> Truth:
        """OR over the policy's values, NOR if negated."""
        found = any_of(_test(operator, text, value, context, version) for text in wanted)
        return negate(found) if operator.negated else found

    if operator.set_operator == "ForAllValues":
        # An empty text is a null data set: same page, multivalued ARN operators.
        return True if given == [""] else all_of(one(value) for value in given)
    if operator.set_operator == "ForAnyValue":
        return any_of(one(value) for value in given)
    if len(given) > 1:
        return Doubt(f"{key} has several values, and the operator no set operator")
    return one(given[0])


def _absent(operator: Operator) -> bool:
    """What a key that is not in the request makes of a condition."""
    if operator.if_exists or operator.set_operator == "ForAllValues":
        return True
    if operator.set_operator == "ForAnyValue":
        return False
    return operator.negated


def _null(text: str, absent: bool) -> Truth:
    wanted = boolean(text)
    if wanted is None:
        return Doubt(f"Null with {text!r}")
    return wanted == absent


def _test(operator: Operator, wanted: str, given: str, context: Context, version: str) -> Truth:
    """One value of the policy, one of the request, before any negation."""
    if operator.test not in ("text", "text in any case", "like", "arn"):
        return compare(operator.test, wanted, given)
    pieces = expand(wanted, context, version, wild=operator.test in ("like", "arn"))
    if isinstance(pieces, Missing):
        return False
    if isinstance(pieces, Doubt):
        return pieces
    if operator.test == "text":
        return as_text(pieces) == given
    if operator.test == "text in any case":
        return as_text(pieces).lower() == given.lower()
    if operator.test == "like":
        return matches(pieces, given)
    return _arn_like(pieces, given)


def _arn_like(pattern: list[Piece], given: str) -> Truth:
    """Six fields, each compared on its own."""
    if pattern == [Wild.MANY]:
        return True
    values = given.split(":", ARN_FIELDS - 1)
    if values[0] != "arn" or len(values) < ARN_FIELDS:
        return False
    fields: list[list[Piece]] = [[]]
    for piece in pattern:
        if piece == ":" and len(fields) < ARN_FIELDS:
            fields.append([])
        else:
            fields[-1].append(piece)
    if len(fields) < ARN_FIELDS:
        return Doubt("an ARN operator's pattern with fewer than six fields")
    return all(matches(field, value) for field, value in zip(fields, values, strict=True))
