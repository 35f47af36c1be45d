"""Which statements of a document apply to a request."""

from dataclasses import dataclass
from typing import Any

from .conditions import conditions_hold
from .grammar import statements_of, texts_of, version_of
from .principals import Caller, Naming, named_by
from .truth import Doubt, Truth, all_of, any_of, negate
from .variables import Context, Missing, expand
from .wildcards import Piece, Wild, matches, pieces_of

ARN_FIELDS = 6


@dataclass(frozen=True)
class Request:
    """What is asked, apart from the policies."""

    caller: Caller
    action: str
    resource: str
    account: str  # the resource's
    context: Context
    has_boundary: bool


@dataclass(frozen=True)
class Finding:
    """A statement, and whether it applies: by each way in which it names the caller."""

    field: str
    policy: str
    level: int
    sid: str
    index: int | None
    effect: str
    ways: dict[Naming, Truth]

    @property
    def applies(self) -> Truth:
        """Whatever the way."""
        return any_of(self.ways.values())


def findings(
    document: dict[str, Any], field: str, policy: str, level: int, request: Request
) -> list[Finding]:
    """One for each statement of the document, applying or not."""
    version = version_of(document)
    found = []
    for index, statement in enumerate(statements_of(document)):
        rest = all_of(
            (
                action_matches(statement, request.action),
                resource_matches(statement, request.resource, request.context, version),
                conditions_hold(statement.get("Condition", {}), request.context, version),
            )
        )
        # A policy of an identity is about that identity: UG:reference_policies_elements_principal
        ways: dict[Naming, Truth] = {Naming.DIRECT: True}
        if field in ("trust", "rcps"):
            ways = named_by(statement, request.caller, boundary=request.has_boundary)
        sid = statement.get("Sid", "")
        each = {way: all_of((truth, rest)) for way, truth in ways.items()}
        found.append(Finding(field, policy, level, sid, index, statement["Effect"], each))
    return found


def action_matches(statement: dict[str, Any], action: str) -> bool:
    """UG:reference_policies_elements_action, UG:reference_policies_elements_notaction."""
    patterns = texts_of(statement.get("Action", statement.get("NotAction")))
    found = any(matches(pieces_of(text.lower()), action.lower()) for text in patterns)
    return found if "Action" in statement else not found


def resource_matches(
    statement: dict[str, Any], resource: str, context: Context, version: str
) -> Truth:
    """UG:reference_policies_elements_resource, UG:reference_policies_elements_notresource."""
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    patterns = texts_of(statement.get("Resource", statement.get("NotResource")))
    found = any_of(_resource_matches(text, resource, context, version) for text in patterns)
    return found if "Resource" in statement else negate(found)


def _resource_matches(pattern: str, resource: str, context: Context, version: str) -> Truth:
    if pattern == "*":
        return True
    if not pattern.startswith("arn:"):
        return matches(pieces_of(pattern), resource)
    fields = pattern.split(":", ARN_FIELDS - 1)
    # UG:reference_policies_grammar: an incomplete ARN is completed with wildcards
    fields += ["*"] * (ARN_FIELDS - len(fields))
    pieces: list[Piece] = []
    for field in fields[:-1]:
        pieces += [*_field_pieces(field), ":"]
    last = expand(fields[-1], context, version, wild=True)
    if isinstance(last, Missing):
        return False
    if isinstance(last, Doubt):
        return last
    return matches(pieces + last, resource)


def _field_pieces(field: str) -> list[Piece]:
    """Only a `*` at a field's end runs on past the colon."""
    wild: dict[str, Wild] = {"*": Wild.MANY_IN_FIELD, "?": Wild.ONE_IN_FIELD}
    pieces: list[Piece] = [wild.get(char, char) for char in field]
    if field.endswith("*"):
        pieces[-1] = Wild.MANY
    return pieces
