"""What a dump has, each as little as an audit needs of it: there may be a hundred thousand."""

from typing import Final

from msgspec import Struct

from generator.found import Holder, Kind
from generator.positions import Place

# The number of a document that cannot be read.
BROKEN: Final = -1


class At(Struct, frozen=True, gc=False):
    """Where an element of a dump stands: line and column from 1, and its bytes."""

    line: int
    column: int
    start: int
    size: int


class Inline(Struct, frozen=True, gc=False):
    """An inline policy: its name, and the number of its document."""

    name: str
    document: int


class User(Struct, frozen=True, gc=False):
    """A user, as little as decides what the user may do. `boundary` is an ARN or ""."""

    name: str
    arn: str
    groups: tuple[str, ...]
    attached: tuple[str, ...]
    inline: tuple[Inline, ...]
    boundary: str
    at: At


class Group(Struct, frozen=True, gc=False):
    """A group: what its members have through it."""

    name: str
    attached: tuple[str, ...]
    inline: tuple[Inline, ...]


class Role(Struct, frozen=True, gc=False):
    """A role, by its trust policy."""

    name: str
    arn: str
    trust: int


class Managed(Struct, frozen=True, gc=False):
    """A managed policy: the document of its default version."""

    name: str
    document: int


class Occurrence(Struct, frozen=True, gc=False):
    """A place where a document stands that somebody of the account can change.

    `managed` is the ARN of a managed policy, "" for the others. `embedded`: the document is there
    as text.
    """

    document: int
    name: str
    kind: Kind
    holders: frozenset[Holder]
    at: At
    root: Place
    embedded: bool
    managed: str = ""
