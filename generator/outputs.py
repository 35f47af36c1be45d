"""Bundles and `out/`: the only writer to disk, and the only comparer.

Writing is two steps. `Staging.put` writes what changed into a folder of its own below `out/`;
`Staging.commit` moves it into place, one atomic rename a file, or one for a folder that is new. An
error before or during the second step leaves `out/` as it was; a killed process leaves whole files,
a state that `gen check` reports, and a staging folder that the next render removes.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from generator.errors import GenError, MachineError, Where
from generator.undo import Undo

STAGING: Final = ".gen-"
# No rendered file comes near; a longer one differs from whatever should be there.
MAX_BYTES: Final = 1_000_000

State: TypeAlias = Literal["missing", "differs", "leftover"]


class Drift(Struct, frozen=True):
    """A file that is not as rendered. `path` is relative to the profile's folder."""

    path: str
    state: State


class Plan(Struct, frozen=True):
    """What it takes to make a profile's folder as rendered, all of it staged."""

    name: str
    staging: str
    drifts: tuple[Drift, ...]
    is_new: bool


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """Every file below a profile's folder and its content; None for what is no regular file.

    A folder with nothing in it is there as `name/`.

    Raises:
        GenError: the folder itself is a link, so that writing would leave `out/`.
    """
    if os.path.islink(folder):  # noqa: PTH114 - asked for every profile; Path takes much longer
        raise GenError(
            "is a link; a profile's folder must be a folder",
            where=Where(folder.as_posix()),
            hint="remove the link",
        )
    found: dict[str, bytes | None] = {}
    with _disk(folder):
        _scan(str(folder), "", found)
    return found


def compare(files: Mapping[str, str], found: Mapping[str, bytes | None]) -> tuple[Drift, ...]:
    """How a folder differs from what should be in it, sorted by path; empty if it does not."""
    drifts: list[Drift] = []
    for path, text in files.items():
        if path not in found:
            drifts.append(Drift(path, "missing"))
        elif found[path] != text.encode():
            drifts.append(Drift(path, "differs"))
    drifts += [Drift(path, "leftover") for path in found if path not in files]
    return tuple(sorted(drifts, key=lambda drift: drift.path))


class Staging:
    """A place below `out/` for files on their way; nothing exists before the first `put`."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.root: Path | None = None

    def put(self, name: str, files: Mapping[str, str]) -> Plan:
        """Stage what is different in the folder `name`; a folder as rendered stages nothing."""
        target = self.out / name
        found = on_disk(target)
        drifts = compare(files, found)
        if not drifts:
            return Plan(name, "", (), is_new=False)
        with _disk(self.out):
            if self.root is None:
                self.out.mkdir(parents=True, exist_ok=True)
                self.root = Path(tempfile.mkdtemp(prefix=STAGING, dir=self.out))
            made = {str(self.root)}
            for drift in drifts:
                if drift.state != "leftover":
                    path = f"{self.root}/{name}/{drift.path}"
                    _make_folder(path.rpartition("/")[0], made)
                    with open(path, "wb") as stream:  # noqa: PTH123 - a third of the time of Path
                        stream.write(files[drift.path].encode())
        is_new = not found and not os.path.lexists(target)
        return Plan(name, str(self.root), drifts, is_new)


def _make_folder(folder: str, made: set[str]) -> None:
    """Make a folder of the staging area and those above it; `made` knows the ones that exist."""
    if folder not in made:
        _make_folder(folder.rpartition("/")[0], made)
        # Another profile of the same name may have made it; that is refused in the end.
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102 - as above, for every role
        made.add(folder)


def commit(out: Path, plans: list[Plan]) -> None:
    """Move everything staged into place; on an error, put everything back.

    Raises:
        MachineError: the disk refused; `out/` is as it was.
    """
    plans = [plan for plan in plans if plan.drifts]
    undo = Undo()
    try:
        with _disk(out):
            for plan in plans:
                _commit_one(out, plan, undo)
    except BaseException:
        undo.run()
        raise
    for plan in plans:
        if any(drift.state == "leftover" for drift in plan.drifts):
            _remove_empty(out / plan.name)


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """One render at a time in an `out/`; clears what a killed one left, before and after.

    The lock is on the folder itself, so there is no lock file to leave behind. Where the system
    has no such lock (Windows), renders of one `out/` at the same time are the user's to avoid.
    Folders that were made for it and stay empty are removed again.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    with _disk(out):
        handle = _lock(out)
    try:
        clear(out)
        yield
    finally:
        clear(out)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if handle is not None:
            os.close(handle)


def staged(out: Path) -> list[str]:
    """Names of staging folders below `out/`; outside a render, an interrupted one left them."""
    if not out.is_dir():
        return []
    with _disk(out), os.scandir(out) as entries:
        return sorted(e.name for e in entries if e.name.startswith(STAGING) and e.is_dir())


def clear(out: Path) -> None:
    """Remove staging folders."""
    for name in staged(out):
        shutil.rmtree(out / name, ignore_errors=True)


def _lock(out: Path) -> int | None:
    """Wait for the folder. One that another render removed meanwhile is made and locked anew."""
    while True:
        out.mkdir(parents=True, exist_ok=True)
        try:
            import fcntl
        except ImportError:
            return None
        handle = os.open(out, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), out.stat()):
                    return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _commit_one(out: Path, plan: Plan, undo: Undo) -> None:
    target, staging = str(out / plan.name), f"{plan.staging}/{plan.name}"
    if plan.is_new:
        undo.remove(target)
        os.rename(staging, target)  # noqa: PTH104
        return
    # Leftovers first: one of them may be a link or a file where a folder has to be.
    for drift in sorted(plan.drifts, key=lambda drift: drift.state != "leftover"):
        path, kept = f"{target}/{drift.path}", f"{plan.staging}/kept/{plan.name}/{drift.path}"
        if drift.path.endswith("/"):
            undo.make(path)
            os.rmdir(path)  # noqa: PTH106
            continue
        if drift.state != "missing":
            undo.restore(kept, path)
            _keep(path, kept)
        if drift.state == "leftover":
            os.unlink(path)  # noqa: PTH108
            continue
        _make_way(path, undo)
        if drift.state == "missing":
            undo.remove(path)
        os.replace(f"{staging}/{drift.path}", path)  # noqa: PTH105


def _keep(path: str, kept: str) -> None:
    """A second name for a file that is about to go, so that it can come back."""
    Path(kept).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, kept, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, kept, follow_symlinks=False)


def _make_way(path: str, undo: Undo) -> None:
    """The folders above a file, and no empty folder in its place."""
    undo.make_all(Path(path).parent)
    if Path(path).is_dir():
        for root, _, _ in os.walk(path, topdown=False):
            undo.make(root)
            os.rmdir(root)  # noqa: PTH106


def _remove_empty(folder: Path) -> None:
    """Folders of a profile that are empty now that their files are gone."""
    for root, _, _ in os.walk(folder, topdown=False):
        if root != str(folder):
            with contextlib.suppress(OSError):
                os.rmdir(root)  # noqa: PTH106


def _scan(folder: str, prefix: str, found: dict[str, bytes | None]) -> None:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    if prefix and not entries:
        found[prefix] = None
    for entry in entries:
        name = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            _scan(entry.path, f"{name}/", found)
        elif entry.is_file(follow_symlinks=False):
            with open(entry.path, "rb") as stream:  # noqa: PTH123
                found[name] = stream.read(MAX_BYTES)
        else:
            found[name] = None


@contextlib.contextmanager
def _disk(place: Path) -> Iterator[None]:
    """What the disk says, in words."""
    try:
        yield
    except OSError as error:
        # A person knows out/, not the staging folder in it.
        names = [str(name) for name in (error.filename, error.filename2) if name]
        where = Where(next((name for name in names if STAGING not in name), place.as_posix()))
        raise MachineError(
            f"cannot be used: {error.strerror}",
            where=where,
            hint="check that it is a folder you may write to; nothing was changed",
        ) from error
