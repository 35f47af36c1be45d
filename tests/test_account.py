"""Users of an account with everything they have: verdicts, reasons, and the laws behind them."""

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.account.audit import audit_dump
from generator.account.papers import Papers
from generator.account.permissions import Held, Permissions
from generator.account.probes import HARMLESS, probes
from generator.decider import Decider
from generator.flows import CALLS
from generator.grammar import parse_policy
from generator.policy import Patterns
from generator.request import Decision
from generator.rules.accounts import RULES, Member
from generator.states import ANOTHER
from generator.verdicts import KINDS, SOMETHING, enrolment, first_login, work_without_mfa

ROOT = Path(__file__).parent.parent
DUMPS = Path(__file__).parent / "dumps"
TEAM = json.loads((DUMPS / "team.json").read_text(encoding="utf-8"))
ACCOUNT = "111122223333"
ME = f"arn:aws:iam::{ACCOUNT}:user/"
BEST = ("open", "depends", "not_granted", "denied")
Json = dict[str, Any]

# Small, so that what one document allows another denies; every pattern has actions of its own.
ACTIONS = (
    *("iam:ChangePassword", "iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "iam:GetUser"),
    *("iam:*", "iam:List*", "iam:*MFADevice*", "iam:CreateUser", "sts:AssumeRole", "sts:*"),
    *("*", "ec2:*", "ec2:RunInstances", "s3:Get*", "s3:*Object", "s3:PutObject", "S3:listbucket"),
)
RESOURCES = (
    "*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:iam::*:user/carol",
    "arn:aws:iam::*:user/*",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/${aws:username}/*",
)
CONDITIONS: tuple[Json, ...] = (
    {},
    {},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthPresent": "true"}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringEquals": {"aws:username": "carol"}},
    {"ArnLike": {"aws:PrincipalArn": f"{ME}team/*"}},
    {"StringEquals": {"iam:RegisterSecurityKey": "Create"}},
    {"StringEquals": {"iam:FIDO-certification": "L2"}},
)
# Names are unique in an account, whatever the path.
NAMES = ("carol", "bob", "team/alice", "team/bob", "a/b/dave")
# What the patterns above can tell apart, without MFA's own actions.
ASKED = (
    *("iam:createuser", "iam:listroles", "iam:listmfadevicetags", "iam:tagmfadevice"),
    *("iam:getrole", "iam:deactivatemfadevice", "sts:getfederationtoken"),
    *("ec2:runinstances", "ec2:other", "s3:getobject", "s3:getother", "s3:putobject"),
    *("s3:otherobject", "s3:listbucket", "s3:other", "unnamed:action"),
)


def some(items: tuple[Any, ...], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(items), min_size=1, max_size=most, unique_by=str)


@st.composite
def documents(draw: st.DrawFn) -> Json:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        s: Json = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Deny")))}
        s[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(some(ACTIONS, 4))
        resource = draw(st.sampled_from(("Resource", "Resource", "NotResource")))
        s[resource] = draw(some(RESOURCES, 2))
        if condition := draw(st.sampled_from(CONDITIONS)):
            s["Condition"] = condition
        found.append(s)
    return {"Version": draw(st.sampled_from(("2012-10-17", "2008-10-17"))), "Statement": found}


def things(name: str) -> list[str]:
    """Resources that the patterns above can tell apart."""
    bare = name.rpartition("/")[2]
    return [
        SOMETHING.format("aws", ACCOUNT),
        *(f"{ME}{who}" for who in (name, "carol", ANOTHER, f"x/{ANOTHER}")),
        f"arn:aws:iam::{ACCOUNT}:mfa/x",
        *(f"arn:aws:s3:::bucket/{key}" for key in ("x", f"{bare}/x")),
    ]


def plainly(decider: Decider, hopeful: Decider, name: str, state: Any) -> set[str]:
    """The outcomes of everything that can be asked, of all documents together.

    `hopeful` has no Denies: what that does not allow does not depend on anything.
    """
    found: set[str] = set()
    for action in ASKED:
        for thing in things(name):
            decision = decider.decide(action, thing, state)
            if isinstance(decision, Decision):
                found.add(decision.outcome)
            elif hopeful.is_allowed(action, thing, state) is not False:
                found.add("depends")
    return found


def without_denies(document: Json) -> Json:
    return {**document, "Statement": [s for s in document["Statement"] if s["Effect"] == "Allow"]}


@given(
    st.lists(documents(), min_size=1, max_size=4),
    st.none() | documents(),
    st.sampled_from(NAMES),
    st.booleans(),
)
@settings(max_examples=200)
def test_document_by_document_is_all_together(
    held: list[Json], limit: Json | None, name: str, change_password: bool
) -> None:
    """
    What is put together from single documents equals the verdicts of all of them evaluated at once,
    for the user as it is called.
    """
    everything = [*held, *([limit] if limit else [])]
    papers = Papers(everything, partition="aws", account=ACCOUNT, change_password=change_password)
    permissions = Permissions(papers)
    boundary = len(held) if limit else None
    found = permissions.outcome(Held(frozenset(range(len(held))), boundary), name)
    who = papers.nobody.user_called(name)
    decider = papers.decider(
        [papers[i] for i in range(len(held))], papers[boundary] if boundary else None, who
    )

    allowing = Papers(
        [without_denies(d) for d in everything],
        partition="aws",
        account=ACCOUNT,
        change_password=change_password,
    )
    hopeful = allowing.decider(
        [allowing[i] for i in range(len(held))], allowing[boundary] if boundary else None, who
    )
    assert found.first_login == first_login(decider)
    assert found.enrolment == min((enrolment(decider, k) for k in KINDS), key=BEST.index)
    for state, through in (("key", found.key), ("console", found.console)):
        outcomes = plainly(decider, hopeful, name, state)
        if "allowed" in outcomes:
            assert through.verdict == "open"
        elif "depends" in outcomes:
            assert through.verdict == "depends"
        else:
            assert through.verdict in ("denied", "not_granted")
        if through.verdict == "denied":
            assert work_without_mfa(decider, state) == "denied"  # type: ignore[arg-type]


@given(st.lists(documents(), min_size=1, max_size=3), st.sampled_from(NAMES))
@settings(max_examples=100)
def test_what_is_open_is_let_through_by_the_statement_named(held: list[Json], name: str) -> None:
    """
    Whatever a verdict says gets through is covered by the statement it names, an Allow.
    """
    papers = Papers(held, partition="aws", account=ACCOUNT, change_password=False)
    found = Permissions(papers).outcome(Held(frozenset(range(len(held)))), name)
    for through in (found.key, found.console):
        if through.verdict == "open":
            statement = papers[through.document].statements[through.statement]
            assert statement.effect.value == "Allow"
            assert through.action.lower() not in HARMLESS


@given(documents(), st.permutations(NAMES))
@settings(max_examples=60)
def test_names_that_do_not_matter_share_an_answer(document: Json, names: list[str]) -> None:
    """
    Asked after any others, a user gets the answer that the user alone would get.
    """
    held = Held(frozenset({0}))

    def fresh() -> Permissions:
        return Permissions(
            Papers([document], partition="aws", account=ACCOUNT, change_password=False)
        )

    together = fresh()
    assert [together.outcome(held, n) for n in names] == [fresh().outcome(held, n) for n in names]


def members(data: Json, **options: Any) -> dict[str, Member]:
    with audit_dump(io.BytesIO(json.dumps(data).encode()), label="d", **options) as found:
        return {row.member.name: row.member for row in found.rows}


def test_verdicts_of_the_sample() -> None:
    """
    First sign-in, enrolment, access key and console of every user of the sample dump.
    """
    found = {
        m.name: (m.first_login, m.enrolment, m.access_key_without_mfa, m.console_without_mfa)
        for m in members(TEAM).values()
    }

    assert found == {
        "alice": ("locked_out", "open", "denied", "denied"),
        "bob": ("not_granted", "not_granted", "open", "open"),
        "carol": ("open", "not_granted", "open", "open"),
        "dave": ("not_granted", "not_granted", "not_granted", "not_granted"),
        "erin": ("open", "open", "open", "open"),
        "frank": ("open", "open", "denied", "denied"),
    }


def test_reasons_name_statement_policy_and_group() -> None:
    """
    A lockout and a way round say which statement of which policy, and how it comes to the user.
    """
    found = members(TEAM)

    assert found["alice"].lockout == (
        "statement `DenyAllExceptListedIfNoMFA` of policy team/ForceMfa, attached to group "
        "developers, denies `iam:ChangePassword`"
    )
    assert found["dave"].lockout == (
        "statement `ChangeOwnPassword` of policy OwnPassword, attached to group readers, allows "
        "`iam:ChangePassword` to users without a path, and this one has `/staff/`"
    )
    assert found["bob"].lockout == "no policy of the user allows `iam:ChangePassword`"
    assert found["erin"].bypass == (
        "Statement[0] of policy AdministratorAccess, attached to the user, allows "
        "`ec2:RunInstances` with an access key without MFA and a console session without MFA"
    )
    assert found["frank"].lockout == found["frank"].bypass == ""


def test_a_boundary_limits_and_denies() -> None:
    """
    A boundary takes away what it does not allow, and its Deny locks out and is named.
    """
    data = copy.deepcopy(TEAM)
    limit = data["Policies"][4]["PolicyVersionList"][0]["Document"]["Statement"]
    limit[0]["Action"] = ["logs:*"]
    assert members(data)["carol"].first_login == "not_granted"
    assert members(data)["carol"].access_key_without_mfa == "not_granted"
    limit.append({"Effect": "Deny", "Action": "iam:Change*", "Resource": "*"})
    assert members(data)["carol"].lockout == (
        "Statement[1] of the permissions boundary team/Limit denies `iam:ChangePassword`"
    )


def test_a_boundary_that_does_not_allow_is_named() -> None:
    """
    Where a policy or the account allows ChangePassword and the boundary does not, that is said.
    """
    data = copy.deepcopy(TEAM)
    statement = data["Policies"][4]["PolicyVersionList"][0]["Document"]["Statement"][0]
    statement["Action"] = ["logs:*"]
    said = "the permissions boundary team/Limit does not allow `iam:ChangePassword`"

    assert members(data)["carol"].lockout == said
    policy = '{"AllowUsersToChangePassword": true}', "p.json"
    assert members(data, password_policy=policy)["carol"].lockout == said


@pytest.mark.parametrize("what", ["Policies", "GroupDetailList"])
def test_what_is_missing_is_not_guessed(what: str) -> None:
    """
    Where a policy or a group of a user is not in the dump, what it might deny is not judged, and
    what the rest denies still is.
    """
    data = copy.deepcopy(TEAM)
    data[what] = [x for x in data[what] if x["Arn"].endswith(("/ForceMfa", "group/developers"))]
    found = members(data)

    assert {found[n].first_login for n in ("bob", "frank")} == {"not_judged"}
    assert found["bob"].access_key_without_mfa == "not_judged"
    assert found["alice"].first_login == "locked_out"
    assert found["alice"].access_key_without_mfa == "denied"


def test_a_document_that_cannot_be_read_is_a_problem_of_its_users() -> None:
    """
    A policy that IAM's grammar does not allow leaves its users not judged, and says so.
    """
    data = copy.deepcopy(TEAM)
    data["Policies"][2]["PolicyVersionList"][0]["Document"]["Statement"][0]["Effect"] = "Maybe"
    with audit_dump(io.BytesIO(json.dumps(data).encode()), label="d") as found:
        bob = next(row for row in found.rows if row.user.name == "bob")
    assert bob.member.first_login == "not_judged"
    assert bob.problems == ("policy Servers attached to group operators cannot be read",)


def test_permission_sets_are_counted_once() -> None:
    """
    Users with the same policies are one set of permissions, however many they are.
    """
    data = copy.deepcopy(TEAM)
    more = [
        {**data["UserDetailList"][0], "UserName": f"u{i}", "Arn": f"{ME}u{i}"} for i in range(20)
    ]
    data["UserDetailList"] += more
    with audit_dump(io.BytesIO(json.dumps(data).encode()), label="d") as found:
        assert len(found.rows) == 26
        assert found.permission_sets == 6


def test_roles_and_who_can_assume_them() -> None:
    """
    A role that trusts the account without MFA is open, and says whom it trusts and with what.
    """
    with audit_dump(DUMPS / "team.json") as found:
        roles = {role.name: (role.trust_without_mfa, role.how) for role in found.roles}
    assert roles == {
        "build": ("refused", ""),
        "deploy": (
            "open",
            f"statement `Trust` trusts `arn:aws:iam::{ACCOUNT}:root` with an access key without "
            "MFA",
        ),
        "operate": ("refused", ""),
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_of_account_rules(rule: Any) -> None:
    """
    Each rule fires on its example, at a user, and no account rule does on its nearest neighbour.
    """
    folder = ROOT / "generator/rules/examples" / rule.id
    with audit_dump(folder / "fires.json") as found:
        assert [f.rule for f in found.findings] == [rule.id]
        assert found.findings[0].line > 1
        assert not found.errors
    with audit_dump(folder / "quiet.json") as found:
        assert not found.findings
        assert not found.errors
    assert rule.title
    assert rule.why
    assert rule.fix


def test_severity_follows_what_is_known() -> None:
    """
    A lockout is critical for who has never signed in, less sure without a report, and none for who
    has no password or has a device.
    """
    rule = RULES[0]
    locked: Json = {"name": "alice", "first_login": "locked_out", "lockout": "x"}

    def hits(**known: Any) -> list[tuple[str, str]]:
        found = rule.check(Member(**locked, **known))
        return [(str(h.severity or rule.severity), h.confidence or "high") for h in found]

    assert hits() == [("critical", "medium")]
    assert hits(has_password=True, has_device=False, password_used=False) == [("critical", "high")]
    assert hits(has_password=True, has_device=False, password_used=True) == [("high", "medium")]
    assert hits(has_password=False) == []
    assert hits(has_password=True, has_device=True) == []


def test_who_may_not_set_a_password_is_found_if_it_is_sure() -> None:
    """
    A user whom nothing allows to set a password is a finding as soon as the password policy is
    known, less sure without a report, and none for who has no password or has a device.
    """
    rule = next(rule for rule in RULES if rule.id == "GEN095")

    def hits(**known: Any) -> list[tuple[str, str]]:
        member: Json = {"name": "a", "first_login": "not_granted", "password_policy_known": True}
        found = rule.check(Member(**(member | known)))
        return [(str(h.severity or rule.severity), h.confidence or "high") for h in found]

    assert hits(has_password=True, has_device=False) == [("high", "high")]
    assert hits(has_password=True, has_device=False, password_used=True) == [("low", "medium")]
    assert hits() == [("low", "low")]
    assert hits(has_password=False) == hits(has_password=True, has_device=True) == []
    assert hits(has_password=True, password_policy_known=False) == []
    assert hits(has_password=True, first_login="open") == hits(root=True) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", (True, "not_granted", ["GEN095"])),
        (
            '{"PasswordPolicy": {"AllowUsersToChangePassword": false}}',
            (True, "not_granted", ["GEN095"]),
        ),
        ('{"PasswordPolicy": {"AllowUsersToChangePassword": true}}', (True, "open", [])),
        ("[]", (False, "not_granted", [])),
        ("", (False, "not_granted", [])),
    ],
)
@pytest.mark.parametrize("inside", [False, True], ids=["a file", "a further page"])
def test_password_policy_is_known(text: str, expected: Any, inside: bool) -> None:
    """
    Given, in the dump, or `none`, it settles a user without policies; unreadable, it says nothing.
    """
    dump = json.dumps({"UserDetailList": [{"UserName": "dave", "Arn": f"{ME}dave"}]})
    if inside and text.startswith("{"):
        dump, text = dump + text, ""
    policy = (text, "p.json") if text else None
    with audit_dump(io.BytesIO(dump.encode()), label="d", password_policy=policy) as found:
        (row,) = found.rows
        rules = [f.rule for f in found.findings]
        assert (found.password_policy_known, row.member.first_login, rules) == expected
        assert bool(found.errors) == (text == "[]")


def test_findings_of_people_read_as_others_do() -> None:
    """
    A fix has no full stop, and a message does not say again whom the finding names.
    """
    report = (DUMPS / "report.csv").read_text(encoding="utf-8"), "report.csv"
    with audit_dump(
        DUMPS / "team.json", credential_report=report, password_policy=("none", "-")
    ) as found:
        assert len({f.rule for f in found.findings}) > 3
        for f in found.findings:
            assert not f.fix.endswith(".")
            assert f.document.partition(" ")[2] not in f.message
            assert f.document.startswith(("user ", "root user"))


def own_policies() -> list[Any]:
    """Everything this program renders for users, and what it attaches beside."""
    return sorted((ROOT / "out").glob("*/user-policy.json"))


@pytest.mark.parametrize("path", own_policies(), ids=lambda path: path.parent.name)
def test_our_own_policies_raise_no_finding(path: Path) -> None:
    """
    A user with a rendered policy, a password, a key and no device is no finding, whatever the path.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(document)
    partition = "aws-cn" if "aws-cn" in text else "aws-us-gov" if "aws-us-gov" in text else "aws"
    start = f"arn:{partition}:iam::{ACCOUNT}:user"
    dump = {
        "UserDetailList": [
            {
                "UserName": name,
                "Arn": f"{start}{place}{name}",
                "UserPolicyList": [{"PolicyName": "Mfa", "PolicyDocument": document}],
            }
            for name, place in (("alice", "/"), ("bob", "/team/"))
        ]
    }
    rows = "".join(
        f"{u['UserName']},{u['Arn']},true,no_information,false,true\n"
        for u in dump["UserDetailList"]
    )
    report = "user,arn,password_enabled,password_last_used,mfa_active,access_key_1_active\n" + rows
    given_ = io.BytesIO(json.dumps(dump).encode())
    with audit_dump(given_, label="d", credential_report=(report, "r")) as found:
        assert [f.message for f in found.findings] == []
        assert not found.errors
        assert {row.member.has_key for row in found.rows} == {True}
        assert {row.member.has_password for row in found.rows} == {True}


def test_nothing_of_enrolment_counts_as_work() -> None:
    """
    Calls of sign-in and enrolment are harmless, and no probe asks for one.
    """
    s = parse_policy(
        {"Statement": {"Effect": "Allow", "Action": ["iam:*", "iam:List*", "*"], "Resource": "*"}}
    ).statements[0]
    asked = {p.action for p in probes(s, ["iam:enablemfadevice", "iam:get*", "iam:createuser"])}

    assert "iam:createuser" in asked
    assert "iam:listroles" in asked
    assert not asked & {call.action.lower() for call in CALLS if call.before_mfa}
    assert not asked & HARMLESS
    assert s.actions == Patterns(("iam:*", "iam:List*", "*"))
