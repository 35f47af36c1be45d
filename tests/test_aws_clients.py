"""Real clients accept what is rendered: the AWS CLI against a moto server over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.canonical import canonical, to_text
from generator.grammar import parse_policy
from generator.load import load
from tests.moto_server import Aws, moto_server
from tests.support import PROFILES, ROOT

OUT = ROOT / "out"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A moto server for this process of the test run."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log.txt") as found:
        yield found


def is_same(returned: Any, path: Path, partition: str) -> bool:
    """Whether a document that came back is the one that was sent, as JSON and in its canon."""
    text = path.read_text(encoding="utf-8")
    again = to_text(canonical(parse_policy(returned), partition=partition))
    return bool(returned == json.loads(text) and again == text)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_the_user_policy_is_accepted(address: str, path: Path) -> None:
    """The call that a profile's attachment stands for takes its user policy and gives it back."""
    profile = load(path).profile
    aws, name = Aws(address, profile.account.partition), f"user-of-{profile.name}"
    document = OUT / profile.name / "user-policy.json"
    given = ("--policy-name", name, "--policy-document", f"file://{document}")

    if profile.attach == "managed":
        arn = aws.iam("create-policy", *given)["Policy"]["Arn"]
        version = ("--policy-arn", arn, "--version-id", "v1")
        found = aws.iam("get-policy-version", *version)["PolicyVersion"]["Document"]
    elif profile.attach == "group-inline":
        aws.iam("create-group", "--group-name", name)
        aws.iam("put-group-policy", "--group-name", name, *given)
        found = aws.iam("get-group-policy", "--group-name", name, *given[:2])["PolicyDocument"]
    else:
        aws.iam("create-user", "--user-name", name, "--path", profile.users.path or "/")
        aws.iam("put-user-policy", "--user-name", name, *given)
        found = aws.iam("get-user-policy", "--user-name", name, *given[:2])["PolicyDocument"]

    assert is_same(found, document, profile.account.partition)


@pytest.mark.parametrize(
    "folder", sorted(OUT.glob("*/roles/*")), ids=lambda path: f"{path.parts[-3]}-{path.name}"
)
def test_the_role_is_accepted(address: str, folder: Path) -> None:
    """`create-role` takes settings and trust, `put-role-policy` permissions; both come back."""
    partition = load(ROOT / f"profiles/{folder.parts[-3]}.yaml").profile.account.partition
    settings = json.loads((folder / "role.json").read_text(encoding="utf-8"))
    aws, name = Aws(address, partition), ("--role-name", settings["RoleName"])
    # Managed policies are attached by calls of their own; everything else is create-role's.
    given = {key: value for key, value in settings.items() if key != "ManagedPolicyArns"}
    trust, permissions = folder / "trust-policy.json", folder / "permissions-policy.json"

    aws.iam(
        *("create-role", "--cli-input-json", json.dumps(given)),
        *("--assume-role-policy-document", f"file://{trust}"),
    )
    # moto looks closely at a trust policy in this call only.
    aws.iam("update-assume-role-policy", *name, "--policy-document", f"file://{trust}")
    role = aws.iam("get-role", *name)["Role"]

    assert is_same(role["AssumeRolePolicyDocument"], trust, partition)
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    assert boundary == given.pop("PermissionsBoundary", None)
    assert {key: role[key] for key in given} == given
    if permissions.exists():
        document = ("--policy-document", f"file://{permissions}")
        aws.iam("put-role-policy", *name, "--policy-name", "own", *document)
        found = aws.iam("get-role-policy", *name, "--policy-name", "own")["PolicyDocument"]
        assert is_same(found, permissions, partition)


TRUST = "platform/roles/developer/trust-policy.json"


@pytest.mark.parametrize(
    ("call", "file", "mistake"),
    [
        ("create-policy --policy-name {}", "team/user-policy.json", {"Action": "GetUser"}),
        ("put-group-policy --policy-name p --group-name {}", "govcloud/user-policy.json", {}),
        ("put-user-policy --policy-name p --user-name {}", "china/user-policy.json", {"Efect": ""}),
        (
            "put-role-policy --policy-name p --role-name {}",
            "platform/roles/operator/permissions-policy.json",
            {"Condition": {"Boolean": {"aws:MultiFactorAuthPresent": "true"}}},
        ),
        ("update-assume-role-policy --role-name {}", TRUST, {"Resource": "*"}),
    ],
    ids=["managed", "group", "user", "role", "trust"],
)
def test_one_mistake_is_refused(
    address: str, tmp_path: Path, call: str, file: str, mistake: dict[str, Any]
) -> None:
    """The same calls refuse a document with one mistake, so that accepting one means something."""
    document = json.loads((OUT / file).read_text(encoding="utf-8"))
    document["Statement"][0] |= mistake
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document) if mistake else json.dumps(document)[:-1])
    aws, name = Aws(address, "aws"), f"no-{call.split()[0]}"
    kind = call.split("-")[1]
    if kind in ("group", "user"):
        aws.iam(f"create-{kind}", f"--{kind}-name", name)
    elif kind != "policy":
        given = ("--assume-role-policy-document", f"file://{OUT / TRUST}")
        aws.iam("create-role", "--role-name", name, *given)

    error = aws.refuses(*call.format(name).split(), "--policy-document", f"file://{wrong}")

    assert error == "MalformedPolicyDocument"
