"""A request and everything that decides it: values, no decision."""

from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from generator.context import Context, Known, Value
from generator.pattern import Resources
from generator.policy import Policy
from generator.principals import Caller

PolicyType: TypeAlias = Literal[
    "rcps", "scps", "trust", "identity", "boundary", "session", "service"
]
Outcome: TypeAlias = Literal["allowed", "explicitly_denied", "implicitly_denied"]


class Document(NamedTuple):
    """A policy and what to call it."""

    name: str
    policy: Policy


Documents: TypeAlias = tuple[Document, ...]


class Policies(Struct, frozen=True):
    """Everything that decides a request. None is a type that is not in play; an empty tuple is one
    that is, and allows nothing.

    `trust` is the resource-based policy, of a role its trust policy. `scps` and `rcps` have one
    tuple for each level of the organization. `change_password`: the account's
    AllowUsersToChangePassword.
    """

    identity: Documents = ()
    trust: Document | None = None
    boundary: Documents | None = None
    session: Document | None = None
    scps: tuple[Documents, ...] | None = None
    rcps: tuple[Documents, ...] | None = None
    change_password: bool = False


class Request(Struct, frozen=True):
    """Who calls what on what. `account` is the resource's. Absent from `context` is absent, if that
    is `Known`; in any other mapping it is not known.

    `mfa_device`: whether the calling user has an MFA device already.
    """

    caller: Caller
    action: str
    resource: str | Resources
    account: str
    context: Context
    mfa_device: bool = False

    @property
    def on(self) -> str:
        """The resource, of a shape the one that stands for all."""
        return self.resource.one if isinstance(self.resource, Resources) else self.resource


class Reason(Struct, frozen=True):
    """A statement that decided, or a rule of AWS's own (`index` None)."""

    policy: str
    sid: str
    index: int | None
    effect: str


class Decision(Struct, frozen=True):
    """What comes of a request, which types of policy are in its way, and because of what."""

    outcome: Outcome
    blocked_by: tuple[PolicyType, ...] = ()
    because: tuple[Reason, ...] = ()


def request_of(
    who: Caller,
    action: str,
    resource: str,
    context: dict[str, Value],
    *,
    account: str = "",
    mfa_device: bool = False,
) -> Request:
    """A request whose context is known whole: what follows from caller and resource is filled in.

    Keys of `context` are in lower case; None is a key that is absent.
    Source: IAM User Guide, "AWS global condition context keys".
    """
    fields = resource.split(":", 5)
    # Managed policies of AWS's own have `aws` there.
    named = fields[4] if len(fields) == 6 and fields[4].isdigit() else ""
    owner = account or named or who.account
    known: dict[str, Value] = {
        "aws:principalarn": who.principal_arn,
        "aws:principalaccount": who.account,
        "aws:principaltype": who.kind,
        "aws:resourceaccount": owner,
    }
    if who.kind == "User":
        known["aws:username"] = who.name
    known.update(context)
    return Request(who, action, resource, owner, Known(known), mfa_device)
