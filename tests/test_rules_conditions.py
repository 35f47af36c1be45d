"""The rules about conditions, compared with what evaluation says of the same documents."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.audit.judge import judge
from generator.findings import Finding, Severity
from generator.found import Found, Holder, Kind
from generator.grammar import is_number, loads
from generator.positions import Positions
from generator.rules import conditions
from generator.states import AGE, FLAG
from generator.subject import Subject

MINE = {rule.id for rule in conditions.RULES}
WORK, ANYTHING = "ec2:RunInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/*"
OPERATORS = (
    *("Bool", "BoolIfExists", "Null", "StringEquals", "StringEqualsIfExists", "StringNotEquals"),
    *("StringLike", "ForAllValues:Bool", "ForAnyValue:Bool", "NumericEquals", "NumericLessThan"),
    *("NumericGreaterThan", "NumericGreaterThanIfExists", "NumericLessThanIfExists"),
)
KEYS = (FLAG, FLAG.lower(), AGE, "aws:MultiFactorAuthPresnt", "aws:MFAPresent")
VALUES = ("true", "false", "False", "no", "false ", "3600")

Block = dict[str, dict[str, Any]]


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """A `Condition` of one or two conditions on MFA, or what was meant to be."""
    found: Block = {}
    for operator in draw(st.lists(st.sampled_from(OPERATORS), min_size=1, max_size=2, unique=True)):
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True))
        found[operator] = {draw(st.sampled_from(KEYS)): values}
    return found


def statement(effect: str, block: Mapping[str, Any], **further: Any) -> dict[str, Any]:
    elements: dict[str, Any] = {"Action": "ec2:*", "Resource": "*", **further}
    return {"Effect": effect, **elements, "Condition": block}


def found(
    *statements: dict[str, Any],
    kind: Kind = "identity",
    version: str = "2012-10-17",
    holders: frozenset[Holder] = frozenset(),
    not_read: tuple[tuple[str | int, ...], ...] = (),
) -> Found:
    text = json.dumps({"Version": version, "Statement": list(statements)}, indent=2)
    source = partial(Positions, text)
    data = loads(text)
    return Found(file="-", kind=kind, data=data, source=source, holders=holders, not_read=not_read)


def mine(document: Found, *, at_least: Severity = Severity.LOW) -> list[Finding]:
    findings = judge(document).findings
    return [f for f in findings if f.rule in MINE and f.severity >= at_least]


def rules(document: Found, *, at_least: Severity = Severity.LOW) -> list[str]:
    return [finding.rule for finding in mine(document, at_least=at_least)]


BOOL_IF_EXISTS = {"BoolIfExists": {FLAG: "false"}}
BOOL = {"Bool": {FLAG: "false"}}
WITH_MFA = {"Bool": {FLAG: "true"}}
NULL = {"Null": {FLAG: "true"}}
OLD = {"NumericGreaterThan": {AGE: "3600"}}


@given(blocks())
@example(BOOL)
@example(BOOL_IF_EXISTS)
@example(NULL)
@example(OLD)
@example({"NumericGreaterThanIfExists": {AGE: "3600"}})
@example({"Null": {AGE: "true"}})
@example({"BoolIfExists": {FLAG: ["false", "no"]}})
@example({"Bool": {FLAG: "true"}, "NumericGreaterThan": {AGE: "3600"}})
def test_a_deny_is_found_fault_with_exactly_where_it_is_wrong(block: Block) -> None:
    """
    A rule fires on a Deny exactly where an access key or a console session without MFA is not
    denied for sure, or a session with MFA may be; and on every key that is none.
    """
    document = found(statement("Deny", block))
    denied = partial(Subject(document).decider.is_denied, WORK, ANYTHING)
    right = denied("key") is True and denied("console") is True and denied("mfa") is False

    assert bool(rules(document, at_least=Severity.MEDIUM)) is (not right or _is_misspelt(block))


@given(blocks())
@example(WITH_MFA)
@example({"BoolIfExists": {FLAG: "true"}})
@example({"Null": {FLAG: "false"}})
@example({"NumericLessThan": {AGE: "3600"}})
@example({"ForAllValues:Bool": {FLAG: "true"}})
@example({"Bool": {FLAG: ["true", "no"]}})
def test_an_allow_is_found_fault_with_exactly_where_it_is_wrong(block: Block) -> None:
    """
    A rule fires on an Allow if it allows an access key or a console session without MFA, or does
    not allow a session with MFA; and on no other, unless a value of it is not documented.
    """
    document = found(statement("Allow", block))
    allowed = partial(Subject(document).decider.is_allowed, WORK, ANYTHING)
    without = [allowed("key"), allowed("console")]
    fired = bool(rules(document, at_least=Severity.MEDIUM))

    if True in without or allowed("mfa") is not True:
        assert fired
    elif without == [False, False] and not _is_misspelt(block):
        assert not fired


def _is_misspelt(block: Block) -> bool:
    return any(key.lower() not in (FLAG.lower(), AGE.lower()) for b in block.values() for key in b)


@given(st.lists(blocks(), min_size=2, max_size=3))
@example([BOOL, NULL])
@example([OLD, BOOL_IF_EXISTS])
@example([BOOL_IF_EXISTS, {"BoolIfExists": {FLAG: "no"}}])
def test_statements_that_close_each_others_holes_are_right(several: list[Block]) -> None:
    """Denies that together stop everybody without MFA, and nobody with it, are no holes."""
    document = found(*(statement("Deny", block) for block in several))
    denied = partial(Subject(document).decider.is_denied, WORK, ANYTHING)
    if denied("key") and denied("console") and denied("mfa") is False:
        holes = {"GEN010", "GEN011", "GEN012", "GEN013", "GEN014"}
        assert not holes & set(rules(document))


@given(blocks(), st.sampled_from(["Allow", "Deny"]))
def test_other_conditions_do_not_hide_a_hole(block: Block, effect: str) -> None:
    """What MFA conditions come to does not depend on further conditions beside them."""
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    alone = rules(found(statement(effect, block)))
    beside = rules(found(statement(effect, block | office)))

    assert [rule for rule in beside if rule != "GEN020"] == alone


def test_holes_that_are_closed_where_the_same_conditions_hold_are_none() -> None:
    """Two Denies with the same further condition close each other's holes."""
    office = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    elsewhere = {"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    closed = found(statement("Deny", BOOL | office), statement("Deny", NULL | office))
    left = found(statement("Deny", BOOL | office), statement("Deny", NULL | elsewhere))

    assert "GEN010" not in rules(closed)
    assert "GEN010" in rules(left)


@pytest.mark.parametrize(
    ("key", "operator", "value", "confidence"),
    [
        ("aws:PrincipalTag/type", "StringEquals", "human", "low"),
        ("aws:PrincipalTag/type", "StringNotEquals", "service", "low"),
        ("aws:PrincipalOrgID", "StringEquals", "o-abcdefghij", "low"),
        ("aws:userid", "StringNotLike", "AIDA*", "medium"),
        ("aws:username", "StringEquals", "alice", "medium"),
    ],
)
def test_a_deny_of_some_people_says_so(
    key: str, operator: str, value: str, confidence: str
) -> None:
    """A Deny for callers of a name or a tag leaves everybody else without; that is said, as low."""
    (one,) = mine(found(statement("Deny", BOOL_IF_EXISTS | {operator: {key: value}})))

    assert (one.rule, str(one.severity), one.confidence) == ("GEN020", "low", confidence)
    assert f"`{operator}` on `{key}`" in one.message
    assert "works without MFA" in one.message


@pytest.mark.parametrize("kind", ["identity", "scp"])
def test_a_deny_of_users_is_a_deny_of_everybody_who_has_mfa(kind: Kind) -> None:
    """A Deny limited to users by their ARN, as an SCP has to be, is not said to miss anybody."""
    users = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}

    assert rules(found(statement("Deny", BOOL_IF_EXISTS | users), kind=kind)) == []


@pytest.mark.parametrize("everything", ["*", "*:*"])
def test_a_list_of_exemptions_with_everything_in_it_denies_nothing(everything: str) -> None:
    """Whatever else is in `NotAction`: with `*` the Deny is empty, which one finding says."""
    empty = {
        "Effect": "Deny",
        "NotAction": ["iam:*", "s3:*", everything],
        "Resource": "*",
        "Condition": BOOL_IF_EXISTS,
    }
    (alone,) = mine(found(empty))
    (beside,) = mine(found(empty, statement("Deny", BOOL_IF_EXISTS, Action="*")))

    assert (alone.rule, str(alone.severity)) == ("GEN014", "critical")
    assert alone.message.endswith("so this Deny denies nothing")
    assert (beside.rule, str(beside.severity)) == ("GEN014", "low")


@pytest.mark.parametrize(
    ("resource", "variable"),
    [
        ("arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}", "${aws:PrincipalAccount}"),
        ("arn:aws:s3:${aws:RequestedRegion}:*:b", "${aws:RequestedRegion}"),
        ("${aws:PrincipalArn}", "${aws:PrincipalArn}"),
        ("arn:aws:iam::*:user/${aws:username}", ""),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/a:b/${aws:username}", ""),
        ("arn:aws:iam::${account}:user/a", ""),
        ("arn:aws:iam::${AWS::AccountId}:user/a", ""),
    ],
)
def test_variables_stand_after_the_fifth_colon_of_a_resource(resource: str, variable: str) -> None:
    """A variable before it is told of as that, and not as something its colons make of it."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    told = [f for f in judge(found(allow)).findings if f.rule in ("GEN008", "GEN022")]

    assert [f.rule for f in told] == (["GEN022"] if variable else [])
    assert all(f"`{variable}` may not stand here" in f.message for f in told)


def test_what_gets_through_is_said() -> None:
    """The message names the actions that the hole is on, and no others."""
    several = statement("Deny", BOOL, Action=["s3:*", "ec2:RunInstances", "iam:GetUser"])
    closed = statement("Deny", NULL, Action="s3:*")
    (finding,) = (
        mine(found(several, closed), at_least=Severity.CRITICAL)
        or mine(found(several, closed), at_least=Severity.HIGH)[:1]
    )

    assert finding.rule == "GEN010"
    assert finding.message.endswith("an access key without MFA from calling `ec2:RunInstances`")


def test_a_trust_policy_that_allows_only_with_mfa_has_no_hole_in_its_deny() -> None:
    """A Deny of old MFA beside an Allow "with MFA" lets nobody in; beside one without, it does."""
    who = {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
    old = {"Effect": "Deny", **who, "Condition": OLD}
    allow = {"Effect": "Allow", **who}

    assert rules(found({**allow, "Condition": WITH_MFA}, old, kind="trust")) == []
    assert rules(found(allow, old, kind="trust")) == ["GEN012"]


def test_trust_in_services_and_federation_is_not_about_mfa() -> None:
    """Conditions on MFA are judged only where a statement is about principals of IAM."""
    who = {"Federated": "arn:aws:iam::111122223333:saml-provider/idp"}
    block = {"BoolIfExists": {FLAG: "true"}, "StringEquals": {"saml:aud": "x"}}
    each = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRoleWithSAML"}

    assert rules(found({**each, "Condition": block}, kind="trust")) == []


@pytest.mark.parametrize("kind", ["scp", "rcp", "resource"])
def test_advice_for_what_binds_roles_leaves_roles_out(kind: Kind) -> None:
    """`BoolIfExists` where roles are bound too comes with a condition that only users meet."""
    who: dict[str, Any] = {} if kind == "scp" else {"Principal": "*"}
    (finding,) = mine(found({**statement("Deny", BOOL), **who}, kind=kind))
    users = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}
    (scoped,) = mine(found({**statement("Deny", BOOL | users), **who}, kind=kind))

    assert "arn:aws:iam::*:user/*" in finding.fix
    assert scoped.fix == "write `BoolIfExists` in place of `Bool`"


def test_what_is_bound_to_roles_alone_is_about_roles() -> None:
    """Of a role's own permissions only the rule about roles speaks; of a shared policy, all do."""
    deny = statement("Deny", BOOL)
    user, role = frozenset({"user", "role"}), frozenset({"role"})

    assert rules(found(deny, holders=role)) == ["GEN024"]  # type: ignore[arg-type]
    assert rules(found(deny, holders=user)) == ["GEN010", "GEN024"]  # type: ignore[arg-type]
    assert rules(found(deny)) == ["GEN010"]


def test_taking_the_condition_off_a_deny_is_no_advice() -> None:
    """A Deny on a role is to be taken out whole: without its condition it would stop everybody."""
    role = frozenset({"role"})
    (finding,) = mine(found(statement("Deny", BOOL_IF_EXISTS), holders=role))  # type: ignore[arg-type]

    assert finding.fix.startswith("take the statement out")


@pytest.mark.parametrize("key", ["aws:MultiFactorAuthPresnt", "aws:MFAPresent"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_misspelt_keys_are_not_put_right_before_enrolment(key: str, effect: str) -> None:
    """The right key on an Allow of enrolment would lock people out: the condition has to go."""
    enrol = statement(effect, {"BoolIfExists": {key: "true"}}, Action="iam:EnableMFADevice")
    (finding,) = mine(found(enrol))

    assert finding.rule == "GEN018"
    assert finding.fix.startswith("take the ")
    assert "MultiFactorAuth" not in finding.fix


@pytest.mark.parametrize(
    "key",
    [
        "saml:aud",
        "SAML:sub_type",
        "accounts.google.com:sub",
        "token.actions.githubusercontent.com:sub",
        "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub",
        "idp.example.com:mfa",
        "idp.example.com/realms/mfa:multiFactorAuth",
        "cognito-identity.amazonaws.com:aud",
        "aws:PrincipalTag/MFA",
        "aws:RequestTag/multi-factor-auth-present",
        "aws:SourceOwner",
        "AWS:SourceArn",
        "kms:EncryptionContext:mfa",
        "codebuild:secondarySources/x.location",
        "s3:ExistingObjectTag/age",
        "company:whatever",
    ],
)
def test_keys_that_may_well_exist_are_no_findings(key: str) -> None:
    """Keys of identity providers, of tags, and of services we know nothing of are left alone."""
    assert rules(found(statement("Allow", {"StringEquals": {key: "a"}}))) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("aws:MultiFactorAuthPresnt", FLAG),
        ("aws:MultiFactorAuth", FLAG),
        ("aws:MultiFactorAuthenticationPresent", FLAG),
        ("aws:MFAPresent", FLAG),
        ("sts:MultiFactorAuthPresent", FLAG),
        ("iam:MultiFactorAuthPresent", FLAG),
        ("MultiFactorAuthPresent", FLAG),
        ("aws:MultiFactorAuthPresent ", FLAG),
        ("aws:multi-factor-auth-present", FLAG),
        ("aws:MultifactorAuthAges", AGE),
        ("aws:MFAAge", AGE),
    ],
)
def test_made_up_names_are_put_right(key: str, meant: str) -> None:
    """Names that people give the keys of MFA lead to the key that there is."""
    (finding,) = mine(found(statement("Deny", {"Bool": {key: "false"}})))

    assert (finding.rule, finding.fix) == ("GEN018", f"write `{meant}`")
    assert "everybody without MFA gets through" in finding.message


def test_values_that_nobody_has_read_are_not_judged() -> None:
    """A condition with a value that a template fills in later has no findings."""
    deny = statement("Deny", BOOL)
    place = ("Statement", 0, "Condition", "Bool", FLAG)

    assert rules(found(deny)) == ["GEN010"]
    assert rules(found(deny, not_read=(place,))) == []


def test_yaml_needs_no_quotation_marks() -> None:
    """A value without quotation marks is a finding in JSON and none in YAML."""
    data = loads(json.dumps({"Version": "2012-10-17", "Statement": [statement("Allow", {})]}))
    data["Statement"][0]["Condition"] = {"NumericLessThan": {AGE: loads("3600")}}
    text = json.dumps(data)
    made = partial(Found, file="-", kind="identity", data=data)

    yaml = Positions(text)
    yaml.form = "yaml"

    assert is_number(data["Statement"][0]["Condition"]["NumericLessThan"][AGE])
    assert rules(made(source=partial(Positions, text))) == ["GEN023"]
    assert rules(made(source=lambda: yaml)) == []


def test_variables_of_other_tools_are_not_those_of_policies() -> None:
    """What Terraform and shells write with a dollar sign is no policy variable."""
    own, template = "arn:aws:iam::*:user/${aws:username}", "arn:aws:s3:::${bucket}"
    each = {"Effect": "Allow", "Action": "s3:*"}

    assert rules(found({**each, "Resource": own}, version="2008-10-17")) == ["GEN006"]
    assert rules(found({**each, "Resource": template}, version="2008-10-17")) == []
