"""Published policies in their editions: what they come to, and which rules know them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.audit.judge import Judged, judge
from generator.decider import Decider
from generator.found import Found
from generator.grammar import loads
from generator.positions import Positions
from generator.rules import RULES
from generator.rules.editions import EDITIONS
from generator.subject import Subject
from generator.supposed import State

PUBLISHED = Path(__file__).parent / "published"
EXPECTED = ".expected.json"
CASES = sorted(
    str(path.relative_to(PUBLISHED))[: -len(EXPECTED)] for path in PUBLISHED.rglob(f"*{EXPECTED}")
)
# What the corpus is about: conditions, the journey, exemptions, and the editions themselves.
OURS = frozenset(
    rule.id for rule in RULES if "GEN010" <= rule.id < "GEN050" or "GEN080" <= rule.id < "GEN090"
)


@pytest.mark.parametrize("name", CASES)
def test_what_a_published_policy_comes_to(name: str) -> None:
    """
    Each edition has the verdicts, and is found by the rules, that its facts give by hand.
    """
    expected = json.loads((PUBLISHED / f"{name}{EXPECTED}").read_text("utf-8"))

    judged = judged_of((PUBLISHED / f"{name}.json").read_text("utf-8"))

    assert judged.verdicts == expected["verdicts"]
    assert ids_of(judged) & OURS == set(expected["findings"])
    assert expected["source"]


@pytest.mark.parametrize("path", sorted((PUBLISHED / "correct").glob("*.json")), ids=str)
def test_correct_policies_have_no_finding(path: Path) -> None:
    """
    No rule at all finds anything in a policy that is right.
    """
    if path.name.endswith(EXPECTED):
        assert json.loads(path.read_text("utf-8"))["findings"] == []
    else:
        assert judged_of(path.read_text("utf-8")).findings == ()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_spelling_decides_nothing(name: str, rng: random.Random) -> None:
    """
    Other Sids, another order, bare values for lists and another case of actions change neither a
    verdict nor which rules find something.
    """
    text = (PUBLISHED / f"{name}.json").read_text("utf-8")

    one, other = judged_of(text), judged_of(json.dumps(respelled(json.loads(text), rng)))

    assert other.verdicts == one.verdicts
    assert ids_of(other) == ids_of(one)


def test_every_edition_is_in_the_corpus() -> None:
    """
    Each edition is what at least one policy of the corpus is found to be.
    """
    messages = [
        finding.message
        for name in CASES
        for finding in judged_of((PUBLISHED / f"{name}.json").read_text("utf-8")).findings
    ]

    assert [e.name for e in EDITIONS if not any(e.name in m for m in messages)] == []


def test_one_action_more_is_another_policy() -> None:
    """
    A Deny that also exempts something of its own is not taken for the published one.
    """
    data = json.loads((PUBLISHED / "aws-security-credentials-2026.json").read_text("utf-8"))
    data["Statement"][-1]["NotAction"].append("s3:GetObject")

    assert "GEN080" not in ids_of(judged_of(json.dumps(data)))


def test_a_published_policy_says_when_and_what_became_of_it() -> None:
    """
    The message names the policy, its dates, and what AWS did about it; what is wrong with it is
    told by the rules that the fix names.
    """
    name = "aws-force-mfa-tutorial-2018-11-deactivate"
    judged = judged_of((PUBLISHED / f"{name}.json").read_text("utf-8"))

    (found,) = [f for f in judged.findings if f.rule == "GEN081"]

    assert (found.line, found.column, found.sid) == (79, 7, "DenyMostWithoutMfa")
    assert str(found.severity) == "low"
    assert found.fix == "mend what GEN040 and GEN041 say of it"
    assert found.message == (
        '`DenyMostWithoutMfa` is the Deny of AWS\'s tutorial "Force_MFA" or its sample '
        '"self-manage an MFA device" of November 2018, published 2018-11-21; AWS withdrew it on '
        "2018-11-30, after Duo had disclosed the gap"
    )


FLOW = (
    *("iam:ChangePassword", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"),
    *("iam:GetAccountPasswordPolicy", "iam:GetMFADevice", "iam:GetUser", "iam:ListMFADevices"),
    *("iam:ListVirtualMFADevices", "iam:ResyncMFADevice", "sts:GetSessionToken"),
)
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
NULL = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
BOOL = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}


@pytest.mark.parametrize(
    ("rule", "exempt", "condition", "other"),
    [
        ("GEN085", FLOW, NULL, {"NotAction": FLOW, "Condition": BOOL}),
        (
            "GEN081",
            (*FLOW, "iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice"),
            NO_MFA,
            {"Action": "iam:De*MFADevice", "Condition": NO_MFA},
        ),
        (
            "GEN082",
            (*FLOW, "iam:CreateLoginProfile"),
            NO_MFA,
            {"Action": "iam:CreateLoginProfile", "Condition": NO_MFA},
        ),
        ("GEN083", (*FLOW, "sts:GetFederationToken"), NO_MFA, {"Action": "sts:GetFederation*"}),
        ("GEN087", "iam:*", NO_MFA, {"NotAction": FLOW, "Condition": NO_MFA}),
    ],
)
def test_what_another_deny_prevents_is_no_history(
    rule: str, exempt: Any, condition: dict[str, Any], other: dict[str, Any]
) -> None:
    """
    A published Deny is told of where evaluation finds what is wrong with it, and nowhere else.
    """
    known = {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": condition}
    alone = {"Version": "2012-10-17", "Statement": [known]}
    covered = {**alone, "Statement": [known, {"Effect": "Deny", "Resource": "*", **other}]}

    assert rule in ids_of(judged_of(json.dumps(alone)))
    assert rule not in ids_of(judged_of(json.dumps(covered)))


def test_an_exemption_that_enrolment_needs_is_to_be_allowed_not_taken_out() -> None:
    """
    AWS's sample exempts a call and allows it nowhere; no advice takes away what enrolment calls.
    """
    judged = judged_of((PUBLISHED / "aws-security-credentials-2026.json").read_text("utf-8"))

    (found,) = [f for f in judged.findings if f.rule == "GEN044"]

    assert found.fix == "allow `iam:GetMFADevice` on the own user"
    assert (str(found.severity), found.confidence) == ("low", "medium")
    assert "as it should be" in found.message


def test_dead_exemptions_are_one_finding_that_says_what_to_allow_on_what() -> None:
    """
    Each call is to be allowed on what it is called on.
    """
    allow = {"Effect": "Allow", "Action": "iam:EnableMFADevice", "Resource": OWN}
    deny = {"Effect": "Deny", "NotAction": FLOW, "Resource": "*", "Condition": NO_MFA}
    judged = judged_of(json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}))

    (found,) = [f for f in judged.findings if f.rule == "GEN044"]

    assert found.fix == (
        "allow `iam:CreateVirtualMFADevice` on `arn:aws:iam::*:mfa/*`, and `iam:GetMFADevice`, "
        "`iam:GetUser`, `iam:ListMFADevices` and `iam:ResyncMFADevice` on the own user, and "
        "`iam:ListVirtualMFADevices` on `*`"
    )


OWN, OTHER = "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob"
WITH_PATH = "arn:aws:iam::111122223333:user/team/alice"
DEVICE = "arn:aws:iam::111122223333:mfa/phone"
ROLE = "arn:aws:iam::111122223333:role/team/dev"
SAMPLE, LEAN, ROLES = "aws-security-credentials-2026", "correct/user-deny", "correct/role-user"
COLUMNS = ((SAMPLE, False), (LEAN, False), (LEAN, True), (SAMPLE, True), (ROLES, False))
STATES: tuple[State, ...] = ("key", "console", "mfa")
OUTCOMES = {"D": "explicitly_denied", "i": "implicitly_denied", "A": "allowed"}
# Each column: access key, console without MFA, MFA session. The columns are AWS's sample, the lean
# policy, the lean one beside AdministratorAccess, AWS's beside it, and users with roles.
TABLE = (
    ("iam:ChangePassword", OWN, "DDA AAA AAA DDA AAA"),
    ("iam:ChangePassword", WITH_PATH, "DDi AAA AAA DDA AAA"),
    ("iam:GetAccountPasswordPolicy", "*", "DDA AAA AAA DDA AAA"),
    ("iam:CreateVirtualMFADevice", DEVICE, "AAA AAA AAA AAA AAA"),
    ("iam:EnableMFADevice", OWN, "AAA AAA AAA AAA AAA"),
    ("iam:EnableMFADevice", OTHER, "iii DDi DDA AAA iii"),
    ("iam:GetMFADevice", OWN, "iii AAA AAA AAA AAA"),
    ("iam:DeactivateMFADevice", OWN, "DDA DDA DDA DDA iiA"),
    ("iam:DeleteVirtualMFADevice", DEVICE, "DDi DDi DDA DDA iii"),
    ("iam:CreateAccessKey", OWN, "DDA DDi DDA DDA iii"),
    ("sts:GetFederationToken", "*", "DDi DDi DDA DDA iii"),
    ("sts:AssumeRole", ROLE, "DDi DDi DDA DDA AAA"),
    (
        "signin:CreateOAuth2Token",
        "arn:aws:signin:eu-west-1:111122223333:oauth2/public-client/localhost",
        "DDi DDi DDA DDA iii",
    ),
    (
        "ec2:RunInstances",
        "arn:aws:ec2:eu-west-1:111122223333:instance/*",
        "DDi DDi DDA DDA iii",
    ),
)


@pytest.mark.parametrize(("action", "resource", "row"), TABLE)
def test_the_table_of_expected_decisions(action: str, resource: str, row: str) -> None:
    """
    Every cell of the table comes out as written, in each state, alone and beside an administrator.
    """
    found = {
        (name, administrator): "".join(
            outcome(decider_of(name), action, resource, state, administrator) for state in STATES
        )
        for name, administrator in COLUMNS
    }

    assert found == dict(zip(COLUMNS, row.split(), strict=True))


def outcome(decider: Decider, action: str, resource: str, state: State, administrator: bool) -> str:
    """The letter of a decision; of assuming a role only what the user's own policies say."""
    who = decider.user_called(resource.partition("user/")[2] or "alice")
    if who.name != "alice":
        who = decider.user
    decision = decider.decide(action, resource, state, who=who, administrator=administrator)
    assert not isinstance(decision, str), decision
    if action == "sts:AssumeRole" and decision.blocked_by == ("trust",):
        return "A"
    (letter,) = (key for key, value in OUTCOMES.items() if value == decision.outcome)
    return letter


def decider_of(name: str) -> Decider:
    subject = Subject(found_of((PUBLISHED / f"{name}.json").read_text("utf-8")))
    given = subject.decider
    return Decider(given.alone, given.beside, partition="aws", account="111122223333", user="alice")


def respelled(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The same policy as somebody else may have written it."""
    found = []
    for number, statement in enumerate(data["Statement"]):
        one = dict(statement, Sid=f"Mine{number}")
        for element in ("Action", "NotAction", "Resource", "NotResource"):
            if element not in one:
                continue
            items = one[element] if isinstance(one[element], list) else [one[element]]
            if "Action" in element:
                items = [rng.choice((item, item.lower(), item.upper())) for item in items]
            rng.shuffle(items := list(items))
            one[element] = items[0] if len(items) == 1 and rng.random() < 0.5 else items
        pairs = list(one.items())
        rng.shuffle(pairs)
        found.append(dict(pairs))
    rng.shuffle(found)
    return {**data, "Statement": found[0] if len(found) == 1 else found}


def judged_of(text: str) -> Judged:
    return judge(found_of(text))


def ids_of(judged: Judged) -> set[str]:
    return {finding.rule for finding in judged.findings}


def found_of(text: str) -> Found:
    kind: Any = "trust" if '"Principal"' in text else "identity"
    return Found(file="policy.json", kind=kind, data=loads(text), source=lambda: Positions(text))
