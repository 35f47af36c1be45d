"""The wheel, installed where no checkout is: it is what people get, so it is what is tested."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.support import ROOT, clean_environment, run_gen
from tests.trees import tree

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
QUIET: Final = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built as `pip install` builds it, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    _run(sys.executable, *QUIET, "wheel", *options, str(ROOT), cwd=folder)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment with the wheel in it; only the dependencies come from the running one."""
    folder = tmp_path_factory.mktemp("bare")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder), cwd=folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    options = ("--python", str(python), "install", "--no-deps", "--no-index", "--no-compile")
    _run(sys.executable, *QUIET, *options, str(wheel), cwd=folder)
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(_run(str(python), "-c", asked, cwd=folder).stdout.strip())
    # Folders that a .pth file adds come last, and .pth files in them are not read: an editable
    # install of this checkout stays out of sight.
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(shared)) + "\n")
    return python.parent


def _run(*command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environment(**env),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def shipped(bare: Path) -> Path:
    """The profiles that the installed package carries."""
    asked = "import generator.resources as r; print(r.data_dir('profiles'))"
    return Path(_run(str(bare / "python"), "-c", asked, cwd=bare).stdout.strip())


@pytest.fixture
def gen(bare: Path, tmp_path: Path) -> Run:
    """The installed `gen`, run in a directory that has nothing to do with the checkout."""
    return lambda *arguments: _run(str(bare / "gen"), *arguments, cwd=tmp_path)


def test_the_wheel_has_what_it_needs_and_no_more(wheel: Path) -> None:
    """Templates, profiles, schema, scaffold and types are in the wheel; tests and `out/` not."""
    names = set(_contents(wheel))
    data = {name.removeprefix("generator/_data/") for name in names if "/_data/" in name}
    code = {n.removeprefix("generator/") for n in names if n.startswith("generator/")}
    expected = _tracked("generator")

    assert data == {f"{top}/{n}" for top in ("templates", "profiles") for n in _tracked(top)}
    assert {n for n in code if not n.startswith("_data/")} == expected
    assert expected >= {"py.typed", "scaffold/workflow.yml", "scaffold/gitignore", "cli.py"}
    assert "profiles/profile.schema.json" in data
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "generator",
        "gen_iam_mfa",
    }


def _tracked(top: str) -> set[str]:
    """Files below a folder of the checkout that are no left-over of a run."""
    files = (path.relative_to(ROOT / top) for path in (ROOT / top).rglob("*") if path.is_file())
    return {path.as_posix() for path in files if "__pycache__" not in path.parts}


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Who builds from the source distribution gets every byte of the same wheel."""
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path), cwd=ROOT)
    (source,) = tmp_path.iterdir()
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "built")
    _run(sys.executable, *QUIET, "wheel", *options, str(source), cwd=tmp_path)

    (built,) = (tmp_path / "built").iterdir()
    assert built.name == wheel.name
    assert _contents(built) == _contents(wheel)


def _contents(archive: Path) -> dict[str, int]:
    with zipfile.ZipFile(archive) as packed:
        return {info.filename: info.CRC for info in packed.infolist()}


def test_the_metadata_says_what_it_is(wheel: Path) -> None:
    """Name, version, licence, lowest Python and the command are in the wheel's metadata."""
    with zipfile.ZipFile(wheel) as packed:
        (place,) = {n.partition("/")[0] for n in packed.namelist() if ".dist-info/" in n}
        metadata = packed.read(f"{place}/METADATA").decode()
        commands = packed.read(f"{place}/entry_points.txt").decode()
        licences = [n for n in packed.namelist() if n == f"{place}/licenses/LICENSE"]
    version = run_gen("--version", cwd=ROOT).stdout.split()[1]

    for line in ("Name: gen-iam-mfa", f"Version: {version}", "License-Expression: Apache-2.0"):
        assert f"\n{line}\n" in metadata
    assert re.search(r"^Requires-Python: >=3\.11$", metadata, re.M)
    assert "gen = generator.__main__:main" in commands
    assert len(licences) == 1


def test_the_installed_code_is_the_wheels(bare: Path, tmp_path: Path) -> None:
    """The environment of these tests has the wheel's code, not the checkout's."""
    asked = "import generator.resources as r; print(r.PACKAGE); print(r.data_dir('templates'))"

    package, templates = _run(str(bare / "python"), "-c", asked, cwd=tmp_path).stdout.split()

    assert Path(package).is_relative_to(bare.parent.resolve())
    assert Path(templates) == Path(package) / "_data/templates"


def test_it_renders_elsewhere(gen: Run, shipped: Path, tmp_path: Path) -> None:
    """The shipped profiles, rendered by the installed `gen`, give the committed `out/`."""
    done = gen("render", str(shipped))

    assert "wrote" in done.stdout
    assert tree(tmp_path / "out") == tree(ROOT / "out")
    assert gen("check", str(shipped)).stdout == ""


def test_it_starts_a_repository(gen: Run, tmp_path: Path) -> None:
    """`gen init` of the installed package makes what the checkout's makes; it checks at once."""
    gen("init", "mine")
    assert run_gen("init", "other", cwd=tmp_path).returncode == 0

    assert tree(tmp_path / "mine") == tree(tmp_path / "other")
    assert gen("check", "mine/profiles", "--out", "mine/out").stdout == ""


def test_it_prints_the_schema_and_its_version(gen: Run, bare: Path, tmp_path: Path) -> None:
    """`gen schema` prints the committed schema; `python -m generator` is `gen`."""
    module = _run(str(bare / "python"), "-m", "generator", "--version", cwd=tmp_path)

    assert gen("schema").stdout == (ROOT / "profiles/profile.schema.json").read_text()
    assert gen("--version").stdout == module.stdout


def test_a_folder_called_templates_is_not_taken(gen: Run, shipped: Path, tmp_path: Path) -> None:
    """Directories called templates and profiles where one works are not the program's own."""
    for name in ("templates", "profiles"):
        (tmp_path / name / "direct-user-deny").mkdir(parents=True)
    (tmp_path / "templates/direct-user-deny/user-policy.json.j2").write_text("no template")
    gen("render", str(shipped / "team.yaml"))

    assert tree(tmp_path / "out/team") == tree(ROOT / "out/team")


def test_it_audits_elsewhere(gen: Run, tmp_path: Path) -> None:
    """Rules come with their examples, and a policy is judged and mended where no checkout is."""
    examples = gen("rules", "GEN010").stdout
    sample = ROOT / "tests" / "published" / "aws-security-credentials-2026.json"
    (tmp_path / "policy.json").write_bytes(sample.read_bytes())
    mended = gen("audit", "--fix", "--fail-on", "high", "policy.json").stdout

    assert '"BoolIfExists"' in examples
    assert "critical" not in mended
    assert "iam:ChangePassword" in gen("rules", "GEN030").stdout
    assert "--first-sign-in" in gen("diagnose", "--help").stdout
