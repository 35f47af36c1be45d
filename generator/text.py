"""Files that people write, as text."""

import errno
from pathlib import Path
from typing import Final

from generator.errors import GenError, MachineError, Where

MAX_BYTES: Final = 256 * 1024


def read_text(path: Path, label: str) -> str:
    """The text of a file a person wrote: UTF-8 with or without a byte order mark, bounded.

    Raises:
        GenError: no such file, too large, not UTF-8.
        MachineError: it exists and cannot be read.
    """
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - every profile is read here
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GenError("no such file", where=Where(label)) from error
    except IsADirectoryError as error:
        raise GenError("is a directory, not a file", where=Where(label)) from error
    except ValueError as error:
        raise GenError("no such file", where=Where(label)) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise GenError("no such file", where=Where(label)) from error
        raise MachineError(f"cannot be read: {error.strerror}", where=Where(label)) from error
    return decode(data, label)


def decode(data: bytes, label: str) -> str:
    """Bytes a person wrote as text; see `read_text` for what is refused."""
    if len(data) > MAX_BYTES:
        raise GenError(
            f"is larger than {MAX_BYTES // 1024} KiB",
            where=Where(label),
            hint="is this the right file?",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GenError(
            "is not UTF-8 text", where=Where(label, line, 1), hint="save the file as UTF-8"
        ) from error
