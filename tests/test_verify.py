"""`gen verify` as its users meet it: what holds, what does not, and the counterexample in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from generator.catalog import catalogue_version, every_action
from tests.support import ROOT, run_gen
from tests.test_guarantees import CASES, FOLDER, PROFILE, profile_of
from tests.trees import put

PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))

# The templates of a case, and what is said of the first step that fails with them.
COUNTEREXAMPLES = {
    "deny-bool": "without MFA, an access key of alice can call `ec2:RunInstances`: no Deny "
    "applies, because statement `DenyUnlessMfa` uses `Bool` on `aws:MultiFactorAuthPresent` and "
    "the key is absent; change it to `BoolIfExists`",
    "deny-null": "without MFA, a session of alice can call `ec2:RunInstances`: no Deny applies, "
    "because statement `DenyUnlessMfa` uses `Null` on `aws:MultiFactorAuthPresent` and the key is "
    "`false`",
    "deny-change-password": "without MFA, a session of alice cannot call "
    "`iam:GetAccountPasswordPolicy` (sees what a password needs): statement `DenyUnlessMfa` denies "
    "it; exempt it there",
    "deny-exempts-deactivate": "without MFA, a session of alice can call "
    "`iam:DeactivateMFADevice` on `arn:aws:iam::ACCOUNT:user/alice`: no statement denies "
    "`iam:DeactivateMFADevice`",
    "allow-without-path-arn": "without MFA, a session of alice cannot call `iam:ChangePassword` on "
    "`arn:aws:iam::ACCOUNT:user/path/alice` (sets a new password): no statement allows it",
    "trust-bool-if-exists": "without MFA, an access key of alice can call `sts:AssumeRole` on "
    "`arn:aws:iam::111122223333:role/developer`: statement `TrustWithMfa` allows it",
}


def test_every_shipped_profile_holds(tmp_path: Path) -> None:
    """Without a profile named, all of profiles/ are shown, and all of it holds."""
    put(tmp_path, {})
    done = run_gen("verify", "--brief", cwd=ROOT)

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines() if line.endswith(")")] == PROFILES
    assert done.stdout.count("nothing else\n") == len(PROFILES)
    assert "FAILS" not in done.stdout


def test_the_numbers_are_those_of_the_catalogue() -> None:
    """How many actions were gone through is what the catalogue has, and its release is named."""
    done = run_gen("verify", "--brief", "profiles/team.yaml", cwd=ROOT)

    assert f"{len(every_action()):,} actions (catalogue {catalogue_version()})" in done.stdout
    assert len(every_action()) > 22_000
    assert len(set(every_action())) == len(every_action())


def test_steps_are_those_of_the_proof() -> None:
    """What is printed is what is committed, a line a row."""
    done = run_gen("verify", "profiles/team.yaml", cwd=ROOT)
    rows = [
        line
        for line in (ROOT / "out/team/proof.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| Who", "| ---"))
    ]

    shown = [line for line in done.stdout.splitlines() if line.startswith("  ok ")]
    assert len(shown) == len(rows)
    for line, row in zip(shown, rows, strict=True):
        _, who, does, _, _, answer, *_ = (cell.strip() for cell in row.split("|"))
        assert line.startswith(f"  ok     {answer}")
        assert f"  {who}: {does} (" in line


def test_machines_read_why_and_the_source() -> None:
    """The JSON has each step with what must be, why, and where that stands."""
    done = run_gen("verify", "profiles/platform.yaml", "--format", "json", cwd=ROOT)
    found = json.loads(done.stdout)

    (profile,) = found["profiles"]
    assert (done.returncode, found["version"]) == (0, 1)
    assert (profile["name"], profile["holds"], profile["counterexamples"]) == ("platform", True, [])
    assert profile["exhaustive"]["actions"] == len(every_action())
    assert all(step["why"] and step["source"] for step in profile["steps"])
    titles = {step["part"] for step in profile["steps"]}
    assert {"Role `developer`", "Role `operator`", "Role `auditor`", "Ways round MFA"} <= titles


@pytest.mark.parametrize("case", COUNTEREXAMPLES)
def test_a_counterexample_is_in_plain_words(case: str, tmp_path: Path) -> None:
    """A step that fails says who can or cannot do what, because of which statement."""
    put(tmp_path, {"team.yaml": profile_of(case) or PROFILE})

    done = run_gen(
        "verify", "team.yaml", "--templates", str(FOLDER / case), "--brief", cwd=tmp_path
    )

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("  FAILS"))
    assert lines[first + 1].strip() == COUNTEREXAMPLES[case]
    assert "counterexample: team.yaml: " in done.stderr
    assert "not as declared: see the counterexamples" in done.stdout


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_rendered_does_not_verify(case: str, tmp_path: Path) -> None:
    """Whatever `gen render` refuses, `gen verify` answers with no (1), or refuses as well (2)."""
    from generator.errors import GenError
    from generator.verify import verify

    put(tmp_path, {"team.yaml": profile_of(case)})
    try:
        (found,) = verify([str(tmp_path / "team.yaml")], FOLDER / case)
    except GenError:
        return
    assert found.broken


def test_nothing_is_written(tmp_path: Path) -> None:
    """Verifying reads and prints."""
    put(tmp_path, {"profiles/team.yaml": PROFILE})

    done = run_gen("verify", cwd=tmp_path)

    assert done.returncode == 0
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["profiles", "team.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.yaml",), "error: nowhere.yaml: no such file or directory\n"),
        ((), "error: profiles: no such file or directory\n"),
        (("-",), "error: `-` stands alone and is for rendering\n"),
    ],
)
def test_wrong_input_is_said(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """A profile that is not there is the caller's mistake, not a no."""
    done = run_gen("verify", *arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_a_bad_profile_is_said_as_by_render(tmp_path: Path) -> None:
    """What is wrong with a profile is the same message, with its line."""
    put(tmp_path, {"team.yaml": PROFILE.replace("direct-user-deny", "deny")})

    said: list[Any] = [run_gen(c, "team.yaml", cwd=tmp_path) for c in ("verify", "render")]

    assert said[0].returncode == said[1].returncode == 2
    assert said[0].stderr.splitlines()[0] == said[1].stderr.splitlines()[0]
