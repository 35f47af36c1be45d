"""What `terraform show -json` (or `tofu show -json`) prints of a plan or a state.

Source: Terraform documentation, "JSON Output Format".
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from generator.errors import GenError
from generator.found import Found, Holder, Kind
from generator.inputs.kinds import ORGANIZATION_KINDS
from generator.inputs.parsed import Parsed
from generator.inputs.wrapped import in_text
from generator.positions import Place

_PARTS: Final = ("planned_values", "values", "resource_changes", "terraform_version")
_ARN: Final = re.compile(r"arn:(aws[a-z-]*):[a-z-]+::([0-9]{12}):.+", re.DOTALL)


class _Attribute(NamedTuple):
    """An attribute of a type of resource that holds a document."""

    name: str
    kind: Kind | None
    holder: Holder | None = None
    form: str = ""


_ATTRIBUTES: Final = {
    "aws_iam_policy": _Attribute("policy", "identity", None, "managed"),
    "aws_iam_user_policy": _Attribute("policy", "identity", "user", "inline"),
    "aws_iam_group_policy": _Attribute("policy", "identity", "group", "inline"),
    "aws_iam_role_policy": _Attribute("policy", "identity", "role", "inline"),
    "aws_iam_role": _Attribute("assume_role_policy", "trust"),
    "aws_organizations_policy": _Attribute("content", None),
    "aws_ssoadmin_permission_set_inline_policy": _Attribute("inline_policy", "identity"),
}
_INLINE: Final = _Attribute("policy", "identity", "role", "inline")


class _Resource(NamedTuple):
    """`values` stand at `place`; `unknown` says which of them are known after apply."""

    place: Place
    address: str
    type: str
    values: dict[str, Any]
    unknown: Any


def is_show(data: Any) -> bool:
    """Whether it is a plan or a state, as opposed to the file that Terraform keeps a state in."""
    return (
        isinstance(data, dict)
        and "format_version" in data
        and (len(data) == 1 or any(part in data for part in _PARTS))
    )


def is_state_file(data: Any) -> bool:
    """Whether it is the file that Terraform keeps a state in."""
    return isinstance(data, dict) and "lineage" in data and "terraform_version" in data


def documents(parsed: Parsed) -> Iterator[Found | GenError]:
    """The documents of the resources that are managed; those known after apply too, unread."""
    for resource in _resources(parsed.data):
        attribute = _ATTRIBUTES.get(resource.type)
        if attribute is not None:
            yield from _of(parsed, resource, attribute)
        if resource.type == "aws_iam_role":
            yield from _inline(parsed, resource)


def _resources(data: dict[str, Any]) -> Iterator[_Resource]:
    changes = _changes(data)
    unknown = {c.address: c.unknown for c in changes}
    for part in ("planned_values", "values"):
        root = _object(_object(data.get(part)).get("root_module"))
        if root:
            yield from _of_module((part, "root_module"), root, unknown)
            return
    yield from changes


def _changes(data: dict[str, Any]) -> list[_Resource]:
    found = []
    for i, change in enumerate(_objects(data.get("resource_changes"))):
        what = _object(change.get("change"))
        after, unknown = _object(what.get("after")), what.get("after_unknown")
        place = ("resource_changes", i, "change", "after")
        if change.get("mode") != "data" and (after or unknown):
            address, kind = str(change.get("address")), str(change.get("type"))
            found.append(_Resource(place, address, kind, after, unknown))
    return found


def _of_module(
    place: Place, module: dict[str, Any], unknown: dict[str, Any]
) -> Iterator[_Resource]:
    for i, each in enumerate(_objects(module.get("resources"))):
        if each.get("mode") != "data":
            address, kind = str(each.get("address")), str(each.get("type"))
            values = _object(each.get("values"))
            at = (*place, "resources", i, "values")
            yield _Resource(at, address, kind, values, unknown.get(address))
    for i, child in enumerate(_objects(module.get("child_modules"))):
        yield from _of_module((*place, "child_modules", i), child, unknown)


def _of(parsed: Parsed, resource: _Resource, attribute: _Attribute) -> Iterator[Found | GenError]:
    what: dict[str, Any] = {"name": resource.address, "form": attribute.form, **_owner(resource)}
    if attribute.holder:
        what["holders"] = frozenset({attribute.holder})
    if attribute.name == "assume_role_policy":
        what["name"] = f"{resource.address}, trust policy"
    kind = attribute.kind
    if resource.type == "aws_organizations_policy":
        # Source: Terraform AWS provider, aws_organizations_policy, `type`.
        kind = ORGANIZATION_KINDS.get(str(resource.values.get("type", "SERVICE_CONTROL_POLICY")))
    if kind is not None:
        yield from _document(parsed, resource, (attribute.name,), {**what, "kind": kind})


def _inline(parsed: Parsed, resource: _Resource) -> Iterator[Found | GenError]:
    """The inline policies in a role. `after_unknown` has `true` for a role that says none."""
    blocks = resource.values.get("inline_policy")
    for i, block in enumerate(blocks if isinstance(blocks, list) else ()):
        name = f"{resource.address}, inline policy {_object(block).get('name')}"
        what = {"name": name, "kind": "identity", "form": "inline", "holders": frozenset({"role"})}
        yield from _document(parsed, resource, ("inline_policy", i, "policy"), what)


def _document(
    parsed: Parsed, resource: _Resource, place: Place, what: dict[str, Any]
) -> Iterator[Found | GenError]:
    value = _at(resource.values, place)
    if isinstance(value, str) and value:
        yield from in_text(parsed, (*resource.place, *place), value, what, meant=True)
    elif _is_unknown(resource.unknown, place):
        yield parsed.found(resource.place, {}, not_read=((),), embedded=True, **what)


def _is_unknown(unknown: Any, place: Place) -> bool:
    return unknown is True or any(_at(unknown, place[:i]) is True for i in range(1, len(place) + 1))


def _at(data: Any, place: Place) -> Any:
    """The value at a place, None if there is none."""
    for key in place:
        if isinstance(key, int):
            data = data[key] if isinstance(data, list) and key < len(data) else None
        else:
            data = _object(data).get(key)
    return data


def _owner(resource: _Resource) -> dict[str, str]:
    """The partition and account that the resource's own ARN is in, if it has one by now."""
    found = _ARN.fullmatch(str(resource.values.get("arn")))
    return {"partition": found[1], "account": found[2]} if found else {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [_object(each) for each in value] if isinstance(value, list) else []
