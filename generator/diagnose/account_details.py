"""One user of `aws iam get-account-authorization-details`: the documents that count for them.

The details of a large account are hundreds of megabytes. Only what is the user's is kept.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from generator.diagnose.documents import attached
from generator.diagnose.evidence import Attached, Evidence, Layer, Person, person_of
from generator.diagnose.files import label_of, opened_file, refuse
from generator.errors import GenError, Where
from generator.inputs.dump import Element, elements, looks_like_dump
from generator.inputs.parsed import Parsed
from generator.inputs.read import HEAD
from generator.inputs.wrapped import in_text
from generator.positions import Place, Positions

_COMMAND: Final = "`aws iam get-account-authorization-details`"
_NAMES: Final = {"UserDetailList": "UserName", "GroupDetailList": "GroupName", "Policies": "Arn"}
# A list, and what an element of it is called.
_Key: TypeAlias = tuple[str, str]


def read_details(path: Path, name: str) -> Evidence:
    """A user, with the documents of the user, of the groups, and the boundary.

    Raises:
        GenError: not the command's output, no such user, or a document that cannot be read.
    """
    with opened_file(path) as file:
        reading = _Reading(file, label_of(path), name)
        reading.read()
    user = _User(reading.kept, name)
    return Evidence(
        person=user.person(),
        documents=tuple(user.documents()),
        identity=True,
        whole=True,
        not_read=tuple(user.not_read),
        boundary=user.boundary is not None,
    )


class _Reading:
    """Goes through a dump and keeps the user, and what the user names."""

    def __init__(self, file: BinaryIO, label: str, name: str) -> None:
        self._file, self._label, self._name = file, label, name
        self.kept: dict[_Key, Parsed] = {}
        self._wanted: set[_Key] = {("UserDetailList", name)}
        # Where each user stands.
        self._users: dict[str, Where] = {}
        self._truncated = False

    def read(self) -> None:
        """Once, if things stand in AWS's order; else until nothing new is found."""
        before = -1
        while before < len(self.kept) < len(self._wanted):
            before = len(self.kept)
            self._file.seek(0)
            for element in elements(self._file, self._label):
                self._take(element)
            if ("UserDetailList", self._name) not in self.kept:
                raise self._nobody()

    def _take(self, element: Element) -> None:
        name, value = element.name, element.value
        where = Where(self._label, element.line, element.column)
        if name == "IsTruncated":
            self._truncated = value is True
        elif name in ("GroupDetailList", "Policies") and not element.listed and value is not None:
            raise GenError(f"`{name}` is not a list", where=where)
        called = value.get(_NAMES.get(name, "")) if isinstance(value, dict) else None
        if not element.listed or not isinstance(called, str):
            return
        if name == "UserDetailList":
            self._users[called] = where
        if (name, called) in self._wanted and (name, called) not in self.kept:
            found = self.kept[name, called] = self._parsed(element)
            self._wanted |= {("GroupDetailList", str(g)) for g in _list(found, "GroupList")}
            arns = [arn for arn, _ in _managed(found)]
            self._wanted |= {("Policies", arn) for arn in (*arns, _boundary_arn(value)) if arn}

    def _parsed(self, element: Element) -> Parsed:
        at = self._file.tell()
        self._file.seek(element.start)
        text = self._file.read(element.size).decode()
        self._file.seek(at)
        positions = Positions(text, element.line, element.column)
        twice = tuple(dict.fromkeys(place for place, _ in positions.twice))
        return Parsed(self._label, element.value, lambda: positions, twice)

    def _nobody(self) -> GenError:
        self._file.seek(0)
        head = self._file.read(HEAD).decode("utf-8", "replace")
        if not self._users and not looks_like_dump(head):
            hint, where = "keep what the command printed, as JSON", Where(self._label, 1, 1)
            return GenError(f"not the output of {_COMMAND}", where=where, hint=hint)
        near = get_close_matches(self._name, self._users, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "names are case sensitive here"
        if self._truncated and not near:
            hint = "it is truncated: let the command fetch every page"
        where = self._users[near[0]] if near else Where(self._label)
        return GenError(f"there is no user `{self._name}`", where=where, hint=hint)


class _User:
    """Goes through what the user has."""

    def __init__(self, kept: dict[_Key, Parsed], name: str) -> None:
        self._kept, self._name = kept, name
        self._user = kept["UserDetailList", name]
        self.boundary = self._user.data.get("PermissionsBoundary")
        self.not_read: list[str] = []

    def person(self) -> Person:
        arn = self._user.data.get("Arn")
        try:
            return person_of(arn if isinstance(arn, str) else "")
        except GenError as error:
            raise refuse(self._user, (), "the user has no `Arn` of a user") from error

    def documents(self) -> Iterator[Attached]:
        yield from self._of(self._user, "UserPolicyList", f"user `{self._name}`")
        for group in _list(self._user, "GroupList"):
            holder = self._kept.get(("GroupDetailList", str(group)))
            if holder is None:
                self.not_read.append(f"group {group}")
            else:
                yield from self._of(holder, "GroupPolicyList", f"group `{group}`")
        if self.boundary is not None:
            arn = _boundary_arn(self._user.data)
            if not arn:
                raise refuse(
                    self._user, ("PermissionsBoundary",), "a policy is attached that has no ARN"
                )
            yield from self._default(arn, "permissions boundary", "boundary")

    def _of(self, holder: Parsed, inline: str, whose: str) -> Iterator[Attached]:
        for number, one in enumerate(_list(holder, inline)):
            data = one if isinstance(one, dict) else {}
            name = f"{whose}, inline policy `{data.get('PolicyName')}`"
            place = (inline, number, "PolicyDocument")
            yield _document(holder, place, data.get("PolicyDocument"), name, "identity")
        for arn, at in _managed(holder):
            if not arn:
                raise refuse(holder, at, "a policy is attached that has no ARN")
            yield from self._default(arn, f"{whose}, managed policy", "identity")

    def _default(self, arn: str, what: str, layer: Layer) -> Iterator[Attached]:
        """The document that is in force of a managed policy."""
        policy = self._kept.get(("Policies", arn))
        versions = _list(policy, "PolicyVersionList") if policy else []
        for number, one in enumerate(versions):
            if policy and isinstance(one, dict) and one.get("IsDefaultVersion") is True:
                place = ("PolicyVersionList", number, "Document")
                name = f"{what} `{arn.partition('/')[2]}`"
                yield _document(policy, place, one.get("Document"), name, layer)
                return
        self.not_read.append(arn)


def _document(holder: Parsed, root: Place, data: Any, name: str, layer: Layer) -> Attached:
    found = holder.found(root, data, kind="identity")
    if isinstance(data, str):
        # As the API has it: percent-encoded text.
        (inside,) = in_text(holder, root, data, {"kind": "identity"}, meant=True)
        if isinstance(inside, GenError):
            raise inside
        found = inside
    return attached(found, name, layer)


def _managed(holder: Parsed) -> Iterator[tuple[str, Place]]:
    """The ARNs of the managed policies of a user or a group, "" for none, with their places."""
    for number, one in enumerate(_list(holder, "AttachedManagedPolicies")):
        arn = one.get("PolicyArn") if isinstance(one, dict) else None
        yield arn if isinstance(arn, str) else "", ("AttachedManagedPolicies", number)


def _boundary_arn(data: dict[str, Any]) -> str:
    boundary = data.get("PermissionsBoundary")
    arn = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, dict) else None
    return arn if isinstance(arn, str) else ""


def _list(holder: Parsed, name: str) -> list[Any]:
    found = holder.data.get(name, [])
    if not isinstance(found, list):
        raise refuse(holder, (name,), f"`{name}` is not a list")
    return found
