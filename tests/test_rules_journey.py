"""The rules that evaluation shows: the way in, enrolment, gaps in the Deny and its exemptions."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.findings import Finding, Severity
from generator.flows import CALLS
from generator.found import Found
from generator.grammar import loads
from generator.never_exempt import NEVER_EXEMPT
from generator.positions import Place, Positions
from generator.rules import (
    dead_lists,
    device_names,
    enrolment,
    exemptions,
    journey,
    needless,
    only_with_mfa,
    published,
    spared,
    unguarded,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from tests.strategies import Document, documents, profiles
from tests.support import ROOT
from tests.test_profile_laws import rendered

RULES: tuple[Rule, ...] = (
    *journey.RULES,
    *enrolment.RULES,
    *device_names.RULES,
    *only_with_mfa.RULES,
    *unguarded.RULES,
    *exemptions.RULES,
    *needless.RULES,
    *spared.RULES,
    *dead_lists.RULES,
    *published.RULES,
)
EXEMPTIONS = (*exemptions.RULES, *needless.RULES)
EXAMPLES = ROOT / "generator" / "rules" / "examples"
OWN = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
FLOW = [
    "iam:ChangePassword",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetAccountPasswordPolicy",
    "iam:GetMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
]
OTHERS = {
    "Sid": "DenyOthersUnlessMfa",
    "Effect": "Deny",
    "Action": ["iam:EnableMFADevice", "iam:ResyncMFADevice"],
    "NotResource": OWN,
    "Condition": WITHOUT_MFA,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_has_its_pair(rule: Rule) -> None:
    """
    A rule finds something in its example, and nothing in the nearest one that is right.
    """
    folder = EXAMPLES / rule.id

    assert hits(rule, (folder / "fires.json").read_text("utf-8"))
    assert hits(rule, (folder / "quiet.json").read_text("utf-8")) == []
    assert rule.title
    assert rule.fix


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("out/*/user-policy.json"), *ROOT.glob("out/*/roles/*/*-policy.json")]),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_nothing_is_wrong_with_what_we_render(path: Path) -> None:
    """
    No rule here finds anything in a policy that this product renders.
    """
    text = path.read_text("utf-8")
    kind = "trust" if path.name == "trust-policy.json" else "identity"

    assert {
        rule.id: hits(rule, text, kind=kind) for rule in RULES if hits(rule, text, kind=kind)
    } == {}


@settings(max_examples=30, deadline=None)
@given(profiles())
def test_nothing_is_wrong_with_what_any_profile_renders(profile: Document) -> None:
    """
    No rule here finds anything in the policies of any profile there could be.
    """
    bundle = rendered(profile)
    for path, text in bundle.files.items() if bundle else ():
        if path.endswith("-policy.json"):
            kind = "trust" if path.endswith("trust-policy.json") else "identity"
            assert [rule.id for rule in RULES if hits(rule, text, kind=kind)] == []


@settings(max_examples=80, deadline=None)
@given(documents(), st.sampled_from(["identity", "scp", "boundary", "session", "trust"]))
def test_any_document_is_gone_through(document: Document, kind: str) -> None:
    """
    No document makes a rule fail, and every finding is at a place that the document has.
    """
    text = json.dumps(document)

    found = [hit for rule in RULES for hit in hits(rule, text, kind=kind)]

    assert kind not in ("session", "trust") or found == []


@settings(max_examples=80, deadline=None)
@given(st.sets(st.sampled_from(FLOW)))
def test_what_the_rules_say_is_what_the_verdicts_say(exempt: set[str]) -> None:
    """
    Of every list of exemptions: a first sign-in is locked out where GEN030 says so, enrolment is
    denied where a fix names one of its calls.
    """
    text = policy(deny(sorted(exempt) or ["sts:GetSessionToken"]), allow("iam:*MFADevice*"))

    found = {rule.id for rule in RULES if hits(rule, text)}
    verdicts = subject_of(text).verdicts

    assert ("GEN030" in found) == (verdicts["first_login"] == "locked_out")
    denied = verdicts["enrol_virtual-totp"] == "denied"
    told = {
        action
        for name in ("GEN030", "GEN034", "GEN036")
        for hit in hits(rule_of(name), text)
        for action in VIRTUAL
        if f"`{action}`" in hit.fix
    }
    assert denied == bool(told)
    assert told <= VIRTUAL - exempt


VIRTUAL = {
    *("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"),
    *("iam:ListMFADevices", "iam:ListVirtualMFADevices"),
}


@settings(max_examples=80, deadline=None)
@given(st.sets(st.sampled_from(FLOW)))
def test_doing_what_the_fixes_say_mends_it(exempt: set[str]) -> None:
    """
    Exempting the actions that fixes name leaves no lockout and nothing in the way of enrolment.
    """
    text = policy(deny(sorted(exempt) or ["sts:GetSessionToken"]), allow("iam:*MFADevice*"))
    for _ in range(3):
        named = [
            part
            for rule in RULES
            if rule.id in ("GEN030", "GEN033", "GEN034", "GEN036", "GEN045", "GEN046")
            for hit in hits(rule, text)
            for part in hit.fix.partition(", or attach")[0].split("`")
            if part.startswith("iam:")
        ]
        text = policy(deny(sorted({*exempt, *named})), allow("iam:*MFADevice*"))
        exempt = exempt | set(named)

    found = {rule.id for rule in RULES if hits(rule, text)}

    assert not found & {"GEN030", "GEN033", "GEN034", "GEN036", "GEN045", "GEN046"}
    assert subject_of(text).verdicts["first_login"] != "locked_out"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([each.action for each in NEVER_EXEMPT]), st.booleans(), st.booleans())
def test_what_must_wait_for_mfa_is_found_wherever_it_is_exempt(
    action: str, by_pattern: bool, covered: bool
) -> None:
    """
    An action that must not be exempt is found, by name and by pattern, unless another Deny has it.
    """
    item = f"{action[:-2]}*" if by_pattern else action.lower()
    again = {"Sid": "Again", "Effect": "Deny", "Action": item, "Resource": "*"}
    statements = [deny([*FLOW, item]), dict(again, Condition=WITHOUT_MFA)][: 1 + covered]

    found = [
        hit for name in ("GEN040", "GEN041") for hit in hits(rule_of(name), policy(*statements))
    ]

    assert [hit.place for hit in found] == ([] if covered else [("Statement", 0, "NotAction", 9)])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted({c.action for c in CALLS if c.before_mfa} | {"sts:GetCallerIdentity"}))
)
def test_no_exemption_of_a_flow_is_told_to_go(action: str) -> None:
    """
    Nothing that people need before MFA is found by a rule about what must not be exempt.
    """
    text = policy(deny([action]))

    assert [hits(rule_of(name), text) for name in ("GEN040", "GEN041", "GEN043")] == [[], [], []]


def test_a_lockout_is_where_the_list_is() -> None:
    """
    The lockout is at `NotAction`, says what happens to people, and what to write.
    """
    (hit,) = hits(rule_of("GEN030"), policy(allow("iam:GetUser"), deny(["iam:EnableMFADevice"])))

    assert hit.place == ("Statement", 1, "NotAction")
    assert hit.message == (
        "`DenyUnlessMfa` denies `iam:ChangePassword` without MFA: a user told to set a new "
        "password at the first sign-in cannot, and so never gets to enrol an MFA device; "
        "`iam:GetUser` and `iam:ListMFADevices`, which the page for enrolling an MFA device calls, "
        "are denied as well"
    )
    assert hit.fix == (
        "add `iam:ChangePassword`, `iam:GetAccountPasswordPolicy`, `iam:GetUser` and "
        "`iam:ListMFADevices` to its `NotAction`, or attach this policy only after a user's first "
        "sign-in"
    )


ALL_OF_IT = (
    "`iam:ChangePassword`, `iam:GetAccountPasswordPolicy`, `iam:CreateVirtualMFADevice`, "
    "`iam:EnableMFADevice`, `iam:GetUser`, `iam:ListMFADevices` and `iam:ListVirtualMFADevices`"
)


@pytest.mark.parametrize(
    ("actions", "place", "fix"),
    [
        (
            ["s3:*", "iam:ChangePassword"],
            ("Statement", 0, "Action", 1),
            "take `iam:ChangePassword` out of its `Action`",
        ),
        (
            "*",
            ("Statement", 0, "Action"),
            "in place of `Action`, write `NotAction` with what people need before MFA, "
            f"{ALL_OF_IT} among it",
        ),
        (
            ["IAM:*"],
            ("Statement", 0, "Action", 0),
            f"in place of `IAM:*`, name the actions that need MFA, {ALL_OF_IT} not",
        ),
    ],
)
def test_a_lockout_by_a_list_of_actions(actions: Any, place: Place, fix: str) -> None:
    """
    A Deny that names actions is mended by naming fewer, never by denying everything else too.
    """
    text = policy({**OTHERS, "Sid": "", "Action": actions, "Resource": "*", "NotResource": None})

    (hit,) = hits(rule_of("GEN030"), text)

    assert (hit.place, hit.fix.partition(", or attach")[0]) == (place, fix)
    assert hit.message.startswith("a Deny without a Sid denies")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"Action": "*", "Resource": "*"}, "a quarantine denies everything and means it"),
        ({"Action": "iam:*", "Resource": "arn:aws:iam::*:user/admin*"}, "administrators are kept"),
        (
            {
                "Action": "iam:*",
                "Resource": "arn:aws:iam::*:user/admin*",
                "Condition": WITHOUT_MFA,
            },
            "from others without MFA",
        ),
        (
            {
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}},
            },
            "IAM is called in that Region",
        ),
        ({"Action": "iam:UpdateLoginProfile", "Resource": "*"}, "not the own password"),
        (
            {
                "Action": "*",
                "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
            },
            "from where they sign in is not known",
        ),
    ],
)
def test_denies_that_lock_nobody_out(statement: dict[str, Any], why: str) -> None:
    """
    A Deny that is not about the first sign-in, or depends on where people are, is left alone.
    """
    text = policy({"Sid": "Deny", "Effect": "Deny", **statement})

    assert [hits(rule, text) for rule in journey.RULES] == [[], [], [], []], why


@pytest.mark.parametrize("kind", ["scp", "boundary"])
def test_lockouts_of_policies_that_are_not_attached_to_people(kind: str) -> None:
    """
    An SCP and a permissions boundary lock people out as well.
    """
    assert hits(rule_of("GEN030"), policy(deny(["iam:EnableMFADevice"])), kind=kind)


def test_policies_of_roles_lock_no_user_out() -> None:
    """
    A role has no first sign-in and no MFA device: nothing here is about its policies.
    """
    text = policy(deny(["s3:*", "iam:DeactivateMFADevice"]))

    assert [rule.id for rule in RULES if hits(rule, text, holders=frozenset({"role"}))] == []
    assert hits(rule_of("GEN030"), text, holders=frozenset({"role", "group"}))


def test_what_is_not_known_is_not_judged() -> None:
    """
    A list with a value that is not known may have anything in it, so nothing is said of it; a
    statement beside it that is known still locks people out.
    """
    text = policy(deny(["iam:GetUser"]), deny(["iam:GetUser"]))

    places = [hit.place for hit in hits(rule_of("GEN030"), text, not_read=(_IN_LIST,))]

    assert places == [("Statement", 1, "NotAction")]
    assert hits(rule_of("GEN042"), text, not_read=(_IN_LIST,)) == []


_IN_LIST: Place = ("Statement", 0, "NotAction", 0)


def test_kinds_of_devices_that_are_refused_on_purpose() -> None:
    """
    A document that exempts what security keys need, and no more, refuses apps on purpose; one that
    grants virtual devices by name does not.
    """
    keys_only = deny([a for a in FLOW if "Virtual" not in a])
    create = allow("iam:CreateVirtualMFADevice")

    assert hits(rule_of("GEN034"), policy(keys_only)) == []
    assert hits(rule_of("GEN034"), policy(keys_only, allow("*"))) == []
    assert [h.place for h in hits(rule_of("GEN034"), policy(keys_only, create))] == [
        ("Statement", 0, "NotAction")
    ]


def test_a_kind_that_is_refused_for_good_is_not_missed() -> None:
    """
    Where a Deny refuses apps with MFA as well, that the other Deny catches their creation is no
    matter.
    """
    refused = {
        **OTHERS,
        "Action": "iam:EnableMFADevice",
        "Resource": "*",
        "NotResource": None,
        "Condition": {"Null": {"iam:RegisterSecurityKey": "true"}},
    }
    keys_only = deny([a for a in FLOW if "Virtual" not in a])

    text = policy(keys_only, refused, allow("iam:CreateVirtualMFADevice"))

    assert hits(rule_of("GEN034"), text) == []


def test_people_who_have_nothing_but_a_phone_are_not_passed_over() -> None:
    """
    A kind that only a Deny "without MFA" refuses is said, where another can be enrolled: once, and
    as low; not where kinds are refused for good, nor where the document grants enrolment.
    """
    keys_only = deny([a for a in FLOW if "Virtual" not in a])
    for_good = {"Effect": "Deny", "Action": "iam:CreateVirtualMFADevice", "Resource": "*"}
    rule = rule_of("GEN046")

    [hit] = hits(rule, policy(keys_only))
    assert (rule.severity, rule.confidence, hit.place) == (
        Severity.LOW,
        "low",
        ("Statement", 0, "NotAction"),
    )
    assert "nothing but an authenticator app" in hit.message
    assert hit.fix == (
        "add `iam:CreateVirtualMFADevice` and `iam:ListVirtualMFADevices` to its `NotAction`; or, "
        "if that kind is refused on purpose, deny it without a condition on MFA"
    )
    assert hits(rule, policy(keys_only, for_good)) == []
    assert hits(rule, policy(keys_only, allow("iam:CreateVirtualMFADevice"))) == []
    assert hits(rule, policy(keys_only, allow("iam:EnableMFADevice"))) == []
    assert hits(rule, policy(deny(FLOW))) == hits(rule, policy(deny(["iam:GetUser"]))) == []
    assert hits(rule, policy(keys_only), kind="trust") == []


@pytest.mark.parametrize(
    ("registers", "stuck"),
    [
        (["Create", "Activate"], "a security key"),
        (None, "an authenticator app or a hardware token"),
    ],
)
def test_a_kind_that_is_refused_by_how_it_registers(registers: Any, stuck: str) -> None:
    """
    Security keys, and what is none, are told apart by what their enrolment says of them.
    """
    key = "iam:RegisterSecurityKey"
    asked = {"StringEquals": {key: registers}} if registers else {"Null": {key: "true"}}
    refused = {
        "Effect": "Deny",
        "Action": "iam:EnableMFADevice",
        "Resource": "*",
        "Condition": {**WITHOUT_MFA, **asked},
    }

    [hit] = hits(rule_of("GEN046"), policy(refused))

    assert f"nothing but {stuck} cannot" in hit.message


def test_denies_on_some_things_only() -> None:
    """
    A Deny on the own user is left alone where another is on everything, and so is one that names
    things of other services.
    """
    own, bucket = (dict(deny(FLOW), Resource=r) for r in (OWN, [*OWN, "arn:aws:s3:::secret/*"]))

    assert hits(rule_of("GEN037"), policy(own))
    assert hits(rule_of("GEN037"), policy(own, deny(FLOW))) == []
    assert hits(rule_of("GEN037"), policy(bucket)) == []


def test_a_deny_that_spares_only_one_name_of_a_device() -> None:
    """
    A Deny with one device in `NotResource` refuses all other names, and one with a prefix does not.
    """
    create = "iam:CreateVirtualMFADevice"

    def spares(device: str) -> str:
        return policy(dict(OTHERS, Action=create, NotResource=f"arn:aws:iam::*:mfa/{device}"))

    (hit,) = hits(rule_of("GEN035"), spares("${aws:username}"))
    assert hit.place == ("Statement", 0, "NotResource")
    assert hits(rule_of("GEN035"), spares("${aws:username}*")) == []


def test_samples_that_deny_a_few_actions_are_left_alone() -> None:
    """
    AWS publishes "stop and terminate only with MFA": no force-MFA policy, and nothing is wrong.
    """
    stop = dict(OTHERS, Action=["ec2:StopInstances"], Resource="*", NotResource=None)
    text = policy(allow("ec2:*"), stop)

    assert [rule.id for rule in RULES if hits(rule, text)] == []


def test_what_administrators_hold_is_no_self_service() -> None:
    """
    Credentials granted on every user are an administrator's work, not self-service.
    """
    assert hits(rule_of("GEN039"), policy(allow("*", on="*"))) == []
    assert hits(rule_of("GEN039"), policy(allow("iam:CreateAccessKey", on="*"))) == []
    assert hits(rule_of("GEN039"), policy(allow("iam:CreateAccessKey", on=OWN)))


def test_enrolment_and_work_without_a_deny() -> None:
    """
    People who can enrol and work in the same document are not made to; those who only assume roles
    are, by the roles.
    """
    enrol = allow("iam:EnableMFADevice", on=OWN)

    (hit,) = hits(rule_of("GEN039"), policy(enrol, allow("ec2:*", on="*")))
    assert (hit.severity, hit.confidence) == (Severity.LOW, "low")
    assert hits(rule_of("GEN039"), policy(enrol, allow("sts:AssumeRole", on="*"))) == []


@pytest.mark.parametrize(
    ("item", "name", "severity"),
    [
        ("iam:ListUsers", "", None),
        ("iam:GetAccountSummary", "GEN043", Severity.LOW),
        ("iam:List*", "GEN043", Severity.LOW),
        ("ec2:*", "GEN043", Severity.HIGH),
        ("ec2:Stop*", "GEN043", Severity.MEDIUM),
        ("unheard:Of", "GEN043", Severity.MEDIUM),
        ("iam:*MFADevices", "", None),
        ("iam:*MFA*", "GEN040", None),
        ("iam:DeleteV*", "GEN041", None),
        ("sts:*", "GEN040", None),
        ("sts:Get*Token", "GEN040", None),
        ("sts:GetSession*", "", None),
        ("signin:*", "", None),
    ],
)
def test_each_exemption_is_found_once(item: str, name: str, severity: Severity | None) -> None:
    """
    An item is found by the worst that it lets through, and only by that.
    """
    text = policy(deny([*FLOW, item]), OTHERS)

    found = [(rule.id, hit) for rule in EXEMPTIONS for hit in hits(rule, text)]

    assert [(of, hit.place[-1], hit.severity) for of, hit in found] == (
        [(name, len(FLOW), severity)] if name else []
    )


def test_an_exemption_that_the_document_grants_is_worse() -> None:
    """
    What is exempt and allowed works without MFA today; what is only exempt waits for an Allow.
    """
    exempt = deny([*FLOW, "iam:DeactivateMFADevice"])
    remove = allow("iam:DeactivateMFADevice", on=OWN)

    (alone,) = hits(rule_of("GEN040"), policy(exempt))
    (granted,) = hits(rule_of("GEN040"), policy(exempt, remove))

    assert (alone.severity, granted.severity) == (None, Severity.CRITICAL)


def test_enrolment_for_somebody_else() -> None:
    """
    It is worse where the document allows it, or enrolment on the own user, and gone where a Deny
    spares the own user only.
    """
    own = allow("iam:EnableMFADevice", on=OWN)
    (beside,) = hits(rule_of("GEN042"), policy(deny(FLOW)))
    (granting,) = hits(rule_of("GEN042"), policy(deny(FLOW), own))
    (alone,) = hits(rule_of("GEN042"), policy(deny(FLOW), allow("*", on="*")))

    assert (beside.severity, granting.severity) == (Severity.LOW, Severity.MEDIUM)
    assert alone.severity == Severity.HIGH
    assert "with AdministratorAccess" in beside.message
    assert hits(rule_of("GEN042"), policy(deny(FLOW), OTHERS, allow("*", on="*"))) == []


def about(condition: dict[str, Any], **other: Any) -> str:
    """A policy of a Deny without MFA of nearly everything, for those of whom a condition is."""
    lists = ["iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices"]
    s = {**deny(["iam:EnableMFADevice", "iam:CreateVirtualMFADevice", *lists]), **other}
    return policy({**s, "Condition": {**WITHOUT_MFA, **condition}})


HUMANS = "arn:aws:iam::*:user/humans/*"


@pytest.mark.parametrize(
    ("condition", "whom"),
    [
        ({"ArnLike": {"aws:PrincipalArn": HUMANS}}, "users such as `user/humans/*`"),
        ({"StringLike": {"aws:username": "dev-*"}}, "users such as `dev-*`"),
        ({"StringLike": {"aws:username": ["a*", "b"]}}, "users such as `a*` and `b`"),
    ],
)
def test_a_lockout_of_some_users_says_of_whom(condition: dict[str, Any], whom: str) -> None:
    """
    A Deny that is about some users locks those out, and is one finding however many they are.
    """
    (hit,) = hits(rule_of("GEN030"), about(condition))

    assert f"without MFA to {whom}: a user" in hit.message
    assert (hit.severity, hit.confidence) == (None, None)


def test_enrolment_is_denied_to_some_users() -> None:
    """
    Users whom a Deny keeps from every kind of device are told of, by what it says of them.
    """
    humans = {"ArnLike": {"aws:PrincipalArn": HUMANS}}
    nothing = about(humans, NotAction=["iam:ChangePassword", "iam:GetAccountPasswordPolicy"])

    (hit,) = hits(rule_of("GEN034"), nothing)

    assert "without MFA to users such as `user/humans/*`: no kind" in hit.message
    assert hits(rule_of("GEN034"), about(humans)) == []


@pytest.mark.parametrize(
    ("condition", "rule"), [(WITHOUT_MFA, "GEN030"), (None, "GEN031")], ids=["without MFA", "ever"]
)
def test_a_password_that_some_users_cannot_change(condition: Any, rule: str) -> None:
    """
    A Deny on the users of a path is about those users, who alone can call it on themselves.
    """
    on_humans = {
        **OTHERS,
        "Action": "iam:ChangePassword",
        "NotResource": None,
        "Resource": HUMANS,
        "Condition": condition,
    }

    found = {r.id: hits(r, policy(on_humans)) for r in journey.RULES}

    assert [name for name, of in found.items() if of] == [rule]
    assert "to users such as `user/humans/*`" in found[rule][0].message


def test_a_lockout_of_users_with_a_tag_is_less_sure() -> None:
    """
    Who has which tags is not known, so what they are locked out of is a step less bad and sure.
    """
    tagged = {"StringEquals": {"aws:PrincipalTag/human": "yes"}}
    (hit,) = hits(rule_of("GEN030"), about(tagged))
    (all_of_it,) = hits(rule_of("GEN030"), about(tagged, Action="*", NotAction=None))

    assert (hit.severity, hit.confidence) == (Severity.HIGH, "medium")
    assert "to users whose `aws:PrincipalTag/human` is what it asks for" in hit.message
    assert (all_of_it.severity, all_of_it.confidence) == (Severity.HIGH, "medium")
    assert hits(rule_of("GEN030"), about({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})) == []


def test_regions_that_keep_people_from_iam() -> None:
    """
    IAM is called in one Region: a Deny outside others denies the first sign-in to everybody.
    """
    europe = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    out = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": europe}

    (hit,) = hits(rule_of("GEN031"), policy(out))
    (both,) = hits(rule_of("GEN030"), about(europe))

    assert "`iam:ChangePassword`, which is called in `us-east-1`, to everybody" in hit.message
    assert hit.fix.startswith("add `us-east-1` to the Regions")
    assert "`iam:ChangePassword`, which is called in `us-east-1`, without MFA" in both.message
    us = {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}
    assert hits(rule_of("GEN031"), policy({**out, "Condition": us})) == []
    here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    (within,) = hits(rule_of("GEN031"), policy({**out, "Condition": here}))
    assert within.fix == ""


def test_one_cause_of_a_lockout_is_one_finding() -> None:
    """
    Where one item denies the first sign-in and enrolment, one finding names all to leave out; what
    a list lacks of enrolment is in the fix of the lockout.
    """
    everything = policy({**OTHERS, "Action": "*", "NotResource": None, "Resource": "*"})
    lists = policy(deny(["iam:EnableMFADevice", "iam:CreateVirtualMFADevice"]))

    for text in (everything, lists):
        found = {r.id for r in RULES if hits(r, text)}
        assert "GEN030" in found
        assert not found & {"GEN033", "GEN034", "GEN036"}
        (hit,) = hits(rule_of("GEN030"), text)
        assert "`iam:ListVirtualMFADevices`" in hit.fix


def test_enrolment_that_nobody_may_do_and_everybody_needs() -> None:
    """
    Denied for good, enrolment is missed where work needs MFA, and nowhere else.
    """
    never = {"Sid": "Never", "Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}

    (hit,) = hits(rule_of("GEN034"), policy(deny(FLOW), never))

    assert hit.place == ("Statement", 1, "Action")
    assert (hit.severity, hit.confidence) == (Severity.MEDIUM, "medium")
    assert hits(rule_of("GEN034"), policy(never)) == []
    assert hits(rule_of("GEN034"), policy(deny(FLOW), {**never, "Action": "*"})) == []


@pytest.mark.parametrize(
    ("exempt", "said"),
    [
        ({"iam:ListVirtualMFADevices"}, "which enrolling a virtual device calls"),
        ({"iam:ListMFADevices"}, "which enrolling an MFA device calls"),
        ({"iam:GetUser"}, "which the enrolment page calls"),
    ],
)
def test_a_list_that_enrolment_calls_is_no_small_thing(exempt: set[str], said: str) -> None:
    """
    Where a list is denied people cannot enrol, and the message does not say that they can.
    """
    (hit,) = hits(rule_of("GEN036"), policy(deny([a for a in FLOW if a not in exempt])))

    assert said in hit.message
    assert ("lets people enrol" in hit.message) == (exempt == {"iam:GetUser"})


@pytest.mark.parametrize(
    "own",
    [
        ["arn:aws:iam::*:user/humans/${aws:username}"],
        ["arn:aws:iam::444455556666:user/alice"],
    ],
    ids=["one path", "one user"],
)
def test_documents_that_are_about_no_other_users(own: list[str]) -> None:
    """
    A document that keeps to one path, or to one named user, misses nobody who has another.
    """
    others = {**OTHERS, "Action": ["iam:ChangePassword", "iam:EnableMFADevice"]}

    assert hits(rule_of("GEN032"), policy(deny(FLOW), {**others, "NotResource": own})) == []
    assert hits(rule_of("GEN032"), policy(deny(FLOW), {**others, "NotResource": OWN[:1]}))


def test_a_device_is_quoted_as_it_stands_there() -> None:
    """
    What is to be replaced is what the file has, a name or a variable.
    """
    create = "iam:CreateVirtualMFADevice"

    def fixes(device: str) -> list[str]:
        own = allow("iam:EnableMFADevice", on="arn:aws:iam::111122223333:user/jdoe")
        device = f"arn:aws:iam::111122223333:mfa/{device}"
        return [h.fix for h in hits(rule_of("GEN035"), policy(own, allow(create, on=device)))]

    assert fixes("jdoe") == ["write `mfa/*` in place of `mfa/jdoe`"]
    assert fixes("${aws:username}") == ["write `mfa/*` in place of `mfa/${aws:username}`"]


def test_what_no_flow_needs_is_one_finding_of_a_statement() -> None:
    """
    All items are listed once, at the first; what enrolment needs of a pattern stays.
    """
    text = policy(deny([*FLOW, "iam:GetAccountSummary", "s3:*", "iam:List*"]), OTHERS)

    (hit,) = hits(rule_of("GEN043"), text)

    assert hit.place == ("Statement", 0, "NotAction", len(FLOW))
    assert hit.severity == Severity.HIGH
    assert hit.message.startswith("`iam:GetAccountSummary`, `s3:*` and `iam:List*` are exempt from")
    assert hit.fix == (
        "take `iam:GetAccountSummary` and `s3:*` out of `NotAction`; in place of `iam:List*`, name "
        "what people need before MFA, `iam:ListMFADevices` and `iam:ListVirtualMFADevices`"
    )


BY_MFA: list[dict[str, Any]] = [
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
]


@pytest.mark.parametrize("condition", BY_MFA, ids=json.dumps)
@pytest.mark.parametrize("action", ["iam:ChangePassword", "iam:EnableMFADevice"])
def test_the_way_in_is_not_for_those_who_are_in(action: str, condition: dict[str, Any]) -> None:
    """
    What is needed before MFA and allowed with MFA only is told of, unless it is allowed without.
    """
    asking = {**allow(action, on=OWN), "Condition": condition}
    rule = rule_of("GEN047")

    (hit,) = hits(rule, policy(asking))
    assert (rule.severity, hit.place) == (Severity.HIGH, ("Statement", 0, "Action"))
    assert hit.fix == f"move `{action}` to a statement without a condition on MFA"
    assert hits(rule, policy(asking, allow(action, on=OWN))) == []
    assert hits(rule, policy({**asking, "Action": "iam:DeactivateMFADevice"})) == []


def test_administrators_with_mfa_are_no_self_service() -> None:
    """
    Everything with MFA, or enrolment for everybody, is an administrator's, unless a Deny without
    MFA exempts it.
    """
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    everything = {**allow("*"), "Condition": condition}
    others = {**allow("iam:EnableMFADevice"), "Condition": condition}

    assert hits(rule_of("GEN047"), policy(everything)) == []
    assert hits(rule_of("GEN047"), policy(others)) == []
    assert hits(rule_of("GEN047"), policy(others, deny(FLOW)))


def test_a_device_that_may_be_created_with_mfa_only() -> None:
    """
    The creation of a virtual device is part of the way in where enrolment is the users' own.
    """
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    create = {**allow("iam:CreateVirtualMFADevice", on="arn:aws:iam::*:mfa/*")}
    enable = allow("iam:EnableMFADevice", on=OWN)

    (hit,) = hits(rule_of("GEN047"), policy({**create, "Condition": condition}, enable))

    assert hit.place == ("Statement", 0, "Action")
    assert hits(rule_of("GEN047"), policy(create, enable)) == []


def test_the_own_user_that_a_deny_spares_whatever_is_done_to_it() -> None:
    """
    A Deny of everything but on the own user lets an access key take MFA and policies off it.
    """
    spare = {**OTHERS, "Action": "*", "NotResource": [*OWN, "arn:aws:iam::*:mfa/*"]}
    rule = rule_of("GEN048")

    (hit,) = hits(rule, policy(spare))
    (granted,) = hits(rule, policy(spare, allow("iam:DeactivateMFADevice", on=OWN)))

    assert hit.place == ("Statement", 0, "NotResource")
    assert (rule.severity, hit.severity) == (Severity.HIGH, None)
    assert granted.severity == Severity.CRITICAL
    assert "`iam:DeactivateMFADevice`, `iam:DeleteVirtualMFADevice`" in hit.message
    assert hit.fix.startswith('write `"Resource": "*"` in place of `NotResource`')
    assert [h for h in hits(rule_of("GEN032"), policy(spare)) if "user/*" in h.fix] == []


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"Action": FLOW}, None),
        ({"Action": "*", "NotResource": "arn:aws:s3:::public/*"}, None),
        ({"Action": "*", "NotResource": "arn:aws:iam::*:mfa/*"}, "iam:DeleteVirtualMFADevice"),
        ({"NotAction": FLOW, "Action": None}, "iam:DeactivateMFADevice"),
    ],
)
def test_what_a_deny_may_spare(other: dict[str, Any], found: str | None) -> None:
    """
    Sparing the own user of enrolment, or things of other services, opens nothing of this.
    """
    messages = [hit.message for hit in hits(rule_of("GEN048"), policy({**OTHERS, **other}))]

    assert [found in message for message in messages if found] == ([True] if found else [])
    assert bool(messages) == bool(found)


def test_what_two_denies_leave_out_is_told_of_at_the_list() -> None:
    """
    Where one Deny exempts an action by name and another spares the own user, the list is to mend.
    """
    confined = {**OTHERS, "Action": ["iam:DeactivateMFADevice", "iam:EnableMFADevice"]}
    text = policy(deny([*FLOW, "iam:DeactivateMFADevice"]), confined)

    assert hits(rule_of("GEN040"), text)
    assert hits(rule_of("GEN048"), text) == []


def hits(rule: Rule, text: str, **of: Any) -> list[Hit]:
    """What a rule finds, each with a place that there is and words as messages have them."""
    subject = subject_of(text, **of)
    found = list(rule.check(subject))
    for hit in found:
        assert subject.data(hit.place) is not None
        finding = Finding(
            rule=rule.id,
            severity=hit.severity or rule.severity,
            confidence=hit.confidence or rule.confidence,
            file="",
            line=1,
            column=1,
            message=hit.message,
            fix=hit.fix or rule.fix,
            source=rule.source,
        )
        assert not finding.message.endswith(".")
        assert finding.message[0] == "`" or finding.message[0].islower()
    return found


def rule_of(name: str) -> Rule:
    return next(rule for rule in RULES if rule.id == name)


def subject_of(text: str, kind: Any = "identity", **of: Any) -> Subject:
    data = loads(text)
    return Subject(
        Found(file="policy.json", kind=kind, data=data, source=lambda: Positions(text), **of)
    )


def policy(*statements: dict[str, Any]) -> str:
    """A policy as text; elements that are None are left out."""
    kept = [{k: v for k, v in s.items() if v is not None} for s in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": kept})


def deny(exempt: list[str]) -> dict[str, Any]:
    return {
        "Sid": "DenyUnlessMfa",
        "Effect": "Deny",
        "NotAction": exempt,
        "Resource": "*",
        "Condition": WITHOUT_MFA,
    }


def allow(action: str, on: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on}
