"""What a dump says, kept small: who has which documents, and where each of them stands.

Documents are kept once however many users have them, users as a few words each: a dump of a large
account is not in memory as a whole.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final, NoReturn
from urllib.parse import unquote

from generator.account.entities import BROKEN, Group, Managed, Occurrence, Role, User
from generator.errors import GenError, Where
from generator.found import Holder
from generator.grammar import loads
from generator.inputs.dump import Element
from generator.policy import PolicyError

_DEEPEST: Final = 40


class Details:
    """The account of a dump.

    `documents` are the documents, each once; holders of managed policies, and which of them are
    boundaries, are known when all of the dump is read. `errors` is what could not be read.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.account = self.partition = ""
        self.users: list[User] = []
        self.groups: dict[str, Group] = {}
        self.roles: list[Role] = []
        self.managed: dict[str, Managed] = {}
        self.documents: list[Any] = []
        self.occurrences: list[Occurrence] = []
        self.holders: dict[str, set[Holder]] = {}
        self.boundaries: set[str] = set()
        self.errors: list[GenError] = []
        self.report: Element | None = None
        self.password_policy: Any = None
        self._seen: set[str] = set()
        self._numbers: dict[bytes, int] = {}
        self._tuples: dict[Any, Any] = {}

    def error(self, element: Element, problem: str, hint: str = "") -> None:
        """Keep an error about an element; the rest of it can be read."""
        self.errors.append(_error(self, element, problem, hint))

    def fail(self, element: Element, problem: str, hint: str = "") -> NoReturn:
        """Raise an error about an element of which nothing is read."""
        raise _error(self, element, problem, hint)

    def number(self, data: Any, element: Element, what: str) -> int:
        """The number of a document, the same for equal ones; a text is URL-encoded JSON.

        Equal are documents that say the same in the same order, whatever their white space.
        """
        if isinstance(data, str):
            try:
                data = loads(data if data.lstrip()[:1] == "{" else unquote(data))
            except PolicyError as error:
                self.error(element, f"{what}: {error.problem}")
                return BROKEN
        if data is None:
            self.error(element, f"{what} has no document")
            return BROKEN
        try:
            text = repr(data)
        except RecursionError:
            self.error(element, f"{what} is nested too deeply")
            return BROKEN
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._numbers.get(key)
        if found is None:
            if _is_deep(data):
                self.error(element, f"{what} is nested too deeply")
                return BROKEN
            found = self._numbers[key] = len(self.documents)
            self.documents.append(data)
        return found

    def shared(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        """One tuple for all that are equal."""
        found: tuple[Any, ...] = self._tuples.setdefault(items, items)
        return found

    def owned(self, arn: str, element: Element) -> None:
        """Check that a user, group or role is of the account that the first one was of, and new."""
        fields = arn.split(":", 5)
        if len(fields) != 6 or fields[0] != "arn" or not fields[4].isdigit():
            self.fail(element, f"`{arn}` is not the ARN of something in an account")
        if not self.account:
            self.partition, self.account = fields[1], fields[4]
        elif fields[4] != self.account:
            self.fail(
                element,
                f"`{arn}` is of another account than the first, {self.account}",
                "give each account's dump as a file of its own",
            )
        if arn in self._seen:
            self.fail(element, f"`{arn}` stands there twice", "give each page once")
        self._seen.add(arn)


def _is_deep(data: Any, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return True
    inner: Iterable[Any] = ()
    if isinstance(data, dict):
        inner = data.values()
    elif isinstance(data, list):
        inner = data
    return any(_is_deep(item, depth + 1) for item in inner)


def _error(details: Details, element: Element, problem: str, hint: str) -> GenError:
    return GenError(problem, where=Where(details.label, element.line, element.column), hint=hint)
