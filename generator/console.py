"""What goes to the terminal: results on standard output, words on standard error."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TextIO

import click

from generator.errors import MachineError


class ReaderGoneError(Exception):
    """Whoever read our output has closed it. (click ends the process on the system's own error.)"""


class progress_bar:  # noqa: N801 - reads as a function
    """A progress bar for long work, on a terminal only."""

    def __init__(self, length: int, label: str) -> None:
        self.bar: Any = None
        if length >= 128 and sys.stderr.isatty():
            self.bar = click.progressbar(length=length, label=label, file=sys.stderr)

    def __enter__(self) -> Callable[[int], None] | None:
        return self.bar.__enter__().update if self.bar else None

    def __exit__(self, *details: Any) -> None:
        if self.bar:
            self.bar.__exit__(*details)


class bytes_bar:  # noqa: N801 - reads as a function
    """A progress bar for a file that is read piece by piece, on a terminal only.

    What is entered is told how many bytes have been read so far, and of how many.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.bar: Any = None

    def __enter__(self) -> Callable[[int, int], None] | None:
        return self._read if sys.stderr.isatty() else None

    def _read(self, done: int, total: int) -> None:
        if self.bar is None and total >= _LARGE:
            self.bar = click.progressbar(length=total, label=self.label, file=sys.stderr)
            self.bar.__enter__()
        if self.bar is not None:
            self.bar.update(done - self.bar.pos)

    def __exit__(self, *details: Any) -> None:
        if self.bar:
            self.bar.__exit__(*details)


# Smaller files are read before anybody sees a bar.
_LARGE = 2**22


def put(text: str, newline: bool = True) -> None:
    """A result.

    Raises:
        ReaderGoneError: nobody reads it any more.
        MachineError: it cannot be written, as to a full disk.
    """
    _written(sys.stdout, "standard output", text + "\n" if newline else text)


def json_pieces(value: object, margin: str = "") -> Iterator[str]:
    """The same text piece by piece, for values too large to be text at once.

    Lists may be iterators, and mappings may hold them; each is gone through once.
    """
    inner = f"{margin}  "
    if isinstance(value, Iterator):
        start = "["
        # Many at a time: each call of the encoder costs as much as a small item.
        while items := list(islice(value, 256)):
            if any(map(_has_iterators, items)):
                for item in items:
                    yield f"{start}\n{inner}"
                    yield from json_pieces(item, inner)
                    start = ","
            else:
                yield start + json_text(items)[1:-2].replace("\n", f"\n{margin}")
                start = ","
        yield "[]" if start == "[" else f"\n{margin}]"
    elif isinstance(value, dict) and _has_iterators(value):
        start = "{"
        for key, item in value.items():
            yield f"{start}\n{inner}{json_text(key)}: "
            yield from json_pieces(item, inner)
            start = ","
        yield f"\n{margin}}}"
    else:
        yield json_text(value).replace("\n", f"\n{margin}")


def _has_iterators(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(v, Iterator) for v in value.values())


def flush() -> None:
    """Let results out; raises what `put` does."""
    _written(sys.stdout, "standard output", "", flush=True)


def _written(stream: TextIO, name: str, text: str, *, flush: bool = False) -> None:
    try:
        stream.write(text)
        if flush:
            stream.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
    except OSError as error:
        raise MachineError(f"{name} cannot be written: {error.strerror}") from error


def put_json(value: object) -> None:
    put(json_text(value))


def json_text(value: object) -> str:
    """A value as JSON in lines, in ASCII: as `json.dumps` indents it, in a third of the time."""
    import json

    import msgspec.json

    return msgspec.json.format(json.dumps(value), indent=2)


def say(text: str) -> None:
    """Something for the person who watches, in order with the results."""
    with contextlib.suppress(MachineError):
        flush()
    _written(sys.stderr, "standard error", text + "\n")


def _styled(text: str, **style: Any) -> str:
    if os.environ.get("NO_COLOR") or not sys.stderr.isatty():
        return text
    return click.style(text, **style)


def bold(text: str) -> str:
    return _styled(text, bold=True)


def red(text: str) -> str:
    return _styled(text, fg="red", bold=True)


def yellow(text: str) -> str:
    return _styled(text, fg="yellow", bold=True)


def coloured(line: str) -> str:
    """A line of a diff, in colour if results go to a terminal."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return line
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return click.style(line, fg=colours[line[0]]) if line[:1] in colours else line
