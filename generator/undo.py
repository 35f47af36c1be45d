"""Changes on disk that can be taken back."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path


class Undo:
    """What to do, last first, to have everything as it was. Each step may find nothing to do."""

    def __init__(self) -> None:
        self.steps: list[tuple[Callable[..., None], tuple[str, ...]]] = []

    def remove(self, path: str) -> None:
        """A file or folder is about to be made."""
        self.steps.append((_remove, (path,)))

    def make_all(self, folder: Path) -> None:
        """Make a folder and those above it that are missing, to be removed again."""
        for missing in reversed([f for f in (folder, *folder.parents) if not f.exists()]):
            self.remove(str(missing))
            missing.mkdir()

    def restore(self, kept: str, path: str) -> None:
        """A file is about to go, and has a second name."""
        self.steps.append((_restore, (kept, path)))

    def make(self, folder: str) -> None:
        """An empty folder is about to go."""
        self.steps.append((os.mkdir, (folder,)))

    def run(self) -> None:
        """Take everything back as far as the disk lets us."""
        for step, paths in reversed(self.steps):
            with contextlib.suppress(OSError):
                try:
                    step(*paths)
                except KeyboardInterrupt:
                    # A second Ctrl-C must not leave out/ between two states.
                    step(*paths)


def _restore(kept: str, path: str) -> None:
    if os.path.lexists(kept):
        os.replace(kept, path)  # noqa: PTH105


def _remove(path: str) -> None:
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        os.unlink(path)  # noqa: PTH108
