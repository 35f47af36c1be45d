"""`out/` on disk: everything or nothing, only what changed, and never anything of somebody else."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from generator import outputs
from generator.batch import render_files
from generator.build import build
from generator.errors import GenError
from generator.load import load
from tests.support import bound_by_permissions, clean_environment, run_gen
from tests.trees import FAILURES, Fault, Tree, profile, put, stamps, tree

BAD = profile("bad").replace("direct-user-deny", "direct-user-denny")


def render(folder: Path, *names: str) -> None:
    """Render profile files of a folder into its `out/`."""
    render_files([folder / name for name in names], out=folder / "out", templates=None)


def rendered(folder: Path, *names: str) -> Tree:
    """What a folder's profiles render to where nothing was before."""
    out = folder / "fresh"
    render_files([folder / name for name in names], out=out, templates=None)
    return tree(out)


def test_one_bad_profile_and_nothing_is_written(tmp_path: Path) -> None:
    """One profile among many is wrong: `out/` keeps every byte, inode and time of change."""
    put(tmp_path, {f"{n}.yaml": profile(n, "a") for n in ("p1", "p2", "p3")} | {"bad.yaml": BAD})
    render(tmp_path, "p1.yaml", "p2.yaml", "p3.yaml")
    before = tree(tmp_path / "out"), stamps(tmp_path / "out")

    with pytest.raises(GenError):
        render(tmp_path, "p1.yaml", "p2.yaml", "bad.yaml", "p3.yaml")

    assert before == (tree(tmp_path / "out"), stamps(tmp_path / "out"))


def test_good_profiles_wait_for_the_bad_one(tmp_path: Path) -> None:
    """Profiles that changed are not written either as long as another one is wrong."""
    put(tmp_path, {"good.yaml": profile("good", "a"), "bad.yaml": BAD})
    render(tmp_path, "good.yaml")
    before = tree(tmp_path / "out"), stamps(tmp_path / "out/good")
    put(tmp_path, {"good.yaml": profile("good", "b"), "new.yaml": profile("new")})

    with pytest.raises(GenError):
        render(tmp_path, "good.yaml", "new.yaml", "bad.yaml")

    assert before == (tree(tmp_path / "out"), stamps(tmp_path / "out/good"))


@pytest.mark.parametrize("out", ["out", "deep/er/out"])
def test_a_failed_render_makes_no_folder(tmp_path: Path, out: str) -> None:
    """Where `out/` did not exist, a failed render does not make it, nor a folder above it."""
    put(tmp_path, {"good.yaml": profile("good"), "bad.yaml": BAD})
    before = tree(tmp_path)

    done = run_gen("render", "good.yaml", "bad.yaml", "--out", out, cwd=tmp_path)

    assert (done.returncode, tree(tmp_path)) == (2, before)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """An `out/` in which every kind of change is due: the next render of a, b, c does them all."""
    put(tmp_path, {"a.yaml": profile("a", "old", "kept"), "c.yaml": profile("c")})
    render(tmp_path, "a.yaml", "c.yaml")
    put(tmp_path, {"a.yaml": profile("a", "new", "kept"), "b.yaml": profile("b", "new")})
    a = tmp_path / "out/a"
    (a / "user-policy.json").write_text("edited")
    (a / "roles/kept/role.json").unlink()
    (a / "roles/kept/role.json").mkdir()
    (a / "roles/kept/trust-policy.json").unlink()
    put(a, {"roles/kept/trust-policy.json/full/of": "a folder where a file has to be"})
    put(a, {"notes.txt": "left over", "roles/new": "a file where a folder has to be"})
    put(tmp_path, {"outside/precious.txt": "precious"})
    (a / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "out/other").mkdir()
    put(tmp_path / "out", {"README.md": "beside", "other/file": "another folder"})
    return tmp_path


def test_a_render_makes_every_change_that_is_due(mixed: Path) -> None:
    """Changed, missing, left-over files, files for folders and folders for files: all mended."""
    expected = rendered(mixed, "a.yaml", "b.yaml", "c.yaml")
    beside: Tree = {"README.md": b"beside", "other": None, "other/file": b"another folder"}

    render(mixed, "a.yaml", "b.yaml", "c.yaml")

    assert tree(mixed / "out") == expected | beside
    assert tree(mixed / "outside") == {"precious.txt": b"precious"}


@pytest.mark.parametrize("error", FAILURES, ids=["disk", "ctrl-c"])
def test_a_failure_at_any_step_leaves_out_as_it_was(mixed: Path, error: BaseException) -> None:
    """Whichever change of the disk fails or is interrupted, everything before it is taken back."""
    names, out = ("a.yaml", "b.yaml", "c.yaml"), mixed / "out"
    shutil.copytree(out, mixed / "before", symlinks=True)
    before, outside = tree(out), tree(mixed / "outside")
    render(mixed, *names)
    after, broken, failed = tree(out), {}, 0
    for step in range(1, 200):
        shutil.rmtree(out)
        shutil.copytree(mixed / "before", out, symlinks=True)
        expected = after
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(patch, step, error, opener=outputs)
            try:
                render(mixed, *names)
            except (GenError, KeyboardInterrupt):
                expected, failed = before, failed + 1
        if fault.calls < step:
            break
        # An interrupt may come when everything is in place already.
        if tree(out) != expected and (tree(out) != after or isinstance(error, OSError)):
            broken[step] = sorted({p for p, _ in set(expected.items()) ^ set(tree(out).items())})

    assert broken == {}
    assert failed > 20
    assert tree(mixed / "outside") == outside


def test_unchanged_profiles_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering again stages nothing and touches nothing, `out/` itself included."""
    put(tmp_path, {"a.yaml": profile("a", "one"), "b.yaml": profile("b")})
    render(tmp_path, "a.yaml", "b.yaml")
    before = stamps(tmp_path / "out")
    monkeypatch.delattr(tempfile, "mkdtemp")

    render(tmp_path, "a.yaml", "b.yaml")

    assert stamps(tmp_path / "out") == before


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """A profile that changed rewrites the documents that changed and no other file."""
    put(tmp_path, {"a.yaml": profile("a", "one"), "b.yaml": profile("b")})
    render(tmp_path, "a.yaml", "b.yaml")
    before = stamps(tmp_path / "out")
    put(tmp_path, {"a.yaml": profile("a", "one", extra="mfa: {max_age: 2h}\n")})

    render(tmp_path, "a.yaml", "b.yaml")

    after = stamps(tmp_path / "out")
    changed = {name for name in before if before[name] != after[name]}
    assert changed & {"a/roles/one/role.json", "b", "b/user-policy.json"} == set()
    assert changed >= {"a/user-policy.json", "a/roles/one/trust-policy.json"}


def test_leftovers_go_and_nothing_else_does(tmp_path: Path) -> None:
    """Files and folders that are not rendered go from the profile's own folder, only from there."""
    put(tmp_path, {"a.yaml": profile("a", "gone"), "b.yaml": profile("b")})
    render(tmp_path, "a.yaml", "b.yaml")
    put(tmp_path / "out", {".hidden": "", "a.txt": "", "a-b/user-policy.json": "", "b/mine": ""})
    put(tmp_path / "out/a", {"deep/er/left": "", ".hidden": "", "roles/GONE/role.json": ""})
    put(tmp_path, {"a.yaml": profile("a")})
    kept = {n: t for n, t in tree(tmp_path / "out").items() if not n.startswith("a/")}

    render(tmp_path, "a.yaml")

    found = tree(tmp_path / "out")
    mine = [name for name in found if name.startswith("a/")]
    assert mine == ["a/proof.md", "a/user-policy.json"]
    assert {n: t for n, t in found.items() if not n.startswith("a/")} == kept


def test_targets_of_links_are_never_touched(tmp_path: Path) -> None:
    """Links inside a profile's folder are replaced or removed; what they lead to stays."""
    put(tmp_path, {"a.yaml": profile("a", "one"), "far/away.txt": "far", "far/dir/file": "away"})
    render(tmp_path, "a.yaml")
    expected, far = tree(tmp_path / "out"), tree(tmp_path / "far")
    a = tmp_path / "out/a"
    shutil.rmtree(a / "roles")
    (a / "user-policy.json").unlink()
    (a / "user-policy.json").symlink_to(tmp_path / "far/away.txt")
    (a / "roles").symlink_to(tmp_path / "far/dir")
    (a / "dangling").symlink_to("nowhere")

    render(tmp_path, "a.yaml")

    assert (tree(tmp_path / "out"), tree(tmp_path / "far")) == (expected, far)


@pytest.mark.parametrize("target", ["elsewhere", "missing"])
def test_a_link_is_no_profile_folder(tmp_path: Path, target: str) -> None:
    """A profile's folder that is a link leads out of `out/` and is refused."""
    put(tmp_path, {"a.yaml": profile("a"), "elsewhere/file": "there", "out/file": "here"})
    (tmp_path / "out/a").symlink_to(tmp_path / target)
    before = tree(tmp_path)

    with pytest.raises(GenError, match="out/a: is a link"):
        render(tmp_path, "a.yaml")

    assert tree(tmp_path) == before


def test_pipes_and_folders_in_the_way_are_replaced(tmp_path: Path) -> None:
    """A named pipe or a filled folder where a document belongs does not stop a render."""
    put(tmp_path, {"a.yaml": profile("a", "one")})
    render(tmp_path, "a.yaml")
    expected, a = tree(tmp_path / "out"), tmp_path / "out/a"
    (a / "user-policy.json").unlink()
    os.mkfifo(a / "user-policy.json")
    os.mkfifo(a / "roles/pipe")
    (a / "roles/one/role.json").unlink()
    put(a, {"roles/one/role.json/full/of": "things"})

    render(tmp_path, "a.yaml")

    assert tree(tmp_path / "out") == expected


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_files_have_the_mode_that_umask_asks_for(tmp_path: Path, umask: int) -> None:
    """Staging leaves no trace in permissions: rendered files are as readable as any new file."""
    put(tmp_path, {"a.yaml": profile("a", "one")})
    before = os.umask(umask)
    try:
        render(tmp_path, "a.yaml")
        put(tmp_path, {"a.yaml": profile("a", "two", extra="mfa: {max_age: 2h}\n")})
        render(tmp_path, "a.yaml")
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(mode) for _, mode, _ in stamps(tmp_path / "out/a").values()}
    assert modes == {0o777 & ~umask, 0o666 & ~umask}


def test_out_that_is_a_file_is_the_machines_fault(tmp_path: Path) -> None:
    """A file where `out/` should be is named, is not touched, and exits 4."""
    put(tmp_path, {"a.yaml": profile("a"), "out": "a file"})

    for out in ("out", "out/below"):
        done = run_gen("render", "a.yaml", "--out", out, cwd=tmp_path)

        assert (done.returncode, done.stderr[:10]) == (4, "error: out")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("closed", ["out", "out/b"])
def test_a_folder_without_write_permission(tmp_path: Path, closed: str) -> None:
    """Where writing is not allowed, the message says where, the exit is 4, and nothing changes."""
    put(tmp_path, {"a.yaml": profile("a", "one"), "b.yaml": profile("b", "one")})
    render(tmp_path, "a.yaml", "b.yaml")
    before, under = tree(tmp_path / "out"), bound_by_permissions()
    put(tmp_path, {"a.yaml": profile("a", "two"), "b.yaml": profile("b", "two")})
    (tmp_path / closed).chmod(0o555)
    try:
        done = run_gen("render", "a.yaml", "b.yaml", cwd=tmp_path, under=under)
    finally:
        (tmp_path / closed).chmod(0o755)

    assert (done.returncode, tree(tmp_path / "out")) == (4, before)
    assert re.match(rf"error: {closed}\b.*: cannot be used: Permission denied\n", done.stderr)
    assert outputs.STAGING not in done.stderr


@pytest.mark.parametrize(
    ("step", "place"),
    [("mkdir", "out"), ("replace", "out/a/proof.md"), ("rename", "out/b")],
)
def test_messages_name_places_that_people_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, place: str
) -> None:
    """What the disk refuses is said once, with its place in `out/`, never in a staging folder."""
    put(tmp_path, {"a.yaml": profile("a"), "b.yaml": profile("b")})
    render(tmp_path, "a.yaml")
    put(tmp_path, {"a.yaml": profile("a", extra="mfa: {max_age: 2h}\n")})
    function = getattr(os, step)

    def refused(source: str, *target: Any, **options: Any) -> Any:
        if outputs.STAGING not in str(source):
            return function(source, *target, **options)
        paths = (source, None, target[0]) if step != "mkdir" else (source,)
        raise PermissionError(13, "Permission denied", *paths)

    monkeypatch.setattr(os, step, refused)
    with pytest.raises(GenError) as caught:
        render(tmp_path, "a.yaml", "b.yaml")

    (error,) = caught.value.each()
    assert str(error).startswith(f"{tmp_path / place}: cannot be used: Permission denied\n")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "role",
    ["..", ".", "...", "a/b", "a\\\\b", "/a", "con", "CON", "Aux.txt", "com1", "end.", "~/x"],
)
def test_roles_that_cannot_be_folders_are_refused(tmp_path: Path, role: str) -> None:
    """A role's name never leads out of its folder, nor to a name that some system reserves."""
    put(tmp_path, {"a.yaml": profile("a", f'"{role}"')})
    before = tree(tmp_path)

    with pytest.raises(GenError, match=r"a\.yaml:6:12: "):
        render(tmp_path, "a.yaml")

    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "a/b", "/a", ".gen-x", "con", "nul", "Team", "a.b", "-a", "a-", "ä", '""'],
)
def test_profiles_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    """A profile's name is a plain folder name on every system."""
    put(tmp_path, {"a.yaml": profile(name)})
    before = tree(tmp_path)

    with pytest.raises(GenError, match=r"a\.yaml:1:7: "):
        render(tmp_path, "a.yaml")

    assert tree(tmp_path) == before


def test_roles_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    """Two roles that a file system may take for one are an error at the second one."""
    put(tmp_path, {"a.yaml": profile("a", "deploy", "Deploy")})

    with pytest.raises(GenError, match=r"a\.yaml:7:12: `Deploy` and `deploy` differ in case only"):
        render(tmp_path, "a.yaml")


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    """Two profiles that would share a folder are an error that names both files."""
    put(tmp_path, {"a.yaml": profile("same", "one"), "b.yaml": profile("same")})

    with pytest.raises(GenError) as caught:
        render(tmp_path, "a.yaml", "b.yaml")

    assert "a.yaml" in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path.as_posix()}/b.yaml: ")
    assert not (tmp_path / "out").exists()


def test_one_folder_by_two_names_is_one_profile(tmp_path: Path) -> None:
    """A profile that is named twice is rendered once, and is no clash with itself."""
    put(tmp_path, {"profiles/a.yaml": profile("a")})

    done = run_gen("render", "profiles/a.yaml", "profiles", "./profiles", cwd=tmp_path)

    assert (done.returncode, done.stdout.count("user-policy.json")) == (0, 1)


def test_renders_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """Many renders into one `out/`: readers see whole files, and one of the renders wins wholly."""
    for n in "123":
        extra = f"mfa: {{max_age: {n}h}}\n"
        put(tmp_path / n, {f"{x}.yaml": profile(x, f"r{n}", extra=extra) for x in "ab"})
    versions = [rendered(tmp_path / n, "a.yaml", "b.yaml") for n in "123"]
    put(tmp_path, {"again.py": AGAIN})
    render_files([tmp_path / "1/a.yaml"], out=tmp_path / "out", templates=None)
    whole = {version["a/user-policy.json"] for version in versions}
    seen = set()

    with contextlib.ExitStack() as running:
        processes = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "again.py", "render", n],
                    cwd=tmp_path,
                    env=clean_environment(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            for n in "123"
        ]
        while any(process.poll() is None for process in processes):
            seen.add((tmp_path / "out/a/user-policy.json").read_bytes())

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(seen) > 1
    assert seen <= whole
    assert tree(tmp_path / "out") in versions


AGAIN = """\
import sys
from generator.cli import run

sys.exit(max(run(sys.argv[1:]) for _ in range(25)))
"""


def test_the_lock_survives_the_folder_it_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed render removes the `out/` it made; one that waited still keeps others out."""
    out, waiting, leave = tmp_path / "out", threading.Event(), threading.Event()
    inside: list[str] = []
    flock = fcntl.flock

    def announced(*arguments: Any) -> None:
        waiting.set()
        flock(*arguments)

    def hold(name: str, until: threading.Event) -> None:
        with outputs.locked(out):
            inside.append(name)
            until.wait(10)

    second = threading.Thread(target=hold, args=("second", leave))
    third = threading.Thread(target=hold, args=("third", leave))
    with outputs.locked(out):
        monkeypatch.setattr(fcntl, "flock", announced)
        second.start()
        assert waiting.wait(10)
    while not inside:
        time.sleep(0.001)
    third.start()
    third.join(0.2)
    together = list(inside)
    leave.set()
    second.join()
    third.join()

    assert (together, inside) == (["second"], ["second", "third"])


TWO_CORES = """\
import os, sys
from generator.cli import run

os.sched_getaffinity = lambda process: {0, 1}
code = run(sys.argv[1:])
print("concurrent.futures.process" in sys.modules, file=sys.stderr)
sys.exit(code)
"""


def on_two_cores(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `gen` as on a machine with two cores."""
    command = [sys.executable, "-c", TWO_CORES, *arguments]
    env = clean_environment()
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with more profiles than one process handles, of both archetypes."""
    for n in range(200):
        text = profile(
            f"p{n:03}", *(f"r{r}" for r in range(n % 3)), extra=f"attach: {WAYS[n % 3]}\n"
        )
        kind = "role-assumption-with-mfa-trust" if n % 2 else "direct-user-deny"
        put(tmp_path / "many", {f"p{n:03}.yaml": text.replace("direct-user-deny", kind)})
    return tmp_path


WAYS = ("managed", "group-inline", "user-inline")


def test_many_profiles_render_as_one_by_one(many: Path) -> None:
    """Worker processes write the bytes that one process writes, and report in the same order."""
    bundles = [build(load(path)) for path in sorted((many / "many").iterdir())]
    expected = {f"{b.name}/{path}": text for b in bundles for path, text in b.files.items()}

    done = on_two_cores("render", "many", "--format", "json", cwd=many)

    files = {n: t.decode() for n, t in tree(many / "out").items() if isinstance(t, bytes)}
    assert (done.returncode, done.stderr) == (0, "True\n")
    assert files == expected
    assert [p["name"] for p in json.loads(done.stdout)["profiles"]] == [b.name for b in bundles]
    before = stamps(many / "out")
    assert on_two_cores("render", "many", cwd=many).returncode == 0
    assert on_two_cores("check", "many", cwd=many).returncode == 0
    assert stamps(many / "out") == before


def test_errors_of_many_come_with_their_places(many: Path) -> None:
    """Errors that worker processes find arrive whole, in the order of the profiles."""
    for n in (3, 70, 199):
        path = many / f"many/p{n:03}.yaml"
        path.write_text(path.read_text().replace("account:", "acount:"))
    put(many, {"many/p100.yaml": profile("p001")})

    done = on_two_cores("render", "many", "--format", "json", cwd=many)

    errors = json.loads(done.stdout)["errors"]
    at = [(e["file"], e["line"], e["column"]) for e in errors if "acount" in e["problem"]]
    assert done.returncode == 2
    assert at == [(f"many/p{n}.yaml", 4, 1) for n in ("003", "070", "199")]
    assert [e["file"] for e in errors if "p001" in e["problem"]] == ["many/p100.yaml"]
    assert not (many / "out").exists()


def test_check_of_many_finds_the_one_that_differs(many: Path) -> None:
    """Among many profiles, the one that was edited by hand is found."""
    assert on_two_cores("render", "many", cwd=many).returncode == 0
    (many / "out/p150/user-policy.json").write_text("{}")

    done = on_two_cores("check", "many", cwd=many)

    assert (done.returncode, done.stdout) == (1, "differs   out/p150/user-policy.json\n")
