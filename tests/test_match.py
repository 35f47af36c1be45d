"""Patterns and conditions, compared with a reference and with the tables of the documentation."""

from functools import cache
from itertools import product
from typing import Any, SupportsIndex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.context import Context
from generator.grammar import parse_statement
from generator.match import applies, holds, matches_action, matches_resource
from generator.pattern import NAME, NAMES, Resources, glob, intersect
from generator.policy import Condition, Patterns, Statement

patterns = st.text("aB*?\n", max_size=8)
texts = st.text("aAbB\n?*", max_size=10)


@cache
def reference(pattern: str, text: str) -> bool:
    """What `*` and `?` mean, in the plainest words."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return reference(pattern[1:], text) or (bool(text) and reference(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and reference(pattern[1:], text[1:])


@given(patterns, texts)
@example("*", "")
@example("*", "\n")
@example("?", "\n")
@example("a*", "a\nb")
@example("?", "")
@example("**", "")
@example("*a", "aa")
@example("a", "a\n")
@example("*?", "a")
def test_glob_agrees_with_the_reference(pattern: str, text: str) -> None:
    """A pattern matches what its plainest reading matches, newlines and literal stars included."""
    assert glob(pattern, text) is reference(pattern, text)


@given(patterns, texts)
@example("IAM:get*", "iam:GetUser")
def test_action_patterns_ignore_case(pattern: str, text: str) -> None:
    """Actions match as their reference does in lower case, whatever case both sides are in."""
    expected = reference(pattern.lower(), text.lower())

    assert matches_action(Patterns((pattern,)), text) is expected
    assert matches_action(Patterns((pattern.swapcase(), "-")), text.upper()) is expected
    assert matches_action(Patterns((pattern,), negated=True), text) is not expected


@given(st.text("aB*?\n", max_size=4), st.text("aB*?\n", max_size=4))
@example("*a", "B*")
@example("?*", "")
@example("a*B*a", "*B")
def test_patterns_intersect_if_some_text_matches_both(one: str, other: str) -> None:
    """Every text that both could match is tried: they are no longer than the two together."""
    size = len(one.replace("*", "")) + len(other.replace("*", ""))
    every = ("".join(text) for n in range(size + 1) for text in product("aB\n", repeat=n))
    expected = any(reference(one, text) and reference(other, text) for text in every)

    assert intersect(one, other) is expected
    assert intersect(other, one) is expected


IAM = "arn:aws:iam::111122223333:"


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        ("*", True),
        ("user/${aws:username}", True),
        ("user/*", True),
        ("user/????????*", None),
        ("user/?", None),
        ("user/a*", None),
        ("user/alice", None),
        ("user/*-*", None),
        ("user/team/*", False),
        ("user/*/${aws:username}", False),
        ("user/*/*", False),
        ("role/*", False),
        ("user/${aws:userid}", None),
        ("user/a b", False),
    ],
)
def test_resources_of_a_shape(pattern: str, answer: bool | None) -> None:
    """A pattern covers all users without a path, some of them, or none."""
    users = Resources(f"{IAM}user/\ue010", f"{IAM}user/{NAME}{NAMES}")
    context: Context = {"$aws:username": "\ue010"}
    pattern = pattern if pattern == "*" else f"{IAM}{pattern}"

    assert matches_resource(Patterns((pattern,)), users, context) is answer
    opposite = None if answer is None else not answer
    assert matches_resource(Patterns((pattern,), True), users, context) is opposite


class Counted(str):
    """Text that counts how often somebody looks at one of its characters."""

    looks = 0

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        Counted.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*a" * 200, "a" * 5000, True),
        ("*a" * 200 + "b", "a" * 5000, False),
        ("*" * 2000 + "b", "a" * 5000, False),
        ("*?" * 200 + "b", "a" * 5000, False),
        ("a*" * 200, "a" * 199, False),
        ("*" + "a" * 50 + "b", "a" * 5000, False),
    ],
)
def test_no_pattern_takes_long(pattern: str, text: str, matches: bool) -> None:
    """The work grows with pattern times text and no faster, so no pattern hangs the program."""
    Counted.looks = 0

    assert glob(Counted(pattern), Counted(text)) is matches
    assert Counted.looks <= 4 * (len(pattern) + 1) * (len(text) + 1)


# Columns: the key is not known, absent, or has the value. `?` not settled, `+` holds, `-` does not.
# Source: IAM User Guide, "Condition operators": "IfExists", "Null" and the tables of each kind.
FLAG = """
    operator                        value   unknown absent false true
    Bool                            true    ?       -      -     +
    Bool                            false   ?       -      +     -
    BoolIfExists                    true    ?       +      -     +
    BoolIfExists                    false   ?       +      +     -
    Null                            true    ?       +      -     -
    Null                            false   ?       -      +     +
    StringEquals                    true    ?       -      -     +
    StringEqualsIfExists            true    ?       +      -     +
    StringNotEquals                 true    ?       +      +     -
    StringNotEqualsIfExists         true    ?       +      +     -
    StringLike                      t*      ?       -      -     +
    StringLike                      *       ?       -      +     +
    StringLikeIfExists              t*      ?       +      -     +
    StringNotLike                   t*      ?       +      +     -
    StringNotLikeIfExists           t*      ?       +      +     -
    NumericLessThan                 5       ?       -      ?     ?
    StringEqualsIgnoreCase          TRUE    ?       -      -     +
    ForAnyValue:Bool                true    ?       -      -     +
    ForAllValues:StringEquals       true    ?       +      -     +
    IpAddress                       ::1/0   ?       -      ?     ?
    DateLessThan                    5       ?       -      ?     ?
    BinaryEquals                    dHJ1ZQ==  ?     -      ?     -
"""
AGE = """
    operator                        value   unknown absent 0     3599  3600
    NumericLessThan                 3600    ?       -      +     +     -
    NumericLessThanIfExists         3600    ?       +      +     +     -
    NumericLessThanEquals           3600    ?       -      +     +     +
    NumericLessThanEquals           3599    ?       -      +     +     -
    NumericLessThanEqualsIfExists   3599    ?       +      +     +     -
    NumericGreaterThan              3600    ?       -      -     -     -
    NumericGreaterThan              3599    ?       -      -     -     +
    NumericGreaterThanIfExists      3599    ?       +      -     -     +
    NumericGreaterThanEquals        3600    ?       -      -     -     +
    NumericGreaterThanEqualsIfExists 3600   ?       +      -     -     +
    NumericEquals                   3600    ?       -      -     -     +
    NumericEquals                   3600.0  ?       -      -     -     +
    NumericEqualsIfExists           0       ?       +      +     -     -
    NumericNotEquals                3600    ?       +      +     +     -
    NumericNotEqualsIfExists        3600    ?       +      +     +     -
    NumericLessThan                 x       ?       -      ?     ?     ?
    NumericLessThan                 1_000   ?       -      ?     ?     ?
    NumericLessThan                 nan     ?       -      ?     ?     ?
    NumericLessThan                 inf     ?       -      ?     ?     ?
    NumericLessThan                 ٣       ?       -      ?     ?     ?
    Null                            true    ?       +      -     -     -
    Null                            false   ?       -      +     +     +
    Null                            maybe   ?       ?      ?     ?     ?
"""
ANSWERS = {"?": None, "+": True, "-": False}


def cells(table: str) -> list[Any]:
    """The cells of a table: operator, value, what is known of the key, the answer."""
    header, *lines = (line.split() for line in table.strip().splitlines())
    known: dict[str, Context] = {"unknown": {}, "absent": {"aws:key": None}}
    return [
        pytest.param(
            operator,
            value,
            known.get(state, {"aws:key": state}),
            ANSWERS[answer],
            id=f"{operator}-{value}-{state}",
        )
        for operator, value, *answers in lines
        for state, answer in zip(header[2:], answers, strict=True)
    ]


@pytest.mark.parametrize(("operator", "value", "context", "answer"), cells(FLAG) + cells(AGE))
def test_what_an_operator_says(
    operator: str, value: str, context: Context, answer: bool | None
) -> None:
    """Each operator on a key that is not known, absent or has a value, as AWS documents it."""
    assert holds(Condition(operator, "AWS:Key", (value,)), context) is answer


@pytest.mark.parametrize(
    ("operator", "values", "value", "answer"),
    [
        ("StringEquals", ("a", "b"), "b", True),
        ("StringEquals", ("a", "b"), "c", False),
        ("StringNotEquals", ("a", "b"), "b", False),
        ("StringNotEquals", ("a", "b"), "c", True),
        ("StringNotLike", ("a*", "b*"), "bb", False),
        ("NumericLessThan", ("5", "9"), "7", True),
        ("NumericNotEquals", ("5", "7"), "7", False),
        ("Bool", ("true", "false"), "false", True),
        ("Null", ("true", "false"), "x", True),
        ("Null", ("true", "false"), None, True),
        ("StringEquals", ("a", "${aws:unknown}"), "a", True),
        ("StringEquals", ("b", "${aws:unknown}"), "a", None),
        ("StringNotEquals", ("a", "${aws:unknown}"), "a", False),
        ("StringNotEquals", ("b", "${aws:unknown}"), "a", None),
        ("Bool", ("TRUE",), "true", True),
        ("StringEquals", ("A",), "a", False),
        ("StringEquals", ("a*",), "ab", False),
        ("ArnLike", ("arn:aws:iam::*:user/a*",), "arn:aws:iam::111122223333:user/alice", True),
        ("ArnEquals", ("arn:aws:iam::*:user/a*",), "arn:aws:iam::111122223333:user/alice", True),
        ("ArnNotLike", ("arn:aws:iam::*:user/a*",), "arn:aws:iam::111122223333:user/alice", False),
    ],
)
def test_values_are_alternatives(
    operator: str, values: tuple[str, ...], value: str | None, answer: bool | None
) -> None:
    """One value that matches is enough; a negated operator wants none; unknown ones stay open."""
    assert holds(Condition(operator, "aws:key", values), {"aws:key": value}) is answer


@pytest.mark.parametrize(
    ("pattern", "resource", "answer"),
    [
        ("user/${aws:username}", "user/alice", True),
        ("user/${AWS:UserName}", "user/alice", True),
        ("user/${aws:username}", "user/bob", False),
        ("user/${aws:username}", "user/team/alice", False),
        ("user/*/${aws:username}", "user/team/alice", True),
        ("user/*/${aws:username}", "user/alice", False),
        ("user/*${aws:username}", "user/malice", True),
        ("user/${aws:userid}", "user/alice", None),
        ("user/${aws:username}${aws:userid}", "user/alice", None),
        ("${*}", "*", True),
        ("${*}", "x", False),
        ("user/${aws:userid, 'alice'}", "user/alice", None),
        ("user/alice", "user/Alice", False),
    ],
)
def test_resources_with_variables(pattern: str, resource: str, answer: bool | None) -> None:
    """The own user is found by name, with and without a path; unknown variables stay open."""
    context: Context = {"$aws:username": "alice"}
    pattern, resource = f"{IAM}{pattern}", f"{IAM}{resource}"

    assert matches_resource(Patterns((pattern,)), resource, context) is answer
    opposite = None if answer is None else not answer
    assert matches_resource(Patterns((pattern,), True), resource, context) is opposite


def test_a_list_of_resources_matches_by_any() -> None:
    """One match is enough whatever else is open; without one, anything open keeps it open."""
    context: Context = {}

    unknown = f"{IAM}${{a:b}}"
    x, y, z = (f"{IAM}{letter}" for letter in "xyz")

    assert matches_resource(Patterns((unknown, x)), x, context) is True
    assert matches_resource(Patterns((unknown, x)), y, context) is None
    assert matches_resource(Patterns((unknown, x), True), x, context) is False
    assert matches_resource(Patterns((z, x), True), y, context) is True


@pytest.mark.parametrize(
    ("items", "action", "answer"),
    [
        (("iam:GetUser",), "IAM:getuser", True),
        (("iam:Get*",), "iam:GetUser", True),
        (("*",), "iam:GetUser", True),
        (("iam:*", "sts:*"), "sts:AssumeRole", True),
        (("iam:Get",), "iam:GetUser", False),
        (("GetUser",), "iam:GetUser", False),
    ],
)
def test_actions(items: tuple[str, ...], action: str, answer: bool) -> None:
    """`Action` covers what one of its patterns matches in any case, `NotAction` all else."""
    assert matches_action(Patterns(items), action) is answer
    assert matches_action(Patterns(items, negated=True), action) is not answer


def statement(**elements: object) -> Statement:
    """A statement as it would stand in a document."""
    return parse_statement({"Effect": "Deny", "Action": "*", "Resource": "*", **elements}, "it")


@pytest.mark.parametrize(
    ("elements", "answer"),
    [
        ({}, True),
        ({"Action": "sts:*"}, False),
        ({"Resource": "x"}, False),
        ({"Resource": f"{IAM}${{a:b}}"}, None),
        ({"Condition": {"Bool": {"aws:here": "true"}}}, True),
        ({"Condition": {"Bool": {"aws:here": "true", "aws:gone": "true"}}}, False),
        ({"Condition": {"Bool": {"aws:here": "true"}, "BoolIfExists": {"aws:gone": "1"}}}, True),
        ({"Condition": {"Bool": {"aws:here": "true", "a:b": "true"}}}, None),
        ({"Condition": {"Bool": {"aws:gone": "true", "a:b": "true"}}}, False),
        ({"Resource": "x", "Condition": {"Bool": {"a:b": "true"}}}, False),
        ({"Resource": f"{IAM}${{a:b}}", "Condition": {"Bool": {"aws:gone": "true"}}}, False),
    ],
)
def test_a_statement_applies_if_all_of_it_does(
    elements: dict[str, object], answer: bool | None
) -> None:
    """Action, resource and every condition must match; one that does not settles it."""
    context: Context = {"aws:here": "true", "aws:gone": None}

    assert applies(statement(**elements), "iam:GetUser", f"{IAM}user/alice", context) is answer
