"""Which profile files a command line names, and which folders under `out/` no profile is for."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from generator.errors import GenError, Where

PROFILES = "profiles"


def profile_files(profiles: Iterable[str], every: bool) -> list[str]:
    """The profile files that the arguments name, each once, in the order given.

    As text: there may be very many, and a `Path` takes several times the memory.
    """
    named = [*filter(None, profiles), *([PROFILES] if every else [])]
    if not named:
        raise GenError("no profile is named", hint="name a profile or a directory, or use --all")
    if "-" in named:
        raise GenError(
            "`-` stands alone and is for rendering",
            hint="gen render - < profile.yaml",
        )
    found: dict[str, None] = {}
    for name in named:
        path = Path(name)
        if "\0" in name or not _exists(path):
            raise GenError("no such file or directory", where=Where(name), hint=_meant(path))
        if path.is_dir():
            files = sorted(p.as_posix() for p in path.iterdir() if p.suffix in (".yaml", ".yml"))
            if not files:
                hint = "did you mean profiles/?" if (path / PROFILES).is_dir() else "see gen init"
                where = Where(path.as_posix())
                raise GenError("has no profiles (*.yaml)", where=where, hint=hint)
            found |= dict.fromkeys(files)
        else:
            found[path.as_posix()] = None
    return list(found)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _meant(path: Path) -> str:
    """The profile somebody probably meant."""
    from difflib import get_close_matches

    if path.name == PROFILES:
        return "run gen where profiles/ is, or start one with gen init"
    known = {p.stem: p for p in sorted(Path(PROFILES).glob("*.yaml"))}
    near = get_close_matches(path.stem, known, n=1)
    return f"did you mean {known[near[0]].as_posix()}?" if near else "see what profiles/ has"


def orphans(out: Path, names: set[str]) -> Iterator[str]:
    """Folders under out/ that no profile renders into."""
    if out.is_dir():
        for entry in out.iterdir():
            if entry.is_dir() and entry.name not in names and not entry.name.startswith("."):
                yield entry.name
