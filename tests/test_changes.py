"""A difference in IAM's terms: the lines that people read above a diff."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.canonical import canonical, to_text
from generator.changes import changes
from generator.grammar import loads, parse_policy
from tests.strategies import Document, documents, edited, randoms, shuffled

READ = {"Sid": "Read", "Effect": "Allow", "Action": ["iam:GetUser", "iam:ListUsers"]}
DENY = {
    "Sid": "Deny",
    "Effect": "Deny",
    "NotAction": ["iam:ChangePassword", "iam:GetUser"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
ROLE = {"RoleName": "dev", "MaxSessionDuration": 3600, "ManagedPolicyArns": ["p", "q"]}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(("Version", "Statement", "Sid", "statement", "Action", "", "a")),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)


def policy(*statements: Document, **elements: object) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", **elements, "Statement": list(statements)}


def without(statement: Document, element: str) -> Document:
    """A statement without one element."""
    return {name: value for name, value in statement.items() if name != element}


LINES: tuple[tuple[Document, Document, list[str]], ...] = (
    (policy(READ), policy(READ), []),
    (
        policy(READ),
        policy({**READ, "Action": [*READ["Action"], "iam:PassRole"]}),
        ["statement Read: Action gains iam:PassRole"],
    ),
    (
        policy(READ),
        policy({**READ, "Action": "iam:GetUser"}),
        ["statement Read: Action loses iam:ListUsers"],
    ),
    (
        policy(READ),
        policy({**READ, "Action": ["iam:GetUser", "iam:ListRoles"]}),
        [
            "statement Read: Action gains iam:ListRoles",
            "statement Read: Action loses iam:ListUsers",
        ],
    ),
    (
        policy(READ),
        policy({**without(READ, "Action"), "NotAction": READ["Action"]}),
        [
            "statement Read: Action loses iam:GetUser, iam:ListUsers",
            "statement Read: NotAction gains iam:GetUser, iam:ListUsers",
        ],
    ),
    (
        policy(READ),
        policy({**READ, "Effect": "Deny"}),
        ["statement Read: Effect Allow becomes Deny"],
    ),
    (
        policy({**READ, "Principal": {"AWS": "a"}}),
        policy({**READ, "Principal": {"AWS": ["b", "a"]}}),
        ["statement Read: Principal AWS gains b"],
    ),
    (policy(READ), policy(READ, DENY), ["statement Deny is added"]),
    (policy(READ, DENY), policy(READ), ["statement Deny is removed"]),
    (policy(), policy(READ), ["statement Read is added"]),
    (
        policy(READ),
        policy({**READ, "Sid": "Look"}),
        ["statement Look is added", "statement Read is removed"],
    ),
    (
        policy({**READ, "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}}),
        policy({**READ, "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}}),
        ["statement Read: Condition NumericLessThan aws:MultiFactorAuthAge" " 3600 becomes 60"],
    ),
    (
        policy(DENY),
        policy({**DENY, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}),
        [
            "statement Deny: Condition Bool aws:MultiFactorAuthPresent gains false",
            "statement Deny: Condition BoolIfExists aws:MultiFactorAuthPresent loses false",
        ],
    ),
    (
        policy(DENY),
        policy(
            {
                **DENY,
                "Condition": {
                    "BoolIfExists": {
                        "aws:MultiFactorAuthPresent": "false",
                        "aws:ViaAWSService": "false",
                    }
                },
            }
        ),
        ["statement Deny: Condition BoolIfExists aws:ViaAWSService gains false"],
    ),
    (
        policy(DENY),
        policy(without(DENY, "Condition")),
        ["statement Deny: Condition BoolIfExists aws:MultiFactorAuthPresent loses false"],
    ),
    (
        policy(READ),
        {**policy(READ), "Version": "2008-10-17"},
        ["Version: 2012-10-17 becomes 2008-10-17"],
    ),
    (policy(READ, Id="x"), policy(READ, Id="y"), ["Id: x becomes y"]),
    (policy(READ), policy(READ, Id="x"), ["Id: gains x"]),
    (policy(READ, Id="x"), policy(READ), ["Id: loses x"]),
    (
        ROLE,
        {**ROLE, "MaxSessionDuration": 7200},
        ["MaxSessionDuration: 3600 becomes 7200"],
    ),
    (ROLE, {**ROLE, "ManagedPolicyArns": ["q", "p", "r"]}, ["ManagedPolicyArns: gains r"]),
    (ROLE, {**ROLE, "ManagedPolicyArns": ["q"]}, ["ManagedPolicyArns: loses p"]),
    (
        ROLE,
        {**ROLE, "ManagedPolicyArns": ["q", "z"]},
        ["ManagedPolicyArns: gains z", "ManagedPolicyArns: loses p"],
    ),
    (ROLE, {**ROLE, "Description": "Deploys."}, ["Description: gains Deploys."]),
    ({**ROLE, "Path": "/a/"}, ROLE, ["Path: loses /a/"]),
)


@pytest.mark.parametrize(("old", "new", "lines"), LINES, ids=range(len(LINES)))
def test_lines(old: Document, new: Document, lines: list[str]) -> None:
    """Each kind of change has its words, naming the statement and the element."""
    assert changes(json.dumps(old), json.dumps(new)) == lines


@given(documents(), randoms)
def test_order_is_no_change(document: Document, random: Random) -> None:
    """The same statements in another order, and lists in another order, are no change."""
    for number, statement in enumerate(document["Statement"]):
        statement["Sid"] = f"Number{number}"

    assert changes(json.dumps(document), json.dumps(shuffled(document, random))) == []


@given(documents(), randoms)
def test_order_does_not_change_the_words(document: Document, random: Random) -> None:
    """A change reads the same wherever in a list it was made."""
    for number, statement in enumerate(document["Statement"][1:]):
        statement["Sid"] = f"Number{number}"
    _, other = edited(document, random)
    lines = changes(json.dumps(document), json.dumps(other))

    assert changes(json.dumps(shuffled(document, random)), json.dumps(other)) == lines


@given(documents(), randoms)
def test_every_change_of_meaning_has_a_line(document: Document, random: Random) -> None:
    """Two committed texts that differ never have an empty explanation."""
    for number, statement in enumerate(document["Statement"][1:]):
        statement["Sid"] = f"Number{number}"
    name, other = edited(document, random)
    old, new = (to_text(canonical(parse_policy(loads(json.dumps(d))))) for d in (document, other))

    found = changes(old, new)

    assert found, name
    assert len(found) == len(set(found))
    assert changes(new, new) == []


@given(json_values, json_values)
@example({"a": [1]}, {"a": {"b": 1}})
@example({"Statement": [{"Sid": ["x"]}]}, {"Statement": {"Sid": {"": None}}})
@example({"statement": {"a": 1}}, {"Statement": [{"Sid": "a"}]})
@example({}, {"a": None})
@example({"a": []}, {"a": [float("inf")]})
def test_any_two_json_texts(old: Any, new: Any) -> None:
    """Whatever a file was made into, comparing it gives lines and never an error."""
    found = changes(json.dumps(old), json.dumps(new))

    assert all(isinstance(line, str) and line for line in found)
    assert changes(json.dumps(old), json.dumps(old)) == []


BROKEN = (
    "",
    "{",
    "[]",
    "5",
    "null",
    "\ufeff{}",
    '{"a": 1} x',
    '{"a": ' + "9" * 5_000 + "}",
    "[" * 100_000,
    "[" * 990 + "]" * 990,
    '{"a": ' + "[" * 300 + "]" * 300 + "}",
)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_text_that_is_no_policy(text: str) -> None:
    """A file that somebody broke by hand has no lines of this kind, and the diff goes on."""
    good = json.dumps(policy(READ))

    assert isinstance(changes(text, good), list)
    assert isinstance(changes(good, text), list)
    assert changes(text, text) == []
