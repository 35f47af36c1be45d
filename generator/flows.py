"""Which API calls each sign-in or enrolment flow makes: data, not code.

Templates take their actions from here and guarantees check the same rows, so an action is written
once. `UG:` is the IAM User Guide (docs.aws.amazon.com/IAM/latest/UserGuide/), `SI:` the AWS Sign-In
User Guide (docs.aws.amazon.com/signin/latest/userguide/), `API:` the IAM or STS API Reference,
`SAR:` the Service Authorization Reference.
"""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Target: TypeAlias = Literal[
    "own-user", "any-device", "account", "sign-in-client", "console", "role"
]
Context: TypeAlias = tuple[tuple[str, str | None], ...]

REGISTER_KEY: Final = "iam:RegisterSecurityKey"


class Call(Struct, frozen=True, cache_hash=True):
    """One API call of one flow.

    `target` is the kind of resource the call is authorized on. `before_mfa`: a user without MFA
    must be able to make it. `granted`: it needs an Allow of ours (AWS gives some calls to
    everyone). `console_only`: it cannot be signed with an access key, so the MFA flag is never
    absent. `context`: condition keys the call carries; None is a key that is absent.
    """

    flow: str
    action: str
    target: Target
    source: str
    before_mfa: bool = True
    granted: bool = True
    console_only: bool = False
    context: Context = ()


CALLS: Final = (
    # A password reset at first sign-in, or of an expired password: the sign-in service calls
    # ChangePassword as the user, who has no MFA yet, and the page shows the account's rules.
    Call(
        "password",
        "iam:ChangePassword",
        "own-user",
        "UG:id_credentials_passwords_enable-user-change; API:ChangePassword",
    ),
    Call(
        "password",
        "iam:GetAccountPasswordPolicy",
        "account",
        "UG:id_credentials_passwords_enable-user-change",
    ),
    # The Security credentials page, where every enrolment starts.
    Call(
        "security-credentials-page",
        "iam:GetUser",
        "own-user",
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
    ),
    Call(
        "security-credentials-page",
        "iam:ListMFADevices",
        "own-user",
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
    ),
    Call(
        "security-credentials-page",
        "iam:GetMFADevice",
        "own-user",
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
    ),
    Call(
        "virtual-totp",
        "iam:ListVirtualMFADevices",
        "account",
        "UG:id_credentials_mfa_enable_virtual",
    ),
    Call(
        "virtual-totp",
        "iam:CreateVirtualMFADevice",
        "any-device",
        "UG:id_credentials_mfa_enable_virtual; API:CreateVirtualMFADevice",
    ),
    Call(
        "virtual-totp",
        "iam:EnableMFADevice",
        "own-user",
        "UG:id_credentials_mfa_enable_virtual; API:EnableMFADevice",
        context=((REGISTER_KEY, None),),
    ),
    Call(
        "virtual-totp",
        "iam:ResyncMFADevice",
        "own-user",
        "UG:id_credentials_mfa_sync; API:ResyncMFADevice",
    ),
    Call(
        "hardware-totp",
        "iam:EnableMFADevice",
        "own-user",
        "UG:id_credentials_mfa_enable_physical; API:EnableMFADevice",
        context=((REGISTER_KEY, None),),
    ),
    Call(
        "hardware-totp",
        "iam:ResyncMFADevice",
        "own-user",
        "UG:id_credentials_mfa_sync; API:ResyncMFADevice",
    ),
    # Evaluated twice, first without and then with the certification that the key turned out to
    # have; only the console can register security keys.
    Call(
        "security-key",
        "iam:EnableMFADevice",
        "own-user",
        "UG:id_credentials_mfa_fido_supported_configurations",
        console_only=True,
        context=((REGISTER_KEY, "Create"),),
    ),
    Call(
        "security-key",
        "iam:EnableMFADevice",
        "own-user",
        "UG:id_credentials_mfa_fido_supported_configurations",
        console_only=True,
        context=((REGISTER_KEY, "Activate"),),
    ),
    Call(
        "remove-device",
        "iam:DeactivateMFADevice",
        "own-user",
        "UG:reference_policies_examples_iam_mfa-selfmanage; API:DeactivateMFADevice",
        before_mfa=False,
    ),
    # AWS does not subject GetSessionToken to policies: listed for the reader, granted by nobody.
    Call(
        "mfa-session",
        "sts:GetSessionToken",
        "account",
        "UG:id_credentials_temp_control-access_getsessiontoken",
        granted=False,
    ),
    # Exempt from the Deny because nothing says that the MFA flag is set while the browser hands
    # the session to the CLI. The session that results is still subject to the Deny.
    Call(
        "aws-login",
        "signin:AuthorizeOAuth2Access",
        "sign-in-client",
        "SI:command-line-sign-in",
    ),
    Call(
        "aws-login",
        "signin:CreateOAuth2Token",
        "sign-in-client",
        "SI:command-line-sign-in",
    ),
    # With console authorization on, an identity-based Deny of these stops the console session.
    Call(
        "console-authorization",
        "signin:AuthorizeOAuth2Access",
        "console",
        "SI:console-access-control",
        granted=False,
        console_only=True,
    ),
    Call(
        "console-authorization",
        "signin:CreateOAuth2Token",
        "console",
        "SI:console-access-control",
        granted=False,
        console_only=True,
    ),
    Call(
        "switch-role",
        "sts:AssumeRole",
        "role",
        "UG:id_roles_use_permissions-to-switch; API:AssumeRole",
        before_mfa=False,
    ),
    Call(
        "switch-role-source-identity",
        "sts:SetSourceIdentity",
        "role",
        "UG:id_credentials_temp_control-access_monitor",
        before_mfa=False,
    ),
    Call(
        "switch-role-session-tags",
        "sts:TagSession",
        "role",
        "UG:id_session-tags",
        before_mfa=False,
    ),
    *(
        Call(flow, f"iam:{name}", "own-user", source, before_mfa=False)
        for flow, source, names in (
            (
                "access-keys",
                "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
                "CreateAccessKey DeleteAccessKey GetAccessKeyLastUsed ListAccessKeys"
                " UpdateAccessKey",
            ),
            (
                "ssh-public-keys",
                "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
                "DeleteSSHPublicKey GetSSHPublicKey ListSSHPublicKeys UpdateSSHPublicKey"
                " UploadSSHPublicKey",
            ),
            (
                "signing-certificates",
                "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
                "DeleteSigningCertificate ListSigningCertificates UpdateSigningCertificate"
                " UploadSigningCertificate",
            ),
            (
                "service-specific-credentials",
                "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
                "CreateServiceSpecificCredential DeleteServiceSpecificCredential"
                " ListServiceSpecificCredentials ResetServiceSpecificCredential"
                " UpdateServiceSpecificCredential",
            ),
        )
        for name in names.split()
    ),
)

# What a role's trust policy decides about people with IAM credentials.
# SAR: AWS Security Token Service.
ROLE_ACTIONS: Final = frozenset({"sts:assumerole", "sts:setsourceidentity", "sts:tagsession"})

# Flows that every user goes through, whatever the profile says.
ALWAYS: Final = ("password", "security-credentials-page", "remove-device")


def has_security_keys(partition: str) -> bool:
    """Whether security keys exist in a partition at all.

    Source: Amazon Web Services in China, "Identity and Access Management" (virtual devices only).
    """
    return partition != "aws-cn"


@lru_cache(maxsize=128)
def calls_of(flows: frozenset[str]) -> tuple[Call, ...]:
    """The calls of these flows, in the order of the catalogue."""
    return tuple(call for call in CALLS if call.flow in flows)


def actions(calls: Iterable[Call], *targets: Target, before_mfa: bool | None = None) -> list[str]:
    """The actions of those calls that go to one of `targets`, sorted, each once."""

    def chosen() -> Iterator[str]:
        for call in calls:
            if call.target in targets and before_mfa in (None, call.before_mfa):
                yield call.action

    return sorted(set(chosen()))


@cache
def actions_of_flow(flow: str, target: Target) -> list[str]:
    """The actions of one flow that go to one kind of resource, sorted. Not to be changed."""
    return actions(calls_of(frozenset([flow])), target)
