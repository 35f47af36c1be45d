"""What is a policy document, and of which kind, where only the document itself says."""

from typing import Any, Final

from generator.found import Kind
from generator.grammar import POLICY_ELEMENTS, VERSIONS

# Source: AWS Organizations API Reference, PolicySummary, Type.
ORGANIZATION_KINDS: Final[dict[str, Kind]] = {
    "SERVICE_CONTROL_POLICY": "scp",
    "RESOURCE_CONTROL_POLICY": "rcp",
}


def is_document(data: Any) -> bool:
    """Whether an object is a policy document, and not something else that has a `Statement`.

    PartiQL requests have one that is text; documents of other programs have other keys beside it.
    """
    if not isinstance(data, dict) or not isinstance(data.get("Statement"), dict | list):
        return False
    return (
        data.get("Version") in VERSIONS
        or data.keys() <= {*POLICY_ELEMENTS}
        or any("Effect" in statement for statement in statements(data))
    )


def is_meant_as_document(data: Any) -> bool:
    """Whether a whole file is meant as a policy document, well formed or not."""
    return is_document(data) or (isinstance(data, dict) and data.get("Version") in VERSIONS)


def kind_of(data: Any) -> Kind:
    """With principals it is a trust policy if it is about nothing but STS, or else a resource's.

    Without, it is an identity policy: an SCP looks the same, and only people know.
    """
    with_principal = [s for s in statements(data) if "Principal" in s or "NotPrincipal" in s]
    if not with_principal:
        return "identity"
    actions = [action for s in statements(data) for action in _actions(s)]
    is_trust = bool(actions) and all(a.lower().startswith("sts:") for a in actions)
    return "trust" if is_trust else "resource"


def statements(data: Any) -> list[dict[str, Any]]:
    """The statements of a document that are objects."""
    found = data.get("Statement") if isinstance(data, dict) else None
    return [s for s in (found if isinstance(found, list) else [found]) if isinstance(s, dict)]


def _actions(statement: dict[str, Any]) -> list[str]:
    found = statement.get("Action", statement.get("NotAction"))
    return [str(action) for action in (found if isinstance(found, list) else [found])]
