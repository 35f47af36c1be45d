"""Files that are edited in place: written whole or not at all; and what changes, as a diff."""

import codecs
import errno
import os
import shutil
import tempfile
from difflib import unified_diff
from pathlib import Path
from typing import Final

from generator.errors import GenError, MachineError, Where

# Byte order marks, and how the text after each is encoded.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"", "utf-8"),
)
_NO_LINE_END: Final = "\\ No newline at end of file\n"


def diff(before: str, after: str, label: str) -> str:
    """The lines that differ, as `git apply` and `patch` take them; "" if none does."""
    lines = unified_diff(_lines(before), _lines(after), f"a/{label}", f"b/{label}")
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_LINE_END}" for line in lines)


def write(path: Path, text: str, *, was: str | None = None) -> None:
    """Replace a file's text, keeping its permissions, its byte order mark and its line ends.

    `was` is the text that the edits were made in.

    Raises:
        GenError: it is no regular file, or has changed since.
        MachineError: the disk refused; the file is as it was.
    """
    where = Where(path.as_posix())
    if path.is_symlink() or not path.is_file():
        raise GenError(
            "is a link or no regular file, and is not edited",
            where=where,
            hint="name the file itself",
        )
    try:
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        old = path.read_bytes()
        mark, encoding = next(pair for pair in _MARKS if old.startswith(pair[0]))
        if was is not None and old != mark + was.encode(encoding):
            raise GenError("has changed since it was read", where=where, hint="try again")
        _replace(path, mark + text.encode(encoding))
    except OSError as error:
        raise MachineError(
            f"cannot be written: {error.strerror}",
            where=where,
            hint="check that you may write to it and its folder; nothing was changed",
        ) from error


def _replace(path: Path, data: bytes) -> None:
    """Write a file of the same permissions beside it, and move that into place."""
    handle, name = tempfile.mkstemp(prefix=".gen-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        shutil.copymode(path, name)
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lines(text: str) -> list[str]:
    """The lines of a text; only line feeds end one."""
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]
