"""Account dumps of a large organisation, and how long an audit of one takes.

The floor is `json.load` of the same file in a process of its own: nothing can read a dump in less.
Both sides are whole processes, measured in turns: `run.py accounts`. By itself, this writes a dump.
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import measure
from measure import Row, interleaved, row, run

ACCOUNT = "111122223333"
PEER = "cloudsplaining"
DATE = "2024-05-14T09:31:07+00:00"
LOAD = "import json, sys; json.load(open(sys.argv[1], encoding='utf-8'))"
Json = dict[str, Any]


def write(path: Path, users: int, seed: int = 1) -> None:
    """Write the dump of an account with so many users, and in proportion everything else."""
    with path.open("w", encoding="utf-8") as file:
        json.dump(dump(users, seed), file, indent=4)
        file.write("\n")


def dump(users: int, seed: int = 1) -> Json:
    """A dump, the same for the same arguments.

    For 5,000 users there are 300 groups, 1,000 roles and 1,500 managed policies. Documents are of
    some thirty shapes; one managed policy in four names things of its own. Forty users are a team
    with the same groups; one user in seven has a further group, one in ten a policy, one in five an
    inline policy, one in twenty a boundary.
    """
    draw = random.Random(seed)  # noqa: S311
    counts = {
        "groups": max(3, users * 300 // 5000),
        "roles": max(5, users * 1000 // 5000),
        "policies": max(len(SHAPES), users * 1500 // 5000),
    }
    policies = [_managed(draw, number) for number in range(counts["policies"])]
    groups = [_group(draw, number, policies) for number in range(counts["groups"])]
    teams = [draw.sample(groups, draw.randint(1, 3)) for _ in range(max(3, users // 40))]
    return {
        "UserDetailList": [
            _user(draw, number, draw.choice(teams), groups, policies) for number in range(users)
        ],
        "GroupDetailList": groups,
        "RoleDetailList": [_role(draw, number, policies) for number in range(counts["roles"])],
        "Policies": [*policies, _administrator()],
    }


def _allow(actions: list[str], on: list[str], condition: Json | None = None) -> Json:
    found: Json = {"Sid": f"Allow{len(actions)}", "Effect": "Allow", "Action": actions}
    found["Resource"] = on
    if condition:
        found["Condition"] = condition
    return found


def _bucket(name: str) -> Json:
    on = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
    return _policy(_allow(actions, on), _allow(["s3:ListAllMyBuckets"], ["*"]))


def _service(service: str, verbs: tuple[str, ...]) -> Json:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "product"}}
    return _policy(
        _allow([f"{service}:{verb}" for verb in verbs], ["*"]),
        _allow([f"{service}:Update*", f"{service}:Tag*"], ["*"], tagged),
    )


def _policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


OWN = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
ENROL = [
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:GetMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "sts:GetSessionToken",
]


def _force_mfa(*further: str, own: list[str], operator: str = "BoolIfExists") -> Json:
    return _policy(
        _allow(["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"], ["*"]),
        _allow(["iam:ChangePassword", "iam:GetUser"], own),
        _allow(["iam:CreateVirtualMFADevice"], ["arn:aws:iam::*:mfa/*"]),
        _allow(
            [
                "iam:DeactivateMFADevice",
                "iam:EnableMFADevice",
                "iam:GetMFADevice",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
            ],
            own,
        ),
        {
            "Sid": "DenyUnlessMfa",
            "Effect": "Deny",
            "NotAction": [*ENROL, *further],
            "Resource": "*",
            "Condition": {operator: {"aws:MultiFactorAuthPresent": "false"}},
        },
    )


_CHANGE = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
_VERBS = ("Describe*", "Get*", "List*")
SHAPES: tuple[Json, ...] = (
    _force_mfa(*_CHANGE, own=OWN),
    _force_mfa(own=OWN[:1]),
    _force_mfa(*_CHANGE, own=OWN, operator="Bool"),
    _policy(_allow(list(_CHANGE[:1]), OWN[:1])),
    _policy(_allow(["sts:AssumeRole"], [f"arn:aws:iam::{ACCOUNT}:role/team/*"])),
    _policy(_allow(["iam:PassRole"], [f"arn:aws:iam::{ACCOUNT}:role/service/*"])),
    _policy(
        _allow(["ec2:*"], ["*"], {"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        _allow(["ec2:Describe*"], ["*"], {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    ),
    *(
        _service(service, _VERBS)
        for service in "ec2 ecs rds sqs sns logs dynamodb lambda kms ssm".split()
    ),
    *(_service(service, ("*",)) for service in "cloudwatch events states glue athena".split()),
    *(_bucket(name) for name in "releases reports backups models logs exports".split()),
)


def _managed(draw: random.Random, number: int) -> Json:
    name = f"policy-{number:05}"
    path = draw.choice(("/", "/", "/team/", "/platform/"))
    document = _bucket(f"team-{number}") if draw.random() < 0.25 else draw.choice(SHAPES)
    count = draw.choice((1, 1, 2, 3))
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:policy{path}{name}",
        "Path": path,
        "DefaultVersionId": f"v{count}",
        "AttachmentCount": 1,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": DATE,
        "UpdateDate": DATE,
        "PolicyVersionList": [
            {
                "Document": document if version == count else draw.choice(SHAPES),
                "VersionId": f"v{version}",
                "IsDefaultVersion": version == count,
                "CreateDate": DATE,
            }
            for version in range(count, 0, -1)
        ],
    }


def _administrator() -> Json:
    return {
        "PolicyName": "AdministratorAccess",
        "PolicyId": "ANPA9999999999999999",
        "Arn": "arn:aws:iam::aws:policy/AdministratorAccess",
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 3,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": DATE,
        "UpdateDate": DATE,
        "PolicyVersionList": [
            {
                "Document": _policy({"Effect": "Allow", "Action": "*", "Resource": "*"}),
                "VersionId": "v1",
                "IsDefaultVersion": True,
                "CreateDate": DATE,
            }
        ],
    }


def _attached(policy: Json) -> Json:
    return {"PolicyName": policy["PolicyName"], "PolicyArn": policy["Arn"]}


def _inline(draw: random.Random, key: str) -> list[Json]:
    if draw.random() < 0.8:
        return []
    return [{"PolicyName": f"{key}-inline", "PolicyDocument": draw.choice(SHAPES)}]


def _group(draw: random.Random, number: int, policies: list[Json]) -> Json:
    name = f"group-{number:04}"
    attached = [_attached(p) for p in draw.sample(policies, draw.randint(1, 5))]
    if number % 25 == 0:
        attached.append(_attached(_administrator()))
    return {
        "Path": "/",
        "GroupName": name,
        "GroupId": f"AGPA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/{name}",
        "CreateDate": DATE,
        "GroupPolicyList": _inline(draw, name),
        "AttachedManagedPolicies": attached,
    }


def _user(
    draw: random.Random, number: int, team: list[Json], groups: list[Json], policies: list[Json]
) -> Json:
    name = f"{draw.choice(('alice', 'bob', 'carol', 'dave', 'erin'))}.{number:05}"
    path = draw.choice(("/", "/", "/", "/staff/", "/platform/operators/"))
    found: Json = {
        "Path": path,
        "UserName": name,
        "UserId": f"AIDA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user{path}{name}",
        "CreateDate": DATE,
    }
    if inline := _inline(draw, name):
        found["UserPolicyList"] = inline
    further = draw.sample(groups, 1) if draw.random() < 0.15 else []
    found["GroupList"] = list(dict.fromkeys(g["GroupName"] for g in (*team, *further)))
    direct = draw.sample(policies, 1) if draw.random() < 0.1 else []
    found["AttachedManagedPolicies"] = [_attached(p) for p in direct]
    if draw.random() < 0.05:
        found["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": draw.choice(policies[:5])["Arn"],
        }
    found["Tags"] = [{"Key": "team", "Value": draw.choice(("product", "data", "web"))}]
    return found


def _role(draw: random.Random, number: int, policies: list[Json]) -> Json:
    name = f"role-{number:05}"
    return {
        "Path": "/team/",
        "RoleName": name,
        "RoleId": f"AROA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/team/{name}",
        "CreateDate": DATE,
        "AssumeRolePolicyDocument": draw.choice(TRUSTS),
        "InstanceProfileList": [],
        "RolePolicyList": _inline(draw, name),
        "AttachedManagedPolicies": [
            _attached(p) for p in draw.sample(policies, draw.randint(1, 3))
        ],
        "Tags": [],
        "RoleLastUsed": {"LastUsedDate": DATE, "Region": "eu-central-1"},
    }


def _trust(principal: Json, condition: Json | None = None) -> Json:
    found: Json = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        found["Condition"] = condition
    return _policy(found)


_ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TRUSTS = (
    *[_trust({"Service": f"{s}.amazonaws.com"}) for s in ("ec2", "lambda", "ecs-tasks", "states")],
    _trust(_ROOT, _MFA),
    _trust(_ROOT, {**_MFA, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}),
    _trust(_ROOT, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
    _trust(_ROOT),
    _trust({"AWS": "arn:aws:iam::444455556666:root"}, {"StringEquals": {"sts:ExternalId": "x"}}),
)


def rows(scratch: Path, peers: Path | None = None, *, quick: bool = False) -> Iterator[Row]:
    """Time against `json.load` and a linter, and how time and memory grow with the account."""
    scratch.mkdir(exist_ok=True)
    sizes = (500, 2_000) if quick else (500, 5_000, 50_000)
    middle = sizes[len(sizes) // 2] if len(sizes) > 2 else sizes[-1]
    taken: dict[int, float] = {}
    for users in sizes:
        path = scratch / f"dump-{users}.json"
        write(path, users)
        found = interleaved(
            partial(_ours, path),
            partial(_floor, path),
            pairs=3 if quick or users > middle else 7,
            warm_up=1,
        )
        taken[users] = min(found.ours)
        yield row(
            f"audit of a dump of {users:,} users",
            found,
            target=10.0 if users == 5_000 else None,
            note=f"{path.stat().st_size / 2**20:.1f} MiB; {_counts(path)}",
        )
        if measure.has_proc():
            yield _memory(path, users, 1.0 if users == 50_000 else None)
        if users == middle:
            yield _peer(path, users, peers, found.ours)
        path.unlink()
    if len(sizes) > 2:
        yield _growth(taken)


def _command(path: Path) -> list[str | Path]:
    return [measure.gen(), "audit", "--fail-on", "never", "--format", "json", path]


def _ours(path: Path) -> float:
    return run(_command(path), path.parent).wall


def _floor(path: Path) -> float:
    return run([sys.executable, "-c", LOAD, path], path.parent).wall


def _counts(path: Path) -> str:
    found = json.loads(measure.answer(_command(path), path.parent))
    people, sets = found["accounts"][0]["people"], found["accounts"][0]["permission_sets"]
    summary = found["summary"]
    return (
        f"{len(people):,} people with {sets:,} sets of permissions, {summary['documents']:,} "
        f"documents, {summary['findings']:,} findings"
    )


def _memory(path: Path, users: int, target: float | None) -> Row:
    load: list[str | Path] = [sys.executable, "-c", LOAD, path]
    mine, theirs = (
        max(run(command, path.parent, watch=True).peaks) / 2**20
        for command in (_command(path), load)
    )
    name = f"peak memory, {users:,} users"
    return Row(name, f"{mine:.0f} MiB", f"{theirs:.0f} MiB", mine / theirs, target=target)


def _peer(path: Path, users: int, peers: Path | None, ours: list[float]) -> Row:
    """The same dump through a linter that reads dumps. It takes so long that once is enough."""
    name = f"audit of a dump of {users:,} users, against {PEER}"
    program = peers / PEER / "bin" / PEER if peers else None
    if program is None or not program.is_file():
        return Row(name, "-", "not installed", note="--peers names where; see benchmarks/peers.py")
    output = path.parent / "scan"
    output.mkdir(exist_ok=True)
    scan = ("scan", "--input-file", path, "--output", output, "--skip-open-report")
    theirs = run([program.absolute(), *scan], path.parent).wall
    mine = statistics.median(ours)
    return Row(name, f"{mine:.2f} s", f"{theirs:.2f} s", mine / theirs)


def _growth(taken: dict[int, float]) -> Row:
    """Whether a further user costs as much in a large account as in a small one."""
    least, middle, most = taken
    each = (taken[most] - taken[middle]) / (most - middle)
    before = (taken[middle] - taken[least]) / (middle - least)
    return Row(
        "time for each further user, at the end against the beginning",
        f"{each * 1e6:.0f} us",
        f"{before * 1e6:.0f} us",
        each / before,
        target=1.25,
        note=f"from {middle:,} to {most:,} users, against {least:,} to {middle:,}",
    )


def main() -> int:
    """Write a dump to look at."""
    parser = argparse.ArgumentParser(description="Write the dump of an account.")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--users", type=int, default=5_000)
    arguments = parser.parse_args()
    write(arguments.file, arguments.users)
    return 0


if __name__ == "__main__":
    sys.exit(main())
