"""Who makes a request, and whom the principals of a resource-based policy name.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from generator.errors import GenError, NotModelledError
from generator.policy import Principals

CallerKind: TypeAlias = Literal["User", "AssumedRole", "FederatedUser"]


class Caller(Struct, frozen=True, cache_hash=True):
    """An IAM user, a session of a role or a federated user session.

    `kind` is the value of aws:PrincipalType. `name` is the user's name or the role's, without
    path. `principal_arn` is the value of aws:PrincipalArn: of a role's session, the role's ARN; an
    assumed-role ARN does not tell the role's path, which then counts as none.
    """

    kind: CallerKind
    arn: str
    partition: str
    account: str
    name: str
    principal_arn: str

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a session of a service-linked role, which SCPs and RCPs do not bind."""
        return ":role/aws-service-role/" in self.principal_arn


class Named(IntEnum):
    """How directly a statement's principals name a caller; more is more directly."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECTLY = 3


_ARN: Final = re.compile(r"arn:([a-z0-9-]+):(iam|sts)::([0-9]{12}):(.+)", re.DOTALL)
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
# Source: IAM User Guide, "IAM identifiers", unique identifiers.
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,127}")
_UNIQUE_PREFIX: Final = re.compile(r"A(?:IDA|ROA|GPA|IPA|NPA|NVA|PKA|SCA|SIA|KIA)[A-Z0-9]*")


@lru_cache(maxsize=1024)
def caller(arn: str) -> Caller:
    """The caller of an ARN.

    Raises:
        GenError: not the ARN of a principal.
        NotModelledError: a principal that is not modelled: the root user, an AWS service, ...
    """
    found = _ARN.fullmatch(arn)
    if not found:
        if arn.endswith((".amazonaws.com", ".amazonaws.com.cn")) or arn == "*":
            raise _not_modelled(arn)
        raise GenError(
            f"`{arn}` is not the ARN of a principal",
            hint="write it as arn:aws:iam::ACCOUNT:user/NAME",
        )
    partition, service, account, rest = found.groups()
    kind, _, name = rest.partition("/")
    if service == "iam" and kind in ("user", "role") and name.rpartition("/")[2]:
        return Caller(
            "User" if kind == "user" else "AssumedRole",
            arn,
            partition,
            account,
            name.rpartition("/")[2],
            arn,
        )
    if service == "sts" and kind == "assumed-role" and name.count("/") == 1:
        role = name.partition("/")[0]
        role_arn = f"arn:{partition}:iam::{account}:role/{role}"
        return Caller("AssumedRole", arn, partition, account, role, role_arn)
    if service == "sts" and kind == "federated-user" and name:
        return Caller("FederatedUser", arn, partition, account, name, arn)
    raise _not_modelled(arn)


def _not_modelled(arn: str) -> NotModelledError:
    return NotModelledError(
        f"the principal `{arn}` is none whose requests are modelled",
        hint="name an IAM user, a role or a session",
    )


@lru_cache(maxsize=1024)
def named(principals: Principals, who: Caller) -> tuple[Named, Named]:
    """How directly `Principal` or `NotPrincipal` names a caller: for sure, and possibly.

    The two differ where that is not documented, or depends on what the caller's ARN does not tell.
    """
    if principals.negated:
        found = _named_by_exclusion(principals, who)
        return (Named.NOT, Named.DIRECTLY) if found is None else (found, found)
    if principals.anyone:
        return Named.DIRECTLY, Named.DIRECTLY
    each = [_names(kind, i, who) for kind, ids in principals.entries for i in ids]
    return max(sure for sure, _ in each), max(possible for _, possible in each)


def _names(kind: str, i: str, who: Caller) -> tuple[Named, Named]:
    """How directly one principal names a caller: for sure, and possibly."""
    if kind == "CanonicalUser":
        # An S3 id of an account, which no request tells.
        return Named.NOT, Named.ACCOUNT
    found = _names_by_arn(i, who) if kind == "AWS" else Named.NOT
    return (Named.NOT, Named.DIRECTLY) if found is None else (found, found)


def _names_by_arn(i: str, who: Caller) -> Named | None:
    """How directly a principal of type AWS names a caller; None if that is not known."""
    if i == "*":
        return Named.DIRECTLY
    if i == who.arn:
        # A role's own ARN names all its sessions.
        return Named.ROLE if ":role/" in i and who.kind == "AssumedRole" else Named.DIRECTLY
    if _ACCOUNT.fullmatch(i):
        return Named.ACCOUNT if i == who.account else Named.NOT
    if _UNIQUE_PREFIX.fullmatch(i) or _UNIQUE_ID.fullmatch(i):
        # What a deleted user or role leaves behind; a namesake has another id.
        return Named.NOT
    found = _ARN.fullmatch(i)
    if not found or "*" in i or "?" in i:
        return None
    partition, service, account, rest = found.groups()
    if (partition, account) != (who.partition, who.account):
        return Named.NOT
    if service == "iam" and rest == "root":
        return Named.ACCOUNT
    if who.kind == "AssumedRole" and service == "iam" and rest.startswith("role/"):
        # Names of roles are unique in an account, whatever the path.
        return Named.ROLE if rest.rpartition("/")[2] == who.name else Named.NOT
    if ":role/" in who.arn and rest.startswith(f"assumed-role/{who.name}/"):
        # One session of the role, and which one calls is not known.
        return None
    return Named.NOT


def _named_by_exclusion(principals: Principals, who: Caller) -> Named | None:
    """Whether `NotPrincipal` leaves a caller covered.

    A caller is several principals at once (account and user; account, role and session), and AWS
    documents only what happens where all of them are listed or none is.
    """
    each = [(kind, i) for kind, ids in principals.entries for i in ids]
    if principals.anyone or ("AWS", "*") in each:
        return Named.NOT
    found = [_names(kind, i, who) for kind, i in each]
    # The session may be listed too; the documented example lists account and role.
    enough = {Named.ACCOUNT, Named.ROLE if who.kind == "AssumedRole" else Named.DIRECTLY}
    if {sure for sure, _ in found} >= enough:
        return Named.NOT
    return Named.DIRECTLY if {possible for _, possible in found} == {Named.NOT} else None
