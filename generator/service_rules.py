"""What AWS does whatever the policies say: rules of the services themselves, each with its source.

`UG:` is the IAM User Guide, `API:` the IAM or STS API Reference.
"""

from typing import Final, Literal

from generator.context import Context
from generator.principals import Caller

# UG:id_credentials_temp_control-access_getsessiontoken: nobody needs permission for it, and no
# policy can take it away. UG:id_credentials_sts-comparison says the same of GetCallerIdentity.
NOT_SUBJECT_TO_POLICIES: Final = "NotSubjectToPolicies"
# API:GetSessionToken: it has to be called with the long-term credentials of an IAM user.
LONG_TERM_CREDENTIALS: Final = "LongTermCredentials"
# UG:id_credentials_passwords_account-policy: the account setting lets all IAM users change their
# own passwords, and see what a password needs, without any policy attached.
GRANT_BY_ACCOUNT: Final = "AllowUsersToChangePassword"
# UG:id_credentials_mfa: who has a device must have signed in with one to enable or disable devices.
MFA_SESSION_TO_CHANGE_DEVICES: Final = "MfaSessionToChangeDevices"

# API:AssumeRoleWithSAML, API:AssumeRoleWithWebIdentity: they take no AWS credentials.
BY_IDENTITY_PROVIDERS: Final = frozenset(
    {"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"}
)

_DEVICE_CHANGES: Final = frozenset({"iam:enablemfadevice", "iam:deactivatemfadevice"})


def settled_by_service(
    who: Caller, action: str
) -> tuple[Literal["allowed", "implicitly_denied"], str] | None:
    """The outcome and the rule, where no policy is looked at at all."""
    name = action.lower()
    if name == "sts:getcalleridentity":
        return "allowed", NOT_SUBJECT_TO_POLICIES
    if name == "sts:getsessiontoken":
        if who.kind == "User":
            return "allowed", NOT_SUBJECT_TO_POLICIES
        return "implicitly_denied", LONG_TERM_CREDENTIALS
    return None


def granted_by_account(who: Caller, action: str, resource: str) -> bool:
    """Whether AllowUsersToChangePassword, if it is on, allows a request."""
    if who.kind != "User":
        return False
    name = action.lower()
    return name == "iam:getaccountpasswordpolicy" or (
        name == "iam:changepassword" and resource == who.arn
    )


def needs_mfa_session(who: Caller, action: str, resource: str, context: Context) -> bool | None:
    """Whether a user who has a device lacks the MFA session that a change of own devices needs.

    None if the context does not settle it.
    """
    if who.kind != "User" or resource != who.arn or action.lower() not in _DEVICE_CHANGES:
        return False
    flag = context.get("aws:multifactorauthpresent", "not known")
    if isinstance(flag, tuple):
        flag = flag[0] if len(flag) == 1 else None
    return None if flag == "not known" else (flag or "").lower() != "true"
