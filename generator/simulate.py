"""Requests decided one by one: from a stream of JSON lines, or from what a person gives."""

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

from generator.answer import answer_text, error_text
from generator.envelope import read_line
from generator.errors import GenError, GenErrors, Where
from generator.evaluate import evaluate
from generator.grammar import loads
from generator.request import Decision
from generator.text import MAX_BYTES, read_text
from generator.wire import (
    Defined,
    define,
    identify,
    is_definition,
    read_request,
)

# A document has 131,072 characters at most; a line may hold several.
MAX_LINE: Final = 8 * MAX_BYTES


class Lines(Protocol):
    """Where lines come from."""

    def readline(self, limit: int, /) -> bytes:
        """The next line with its end, or as much of it as the limit allows; nothing at the end."""


class Input:
    """The lines of a stream that people and programs write to, read as they come."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._chunk, self._at = b"", 0

    @property
    def is_drained(self) -> bool:
        """Whether the next line has to be waited for."""
        return self._chunk.find(b"\n", self._at) < 0

    def readline(self, limit: int, /) -> bytes:
        """The next line; see `Lines`."""
        while self.is_drained and len(self._chunk) - self._at < limit:
            more = self._read(1 << 16)
            if not more:
                break
            self._chunk, self._at = self._chunk[self._at :] + more, 0
        end = self._chunk.find(b"\n", self._at) + 1 or len(self._chunk)
        line = self._chunk[self._at : min(end, self._at + limit)]
        self._at += len(line)
        return line


def answers(lines: Lines) -> Iterator[str]:
    """The answer to each request of a stream, without line ends. Definitions have none.

    In constant memory but for the documents that were given names.
    """
    defined = Defined()
    for number, line in enumerate(_whole(lines), 1):
        if not line.strip():
            continue
        identity = None
        try:
            data = read_line(_checked(line, number))
            identity = identify(data)
            if is_definition(data):
                define(data, defined)
                continue
            request, policies = read_request(data, defined)
            yield answer_text(identity, evaluate(request, policies))
        except GenError as error:
            error.where = Where(f"line {number}")
            yield error_text(identity, error)


def _whole(lines: Lines) -> Iterator[bytes]:
    """Lines, the rest of those too long thrown away."""
    while line := lines.readline(MAX_LINE + 1):
        yield line
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            rest = lines.readline(MAX_LINE)
            if not rest or rest.endswith(b"\n"):
                break


def _checked(line: bytes, number: int) -> bytes:
    """A line without its end, in UTF-8."""
    if len(line) > MAX_LINE:
        raise GenError(f"longer than {MAX_LINE // 1024} KiB", hint="name documents with `define`")
    if number == 1:
        # Whoever writes the first line may begin with a byte order mark.
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GenError("is not UTF-8 text") from error
    return line.rstrip(b"\r\n")


def decide_files(
    *,
    identity: Sequence[Path],
    boundary: Sequence[Path],
    session: Path | None,
    trust: Path | None,
    scps: Sequence[Sequence[Path]],
    rcps: Sequence[Sequence[Path]],
    password_policy: Path | None,
    **request: Any,
) -> Decision:
    """Decide a request given as the fields of a JSON line, with documents in files.

    Raises:
        GenError: what is wrong with any of them.
    """
    read = _Reader()
    data = {
        **{key: value for key, value in request.items() if value is not None},
        "identity": read.names(identity),
        "trust": read.name(trust),
        "boundary": read.names(boundary) or None,
        "session": read.name(session),
        "scps": [read.names(level) for level in scps] or None,
        "rcps": [read.names(level) for level in rcps] or None,
        "password_policy": read.data(password_policy),
    }
    if read.errors:
        raise GenErrors(read.errors)
    return evaluate(*read_request(data, read.defined))


class _Reader:
    """Reads documents and calls them by their file names, collecting what is wrong with them."""

    def __init__(self) -> None:
        self.defined = Defined()
        self.errors: list[GenError] = []

    def names(self, paths: Iterable[Path]) -> list[str]:
        return [name for path in paths if (name := self.name(path))]

    def name(self, path: Path | None) -> str | None:
        if path is None:
            return None
        name = path.as_posix()
        data = self.data(path)
        if data is not None and name not in self.defined.policies:
            try:
                define({"define": name, "policy": data}, self.defined)
            except GenError as error:
                error.where = Where(name)
                self.errors.append(error)
        return name

    def data(self, path: Path | None) -> Any:
        if path is None:
            return None
        name = path.as_posix()
        try:
            return loads(read_text(path, name))
        except GenError as error:
            error.where = error.where or Where(name)
            self.errors.append(error)
            return None
