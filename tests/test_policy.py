"""JSON in: what IAM's grammar allows becomes a policy, and everything else a message."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.grammar import loads, loads_run, parse_policy
from generator.policy import Condition, Policy, PolicyError
from tests.strategies import Document, documents

ALLOW = '"Effect": "Allow", "Action": "s3:GetObject"'
ONE = f'"Statement": {{{ALLOW}}}'

# The rest of a document or statement, and what is said of it.
GRAMMAR = (
    ("[]", "a policy document is a JSON object, not a list"),
    ('"x"', "a policy document is a JSON object, not text"),
    ("5", "a policy document is a JSON object, not a number"),
    ("null", "a policy document is a JSON object, not null"),
    ("{}", "the document has no `Statement`"),
    ('{"Version": "2012-10-17"}', "the document has no `Statement`"),
    (f'{{"Version": "2012-10-18", {ONE}}}', '`Version` is "2012-10-18"'),
    (f'{{"Version": null, {ONE}}}', "`Version` is null"),
    (f'{{"Version": 2012, {ONE}}}', '`Version` is "2012"'),
    (f'{{"Id": 7, {ONE}}}', "`Id` holds a number, not text"),
    (f'{{"version": "2012-10-17", {ONE}}}', "`version` is not an element of the document"),
    ('{"Statement": []}', "`Statement` is an empty list"),
    ('{"Statement": [5]}', "Statement[0] is a number, not an object"),
    ('{"Statement": "x"}', "Statement[0] is text, not an object"),
    ('{"Statement": null}', "Statement[0] is null, not an object"),
)
STATEMENT = (
    ("", 'Statement[0] has no `Effect` of "Allow" or "Deny"'),
    ('"Effect": "allow"', 'Statement[0] has no `Effect` of "Allow" or "Deny"'),
    ('"Effect": ["Allow"]', 'Statement[0] has no `Effect` of "Allow" or "Deny"'),
    ('"Effect": "Allow"', "Statement[0] has neither `Action` nor `NotAction`"),
    (f'{ALLOW}, "Sid": null', "`Sid` of Statement[0] holds null, not text"),
    (f'{ALLOW}, "Sid": 1', "`Sid` of Statement[0] holds a number, not text"),
    ('"Sid": "A", "Effect": "Maybe"', 'statement `A` has no `Effect` of "Allow" or "Deny"'),
    (f'{ALLOW}, "NotAction": "*"', "Statement[0] has both `Action` and `NotAction`"),
    ('"Effect": "Deny", "Action": []', "`Action` of Statement[0] is an empty list"),
    ('"Effect": "Deny", "NotAction": [[]]', "`NotAction` of Statement[0] holds a list, not text"),
    ('"Effect": "Deny", "Action": {"a": 1}', "`Action` of Statement[0] holds an object, not text"),
    (f'{ALLOW}, "Resource": []', "`Resource` of Statement[0] is an empty list"),
    (f'{ALLOW}, "Resource": null', "`Resource` of Statement[0] holds null, not text"),
    (f'{ALLOW}, "NotResource": [true]', "`NotResource` of Statement[0] holds a boolean, not text"),
    (
        f'{ALLOW}, "Resource": "*", "NotResource": "*"',
        "Statement[0] has both `Resource` and `NotResource`",
    ),
    (
        f'{ALLOW}, "Principal": "*", "NotPrincipal": "*"',
        "Statement[0] has both `Principal` and `NotPrincipal`",
    ),
    (
        f'{ALLOW}, "Principal": "111122223333"',
        '`Principal` of Statement[0] is neither "*" nor an object of principals',
    ),
    (
        f'{ALLOW}, "Principal": ["*"]',
        '`Principal` of Statement[0] is neither "*" nor an object of principals',
    ),
    (
        f'{ALLOW}, "NotPrincipal": {{}}',
        '`NotPrincipal` of Statement[0] is neither "*" nor an object of principals',
    ),
    (
        f'{ALLOW}, "Principal": {{"aws": "*"}}',
        "`aws` is not an element of `Principal` of Statement[0]",
    ),
    (
        f'{ALLOW}, "Principal": {{"AWS": []}}',
        "`Principal.AWS` of Statement[0] is an empty list",
    ),
    (
        f'{ALLOW}, "NotPrincipal": {{"AWS": 111122223333}}',
        "`NotPrincipal.AWS` of Statement[0] holds a number, not text",
    ),
    (f'{ALLOW}, "Condition": null', "`Condition` of Statement[0] is null, not an object"),
    (f'{ALLOW}, "Condition": []', "`Condition` of Statement[0] is a list, not an object"),
    (
        f'{ALLOW}, "Condition": {{"Bool": "true"}}',
        "`Bool` of Statement[0] is text, not an object",
    ),
    (
        f'{ALLOW}, "Condition": {{"Bool": {{"a:b": null}}}}',
        "`Bool` `a:b` of Statement[0] holds null, not text, a number or a boolean",
    ),
    (
        f'{ALLOW}, "Condition": {{"Bool": {{"a:b": [["true"]]}}}}',
        "`Bool` `a:b` of Statement[0] holds a list, not text, a number or a boolean",
    ),
    (
        f'{ALLOW}, "Condition": {{"Bool": {{"a:b": []}}}}',
        "`Bool` `a:b` of Statement[0] is an empty list",
    ),
    (f'{ALLOW}, "Conditions": {{}}', "`Conditions` is not an element of Statement[0]"),
    (f'{ALLOW}, "resource": "*"', "`resource` is not an element of Statement[0]"),
)
NOT_OPERATORS = (
    "bool",
    "StringEqual",
    "NullIfExists",
    "ForAnyValue:Null",
    "ForAllValues:",
    "ifexists",
    "BoolIfExistsIfExists",
    "ForAnyValue:ForAllValues:Bool",
    "NotBool",
    "NumericNotLessThan",
    "NumericLike",
    "IpAddressNot",
    "ArnEqualsIgnoreCase",
    "Bool ",
    "Bool\n",
    "",
)
# IAM User Guide, "Condition operators", every table of it.
OPERATORS = """
    StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike
    StringNotLike NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals
    NumericGreaterThan NumericGreaterThanEquals DateEquals DateNotEquals DateLessThan
    DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals IpAddress
    NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike
""".split()
DUPLICATES = (
    ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Version"),
    ('{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*"}}', "Effect"),
    (f'{{"Statement": {{{ALLOW}, "Condition": {{"Bool": {{"a:b": 1, "a:b": 1}}}}}}}}', "a:b"),
    (f'{{"Statement": {{{ALLOW}, "\\u0041ction": "*"}}}}', "Action"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def problem_of(text: str) -> str:
    """What is said of a document that is refused."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(loads(text))
    return caught.value.problem


def outcome(text: str) -> Policy | str:
    """The policy, or what is said of a document that is refused. Anything else fails the test."""
    try:
        return parse_policy(loads(text))
    except PolicyError as error:
        return error.problem


@pytest.mark.parametrize(("text", "problem"), GRAMMAR)
def test_the_grammar_of_documents(text: str, problem: str) -> None:
    """What the grammar does not allow in a document is refused, naming the element."""
    assert problem_of(text) == problem


@pytest.mark.parametrize(("elements", "problem"), STATEMENT)
def test_the_grammar_of_statements(elements: str, problem: str) -> None:
    """What the grammar does not allow in a statement is refused, naming element and statement."""
    assert problem_of(f'{{"Version": "2012-10-17", "Statement": [{{{elements}}}]}}') == problem


@pytest.mark.parametrize("operator", NOT_OPERATORS)
def test_only_documented_operators(operator: str) -> None:
    """A condition operator that AWS does not document is refused by name."""
    block = json.dumps({operator: {"aws:username": "x"}})
    text = f'{{"Statement": {{"Sid": "A", {ALLOW}, "Condition": {block}}}}}'

    problem = problem_of(text)

    assert problem.startswith(f"`{operator.strip()}")
    assert problem.endswith("` of statement `A` is not a condition operator")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("form", ["{}", "{}IfExists", "ForAnyValue:{}", "ForAllValues:{}IfExists"])
def test_every_documented_operator(operator: str, form: str) -> None:
    """Every operator of the documentation is read, in each of its forms."""
    name = form.format(operator)
    data = {"Effect": "Deny", "Action": "*", "Condition": {name: {"a:b": "c"}}}

    policy = parse_policy({"Statement": data})

    assert policy.statements[0].conditions == (Condition(name, "a:b", ("c",)),)


@pytest.mark.parametrize(("text", "key"), DUPLICATES)
def test_a_key_stands_once(text: str, key: str) -> None:
    """A key that stands twice in one object is refused, whatever its values and escapes."""
    assert problem_of(text) == f"the key `{key}` stands twice in one object"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x1"])
def test_only_json_numbers(number: str) -> None:
    """A number that JSON does not have is no policy, whatever Python's reader makes of it."""
    text = f'{{"Statement": {{{ALLOW}, "Condition": {{"NumericEquals": {{"a:b": {number}}}}}}}}}'

    assert problem_of(text).startswith("not valid JSON at line 1, column ")


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,4})?", fullmatch=True)
)
@example("0.10")
@example("1e999")
@example("123456789012345678901234567890.123456789012345678901234567890")
def test_numbers_keep_their_digits(number: str) -> None:
    """A number is the text it was written as: no float rounds it, no reader shortens it."""
    text = f'{{{ALLOW}, "Condition": {{"NumericEquals": {{"a:b": {number}}}}}}}'

    policy = parse_policy(loads(f'{{"Statement": {text}}}'))

    assert policy.statements[0].conditions[0].values == (number,)


@given(json_values)
def test_any_json_is_a_policy_or_a_message(value: Any) -> None:
    """No JSON value, however odd, makes anything but a policy or a refusal."""
    assert outcome(json.dumps(value))


@given(documents(), st.data(), json_values)
def test_any_value_anywhere_is_a_policy_or_a_message(
    document: Document, data: st.DataObject, value: Any
) -> None:
    """The same for a good document with one value replaced."""
    at: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], (dict, list)) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = value

    assert outcome(json.dumps(document))


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_depth_is_no_danger(opening: str, depth: int) -> None:
    """A file of nothing but brackets is refused in words."""
    closing = {"[": "]"}.get(opening, "}")
    nested = opening * depth + "1" + closing * depth

    for text in (nested, f'{{"Statement": {nested}}}', f'{{"Version": {nested}}}'):
        with pytest.raises(PolicyError) as caught:
            parse_policy(loads(text))
        assert len(caught.value.problem) < 300


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not valid JSON at line 1, column 1: Expecting value"),
        ("{\n  oops", "not valid JSON at line 2, column 3: Expecting property name enclosed in "),
        ("{} {}", "not valid JSON at line 1, column 4: Extra data"),
        ("\ufeff{}", "not valid JSON at line 1, column 1: "),
    ],
)
def test_text_that_is_not_json(text: str, problem: str) -> None:
    """What is not one JSON value is refused at its line and column."""
    assert problem_of(text).startswith(problem)


def test_both_forms_of_every_element() -> None:
    """A bare value and a list of one make the same policy."""
    bare = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": "a"},
        "NotAction": "*",
        "NotResource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": True}},
    }
    listed = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": ["a"]},
        "NotAction": ["*"],
        "NotResource": ["*"],
        "Condition": {"Bool": {"aws:SecureTransport": ["true"]}},
    }

    assert parse_policy({"Statement": bare}) == parse_policy({"Statement": [listed]})


def test_a_missing_version_is_the_old_one() -> None:
    """IAM reads a document without `Version` as 2008-10-17, which has no variables."""
    assert parse_policy(loads(f"{{{ONE}}}")).version == "2008-10-17"


def test_a_run_of_values() -> None:
    """A rendered template is JSON values with nothing but white space between them."""
    assert loads_run(' {"a": 1}\n\n\t[2]{"b": []} \r\n') == [{"a": "1"}, ["2"], {"b": []}]
    assert loads_run(" \n") == []


@pytest.mark.parametrize("text", ["{} , {}", "{} x", "{", '{"a": 1, "a": 2}', "{}\u00a0{}"])
def test_a_run_has_nothing_between(text: str) -> None:
    """Commas, words and half values between statements are errors, not skipped."""
    with pytest.raises((ValueError, PolicyError)):
        loads_run(text)
