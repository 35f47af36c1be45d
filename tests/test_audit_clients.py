"""What real clients print is what the audit reads: the AWS CLI against a moto server over HTTP."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.moto_server import Aws, moto_server
from tests.support import ROOT, run_gen

PUBLISHED = ROOT / "tests" / "published"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
    },
}


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    """An account of its own."""
    with moto_server(tmp_path / "moto.txt") as address:
        yield Aws(address, "aws")


def save(folder: Path, name: str, answer: Any) -> str:
    (folder / name).write_text(json.dumps(answer, indent=4), encoding="utf-8")
    return name


def audited(folder: Path, aws: Aws, *arguments: str) -> dict[str, Any]:
    """The account as `gen audit` sees it in what the AWS CLI prints."""
    details = aws.iam("get-account-authorization-details")
    aws.iam("generate-credential-report")
    report = save(folder, "report.json", aws.iam("get-credential-report"))
    dump = save(folder, "account.json", details)
    given = ("--credential-report", report, "--format", "json", *arguments)
    done = run_gen("audit", dump, *given, cwd=folder)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["errors"] == []
    return found


def test_an_account_is_audited_and_mended(aws: Aws, tmp_path: Path) -> None:
    """
    A user whose group has AWS's sample is locked out. The sample, mended by `gen audit --fix` and
    set as the policy's default version, lets the same user in; the role stays open to access keys.
    """
    policy = tmp_path / "force-mfa.json"
    shutil.copy(PUBLISHED / "aws-security-credentials-2026.json", policy)
    given = ("--policy-document", f"file://{policy}")
    arn = aws.iam("create-policy", "--policy-name", "force-mfa", *given)["Policy"]["Arn"]
    aws.iam("create-group", "--group-name", "team")
    aws.iam("attach-group-policy", "--group-name", "team", "--policy-arn", arn)
    aws.iam("create-user", "--user-name", "alice", "--path", "/team/")
    aws.iam("add-user-to-group", "--group-name", "team", "--user-name", "alice")
    password = ("--password", "Not-a-secret-1", "--password-reset-required")
    aws.iam("create-login-profile", "--user-name", "alice", *password)
    trust = ("--assume-role-policy-document", json.dumps(TRUST))
    aws.iam("create-role", "--role-name", "deploy", *trust)

    before = audited(tmp_path, aws)
    mended = run_gen("audit", "--fix", "--fail-on", "high", policy.name, cwd=tmp_path)
    aws.iam("create-policy-version", "--policy-arn", arn, "--set-as-default", *given)
    after = audited(tmp_path, aws, "--password-policy", "none")

    [locked] = before["accounts"][0]["people"]
    [let_in] = after["accounts"][0]["people"]
    [role] = after["accounts"][0]["roles"]
    assert (locked["name"], locked["first_login"], locked["has_device"]) == (
        "alice",
        "locked_out",
        False,
    )
    assert "policy force-mfa" in locked["lockout"]
    assert "group team" in locked["lockout"]
    assert mended.returncode == 0
    assert (let_in["first_login"], let_in["enrolment"]) == ("open", "open")
    assert {f["rule"] for f in before["findings"]} - {f["rule"] for f in after["findings"]} >= {
        "GEN030",
        "GEN090",
    }
    assert (role["name"], role["trust_without_mfa"]) == ("deploy", "open")


def test_single_documents_are_read_as_the_cli_prints_them(aws: Aws, tmp_path: Path) -> None:
    """The answers of get-policy-version, get-user-policy and get-role are documents to judge."""
    policy = PUBLISHED / "aws-security-credentials-2026.json"
    given = ("--policy-document", f"file://{policy}")
    arn = aws.iam("create-policy", "--policy-name", "p", *given)["Policy"]["Arn"]
    aws.iam("create-user", "--user-name", "alice")
    lean = ("--policy-document", f"file://{PUBLISHED / 'correct' / 'user-deny.json'}")
    named = ("--user-name", "alice", "--policy-name", "own")
    aws.iam("put-user-policy", *named, *lean)
    trust = ("--assume-role-policy-document", json.dumps(TRUST))
    aws.iam("create-role", "--role-name", "deploy", *trust)
    version = ("--policy-arn", arn, "--version-id", "v1")
    names = [
        save(tmp_path, "version.json", aws.iam("get-policy-version", *version)),
        save(tmp_path, "user.json", aws.iam("get-user-policy", *named)),
        save(tmp_path, "role.json", aws.iam("get-role", "--role-name", "deploy")),
    ]
    done = run_gen("audit", *names, "--format", "json", cwd=tmp_path)
    found = {d["file"]: d for d in json.loads(done.stdout)["documents"]}

    assert found["version.json"]["verdicts"]["first_login"] == "locked_out"
    assert found["user.json"]["verdicts"]["first_login"] == "open"
    assert found["role.json"]["verdicts"] == {"trust_without_mfa": "open"}
