"""Every message that a profile can cause, word for word.

`bad_profiles/<case>.yaml` is a profile, `bad_profiles/<case>.txt` what `gen render` says of it.
Profiles called `warning-...` render, and their text is what is said all the same.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.build import build
from generator.errors import YOUR_INPUT, YOUR_MACHINE, GenError
from generator.load import load
from generator.text import MAX_BYTES
from tests.support import ROOT, run_gen

FOLDER = ROOT / "tests" / "bad_profiles"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
BAD = [case for case in CASES if not case.startswith("warning-")]
GOOD = "name: {}\ndescription: Console users.\narchetype: direct-user-deny\n"


def printed(path: Path) -> str:
    """What `gen render` says of a profile: its errors or, where there is none, its warnings."""
    try:
        source = load(path)
        build(source)
    except GenError as error:
        found = "".join(f"error: {one}\n" for one in error.each())
        return found if error.exit_code == YOUR_INPUT else f"exit {error.exit_code}: {found}"
    return "".join(f"warning: {warning}\n" for warning in source.warnings)


def text_of(case: str) -> str:
    return (FOLDER / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_profile_is_answered_word_for_word(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed about a profile is what was agreed on, to the letter and the column."""
    monkeypatch.chdir(FOLDER)

    assert printed(Path(f"{case}.yaml")) == text_of(case)


def test_every_profile_has_its_text_and_every_text_its_profile() -> None:
    """A profile without a text, or the reverse, would be a promise nobody checks."""
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == CASES


@pytest.mark.parametrize("case", CASES)
def test_a_message_has_the_shape_of_the_others(case: str) -> None:
    """A message is where, what, and on a line of its own what next, without a period or jargon."""
    kind = "error" if case in BAD else "warning"
    lines = text_of(case).splitlines()

    assert lines
    for line in lines:
        assert line.startswith((f"{kind}: ", "  hint: "))
        assert not re.search(r"\bNone\b|<class|msgspec|Traceback|Struct", line)
        if line.startswith("error: "):
            assert re.match(r"error: \S+\.(yaml|json)(:\d+:\d+| |:)", line)
            assert not line.endswith(".")


# Where messages about profiles are made: the module, what is called, and which argument it is.
SAID = (
    ("checks", "Problem", 1),
    ("role_checks", "Problem", 1),
    ("statements", "GenError", 0),
    ("statements", "PolicyError", 0),
    ("problems", "Problem", 1),
    ("text", "GenError", 0),
    ("document", "GenError", 0),
    ("document", "_fail", 1),
    ("attachments", "GenError", 0),
    ("attachments", "_refuse", 1),
    ("attachments", "PolicyError", 0),
    ("grammar", "PolicyError", 0),
)
# Files cannot show these: tests below do, and tests of policy documents, which are not profiles.
SHOWN_ELSEWHERE = (
    "no such file",
    "is a directory",
    "is larger than",
    "is not UTF-8",
    "not valid JSON",
    "nested too deeply",
    "a policy document is a JSON object",
    "the document has no `Statement`",
    "`Statement` is an empty list",
    "stands twice in one object",
)


def messages(module: str, called: str, position: int) -> Iterator[str]:
    """A regular expression for each message that a module makes by calling something."""
    text = (ROOT / "generator" / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and len(node.args) > position:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == called and (found := pattern(node.args[position])).strip(".*"):
                yield found


def pattern(node: ast.expr) -> str:
    """A regular expression for the text an expression makes; any text where that is computed."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(map(pattern, node.values))
    if isinstance(node, ast.BinOp):
        return pattern(node.left) + pattern(node.right)
    if isinstance(node, ast.IfExp):
        return pattern(node.body)
    return ".*"


@pytest.mark.parametrize("message", sorted({m for said in SAID for m in messages(*said)}))
def test_every_message_has_a_case(message: str) -> None:
    """A message that no case shows was never looked at as a user sees it."""
    elsewhere = any(re.escape(part) in message for part in SHOWN_ELSEWHERE)

    assert elsewhere or any(re.search(message, text_of(case)) for case in CASES)


def test_the_command_prints_every_message_and_writes_nothing(tmp_path: Path) -> None:
    """All bad profiles in one go: every message on stderr, no result, exit 2 and out/ as it was."""
    shutil.copytree(FOLDER, tmp_path / "p")
    kept = tmp_path / "p" / "out" / "team" / "user-policy.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("as it was", encoding="utf-8")

    done = run_gen("render", *(f"{case}.yaml" for case in BAD), cwd=tmp_path / "p")
    said = "".join(map(text_of, BAD))

    assert done.stderr == f"{said}{said.count('error: ')} errors; nothing was written\n"
    assert (done.returncode, done.stdout) == (YOUR_INPUT, "")
    assert [path for path in (tmp_path / "p" / "out").rglob("*") if path.is_file()] == [kept]
    assert kept.read_text(encoding="utf-8") == "as it was"


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """A profile is bounded, so that naming the wrong file costs nothing."""
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"# " + b"x" * MAX_BYTES)

    with pytest.raises(GenError) as caught:
        load(path)

    assert (
        str(caught.value)
        == f"{path.as_posix()}: is larger than 256 KiB\n  hint: is this the right file?"
    )


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"name: team\ndescription: caf\xe9\n", 2), (GOOD.format("team").encode("utf-16"), 1)],
    ids=["latin-1", "utf-16"],
)
def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path, data: bytes, line: int) -> None:
    """Text in another encoding is refused at the line where it first shows."""
    path = tmp_path / "team.yaml"
    path.write_bytes(data)

    with pytest.raises(GenError) as caught:
        load(path)

    expected = f"{path.as_posix()}:{line}:1: is not UTF-8 text\n  hint: save the file as UTF-8"
    assert str(caught.value) == expected


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    """Windows editors put a byte order mark first; that is still UTF-8."""
    path = tmp_path / "team.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.format("team").encode())

    assert load(path).profile.name == "team"


def test_a_file_the_machine_cannot_read_is_not_the_users_mistake(tmp_path: Path) -> None:
    """Trouble with the disk is exit 4: nothing in the profile is wrong."""
    path = tmp_path / "team.yaml"
    path.symlink_to(path)

    with pytest.raises(GenError) as caught:
        load(path)

    assert caught.value.exit_code == YOUR_MACHINE
    assert str(caught.value).startswith(f"{path.as_posix()}: cannot be read: ")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A policy repository: two profiles, a folder without any, and an out/ from before."""
    for name in ("team", "platform"):
        path = tmp_path / "profiles" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(GOOD.format(name), encoding="utf-8")
    (tmp_path / "twin.yaml").write_text(GOOD.format("team"), encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "out" / "team").mkdir(parents=True)
    (tmp_path / "out" / "team" / "kept").write_text("as it was", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", ["render", "check"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            [],
            "error: no profile is named\n" "  hint: name a profile or a directory, or use --all\n",
        ),
        (
            ["profiles/taem.yaml"],
            "error: profiles/taem.yaml: no such file or directory\n"
            "  hint: did you mean profiles/team.yaml?\n",
        ),
        (
            ["team"],
            "error: team: no such file or directory\n  hint: did you mean profiles/team.yaml?\n",
        ),
        (
            ["somewhere/else.yaml"],
            "error: somewhere/else.yaml: no such file or directory\n"
            "  hint: see what profiles/ has\n",
        ),
        (
            ["x" * 300],
            f"error: {'x' * 300}: no such file or directory\n  hint: see what profiles/ has\n",
        ),
        ([""], "error: no profile is named\n  hint: name a profile or a directory, or use --all\n"),
        (["empty"], "error: empty: has no profiles (*.yaml)\n  hint: see gen init\n"),
        (
            ["profiles/team.yaml", "twin.yaml"],
            "error: twin.yaml: `team` is the name of profiles/team.yaml as well\n"
            "  hint: the name is the folder under out/; choose another\n",
        ),
        (
            ["-", "profiles/team.yaml"],
            "error: `-` stands alone and is for rendering\n  hint: gen render - < profile.yaml\n",
        ),
    ],
    ids=[
        "nothing",
        "near",
        "stem",
        "far",
        "too-long",
        "no-text",
        "empty-folder",
        "name-twice",
        "dash",
    ],
)
def test_a_command_line_that_names_no_profile_is_explained(
    repository: Path, command: str, arguments: list[str], expected: str
) -> None:
    """Naming the wrong thing is exit 2 and one message; stdout stays empty and out/ as it was."""
    done = run_gen(command, *arguments, cwd=repository)

    assert (done.returncode, done.stdout, done.stderr) == (YOUR_INPUT, "", expected)
    assert [path.name for path in (repository / "out").rglob("*")] == ["team", "kept"]


def test_all_without_profiles_says_where_to_run(tmp_path: Path) -> None:
    """In the wrong directory, `--all` says so and makes no out/."""
    done = run_gen("render", "--all", cwd=tmp_path)

    assert done.returncode == YOUR_INPUT
    assert done.stderr == (
        "error: profiles: no such file or directory\n"
        "  hint: run gen where profiles/ is, or start one with gen init\n"
    )
    assert not list(tmp_path.iterdir())


def test_one_bad_profile_keeps_the_good_ones_from_being_written(repository: Path) -> None:
    """All or nothing: with one bad profile among several, none is written."""
    (repository / "profiles" / "bad.yaml").write_text("nam: bad\n", encoding="utf-8")

    done = run_gen("render", "--all", cwd=repository)

    assert (done.returncode, done.stdout) == (YOUR_INPUT, "")
    assert "profiles/bad.yaml:1:1: unknown key `nam`\n  hint: did you mean `name`?" in done.stderr
    assert [path.name for path in (repository / "out").rglob("*")] == ["team", "kept"]


def test_a_profile_from_standard_input_is_answered_alike(tmp_path: Path) -> None:
    """What is piped in gets the same messages, at <stdin>."""
    done = run_gen("render", "-", cwd=tmp_path, input=GOOD.format("Team"))

    assert (done.returncode, done.stdout) == (YOUR_INPUT, "")
    assert done.stderr == (
        "error: <stdin>:1:7: `Team` is not what belongs here\n"
        "  hint: write lower-case letters, digits and hyphens, as in `product-team`\n"
    )
    assert not list(tmp_path.iterdir())
