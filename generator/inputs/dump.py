"""What `aws iam get-account-authorization-details` prints, read one user or policy at a time.

A dump of a large account is hundreds of megabytes. Only the element that is being read is in
memory, and where it stands is kept, so that it can be read again if something is said of it.
Source: IAM API Reference, GetAccountAuthorizationDetails.
"""

import codecs
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn, cast

from generator.errors import GenError, Where
from generator.grammar import Number
from generator.positions import Place

LISTS: Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
CHUNK: Final = 1 << 20
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DUMP: Final = re.compile(r'"(?:UserDetailList|GroupDetailList|RoleDetailList)"\s*:\s*\[')


class Element(NamedTuple):
    """An item of one of the four lists, or the value of another key of a page (`listed` False).

    `line` and `column` count from 1, `start` and `size` are bytes of the file. The start of a page
    is an element without a name.
    """

    name: str
    value: Any
    line: int
    column: int
    start: int
    size: int
    listed: bool = False


def looks_like_dump(text: str) -> bool:
    """Whether the beginning of a file is that of a dump."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") and bool(_DUMP.search(text))


def opened(given: str | Path | BinaryIO, label: str) -> BinaryIO:
    """A file, or a stream such as standard input, as a file of UTF-8 that can be read twice.

    A stream goes to a temporary file, and so does the UTF-16 that `>` writes in PowerShell.

    Raises:
        GenError: it cannot be read.
    """
    try:
        file: BinaryIO = _from_disk(given) if isinstance(given, str | Path) else _spooled(given)
        start = file.read(2)
        file.seek(0)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            with file:
                return _spooled(codecs.getreader("utf-16")(file))
        return file
    except OSError as error:
        raise GenError(f"cannot read it: {error.strerror or error}", where=Where(label)) from error
    except UnicodeDecodeError as error:
        raise GenError("not UTF-16 text", where=Where(label), hint=_HINT) from error


def _from_disk(path: str | Path) -> BinaryIO:
    return Path(path).open("rb")


def _spooled(stream: BinaryIO | codecs.StreamReader) -> BinaryIO:
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
    if isinstance(stream, codecs.StreamReader):
        while text := stream.read(CHUNK):
            file.write(text.encode("utf-8", "replace"))
    else:
        shutil.copyfileobj(stream, file, CHUNK)
    file.seek(0, os.SEEK_SET)
    return file


def elements(
    file: BinaryIO,
    label: str,
    *,
    chunk: int = CHUNK,
    progress: Callable[[int], object] | None = None,
) -> Iterator[Element]:
    """The elements of a dump, page after page: several objects in a row, or a list of them.

    `progress` is told how many bytes have been read so far.

    Raises:
        GenError: not JSON from some place on; what stands before it has been yielded.
    """
    text = _Text(file, label, chunk, progress)
    while text.peek():
        if text.peek() == "[":
            yield from _pages(text)
        else:
            yield from _page(text)


def _pages(text: "_Text") -> Iterator[Element]:
    text.expect("[")
    while text.peek() != "]":
        yield from _page(text)
        if text.peek() != "]":
            text.expect(",")
    text.expect("]")


def _page(text: "_Text") -> Iterator[Element]:
    if text.peek() != "{":
        text.fail("a page of a dump is a JSON object")
    yield Element("", None, *text.mark(), 0)
    text.expect("{")
    while text.peek() != "}":
        if text.peek() != '"':
            text.fail("not valid JSON: a key in quotation marks is missing")
        name = text.value().value
        text.expect(":")
        if name in LISTS and text.peek() == "[":
            yield from _list(text, name)
        else:
            yield text.value(name)
        if text.peek() != "}":
            text.expect(",")
            if text.peek() == "}":
                text.fail("not valid JSON: a comma before the closing bracket")
    text.expect("}")


def _list(text: "_Text", name: str) -> Iterator[Element]:
    text.expect("[")
    while text.peek() != "]":
        yield text.value(name, listed=True)
        if text.peek() != "]":
            text.expect(",")
            if text.peek() == "]":
                text.fail("not valid JSON: a comma before the closing bracket")
    text.expect("]")


def place_in(text: str, root: Place) -> tuple[int, int]:
    """Start and end of what stands at a place of the text of an element.

    Whatever stands before it is passed over whole, which is much faster than finding every place.
    """
    at = _after_space(text, 0)
    for step in root:
        at = _after_space(text, at + 1)
        if isinstance(step, int):
            for _ in range(step):
                _, at = _DECODER.raw_decode(text, at)
                at = _after_space(text, _after_space(text, at) + 1)
            continue
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
            if name == step:
                break
            _, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
    return at, _DECODER.raw_decode(text, at)[1]


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


class _Text:
    """The text of a file through a window that moves on; knows where in the file it is."""

    def __init__(
        self,
        file: BinaryIO,
        label: str,
        chunk: int,
        progress: Callable[[int], object] | None,
    ) -> None:
        self._file, self._label, self._chunk = file, label, chunk
        self._progress = progress
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._ended, self._read = "", 0, False, 0
        # What stands at `_marked`, an offset into the window: byte of the file, line and column.
        self._marked, self._byte, self._line, self._column = 0, 0, 1, 1
        self._more(0)
        if self._text.startswith("\ufeff"):
            self._text, self._byte = self._text[1:], len(codecs.BOM_UTF8)

    def peek(self) -> str:
        """The next character that is not white space, "" at the end of the file."""
        while True:
            self._at = _after_space(self._text, self._at)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more(0)

    def expect(self, character: str) -> None:
        """Pass over a character that has to come next."""
        if self.peek() != character:
            what = "" if self.peek() else ": the file ends here"
            self.fail(f"not valid JSON: `{character}` is missing{what}")
        self._at += 1

    def value(self, name: str = "", listed: bool = False) -> Element:
        """The JSON value that comes next."""
        self.peek()
        line, column, start = self.mark()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not _goes_on(error, len(self._text)):
                    self._at = min(error.pos, len(self._text))
                    self.fail(f"not valid JSON: {_uncapitalized(error.msg)}", error)
            except RecursionError as error:
                self.fail("nested too deeply to be a dump", error)
            else:
                # A number may go on where the window ends.
                if self._ended or end < len(self._text):
                    break
            self._more(len(self._text) - self._at)
        self._at = end
        return Element(name, found, line, column, start, self.mark()[2] - start, listed)

    def mark(self) -> tuple[int, int, int]:
        """Line and column, from 1, and byte of the file, of where we are."""
        text, old, new = self._text, self._marked, self._at
        lines = text.count("\n", old, new)
        if lines:
            self._line += lines
            self._column = new - text.rfind("\n", old, new)
        else:
            self._column += new - old
        passed = new - old
        self._byte += passed if text.isascii() else len(text[old:new].encode())
        self._marked = new
        return self._line, self._column, self._byte

    def fail(self, problem: str, cause: Exception | None = None) -> NoReturn:
        """Raise an error about where we are."""
        line, column, _ = self.mark()
        where = Where(self._label, line, column)
        raise GenError(problem, where=where, hint=_HINT) from cause

    def _more(self, pending: int) -> None:
        """Read on; as much again as is pending, so that no text is gone through often."""
        self.mark()
        wanted = max(self._chunk, pending)
        read = self._file.read(wanted)
        self._ended = len(read) == 0
        self._read += len(read)
        try:
            further = self._decoder.decode(read, final=self._ended)
        except UnicodeDecodeError as error:
            self.fail("not UTF-8 text", error)
        self._text = self._text[self._at :] + further
        self._at = self._marked = 0
        if self._progress:
            self._progress(self._read)


_HINT: Final = "give what `aws iam get-account-authorization-details` printed, whole"


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


# Numbers keep their digits, as in `grammar.loads`; no hook for objects, which costs half as much
# again as everything else.
_DECODER: Final = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_no_constant
)


def _goes_on(error: json.JSONDecodeError, size: int) -> bool:
    """Whether an error may be there only because the window ends: at most an escape is cut off."""
    return error.msg.startswith("Unterminated string") or error.pos >= size - 12


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
