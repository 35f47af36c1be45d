"""A file that somebody gives as evidence, as JSON that knows where each of its values stands."""

import codecs
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from generator.errors import GenError, MachineError, Where
from generator.grammar import loads
from generator.positions import Place, Positions
from generator.text import read_text

# What CloudTrail delivers, or an account prints, is far larger than any policy.
MAX_BYTES: Final = 64 * 1024 * 1024
STDIN: Final = "<stdin>"
_GZIP: Final = b"\x1f\x8b"


class JsonText:
    """The text of a file, what it says, and where. `line`: where the text starts in the file."""

    def __init__(self, label: str, text: str, line: int = 1) -> None:
        """Raises GenError: not JSON, or a key stands twice in one object."""
        self.label, self.text, self._line = label, text, line
        self.data = self._read()

    def where(self, place: Place, *, key: bool = False) -> Where:
        """The place of a value, or of its key, in the file."""
        return Where(self.label, *self.positions.mark(place, key=key))

    def refuse(self, place: Place, problem: str, hint: str = "") -> GenError:
        """An error about what stands at a place."""
        return GenError(problem, where=self.where(place), hint=hint)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.text, self._line)

    def _read(self) -> Any:
        try:
            return loads(self.text)
        except GenError as error:
            found = error.__cause__
            if isinstance(found, json.JSONDecodeError):
                where = Where(self.label, self._line + found.lineno - 1, found.colno)
                problem = f"not valid JSON: {found.msg}"
                raise GenError(problem, where=where, hint="is this the right file?") from error
            raise GenError(error.problem, where=self._twice(), hint=error.hint) from error

    def _twice(self) -> Where:
        """Where a key stands again; the file as a whole if that is not what is wrong."""
        try:
            twice = self.positions.twice
        except (ValueError, IndexError, AssertionError):
            return Where(self.label)
        return Where(self.label, *self.positions.at(twice[0][1])) if twice else Where(self.label)


def read_json(path: Path) -> JsonText:
    """A policy or a setting that somebody wrote.

    Raises:
        GenError: no such file, too large, not UTF-8, not JSON.
    """
    name = path.as_posix()
    return JsonText(name, read_text(path, name))


def read_large(path: Path) -> JsonText:
    """JSON that AWS printed, of any size that makes sense.

    Raises:
        GenError: what `read_json` raises.
    """
    name = path.as_posix()
    return JsonText(name, _decoded(_bytes_of(path, name), name))


def read_lines(path: Path) -> Iterator[JsonText]:
    """One JSON text, or one on each line; compressed with gzip or not; `-` is standard input.

    Raises:
        GenError: what `read_json` raises; of lines, the first that is not JSON.
    """
    name = STDIN if path.as_posix() == "-" else path.as_posix()
    data = _bytes_of(path, name)
    text = _decoded(_unpacked(data, name) if data.startswith(_GZIP) else data, name)
    try:
        yield JsonText(name, text)
    except GenError:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):
            raise
        for number, line in lines:
            yield JsonText(name, line, number)


def _is_json(line: str) -> bool:
    try:
        loads(line)
    except GenError:
        return False
    return True


def _bytes_of(path: Path, name: str) -> bytes:
    if name == STDIN:
        return _bounded(sys.stdin.buffer, name)
    try:
        with path.open("rb") as stream:
            return _bounded(stream, name)
    except IsADirectoryError as error:
        raise GenError("is a directory, not a file", where=Where(name)) from error
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise GenError("no such file", where=Where(name)) from error
    except OSError as error:
        raise MachineError(f"cannot be read: {error.strerror}", where=Where(name)) from error


def _unpacked(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _bounded(stream, name)
    except (OSError, EOFError, zlib.error) as error:
        raise GenError("is not whole gzip data", where=Where(name), hint="copy it again") from error


def _bounded(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise GenError(problem, where=Where(name), hint="cut out what the person is in")
    return data


def _decoded(data: bytes, name: str) -> str:
    # `>` writes UTF-16 in older versions of PowerShell.
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GenError("is not UTF-8 text", where=Where(name, line, 1)) from error
