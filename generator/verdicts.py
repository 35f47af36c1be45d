"""What a document comes to, in one word a question: the answers an audit gives of each.

Everything is evaluated with AdministratorAccess attached beside the document, so that what it lets
through is seen, whatever else people have; `not_granted` is where nothing is denied and the
document alone does not allow it either.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from generator.decider import Decider
from generator.errors import GenError
from generator.flows import REGISTER_KEY
from generator.lexical import FidoLevel, FipsLevel
from generator.match import hold, matches_action
from generator.policy import Effect, Policy, Statement
from generator.principals import Caller, Named, caller, named
from generator.supposed import State, context

Verdict: TypeAlias = Literal[
    "open", "locked_out", "denied", "not_granted", "refused", "depends", "not_judged"
]
NOT_JUDGED: Final = "not_judged"
KINDS: Final = ("virtual-totp", "security-key", "hardware-totp")
# Actions of other services: one that policies name, and one that stands for all they do not.
WORK: Final = ("ec2:RunInstances", "unnamed:Action")
_KEY: Final = REGISTER_KEY.lower()
ASSUME: Final = "sts:AssumeRole"
WITHOUT_MFA: Final[tuple[State, ...]] = ("key", "console")
# A resource of no pattern that anybody writes.
SOMETHING: Final = "arn:{}:unnamed:\ue013:{}:\ue030"


class Needed(Struct, frozen=True):
    """A call that enrolment makes. `granted`: it needs an Allow, or there is no enrolment; of the
    others a Deny is in the way, and nothing but a list is missing without an Allow."""

    action: str
    on: Literal["user", "device", "account"]
    granted: bool = True
    register: str | None = None


# Source: `generator.flows`, which has the page of each.
_LIST: Final = Needed("iam:ListMFADevices", "user", granted=False)
ENROLMENT: Final[dict[str, tuple[Needed, ...]]] = {
    "virtual-totp": (
        _LIST,
        Needed("iam:ListVirtualMFADevices", "account", granted=False),
        Needed("iam:CreateVirtualMFADevice", "device"),
        Needed("iam:EnableMFADevice", "user"),
    ),
    "security-key": (
        _LIST,
        Needed("iam:EnableMFADevice", "user", register="Create"),
        Needed("iam:EnableMFADevice", "user", register="Activate"),
    ),
    "hardware-totp": (_LIST, Needed("iam:EnableMFADevice", "user")),
}


def identity_verdicts(decider: Decider) -> dict[str, Verdict]:
    """The verdicts of a document, or of all of a user's documents together."""
    found: dict[str, Verdict] = {"first_login": first_login(decider)}
    for kind in KINDS:
        found[f"enrol_{kind}"] = enrolment(decider, kind)
    found["access_key_without_mfa"] = work_without_mfa(decider, "key")
    found["console_without_mfa"] = work_without_mfa(decider, "console")
    return found


def document_verdicts(
    decider: Decider, people: Iterable[Caller], probes: Iterable[tuple[str, str]]
) -> dict[str, Verdict]:
    """The verdicts of one document.

    `people` are users whom it singles out: if one of them is locked out, that counts. `probes` are
    calls of other services that it leaves out of a Deny, with what they are on.
    """
    found = identity_verdicts(decider)
    if found["enrol_virtual-totp"] in ("denied", "not_granted"):
        # Where only a device called like the user may be created, that is a way in.
        own = enrolment(decider, "virtual-totp", device=decider.user.name)
        if own in ("open", "depends"):
            found["enrol_virtual-totp"] = own
    for who in people:
        if first_login(decider, who) == "locked_out":
            found["first_login"] = "locked_out"
        for kind in KINDS:
            if enrolment(decider, kind, who=who) == "denied":
                found[f"enrol_{kind}"] = "denied"
    for state, name in _WAYS:
        if found[name] != "open" and any(
            decider.is_denied(action, thing, state) is False for action, thing in probes
        ):
            found[name] = "open"
    return found


_WAYS: Final[tuple[tuple[State, str], ...]] = (
    ("key", "access_key_without_mfa"),
    ("console", "console_without_mfa"),
)
# Those of a document that denies nothing and allows only actions of other services.
NO_SAY: Final[dict[str, Verdict]] = {
    "first_login": "not_granted",
    **dict.fromkeys((f"enrol_{kind}" for kind in KINDS), "not_granted"),
    "access_key_without_mfa": "open",
    "console_without_mfa": "open",
}


def first_login(decider: Decider, who: Caller | None = None) -> Verdict:
    """Whether a user can set the password that the first sign-in asks for."""
    arn = (who or decider.user).arn
    denied = decider.is_denied("iam:ChangePassword", arn, "console", who=who)
    if denied is None:
        return "depends"
    if denied:
        return "locked_out"
    return _granted([decider.is_allowed("iam:ChangePassword", arn, "console", who=who)])


def enrolment(decider: Decider, kind: str, device: str = "", who: Caller | None = None) -> Verdict:
    """Whether a user without MFA can enrol a first device of a kind, in the console."""
    asked = list(_calls(decider, kind, device, who or decider.user))
    if kind == "security-key" and decider.asks_for("iam:fido-"):
        asked = _certified(decider, asked, who)
    denied = [
        decider.is_denied(n.action, on, "console", who=who, **carried) for n, on, carried in asked
    ]
    if any(denied):
        return "denied"
    if None in denied:
        return "depends"
    return _granted(
        decider.is_allowed(n.action, on, "console", who=who, **carried)
        for n, on, carried in asked
        if n.granted
    )


def _calls(
    decider: Decider, kind: str, device: str, who: Caller
) -> Iterator[tuple[Needed, str, dict[str, str | None]]]:
    on = {
        "user": who.arn,
        "device": decider.device(device) if device else decider.device(),
        "account": "*",
    }
    for needed in ENROLMENT[kind]:
        carried = {_KEY: needed.register} if needed.action == "iam:EnableMFADevice" else {}
        yield needed, on[needed.on], carried


def _certified(
    decider: Decider,
    asked: list[tuple[Needed, str, dict[str, str | None]]],
    who: Caller | None,
) -> list[tuple[Needed, str, dict[str, str | None]]]:
    """The same calls with a key of a certification that is let through, if there is one."""
    *others, (needed, on, carried) = asked
    found = asked
    for levels in product(_FIDO, _FIPS, _FIPS):
        keys = carried | dict(zip(_CERTIFICATIONS, levels, strict=True))
        if decider.is_denied(needed.action, on, "console", who=who, **keys) is False:
            allowed = decider.is_allowed(needed.action, on, "console", who=who, **keys)
            if allowed or found is asked:
                found = [*others, (needed, on, keys)]
            if allowed:
                break
    return found


_CERTIFICATIONS: Final = (
    "iam:fido-certification",
    "iam:fido-fips-140-2-certification",
    "iam:fido-fips-140-3-certification",
)
_FIDO: Final = (None, *get_args(FidoLevel))
_FIPS: Final = (None, *get_args(FipsLevel))


def _granted(answers: Iterable[bool | None]) -> Verdict:
    found = list(answers)
    if False in found:
        return "not_granted"
    return "depends" if None in found else "open"


def work_without_mfa(decider: Decider, state: State) -> Verdict:
    """Whether actions of other services get through without MFA."""
    thing = SOMETHING.format(decider.partition, decider.account)
    # Much is called on nothing in particular, which an ARN does not cover.
    denied = [decider.is_denied(action, on, state) for action in WORK for on in (thing, "*")]
    if False in denied:
        return "open"
    return "depends" if None in denied else "denied"


def trust_without_mfa(decider: Decider, policy: Policy, role: str) -> Verdict:
    """Whether any user that a trust policy names can assume the role without MFA.

    What depends on circumstances counts as open: somebody can bring them about.
    """
    for who in trusted_users(policy, decider):
        for state in WITHOUT_MFA:
            if can_assume(policy, decider, role, who, state):
                return "open"
    return "refused"


def can_assume(policy: Policy, decider: Decider, role: str, who: Caller, state: State) -> bool:
    """Whether a user can assume a role, or could in some circumstances."""
    decision = decider.decide(ASSUME, role, state, who=who)
    if not isinstance(decision, str):
        return decision.outcome == "allowed"
    variables = policy.version != "2008-10-17"
    return any(may_trust(s, decider, who, state, variables) for s in policy.statements)


def may_trust(
    s: Statement, decider: Decider, who: Caller, state: State, variables: bool = True
) -> bool:
    """Whether a statement of a trust policy allows a user to assume the role, or may."""
    if s.effect is not Effect.ALLOW or s.principals is None:
        return False
    if not matches_action(s.actions, ASSUME) or named(s.principals, who)[1] is Named.NOT:
        return False
    return hold(s.conditions, context(state, who, decider.account), variables) is not False


def trusted_users(policy: Policy, decider: Decider) -> Iterator[Caller]:
    """A user of every account, and every user, that a trust policy may mean."""
    found: dict[Caller, None] = {}
    for s in policy.statements:
        if s.principals is None:
            continue
        ids = [i for kind, ids in s.principals.entries if kind == "AWS" for i in ids]
        users = [user for i in ids if (user := _user_of(i, decider))]
        if s.principals.anyone or s.principals.negated or "*" in ids:
            users.append(decider.user)
        found |= dict.fromkeys(users)
        found |= dict.fromkeys(_users_of_conditions(s, users, decider))
    yield from found


def _users_of_conditions(s: Statement, users: list[Caller], decider: Decider) -> Iterator[Caller]:
    """Users of the same accounts whom a statement means by conditions on who calls."""
    for c in s.conditions:
        for value in c.values:
            if c.key.lower() == "aws:username":
                account, name = "*", f"user/{value}"
            elif c.key.lower() == "aws:principalarn" and value.count(":") >= 5:
                account, name = value.split(":", 5)[4:]
            else:
                continue
            name = name.replace("*", decider.user.name).replace("?", "x")
            for one in sorted({user.account for user in users}):
                arn = f"arn:{decider.partition}:iam::{account if account.isdigit() else one}:{name}"
                if user := _user_of(arn, decider):
                    yield user


def _user_of(principal: str, decider: Decider) -> Caller | None:
    """A user that a principal names, or one of the account that it names."""
    fields = principal.split(":", 5)
    if principal.isdigit() and len(principal) == 12:
        fields = ["arn", decider.partition, "iam", "", principal, "root"]
    if len(fields) != 6:
        return None
    name = decider.user.name if fields[5] == "root" else ""
    try:
        found = caller(":".join((*fields[:5], f"user/{name}")) if name else principal)
    except GenError:
        return None
    return found if found.kind == "User" else None
