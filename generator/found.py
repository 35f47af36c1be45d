"""A policy document as somebody has it: what it says, what it is, and where each part stands."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from generator.positions import Place, Span

Kind: TypeAlias = Literal["identity", "trust", "resource", "boundary", "scp", "rcp", "session"]
# Whom an identity policy is attached to, or the document belongs to.
Holder: TypeAlias = Literal["user", "group", "role"]


class Spans(Protocol):
    """The text of a file, and where its values stand in it; `positions.Positions` is one.

    `form` is how the text is written. `values` and `keys` have the start and the end of each, as
    offsets into `text`; `first` is the line and the column that the text starts at.
    """

    form: Literal["json", "yaml"]
    text: str

    @property
    def values(self) -> Mapping[Place, Span]: ...

    @property
    def keys(self) -> Mapping[Place, Span]: ...

    def mark(self, place: Place, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a value (or its key), or of the nearest thing around it."""
        ...


class Remark(Struct, frozen=True):
    """Something about a document's text that its data does not show any more.

    `rule` is the id of the rule it is a finding of; `place` is in the document's data.
    """

    rule: str
    place: Place
    message: str
    fix: str = ""


class Found(Struct, frozen=True, eq=False, kw_only=True):
    """A document found in a file.

    `data` is the document as `grammar.loads` reads JSON; it stands at `root` in the text of
    `source`, which is made when somebody asks. `embedded`: at `root` is a text that holds the
    document, so that no place inside it is known. `name` is what people call the document inside
    its file ("group developers, inline policy Mfa"), "" where the file is the document. `holders`:
    whom it is attached to, empty where that is not known; `form` says how: quotas differ.
    `not_read` are places in `data` whose value is not known (a CloudFormation intrinsic, a value
    known after apply). `account` and `partition` are "" where the input does not say.
    """

    file: str
    kind: Kind
    data: Any
    source: Callable[[], Spans]
    root: Place = ()
    embedded: bool = False
    name: str = ""
    holders: frozenset[Holder] = frozenset()
    form: Literal["inline", "managed", ""] = ""
    remarks: tuple[Remark, ...] = ()
    not_read: tuple[Place, ...] = ()
    account: str = ""
    partition: str = ""

    def locate(self, place: Place, on_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a place in `data`, or of its key."""
        if self.embedded:
            return self.source().mark(self.root)
        return self.source().mark((*self.root, *place), key=on_key)
