"""The elements of a dump taken in; one that is wrong is an error, and the rest goes on.

Source: IAM API Reference, GetAccountAuthorizationDetails, UserDetail, GroupDetail, RoleDetail and
ManagedPolicyDetail.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from generator.account.details import Details
from generator.account.entities import (
    BROKEN,
    At,
    Group,
    Inline,
    Managed,
    Occurrence,
    Role,
    User,
)
from generator.errors import GenError, one_line
from generator.found import Holder
from generator.inputs.dump import Element

# Keys of a page that say whether there are more of them.
_MORE: Final = ("IsTruncated", "Marker", "NextToken")


def read_details(elements: Iterable[Element], label: str) -> Details:
    """What some elements say; where they break off, what came before is kept."""
    details = Details(label)
    more: list[Element] = []
    try:
        for element in elements:
            if not element.listed and element.name == "":
                more = []
            elif element.name in _MORE:
                more.append(element)
            else:
                _take(details, element)
    except GenError as error:
        hint = "what stands before it was audited; the account is not known whole"
        details.errors.append(GenError(error.problem, where=error.where, hint=hint))
    for element in more:
        if element.value not in (False, None, ""):
            details.error(
                element,
                f"only a part of the account is here: `{element.name}` says that more pages follow",
                "leave out --no-paginate and --max-items, or add the other pages",
            )
            break
    return details


def _take(details: Details, element: Element) -> None:
    name, value = element.name, element.value
    try:
        if element.listed:
            if not isinstance(value, dict):
                details.fail(element, f"an element of `{name}` is not an object")
            _READERS[name](details, element)
        elif name == "Content" and type(value) is str:
            details.report = element
        elif name == "PasswordPolicy":
            details.password_policy = value
        elif name in _READERS and value is not None:
            details.fail(element, f"`{name}` is not a list")
    except GenError as error:
        details.errors.append(error)


def _user(details: Details, element: Element) -> None:
    data, at = element.value, _at(element)
    name, arn = _name(details, element, "UserName"), _name(details, element, "Arn")
    if ":user/" not in arn:
        details.fail(element, f"`{arn}` is not the ARN of a user")
    details.owned(arn, element)
    groups = _list(details, element, "GroupList")
    if not all(type(group) is str for group in groups):
        details.fail(element, f"`GroupList` of `{name}` holds something other than text")
    details.users.append(
        User(
            name,
            arn,
            details.shared(tuple(groups)),
            _attached(details, element, "user"),
            tuple(_inline(details, element, "UserPolicyList", "user", one_line(name))),
            _boundary(details, data),
            at,
        )
    )


def _group(details: Details, element: Element) -> None:
    name, arn = _name(details, element, "GroupName"), _name(details, element, "Arn")
    details.owned(arn, element)
    inline = tuple(_inline(details, element, "GroupPolicyList", "group", one_line(name)))
    details.groups[name] = Group(name, _attached(details, element, "group"), inline)


def _role(details: Details, element: Element) -> None:
    name, arn = _name(details, element, "RoleName"), _name(details, element, "Arn")
    details.owned(arn, element)
    _attached(details, element, "role")
    _boundary(details, element.value)
    shown = f"role {one_line(name)}"
    given = element.value.get("AssumeRolePolicyDocument")
    trust = details.number(given, element, f"the trust policy of {shown}")
    if trust != BROKEN:
        details.occurrences.append(
            Occurrence(
                trust,
                f"{shown}, trust policy",
                "trust",
                _HOLDERS["role"],
                _at(element),
                ("AssumeRolePolicyDocument",),
                isinstance(given, str),
            )
        )
    details.roles.append(Role(name, arn, trust))
    for _ in _inline(details, element, "RolePolicyList", "role", one_line(name)):
        pass


def _managed(details: Details, element: Element) -> None:
    arn = _name(details, element, "Arn")
    name = one_line(arn.partition(":policy/")[2] or arn)
    versions = _list(details, element, "PolicyVersionList")
    default = element.value.get("DefaultVersionId")
    chosen = [
        (index, version)
        for index, version in enumerate(versions)
        if isinstance(version, dict)
        and (version.get("IsDefaultVersion") is True or version.get("VersionId") == default)
    ]
    if not chosen:
        details.fail(element, f"policy `{name}` has no default version")
    index, version = chosen[0]
    given = version.get("Document")
    document = details.number(given, element, f"policy {name}")
    details.managed[arn] = Managed(name, document)
    if document != BROKEN and not is_of_aws(arn):
        details.occurrences.append(
            Occurrence(
                document,
                f"policy {name}",
                "identity",
                frozenset(),
                _at(element),
                ("PolicyVersionList", index, "Document"),
                isinstance(given, str),
                arn,
            )
        )


_READERS: Final = {
    "UserDetailList": _user,
    "GroupDetailList": _group,
    "RoleDetailList": _role,
    "Policies": _managed,
}
_HOLDERS: Final[dict[Holder, frozenset[Holder]]] = {
    "user": frozenset({"user"}),
    "group": frozenset({"group"}),
    "role": frozenset({"role"}),
}


def is_of_aws(arn: str) -> bool:
    """Whether a managed policy is one of AWS's own, which nobody else can change."""
    return arn.split(":", 5)[4:5] == ["aws"]


def _inline(
    details: Details, element: Element, key: str, holder: Holder, name: str
) -> Iterator[Inline]:
    for index, policy in enumerate(_list(details, element, key)):
        called = policy.get("PolicyName") if isinstance(policy, dict) else None
        if type(called) is not str:
            details.error(element, f"an inline policy of {holder} {name} has no name")
            yield Inline(f"{index + 1}", BROKEN)
            continue
        given = policy.get("PolicyDocument")
        shown = f"{holder} {name}, inline policy {one_line(called)}"
        document = details.number(given, element, shown)
        if document != BROKEN:
            details.occurrences.append(
                Occurrence(
                    document,
                    shown,
                    "identity",
                    _HOLDERS[holder],
                    _at(element),
                    (key, index, "PolicyDocument"),
                    isinstance(given, str),
                )
            )
        yield Inline(one_line(called), document)


def _attached(details: Details, element: Element, holder: Holder) -> tuple[str, ...]:
    found = []
    for policy in _list(details, element, "AttachedManagedPolicies"):
        arn = policy.get("PolicyArn") if isinstance(policy, dict) else None
        if type(arn) is not str:
            details.fail(element, "one of `AttachedManagedPolicies` has no `PolicyArn`")
        found.append(arn)
        details.holders.setdefault(arn, set()).add(holder)
    return details.shared(tuple(found))


def _boundary(details: Details, data: dict[str, Any]) -> str:
    boundary = data.get("PermissionsBoundary")
    arn = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, dict) else None
    if type(arn) is not str:
        # Something that is there and cannot be read still is a boundary.
        return "" if boundary is None else "?"
    details.boundaries.add(arn)
    return arn


def _name(details: Details, element: Element, key: str) -> str:
    found = element.value.get(key)
    # A number is text that keeps its digits.
    if type(found) is not str or not found:
        details.fail(element, f"an element of `{element.name}` has no `{key}`")
    return found


def _list(details: Details, element: Element, key: str) -> list[Any]:
    found = element.value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        details.fail(element, f"`{key}` of an element of `{element.name}` is not a list")
    return found


def _at(element: Element) -> At:
    return At(element.line, element.column, element.start, element.size)
