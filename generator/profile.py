"""A profile: what a team wants of its force-MFA policies, in IAM's words.

These types are the one description of the file format. The loader, the JSON Schema and the
reference in README.md are made from them.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from generator.lexical import (
    AccountId,
    ActionName,
    Archetype,
    Arn,
    Attachment,
    Device,
    Duration,
    ExternalId,
    FidoLevel,
    FileName,
    FipsLevel,
    Line,
    OrganizationId,
    Partition,
    Path,
    ProfileName,
    RoleName,
    TagKey,
    TagValue,
    UserName,
)
from generator.password_policy import PasswordPolicy, Section


class Account(Section, frozen=True):
    """The AWS account the documents are for."""

    id: Annotated[
        AccountId | None,
        Meta(description="12 digits, in quotes. Needed as soon as there are roles."),
    ] = None
    partition: Annotated[Partition, Meta(description="The partition that every ARN names.")] = "aws"
    password_policy: Annotated[
        PasswordPolicy | FileName | None,
        Meta(
            description="What `aws iam get-account-password-policy` printed, inline or as the path "
            "of a file beside the profile that holds it; or `none` where it answered NoSuchEntity. "
            "Not given counts as `none`."
        ),
    ] = None
    console_authorization: Annotated[
        bool,
        Meta(
            description="The account has console authorization of AWS Sign-In enabled, so that "
            "the two sign-in actions must not be denied before MFA."
        ),
    ] = False


class Users(Section, frozen=True):
    """The IAM users the policy is for."""

    path: Annotated[
        Path | None,
        Meta(description="The IAM path the users live under. Not given: any path."),
    ] = None
    password_reset_required: Annotated[
        bool,
        Meta(description="Administrators create the users with a reset at the first sign-in."),
    ] = True


class FidoCertification(Section, frozen=True):
    """What a security key must be certified for. Where several are given, all must hold."""

    fido: Annotated[
        tuple[FidoLevel, ...],
        Meta(description="Accepted levels of `iam:FIDO-certification`, each listed by name."),
    ] = ()
    fips_140_2: Annotated[
        tuple[FipsLevel, ...],
        Meta(description="Accepted levels of `iam:FIDO-FIPS-140-2-certification`."),
    ] = ()
    fips_140_3: Annotated[
        tuple[FipsLevel, ...],
        Meta(description="Accepted levels of `iam:FIDO-FIPS-140-3-certification`."),
    ] = ()


class Mfa(Section, frozen=True):
    """Which MFA devices the users enrol, and how long a sign-in with one counts."""

    devices: Annotated[
        tuple[Device, ...],
        Meta(description="The kinds of device a user may enrol.", min_length=1),
    ] = ("virtual-totp", "security-key", "hardware-totp")
    certification: Annotated[
        FidoCertification | None,
        Meta(description="Certification required of security keys."),
    ] = None
    max_age: Annotated[
        Duration | None,
        Meta(description="Longest time since the MFA sign-in, as `30m` or `8h`."),
    ] = None


class SelfService(Section, frozen=True):
    """What users manage of their own besides password and MFA; each only with MFA."""

    access_keys: Annotated[bool, Meta(description="Own access keys.")] = False
    ssh_public_keys: Annotated[bool, Meta(description="Own SSH public keys.")] = False
    signing_certificates: Annotated[bool, Meta(description="Own signing certificates.")] = False
    service_specific_credentials: Annotated[
        bool, Meta(description="Own service-specific credentials, such as Git credentials.")
    ] = False


class Cli(Section, frozen=True):
    """How users get credentials for the AWS CLI."""

    mfa_session: Annotated[
        bool,
        Meta(
            description="Users call `sts:GetSessionToken` with an MFA code. Listed in the Deny's "
            "exemptions for the reader; AWS does not subject that call to policies."
        ),
    ] = False
    aws_login: Annotated[
        bool, Meta(description="Users sign in with `aws login` (two AWS Sign-In actions).")
    ] = False


class Exemption(Section, frozen=True):
    """One more action that the Deny leaves alone before MFA, and why."""

    action: Annotated[ActionName, Meta(description="One action; wildcards are refused.")]
    reason: Annotated[Line, Meta(description="Why, for the people who review it.")]


class Deny(Section, frozen=True):
    """The Deny of `direct-user-deny`."""

    except_via_aws_service: Annotated[
        bool,
        Meta(
            description="Leave alone the calls an AWS service makes for the user "
            '(`"aws:ViaAWSService": "false"` in the condition).'
        ),
    ] = False
    exempt_before_mfa: Annotated[
        tuple[Exemption, ...],
        Meta(
            description="Further actions exempt before MFA; those that act on a user, on the own "
            "user only."
        ),
    ] = ()


class Trust(Section, frozen=True):
    """Who may assume a role, always with MFA. What is given must hold together."""

    users_under: Annotated[
        Path | None,
        Meta(
            description="IAM users under this path, whatever their name. Not given: the path of "
            "the profile's users, else any."
        ),
    ] = None
    principal_arn: Annotated[
        Arn | None,
        Meta(description="A pattern for `aws:PrincipalArn` in place of `users_under`."),
    ] = None
    users: Annotated[
        tuple[UserName, ...],
        Meta(
            description="Exactly these users, as `name` or `path/name`, named as principals.",
            min_length=1,
        ),
    ] = ()
    accounts: Annotated[
        tuple[AccountId, ...],
        Meta(
            description="Accounts whose users may. Not given: the profile's own account.",
            min_length=1,
        ),
    ] = ()
    organization: Annotated[
        OrganizationId | None,
        Meta(
            description="The users' account must belong to this organization "
            "(`aws:PrincipalOrgID`). Without `accounts`: any account of it."
        ),
    ] = None


class Permissions(Section, frozen=True):
    """What a role may do."""

    managed: Annotated[
        tuple[Arn, ...], Meta(description="ARNs of managed policies to attach to the role.")
    ] = ()
    statements: Annotated[
        FileName | None,
        Meta(
            description="A file beside the profile with the role's own statements, YAML or JSON; "
            "rendered as the role's inline policy."
        ),
    ] = None


class Role(Section, frozen=True):
    """A role that people work through."""

    name: Annotated[RoleName, Meta(description="The role's name.")]
    description: Annotated[Line | None, Meta(description="The role's description.")] = None
    path: Annotated[Path, Meta(description="The role's IAM path.")] = "/"
    account: Annotated[
        AccountId | None,
        Meta(description="The account the role lives in. Not given: the profile's account."),
    ] = None
    trust: Annotated[
        Trust, Meta(description="Who may assume it. Not given: the profile's users.")
    ] = msgspec.field(default_factory=Trust)
    mfa_max_age: Annotated[
        Duration | None,
        Meta(description="Longest time since MFA when assuming it. Not given: `mfa.max_age`."),
    ] = None
    max_session: Annotated[Duration, Meta(description="Maximum session duration, 1h to 12h.")] = (
        "1h"
    )
    session_name_is_username: Annotated[
        bool,
        Meta(
            description="`sts:RoleSessionName` must be the user name. Whether the console's switch "
            "role sends that is not documented: for CLI users."
        ),
    ] = False
    external_id: Annotated[
        ExternalId | None,
        Meta(description="`sts:ExternalId` that third parties must send; not a secret."),
    ] = None
    source_identity_is_username: Annotated[
        bool, Meta(description="`sts:SourceIdentity` must be set to the user name.")
    ] = False
    session_tags: Annotated[
        dict[TagKey, tuple[TagValue, ...]],
        Meta(description="Session tags that may be passed: key, then the accepted values."),
    ] = msgspec.field(default_factory=dict)
    permissions: Annotated[Permissions, Meta(description="What the role may do.")] = msgspec.field(
        default_factory=Permissions
    )
    permissions_boundary: Annotated[
        Arn | None, Meta(description="ARN of the role's permissions boundary.")
    ] = None


class Profile(Section, frozen=True):
    """Force-MFA policies of one team."""

    name: Annotated[
        ProfileName, Meta(description="The folder under `out/`: lower case, digits, hyphens.")
    ]
    description: Annotated[Line, Meta(description="What the policies are for, one sentence.")]
    archetype: Annotated[
        Archetype,
        Meta(
            description="`direct-user-deny`: a Deny without MFA on the users. "
            "`role-assumption-with-mfa-trust`: users hold almost nothing and work through roles "
            "whose trust policy demands MFA."
        ),
    ]
    account: Annotated[Account, Meta(description="The AWS account.")] = Account()
    users: Annotated[Users, Meta(description="The IAM users.")] = Users()
    mfa: Annotated[Mfa, Meta(description="MFA devices and the age of a sign-in.")] = Mfa()
    self_service: Annotated[
        SelfService, Meta(description="Own credentials users manage, with MFA.")
    ] = SelfService()
    cli: Annotated[Cli, Meta(description="Credentials for the AWS CLI.")] = Cli()
    deny: Annotated[Deny, Meta(description="The Deny; `direct-user-deny` only.")] = Deny()
    attach: Annotated[
        Attachment,
        Meta(
            description="How the user policy is attached; decides its size quota. `managed`: "
            "a managed policy, attached to the group."
        ),
    ] = "managed"
    roles: Annotated[
        tuple[Role, ...], Meta(description="Roles whose trust policy demands MFA.")
    ] = ()


def read(data: object) -> Profile:
    """Plain data as a profile.

    Raises:
        msgspec.ValidationError: the first thing that does not fit; `generator.problems` finds all.
    """
    return msgspec.convert(data, Profile)
