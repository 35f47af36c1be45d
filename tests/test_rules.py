"""All rules: their paperwork, their examples, and documents that are right."""

import difflib
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from generator.audit.judge import judge
from generator.audit.run import audit
from generator.findings import Finding, Severity
from generator.flows import CALLS
from generator.found import Found
from generator.grammar import loads
from generator.positions import Positions
from generator.rules import RULES, Rule
from generator.states import FLAG
from tests.support import ROOT

EXAMPLES = ROOT / "generator" / "rules" / "examples"
FIRES = sorted(EXAMPLES.glob("*/fires*.json"))
CORRECT_SHAPES = ROOT / "tests" / "published" / "correct"
CORRECT = [
    *sorted((ROOT / "out").glob("*/user-policy.json")),
    *sorted((ROOT / "out").glob("*/roles/*/*-policy.json")),
    *sorted(path for path in CORRECT_SHAPES.glob("*.json") if path.suffixes == [".json"]),
]
# What nobody can do any more who has to have MFA for it first.
ENROLMENT = sorted({call.action for call in CALLS if call.before_mfa})


def findings(path: Path) -> list[Finding]:
    """What `gen audit` finds in an input."""
    found = audit([str(path)])
    assert not found.errors
    return list(found.findings)


def said(path: Path) -> str:
    """The text of an example as people read it: a document in a text is written out."""
    text = path.read_text("utf-8")
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        # An account dump, and after it what else is known of the account.
        return text
    if isinstance(data, dict) and "Content" in (data.get("Policy") or {}):
        data["Policy"]["Content"] = json.loads(data["Policy"]["Content"])
        return json.dumps(data, indent=2)
    return text


def name(path: Path) -> str:
    return str(path.relative_to(ROOT)).replace("generator/rules/examples/", "")


def test_ids_are_unique_and_in_order() -> None:
    """No id stands for two rules, and `RULES` is in the order of the ids."""
    ids = [rule.id for rule in RULES]

    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"GEN\d{3}", i) for i in ids)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_paperwork_is_complete(rule: Rule) -> None:
    """A rule has a title without a full stop, says why, gives an instruction and has a source."""
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.fix[0].islower()
    assert re.match(r"(UG|SI|API|SAR|ORG|https)\S*", rule.source), rule.source


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_rule_has_a_pair_of_examples(rule: Rule) -> None:
    """Every rule has an example that fires and a neighbour that does not."""
    assert (EXAMPLES / rule.id / "fires.json").is_file()
    assert (EXAMPLES / rule.id / "quiet.json").is_file()


def test_examples_are_of_rules() -> None:
    """No example is left behind by a rule that is gone, and each stands in a pair."""
    paths = sorted(EXAMPLES.glob("*/*.json"))
    expected = sorted(p for f in FIRES for p in (f, _neighbour(f)))

    assert paths == expected
    assert {p.parent.name for p in paths} == {rule.id for rule in RULES}


@pytest.mark.parametrize("path", FIRES, ids=name)
def test_example_fires_and_its_neighbour_is_quiet(path: Path) -> None:
    """A rule fires on its example and not on the neighbour, which differs in a few lines."""
    rule = path.parent.name
    fired, quiet = findings(path), findings(_neighbour(path))

    assert rule in {finding.rule for finding in fired}
    assert rule not in {finding.rule for finding in quiet}
    assert _are_near(said(path), said(_neighbour(path)))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/quiet*.json")), ids=name)
def test_what_is_quiet_can_be_copied(path: Path) -> None:
    """An example of what does not fire has nothing else that locks people out or lets them by."""
    assert [f.rule for f in findings(path) if f.severity >= Severity.HIGH] == []


def _neighbour(path: Path) -> Path:
    return path.with_name(path.name.replace("fires", "quiet"))


def _are_near(one: str, other: str) -> bool:
    """Whether texts differ in up to six lines, or in a statement of many that both have."""
    ours, theirs = ([line.strip() for line in text.splitlines()] for text in (one, other))
    marks = [line[0] for line in difflib.ndiff(ours, theirs)]
    if max(marks.count("-"), marks.count("+")) <= 6:
        return True
    return difflib.SequenceMatcher(None, ours, theirs).ratio() >= 0.7


@pytest.mark.parametrize("path", FIRES, ids=name)
def test_findings_are_written_as_the_house_does(path: Path) -> None:
    """A message starts lower-case or with a quotation, has no full stop, and stands in the file."""
    lines = path.read_text("utf-8").splitlines()
    for finding in findings(path):
        assert re.match(r"[a-z`]", finding.message), finding.message
        assert not finding.message.endswith("."), finding.message
        assert finding.fix
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1])


@pytest.mark.parametrize("path", CORRECT, ids=name)
def test_nothing_is_found_in_what_is_right(path: Path) -> None:
    """Policies that this product writes, and the shapes it teaches, have no findings at all."""
    assert findings(path) == []


def test_there_is_something_right_to_look_at() -> None:
    """The documents that are right were found."""
    assert len(CORRECT) > 10


# "write", "add" and "use" put something in; what follows up to the next "and" or comma is it.
_ADDS_MFA = re.compile(
    r"\b(?:require|demand|ask for|add|write|use|deny)\b[^.,;]*"
    r"(?:\bMFA\b|MultiFactorAuth|BoolIfExists)",
    re.IGNORECASE,
)
_TAKES_OUT = re.compile(r"\bwithout\b|\btake\b|\bNotAction\b|\bexempt|\bleave\b|\bmove\b", re.I)


def advice() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule.id, rule.fix
    for path in FIRES:
        for finding in findings(path):
            yield finding.rule, finding.fix


def test_no_advice_asks_for_mfa_to_enrol() -> None:
    """No clause of a fix that names an action of enrolment tells anybody to put MFA before it."""
    actions = re.compile("|".join(a.partition(":")[2] for a in ENROLMENT), re.IGNORECASE)
    asked = [
        (rule, clause)
        for rule, fix in set(advice())
        for clause in re.split(r"[.;,](?:\s|$)", fix)
        if actions.search(clause) and _ADDS_MFA.search(clause) and not _TAKES_OUT.search(clause)
    ]

    assert asked == []


def test_what_asks_for_mfa_is_told_from_what_does_not() -> None:
    """The test above would see such advice."""
    assert _ADDS_MFA.search("require MFA for `iam:EnableMFADevice`")
    assert _ADDS_MFA.search("add `Bool` on `aws:MultiFactorAuthPresent` to iam:ChangePassword")
    assert not _ADDS_MFA.search("allow `iam:EnableMFADevice` on the own user")


OWN = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
VALUES = ("true", "false")
CONDITIONS: list[dict[str, Any]] = [
    {operator: {key: value}}
    for operator, key, value in (
        *product(("Bool", "BoolIfExists", "Null"), (FLAG,), VALUES),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600"),
    )
]


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("condition", CONDITIONS, ids=json.dumps)
def test_enrolment_is_never_told_to_wait_for_mfa(effect: str, condition: dict[str, Any]) -> None:
    """
    Whatever the condition of a statement on the actions that people enrol with: no fix names a
    condition that would put MFA before them.
    """
    statement = {
        "Sid": "Enrol",
        "Effect": effect,
        "Action": ENROLMENT,
        "Resource": "*",
        "Condition": condition,
    }
    found = judged({"Version": "2012-10-17", "Statement": [statement]})
    told = [
        (finding.rule, finding.fix)
        for finding in found
        if finding.sid == "Enrol" and "MultiFactorAuth" in _put_in(finding.fix)
    ]

    assert told == []


def _put_in(fix: str) -> str:
    """What a fix tells to write; what it tells to take out stands behind "in place of"."""
    found = re.findall(r"\b(?:write|add)\b(.*?)(?:in place of|$)", fix, re.DOTALL)
    return " ".join(found)


def test_granting_enrolment_is_not_found_fault_with() -> None:
    """An Allow of enrolment that asks for nothing has no findings that speak of conditions."""
    allow = {"Effect": "Allow", "Action": ENROLMENT, "Resource": OWN}
    found = judged({"Version": "2012-10-17", "Statement": [allow]})

    assert [f for f in found if "MultiFactorAuth" in f.fix] == []


def judged(data: dict[str, Any], kind: Any = "identity", **further: Any) -> tuple[Finding, ...]:
    """The findings of a document that stands nowhere."""
    text = json.dumps(data, indent=2)
    return judge(
        Found(file="-", kind=kind, data=loads(text), source=lambda: Positions(text), **further)
    ).findings


def test_no_account_is_made_up_for_a_template(tmp_path: Path) -> None:
    """What stands for `AWS::AccountId` is in no message and in no fix."""
    account = "arn:aws:iam::${AWS::AccountId}"
    own = {"Fn::Sub": f"{account}:user/${{!aws:username}}"}
    trusted = [{"Fn::Sub": f"{account}:root"}, "arn:aws:iam::444455556666:root"]
    allow = {"Effect": "Allow", "Action": ENROLMENT[0], "Resource": own}
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    documents = {
        "Managed": ("AWS::IAM::ManagedPolicy", {"PolicyDocument": allow}),
        "Open": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": trust}),
        "Asks": (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {**trust, "Condition": {"Bool": {FLAG: "true"}}}},
        ),
    }
    resources = {
        logical: {
            "Type": kind,
            "Properties": {k: {"Version": "2012-10-17", "Statement": [s]} for k, s in one.items()},
        }
        for logical, (kind, one) in documents.items()
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": resources}, indent=2), "utf-8")

    told = findings(path)

    assert {"GEN055", "GEN070", "GEN072"} <= {f.rule for f in told}
    assert [f for f in told if "111122223333" in f.message + f.fix] == []
    assert f"`{account}:user/*/${{aws:username}}`" in " ".join(f.fix for f in told)


def test_findings_stand_where_they_are_about() -> None:
    """Line and column are those of the operator, in its own document and in one around it."""
    plain, inside = EXAMPLES / "GEN010" / "fires.json", EXAMPLES / "GEN024" / "fires.json"
    for path, rule, text in ((plain, "GEN010", '"Bool"'), (inside, "GEN024", '"Bool"')):
        finding = next(f for f in findings(path) if f.rule == rule)
        line = path.read_text("utf-8").splitlines()[finding.line - 1]
        assert line[finding.column - 1 :].startswith(text)
