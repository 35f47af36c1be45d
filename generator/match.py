"""Whether a pattern matches and whether a condition holds, with "not known" as an answer.

Three-valued on purpose: what a statement asks about a key that the request does not settle is
neither yes nor no, and who asks decides which way is the safe one.
"""

import re
import string
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from generator.policy import Condition, Patterns, Statement

# A key's value, or None: known to be absent. A key not in the mapping is not known. `$key` is
# the value that stands for any in a policy variable, while conditions on the key stay not known.
Context: TypeAlias = Mapping[str, str | None]

# An operator of another type on these keys may do anything. `Null` is for all.
# Source: IAM User Guide, "AWS global condition context keys".
_TYPES: Final = {
    "aws:multifactorauthpresent": "Bool",
    "aws:multifactorauthage": "Numeric",
    "aws:viaawsservice": "Bool",
}
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


@lru_cache(maxsize=2048)
def glob(pattern: str, text: str) -> bool:
    """Whether an IAM pattern (`*` any text, `?` one character) matches the whole of `text`.

    Linear in each stretch between stars: no regular expression, so no backtracking.
    """
    if "?" not in pattern:
        if "*" not in pattern:
            return pattern == text
        if pattern == "*":
            return True
    p = t = 0
    star, resume = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume, p = p, t, p + 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return all(c == "*" for c in pattern[p:])


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


class Resources(Struct, frozen=True, cache_hash=True):
    """All resources of one shape, whatever their names.

    `one` stands for each of them: its names are characters that no document has, so a pattern
    that matches it matches them all. `every` is a pattern that all of them match; see `intersect`.
    """

    one: str
    every: str


# One character of a user's or device's name, a run of them, a run of those of a path, one digit;
# see `intersect`. IAM lets a path have a colon as well, which would make every `*` before it match.
# Source: IAM API Reference, CreateUser, UserName and Path.
NAME, NAMES, PATHS, DIGIT = "\ue000", "\ue001", "\ue002", "\ue003"
_NAME: Final = frozenset(f"{string.ascii_letters}{string.digits}_+=,.@-")
_ANY_OF: Final = {
    NAME: _NAME,
    NAMES: _NAME,
    PATHS: frozenset(map(chr, range(0x21, 0x7F))) - {":"},
    DIGIT: frozenset(string.digits),
}
_RUNS: Final = ("*", NAMES, PATHS)


@lru_cache(maxsize=512)
def intersect(one: str, other: str) -> bool:
    """Whether some text matches both of two patterns.

    Patterns of `*`, `?` and the characters of `_ANY_OF`. Work: at most the product of the lengths.
    """
    todo, seen = [(0, 0)], set()
    while todo:
        place = i, j = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        a, b = one[i : i + 1], other[j : j + 1]
        if not a and not b:
            return True
        # Runs may end here.
        if a in _RUNS:
            todo.append((i + 1, j))
        if b in _RUNS:
            todo.append((i, j + 1))
        if a and b and _share_a_character(a, b):
            todo.append((i + (a not in _RUNS), j + (b not in _RUNS)))
    return False


def _share_a_character(a: str, b: str) -> bool:
    if a in "*?" or b in "*?":
        return True
    return not _ANY_OF.get(a, frozenset(a)).isdisjoint(_ANY_OF.get(b, frozenset(b)))


def matches_resource(
    patterns: Patterns | None, resource: str | Resources, context: Context
) -> bool | None:
    """Whether `Resource` or `NotResource` covers a resource, or all resources of a shape.

    None if that depends: on a variable that is not known, or on which of the resources it is. A
    statement that has neither element (`patterns` is None) is about every resource.
    """
    if patterns is None:
        return True
    answers = [_resource(pattern, resource, context) for pattern in patterns.items]
    found = True if True in answers else (None if None in answers else False)
    return None if found is None else found != patterns.negated


def applies(
    statement: Statement, action: str, resource: str | Resources, context: Context
) -> bool | None:
    """Whether a statement of an identity policy applies to a request; None if not settled."""
    if not matches_action(statement.actions, action):
        return False
    matching = matches_resource(statement.resources, resource, context)
    holding = hold(statement.conditions, context)
    if matching is False or holding is False:
        return False
    return None if matching is None or holding is None else True


def hold(conditions: Iterable[Condition], context: Context) -> bool | None:
    """Whether all of some conditions are met; None if that is not settled."""
    found: bool | None = True
    for condition in conditions:
        answer = holds(condition, context)
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def holds(condition: Condition, context: Context) -> bool | None:
    """Whether a condition is met; None for keys and operators that are not settled here.

    Source: IAM User Guide, "Condition operators": a plain operator on an absent key is not met, a
    negated one is, and IfExists makes any of them met.
    """
    key = condition.key.lower()
    if key not in context:
        return None
    value = context[key]
    if condition.operator == "Null":
        wanted = {v.lower() for v in condition.values}
        if not wanted <= {"true", "false"}:
            return None
        return ("true" if value is None else "false") in wanted
    name = condition.operator.removesuffix("IfExists")
    if name not in _OPERATORS or not name.startswith(_TYPES.get(key, "")):
        return None
    negated, test = _OPERATORS[name]
    if value is None:
        return negated or name != condition.operator
    answers = [_tested(test, v, value, context) for v in condition.values]
    if True in answers:
        return not negated
    return None if None in answers else negated


def _resource(pattern: str, resource: str | Resources, context: Context) -> bool | None:
    text = _filled(pattern, context)
    if isinstance(resource, str):
        if text is not None:
            return glob(text, resource)
        # An asterisk in a request is one: only a wildcard matches it.
        every = resource.replace("*", "\uffff")
    else:
        # Two resources of a shape need not be of the same length.
        if text is not None and glob(text.replace("?", "\uffff"), resource.one):
            return True
        every = resource.every
    return None if intersect(_VARIABLE.sub(_what_it_can_be, pattern), every) else False


def _what_it_can_be(variable: re.Match[str]) -> str:
    """A pattern for what a policy variable can stand for: a user name has no slash in it."""
    return NAME + NAMES if variable.group(1).lower() == "aws:username" else "*"


def _tested(
    test: Callable[[str, str], bool], wanted: str, value: str, context: Context
) -> bool | None:
    text = _filled(wanted, context)
    try:
        return None if text is None else test(text, value)
    except ValueError:
        return None


def _filled(pattern: str, context: Context) -> str | None:
    """The pattern with its policy variables replaced, or None if one of them is not known."""
    if "${" not in pattern:
        return pattern
    # By far the commonest variable, without a regular expression.
    user = context.get("$aws:username")
    if user is not None:
        pattern = pattern.replace("${aws:username}", user)
        if "${" not in pattern:
            return pattern
    names = _VARIABLE.findall(pattern)
    if any(context.get(f"${name.lower()}") is None for name in names):
        return None
    return _VARIABLE.sub(lambda m: str(context[f"${m.group(1).lower()}"]), pattern)


def is_number(text: str) -> bool:
    """Whether text is a number in digits; what only Python takes for one is not settled."""
    return bool(_DIGITS.fullmatch(text))


def _number(text: str) -> float:
    """A number in digits.

    Raises:
        ValueError: anything else, as `nan` or `1_000`.
    """
    if not is_number(text):
        raise ValueError(text)
    return float(text)


_OPERATORS: Final[dict[str, tuple[bool, Callable[[str, str], bool]]]] = {
    "Bool": (False, lambda wanted, value: wanted.lower() == value.lower()),
    "StringEquals": (False, lambda wanted, value: wanted == value),
    "StringNotEquals": (True, lambda wanted, value: wanted == value),
    "StringLike": (False, glob),
    "StringNotLike": (True, glob),
    "ArnEquals": (False, glob),
    "ArnLike": (False, glob),
    "ArnNotEquals": (True, glob),
    "ArnNotLike": (True, glob),
    "NumericEquals": (False, lambda wanted, value: _number(value) == _number(wanted)),
    "NumericNotEquals": (True, lambda wanted, value: _number(value) == _number(wanted)),
    "NumericLessThan": (False, lambda wanted, value: _number(value) < _number(wanted)),
    "NumericLessThanEquals": (False, lambda wanted, value: _number(value) <= _number(wanted)),
    "NumericGreaterThan": (False, lambda wanted, value: _number(value) > _number(wanted)),
    "NumericGreaterThanEquals": (False, lambda wanted, value: _number(value) >= _number(wanted)),
}
