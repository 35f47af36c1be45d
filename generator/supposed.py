"""The states in which the requests of an audit are made, as contexts that say what is known.

A document of somebody else's may ask for anything. What a state settles is known; what depends on
where and when people work (an address, the time, a tag) is not; every other key, a misspelt one
too, is absent.
"""

from functools import cache
from typing import Any, Final, Literal, TypeAlias

from generator.context import Known, Value
from generator.principals import Caller

State: TypeAlias = Literal["console", "key", "mfa", "role"]

IN_WORDS: Final[dict[State, str]] = {
    "console": "a console session without MFA",
    "key": "an access key without MFA",
    "mfa": "a session with MFA",
    "role": "a session of a role",
}

# Source: IAM User Guide, "AWS global condition context keys": when each is in a request, and
# "aws:MultiFactorAuthPresent". A session of a role has no MFA flag: "Secure API access with MFA".
# Source: the same page, aws:TokenIssueTime: in requests with temporary credentials only.
_LONG_TERM: Final[dict[str, Value]] = {"aws:tokenissuetime": None}
# IAM is one endpoint in each partition. Source: IAM User Guide, "Deny access to AWS based on the
# requested Region"; the Region that botocore's endpoints.json signs IAM's requests for.
IAM_REGION: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_FLAGS: Final[dict[State, tuple[str | None, str | None]]] = {
    "console": ("false", None),
    "key": (None, None),
    "mfa": ("true", "60"),
    "role": (None, None),
}
_SETTLED: Final[dict[str, Value]] = {
    "aws:viaawsservice": "false",
    # "Agent Toolkit for AWS", troubleshooting: true for what AWS's MCP servers call for somebody.
    "aws:viaawsmcpservice": "false",
    "aws:calledviaawsmcp": None,
    "aws:principalisawsservice": "false",
    "aws:securetransport": "true",
    "aws:calledvia": None,
    "aws:calledviafirst": None,
    "aws:calledvialast": None,
    "aws:federatedprovider": None,
    "aws:assumedroot": None,
    "aws:principalservicename": None,
    "aws:principalservicenameslist": None,
    "aws:sourcearn": None,
    "aws:sourceaccount": None,
    "aws:sourceorgid": None,
    "aws:sourceorgpaths": None,
    "aws:sourceowner": None,
    "aws:sourceidentity": None,
    "aws:ec2instancesourcevpc": None,
    "aws:ec2instancesourceprivateipv4": None,
    "ec2:sourceinstancearn": None,
    "lambda:sourcefunctionarn": None,
}


class Supposed(Known):
    """A context whose keys are known, or absent, or (circumstances) not known."""

    __slots__ = ()

    def get(self, key: str, default: Any = None) -> Value:
        """The value of a key; None if it is absent, `default` if it is not known."""
        if key in self:
            return self[key]
        return default if _is_circumstance(key) else None


class OfIam(Supposed):
    """The same of a request to IAM, which has no keys of other services."""

    __slots__ = ()

    def get(self, key: str, default: Any = None) -> Value:
        if key in self or key.startswith(("aws:", "iam:", "saml:")) or ":" not in key:
            return super().get(key, default)
        return None


@cache
def _is_circumstance(key: str) -> bool:
    """Whether a key that no state settles exists at all, so that its value is not known."""
    from generator.catalog import is_key

    return not key.startswith("$") and is_key(key)


def context(state: State, who: Caller, owner: str, action: str = "", **carried: Value) -> Supposed:
    """The context of a call by somebody in a state, on something of an account.

    `carried` are keys in lower case that the call brings along.
    """
    flag, age = _FLAGS[state]
    found: dict[str, Value] = {
        **_SETTLED,
        "aws:multifactorauthpresent": flag,
        "aws:multifactorauthage": age,
        "aws:principalarn": who.principal_arn,
        "aws:principalaccount": who.account,
        "aws:principaltype": who.kind,
        "aws:resourceaccount": owner,
        "aws:username": who.name if who.kind == "User" else None,
        "iam:registersecuritykey": None,
        "iam:fido-certification": None,
        "iam:fido-fips-140-2-certification": None,
        "iam:fido-fips-140-3-certification": None,
    }
    if state == "key":
        found |= _LONG_TERM
    if not action.lower().startswith("iam:"):
        return Supposed(found | carried)
    if who.partition in IAM_REGION:
        found["aws:requestedregion"] = IAM_REGION[who.partition]
    return OfIam(found | carried)
