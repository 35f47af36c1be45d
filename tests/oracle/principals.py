"""Who calls, and which statements name the caller.

UG:reference_policies_elements_principal, UG:reference_policies_elements_notprincipal.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .grammar import texts_of
from .truth import Doubt, Refused, Truth, all_of, any_of


class Naming(Enum):
    """How a statement of a resource-based policy names the caller."""

    DIRECT = "the user or session itself"
    ROLE = "the role of the session"
    ACCOUNT = "the account"
    EVERYONE = "all principals"


@dataclass(frozen=True)
class Caller:
    """The principal that makes the request."""

    arn: str
    kind: str  # user, role (a session of unknown name), assumed-role, federated-user
    partition: str
    account: str
    name: str  # of the user, role or federated user
    path: str

    @property
    def is_role(self) -> bool:
        """A role's session, its name known or not."""
        return self.kind in ("role", "assumed-role")

    @property
    def is_service_linked(self) -> bool:
        """Organizations guide, orgs_manage_policies_rcps and orgs_manage_policies_scps."""
        return self.kind == "role" and self.path.startswith("aws-service-role/")

    @property
    def principal_arn(self) -> str:
        """UG:reference_policies_condition-keys: a session's key holds the ARN of its role."""
        if self.kind == "assumed-role":
            return f"arn:{self.partition}:iam::{self.account}:role/{self.name}"
        return self.arn


def caller_of(arn: object) -> Caller:
    """Users, roles, role sessions and federated users can call; others are refused."""
    fields = arn.split(":", 5) if isinstance(arn, str) else []
    if not isinstance(arn, str) or len(fields) != 6 or fields[0] != "arn" or fields[3]:
        raise Refused(f"not a principal that can call: {arn!r}")
    partition, service, account = fields[1], fields[2], fields[4]
    kind, *names = fields[5].split("/")
    services = {"user": "iam", "role": "iam", "assumed-role": "sts", "federated-user": "sts"}
    counts = {"assumed-role": 2, "federated-user": 1}
    if (
        services.get(kind) != service
        or not names
        or not partition
        or len(names) != counts.get(kind, len(names))
        or not all(names)
        or not _is_account(account)
    ):
        raise Refused(f"not a principal that can call: {arn!r}")
    name = names[0] if kind == "assumed-role" else names[-1]
    path = "".join(f"{part}/" for part in names[:-1]) if service == "iam" else ""
    return Caller(arn, kind, partition, account, name, path)


def _is_account(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def named_by(statement: dict[str, Any], caller: Caller, *, boundary: bool) -> dict[Naming, Truth]:
    """All the ways in which a statement's Principal or NotPrincipal takes the caller in."""
    if "NotPrincipal" in statement:
        if boundary and statement["Effect"] == "Deny":
            # UG:access_policies_boundaries: whatever is listed
            return {Naming.EVERYONE: True}
        return {Naming.EVERYONE: _left_out(statement["NotPrincipal"], caller)}
    found: dict[Naming, Truth] = {}
    for naming, text in _listed(statement["Principal"]):
        for way in Naming if naming is None else (naming,):
            truth = _names(way, text, caller)
            found[way] = any_of((found.get(way, False), truth))
    return found


def _listed(value: Any) -> list[tuple[Naming | None, str]]:
    """The names that can be about a caller: those of type AWS, and canonical users."""
    if value == "*":
        return [(None, "*")]
    listed: list[tuple[Naming | None, str]] = []
    listed += [(None, text) for text in texts_of(value.get("AWS", []))]
    listed += [(Naming.ACCOUNT, "canonical user") for _ in texts_of(value.get("CanonicalUser", []))]
    return listed


def _names(way: Naming, text: str, caller: Caller) -> Truth:
    """Does one name of type AWS name the caller in this way?"""
    if text == "canonical user":
        return Doubt("a canonical user id")
    if text == "*":
        return way is Naming.EVERYONE
    if "*" in text or "?" in text:
        return Doubt(f"a wildcard in principal {text!r}") if way is _shape(text) else False
    if way is Naming.ACCOUNT:
        root = f"arn:{caller.partition}:iam::{caller.account}:root"
        return text in (caller.account, root)
    if way is Naming.ROLE:
        return caller.is_role and _role_of(text, "iam", "role") == _role(caller)
    if way is Naming.DIRECT:
        if caller.kind != "role":
            return text == caller.arn
        if _role_of(text, "sts", "assumed-role") == _role(caller):
            return Doubt(f"the session's name is not known, and {text!r} names one")
    return False


def _shape(text: str) -> Naming:
    """What a name with wildcards would be, if AWS had such names."""
    if ":role/" in text:
        return Naming.ROLE
    return Naming.ACCOUNT if text.endswith(":root") or ":" not in text else Naming.DIRECT


def _role(caller: Caller) -> tuple[str, str, str]:
    return caller.partition, caller.account, caller.name


def _role_of(text: str, service: str, kind: str) -> tuple[str, str, str] | None:
    """Partition, account and name of the role in a role's or session's ARN."""
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn" or fields[2] != service or fields[3]:
        return None
    names = fields[5].split("/")
    if names[0] != kind or len(names) < 2 or (kind == "assumed-role" and len(names) != 3):
        return None
    return fields[1], fields[4], names[1] if kind == "assumed-role" else names[-1]


def _left_out(value: Any, caller: Caller) -> Truth:
    """Is none of the caller's ARNs listed? Services differ in which of them they look at.

    UG:reference_policies_elements_notprincipal lists account and role, without the session, to
    spare a role.
    """
    ways = [Naming.ACCOUNT, Naming.DIRECT] + ([Naming.ROLE] if caller.is_role else [])
    listed: dict[Naming, Truth] = dict.fromkeys(ways, False)
    for naming, text in _listed(value):
        if text == "*":
            return False
        for way in ways if naming is None else [naming]:
            listed[way] = any_of((listed[way], _names(way, text, caller)))
    if any_of(listed.values()) is False:
        return True
    enough = (Naming.ACCOUNT, Naming.ROLE if caller.is_role else Naming.DIRECT)
    if all_of(listed[way] for way in enough) is True:
        return False
    return Doubt("only some of the caller's ARNs are in NotPrincipal")
