"""Actions that no profile and no template may open to a user without MFA: data, with sources.

The prefixes of sources are those of `generator.flows`.
"""

from typing import Final

from msgspec import Struct


class NeverExempt(Struct, frozen=True):
    """An action that must stay denied, or not granted, to a user without MFA, and why."""

    action: str
    why: str
    source: str


_OWN_POLICIES = "whoever can change policies can take the Deny off, or go round it"
_PASSWORDS = "it decides which passwords are good enough, and whether users may change theirs"
_FEDERATION = "whoever can change identity providers decides who signs in"
_PERSISTENCE = "a new credential made without MFA outlives the session"

NEVER_EXEMPT: Final = (
    NeverExempt(
        "iam:DeactivateMFADevice",
        "an access key alone could remove the MFA device",
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only",
    ),
    NeverExempt(
        "iam:DeleteVirtualMFADevice",
        "an access key alone could delete the MFA device",
        "UG:troubleshoot#troubleshoot_general_access-denied-delete-mfa",
    ),
    NeverExempt(
        "iam:UpdateLoginProfile",
        "it sets a password without asking for the old one",
        "API:UpdateLoginProfile",
    ),
    NeverExempt(
        "iam:CreateLoginProfile",
        "it gives a user a password that an access key chose",
        "API:CreateLoginProfile",
    ),
    NeverExempt(
        "sts:AssumeRole",
        "every role whose trust does not demand MFA would open to an access key",
        "API:AssumeRole",
    ),
    NeverExempt(
        "sts:GetFederationToken",
        "it turns an access key into a console session without an MFA prompt",
        "UG:console_sign-in-mfa",
    ),
    NeverExempt(
        "sts:AssumeRoot",
        "it opens a session of a member account's root user",
        "API:AssumeRoot",
    ),
    *(
        NeverExempt(
            f"iam:{name}AccountPasswordPolicy", _PASSWORDS, f"API:{name}AccountPasswordPolicy"
        )
        for name in ("Delete", "Update")
    ),
    *(
        NeverExempt(f"iam:{name}", _FEDERATION, "SAR:list_awsidentityandaccessmanagementiam")
        for name in (
            "AddClientIDToOpenIDConnectProvider",
            "CreateOpenIDConnectProvider",
            "CreateSAMLProvider",
            "UpdateOpenIDConnectProviderThumbprint",
            "UpdateSAMLProvider",
        )
    ),
    *(
        NeverExempt(f"iam:{name}", _PERSISTENCE, "SAR:list_awsidentityandaccessmanagementiam")
        for name in (
            "CreateAccessKey",
            "UpdateAccessKey",
            "UploadSSHPublicKey",
            "UpdateSSHPublicKey",
            "UploadSigningCertificate",
            "UpdateSigningCertificate",
            "CreateServiceSpecificCredential",
            "ResetServiceSpecificCredential",
            "UpdateServiceSpecificCredential",
        )
    ),
    *(
        NeverExempt(f"iam:{name}", _OWN_POLICIES, "SAR:list_awsidentityandaccessmanagementiam")
        for name in (
            "AddUserToGroup",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicyVersion",
            "DeleteGroupPolicy",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "PutGroupPolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "PutUserPermissionsBoundary",
            "PutUserPolicy",
            "RemoveUserFromGroup",
            "SetDefaultPolicyVersion",
            "UpdateAssumeRolePolicy",
        )
    ),
)
