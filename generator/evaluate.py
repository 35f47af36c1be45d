"""What AWS decides of a request, from every type of policy, and because of which statements.

The order is the documented one: any Deny that applies ends it; then RCPs and SCPs must allow on
every level; then a resource-based policy, the identity's policies, its permissions boundary and
its session policy. `docs/evaluator.md` says what is in, what is not, and which side it takes where
the documentation leaves a doubt.
Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from generator.catalog import rcp_services
from generator.context import NOT_KNOWN
from generator.errors import NotModelledError
from generator.flows import ROLE_ACTIONS
from generator.match import hold, holds, matches_action, matches_resource
from generator.policy import Effect, Patterns, Policy, Statement
from generator.principals import Caller, Named, named
from generator.request import (
    Decision,
    Document,
    Documents,
    Policies,
    PolicyType,
    Reason,
    Request,
)
from generator.service_rules import (
    BY_IDENTITY_PROVIDERS,
    GRANT_BY_ACCOUNT,
    granted_by_account,
    needs_mfa_session,
    settled_by_service,
)
from generator.variables import variable


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    Raises:
        NotModelledError: the answer depends on something that AWS does not document, or that the
            request does not settle.
    """
    if request.action.lower() in BY_IDENTITY_PROVIDERS:
        raise NotModelledError(
            f"`{request.action}` is called by users of identity providers, not by principals of IAM"
        )
    if found := settled_by_service(request.caller, request.action):
        outcome, rule = found
        if outcome == "allowed":
            return Decision("allowed", (), (Reason("service", rule, None, "Allow"),))
        return Decision("implicitly_denied", ("service",))
    looks = [
        _look(kind, documents, request, policies) for kind, documents in _in_play(request, policies)
    ]
    if any(look.denies for look in looks):
        denying = [look for look in looks if look.denies]
        kinds = dict.fromkeys(look.kind for look in denying)
        return Decision(
            "explicitly_denied", (*kinds,), tuple(r for look in denying for r in look.denies)
        )
    for look in looks:
        if look.open_denies:
            raise _not_settled(*look.open_denies[0], request, policies)
    decision = _settled(looks, request, policies, hopeful=False)
    opened = [place for look in looks for place in look.open_allows]
    if not opened:
        return decision
    hopeful = _settled(looks, request, policies, hopeful=True)
    if hopeful.outcome != decision.outcome:
        raise _not_settled(*opened[0], request, policies)
    # What is in the way for sure.
    return decision if decision.outcome == "allowed" else hopeful


class _Look:
    """What one type of policy (or one level of it) says of a request.

    `grade` is how directly its Allows name the caller; `open_*` are statements that may apply.
    """

    __slots__ = ("allows", "denies", "grade", "kind", "open_allows", "open_denies", "open_grade")

    def __init__(self, kind: PolicyType) -> None:
        self.kind = kind
        self.allows: list[Reason] = []
        self.denies: list[Reason] = []
        self.open_allows: list[_Place] = []
        self.open_denies: list[_Place] = []
        self.grade = self.open_grade = Named.NOT


_Place: TypeAlias = tuple[Document, int]


def _in_play(request: Request, policies: Policies) -> Iterator[tuple[PolicyType, Documents]]:
    """The types of policy that are looked at, each level of the organization's on its own."""
    if not request.caller.is_service_linked:
        if policies.rcps and _binds_rcps(request.action):
            for level in policies.rcps:
                yield "rcps", level
        for level in policies.scps or ():
            yield "scps", level
    if policies.trust is not None:
        yield "trust", (policies.trust,)
    yield "identity", policies.identity
    if policies.boundary is not None:
        yield "boundary", policies.boundary
    if policies.session is not None:
        yield "session", (policies.session,)


@lru_cache(maxsize=1024)
def _binds_rcps(action: str) -> bool:
    # Source: AWS Organizations User Guide, "Resource control policies", what they do not restrict.
    return (
        action.lower() != "kms:retiregrant" and action.partition(":")[0].lower() in rcp_services()
    )


@lru_cache(maxsize=512)
def _about(policy: Policy, action: str) -> tuple[tuple[int, Statement, bool], ...]:
    """The statements of a policy whose actions cover one: place, statement, whether it is about
    everything there is."""
    return tuple(
        (index, s, s.resources is None or s.resources == _EVERYTHING)
        for index, s in enumerate(policy.statements)
        if matches_action(s.actions, action)
    )


_EVERYTHING: Final = Patterns(("*",))


def _look(kind: PolicyType, documents: Documents, request: Request, policies: Policies) -> _Look:
    look = _Look(kind)
    resource, context = request.resource, request.context
    for document in documents:
        name, policy = document
        variables = policy.version != "2008-10-17"
        for index, s, everywhere in _about(policy, request.action):
            sure, possible = _EVERYBODY
            if s.principals is not None:
                sure, possible = _named(s, request.caller, policies)
                if possible is Named.NOT:
                    continue
            holding = everywhere or matches_resource(s.resources, resource, context, variables)
            if holding is False:
                continue
            conditions = not s.conditions or hold(s.conditions, context, variables)
            if conditions is False:
                continue
            settled = holding is not None and conditions is not None
            place = (document, index)
            if s.effect is Effect.DENY:
                if settled and sure is not Named.NOT:
                    look.denies.append(Reason(name, s.sid, index, "Deny"))
                else:
                    look.open_denies.append(place)
                continue
            if settled and sure is not Named.NOT:
                look.allows.append(Reason(name, s.sid, index, "Allow"))
                look.grade = max(look.grade, sure)
            if not settled or sure is not possible:
                look.open_allows.append(place)
                look.open_grade = max(look.open_grade, possible)
    return look


_EVERYBODY: Final = (Named.DIRECTLY, Named.DIRECTLY)


def _named(s: Statement, who: Caller, policies: Policies) -> tuple[Named, Named]:
    assert s.principals is not None
    if s.principals.negated and s.effect is Effect.DENY and policies.boundary is not None:
        # Whatever it lists. Source: IAM User Guide, "NotPrincipal".
        return _EVERYBODY
    return named(s.principals, who)


def _settled(
    looks: Sequence[_Look], request: Request, policies: Policies, *, hopeful: bool
) -> Decision:
    """The decision where nothing denies. `hopeful`: statements that may allow do."""
    who = request.caller
    allowed: dict[PolicyType, bool] = {}
    grade = Named.NOT
    for look in looks:
        allows = bool(look.allows) or (hopeful and bool(look.open_allows))
        allowed[look.kind] = allowed.get(look.kind, True) and allows
        if look.kind == "trust" and allows:
            grade = max(look.grade, look.open_grade) if hopeful else look.grade
    by_account = policies.change_password and granted_by_account(who, request.action, request.on)
    allowed["identity"] = allowed["identity"] or by_account
    if who.kind == "FederatedUser" and policies.session is None:
        # Source: IAM User Guide, "Permissions for GetFederationToken".
        allowed["session"] = False
    if not who.is_service_linked:
        if policies.scps == ():
            allowed["scps"] = False
        if policies.rcps == () and _binds_rcps(request.action):
            allowed["rcps"] = False
    needed = _needed(request, policies, grade)
    blocked = tuple(kind for kind in _ORDER if kind in needed and not allowed.get(kind, True))
    if policies.trust is None and "trust" in needed:
        blocked = tuple(kind for kind in _ORDER if kind in (*blocked, "trust"))
    if _lacks_mfa_session(request, hopeful):
        blocked += ("service",)
    if blocked:
        return Decision("implicitly_denied", blocked)
    because = [r for look in looks if look.kind in needed for r in look.allows]
    if by_account and "identity" in needed:
        at = sum(look.kind in ("rcps", "scps", "trust", "identity") for look in looks)
        before = sum(len(look.allows) for look in looks[:at] if look.kind in needed)
        because.insert(before, Reason("password_policy", GRANT_BY_ACCOUNT, None, "Allow"))
    return Decision("allowed", (), tuple(because))


_ORDER: Final[tuple[PolicyType, ...]] = (
    "rcps",
    "scps",
    "trust",
    "identity",
    "boundary",
    "session",
)


def _needed(request: Request, policies: Policies, grade: Named) -> frozenset[PolicyType]:
    """The types of policy that have to allow, those that are in play at least."""
    if request.account != request.caller.account:
        return frozenset(_ORDER)
    needed: set[PolicyType] = {"rcps", "scps"}
    if grade < Named.ROLE:
        needed.add("identity")
    if grade < Named.DIRECTLY:
        needed |= {"boundary", "session"}
    if grade >= Named.ROLE or (policies.trust is not None and _must_be_trusted(request)):
        needed.add("trust")
    return frozenset(needed)


def _must_be_trusted(request: Request) -> bool:
    """Whether the resource's own policy has to allow even in the same account.

    Source: IAM User Guide, the same page: trust policies of roles and key policies of KMS.
    """
    action = request.action.lower()
    if action.startswith("kms:"):
        return ":key/" in request.on
    return action in ROLE_ACTIONS and ":role/" in request.on


def _lacks_mfa_session(request: Request, hopeful: bool) -> bool:
    if not request.mfa_device:
        return False
    found = needs_mfa_session(request.caller, request.action, request.on, request.context)
    return not hopeful if found is None else found


def _not_settled(
    document: Document, index: int, request: Request, policies: Policies
) -> NotModelledError:
    """Why it is not settled whether a statement applies."""
    s = document.policy.statements[index]
    variables = document.policy.version != "2008-10-17"
    what = f"statement `{s.sid}`" if s.sid else f"Statement[{index}]"
    why = next(_open_parts(s, request, policies, variables))
    return NotModelledError(f"{document.name}: {what}: {why}")


def _open_parts(
    s: Statement, request: Request, policies: Policies, variables: bool
) -> Iterator[str]:
    sure, possible = _named(s, request.caller, policies) if s.principals else _EVERYBODY
    if sure is not possible:
        element = "NotPrincipal" if s.principals and s.principals.negated else "Principal"
        kinds = [kind for kind, _ in s.principals.entries] if s.principals else []
        what = "a CanonicalUser of its " if "CanonicalUser" in kinds else "its "
        yield f"whether {what}`{element}` names `{request.caller.arn}` is not settled"
    if matches_resource(s.resources, request.resource, request.context, variables) is None:
        assert s.resources is not None
        element = "NotResource" if s.resources.negated else "Resource"
        what = _on_what(s.resources.items)
        yield f"whether its `{element}` covers `{request.on}` depends on {what}"
    for c in s.conditions:
        if holds(c, request.context, variables) is None:
            key = c.key.lower()
            if request.context.get(key, NOT_KNOWN) is NOT_KNOWN:
                yield f"it depends on `{c.key}`"
            values = request.context.get(key)
            shown = values if isinstance(values, str) else json.dumps(values)
            on = f", with {_on_what(c.values)}," if any("${" in v for v in c.values) else ""
            yield f"whether `{c.operator}` on `{c.key}`{on} holds for `{shown}` is not documented"


def _on_what(patterns: Sequence[str]) -> str:
    """What decides whether patterns match: a policy variable, or else the name."""
    found = next((variable(p) for p in patterns if variable(p)), "")
    return f"the policy variable `{found}`" if found else "its name"
