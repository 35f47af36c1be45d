"""Rules about texts, names and Allows: what they find, where, and what they leave alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.audit.judge import judge
from generator.found import Found
from generator.grammar import loads
from generator.positions import Place, Positions
from generator.rules import allows, elements, names, self_service, texts
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from tests.strategies import documents

MODULES = (texts, elements, names, allows, self_service)
RULES: list[Rule] = sorted((r for module in MODULES for r in module.RULES), key=lambda r: r.id)
OWN = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ENROL = ["iam:ChangePassword", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]
KINDS = ("identity", "trust", "resource", "boundary", "scp", "rcp", "session")
Expected = list[tuple[str, Place]]


def found(data: Any, kind: Any = "identity", **further: Any) -> Found:
    """A document that stands nowhere else."""
    text = json.dumps(data)
    return Found(file="-", kind=kind, data=loads(text), source=lambda: Positions(text), **further)


def document(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any, resource: Any, **further: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **further}


def deny(not_action: Any, **further: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "NotAction": not_action, "Resource": "*", **further}


def hits(data: Any, kind: Any = "identity", **further: Any) -> list[tuple[str, Hit]]:
    """What the rules of these modules say of a document, in the order of their ids."""
    subject = Subject(found(data, kind, **further))
    return [(rule.id, hit) for rule in RULES for hit in rule.check(subject)]


def at(*path: str | int, statement: int = 0) -> Place:
    return ("Statement", statement, *path)


SELF = allow(["iam:ChangePassword", "iam:GetUser"], OWN)
CASES: dict[str, tuple[Any, Expected]] = {
    "operator-misspelt": (
        document(deny(ENROL, Condition={"BoolIfExist": NO_MFA["BoolIfExists"]})),
        [("GEN001", at("Condition", "BoolIfExist"))],
    ),
    "action-and-not-action": (
        document({**deny(ENROL), "Action": "*"}),
        [("GEN001", at("Action"))],
    ),
    "no-effect": (document({"Action": "*", "Resource": "*"}), [("GEN001", at())]),
    "element-unknown": (document({**SELF, "Resources": "*"}), [("GEN001", at("Resources"))]),
    "version-and-statement": (
        document(SELF, {**SELF, "Effect": "deny"}, version="2012-10-18"),
        [("GEN001", at("Effect", statement=1)), ("GEN001", ("Version",))],
    ),
    "no-statements": (document(), [("GEN001", ("Statement",))]),
    "not-a-document": ([1, 2], [("GEN001", ())]),
    "key-twice-in-two-cases": (
        document(deny(ENROL, Condition={"Bool": {"aws:A": "1", "AWS:a": "2"}})),
        [("GEN002", at("Condition", "Bool", "AWS:a"))],
    ),
    "key-once-under-two-operators": (
        document(deny(ENROL, Condition={"Bool": {"aws:A": "1"}, "Null": {"AWS:a": "true"}})),
        [],
    ),
    "sid-twice": (
        document({"Sid": "A", **SELF}, {"Sid": "B", **SELF}, {"Sid": "A", **SELF}),
        [("GEN003", at("Sid", statement=2))],
    ),
    "no-sids-and-empty-sids": (document(SELF, SELF, {"Sid": "", **SELF}, {"Sid": "", **SELF}), []),
    "sid-with-a-blank": (document({"Sid": "Own user", **SELF}), [("GEN004", at("Sid"))]),
    "sid-with-a-foreign-digit": (document({"Sid": "A\u0662", **SELF}), [("GEN004", at("Sid"))]),
    "value-outside-latin-1": (
        document(allow("s3:GetObject", "arn:aws:s3:::b/\u6771")),
        [("GEN004", at("Resource"))],
    ),
    "value-in-latin-1": (document(allow("s3:GetObject", "arn:aws:s3:::b/\u00e9")), []),
    "principal-in-identity": (
        document({**SELF, "Principal": {"AWS": "*"}}),
        [("GEN007", at("Principal"))],
    ),
    "no-resource": (
        document({"Effect": "Allow", "Action": "iam:GetUser"}),
        [("GEN007", at())],
    ),
    "arn-with-region": (
        document(allow("iam:GetRole", ["*", "arn:aws:iam:us-east-1:111122223333:role/a"])),
        [("GEN008", at("Resource", 1))],
    ),
    "arn-short-account": (
        document(allow("iam:GetRole", "arn:aws:iam::1234:role/a")),
        [("GEN008", at("Resource"))],
    ),
    "arn-of-no-kind": (
        document(allow("iam:GetRole", "arn:aws:iam::*:roles/a")),
        [("GEN008", at("Resource")), ("GEN051", at("Action"))],
    ),
    "no-arn": (document(allow("s3:GetObject", "my-bucket/*")), [("GEN008", at("Resource"))]),
    "arns-that-are-right": (
        document(
            allow("iam:GetRole", ["arn:aws:iam::*", "arn:aws:iam::*:*", "arn:aws:iam::*:r*"]),
            allow("sts:AssumeRoot", "arn:aws:iam::111122223333:root"),
            allow("iam:GetPolicy", "arn:aws:iam::aws:policy/job-function/*"),
            allow("ec2:RunInstances", "arn:aws:ec2:us-east-1:*:instance/*"),
            allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
        ),
        [],
    ),
    "action-without-service": (
        document(allow(["iam:GetUser", "ChangePassword"], OWN)),
        [("GEN009", at("Action", 1))],
    ),
    "service-with-wildcard": (document(allow("s*:Get*", "*")), [("GEN009", at("Action"))]),
    "any-service": (document(allow("*:ChangePassword", OWN)), [("GEN009", at("Action"))]),
    "everything-with-a-colon": (document(allow("*:*", "*")), []),
    "action-misspelt": (
        document(allow(["iam:GetUser", "iam:ChangePasswords"], OWN)),
        [("GEN050", at("Action", 1))],
    ),
    "pattern-of-nothing": (document(allow("iam:Mfa*", "*")), [("GEN050", at("Action"))]),
    "names-in-any-case": (document(allow(["IAM:getuser", "iam:*Virtual*", "S3:*"], "*")), []),
    "list-on-own-user": (
        document(SELF, allow("iam:ListUsers", OWN)),
        [("GEN051", at("Action", statement=1))],
    ),
    "device-deleted-on-user": (
        document(allow("iam:DeleteVirtualMFADevice", OWN, Condition=MFA)),
        [("GEN051", at("Action"))],
    ),
    "resources-mixed": (
        document(
            allow(
                ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
                [*OWN, "arn:aws:iam::*:mfa/*"],
            )
        ),
        [],
    ),
    "resources-that-may-be": (
        document(
            allow("iam:ListMFADevices", "*"),
            allow("iam:GetUser", "arn:aws:iam::*:*"),
            allow("sts:AssumeRole", "arn:aws:iam::111122223333:role/team/*"),
            allow("sts:TagSession", "arn:aws:iam::111122223333:user/*"),
            allow("sts:GetSessionToken", OWN),
            allow("iam:PassRole", "arn:aws:iam::*:role/${aws:PrincipalTag/role}"),
        ),
        [],
    ),
    "path-missed": (document(allow(ENROL[0], OWN[0])), [("GEN055", at("Resource"))]),
    "path-missed-in-several": (
        document(
            allow("iam:GetUser", OWN[0]),
            allow(ENROL[0], OWN[0]),
            allow("iam:ListMFADevices", ["*", OWN[0]]),
            allow("iam:ListSSHPublicKeys", OWN[0]),
        ),
        [("GEN055", at("Resource", statement=1))],
    ),
    "path-in-another-statement": (document(allow(ENROL[0], OWN[0]), allow(ENROL[0], OWN[1])), []),
    "path-known": (document(allow(ENROL[0], "arn:aws:iam::*:user/team/${aws:username}")), []),
    "path-in-a-wider-one": (document(allow("iam:GetUser", [OWN[0], "arn:aws:iam::*:user/*"])), []),
    "u2f": (
        document(allow("iam:EnableMFADevice", [*OWN, "arn:aws:iam::*:u2f/${aws:username}"])),
        [("GEN056", at("Resource", 2))],
    ),
    "overview": (
        document(SELF, allow(["iam:ListUsers", "iam:ListVirtualMFADevices"], "*")),
        [("GEN057", at("Action", 0, statement=1))],
    ),
    "overview-with-mfa": (document(SELF, allow("iam:ListUsers", "*", Condition=MFA)), []),
    "overview-denied": (document(SELF, allow("iam:List*", "*"), deny(ENROL, Condition=NO_MFA)), []),
    "overview-of-somebody-who-reads": (document(allow(["iam:List*", "iam:Get*"], "*")), []),
    "keys-of-everybody": (
        document(SELF, allow("iam:*AccessKey*", "*", Condition=MFA)),
        [("GEN058", at("Resource", statement=1))],
    ),
    "keys-under-a-path": (
        document(SELF, allow("iam:CreateAccessKey", "arn:aws:iam::*:user/team/*", Condition=MFA)),
        [("GEN058", at("Resource", statement=1))],
    ),
    "keys-of-one-under-any-path": (
        document(
            allow(
                ["iam:ChangePassword", "iam:EnableMFADevice"],
                ["arn:aws:iam::111122223333:user/carol", "arn:aws:iam::111122223333:user/*/carol"],
            )
        ),
        [],
    ),
    "devices-of-everybody": (
        document(allow(ENROL, "*")),
        [("GEN058", at("Resource"))],
    ),
    "own-password-on-everybody": (document(allow(["iam:ChangePassword", "iam:GetUser"], "*")), []),
    "administrator": (document(SELF, allow("iam:*", "*")), []),
    "help-desk": (
        document(allow(["iam:UpdateLoginProfile", "iam:DeactivateMFADevice"], "*")),
        [],
    ),
    "not-action": (
        document({"Effect": "Allow", "NotAction": "billing:*", "Resource": "*"}),
        [("GEN059", at("NotAction"))],
    ),
    "not-resource": (
        document({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"}),
        [("GEN060", at("NotResource"))],
    ),
    "device-removed": (
        document(SELF, allow(["iam:GetUser", "iam:DeactivateMFADevice"], OWN)),
        [("GEN061", at("Action", 1, statement=1))],
    ),
    "device-removed-beside-a-deny": (
        document(SELF, allow("iam:DeactivateMFADevice", OWN), deny(ENROL, Condition=NO_MFA)),
        [],
    ),
    "password-set": (
        document(SELF, allow("iam:*LoginProfile", OWN)),
        [("GEN062", at("Action", statement=1))],
    ),
    "all-of-iam-on-own-user": (document(allow("iam:*", OWN)), [("GEN063", at("Action"))]),
    "everything-on-own-user": (
        document(allow("iam:*User*", OWN)),
        [("GEN063", at("Action"))],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rules_say_this_and_nothing_else(name: str) -> None:
    """Each case has the findings that are written down for it, at their places, and no others."""
    data, expected = CASES[name]

    assert [(rule, hit.place) for rule, hit in hits(data)] == expected


def test_places_of_hits_exist() -> None:
    """A finding stands at something that the document has, so that it has a line."""
    for data, _ in CASES.values():
        for _, hit in hits(data):
            value: Any = data
            for key in hit.place:
                value = value[key]


@pytest.mark.parametrize(
    ("data", "kind", "further", "expected"),
    [
        (document({"Sid": "A b", "Effect": "Allow", "Action": "s3:*"}), "resource", {}, []),
        (document({**SELF, "Principal": "*"}), "scp", {}, ["GEN007"]),
        (document({"Effect": "Allow", "Action": "s3:*"}), "boundary", {}, ["GEN007"]),
        (document(allow("sts:AssumeRole", "*", Principal="*")), "trust", {}, ["GEN007"]),
        (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "trust", {}, ["GEN007"]),
        (document(allow("iam:GetUser", OWN)), "identity", {"partition": "aws-cn"}, ["GEN008"]),
        (
            document(allow("iam:GetUser", [*OWN, OWN[0].replace("aws:", "aws-cn:", 1)])),
            "identity",
            {"partition": "aws-cn"},
            [],
        ),
        (document(allow("iam:GetUser", "arn:*:iam::*:user/a")), "session", {"partition": "x"}, []),
        (document({"Effect": "Allow", "NotAction": "a:*", "Resource": "*"}), "boundary", {}, []),
        (document(allow("iam:*", OWN)), "identity", {"holders": frozenset({"role"})}, []),
    ],
)
def test_kinds_of_documents_differ(
    data: Any, kind: Any, further: dict[str, Any], expected: list[str]
) -> None:
    """What a document is decides which elements it may have, and whom it is about."""
    told = [rule for rule, _ in hits(data, kind, **further) if rule not in ("GEN050", "GEN055")]

    assert told == expected


@pytest.mark.parametrize(
    ("size", "kind", "further", "expected"),
    [
        (6145, "identity", {}, ("high", "medium")),
        (6144, "identity", {}, None),
        (10241, "identity", {}, ("high", "high")),
        (6145, "identity", {"form": "managed"}, ("high", "high")),
        (6145, "boundary", {}, ("high", "high")),
        (2049, "identity", {"form": "inline", "holders": frozenset({"user"})}, ("high", "high")),
        (2049, "identity", {"form": "inline", "holders": frozenset({"group"})}, None),
        (5121, "identity", {"form": "inline", "holders": frozenset({"group"})}, ("high", "high")),
        (10240, "identity", {"form": "inline", "holders": frozenset({"role"})}, None),
        (10240, "identity", {"form": "inline"}, None),
        (2049, "trust", {}, ("medium", "medium")),
        (8193, "trust", {}, ("high", "high")),
        (2049, "session", {}, ("high", "high")),
        (10240, "scp", {}, None),
        (10241, "scp", {}, ("high", "high")),
        (5121, "rcp", {}, ("high", "high")),
        (90000, "resource", {}, None),
    ],
)
def test_quota_is_that_of_where_a_document_goes(
    size: int, kind: Any, further: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    """One character more than the quota is a finding, and the quota depends on the attachment."""
    data = document(allow("s3:*", "arn:aws:s3:::"))
    short = size - len(json.dumps(data, separators=(",", ":")))
    data["Statement"][0]["Resource"] += "b" * short
    told = [f for f in judge(found(data, kind, **further)).findings if f.rule == "GEN005"]

    assert [(str(f.severity), f.confidence) for f in told] == ([expected] if expected else [])


def test_what_is_not_known_is_said_and_not_judged() -> None:
    """A value that is not known is one low finding, and no other rule looks at it."""
    data = document({"Sid": "A b", **allow("nothing", ["no arn", "arn:aws:s3:::b"])})
    places = (at("Sid"), at("Action"), at("Resource", 0))
    told = hits(data, not_read=places)

    assert [(rule, hit.place) for rule, hit in told] == [("GEN001", place) for place in places]
    assert {str(hit.severity) for _, hit in told} == {"low"}


def test_what_cannot_be_read_because_it_is_not_known_is_no_mistake() -> None:
    """An intrinsic in place of a text is not called a mistake of the document."""
    data = document(allow("iam:GetUser", {"Fn::Sub": "x"}), SELF)
    told = hits(data, not_read=(at("Resource"),))

    assert [(rule, hit.place, str(hit.severity)) for rule, hit in told] == [
        ("GEN001", at("Resource"), "low")
    ]


@pytest.mark.parametrize("name", [n for n, (_, told) in CASES.items() if told])
def test_resources_and_conditions_that_are_not_known_are_not_guessed_at(name: str) -> None:
    """Rules about what a statement comes to are silent where its resource is not known."""
    data, _ = CASES[name]
    if isinstance(data, dict):
        places = [at("Resource", statement=i) for i in range(len(data["Statement"]))]
        told = {rule for rule, _ in hits(data, not_read=tuple(places))}
        assert not told & {"GEN008", "GEN051", "GEN055", "GEN056", "GEN057", "GEN058", "GEN061"}


@pytest.mark.parametrize(
    ("not_action", "severity", "words"),
    [
        (["iam:ChangePasswords", *ENROL[1:]], "critical", "setting a password"),
        (["iam:ChangePasswords", *ENROL], "medium", "exempts nothing"),
        ([*ENROL[:2], "iam:EnableMFADevices"], "high", "signing in and enrolling"),
        ([*ENROL, "iotevents:DescribeInput"], "low", "exempts nothing"),
        ([*ENROL, "s3:GetObjects"], "medium", "exempts nothing"),
    ],
)
def test_misspelt_exemption_is_as_bad_as_what_it_locks_out(
    not_action: list[str], severity: str, words: str
) -> None:
    """A slip in the list of an MFA Deny is graver where users cannot get in for it."""
    told = judge(found(document(deny(not_action, Condition=NO_MFA)))).findings
    (one,) = [f for f in told if f.rule == "GEN050"]

    assert (str(one.severity), words in one.message) == (severity, True)


def test_paths_are_one_finding_of_a_document() -> None:
    """It stands where the own password is missed, names the other statements, and is as grave."""
    first, third = ({**allow("iam:GetUser", OWN[0]), "Sid": sid} for sid in ("A", "C"))
    ((_, both),) = hits(document(first, {**allow(ENROL[0], OWN[0]), "Sid": "B"}, third))
    ((_, one),) = hits(document(first, allow("iam:GetUser", OWN[0])))

    assert (both.place, str(both.severity)) == (at("Resource", statement=1), "medium")
    assert both.message.endswith("`iam:ChangePassword` among it; so do `A` and `C`")
    assert (one.place, str(one.severity)) == (at("Resource"), "low")
    assert one.message.endswith("nothing; so does another one")


@pytest.mark.parametrize("start", ["arn:aws-cn:iam::*:", "arn:aws:iam::123456789012:"])
def test_arns_to_write_are_of_the_same_partition_and_account(start: str) -> None:
    """What a fix says to write matches the people whom the document is about."""
    own, pathed = f"`{start}user/${{aws:username}}`", f"`{start}user/*/${{aws:username}}`"
    ((_, missed),) = hits(document(allow("iam:GetUser", own.strip("`"))))
    told = hits(document(allow(["iam:CreateAccessKey", *ENROL], f"{start}user/*", Condition=MFA)))
    (others,) = [hit for rule, hit in told if rule == "GEN058"]

    assert missed.fix == f"list {pathed} as well"
    assert others.fix == f"list the two ARNs of the own user, {own} and {pathed}, in place of it"


def test_what_iam_may_take_is_only_doubted() -> None:
    """A wildcard for all of the service is not documented; part of one IAM refuses."""
    ((_, doubted),) = hits(document(allow("*:ChangePassword", OWN)))
    ((_, refused),) = hits(document(allow("ia*:ChangePassword", OWN)))

    assert (str(doubted.severity), doubted.confidence) == ("medium", "low")
    assert refused.severity is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:user/${aws:username}"}', True),
        ('{"Fn::Sub": ["${A}:user/${aws:username}", {"A": "arn:aws:iam::*"}]}', True),
        ('{"Fn::Sub": "arn:aws:iam::${Unheard}:user/${!aws:username}"}', False),
        ('{"Fn::ImportValue": "x-${aws:username}"}', False),
    ],
)
def test_a_variable_that_the_template_takes_for_its_own_is_told_of(text: str, told: bool) -> None:
    """Without `!` CloudFormation looks for a parameter or a resource of that name."""
    source = f'{{"Statement": {{"Effect": "Allow", "Action": "iam:GetUser", "Resource": {text}}}}}'
    place = ("Statement", "Resource")
    at_hand = Found(
        file="-",
        kind="identity",
        data={"Version": "2012-10-17", **loads(source)},
        source=lambda: Positions(source),
        not_read=(place,),
    )
    (one,) = [f for f in judge(at_hand).findings if f.rule == "GEN001"]

    assert ("`Fn::Sub` takes `${aws:username}`" in one.message) is told
    assert str(one.severity) == ("medium" if told else "low")
    assert ("`${!aws:username}`" in one.fix) is told


def test_slip_is_told_what_was_meant() -> None:
    """The fix of a misspelt name is the right name, and says how old the catalogue is."""
    (one,) = hits(document(allow("iam:ChangePasswords", OWN)))

    assert "`iam:ChangePassword`" in one[1].fix
    assert "catalogue" in one[1].fix


@pytest.mark.parametrize("action", ["iam:ListRoles", "iam:ListUsers"])
def test_whole_kind_is_only_doubted(action: str) -> None:
    """AWS's own messages have `role/` as a resource, so `role/*` is not said to grant nothing."""
    kind = "role" if action.endswith("Roles") else "user"
    told = hits(document(allow(action, f"arn:aws:iam::*:{kind}/*")))

    assert [(rule, hit.confidence) for rule, hit in told if rule == "GEN051"] == [("GEN051", "low")]


@pytest.mark.parametrize("actions", [["iam:DeactivateMFADevice"], ["iam:UpdateLoginProfile"]])
def test_mfa_is_asked_of_what_is_dangerous_only(actions: list[str]) -> None:
    """Advice to ask for MFA says that enrolment and the own password stay without it."""
    told = hits(document(allow(["iam:ChangePassword", *actions], OWN)))
    fixes = [rule.fix for rule in RULES if rule.id in {i for i, _ in told}]

    assert any("stays without that condition" in fix for fix in fixes)
    assert {hit.place for _, hit in told} == {at("Action", 1)}


SIDS = st.sampled_from(("A", "B", "Read", "a", "", "A b", "\u0662", None))


@given(st.lists(SIDS, min_size=1, max_size=6))
def test_every_repeated_sid_is_found_once(sids: list[str | None]) -> None:
    """
    There are as many findings about repeated Sids as Sids that stand in the document already, and
    about their characters as Sids that are not ASCII letters and digits.
    """
    data = document(*({**SELF, "Sid": sid} if sid is not None else SELF for sid in sids))
    told = [rule for rule, _ in hits(data)]
    some = [sid for sid in sids if sid]

    assert told.count("GEN003") == len(some) - len(set(some))
    assert told.count("GEN004") == sum(sid in ("A b", "\u0662") for sid in some)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(
        ("", "*", "Allow", "iam:*", "a:b", "arn:aws:iam::*:user/${aws:username}", "\ud800")
    )
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            "Version Id Statement Sid Effect Action NotAction Resource NotResource Principal AWS "
            "NotPrincipal Condition Service Bool BoolIfExists aws:MultiFactorAuthPresent".split()
        )
        | st.text(max_size=2),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)


@given(VALUES | VALUES.map(lambda v: {"Statement": v}), st.sampled_from(KINDS))
@settings(max_examples=200)
def test_no_json_whatever_crashes_a_judgement(data: Any, kind: Any) -> None:
    """
    Anything that is JSON can be judged, and what is no policy is said to be none.
    """
    judged = judge(found(data, kind))

    if not isinstance(data, dict) or "Statement" not in data:
        assert "GEN001" in {f.rule for f in judged.findings}


@given(documents(), st.sampled_from(KINDS))
@settings(max_examples=100)
def test_policies_are_judged_as_any_kind(data: Any, kind: Any) -> None:
    """
    A document that can be read has no finding about reading it, whatever kind it is taken for.
    """
    assert "GEN001" not in {f.rule for f in judge(found(data, kind)).findings}
