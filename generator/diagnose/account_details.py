"""One user of `aws iam get-account-authorization-details`: the documents that count for them."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from msgspec import Struct

from generator.diagnose.evidence import Attached, Layer, Person
from generator.diagnose.json_text import JsonText, read_large
from generator.diagnose.policies import policy_at
from generator.errors import GenError
from generator.grammar import parse_policy
from generator.policy import Policy
from generator.positions import Place
from generator.principals import caller

_COMMAND: Final = "`aws iam get-account-authorization-details`"


class Details(Struct, frozen=True, eq=False):
    """What an account's details say of a user. `not_read`: policies whose documents they lack."""

    person: Person
    documents: tuple[Attached, ...]
    boundary: bool
    not_read: tuple[str, ...]


def read_details(path: Path, name: str) -> Details:
    """A user, with the documents of the user, of the groups, and the boundary.

    Raises:
        GenError: not the command's output, no such user, or a document that cannot be read.
    """
    source = read_large(path)
    data = source.data
    if not isinstance(data, dict) or not isinstance(data.get("UserDetailList"), list):
        hint = "keep what the command printed, as JSON"
        raise source.refuse((), f"not the output of {_COMMAND}", hint)
    number = _number(source, name)
    found = _Found(source, number)
    return Details(
        found.person(), tuple(found.documents()), found.has_boundary, tuple(found.not_read)
    )


def _number(source: JsonText, name: str) -> int:
    users = source.data["UserDetailList"]
    names = [user.get("UserName") if isinstance(user, dict) else None for user in users]
    if name in names:
        return names.index(name)
    near = get_close_matches(name, [n for n in names if isinstance(n, str)], n=1)
    hint = f"did you mean `{near[0]}`?" if near else "names are case sensitive here"
    if source.data.get("IsTruncated") is True and not near:
        hint = "it is truncated: let the command fetch every page"
    raise source.refuse(("UserDetailList",), f"there is no user `{name}`", hint)


class _Found:
    """Goes through what the user has."""

    def __init__(self, source: JsonText, number: int) -> None:
        self.source, self.place = source, ("UserDetailList", number)
        self.user: dict[str, Any] = source.data["UserDetailList"][number]
        self.not_read: list[str] = []
        boundary = self.user.get("PermissionsBoundary")
        self.has_boundary = boundary is not None
        self._boundary = boundary

    def person(self) -> Person:
        arn = self.user.get("Arn")
        try:
            who = caller(arn if isinstance(arn, str) else "")
        except GenError as error:
            raise self.source.refuse(self.place, "the user has no `Arn` of a user") from error
        path = who.arn.partition(":user")[2].removesuffix(who.name)
        return Person(
            arn=who.arn, name=who.name, path=path, account=who.account, partition=who.partition
        )

    def documents(self) -> Iterator[Attached]:
        name = self.user["UserName"]
        yield from self._of(self.user, self.place, "UserPolicyList", f"user `{name}`")
        for group in self._list(self.user, self.place, "GroupList"):
            number = self._numbered("GroupDetailList", "GroupName", group)
            if number is None:
                self.not_read.append(f"group {group}")
                continue
            place = ("GroupDetailList", number)
            data = self.source.data["GroupDetailList"][number]
            yield from self._of(data, place, "GroupPolicyList", f"group `{group}`")
        if self.has_boundary:
            arn = (
                self._boundary.get("PermissionsBoundaryArn")
                if isinstance(self._boundary, dict)
                else None
            )
            yield from self._managed(arn, "permissions boundary", "boundary", self.place)

    def _of(self, holder: Any, place: Place, inline: str, whose: str) -> Iterator[Attached]:
        for number, one in enumerate(self._list(holder, place, inline)):
            root = (*place, inline, number, "PolicyDocument")
            name = one.get("PolicyName") if isinstance(one, dict) else None
            yield self._document(f"{whose}, inline policy `{name}`", root, "identity")
        for number, one in enumerate(self._list(holder, place, "AttachedManagedPolicies")):
            arn = one.get("PolicyArn") if isinstance(one, dict) else None
            at = (*place, "AttachedManagedPolicies", number)
            yield from self._managed(arn, f"{whose}, managed policy", "identity", at)

    def _managed(self, arn: Any, what: str, layer: Layer, place: Place) -> Iterator[Attached]:
        if not isinstance(arn, str):
            raise self.source.refuse(place, "a policy is attached that has no ARN")
        number = self._numbered("Policies", "Arn", arn)
        if number is None:
            self.not_read.append(arn)
            return
        at: Place = ("Policies", number)
        versions = self._list(self.source.data["Policies"][number], at, "PolicyVersionList")
        for version, one in enumerate(versions):
            if isinstance(one, dict) and one.get("IsDefaultVersion") is True:
                root = (*at, "PolicyVersionList", version, "Document")
                yield self._document(f"{what} `{arn.partition('/')[2]}`", root, layer)
                return
        self.not_read.append(arn)

    def _document(self, name: str, root: Place, layer: Layer) -> Attached:
        return Attached(name, layer, self._policy(root), self.source, root, is_file=False)

    def _policy(self, root: Place) -> Policy:
        data: Any = self.source.data
        for key in root[:-1]:
            data = data[key]
        document = data.get(root[-1])
        if not isinstance(document, str):
            return policy_at(self.source, root)
        # As the API has it: percent-encoded text.
        inner = JsonText(self.source.label, unquote(document))
        try:
            return parse_policy(inner.data)
        except GenError as error:
            where = self.source.where(root)
            raise GenError(error.problem, where=where, hint=error.hint) from error

    def _numbered(self, what: str, key: str, value: str) -> int | None:
        for number, one in enumerate(self._list(self.source.data, (), what)):
            if isinstance(one, dict) and one.get(key) == value:
                return number
        return None

    def _list(self, data: Any, place: Place, name: str) -> list[Any]:
        found = data.get(name, [])
        if not isinstance(found, list):
            raise self.source.refuse((*place, name), f"`{name}` is not a list")
        return found
