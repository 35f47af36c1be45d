"""`out/` is the record of what the profiles render to, and rendering depends on nothing else."""

from functools import cache
from pathlib import Path

import pytest

from generator.build import build
from generator.load import load
from generator.outputs import compare, on_disk
from tests.support import PROFILES, ROOT, run_gen

OUT = ROOT / "out"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_out_is_what_the_generator_writes(path: Path) -> None:
    """
    `out/<profile>/` equals a fresh build, file for file. If this fails on purpose, run
    `gen render --all` and review the diff; that diff is the review.
    """
    bundle = build(load(path))

    assert compare(bundle.files, on_disk(OUT / bundle.name)) == ()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_is_called_like_its_file(path: Path) -> None:
    """Who looks for the profile of a folder in `out/` finds it by name."""
    assert load(path).profile.name == path.stem


def test_every_folder_in_out_has_its_profile() -> None:
    """Nothing is left over in `out/` from a profile that is gone."""
    assert sorted(p.name for p in OUT.iterdir()) == [path.stem for path in PROFILES]


def test_the_record_is_plain_text_without_carriage_returns() -> None:
    """Documents are ASCII with LF and one newline at the end, so that a diff shows what changed."""
    files = [path for path in OUT.rglob("*") if path.is_file()]

    assert files
    for path in files:
        text = path.read_bytes()
        assert text.isascii()
        assert b"\r" not in text
        assert text.endswith((b"}\n", b".\n"))
        assert not any(line != line.rstrip() for line in text.splitlines())


def rendered(cwd: Path, **environment: str) -> str:
    """What `gen render --stdout` prints of all profiles."""
    paths = map(str, PROFILES)
    done = run_gen("render", "--stdout", *paths, cwd=cwd, env=environment)
    assert done.returncode == 0
    return done.stdout


@cache
def usual() -> str:
    return rendered(ROOT)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "4294967295"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"TZ": "Pacific/Kiritimati"},
        {"COLUMNS": "20", "NO_COLOR": "1", "CI": "true"},
        {"PYTHONOPTIMIZE": "2"},
    ],
    ids=lambda e: " ".join(f"{name}={value}" for name, value in e.items()),
)
def test_rendering_depends_on_no_environment(environment: dict[str, str], tmp_path: Path) -> None:
    """Hash seed, locale, time zone, terminal and directory leave every byte as it is."""
    assert rendered(tmp_path, **environment) == usual()
