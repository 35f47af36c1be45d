"""`gen init`: the policy repository that it makes works at once, and nothing in the way is lost."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator.errors import GenError
from generator.init import create, scaffold
from tests.support import clean_environment, run_gen
from tests.trees import FAILURES, Fault, Tree, put, tree

WORKFLOW: Final = ".github/workflows/iam-policies.yml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new policy repository, for reading only."""
    folder = tmp_path_factory.mktemp("made") / "policies"
    done = run_gen("init", "policies", cwd=folder.parent)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert sorted(done.stdout.split()[1::2]) == sorted(f"policies/{n}" for n in _files(folder))
    return folder


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Path:
    """A new policy repository of one's own, with everything committed."""
    folder = tmp_path / "repository"
    shutil.copytree(made, folder)
    git("init", "--quiet", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "start", cwd=folder)
    return folder


def git(*arguments: str, cwd: Path) -> str:
    """Run git as nobody in particular, whatever the machine's settings are."""
    who = {
        f"GIT_{r}_{w}": "a@b.example" for r in ("AUTHOR", "COMMITTER") for w in ("NAME", "EMAIL")
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=clean_environment(**who, **alone),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _files(folder: Path) -> list[str]:
    return [name for name, text in tree(folder).items() if text is not None]


def test_it_works_at_once(made: Path) -> None:
    """In a new repository `gen check --all` says yes and warns of nothing."""
    done = run_gen("check", "--all", cwd=made)

    assert (done.returncode, done.stdout) == (0, "")


def test_it_has_what_a_team_needs(made: Path) -> None:
    """Profiles of both archetypes with the files they name, documents, a workflow and a hook."""
    files = set(_files(made))

    assert files >= {
        *("README.md", "requirements.txt", WORKFLOW, ".pre-commit-config.yaml"),
        *(".gitignore", ".gitattributes", "profiles/profile.schema.json"),
        *("profiles/team.yaml", "profiles/platform.yaml", "out/team/user-policy.json"),
        "out/platform/roles/operator/permissions-policy.json",
    }
    used = {
        "/".join(n.split("/")[1:]) for n in files if n.startswith("profiles/") and n.count("/") > 1
    }
    texts = "".join(path.read_text() for path in (made / "profiles").glob("*.yaml"))
    assert used == {name for name in used if name in texts}
    assert not [name for name in files if ".gen-" in name or name.endswith(".pyc")]


def test_git_takes_all_of_it(repository: Path) -> None:
    """Nothing that is needed is ignored, line endings stay as rendered, staging is ignored."""
    assert git("status", "--porcelain", "--ignored", cwd=repository) == ""
    assert git("ls-files", cwd=repository).split() == sorted(_files_of(repository))
    attributes = git("check-attr", "eol", "out/team/user-policy.json", cwd=repository)
    assert attributes.strip().endswith(": eol: lf")
    put(repository, {"out/.gen-x/team/user-policy.json": "half"})
    assert git("status", "--porcelain", cwd=repository) == ""


def _files_of(folder: Path) -> list[str]:
    return [name for name in _files(folder) if not name.startswith(".git/")]


def test_the_workflow_is_safe(made: Path) -> None:
    """The workflow checks every profile, reads only, and pins its actions by full commit hash."""
    text = (made / WORKFLOW).read_text()
    # YAML 1.1 reads the key `on` as true.
    flow: dict[Any, Any] = yaml.safe_load(text)
    steps = [step for job in flow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]

    assert flow["permissions"] == {"contents": "read"}
    assert not [job for job in flow["jobs"].values() if "permissions" in job]
    assert set(flow[True]) == {"pull_request", "push"}
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)
    assert all(re.search(rf"{name} # v\d+\.\d+\.\d+$", text, re.M) for name in used)
    assert all(
        step["with"]["persist-credentials"] is False
        for step in steps
        if step.get("uses", "").startswith("actions/checkout@")
    )
    assert any("gen check --all" in step.get("run", "") for step in steps)
    assert "${{" not in text
    assert "secrets" not in text


def test_the_workflow_says_yes_and_no(repository: Path) -> None:
    """What CI runs passes in a new repository and fails when a profile and `out/` part ways."""
    flow = yaml.safe_load((repository / WORKFLOW).read_text())
    lines = [s["run"] for job in flow["jobs"].values() for s in job["steps"] if "run" in s]
    (check,) = [line for line in "".join(lines).splitlines() if " check " in line]
    arguments = shlex.split(check)[1:]

    yes = run_gen(*arguments, cwd=repository)
    profile = repository / "profiles/team.yaml"
    profile.write_text(
        profile.read_text().replace("[virtual-totp, security-key]", "[virtual-totp]")
    )
    no = run_gen(*arguments, cwd=repository)

    assert (yes.returncode, no.returncode) == (0, 1)


def test_the_hook_renders(repository: Path, tmp_path: Path) -> None:
    """The pre-commit hook's command brings `out/` up to date, and runs when a profile changes."""
    config = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())
    ((hook,),) = [repo["hooks"] for repo in config["repos"]]
    profile = repository / "profiles/team.yaml"
    profile.write_text(
        profile.read_text().replace("[virtual-totp, security-key]", "[virtual-totp]")
    )
    put(tmp_path, {"bin/gen": f'#!/bin/sh\nexec "{sys.executable}" -m generator "$@"\n'})
    (tmp_path / "bin/gen").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"

    subprocess.run(
        shlex.split(hook["entry"]),
        cwd=repository,
        env=clean_environment(PATH=path),
        capture_output=True,
        check=True,
    )

    changed = git("diff", "--name-only", cwd=repository).split()
    assert changed == ["out/team/proof.md", "out/team/user-policy.json", "profiles/team.yaml"]
    assert all(re.match(hook["files"], name) for name in changed)
    assert (hook["language"], hook["pass_filenames"]) == ("system", False)
    assert run_gen("check", "--all", cwd=repository).returncode == 0


def test_editors_find_the_schema(made: Path) -> None:
    """Every profile names a schema that is there and is the one that `gen schema` prints."""
    schema = run_gen("schema", cwd=made).stdout

    profiles = sorted((made / "profiles").glob("*.yaml"))
    assert len(profiles) > 1
    for path in profiles:
        first = path.read_text().splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert found
        assert (path.parent / found[1]).read_text() == schema
    assert json.loads(schema)["title"] == "gen profile"


def test_the_readme_tells_commands_that_work(made: Path, tmp_path: Path) -> None:
    """Every `gen` command line of the new README runs in the new repository."""
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    commands = re.findall(r"`gen ([^`]+)`", (made / "README.md").read_text())

    assert "render --all" in commands
    for command in commands:
        assert run_gen(*shlex.split(command), cwd=folder).returncode == 0, command
    assert tree(folder) == tree(made)


def test_what_gen_init_says_next_works(tmp_path: Path) -> None:
    """`gen init .` in an empty directory works too, and names the next steps."""
    done = run_gen("init", ".", cwd=tmp_path)

    assert (done.returncode, run_gen("check", "--all", cwd=tmp_path).returncode) == (0, 0)
    assert "gen render --all" in done.stderr
    assert "wrote  profiles/team.yaml" in done.stdout.splitlines()


def test_it_is_always_the_same(made: Path, tmp_path: Path) -> None:
    """The bytes do not depend on where, when or for whom the repository is made."""
    done = run_gen("init", "a/b/other", cwd=tmp_path, env={"LC_ALL": "C", "PYTHONHASHSEED": "7"})

    assert done.returncode == 0
    assert tree(tmp_path / "a/b/other") == tree(made)
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["other"]


@pytest.mark.parametrize("name", [*sorted(scaffold()), "out", "profiles", ".github"])
def test_what_is_in_the_way_stays(tmp_path: Path, name: str) -> None:
    """One file in the way is named, exits 2, and nothing is written anywhere."""
    put(tmp_path, {f"mine/{name}": "mine", "mine/other.txt": "other"})
    before = tree(tmp_path)

    done = run_gen("init", "mine", cwd=tmp_path)

    assert (done.returncode, done.stdout, tree(tmp_path)) == (2, "", before)
    assert done.stderr.startswith(f"error: mine: has `{name}` already\n")


@pytest.mark.parametrize("way", ["file", "link"])
def test_a_target_that_is_no_folder_is_refused(tmp_path: Path, way: str) -> None:
    """A file or a dangling link where the repository should be is named and stays."""
    if way == "file":
        put(tmp_path, {"mine": "a file"})
    else:
        (tmp_path / "mine").symlink_to("nowhere")
    before = tree(tmp_path)

    done = run_gen("init", "mine", cwd=tmp_path)

    assert (done.returncode, done.stdout, tree(tmp_path)) == (2, "", before)
    assert done.stderr.startswith("error: mine: ")


def test_files_of_others_stay(tmp_path: Path) -> None:
    """A directory that has other files keeps them."""
    put(tmp_path, {"mine/src/app.py": "app", "mine/.github/workflows/ci.yml": "ci"})

    done = run_gen("init", "mine", cwd=tmp_path)

    assert done.returncode == 0
    assert (tmp_path / "mine/src/app.py").read_text() == "app"
    assert (tmp_path / "mine/.github/workflows/ci.yml").read_text() == "ci"
    assert (tmp_path / "mine" / WORKFLOW).is_file()


@pytest.mark.parametrize("error", FAILURES, ids=["disk", "ctrl-c"])
def test_a_failure_leaves_nothing(made: Path, tmp_path: Path, error: BaseException) -> None:
    """Whichever step fails or is interrupted, the new repository is there wholly or not at all."""
    mine, broken, failed = tmp_path / "mine", {}, 0
    notes: Tree = {"notes.txt": b"notes"}
    whole = tree(made) | notes
    for step in range(1, 300):
        shutil.rmtree(tmp_path)
        put(mine, {"notes.txt": "notes"})
        expected = [whole]
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(patch, step, error)
            try:
                create(mine)
            except (GenError, KeyboardInterrupt):
                expected, failed = [notes, whole], failed + 1
        if fault.calls < step:
            break
        found = tree(mine)
        if found not in expected:
            broken[step] = sorted(set(found) ^ set(whole))
        if isinstance(error, OSError):
            assert [path.name for path in tmp_path.iterdir()] == ["mine"]

    assert broken == {}
    assert failed > 10
