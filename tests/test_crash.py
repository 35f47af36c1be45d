"""A render that is killed leaves whole files, a state that `gen check` reports, and no damage."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from generator.batch import render_files
from tests.support import clean_environment, run_gen
from tests.trees import Tree, profile, put, tree

NAMES: Final = ("changed.yaml", "new.yaml", "same.yaml")
STAGING: Final = ".gen-"

# A process that renders again and again, each time in a child that kills itself at its next step:
# at a change of the disk, before a file has content, or when half of its content is written.
DRIVER: Final = """\
import contextlib, io, json, os, shutil, signal, sys
from pathlib import Path
from generator import outputs
from generator.cli import run
from tests.trees import tree

class Half:
    def __init__(self, stream): self.stream = stream
    def __enter__(self): return self
    def __exit__(self, *_): self.stream.close()
    def write(self, data):
        step()
        self.stream.write(data[: len(data) // 2])
        self.stream.flush()
        step()
        self.stream.write(data[len(data) // 2 :])

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(function):
    def call(*arguments, **options):
        step()
        return function(*arguments, **options)
    return call

def opened(path, mode="r", *arguments, **options):
    stream = open(path, mode, *arguments, **options)
    return Half(stream) if "w" in mode else stream

def quiet(*arguments):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run(arguments)

def killed(at, *arguments):
    if pid := os.fork():
        status = os.waitpid(pid, 0)[1]
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    global left
    left = at
    for name in ("link", "mkdir", "rename", "replace", "rmdir", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    outputs.open = opened
    os._exit(quiet(*arguments))

def told():
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in tree(Path("out")).items()}

names = sys.argv[1:]
quiet("check", *names)  # imports what the children need
at, code = 0, -signal.SIGKILL
while code == -signal.SIGKILL:
    at += 1
    shutil.rmtree("out", ignore_errors=True)
    if Path("before").exists():
        shutil.copytree("before", "out", symlinks=True)
    code = killed(at, "render", *names)
    found = told()
    checked = quiet("check", *names)
    repaired = quiet("render", *names)
    rechecked, mended = quiet("check", *names), told()
    print(json.dumps([at, code, found, checked, repaired, rechecked, mended]), flush=True)
"""


def due(folder: Path) -> None:
    """Profiles and an `out/` in which every kind of change is due."""
    put(folder, {"changed.yaml": profile("changed", "old", "kept"), "same.yaml": profile("same")})
    render_files(
        [folder / "changed.yaml", folder / "same.yaml"], out=folder / "out", templates=None
    )
    extra = "mfa: {max_age: 1h}\n"
    put(folder, {"changed.yaml": profile("changed", "add", "kept", extra=extra)})
    put(folder, {"new.yaml": profile("new", "one")})
    put(folder / "out", {"changed/roles/add": "a file where a folder has to be"})
    put(folder / "out", {"README.md": "beside", "other/file": "beside"})


def as_text(found: Tree) -> dict[str, str | None]:
    """A tree as JSON can say it."""
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in found.items()}


@pytest.mark.parametrize("first", [False, True], ids=["again", "first"])
def test_a_render_killed_at_every_step(tmp_path: Path, first: bool) -> None:
    """Killed at any step: files are old or new, `gen check` tells, the next render mends it."""
    due(tmp_path)
    if first:
        shutil.rmtree(tmp_path / "out")
    else:
        shutil.copytree(tmp_path / "out", tmp_path / "before")
    before = as_text(tree(tmp_path / "before"))
    render_files([tmp_path / n for n in NAMES], out=tmp_path / "out", templates=None)
    after = as_text(tree(tmp_path / "out"))
    lasting = {n for n, t in before.items() if n in after and (t is None) == (after[n] is None)}

    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *NAMES],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(Path(__file__).parent.parent)),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert (done.returncode, done.stderr) == (0, "")
    runs: list[list[Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run[1] for run in runs] == [*[-signal.SIGKILL] * (len(runs) - 1), 0]
    assert len(runs) > 20
    for at, _, found, checked, repaired, rechecked, mended in runs:
        inside = {name: text for name, text in found.items() if not name.startswith(STAGING)}
        for name, text in inside.items():
            assert text in (before.get(name, "gone"), after.get(name, "gone")), (at, name)
        assert lasting <= set(inside), at
        if _files(found) != _files(after):
            assert checked == 1, at
        if found == after:
            assert checked == 0, at
        assert (repaired, rechecked) == (0, 0), at
        assert mended == after, at


def test_a_render_killed_from_outside(tmp_path: Path) -> None:
    """The real command, killed while it writes: whole files, told by check, mended by render."""
    put(tmp_path, {f"p{n}.yaml": profile(f"p{n}", "a") for n in range(30)})
    paths, out = sorted(tmp_path.glob("*.yaml")), tmp_path / "out"
    render_files(paths, out=out, templates=None)
    shutil.copytree(out, tmp_path / "before")
    for path in paths:
        path.write_text(path.read_text().replace("account:", "mfa: {max_age: 1h}\naccount:"))
    old = tree(out)
    render_files(paths, out=out, templates=None)
    new, halfway = tree(out), 0

    for delay in (0, 0.01, 0.02, 0.04, 0.08, 0.16):
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "before", out)
        with subprocess.Popen(
            [sys.executable, "-m", "generator", "render", "."],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None and not any(out.glob(f"{STAGING}*")):
                time.sleep(0.001)
            time.sleep(delay)
            process.kill()
        found = tree(out)
        inside = {name: text for name, text in found.items() if not name.startswith(STAGING)}
        assert [name for name in old if inside[name] not in (old[name], new[name])] == []
        assert set(inside) == set(old)
        halfway += found != inside
        check = run_gen("check", ".", cwd=tmp_path)
        assert check.returncode == int(found != new)
        render_files(paths, out=out, templates=None)
        assert tree(out) == new

    assert halfway > 0


def _files(found: dict[str, str | None]) -> dict[str, str | None]:
    """Files, and staging folders: what a person would commit or has to know of."""
    return {n: t for n, t in found.items() if t is not None or n.startswith(STAGING)}
