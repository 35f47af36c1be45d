"""The documents that count for a person, out of files in any form that `gen audit` reads."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from generator.diagnose.evidence import Attached, Layer
from generator.errors import GenError, GenErrors, Where
from generator.found import Found, Kind
from generator.inputs.files import documents
from generator.inputs.items import Dump, Item
from generator.subject import Subject

# What a document of a layer looks like by itself, or is called by what is around it.
_KINDS: Final[dict[Layer, tuple[Kind, ...]]] = {
    "identity": ("identity",),
    "boundary": ("identity",),
    "scps": ("scp", "identity"),
}


class Reader:
    """Reads documents, collecting what is wrong with them; a file given twice counts once."""

    def __init__(self) -> None:
        self.errors: list[GenError] = []
        self._names: set[tuple[Layer, str]] = set()

    def documents(self, paths: Iterable[Path], layer: Layer) -> list[Attached]:
        """The documents of some files, one in each."""
        found = []
        for name in (path.as_posix() for path in paths):
            if (layer, name) in self._names:
                continue
            self._names.add((layer, name))
            try:
                found.append(attached(_only(name, layer), name, layer))
            except GenError as error:
                self.errors += error.each()
        return found

    def levels(self, texts: Sequence[str]) -> tuple[list[Attached], tuple[tuple[str, ...], ...]]:
        """SCPs, and the names of those on each level."""
        found: list[Attached] = []
        levels = []
        for text in texts:
            paths = [Path(name) for name in text.split(",") if name]
            if not paths:
                hint = "write --scp FILE[,FILE]..."
                self.errors.append(GenError("--scp names no file", hint=hint))
            found += self.documents(paths, "scps")
            levels.append(tuple(path.as_posix() for path in paths))
        return found, tuple(levels)

    def finish(self) -> None:
        """Raises GenErrors: everything that was wrong."""
        if self.errors:
            raise GenErrors(self.errors)


def attached(found: Found, name: str, layer: Layer) -> Attached:
    """A document that is whole.

    Raises:
        GenErrors: IAM's grammar does not allow it, or not all of it is known; at the places.
    """
    subject = Subject(found)
    wrong = [(r.place, r.message, r.fix) for r in found.remarks]
    if not wrong:
        hint = "give the policy as it is in the account"
        wrong = [(place, "what this is to be is not known", hint) for place in found.not_read]
    wrong = wrong or [(place, error.problem, error.hint) for place, error in subject.unread]
    on_key = bool(found.remarks)
    if wrong:
        raise GenErrors(
            GenError(what, where=Where(found.file, *found.locate(place, on_key)), hint=hint)
            for place, what, hint in wrong
        )
    return Attached(name, layer, subject)


def _only(name: str, layer: Layer) -> Found:
    """The one document in a file."""
    items = list(documents((), scps=(name,)) if layer == "scps" else documents((name,)))
    if errors := [item for item in items if isinstance(item, GenError)]:
        raise GenErrors(errors)
    every = [item for item in items if isinstance(item, Found)]
    fitting = [f for f in every if f.kind in _KINDS[layer] and f.holders != {"role"}]
    if len(fitting) == 1:
        return fitting[0]
    raise _unfit(name, items, every, fitting)


def _unfit(name: str, items: list[Item], every: list[Found], fitting: list[Found]) -> GenError:
    where = Where(name)
    if fitting:
        hint = "give the one that counts for the person, as a file of its own"
        return GenError(f"holds {len(fitting)} policies", where=where, hint=hint)
    if any(isinstance(item, Dump) for item in items):
        hint = "give it with --account-details, and --user NAME"
        return GenError("is about a whole account", where=where, hint=hint)
    if every:
        where = Where(name, *every[0].locate(()))
        kind = "role" if "role" in every[0].holders else every[0].kind
        return GenError(f"is a {kind} policy, and a person has none", where=where)
    return GenError("holds no policy", where=where, hint="is this the right file?")
