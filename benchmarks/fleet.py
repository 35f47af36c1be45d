"""Profiles of a large organisation: as many as asked for, no two alike, the same every time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# Most accounts are in `aws`; every other partition takes part.
PARTITIONS = (
    *["aws"] * 9,
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
)
DEVICES = (
    ("virtual-totp",),
    ("security-key",),
    ("hardware-totp",),
    ("virtual-totp", "security-key"),
    ("virtual-totp", "hardware-totp"),
    ("security-key", "hardware-totp"),
    ("virtual-totp", "security-key", "hardware-totp"),
)
AGES = ("", "", "30m", "1h", "4h", "8h", "12h")
EXEMPTIONS = (
    "iam:ListUsers",
    "s3:ListAllMyBuckets",
    "ec2:DescribeRegions",
    "iam:GetAccountSummary",
)

ACCOUNT_SETTINGS = """{
    "PasswordPolicy": {
        "MinimumPasswordLength": 16,
        "RequireSymbols": true,
        "RequireNumbers": true,
        "AllowUsersToChangePassword": %s,
        "ExpirePasswords": false
    }
}
"""
STATEMENTS = """- Sid: ReadLogs
  Effect: Allow
  Action: [logs:Get*, logs:FilterLogEvents, "cloudwatch:GetMetricData"]
  Resource: "*"
- Sid: RestartServices
  Effect: Allow
  Action: [ecs:UpdateService, ecs:DescribeServices]
  Resource: "*"
  Condition:
    StringEquals: {"aws:ResourceTag/team": product}
"""
FILES = {
    "passwords/open.json": ACCOUNT_SETTINGS % "true",
    "passwords/closed.json": ACCOUNT_SETTINGS % "false",
    "permissions/operator.yaml": STATEMENTS,
}


def write(folder: Path, count: int) -> list[Path]:
    """Write `count` profiles and the files they name; answers the profiles' paths."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    paths = []
    for number in range(count):
        path = folder / f"team-{number:05}.yaml"
        path.write_text(profile(number), encoding="utf-8")
        paths.append(path)
    return paths


class _Draws:
    """Choices that look random and are the same on every machine and in every Python."""

    def __init__(self, number: int) -> None:
        self.state = int.from_bytes(hashlib.sha512(str(number).encode()).digest())

    def one(self, choices: Sequence[T]) -> T:
        self.state, at = divmod(self.state, len(choices))
        return choices[at]

    def yes(self, one_in: int = 2) -> bool:
        return self.one(range(one_in)) == 0


def profile(number: int) -> str:
    """The text of profile `number`: its own account, its own mix of every option."""
    draw = _Draws(number)
    partition = draw.one(PARTITIONS)
    deny = draw.yes()
    devices = ("virtual-totp",) if partition == "aws-cn" else draw.one(DEVICES)
    lines = [
        f"name: team-{number:05}",
        f"description: Users of team {number}.",
        f"archetype: {'direct-user-deny' if deny else 'role-assumption-with-mfa-trust'}",
        "account:",
        f'  id: "{100_000_000_000 + number * 7919:012}"',
        f"  partition: {partition}",
        *_password_policy(draw),
    ]
    if partition == "aws" and draw.yes(4):
        lines.append("  console_authorization: true")
    lines += [
        "users:",
        f"  path: /{draw.one(('staff', 'engineering', 'operations'))}/team-{number}/",
        f"  password_reset_required: {'true' if draw.yes() else 'false'}",
        "mfa:",
        f"  devices: [{', '.join(devices)}]",
    ]
    if "security-key" in devices and draw.yes(3):
        lines += ["  certification:", f"    fido: [{draw.one(('L1', 'L2', 'L2, L3'))}]"]
        if draw.yes():
            lines.append("    fips_140_3: [L2, L3]")
    if age := draw.one(AGES):
        lines.append(f"  max_age: {age}")
    credentials = ("access_keys", "ssh_public_keys", "signing_certificates")
    chosen = [c for c in (*credentials, "service_specific_credentials") if draw.yes(3)]
    if chosen:
        lines += ["self_service:", *(f"  {c}: true" for c in chosen)]
    if devices != ("security-key",) and draw.yes():
        lines += ["cli:", "  mfa_session: true"]
    if deny and draw.yes(3):
        lines += [
            "deny:",
            "  exempt_before_mfa:",
            f"    - action: {draw.one(EXEMPTIONS)}",
            "      reason: The console's first page asks for it.",
        ]
    # A Deny with everything chosen is longer than an inline policy of a group may be.
    lines.append(f"attach: {'managed' if deny else draw.one(('managed', 'group-inline'))}")
    roles = draw.one((0, 1, 2, 3) if deny else (1, 2, 3))
    if roles:
        lines.append("roles:")
    for role in range(roles):
        lines += _role(draw, partition, number, role)
    return "\n".join(lines) + "\n"


def _password_policy(draw: _Draws) -> list[str]:
    kind = draw.one(("", "none", "file", "inline"))
    if kind == "file":
        return [f"  password_policy: passwords/{draw.one(('open', 'closed'))}.json"]
    if kind == "inline":
        return [
            "  password_policy:",
            f"    MinimumPasswordLength: {draw.one((8, 12, 14, 16))}",
            "    RequireSymbols: true",
            f"    AllowUsersToChangePassword: {'true' if draw.yes() else 'false'}",
        ]
    return [f"  password_policy: {kind}"] if kind else []


def _role(draw: _Draws, partition: str, number: int, role: int) -> list[str]:
    managed = draw.one(("ReadOnlyAccess", "PowerUserAccess", "SecurityAudit"))
    lines = [
        f"  - name: {('developer', 'operator', 'auditor')[role]}",
        f"    description: Works for team {number}.",
        f"    path: /team-{number}/",
        f"    max_session: {draw.one(('1h', '4h', '12h'))}",
    ]
    if age := draw.one(AGES):
        lines.append(f"    mfa_max_age: {age}")
    if draw.yes(4):
        lines += ["    trust:", f"      users: [team-{number}/alice, team-{number}/bob]"]
    if draw.yes(3):
        lines.append("    session_name_is_username: true")
    if draw.yes(4):
        lines.append("    source_identity_is_username: true")
    if draw.yes(4):
        lines += ["    session_tags:", "      Project: [blue, green]"]
    lines += ["    permissions:", f'      managed: ["arn:{partition}:iam::aws:policy/{managed}"]']
    if draw.yes(3):
        lines.append("      statements: permissions/operator.yaml")
    return lines
