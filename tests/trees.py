"""Folders as values, so that a test can say "exactly as it was", and disks that fail on demand."""

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, Final, TypeAlias

import pytest

# Path below the folder to: bytes of a file, "-> target" of a link, None for a folder.
Tree: TypeAlias = dict[str, bytes | str | None]

TEAM: Final = dedent("""\
    name: {name}
    description: Made by a test.
    archetype: direct-user-deny
    account: {{id: "111122223333"}}
    """)
ROLE: Final = "  - {name: %s, permissions: {managed: ['arn:aws:iam::aws:policy/SecurityAudit']}}\n"


FAILURES: Final = (OSError(28, "No space left on device"), KeyboardInterrupt())


class Fault:
    """Makes the k-th change of the disk fail, or be interrupted right after it was made."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        at: int,
        error: BaseException,
        opener: ModuleType | None = None,
    ) -> None:
        self.calls, self.at, self.error = 0, at, error
        for name in ("link", "mkdir", "rename", "replace", "unlink"):
            patch.setattr(os, name, self._counted(getattr(os, name)))
        if opener:
            patch.setattr(opener, "open", self._counted(open), raising=False)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            # What removes a whole folder works relative to it: the end of it all, not a part.
            if "dir_fd" in options or (function is open and "rb" in args):
                return function(*args, **options)
            self.calls += 1
            if self.calls != self.at:
                return function(*args, **options)
            if isinstance(self.error, KeyboardInterrupt) and function is not open:
                function(*args, **options)
            raise self.error

        return call


def tree(folder: Path) -> Tree:
    """Everything below a folder; empty if there is none."""
    return {str(path.relative_to(folder)): _content(path) for path in sorted(folder.rglob("*"))}


def stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, mode and time of change of everything below a folder and of the folder itself."""
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (stat.st_ino, stat.st_mode, stat.st_mtime_ns)
    return found


def put(folder: Path, files: dict[str, str]) -> None:
    """Write text files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def profile(name: str = "team", *roles: str, extra: str = "") -> str:
    """The text of a small profile with these roles."""
    listed = "roles:\n" + "".join(ROLE % role for role in roles) if roles else ""
    return TEAM.format(name=name) + extra + listed


def _content(path: Path) -> bytes | str | None:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_bytes() if path.is_file() else None
