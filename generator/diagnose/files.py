"""Files that somebody gives as evidence and that are no policies: opened, bounded, read as JSON."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO, Final

from msgspec.structs import replace

from generator.errors import GenError, MachineError, Where
from generator.inputs.dump import opened
from generator.inputs.json_text import parse
from generator.inputs.parsed import Parsed
from generator.inputs.read import MAX_BYTES
from generator.positions import Place, Positions

_GZIP: Final = b"\x1f\x8b"


def label_of(path: Path) -> str:
    """A file as it is called in messages; `-` is standard input."""
    name = path.as_posix()
    return "<stdin>" if name == "-" else name


def opened_file(path: Path) -> BinaryIO:
    """A file as UTF-8 that can be read twice; see `inputs.dump.opened`.

    Raises:
        GenError: no such file, or it cannot be read.
    """
    name = label_of(path)
    if path.as_posix() == "-":
        return opened(sys.stdin.buffer if sys.stdin else io.BytesIO(), name)
    try:
        with path.open("rb") as stream:
            # What comes through a pipe comes once.
            return opened(path if path.is_file() else stream, name)
    except IsADirectoryError as error:
        raise GenError("is a directory, not a file", where=Where(name)) from error
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise GenError("no such file", where=Where(name)) from error
    except OSError as error:
        raise MachineError(f"cannot be read: {error.strerror}", where=Where(name)) from error


def read_json(path: Path) -> Parsed:
    """JSON that AWS printed, of any size that makes sense, compressed with gzip or not.

    Raises:
        GenError: it cannot be read, is too large, not UTF-8, or not JSON.
    """
    return parse(_text(path), label_of(path))


def read_lines(path: Path) -> Iterator[Parsed]:
    """One JSON text, or one on each line.

    Raises:
        GenError: what `read_json` raises; of lines, the first that is not JSON.
    """
    text, name = _text(path), label_of(path)
    try:
        yield parse(text, name)
    except GenError:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):
            raise
        for number, line in lines:
            yield _line(line, name, number)


def refuse(parsed: Parsed, place: Place, problem: str, hint: str = "") -> GenError:
    """An error about what stands at a place."""
    return GenError(problem, where=parsed.where(place), hint=hint)


def _line(line: str, name: str, number: int) -> Parsed:
    try:
        parsed = parse(line, name)
    except GenError as error:
        column = error.where.column if error.where else 0
        where = Where(name, number, column or 1)
        raise GenError(error.problem, where=where, hint=error.hint) from error
    return replace(parsed, source=cache(lambda: Positions(line, number)))


def _is_json(line: str) -> bool:
    try:
        parse(line, "")
    except GenError:
        return False
    return True


def _text(path: Path) -> str:
    name = label_of(path)
    with opened_file(path) as file:
        data = _bounded(file, name)
    if data.startswith(_GZIP):
        with opened(io.BytesIO(_unpacked(data, name)), name) as file:
            data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GenError("is not UTF-8 text", where=Where(name, line, 1)) from error


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
