"""Published policies that are known to be wrong, in their editions: data, with sources.

An edition is known by what its Deny does: which actions it exempts (`NotAction`) or denies
(`Action`), under which condition, on what. Names are in lower case. `GIT:` is a commit of
github.com/awsdocs/iam-user-guide, AWS's own history of the IAM User Guide from 2017-12 to 2023-05.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

Resource: TypeAlias = Literal["everything", "own-user", "bucket"]
# (operator, key, value), all in lower case.
Asked: TypeAlias = frozenset[tuple[str, str, str]]


class Edition(Struct, frozen=True, kw_only=True):
    """One text of a published policy, and what became of it.

    `lists` has the actions that must be in its list, `may` those that may be as well: what people
    add to it without mending it. `any_list`: it is known by its condition alone. `dates` and `fate`
    are words of a message: when it was published, and what became of it.
    """

    rule: str
    name: str
    dates: str
    fate: str
    source: str
    asks: Asked
    lists: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    any_list: bool = False
    negated: bool = True
    resource: Resource = "everything"


def _iam(*names: str) -> frozenset[str]:
    return frozenset(f"iam:{name}".lower() for name in names)


_SESSION: Final = frozenset({"sts:getsessiontoken"})
_FALSE: Final = ("aws:multifactorauthpresent", "false")
_IF_EXISTS: Final[Asked] = frozenset({("boolifexists", *_FALSE)})
_BOOL: Final[Asked] = frozenset({("bool", *_FALSE)})
_NULL: Final[Asked] = frozenset({("null", "aws:multifactorauthpresent", "true")})
_STALE: Final[Asked] = frozenset({("numericgreaterthan", "aws:multifactorauthage", "1800")})

# The samples of the security credentials page exempt these from 2019-01 on.
_PAGE: Final = (
    _iam(
        "CreateVirtualMFADevice",
        "EnableMFADevice",
        "GetUser",
        "ListMFADevices",
        "ListVirtualMFADevices",
        "ResyncMFADevice",
    )
    | _SESSION
)
_KEY_PAGE: Final = _iam("EnableMFADevice", "GetUser", "ListMFADevices", "ResyncMFADevice")
_SELF_MANAGE: Final = _iam(
    "CreateVirtualMFADevice",
    "EnableMFADevice",
    "ListMFADevices",
    "ListUsers",
    "ListVirtualMFADevices",
    "ResyncMFADevice",
)
# The tutorial of 2017 and 2018, and the article for the AWS CLI, which kept its list.
_TUTORIAL: Final = (
    _iam(
        "CreateVirtualMFADevice",
        "DeleteVirtualMFADevice",
        "EnableMFADevice",
        "GetAccountSummary",
        "ListAccessKeys",
        "ListAccountAliases",
        "ListMFADevices",
        "ListServiceSpecificCredentials",
        "ListSSHPublicKeys",
        "ListUsers",
        "ListVirtualMFADevices",
        "ResyncMFADevice",
    )
    | _SESSION
)
# What people add to any of them, or leave out, while what is wrong stays.
_HARMLESS: Final = (
    _TUTORIAL
    | _PAGE
    | _iam("ChangePassword", "GetAccountPasswordPolicy", "GetMFADevice")
    | frozenset({"signin:authorizeoauth2access", "signin:createoauth2token"})
) - _iam("DeleteVirtualMFADevice")
_ENROLMENT: Final = _iam("CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices")


EDITIONS: Final = (
    Edition(
        rule="GEN080",
        name='AWS\'s sample "manage your own credentials, MFA-authenticated"',
        dates="in this edition since 2023",
        fate="AWS still publishes it, with a note that it does not let users set a password at the "
        "first sign-in",
        source="UG:reference_policies_examples_aws_my-sec-creds-self-manage",
        asks=_IF_EXISTS,
        lists=_PAGE | _iam("GetMFADevice"),
    ),
    Edition(
        rule="GEN080",
        name="AWS's samples for the security credentials page (the Deny that terraform-aws-iam "
        "took over in 5.11.0, 5.11.1 and 5.31.0 to 5.37.1)",
        dates="published 2019-01-25",
        fate="AWS still publishes it for MFA devices only; terraform-aws-iam took it back twice",
        source="GIT:3a0537e",
        asks=_IF_EXISTS,
        lists=_PAGE,
    ),
    Edition(
        rule="GEN080",
        name='AWS\'s sample "self-manage an MFA device"',
        dates="in this edition by 2022",
        fate="AWS still publishes it",
        source="UG:reference_policies_examples_iam_mfa-selfmanage",
        asks=_IF_EXISTS,
        lists=_SELF_MANAGE,
    ),
    Edition(
        rule="GEN080",
        name="AWS's sample of the permissions for enrolling a security key",
        dates="in this edition since 2023-02-24",
        fate="AWS still publishes it",
        source="GIT:533d414",
        asks=_IF_EXISTS,
        lists=_KEY_PAGE,
    ),
    Edition(
        rule="GEN081",
        name='AWS\'s tutorial "Force_MFA" or its sample "self-manage an MFA device" of November '
        "2018",
        dates="published 2018-11-21",
        fate="AWS withdrew it on 2018-11-30, after Duo had disclosed the gap",
        source="GIT:f774f91",
        asks=_IF_EXISTS,
        lists=_ENROLMENT | _iam("DeactivateMFADevice", "DeleteVirtualMFADevice"),
        may=_HARMLESS,
    ),
    Edition(
        rule="GEN081",
        name='AWS\'s tutorial "Force_MFA" of 2017 and 2018',
        dates="published 2017-12-01 or before",
        fate="AWS withdrew it by 2019-01-25, and says never to exempt the deletion of a device",
        source="GIT:f7b9df6",
        asks=_IF_EXISTS,
        lists=_ENROLMENT | _iam("DeleteVirtualMFADevice", "ListUsers"),
        may=_HARMLESS,
    ),
    Edition(
        rule="GEN082",
        name='AWS\'s tutorial "Force_MFA" with the note of September 2018',
        dates="published 2018-09-19",
        fate="AWS took `iam:CreateLoginProfile` out of the note on 2019-01-25",
        source="GIT:a9e3db3",
        asks=_IF_EXISTS,
        lists=_ENROLMENT | _iam("ChangePassword", "CreateLoginProfile"),
        may=_HARMLESS | _iam("DeleteVirtualMFADevice", "DeactivateMFADevice"),
    ),
    Edition(
        rule="GEN083",
        name="cloud.gov's operators",
        dates="published in pull request 736 of cloud-gov/terraform-provision",
        fate="it is meant for `aws-vault login`, which opens the console so",
        source="https://github.com/cloud-gov/terraform-provision/pull/736",
        asks=_IF_EXISTS,
        lists=_ENROLMENT | frozenset({"sts:getfederationtoken"}),
        may=_HARMLESS,
    ),
    Edition(
        rule="GEN084",
        name="the policy that AWS's article on MFA and the AWS CLI shows as not working",
        dates="published 2020-06-16 or before, since 2021 with `aws:ViaAWSService`",
        fate="the same article says to write `BoolIfExists`",
        source="https://repost.aws/knowledge-center/mfa-iam-user-aws-cli",
        asks=_BOOL,
        lists=_TUTORIAL,
        may=_HARMLESS,
    ),
    Edition(
        rule="GEN085",
        name="AWS's page on condition keys, where it compares `Null` with `Bool`",
        dates="still there in 2026",
        fate="the page itself recommends `BoolIfExists`",
        source="UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
        asks=_NULL,
        any_list=True,
    ),
    Edition(
        rule="GEN086",
        name="AWS's sample of the permissions for enrolling a hardware token (and, until "
        "2023-02-24, a security key)",
        dates="still there in 2026",
        fate="AWS mended the one for security keys and not this one",
        source="UG:id_credentials_mfa_enable_physical",
        asks=_IF_EXISTS,
        lists=_KEY_PAGE,
        may=_HARMLESS,
        resource="own-user",
    ),
    Edition(
        rule="GEN087",
        name="the example of AWS's page on NotAction",
        dates="published 2018-05, then under the Sid `DenyAllOutsideEU`",
        fate="AWS still publishes it",
        source="UG:reference_policies_elements_notaction",
        asks=_IF_EXISTS,
        lists=frozenset({"iam:*"}),
    ),
    Edition(
        rule="GEN088",
        name="AWS's sample for a production bucket",
        dates="published 2019-07",
        fate="AWS wrote `NumericGreaterThanIfExists` in 2020-01",
        source="UG:reference_policies_examples_s3_full-access-except-production",
        asks=_STALE,
        lists=frozenset({"s3:*"}),
        negated=False,
        resource="bucket",
    ),
)
