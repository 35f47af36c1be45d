"""One spelling for what IAM reads alike, and never one for what it does not."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from generator.canonical import billable_size, canonical, json_text, to_json, to_text
from generator.grammar import POLICY_ELEMENTS, STATEMENT_ELEMENTS, loads, parse_policy
from generator.policy import Policy, PolicyError
from tests.strategies import Document, documents, edited, randoms, respelled, shuffled
from tests.support import ROOT

json_values = st.recursive(
    st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(document: Any) -> Policy:
    """A policy document given as text or as JSON data."""
    return parse_policy(loads(document if isinstance(document, str) else json.dumps(document)))


def text_of(document: Any) -> str:
    """What is committed for a document."""
    return to_text(canonical(read(document)))


@given(documents())
def test_the_canonical_form_of_a_canonical_form_is_itself(document: Document) -> None:
    """Rendering what was rendered changes nothing."""
    once = canonical(read(document))

    assert canonical(once) == once


@given(documents(), randoms)
def test_order_does_not_count(document: Document, random: Random) -> None:
    """Two people who list the same things in different orders commit the same bytes."""
    assert text_of(shuffled(document, random)) == text_of(document)


@given(documents(), randoms)
def test_spelling_does_not_count(document: Document, random: Random) -> None:
    """Every spelling that IAM reads as the same policy gives the same bytes."""
    assert text_of(respelled(document, random)) == text_of(document)


@given(documents(), randoms)
def test_meaning_counts(document: Document, random: Random) -> None:
    """Two documents that differ in anything that IAM tells apart never give the same bytes."""
    name, other = edited(document, random)
    event(name)

    assert text_of(respelled(other, random)) != text_of(document)


@given(documents())
def test_the_text_says_the_canonical_policy(document: Document) -> None:
    """Reading what was committed gives the policy it was committed for."""
    policy = canonical(read(document))

    assert read(to_text(policy)) == policy


@given(documents())
def test_the_text_is_plain_indented_json(document: Document) -> None:
    """Any JSON tool with two spaces and ASCII writes the same text."""
    policy = read(document)

    assert to_text(policy) == json.dumps(to_json(policy), indent=2) + "\n"


@given(json_values)
@example([])
@example({"empty": {}, "list": [[]]})
@example("é\u2028\ud800\x7f")
def test_json_text_is_what_the_json_module_writes(value: Any) -> None:
    """The fast writer and the standard one agree on every value, and the text is ASCII with LF."""
    text = json_text(value)

    assert text == json.dumps(value, indent=2) + "\n"
    assert text.isascii()
    assert "\r" not in text


@given(documents())
def test_elements_come_in_the_order_aws_documents(document: Document) -> None:
    """Version, Id, Statement; Sid, Effect, Principal, Action, Resource, Condition."""
    shown = json.loads(text_of(document))

    assert list(shown) == [name for name in POLICY_ELEMENTS if name in shown]
    for statement in shown["Statement"]:
        assert list(statement) == [name for name in STATEMENT_ELEMENTS if name in statement]


@given(documents(), randoms)
def test_size_is_what_aws_counts(document: Document, random: Random) -> None:
    """The figure to hold against a quota is the text without layout, however it was laid out."""
    policy = canonical(read(document))
    layout = json.dumps(to_json(policy), indent=random.choice((None, "\t", 7)))

    assert billable_size(read(layout)) == billable_size(policy)
    assert billable_size(policy) == len(json.dumps(json.loads(layout), separators=(",", ":")))


def test_statements_are_in_reading_order() -> None:
    """Allows stand before Denies, each by Sid, whatever order the template has."""
    sids = [("B", "Deny"), ("b", "Allow"), ("A", "Deny"), ("C", "Allow")]
    found = [{"Sid": s, "Effect": e, "Action": "*", "Resource": "*"} for s, e in sids]

    shown = json.loads(text_of({"Version": "2012-10-17", "Statement": found}))

    assert [s["Sid"] for s in shown["Statement"]] == ["C", "b", "A", "B"]


def test_one_item_stands_bare_and_several_one_a_line() -> None:
    """A reviewer sees one changed line for one changed item."""
    document = {
        "Id": "x",
        "Statement": {
            "Resource": ["*"],
            "Action": ["iam:listusers", "IAM:GETUSER"],
            "Effect": "Allow",
            "Condition": {"Bool": {"AWS:multifactorauthpresent": [True]}},
        },
    }

    assert text_of(document) == (
        "{\n"
        '  "Version": "2008-10-17",\n'
        '  "Id": "x",\n'
        '  "Statement": [\n'
        "    {\n"
        '      "Effect": "Allow",\n'
        '      "Action": [\n'
        '        "iam:GetUser",\n'
        '        "iam:ListUsers"\n'
        "      ],\n"
        '      "Resource": "*",\n'
        '      "Condition": {\n'
        '        "Bool": {\n'
        '          "aws:MultiFactorAuthPresent": "true"\n'
        "        }\n"
        "      }\n"
        "    }\n"
        "  ]\n"
        "}\n"
    )


def test_an_account_gets_the_arn_of_the_partition() -> None:
    """Twelve digits mean the account in the partition that the policy is for."""
    policy = read(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": "111122223333"},
                "Action": "sts:AssumeRole",
            }
        }
    )

    shown = to_text(canonical(policy, partition="aws-cn"))

    assert '"AWS": "arn:aws-cn:iam::111122223333:root"' in shown


def cases() -> Iterator[Any]:
    """The pairs in tests/canonical, each named by its file and number."""
    for path in sorted((ROOT / "tests" / "canonical").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
            yield pytest.param(case, id=f"{path.stem}-{number}")


@pytest.mark.parametrize("case", [*cases()])
def test_spellings_from_the_documentation(case: dict[str, Any]) -> None:
    """What IAM's documentation calls the same is the same text; what it tells apart is not."""
    if "refused" in case:
        with pytest.raises(PolicyError) as caught:
            text_of(case["refused"])
        assert caught.value.problem == case["problem"]
    elif "same" in case:
        assert len({text_of(document) for document in case["same"]}) == 1, case["why"]
    else:
        assert len({*map(text_of, case["different"])}) == len(case["different"]), case["why"]


def test_every_case_says_why() -> None:
    """A case without its reason, or with nothing to compare, teaches nobody."""
    for path in sorted((ROOT / "tests" / "canonical").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            assert len(case["why"]) > 20, (path.name, case)
            assert len(case.get("same", case.get("different", "refused"))) > 1, (path.name, case)


def test_the_data_files_are_there() -> None:
    """The cases above are found, not listed; finding none would pass in silence."""
    assert len(list(cases())) >= 50
    assert Path(ROOT / "tests" / "canonical" / "wildcards.json").is_file()
