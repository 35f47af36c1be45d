"""Whole files mended: the documents of each together, shown as a diff or written."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from generator.errors import GenError, one_line
from generator.findings import Finding
from generator.found import Found
from generator.repair.align import NotWrittenError
from generator.repair.repair import Repaired, printed, repair, together
from generator.repair.write import diff, write


class Mended(Struct, frozen=True, eq=False):
    """What came of a file. `text` is its new text, None where it is not edited in place."""

    file: str
    was: str
    text: str | None
    documents: tuple[Repaired, ...]

    @property
    def diff(self) -> str:
        """What changes: in the file, or in documents that are edited where they come from."""
        if self.text is not None:
            return diff(self.was, self.text, one_line(self.file))
        return "".join(
            diff(printed(r.found.data), printed(r.document), _called(r.found))
            for r in self.documents
            if r.edits
        )


def mended(items: Iterable[Found], suppressed: Iterable[Finding] = ()) -> Iterator[Mended]:
    """Each file with what mends its documents; those of one file come one after another.

    `suppressed` are findings that people live with.
    """
    rules: dict[tuple[str, str], set[str]] = {}
    for f in suppressed:
        rules.setdefault((f.file, f.document), set()).add(f.rule)
    for file, found in groupby(items, key=lambda each: each.file):
        each = [repair(one, frozenset(rules.get((file, one.name), ()))) for one in found]
        yield _mended(file, each)


def save(files: Iterable[Mended]) -> Iterator[GenError]:
    """Write those that are edited in place, each whole or not at all; what went wrong."""
    for each in files:
        if each.text is None:
            continue
        try:
            write(Path(each.file), each.text, was=each.was)
        except GenError as error:
            yield error


def _mended(file: str, repaired: list[Repaired]) -> Mended:
    was = next((r.found.source().text for r in repaired if r.text is not None), "")
    try:
        text = together(repaired)
    except NotWrittenError:
        # Each alone could be written. The first one is, and the next run has the others.
        text = next(r.text for r in repaired if r.text is not None)
    return Mended(file, was, text, tuple(repaired))


def in_words(each: Mended) -> Iterator[str]:
    """What was done to a file, what that changes, and what was not done and why."""
    for r in each.documents:
        where = _called(r.found)
        if r.edits and r.not_in_place:
            yield f"{where}: not edited in place: {r.not_in_place}; what would mend it:"
        for edit in r.edits:
            line, column = r.found.locate(edit.place)
            answers = f" [{', '.join(edit.answers)}]" if edit.answers else ""
            what = one_line(f"{edit.what}: {edit.why}")
            yield f"{one_line(each.file)}:{line}:{column}: {what}{answers}"
        for sentence in r.changed:
            yield f"  {one_line(sentence)}"
        for what, why in r.refused:
            yield f"{where}: not mended: {one_line(f'{what}: {why}')}"


def _called(found: Found) -> str:
    """What people call a document; names may hold anything."""
    return one_line(f"{found.file} ({found.name})" if found.name else found.file)
