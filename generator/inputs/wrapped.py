"""Documents by themselves, and inside what the AWS CLI prints or is given.

Source: botocore's models of IAM, Organizations, S3 and SSO Admin, for the names of the fields.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from generator.errors import GenError
from generator.found import Found, Holder, Kind
from generator.inputs.intrinsics import Template
from generator.inputs.json_text import embedded, is_encoded
from generator.inputs.kinds import (
    ORGANIZATION_KINDS,
    is_document,
    is_meant_as_document,
    kind_of,
)
from generator.inputs.parsed import Parsed
from generator.positions import Place

# Fields whose text is a document, in the case that CloudTrail writes them in, too.
_TEXTS: Final = frozenset(
    "policydocument assumerolepolicydocument document content policy inlinepolicy".split()
)
_HOLDERS: Final[dict[str, Holder]] = {"UserName": "user", "GroupName": "group", "RoleName": "role"}


class _Candidate(NamedTuple):
    """A document, or a text that may hold one, and the object it is in."""

    place: Place
    value: Any
    around: dict[str, Any]


def documents(parsed: Parsed) -> Iterator[Found | GenError]:
    """Every document in a file, wherever it stands; functions of CloudFormation are settled."""
    template = Template(parsed.data if isinstance(parsed.data, dict) else {})
    for candidate in _candidates(parsed.data):
        if isinstance(candidate.value, str):
            yield from in_text(parsed, candidate.place, candidate.value, _what(candidate))
        else:
            data, not_read = template.document(candidate.value)
            what = {"kind": kind_of(data), **_what(candidate)}
            yield parsed.found(candidate.place, data, not_read=not_read, **what)


def in_text(
    parsed: Parsed, place: Place, text: str, what: dict[str, Any], *, meant: bool = False
) -> Iterator[Found | GenError]:
    """The document that a text holds; no document if there is none in it, unless one is `meant`."""
    try:
        inner = embedded(parsed, place, text)
    except GenError as error:
        if meant or "Statement" in text:
            yield error
        return
    if meant or is_document(inner.data):
        found = parsed.found(
            place, inner.data, embedded=True, **{"kind": kind_of(inner.data), **what}
        )
        yield replace(found, remarks=inner.remarks(()))


def _candidates(data: Any) -> Iterator[_Candidate]:
    if is_meant_as_document(data) or (isinstance(data, str) and is_text(data)):
        yield _Candidate((), data, {})
        return
    stack = [_Candidate((), data, {})]
    while stack:
        here = stack.pop()
        place, value, around = here
        if is_document(value) or _is_text_of(place, value):
            yield here
        elif isinstance(value, dict):
            items = [_Candidate((*place, key), item, value) for key, item in value.items()]
            stack += reversed(items)
        elif isinstance(value, list):
            items = [_Candidate((*place, i), item, around) for i, item in enumerate(value)]
            stack += reversed(items)


def _is_text_of(place: Place, value: Any) -> bool:
    if not isinstance(value, str) or not place:
        return False
    key = place[-1]
    return isinstance(key, str) and key.lower() in _TEXTS and is_text(value)


def is_text(value: str) -> bool:
    """Whether a text may be a JSON object."""
    return value.lstrip()[:1] == "{" or is_encoded(value)


def _what(candidate: _Candidate) -> dict[str, Any]:
    """What the fields around a document say of it."""
    place, _, around = candidate
    field = str(place[-1]).lower() if place else ""
    holder = next(((h, around[f]) for f, h in _HOLDERS.items() if _named(around, f)), None)
    if field == "assumerolepolicydocument" or (
        field == "policydocument" and holder and not _named(around, "PolicyName")
    ):
        name = f"role {around['RoleName']}, trust policy" if _named(around, "RoleName") else ""
        return {"kind": "trust", "name": name or path_text(place)}
    if field == "policydocument" and holder:
        name = f"{holder[0]} {holder[1]}, inline policy {around['PolicyName']}"
        return {
            "kind": "identity",
            "name": name,
            "holders": frozenset({holder[0]}),
            "form": "inline",
        }
    if field in ("policydocument", "document") and _is_managed(place, around):
        name = next((around[f] for f in ("PolicyName", "PolicyArn") if _named(around, f)), "")
        named = f"policy {name}" if name else "" if len(place) == 2 else path_text(place)
        return {"kind": "identity", "name": named, "form": "managed"}
    if field == "content":
        return _of_organization(place, around)
    if field == "inlinepolicy":
        return {"kind": "identity", "name": path_text(place), "form": "inline"}
    return {"name": path_text(place)}


def _is_managed(place: Place, around: dict[str, Any]) -> bool:
    if place[-2:] == ("PolicyVersion", "Document") or "PolicyArn" in around:
        return True
    return len(place) == 1 and _named(around, "PolicyName")


def _of_organization(place: Place, around: dict[str, Any]) -> dict[str, Any]:
    summary = around.get("PolicySummary")
    summary = summary if isinstance(summary, dict) else around
    kind: Kind | None = ORGANIZATION_KINDS.get(str(summary.get("Type")))
    name = f"policy {summary['Name']}" if _named(summary, "Name") else path_text(place)
    return {"name": name, **({"kind": kind} if kind else {})}


def _named(around: dict[str, Any], field: str) -> bool:
    return isinstance(around.get(field), str)


def path_text(place: Place) -> str:
    """A place in words that people find again: `Roles[2].Document`; "" of the whole file."""
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    return path.removeprefix(".")
