"""The decision: UG:reference_policies_evaluation-logic_policy-eval-denyallow, and across accounts
UG:reference_policies_evaluation-logic-cross-account."""

from typing import Any

from .grammar import check_document, text_of
from .principals import Caller, Naming, caller_of
from .service import must_trust_allow, needs_mfa_session, password_grant, without_policies
from .statements import Finding, Request, findings
from .truth import Doubt, Refused
from .variables import Context

FIELDS = ("rcps", "scps", "trust", "identity", "boundary", "session", "service")
RCP_SERVICES = frozenset({"s3", "sts", "kms", "sqs", "secretsmanager"})

Level = list[tuple[str, dict[str, Any]]]  # names of places and their documents


def decide(
    request: dict[str, Any], rcp_services: frozenset[str] = RCP_SERVICES
) -> dict[str, object]:
    """Outcome, blocked_by and because of one request; Refused where there is no answer."""
    policies = {field: _levels(request.get(field), field) for field in FIELDS[:-1]}
    asked = _asked(request, has_boundary=policies["boundary"] is not None)
    settled = without_policies(asked)
    if settled is not None:
        return settled
    service = asked.action.partition(":")[0].lower()
    # ORG:orgs_manage_policies_rcps: among what they do not restrict is kms:RetireGrant.
    exempt = asked.action.lower() == "kms:retiregrant"
    if asked.caller.is_service_linked or service not in rcp_services or exempt:
        policies["rcps"] = None
    if asked.caller.is_service_linked:
        policies["scps"] = None
    if asked.caller.kind == "federated-user" and policies["session"] is None:
        # Only a session policy gives such a session permissions: same page, session policies
        policies["session"] = []
    found = [
        finding
        for field in FIELDS[:-1]
        for level, documents in enumerate(policies[field] or [])
        for place, document in documents
        for finding in findings(document, field, place, level, asked)
    ]
    denies = [finding for finding in found if finding.effect == "Deny"]
    certain = [finding for finding in denies if finding.applies is True]
    if certain:
        fields = {finding.field for finding in certain}
        return answer("explicitly_denied", [one for one in FIELDS if one in fields], certain)
    _refuse_doubts(denies)
    allows = [finding for finding in found if finding.effect == "Allow"]
    allows += password_grant(asked, request.get("password_policy"))
    mfa_session = needs_mfa_session(asked, request.get("mfa_device"))
    blocked, relied = _weigh(asked, policies, allows, doubts=False)
    if not blocked and not mfa_session:
        because = [one for field in relied for one in allows if one.field == field]
        return answer("allowed", [], [one for one in because if one.applies is True])
    blocked, _ = _weigh(asked, policies, allows, doubts=True)
    blocked += ["service"] if mfa_session else []
    if not blocked:
        _refuse_doubts(allows)
    return answer("implicitly_denied", blocked, [])


def answer(outcome: str, blocked_by: list[str], because: list[Finding]) -> dict[str, object]:
    """The answer's three fields."""
    return {
        "outcome": outcome,
        "blocked_by": blocked_by,
        "because": [
            {"policy": one.policy, "sid": one.sid, "index": one.index, "effect": one.effect}
            for one in because
        ],
    }


def _refuse_doubts(found: list[Finding]) -> None:
    for finding in found:
        for truth in finding.ways.values():
            if isinstance(truth, Doubt):
                raise Refused(f"{finding.policy}, statement {finding.index}: {truth.why}")


def _weigh(
    request: Request,
    policies: dict[str, list[Level] | None],
    allows: list[Finding],
    *,
    doubts: bool,
) -> tuple[list[str], list[str]]:
    """The types that had to allow and did not, and all that counted; `doubts`: taken for true."""

    def holds(truth: bool | Doubt) -> bool:
        return doubts if isinstance(truth, Doubt) else truth

    ways = {
        way
        for one in allows
        for way, truth in one.ways.items()
        if one.field == "trust" and holds(truth)
    }
    allowing = {(one.field, one.level) for one in allows if holds(one.applies)}
    crossing = request.account != request.caller.account
    # UG:reference_policies_elements_principal: what "*" grants, boundary and session do not limit.
    direct = not crossing and bool(ways & {Naming.DIRECT, Naming.EVERYONE})
    instead = not crossing and Naming.ROLE in ways
    needed: list[str] = [field for field in ("rcps", "scps") if policies[field] is not None]
    trust_needed = crossing or (policies["trust"] is not None and must_trust_allow(request))
    if trust_needed or direct or instead:
        needed.append("trust")
    if not direct:
        needed += [] if instead else ["identity"]
        needed += [field for field in ("boundary", "session") if policies[field] is not None]
    blocked = []
    for field in needed:
        levels = len(policies[field] or []) if field in ("rcps", "scps") else 1
        if not levels or any((field, level) not in allowing for level in range(levels)):
            blocked.append(field)
    return blocked, needed


def _asked(request: dict[str, Any], *, has_boundary: bool) -> Request:
    caller = caller_of(request.get("principal"))
    action, resource = request.get("action"), request.get("resource")
    if not isinstance(action, str) or not all(action.partition(":")):
        raise Refused(f"not an action: {action!r}")
    if not isinstance(resource, str):
        raise Refused(f"not a resource: {resource!r}")
    fields = resource.split(":", 5)
    if resource != "*" and (fields[0] != "arn" or len(fields) != 6):
        raise Refused(f"not a resource: {resource!r}")
    account = request.get("account")
    if account is None:
        # AWS's own ARNs (`arn:aws:iam::aws:policy/...`) name no account.
        account = (fields[4] if resource != "*" and fields[4].isdigit() else "") or caller.account
    context = _context(request.get("context") or {}, caller, str(account))
    return Request(caller, action, resource, str(account), context, has_boundary)


def _context(given: Any, caller: Caller, account: str) -> Context:
    """Keys in lower case; UG:reference_policies_condition-keys for those that are derived."""
    kinds = {"user": "User", "federated-user": "FederatedUser"}
    derived = {
        "aws:principalarn": [caller.principal_arn],
        "aws:principalaccount": [caller.account],
        "aws:principaltype": [kinds.get(caller.kind, "AssumedRole")],
        "aws:resourceaccount": [account],
    }
    if caller.kind == "user":
        derived["aws:username"] = [caller.name]
    if not isinstance(given, dict):
        raise Refused("context must be an object")
    context: Context = {}
    for key, value in given.items():
        if key.lower() in context:
            raise Refused(f"the context has {key!r} twice")
        values = value if isinstance(value, list) else [] if value is None else [value]
        context[key.lower()] = [text_of(one) for one in values]
    return {key: values for key, values in {**derived, **context}.items() if values}


def _levels(value: object, field: str) -> list[Level] | None:
    """The documents of a field, with the names of their places; None: not in play."""
    if value is None:
        return None
    if field in ("trust", "session"):
        return [[(field, check_document(value, field))]]
    if not isinstance(value, list):
        raise Refused(f"{field} must be a list")
    if field in ("identity", "boundary"):
        return [_named(value, field, field)]
    return [_named(level, field, f"{field}[{number}]") for number, level in enumerate(value)]


def _named(documents: object, field: str, place: str) -> Level:
    if not isinstance(documents, list):
        raise Refused(f"{place} must be a list")
    return [
        (f"{place}[{number}]", check_document(document, field))
        for number, document in enumerate(documents)
    ]
