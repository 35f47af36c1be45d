"""Rules of IAM and STS themselves, outside all policies, and where a trust policy must allow."""

from .principals import Naming
from .statements import Finding, Request
from .truth import Refused, Truth

ROLE_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


def _rule(name: str) -> dict[str, object]:
    return {"policy": "service", "sid": name, "index": None, "effect": "Allow"}


def without_policies(request: Request) -> dict[str, object] | None:
    """Calls for which no policy is looked at, if this is one.

    UG:id_credentials_temp_control-access_getsessiontoken, UG:id_credentials_sts-comparison.
    """
    action = request.action.lower()
    if action in ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity"):
        # API:AssumeRoleWithSAML, API:AssumeRoleWithWebIdentity: called without AWS credentials
        raise Refused("called by identity providers' users")
    if action == "sts:getsessiontoken" and request.caller.kind != "user":
        return {"outcome": "implicitly_denied", "blocked_by": ["service"], "because": []}
    if action in ("sts:getsessiontoken", "sts:getcalleridentity"):
        because = [_rule("NotSubjectToPolicies")]
        return {"outcome": "allowed", "blocked_by": [], "because": because}
    return None


def needs_mfa_session(request: Request, mfa_device: object) -> bool:
    """UG:id_credentials_mfa_enable_cliapi: who has a device changes devices with MFA only."""
    signed_in = [text.lower() for text in request.context.get("aws:multifactorauthpresent", [])]
    return (
        request.caller.kind == "user"
        and request.action.lower() in ("iam:enablemfadevice", "iam:deactivatemfadevice")
        and request.resource == request.caller.arn
        and mfa_device is True
        and signed_in != ["true"]
    )


def password_grant(request: Request, password_policy: object) -> list[Finding]:
    """UG:id_credentials_passwords_account-policy: the account's grant, as an identity's Allow."""
    name = "AllowUsersToChangePassword"
    if (
        not isinstance(password_policy, dict)
        or password_policy.get(name) is not True
        or request.caller.kind != "user"
    ):
        return []
    action = request.action.lower()
    own = action == "iam:changepassword" and request.resource == request.caller.arn
    if not own and action != "iam:getaccountpasswordpolicy":
        return []
    ways: dict[Naming, Truth] = {Naming.DIRECT: True}
    return [Finding("identity", "password_policy", 0, name, None, "Allow", ways)]


def must_trust_allow(request: Request) -> bool:
    """Role trust policies and key policies:
    UG:reference_policies_evaluation-logic_policy-eval-denyallow (resource-based policies)."""
    fields = request.resource.split(":", 5)
    if len(fields) != 6:
        return False
    action = request.action.lower()
    if action in ROLE_ACTIONS:
        return fields[2] == "iam" and fields[5].startswith("role/")
    return action.startswith("kms:") and fields[2] == "kms" and fields[5].startswith("key/")
