"""Refuses documents that IAM's grammar does not allow: UG:reference_policies_grammar.

`field` is the request's field that holds the document, for what a type of policy may contain.
"""

from typing import Any

from .operators import parse_operator
from .truth import Refused

VERSIONS = ("2008-10-17", "2012-10-17")
ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}
PRINCIPAL_TYPES = {"AWS", "Federated", "Service", "CanonicalUser"}


def check_document(document: object, field: str) -> dict[str, Any]:
    """The document itself, if the grammar allows it in that field."""
    if not isinstance(document, dict):
        raise Refused(f"{field}: a policy must be an object")
    for element in document:
        if element not in ("Version", "Id", "Statement"):
            raise Refused(f"{field}: unknown element {element!r}")
    if "Version" in document and document["Version"] not in VERSIONS:
        raise Refused(f"{field}: unknown Version {document['Version']!r}")
    if "Id" in document and (field != "trust" or not isinstance(document["Id"], str)):
        raise Refused(f"{field}: Id is a text, and only for resource-based policies")
    sids: list[str] = []
    for statement in statements_of(document, field):
        _check_statement(statement, field)
        sids.append(statement.get("Sid", ""))
    if field in ("identity", "boundary", "session"):
        _check_sids([sid for sid in sids if sid], field)
    return document


def statements_of(document: dict[str, Any], field: str = "policy") -> list[dict[str, Any]]:
    """The statements, be there one without brackets or a list."""
    statement = document.get("Statement")
    found: list[Any] = statement if isinstance(statement, list) else [statement]
    if not found or not all(isinstance(one, dict) for one in found):
        raise Refused(f"{field}: Statement must be an object or a list of objects, not empty")
    return found


def version_of(document: dict[str, Any]) -> str:
    """UG:reference_policies_variables: without Version there are no variables, as in the older."""
    version: str = document.get("Version", VERSIONS[0])
    return version


def texts_of(value: object) -> list[str]:
    """One text, or a list of texts, as a list."""
    found = value if isinstance(value, list) else [value]
    return [text_of(one) for one in found]


def text_of(value: object) -> str:
    """UG:reference_policies_grammar: quotation marks are optional for numbers and Booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Refused(f"not a text, number or Boolean: {value!r}")


def _check_sids(sids: list[str], field: str) -> None:
    """UG:reference_policies_elements_sid: letters and digits, unique in an IAM policy."""
    if len(set(sids)) != len(sids):
        raise Refused(f"{field}: the same Sid twice")
    for sid in sids:
        if not (sid.isascii() and sid.isalnum()):
            raise Refused(f"{field}: characters that a Sid may not have: {sid!r}")


def _check_statement(statement: dict[str, Any], field: str) -> None:
    for element in statement:
        if element not in ELEMENTS:
            raise Refused(f"{field}: unknown element {element!r} in a statement")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Refused(f"{field}: Effect must be Allow or Deny")
    if not isinstance(statement.get("Sid", ""), str):
        raise Refused(f"{field}: Sid must be a text")
    _check_principal(statement, field)
    for action in _one_list(statement, "Action", "NotAction", field, optional=False):
        if action != "*" and ":" not in action:
            raise Refused(f"{field}: an action without a service: {action!r}")
    _one_list(statement, "Resource", "NotResource", field, optional=field == "trust")
    if "Condition" in statement:
        _check_condition(statement["Condition"], field)


def _one_list(
    statement: dict[str, Any], plain: str, negated: str, field: str, *, optional: bool
) -> list[str]:
    """The texts of exactly one of two elements."""
    given = [element for element in (plain, negated) if element in statement]
    if not given and optional:
        return []
    if len(given) != 1:
        raise Refused(f"{field}: a statement needs one of {plain} and {negated}")
    return _texts(statement[given[0]], f"{field}: {given[0]}")


def _texts(value: object, where: str) -> list[str]:
    found: list[Any] = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(one, str) and one for one in found):
        raise Refused(f"{where} must be a text or a list of texts, not empty")
    return found


def _check_principal(statement: dict[str, Any], field: str) -> None:
    """Required in resource-based policies, not allowed in policies of identities.

    RCPs have `"Principal": "*"` only: Organizations guide, orgs_manage_policies_rcps_syntax.
    """
    given = [element for element in ("Principal", "NotPrincipal") if element in statement]
    if field not in ("trust", "rcps"):
        if given:
            raise Refused(f"{field}: {given[0]} is for resource-based policies")
        return
    if len(given) != 1:
        raise Refused(f"{field}: a statement needs one of Principal and NotPrincipal")
    value = statement[given[0]]
    if field == "rcps":
        if given != ["Principal"] or value not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            raise Refused('rcps: the principal can only be "*"')
        return
    if value == "*":
        return
    if not isinstance(value, dict) or not value:
        raise Refused(f'{field}: {given[0]} must be "*" or an object, not empty')
    for kind, names in value.items():
        if kind not in PRINCIPAL_TYPES:
            raise Refused(f"{field}: unknown type of principal {kind!r}")
        _texts(names, f"{field}: {given[0]}")


def _check_condition(condition: object, field: str) -> None:
    if not isinstance(condition, dict) or not condition:
        raise Refused(f"{field}: Condition must be an object, not empty")
    for operator, keys in condition.items():
        parse_operator(operator)
        if not isinstance(keys, dict) or not keys:
            raise Refused(f"{field}: {operator} must hold an object, not empty")
        for key, values in keys.items():
            if not key or values == []:
                raise Refused(f"{field}: {operator} needs a key and a value")
            texts_of(values)
