"""What comes through a pipe, kept so that it can be read again."""

import os
import tempfile
import weakref
from collections.abc import Iterable
from typing import BinaryIO

from generator.errors import MachineError, Where


class Spool:
    """A temporary file without a name; it is gone when nobody holds the spool any more."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - the finalizer closes it
        self._finalizer = weakref.finalize(self, self._file.close)

    def fill(self, chunks: Iterable[bytes], label: str) -> None:
        """Keep everything that comes.

        Raises:
            MachineError: it cannot be read, or there is no room for it.
        """
        try:
            for chunk in chunks:
                self._file.write(chunk)
            self._file.flush()
        except OSError as error:
            raise MachineError(f"cannot be read: {error.strerror}", where=Where(label)) from error

    def stream(self) -> BinaryIO:
        """What was kept, from its beginning. One reader at a time: they share the position."""
        stream = os.fdopen(os.dup(self._file.fileno()), "rb")
        stream.seek(0)
        return stream
