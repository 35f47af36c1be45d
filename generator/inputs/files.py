"""Which files to read: those that are named, those in directories, and standard input.

In a directory these are the regular files (links to files count, links to directories are not
followed) called `*.json`, `*.yaml`, `*.yml`, `*.template` or `*.csv`. Hidden files and directories
and `node_modules` are left out. Nothing else in it is ours, and nothing is said of it.
"""

import errno
import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO, Final

from msgspec.structs import replace

from generator.errors import GenError, MachineError, Where
from generator.inputs.dump import looks_like_dump
from generator.inputs.items import Item, Skipped
from generator.inputs.read import HEAD, MAX_BYTES, File, beginning, read
from generator.inputs.spool import Spool

STDIN: Final = "-"
SUFFIXES: Final = (".json", ".yaml", ".yml", ".template", ".csv")
LEFT_OUT: Final = frozenset({"node_modules"})


def documents(paths: Sequence[str], *, scps: Sequence[str] = ()) -> Iterator[Item]:
    """Everything in the files, in their order; what is in a directory is sorted by path.

    `scps` are read, too: their documents are service control policies, because a person says so.
    A file that is named twice is read once. Errors are items: nothing that is in one file keeps
    the others from being read.
    """
    groups = [(path, list(_files(path))) for path in (*paths, *scps)]
    said = [file for _, files in groups[len(paths) :] for file in files]
    scp_files = {_identity(file) for file in said if isinstance(file, File)}
    named = {_identity(f) for _, files in groups for f in files if isinstance(f, File) and f.named}
    seen: set[str] = set()
    for path, files in groups:
        is_directory = not any(isinstance(f, GenError) or f.named for f in files)
        is_known = any(isinstance(f, File) and _identity(f) in seen for f in files)
        items = _read_all(files, scp_files, named, seen)
        yield from _or_error(path, items) if is_directory and not is_known else items


def _read_all(
    files: list[File | GenError], scps: set[str], named: set[str], seen: set[str]
) -> Iterator[Item]:
    for file in files:
        if isinstance(file, GenError):
            yield file
        elif (identity := _identity(file)) not in seen:
            seen.add(identity)
            yield from read(replace(file, named=identity in named, scp=identity in scps))


def _or_error(path: str, items: Iterable[Item]) -> Iterator[Item]:
    """A directory with nothing in it to audit was probably not the one that was meant."""
    is_empty = True
    for item in items:
        is_empty = is_empty and isinstance(item, Skipped)
        yield item
    if is_empty:
        hint = f"in a directory {', '.join(f'*{suffix}' for suffix in SUFFIXES)} are read"
        yield GenError("holds no policy", where=Where(_label(Path(path))), hint=hint)


def _identity(file: File) -> str:
    return file.label if file.label == STDIN else os.path.realpath(file.label)


def _files(path: str) -> Iterator[File | GenError]:
    """The files that a path stands for."""
    if path == STDIN:
        yield File(STDIN, _spooled(_stdin, STDIN))
        return
    label = _label(Path(path))
    if path.endswith(".tf"):
        hint = "run `terraform show -json`, and audit what it prints"
        yield GenError("the language of Terraform is not read", where=Where(label), hint=hint)
        return
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        yield _cannot(error, label)
        return
    if stat.S_ISDIR(mode):
        yield from _in_directory(Path(path))
    elif stat.S_ISREG(mode):
        yield File(label, partial(_open, Path(path), label))
    else:
        yield File(label, _spooled(partial(_open, Path(path), label), label))


def _in_directory(directory: Path) -> Iterator[File | GenError]:
    found: list[tuple[str, File | GenError]] = []

    def note(error: OSError) -> None:
        label = _label(Path(error.filename))
        found.append((label, _cannot(error, label)))

    for folder, folders, names in os.walk(directory, onerror=note):
        folders[:] = [name for name in folders if name[0] != "." and name not in LEFT_OUT]
        for name in names:
            if name[0] != "." and name.lower().endswith(SUFFIXES):
                path = Path(folder, name)
                found += [(_label(path), file) for file in _regular(path)]
    yield from (file for _, file in sorted(found, key=lambda pair: pair[0]))


def _regular(path: Path) -> Iterator[File | GenError]:
    label = _label(path)
    try:
        if stat.S_ISREG(path.stat().st_mode):
            yield File(label, partial(_open, path, label), named=False)
    except OSError as error:
        yield _cannot(error, label)


def _open(path: Path, label: str) -> BinaryIO:
    try:
        # A named pipe that nobody writes to would keep us waiting before the first byte.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(number, True)
        return os.fdopen(number, "rb")
    except OSError as error:
        raise _cannot(error, label) from error


def _stdin() -> AbstractContextManager[BinaryIO]:
    # None where the shell has closed it. It stays open: it is not ours.
    return nullcontext(sys.stdin.buffer if sys.stdin else io.BytesIO())


def _spooled(
    opened: Callable[[], AbstractContextManager[BinaryIO]], label: str
) -> Callable[[], BinaryIO]:
    """What comes through a pipe, kept at the first reading: all of a dump, a bounded part else."""

    @cache
    def spool() -> Spool:
        kept = Spool()
        with opened() as stream:
            kept.fill(_bounded(stream), label)
        return kept

    return lambda: spool().stream()


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    head = stream.read(HEAD)
    yield head
    is_dump, size = looks_like_dump(beginning(head)), len(head)
    while (is_dump or size <= MAX_BYTES) and (chunk := stream.read(1 << 20)):
        size += len(chunk)
        yield chunk


def _cannot(error: OSError | ValueError, label: str) -> GenError:
    missing = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
    if isinstance(error, ValueError) or error.errno in missing:
        return GenError("no such file", where=Where(label))
    return MachineError(f"cannot be read: {error.strerror}", where=Where(label))


def _label(path: Path) -> str:
    """A path as people write it; bytes of a name that are no text are escaped."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()
