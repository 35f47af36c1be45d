"""Rules about trust policies: who gets in without MFA, and who is trusted at all."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.audit.judge import judge
from generator.findings import Finding
from generator.found import Found
from generator.grammar import loads
from generator.positions import Place, Positions
from generator.rules import principals, trusts
from generator.rules.rule import Rule
from generator.subject import Subject

RULES: list[Rule] = sorted((*principals.RULES, *trusts.RULES), key=lambda rule: rule.id)
ACCOUNT, OTHER = "111122223333", "444455556666"
ALICE, BOB = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("alice", "bob"))
ROOT, VENDOR = (f"arn:aws:iam::{account}:root" for account in (ACCOUNT, OTHER))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
AGE = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
TEAM = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/team/*"}}
ROLES = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
EXTERNAL = {"StringEquals": {"sts:ExternalId": "vendor-1"}}
Expected = list[tuple[str, Place]]


def trust(aws: Any, condition: Any = None, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy; `aws` are principals of type AWS."""
    statement = {
        "Effect": effect,
        "Principal": {"AWS": aws},
        "Action": "sts:AssumeRole",
        "Condition": condition or {},
    }
    return {**statement, **more}


def found(*statements: dict[str, Any], **further: Any) -> Found:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Found(
        file="-", kind="trust", data=loads(text), source=lambda: Positions(text), **further
    )


def hits(*statements: dict[str, Any], **further: Any) -> Expected:
    """What the rules of these modules say of a trust policy, in the order of their ids."""
    subject = Subject(found(*statements, **further))
    return [(rule.id, hit.place) for rule in RULES for hit in rule.check(subject)]


def findings(*statements: dict[str, Any], **further: Any) -> list[Finding]:
    told = judge(found(*statements, **further)).findings
    return [f for f in told if f.rule in {rule.id for rule in RULES}]


def at(*path: str | int, statement: int = 0) -> Place:
    return ("Statement", statement, *path)


WHO = at("Principal")
DENY_NO_MFA = trust(
    "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "Deny", Action="sts:*"
)
DENY_FLAWED = trust("*", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Deny")
DENY_STRANGERS = trust("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "Deny")
ONLY_BOB = {"Principal": {"AWS": BOB}}


def _without(statement: dict[str, Any], element: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != element}


def _limited(operator: str, key: str, value: str) -> dict[str, Any]:
    """The right Deny with a further condition on who calls."""
    block = DENY_NO_MFA["Condition"]
    return {**DENY_NO_MFA, "Condition": {**block, operator: {key: value}}}


CASES: dict[str, tuple[list[dict[str, Any]], Expected]] = {
    "user": ([trust(ALICE)], [("GEN070", WHO)]),
    "user-with-mfa": ([trust(ALICE, MFA)], []),
    "user-with-age": ([trust(ALICE, AGE)], []),
    "user-with-a-flawed-operator": (
        [trust(ALICE, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})],
        [],
    ),
    "user-from-an-address": (
        [trust(ALICE, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})],
        [("GEN070", WHO)],
    ),
    "account": ([trust(ROOT)], [("GEN070", WHO)]),
    "account-as-digits": ([trust(ACCOUNT)], [("GEN070", WHO)]),
    "account-of-a-team": ([trust(ROOT, TEAM)], [("GEN070", WHO)]),
    "account-of-one-user": (
        [trust(ROOT, {"StringEquals": {"aws:username": "alice"}})],
        [("GEN070", WHO)],
    ),
    "account-of-roles": ([trust(ROOT, ROLES)], []),
    "account-with-mfa": ([trust(ROOT, MFA)], []),
    "accounts-with-mfa": (
        [trust([ROOT, OTHER], MFA)],
        [("GEN072", at("Principal", "AWS", 0)), ("GEN072", at("Principal", "AWS", 1))],
    ),
    "account-of-a-team-with-mfa": ([trust(ROOT, {**TEAM, **MFA, **AGE})], []),
    "account-by-tag-with-mfa": (
        [trust(ROOT, {"StringEquals": {"aws:PrincipalTag/team": "platform"}, **MFA})],
        [],
    ),
    "one-of-two-statements": (
        [trust(ALICE, MFA), trust(BOB)],
        [("GEN070", at("Principal", statement=1))],
    ),
    "beside-a-deny": ([trust([ALICE, BOB]), DENY_NO_MFA], []),
    "beside-a-flawed-deny": ([trust([ALICE, BOB]), DENY_FLAWED], []),
    "beside-a-deny-of-another-user": (
        [trust(ROOT), {**DENY_NO_MFA, **ONLY_BOB}],
        [("GEN070", WHO)],
    ),
    "beside-a-flawed-deny-of-another-user": (
        [trust(ROOT), {**DENY_FLAWED, **ONLY_BOB}],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-everybody-but-one": (
        [
            trust(ROOT),
            {**_without(DENY_NO_MFA, "Principal"), "NotPrincipal": {"AWS": [ROOT, ALICE]}},
        ],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-another-action": (
        [trust(ROOT), {**DENY_NO_MFA, "Action": "sts:TagSession"}],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-a-path": (
        [trust(ROOT), _limited("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/ops/*")],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-users": (
        [trust(ROOT), _limited("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*")],
        [],
    ),
    "beside-a-deny-by-tag": (
        [trust(ROOT), _limited("StringEquals", "aws:PrincipalTag/human", "true")],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-all-names-but-one": (
        [trust(ROOT), _limited("StringNotEquals", "aws:username", "alice")],
        [("GEN070", WHO)],
    ),
    "beside-a-deny-of-one-account": (
        [trust([ROOT, OTHER]), {**DENY_NO_MFA, "Principal": {"AWS": ROOT}}],
        [("GEN070", WHO)],
    ),
    "role": ([trust(ROLE)], []),
    "service": ([trust(ROLE, Principal={"Service": "ec2.amazonaws.com"})], []),
    "identity-provider": (
        [
            trust(
                "",
                Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/x"},
                Action="sts:AssumeRoleWithSAML",
            )
        ],
        [],
    ),
    "only-tags": ([trust(ALICE, Action="sts:TagSession")], []),
    "nobody": ([trust(ALICE, effect="Deny")], []),
    "everybody": ([trust("*")], [("GEN071", WHO)]),
    "everybody-bare": ([trust("", MFA, Principal="*")], [("GEN071", WHO)]),
    "everybody-but": (
        [{**trust(ALICE, MFA), "Principal": None} | {"NotPrincipal": {"AWS": ALICE}}],
        [("GEN071", at("NotPrincipal"))],
    ),
    "everybody-with-a-tag": (
        [trust("*", {"StringEquals": {"aws:PrincipalTag/team": "x"}, **MFA})],
        [("GEN071", WHO)],
    ),
    "everybody-called-so": (
        [trust("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/team/*"}, **MFA})],
        [("GEN071", WHO)],
    ),
    "everybody-if-they-say-so": (
        [trust("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, **MFA})],
        [("GEN071", WHO)],
    ),
    "organization": ([trust("*", {**ORGANIZATION, **MFA})], []),
    "organization-by-deny": ([trust("*", MFA), DENY_STRANGERS], []),
    "organization-without-mfa": ([trust("*", ORGANIZATION)], [("GEN070", WHO)]),
    "organization-by-path": (
        [trust("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a/r-b/*"}, **MFA})],
        [],
    ),
    "one-account-of-everybody": ([trust("*", {**TEAM, **MFA})], []),
    "deleted-user": (
        [trust([ALICE, "AIDAEXAMPLE1234567890"], MFA)],
        [("GEN073", at("Principal", "AWS", 1))],
    ),
    "deleted-role-denied": (
        [trust(ALICE, MFA), trust("AROAEXAMPLE1234567890", effect="Deny")],
        [("GEN073", at("Principal", "AWS", statement=1))],
    ),
    "group": (
        [trust(f"arn:aws:iam::{ACCOUNT}:group/team", MFA)],
        [("GEN074", at("Principal", "AWS"))],
    ),
    "wildcard": (
        [trust([ALICE, f"arn:aws:iam::{ACCOUNT}:user/*"], MFA)],
        [("GEN074", at("Principal", "AWS", 1))],
    ),
    "name-only": ([trust("alice", MFA)], [("GEN074", at("Principal", "AWS"))]),
    "other-partition": (
        [trust([ALICE, BOB, f"arn:aws-cn:iam::{OTHER}:user/chen"], MFA)],
        [("GEN074", at("Principal", "AWS", 2))],
    ),
    "service-with-mfa": (
        [trust("", MFA, Principal={"Service": ["ec2.amazonaws.com"]})],
        [("GEN075", at("Principal", "Service", 0))],
    ),
    "role-among-users-with-mfa": (
        [trust([ALICE, ROLE, SESSION], MFA)],
        [("GEN075", at("Principal", "AWS", 1)), ("GEN075", at("Principal", "AWS", 2))],
    ),
    "role-with-mfa-if-it-is-there": (
        [trust(ROLE, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})],
        [],
    ),
}
for statements, _ in CASES.values():
    for statement in statements:
        if statement.get("Principal", 0) is None:
            del statement["Principal"]


@pytest.mark.parametrize("name", CASES)
def test_rules_say_this_and_nothing_else(name: str) -> None:
    """Each case has the findings that are written down for it, at their places, and no others."""
    statements, expected = CASES[name]

    assert hits(*statements) == expected


@pytest.mark.parametrize(
    ("statement", "account", "severity", "confidence"),
    [
        (trust(ALICE), "", "high", "high"),
        (trust(ALICE), ACCOUNT, "high", "high"),
        (trust(ROOT), ACCOUNT, "high", "medium"),
        (trust(VENDOR), "", "high", "medium"),
        (trust(VENDOR), ACCOUNT, "medium", "medium"),
        (trust([VENDOR, ALICE]), ACCOUNT, "high", "medium"),
        (trust(VENDOR, EXTERNAL), ACCOUNT, "low", "low"),
        (trust(VENDOR, EXTERNAL), "", "low", "low"),
        (trust("*"), "", "critical", "high"),
        (trust("*", EXTERNAL), "", "high", "high"),
    ],
)
def test_how_bad_depends_on_who_is_trusted(
    statement: dict[str, Any], account: str, severity: str, confidence: str
) -> None:
    """People of the own account are worse than a vendor, whose machines cannot have MFA."""
    (one,) = findings(statement, account=account)

    assert (str(one.severity), one.confidence) == (severity, confidence)


def test_whole_accounts_are_foreign_ones_where_the_own_is_known() -> None:
    """Trust in the own account with MFA is right; in another one it is worth a look."""
    of_both, of_another = trust([ROOT, OTHER], MFA), trust(OTHER, MFA)

    assert hits(trust(ROOT, MFA), account=ACCOUNT) == []
    assert hits(of_both, account=ACCOUNT) == [("GEN072", at("Principal", "AWS", 1))]
    assert hits(of_another, account=ACCOUNT) == [("GEN072", at("Principal", "AWS"))]


def test_a_deny_that_stops_one_of_two_accounts_is_not_about_the_other() -> None:
    """Only those whom no Deny stops are named, a flawed Deny of the rest tells of those."""
    for deny in (DENY_NO_MFA, DENY_FLAWED):
        told = findings(trust([ALICE, BOB]), {**deny, **ONLY_BOB})

        (one,) = [f for f in told if f.rule == "GEN070"]
        assert one.message.startswith(f"`{ALICE}` can assume the role")


def test_message_names_principals_and_states() -> None:
    """People read who gets in, and how."""
    (one,) = findings(trust([ROOT, ALICE, ROLE]))

    assert one.message == (
        f"users of the account {ACCOUNT} and `{ALICE}` can assume the role with an access key "
        "without MFA and with a console session without MFA"
    )


def test_no_rule_about_trust_looks_at_other_documents() -> None:
    """The policy of a bucket may name everybody, and an identity policy has no principals."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [trust("*"), trust(ROOT, MFA)]})
    for kind in ("resource", "rcp", "identity"):
        at_hand = Found(file="-", kind=kind, data=loads(text), source=lambda: Positions(text))
        assert not [hit for rule in RULES for hit in rule.check(Subject(at_hand))]


def test_trust_that_is_not_known_is_not_guessed_at() -> None:
    """A condition that is only known once the role is deployed may ask for MFA."""
    assert hits(trust(ALICE), not_read=(at("Condition"),)) == []
    assert hits(trust("*"), trust(BOB), not_read=(at("Condition"),)) == [
        ("GEN070", at("Principal", statement=1))
    ]


CONDITIONS = st.sampled_from(
    (
        {},
        MFA,
        AGE,
        TEAM,
        ROLES,
        EXTERNAL,
        {**TEAM, **MFA},
        {"StringEquals": {"aws:username": "bob"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
        {"Null": {"aws:MultiFactorAuthPresent": "false"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
    )
)
STATEMENTS = st.builds(
    trust,
    st.lists(st.sampled_from((ALICE, BOB, ROOT, VENDOR, ROLE, SESSION)), min_size=1, max_size=3),
    CONDITIONS,
    st.sampled_from(("Allow", "Allow", "Deny")),
    Action=st.sampled_from(("sts:AssumeRole", "sts:*", "sts:TagSession")),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=3))
@settings(max_examples=300)
def test_who_gets_in_without_mfa_is_told(statements: list[dict[str, Any]]) -> None:
    """
    Where no statement asks for MFA, the finding is there if and only if the verdict is open; and
    there is never one where the verdict is that everybody without MFA is refused.
    """
    at_hand = found(*statements)
    verdict = Subject(at_hand).verdicts["trust_without_mfa"]
    told = "GEN070" in {f.rule for f in judge(at_hand).findings}

    if "MultiFactorAuth" not in json.dumps(statements):
        assert told == (verdict == "open")
    elif told:
        assert verdict == "open"


@given(STATEMENTS, st.sampled_from((MFA, AGE, {**MFA, **AGE})))
def test_fix_is_one(statement: dict[str, Any], asked: dict[str, Any]) -> None:
    """
    Once the statement asks for MFA as the fix says, nobody gets in without, and nothing is said.
    """
    block = {**statement["Condition"], **asked}
    mended = {**statement, "Condition": {**block}}
    flawed = ("BoolIfExists", "Null")

    if not any(operator in block for operator in flawed):
        at_hand = found(mended)
        assert Subject(at_hand).verdicts["trust_without_mfa"] == "refused"
        assert "GEN070" not in {f.rule for f in judge(at_hand).findings}
