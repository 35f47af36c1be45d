"""What documents come to, case by case with the reason, and what another evaluator says of it."""

import json
from typing import Any, Final, NamedTuple

import pytest

from generator.found import Found
from generator.grammar import loads
from generator.positions import Place, Positions
from generator.subject import Subject
from tests.oracle import decide

ACCOUNT: Final = "111122223333"
OWN: Final = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
WITHOUT_MFA: Final = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
WAY_IN: Final = [
    *("iam:ChangePassword", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"),
    *("iam:GetAccountPasswordPolicy", "iam:GetUser", "iam:ListMFADevices"),
    "iam:ListVirtualMFADevices",
]
ENROL: Final = [action for action in WAY_IN if action != "iam:ChangePassword"]
ADMINISTRATOR: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# What requests of ordinary work carry besides the flag of MFA.
ORDINARY: Final = {
    "aws:ViaAWSService": "false",
    "aws:SecureTransport": "true",
    "aws:PrincipalIsAWSService": "false",
}
PASSWORD: Final = "iam:ChangePassword"
ENABLE: Final = "iam:EnableMFADevice"
RUN: Final = ("ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*")
READ: Final = ("s3:GetObject", "arn:aws:s3:::public/page.html")
OPEN, DENIED, LOCKED_OUT, NOT_GRANTED, DEPENDS = (
    *("open", "denied", "locked_out", "not_granted"),
    "depends",
)


class Asked(NamedTuple):
    """A request for the other evaluator, with AdministratorAccess beside the document.

    `on` "" is the own user of `who`. `context` is what the request carries besides the flag.
    """

    outcome: str
    who: str
    action: str
    on: str = ""
    state: str = "console"
    context: Any = None


class Case(NamedTuple):
    """Statements, the verdicts that they come to, why, and requests that show it."""

    why: str
    statements: list[dict[str, Any]]
    verdicts: dict[str, str]
    asked: tuple[Asked, ...] = ()


def deny(exempt: list[str] | str = WAY_IN, **other: Any) -> dict[str, Any]:
    """A Deny "without MFA" of all but some actions; `other` None takes an element out."""
    s = {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": WITHOUT_MFA, **other}
    return {name: value for name, value in s.items() if value is not None}


def about(condition: dict[str, Any], exempt: list[str] | str = ENROL) -> dict[str, Any]:
    return deny(exempt, Condition={**WITHOUT_MFA, **condition})


def allow(*actions: str, on: Any = OWN) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


KEY: Final = "access_key_without_mfa"
CONSOLE: Final = "console_without_mfa"
HUMANS: Final = "arn:aws:iam::*:user/humans/*"
NO, YES = "explicitly_denied", "allowed"
UNDER_A_PATH: Final = "arn:aws:iam::*:user/humans/${aws:username}"
IN_EUROPE: Final = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
US: Final = {"aws:RequestedRegion": "us-east-1"}

CASES: Final = {
    "way-in": Case(
        "what people need before MFA is exempt, and allowed",
        [deny(), allow(*WAY_IN, on="*")],
        {"first_login": OPEN, "enrol_virtual-totp": OPEN, KEY: DENIED, CONSOLE: DENIED},
        (Asked(YES, "zoe", PASSWORD), Asked(NO, "zoe", *RUN, "key"), Asked(NO, "zoe", *RUN)),
    ),
    "no-password": Case(
        "the sign-in service calls ChangePassword as a user without MFA",
        [deny(ENROL)],
        {"first_login": LOCKED_OUT, "enrol_hardware-totp": NOT_GRANTED},
        (Asked(NO, "zoe", PASSWORD), Asked(YES, "zoe", ENABLE)),
    ),
    "users-of-a-path-by-arn": Case(
        "one group of users is locked out, and nobody else",
        [about({"ArnLike": {"aws:PrincipalArn": HUMANS}})],
        {"first_login": LOCKED_OUT, KEY: OPEN, CONSOLE: OPEN},
        (
            Asked(NO, "humans/zoe", PASSWORD),
            Asked(YES, "zoe", PASSWORD),
            Asked(YES, "zoe", *RUN, "key"),
        ),
    ),
    "users-by-name": Case(
        "users whose names start so are locked out",
        [about({"StringLike": {"aws:username": "dev-*"}})],
        {"first_login": LOCKED_OUT, KEY: OPEN},
        (Asked(NO, "dev-zoe", PASSWORD), Asked(YES, "zoe", PASSWORD)),
    ),
    "users-left-out-by-name": Case(
        "everybody but some users is locked out",
        [about({"StringNotLike": {"aws:username": "svc-*"}})],
        {"first_login": LOCKED_OUT, KEY: DENIED},
        (Asked(NO, "zoe", PASSWORD), Asked(YES, "svc-build", PASSWORD)),
    ),
    "own-user-of-a-path-as-resource": Case(
        "a user changes the own password only, so a Deny on users is about those users",
        [{"Effect": "Deny", "Action": PASSWORD, "Resource": HUMANS}],
        {"first_login": LOCKED_OUT, KEY: OPEN},
        (Asked(NO, "humans/zoe", PASSWORD), Asked(YES, "zoe", PASSWORD)),
    ),
    "enrolment-of-users-by-name": Case(
        "one group of users can enrol no device",
        [about({"StringLike": {"aws:username": "dev-*"}}, [PASSWORD])],
        {"first_login": NOT_GRANTED, "enrol_security-key": DENIED, "enrol_virtual-totp": DENIED},
        (
            Asked(NO, "dev-zoe", ENABLE, context={"iam:RegisterSecurityKey": "Create"}),
            Asked(YES, "zoe", ENABLE, context={"iam:RegisterSecurityKey": "Create"}),
        ),
    ),
    "users-with-a-tag": Case(
        "who has the tag is not known",
        [about({"StringEquals": {"aws:PrincipalTag/human": "yes"}})],
        {"first_login": DEPENDS, KEY: DEPENDS},
        (
            Asked(NO, "zoe", PASSWORD, context={"aws:PrincipalTag/human": "yes"}),
            Asked(YES, "zoe", PASSWORD, context={"aws:PrincipalTag/human": "no"}),
        ),
    ),
    "named-users-only": Case(
        "a document that names one user as the own one is asked as that user",
        [deny(), allow(*WAY_IN[:3], on=f"arn:aws:iam::{ACCOUNT}:user/alice")],
        {"first_login": OPEN, "enrol_hardware-totp": OPEN, KEY: DENIED},
        (Asked(YES, "alice", PASSWORD),),
    ),
    "own-users-under-a-path": Case(
        "all own users of the document are under one path, so the user who asks is too",
        [
            allow(PASSWORD, ENABLE, on=UNDER_A_PATH),
            deny(),
            deny(
                Action=[PASSWORD, ENABLE], NotAction=None, Resource=None, NotResource=UNDER_A_PATH
            ),
        ],
        {"first_login": OPEN, "enrol_hardware-totp": OPEN, KEY: DENIED},
        (Asked(YES, "humans/zoe", PASSWORD), Asked(NO, "zoe", PASSWORD)),
    ),
    "another-service-by-name": Case(
        "one action of another service is exempt, so an access key can work",
        [deny([*WAY_IN, "s3:GetObject"])],
        {KEY: OPEN, CONSOLE: OPEN},
        (Asked(YES, "zoe", *READ, "key"), Asked(NO, "zoe", *RUN, "key")),
    ),
    "another-service-whole": Case(
        "all of another service is exempt",
        [deny([*WAY_IN, "s3:*"])],
        {KEY: OPEN, CONSOLE: OPEN},
        (Asked(YES, "zoe", *READ, "key"),),
    ),
    "sign-in-services-are-no-work": Case(
        "what is exempt of IAM and STS is judged by the rules, not as work",
        [deny([*WAY_IN, "sts:GetSessionToken", "iam:GetUser"])],
        {KEY: DENIED, CONSOLE: DENIED},
        (Asked(NO, "zoe", *RUN, "key"),),
    ),
    "not-resource-of-another-service": Case(
        "a bucket is left out of the Deny",
        [deny(NotAction=None, Action="*", Resource=None, NotResource="arn:aws:s3:::public/*")],
        {"first_login": LOCKED_OUT, KEY: OPEN},
        (Asked(YES, "zoe", *READ, "key"), Asked(NO, "zoe", *RUN, "key")),
    ),
    "not-resource-own-user": Case(
        "work is denied, while everything may be done to the own user (a rule says so)",
        [
            deny(
                NotAction=None,
                Action="*",
                Resource=None,
                NotResource=[*OWN, "arn:aws:iam::*:mfa/*"],
            )
        ],
        {"first_login": NOT_GRANTED, "enrol_hardware-totp": NOT_GRANTED, KEY: DENIED},
        (
            Asked(YES, "zoe", "iam:DeactivateMFADevice", state="key"),
            Asked(YES, "zoe", "iam:DetachUserPolicy", state="key"),
            Asked(NO, "zoe", *RUN, "key"),
        ),
    ),
    "other-regions": Case(
        "IAM is called in us-east-1, which is none of the Regions",
        [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": IN_EUROPE}],
        {"first_login": LOCKED_OUT, "enrol_virtual-totp": DENIED},
        (Asked(NO, "zoe", PASSWORD, context=US),),
    ),
    "regions-with-that-of-iam": Case(
        "us-east-1 is among the Regions",
        [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}},
            }
        ],
        {"first_login": NOT_GRANTED, "enrol_virtual-totp": NOT_GRANTED},
        (Asked(YES, "zoe", PASSWORD, context=US),),
    ),
    "token-issue-time": Case(
        "an access key has no temporary credentials, so their time is absent",
        [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}},
            }
        ],
        {KEY: OPEN, CONSOLE: DEPENDS},
        (
            Asked(YES, "zoe", *RUN, "key"),
            Asked(NO, "zoe", *RUN, "console", {"aws:TokenIssueTime": "2025-01-01T00:00:00Z"}),
        ),
    ),
    "enrolment-with-mfa-only": Case(
        "an Allow with MFA gives nothing to those who have none",
        [
            {
                **allow(PASSWORD, ENABLE),
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }
        ],
        {"first_login": NOT_GRANTED, "enrol_hardware-totp": NOT_GRANTED},
    ),
    "enrolment-denied-for-good": Case(
        "no MFA lifts the second Deny",
        [deny(), {"Effect": "Deny", "Action": ENABLE, "Resource": "*"}],
        dict.fromkeys(("enrol_virtual-totp", "enrol_security-key", KEY), DENIED),
        (Asked(NO, "zoe", ENABLE),),
    ),
    "lists-denied": Case(
        "an app is enrolled from a page that lists devices",
        [deny([a for a in WAY_IN if a != "iam:ListVirtualMFADevices"])],
        {"enrol_virtual-totp": DENIED, "enrol_hardware-totp": NOT_GRANTED},
        (Asked(NO, "zoe", "iam:ListVirtualMFADevices", "*"),),
    ),
    "users-of-an-account": Case(
        "the Deny names the account of those it is for",
        [about({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})],
        {"first_login": LOCKED_OUT, KEY: DENIED},
    ),
    "region-of-iam-in-china": Case(
        "IAM is one endpoint in each partition, in China in cn-north-1",
        [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "arn:aws-cn:iam::*:user/*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["cn-northwest-1"]}},
            }
        ],
        {"first_login": LOCKED_OUT},
    ),
    "key-of-another-service": Case(
        "a request to IAM has no key of EC2's",
        [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"ec2:Region": "eu-west-1"}},
            },
            allow(*WAY_IN, on="*"),
        ],
        {"first_login": OPEN, "enrol_hardware-totp": OPEN},
    ),
    "certified-keys-only": Case(
        "a key of the level that is asked for gets through, and the first call has none",
        [
            allow(ENABLE) | {"Condition": {"StringEquals": {"iam:RegisterSecurityKey": "Create"}}},
            allow(ENABLE)
            | {
                "Condition": {
                    "StringEquals": {
                        "iam:RegisterSecurityKey": "Activate",
                        "iam:FIDO-certification": ["L2", "L3"],
                    }
                }
            },
        ],
        {"enrol_security-key": OPEN, "enrol_hardware-totp": NOT_GRANTED},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_document_comes_to(name: str) -> None:
    """
    Each case has the verdicts that its reason gives.
    """
    case = CASES[name]

    found = verdicts(policy(*case.statements))

    assert {verdict: found[verdict] for verdict in case.verdicts} == case.verdicts, case.why


@pytest.mark.parametrize(
    ("name", "asked"),
    [(name, asked) for name, case in CASES.items() for asked in case.asked],
    ids=lambda value: value if isinstance(value, str) else f"{value.who}-{value.action}",
)
def test_another_evaluator_says_the_same(name: str, asked: Asked) -> None:
    """
    The requests that a case rests on come out so for an evaluator that shares no code.
    """
    assert outcome(policy(*CASES[name].statements), asked) == asked.outcome, CASES[name].why


_UNKNOWN_LIST: Final[tuple[Place, ...]] = (("Statement", 1, "NotAction", 0),)


def test_a_template_with_one_statement_that_is_not_known() -> None:
    """
    What a Deny that is known whole comes to holds whatever the rest says; nothing else is judged.
    """
    known, other = deny(ENROL), deny(["iam:GetUser"])

    found = verdicts(policy(known, other), not_read=_UNKNOWN_LIST)
    open_ = verdicts(policy(deny(), other), not_read=_UNKNOWN_LIST)

    assert (found["first_login"], found[KEY]) == (LOCKED_OUT, DENIED)
    assert found["enrol_hardware-totp"] == "not_judged"
    assert open_["first_login"] == "not_judged"


def verdicts(text: str, **of: Any) -> dict[str, str]:
    found = Found(
        file="policy.json",
        kind="identity",
        data=loads(text),
        source=lambda: Positions(text),
        **of,
    )
    return Subject(found).verdicts


def outcome(text: str, asked: Asked) -> object:
    """What the other evaluator says of a request."""
    user = f"arn:aws:iam::{ACCOUNT}:user/{asked.who}"
    context = {**ORDINARY, **(asked.context or {})}
    if asked.state == "console":
        context["aws:MultiFactorAuthPresent"] = "false"
    request = {
        "principal": user,
        "action": asked.action,
        "resource": asked.on or user,
        "context": context,
        "identity": [json.loads(text), ADMINISTRATOR],
    }
    return decide(request)["outcome"]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
