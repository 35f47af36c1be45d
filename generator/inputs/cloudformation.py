"""CloudFormation templates, JSON or YAML: the documents of their resources."""

from collections.abc import Iterator
from typing import Any, Final

from generator.errors import GenError
from generator.found import Found, Holder
from generator.inputs.intrinsics import Template, is_function, is_nothing
from generator.inputs.kinds import ORGANIZATION_KINDS, is_document, kind_of
from generator.inputs.parsed import Parsed
from generator.inputs.stand_ins import STAND_INS, StandIns
from generator.inputs.wrapped import in_text, is_text, path_text
from generator.positions import Place

_DOCUMENTS: Final = frozenset({"PolicyDocument", "AssumeRolePolicyDocument"})
# Properties of other names that hold a document, as an object or as text.
_MORE: Final = {
    "AWS::Organizations::Policy": frozenset({"Content"}),
    "AWS::SSO::PermissionSet": frozenset({"InlinePolicy"}),
}
_HOLDERS: Final[dict[str, Holder]] = {
    "AWS::IAM::User": "user",
    "AWS::IAM::UserPolicy": "user",
    "AWS::IAM::Group": "group",
    "AWS::IAM::GroupPolicy": "group",
    "AWS::IAM::Role": "role",
    "AWS::IAM::RolePolicy": "role",
}
_ATTACHED: Final[dict[str, Holder]] = {"Users": "user", "Groups": "group", "Roles": "role"}


def is_template(data: Any) -> bool:
    """Whether it is a template: it says so, or has a resource of AWS's."""
    if not isinstance(data, dict) or not isinstance(data.get("Resources"), dict):
        return False
    return "AWSTemplateFormatVersion" in data or any(
        isinstance(resource, dict) and str(resource.get("Type")).startswith("AWS::")
        for resource in data["Resources"].values()
    )


def documents(parsed: Parsed, stand_ins: StandIns = STAND_INS) -> Iterator[Found | GenError]:
    """The documents of a template, in its order; both branches of an `Fn::If`."""
    template = Template(parsed.data, stand_ins)
    for logical_id, resource in parsed.data["Resources"].items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        if isinstance(properties, dict):
            kind = str(resource.get("Type"))
            for place, value in _places(kind, properties):
                what = _what(template, logical_id, kind, properties, place)
                if what is not None:
                    root = ("Resources", logical_id, "Properties", *place)
                    yield from _document(parsed, template, root, value, what)


def _places(kind: str, properties: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Documents, and whatever else stands where one should."""
    names = _DOCUMENTS | _MORE.get(kind, frozenset())
    stack: list[tuple[Place, Any, bool]] = [((), properties, False)]
    while stack:
        place, value, is_wanted = stack.pop()
        is_choice = isinstance(value, dict) and value.keys() == {"Fn::If"}
        if is_document(value) or (is_wanted and not is_choice):
            if not is_nothing(value):
                yield place, value
            continue
        branches = value["Fn::If"] if is_choice else None
        if is_wanted and isinstance(branches, list):
            items = [((*place, "Fn::If", i), b, True) for i, b in enumerate(branches) if i]
        elif isinstance(value, dict):
            items = [((*place, key), item, key in names) for key, item in value.items()]
        else:
            listed = enumerate(value if isinstance(value, list) else ())
            items = [((*place, i), item, False) for i, item in listed]
        stack += reversed(items)


def _document(
    parsed: Parsed, template: Template, root: Place, value: Any, what: dict[str, Any]
) -> Iterator[Found | GenError]:
    if is_function(value):
        text = template.value(value)
        # A name, say, is no document: whatever it stands for is not in this file.
        if not text.known or not isinstance(text.value, str) or not is_text(text.value):
            yield parsed.found(root, {}, not_read=((),), **{"kind": "resource", **what})
            return
        value = text.value
    if isinstance(value, str):
        yield from in_text(parsed, root, value, what, meant=True)
        return
    data, not_read = template.document(value)
    yield parsed.found(root, data, not_read=not_read, **{"kind": kind_of(data), **what})


def _what(
    template: Template, logical_id: str, kind: str, properties: dict[str, Any], place: Place
) -> dict[str, Any] | None:
    """What the resource says of the document; None of a policy that is no policy of access."""
    if "AssumeRolePolicyDocument" in place:
        return {"kind": "trust", "name": f"{logical_id}, trust policy"}
    what: dict[str, Any] = {"name": logical_id}
    if kind in _HOLDERS:
        what |= {"kind": "identity", "holders": frozenset({_HOLDERS[kind]}), "form": "inline"}
    elif kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        holders = frozenset(h for name, h in _ATTACHED.items() if _is_given(properties.get(name)))
        form = "managed" if kind == "AWS::IAM::ManagedPolicy" else "inline"
        what |= {"kind": "identity", "holders": holders, "form": form}
    elif kind == "AWS::SSO::PermissionSet":
        what |= {"kind": "identity"}
    elif kind == "AWS::Organizations::Policy":
        given = template.value(properties.get("Type"))
        found = ORGANIZATION_KINDS.get(str(given.value)) if given.known else "scp"
        return {**what, "kind": found} if found else None
    if "Policies" in place:
        what["name"] = f"{logical_id}, {_policy_name(template, properties, place)}"
    elif kind not in _HOLDERS and len(place) > 1:
        what["name"] = f"{logical_id}, {path_text(place)}"
    return what


def _is_given(value: Any) -> bool:
    return bool(value) and not is_nothing(value)


def _policy_name(template: Template, properties: dict[str, Any], place: Place) -> str:
    """What an inline policy of a resource is called, or which of them it is."""
    around: Any = properties
    for key in place[:-1]:
        around = around[key]
    name = template.value(around.get("PolicyName")) if isinstance(around, dict) else None
    if name is not None and name.known and isinstance(name.value, str):
        return f"inline policy {name.value}"
    return path_text(place)
