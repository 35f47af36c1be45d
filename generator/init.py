"""`gen init`: a new policy repository that works at once."""

import os
import tempfile
from pathlib import Path
from typing import Final

from generator import __version__
from generator.errors import GenError, MachineError, Where
from generator.resources import PACKAGE, data_dir
from generator.undo import Undo

STARTERS: Final = ("team.yaml", "platform.yaml")
REQUIREMENT: Final = f"gen-iam-mfa=={__version__}\n"

_COPIES: Final = {
    ".github/workflows/iam-policies.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit.yaml",
    ".gitignore": "gitignore",
    ".gitattributes": "gitattributes",
    "README.md": "README.md",
}


def scaffold() -> dict[str, str]:
    """The files of a new policy repository without `out/`: path to text.

    Raises:
        MachineError: the installation lacks them.
    """
    shipped = data_dir("profiles")
    files = {to: _read(PACKAGE / "scaffold" / name) for to, name in _COPIES.items()}
    files["requirements.txt"] = REQUIREMENT
    for path in sorted(shipped.rglob("*")):
        name = path.relative_to(shipped).as_posix()
        wanted = name in STARTERS or name == "profile.schema.json" or "/" in name
        if path.is_file() and wanted and _is_used(name):
            files[f"profiles/{name}"] = _read(path)
    return files


def create(target: Path) -> list[str]:
    """Write a new policy repository into `target`, rendered; returns the files written.

    Nothing that exists is touched: one file in the way, and nothing is written.

    Raises:
        GenError: files are in the way.
        MachineError: the disk refused.
    """
    from generator.batch import render_files

    files = scaffold()
    if os.path.lexists(target) and not target.is_dir():
        raise GenError(
            "is not a directory", where=Where(target.as_posix()), hint="choose another name"
        )
    taken = sorted({found for name in (*files, "out") if (found := _in_the_way(target, name))})
    if taken:
        raise GenError(
            f"has {', '.join(f'`{name}`' for name in taken)} already",
            where=Where(target.as_posix()),
            hint="choose an empty directory",
        )
    undo = Undo()
    try:
        undo.make_all(target.parent)
        with tempfile.TemporaryDirectory(prefix=".gen-", dir=target.parent) as place:
            made = Path(place)
            for name, text in files.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_text(text, encoding="utf-8", newline="\n")
            profiles = [made / "profiles" / name for name in STARTERS]
            render_files(profiles, out=made / "out", templates=None)
            written = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
            for name in written:
                undo.make_all((target / name).parent)
                undo.remove(str(target / name))
                (made / name).rename(target / name)
    except OSError as error:
        undo.run()
        where = Where(str(error.filename or target))
        raise MachineError(f"cannot be written: {error.strerror}", where=where) from error
    except BaseException:
        undo.run()
        raise
    return written


def _in_the_way(target: Path, name: str) -> str:
    """The file that is there already, or what is no folder where one has to be; "" if nothing."""
    for place in (*reversed(Path(name).parents), Path(name)):
        found = target / place
        is_folder_above = place != Path(name) and found.is_dir()
        if os.path.lexists(found) and not is_folder_above:
            return place.as_posix()
    return ""


def _is_used(name: str) -> bool:
    """Whether a file beside the profiles is named by one that `gen init` writes."""
    if "/" not in name:
        return True
    starters = (data_dir("profiles") / starter for starter in STARTERS)
    return any(name in _read(path) for path in starters)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MachineError(
            "the installation is not whole", where=Where(str(path)), hint="install gen again"
        ) from error
