"""Names of condition operators: UG:reference_policies_elements_condition_operators.

Set operators: UG:reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from dataclasses import dataclass

from .truth import Refused

SET_OPERATORS = ("ForAllValues", "ForAnyValue")

# name: (test, whether its result is negated)
TESTS: dict[str, tuple[str, bool]] = {
    "StringEquals": ("text", False),
    "StringNotEquals": ("text", True),
    "StringEqualsIgnoreCase": ("text in any case", False),
    "StringNotEqualsIgnoreCase": ("text in any case", True),
    "StringLike": ("like", False),
    "StringNotLike": ("like", True),
    "NumericEquals": ("number ==", False),
    "NumericNotEquals": ("number ==", True),
    "NumericLessThan": ("number <", False),
    "NumericLessThanEquals": ("number <=", False),
    "NumericGreaterThan": ("number >", False),
    "NumericGreaterThanEquals": ("number >=", False),
    "DateEquals": ("date ==", False),
    "DateNotEquals": ("date ==", True),
    "DateLessThan": ("date <", False),
    "DateLessThanEquals": ("date <=", False),
    "DateGreaterThan": ("date >", False),
    "DateGreaterThanEquals": ("date >=", False),
    "Bool": ("bool", False),
    "BinaryEquals": ("binary", False),
    "IpAddress": ("address", False),
    "NotIpAddress": ("address", True),
    "ArnEquals": ("arn", False),
    "ArnLike": ("arn", False),
    "ArnNotEquals": ("arn", True),
    "ArnNotLike": ("arn", True),
    "Null": ("null", False),
}


@dataclass(frozen=True)
class Operator:
    """A condition operator, taken apart."""

    set_operator: str  # "" if none
    test: str
    negated: bool
    if_exists: bool


def parse_operator(name: str) -> Operator:
    """Refuses what is not documented, also Null with a set operator or IfExists."""
    set_operator, colon, rest = name.partition(":")
    if not colon:
        set_operator, rest = "", name
    elif set_operator not in SET_OPERATORS:
        raise Refused(f"unknown condition operator {name!r}")
    if_exists = rest.endswith("IfExists")
    base = rest.removesuffix("IfExists")
    if base not in TESTS or (base == "Null" and (colon or if_exists)):
        raise Refused(f"unknown condition operator {name!r}")
    test, negated = TESTS[base]
    return Operator(set_operator, test, negated, if_exists)
