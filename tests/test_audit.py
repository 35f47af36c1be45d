"""`gen audit` from outside: what it reads and says, its exit codes, and what it writes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.audit.judge import judge
from generator.audit.run import audit
from generator.console import json_pieces
from generator.found import Found
from generator.positions import Positions
from generator.rules import RULES
from generator.subject import Subject
from generator.verdicts import NO_SAY, identity_verdicts
from tests.support import ROOT, run_gen

PUBLISHED = ROOT / "tests" / "published"
BROKEN = "aws-security-credentials-2026.json"
RIGHT = "correct/user-deny.json"
DUMP = ROOT / "tests" / "dumps" / "team.json"
EXAMPLES = ROOT / "generator" / "rules" / "examples"
REPORT = ROOT / "tests" / "dumps" / "report.csv"


def put(folder: Path, *names: str) -> None:
    for name in names:
        shutil.copy(PUBLISHED / name, folder / Path(name).name)


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run_gen("audit", "--format", "json", *arguments, cwd=folder)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json_has_the_shape_that_is_promised(tmp_path: Path) -> None:
    """Documents with verdicts, findings with their places, and a summary, as version 1."""
    put(tmp_path, BROKEN)
    found = as_json(tmp_path, BROKEN)
    [document] = found["documents"]
    lockout = next(f for f in found["findings"] if f["rule"] == "GEN030")

    assert found["version"] == 1
    assert {k: document[k] for k in ("file", "kind", "verdicts")} == {
        "file": BROKEN,
        "kind": "identity",
        "verdicts": {
            "first_login": "locked_out",
            "enrol_virtual-totp": "open",
            "enrol_security-key": "open",
            "enrol_hardware-totp": "open",
            "access_key_without_mfa": "denied",
            "console_without_mfa": "denied",
        },
    }
    assert set(lockout) >= {
        *("rule", "severity", "confidence", "file", "line", "column"),
        *("sid", "message", "fix", "source"),
    }
    assert (lockout["severity"], lockout["confidence"]) == ("critical", "high")
    line = (PUBLISHED / BROKEN).read_text("utf-8").splitlines()[lockout["line"] - 1]
    assert line[lockout["column"] - 1 :].startswith('"NotAction"')
    assert found["summary"]["findings"] == len(found["findings"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((RIGHT,), 0),
        ((BROKEN,), 1),
        (("--fail-on", "critical", BROKEN), 1),
        (("--fail-on", "never", BROKEN), 0),
        (("--fail-on", "medium", "--suppressions", "live.yaml", BROKEN), 0),
        ((RIGHT, "nowhere.json"), 2),
        ((BROKEN, "broken.json"), 2),
        ((), 2),
        (("--credential-report", "report.csv", RIGHT), 2),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """1 for findings as bad as asked for, 2 as soon as something could not be read."""
    put(tmp_path, RIGHT, BROKEN)
    shutil.copy(REPORT, tmp_path / "report.csv")
    (tmp_path / "broken.json").write_text('{"Version": ')
    bad = ("GEN030", "GEN042", "GEN055", "GEN080")
    (tmp_path / "live.yaml").write_text(
        "".join(f"- {{rule: {rule}, reason: known to the team}}\n" for rule in bad)
    )
    names = [Path(a).name if a.endswith(".json") else a for a in arguments]

    assert run_gen("audit", *names, cwd=tmp_path).returncode == code


def test_what_cannot_be_read_keeps_nothing_else_from_being_judged(tmp_path: Path) -> None:
    """Errors stand beside findings, each at its place, and the summary counts both."""
    put(tmp_path, BROKEN)
    (tmp_path / "broken.json").write_text('{"Version": "2012-10-17", "Statement": [}')
    found = as_json(tmp_path, "nowhere.json", ".")

    assert [(e["file"], e["problem"][:14]) for e in found["errors"]] == [
        ("nowhere.json", "no such file"),
        ("broken.json", "not valid JSON"),
    ]
    assert [d["file"] for d in found["documents"]] == [BROKEN]
    assert found["summary"]["errors"] == 2
    assert found["findings"]


def test_mending_in_place(tmp_path: Path) -> None:
    """`--diff` writes nothing; `--fix` writes what it showed, and finds nothing to do again."""
    put(tmp_path, BROKEN)
    before = (tmp_path / BROKEN).read_text("utf-8")
    shown = run_gen("audit", "--diff", BROKEN, cwd=tmp_path)

    assert (tmp_path / BROKEN).read_text("utf-8") == before
    assert shown.returncode == 1
    assert '+        "iam:ChangePassword",\n' in shown.stdout

    done = run_gen("audit", "--fix", "--fail-on", "high", BROKEN, cwd=tmp_path)
    again = run_gen("audit", "--diff", BROKEN, cwd=tmp_path)

    assert (done.returncode, again.stdout) == (0, "")
    assert as_json(tmp_path, BROKEN)["documents"][0]["verdicts"]["first_login"] == "open"


def test_no_edit_is_made_for_what_people_live_with(tmp_path: Path) -> None:
    """A suppressed finding is left alone by `--fix`, which says so; the others are mended."""
    put(tmp_path, BROKEN)
    (tmp_path / ".gen-audit.yaml").write_text("- {rule: GEN042, reason: nobody has more}\n")
    done = run_gen("audit", "--fix", BROKEN, cwd=tmp_path)
    mended = (tmp_path / BROKEN).read_text("utf-8")

    assert "GEN042 is accepted as it is" in done.stderr
    assert mended.count('"Effect": "Deny"') == 1
    assert "iam:GetAccountPasswordPolicy" in mended


def test_standard_input_is_shown_and_not_edited(tmp_path: Path) -> None:
    """There is no file to write, and it is said."""
    text = (PUBLISHED / BROKEN).read_text("utf-8")
    shown = run_gen("audit", "--diff", "-", cwd=tmp_path, input=text)
    done = run_gen("audit", "--fix", "-", cwd=tmp_path, input=text)

    assert '+        "iam:ChangePassword",\n' in shown.stdout
    assert done.returncode == 2
    assert "standard input is not edited in place" in done.stderr


def test_a_baseline_leaves_only_what_is_new(tmp_path: Path) -> None:
    """What was there when the baseline was written does not fail; what comes later does."""
    put(tmp_path, BROKEN)
    arguments = ("audit", "--baseline", "known.json", ".")
    run_gen("audit", "--write-baseline", "known.json", BROKEN, cwd=tmp_path)
    same = run_gen(*arguments, cwd=tmp_path)
    text = (tmp_path / BROKEN).read_text("utf-8")
    (tmp_path / BROKEN).write_text(text.replace("BoolIfExists", "Bool"))
    worse = run_gen(*arguments, cwd=tmp_path)

    assert (same.returncode, worse.returncode) == (0, 1)
    assert "GEN010" in worse.stdout


def test_an_account_has_a_row_for_each_person(tmp_path: Path) -> None:
    """Dump and credential report together say who is locked out, and who has no device."""
    found = as_json(tmp_path, str(DUMP), "--credential-report", str(REPORT))
    [account] = found["accounts"]
    people = {p["name"]: p for p in account["people"]}
    users = [u["UserName"] for u in json.loads(DUMP.read_text())["UserDetailList"]]

    assert sorted(people) == sorted(users)
    assert found["errors"] == []
    assert {p["first_login"] for p in people.values()} >= {"locked_out", "open"}
    assert any(p["has_password"] and p["has_device"] is False for p in people.values())


def test_output_is_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    """Same input, same bytes, in every format."""
    for form in ("text", "json", "sarif", "markdown", "github"):
        first, second = (
            run_gen(
                "audit",
                "--format",
                form,
                str(PUBLISHED),
                cwd=tmp_path,
                env={"PYTHONHASHSEED": seed},
            )
            for seed in ("1", "2")
        )

        assert first.stdout == second.stdout


_SERVICES = ("s3", "ec2", "iam", "sts", "signin", "*", "i*", "?am", "s?s", "kms")
_STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": st.lists(
            st.builds("{}:{}".format, st.sampled_from(_SERVICES), st.sampled_from(["*", "Get*"])),
            min_size=1,
            max_size=3,
        ),
        "Resource": st.sampled_from(["*", "arn:aws:iam::*:user/${aws:username}"]),
    }
)


@settings(deadline=None)
@given(st.lists(_STATEMENTS, min_size=1, max_size=3))
def test_documents_without_a_say_in_signing_in_are_not_missed(statements: list[Any]) -> None:
    """What is known beforehand of such documents is what evaluating them and every rule says."""
    data = {"Version": "2012-10-17", "Statement": statements}
    text = json.dumps(data)
    found = Found(file="x.json", kind="identity", data=data, source=lambda: Positions(text))
    subject = Subject(found)
    if subject.concerns_sign_in:
        return
    every = {r.id for r in RULES if r.about == "document" for _ in r.check(subject)}

    assert identity_verdicts(subject.decider) == NO_SAY
    assert {finding.rule for finding in judge(found).findings} == every


def test_published_policies_are_audited_in_one_go() -> None:
    """Nothing in the whole corpus is an error, and expectations beside the policies are skipped."""
    found = audit([str(PUBLISHED)])

    assert found.errors == ()
    assert len(found.documents) + len(found.skipped) == len(list(PUBLISHED.rglob("*.json")))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(_JSON, st.integers(0, 600))
def test_json_in_pieces_is_the_same_json(value: Any, count: int) -> None:
    """Lists that come one by one are printed as lists that are there at once."""

    def streamed(part: Any) -> Any:
        if isinstance(part, list):
            return (streamed(each) for each in part)
        if isinstance(part, dict):
            return {key: streamed(each) for key, each in part.items()}
        return part

    whole = {"value": value, "many": [{"number": n} for n in range(count)]}
    shallow = {"value": value, "many": iter(whole["many"])}

    assert "".join(json_pieces(shallow)) == json.dumps(whole, indent=2)
    if not isinstance(value, dict):
        assert "".join(json_pieces(iter([value] * 2))) == json.dumps([value] * 2, indent=2)
    assert json.loads("".join(json_pieces(streamed({"people": [{"of": [1, 2]}]})))) == {
        "people": [{"of": [1, 2]}]
    }


@pytest.mark.parametrize("mode", ["--diff", "--fix"])
def test_dumps_are_shown_mended_and_never_edited(tmp_path: Path, mode: str) -> None:
    """Every dump there is goes through mending; none of them is written."""
    for dump in (DUMP, *sorted(EXAMPLES.glob("GEN09*/*.json"))):
        copy = tmp_path / "dump.json"
        shutil.copy(dump, copy)
        done = run_gen("audit", mode, "dump.json", cwd=tmp_path)

        assert done.returncode in (0, 1), done.stderr
        assert copy.read_bytes() == dump.read_bytes()


def test_trust_policies_of_a_dump_have_their_verdict(tmp_path: Path) -> None:
    """A trust policy is judged alike in a file of its own and in a dump."""
    documents = as_json(tmp_path, str(DUMP))["documents"]
    verdicts = [d["verdicts"] for d in documents if d["kind"] == "trust"]

    assert verdicts
    assert all(v.keys() == {"trust_without_mfa"} for v in verdicts)


def test_what_is_found_between_two_edits_does_not_count(tmp_path: Path) -> None:
    """
    With GEN030 accepted, no edit opens the password change, though the policy, with other edits
    made, is one that was published too.
    """
    put(tmp_path, "aws-mfa-selfmanage-2018-11-deactivate.json")
    (tmp_path / ".gen-audit.yaml").write_text("- {rule: GEN030, reason: set before the Deny}\n")
    done = run_gen("audit", "--fix", ".", cwd=tmp_path)

    assert "GEN030 is accepted as it is" in done.stderr
    assert (
        "iam:ChangePassword"
        not in (tmp_path / "aws-mfa-selfmanage-2018-11-deactivate.json").read_text()
    )


@pytest.mark.parametrize("option", ["--suppressions", "--baseline", "--write-baseline"])
def test_an_empty_file_name_is_no_folder(tmp_path: Path, option: str) -> None:
    """A variable that is not set is said, and nothing is read or written."""
    done = run_gen("audit", option, "", str(DUMP), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {option} names no file\n  hint: is a variable not set?\n" in done.stderr
