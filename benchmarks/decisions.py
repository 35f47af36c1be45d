"""Decisions a second: requests and policies as JSON lines, no two requests alike.

Documents are those of an organisation's teams: users behind a Deny without MFA, roles with a
permissions boundary, SCPs above both, bucket policies beside them.
"""

import json
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import measure
from measure import ROOT, CannotRunError, Pairs, Row, interleaved, run

Json = dict[str, Any]
Kind = Literal["by name", "inline", "inline, no document twice"]

PEER = "@cloud-copilot/iam-simulate"
FOLDER = ROOT / "tests/iam_simulate"
KINDS: tuple[Kind, ...] = ("by name", "inline", "inline, no document twice")
SETS = 50
STATEMENTS = (1, 10, 100)
FLAT = 1.25
ACCOUNT = "111122223333"

# What a team's users and roles call, on what; {} is the team.
CALLS = (
    ("s3:GetObject", "arn:aws:s3:::{}-data/reports/2026.csv"),
    ("s3:PutObject", "arn:aws:s3:::{}-data/home/alice/notes"),
    ("s3:ListBucket", "arn:aws:s3:::{}-data"),
    ("ec2:RunInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"),
    ("ec2:DescribeInstances", "*"),
    ("iam:ChangePassword", "arn:aws:iam::111122223333:user/{}/alice"),
    ("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/{}/alice"),
    ("iam:ListUsers", "*"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:{}-jobs"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/{}-deploy"),
)
OWN = "arn:aws:iam::*:user/*/${aws:username}"
REGIONS = ["eu-west-1", "eu-central-1"]


def rows(scratch: Path, *, quick: bool) -> Iterator[Row]:
    """All rows: against the package, then how time grows."""
    scratch.mkdir()
    yield from _against_peer(scratch, 1_000 if quick else 10_000, 1 if quick else 3)
    yield from _growth(scratch, quick=quick)


def requests(kind: Kind, count: int) -> Iterator[Json]:
    """The lines of a stream, the same ones every time."""
    teams = [f"team{number:02}" for number in range(SETS)]
    policies = {team: _policies(team) for team in teams}
    if kind == "by name":
        for team in teams:
            for name, document in _named(team, policies[team]):
                yield {"define": name, "policy": document}
    for number in range(count):
        team = teams[number % SETS]
        request = _request(number, team)
        documents = policies[team]
        if kind == "by name":
            documents = _names(team, documents)
        elif kind == "inline, no document twice":
            documents = _numbered(documents, number)
        request |= {
            key: value
            for key, value in documents.items()
            if key != "trust" or request["action"].startswith("s3:")
        }
        yield request


def _request(number: int, team: str) -> Json:
    turn = number // SETS
    action, resource = CALLS[turn % len(CALLS)]
    turn //= len(CALLS)
    mfa = turn % 3 > 0
    user = team < f"team{SETS // 2:02}"
    request: Json = {
        "id": number,
        "principal": (
            f"arn:aws:iam::{ACCOUNT}:user/{team}/alice"
            if user
            else f"arn:aws:sts::{ACCOUNT}:assumed-role/{team}-work/alice"
        ),
        "action": action,
        "resource": resource.format(team),
        "account": ACCOUNT,
        "context": {
            "aws:SourceIp": f"203.0.{number // 250 % 250}.{number % 250 + 1}",
            "aws:CurrentTime": f"2026-07-{turn % 28 + 1:02}T12:{number % 60:02}:00Z",
            "aws:SecureTransport": "true" if number % 7 else "false",
            "aws:RequestedRegion": ("eu-west-1", "us-east-1")[number % 5 == 0],
            "aws:PrincipalTag/team": team,
        },
    }
    if mfa:
        request["context"] |= {
            "aws:MultiFactorAuthPresent": "true",
            "aws:MultiFactorAuthAge": str(number % 7200),
        }
    return request


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _statement(sid: str, effect: str, **elements: Any) -> Json:
    return {"Sid": sid, "Effect": effect, **elements}


def _policies(team: str) -> Json:
    """What is in play for a team, as the fields of a request."""
    data = f"arn:aws:s3:::{team}-data"
    work = _document(
        _statement("Look", "Allow", Action=["ec2:Describe*", "iam:List*"], Resource="*"),
        _statement("List", "Allow", Action="s3:ListBucket", Resource=data),
        _statement(
            "Home",
            "Allow",
            Action=["s3:GetObject", "s3:PutObject"],
            Resource=[f"{data}/home/alice/*", f"{data}/reports/*"],
        ),
        _statement(
            "Launch",
            "Allow",
            Action="ec2:RunInstances",
            Resource=f"arn:aws:ec2:*:{ACCOUNT}:instance/*",
            Condition={"StringEquals": {"aws:PrincipalTag/team": team}},
        ),
        _statement(
            "Deploy",
            "Allow",
            Action="sts:AssumeRole",
            Resource=f"arn:aws:iam::{ACCOUNT}:role/{team}-deploy",
            Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        ),
        _statement(
            "Queue",
            "Allow",
            Action="sqs:*",
            Resource=f"arn:aws:sqs:*:{ACCOUNT}:{team}-*",
            Condition={"IpAddress": {"aws:SourceIp": ["203.0.0.0/16", "2001:db8::/32"]}},
        ),
    )
    own = _document(
        _statement(
            "AllowOwnUser",
            "Allow",
            Action=["iam:ChangePassword", "iam:CreateAccessKey", "iam:GetUser"],
            Resource=["arn:aws:iam::*:user/${aws:username}", OWN],
        ),
        _statement(
            "DenyUnlessMfa",
            "Deny",
            NotAction=["iam:ChangePassword", "iam:EnableMFADevice", "iam:GetUser", "iam:List*"],
            Resource="*",
            Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        ),
    )
    everything = _document(_statement("FullAccess", "Allow", Action="*", Resource="*"))
    guard = _document(
        _statement("FullAccess", "Allow", Action="*", Resource="*"),
        _statement(
            "DenyOtherRegions",
            "Deny",
            NotAction=["iam:*", "sts:*", "s3:*"],
            Resource="*",
            Condition={"StringNotEquals": {"aws:RequestedRegion": REGIONS}},
        ),
        _statement(
            "DenyAfter",
            "Deny",
            Action="*",
            Resource="*",
            Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-12-31T23:59:59Z"}},
        ),
    )
    boundary = _document(
        _statement("Services", "Allow", Action=["s3:*", "ec2:*", "sqs:*"], Resource="*"),
        _statement("NoUsers", "Deny", Action="iam:*", Resource=f"arn:aws:iam::{ACCOUNT}:user/*"),
    )
    bucket = _document(
        _statement(
            "DenyUnencrypted",
            "Deny",
            Principal="*",
            Action="s3:*",
            Resource=[data, f"{data}/*"],
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
        _statement(
            "AllowAccount",
            "Allow",
            Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            Action="s3:GetObject",
            Resource=f"{data}/*",
        ),
    )
    user = team < f"team{SETS // 2:02}"
    found: Json = {"identity": [own, work] if user else [work]}
    if not user:
        found["boundary"] = [boundary]
    return {**found, "scps": [[everything], [guard]], "trust": bucket}


def _each(documents: Json, change: Callable[[str, Json], Any]) -> Json:
    """The same fields, each document changed; it is told its place."""

    def changed(value: Any, place: str) -> Any:
        if isinstance(value, list):
            return [changed(each, f"{place}-{number}") for number, each in enumerate(value)]
        return change(place, value)

    return {field: changed(value, field) for field, value in documents.items()}


def _names(team: str, documents: Json) -> Json:
    return _each(documents, lambda place, _: f"{team}-{place}")


def _named(team: str, documents: Json) -> Iterator[tuple[str, Json]]:
    found: dict[str, Json] = {}
    _each(documents, lambda place, document: found.update({f"{team}-{place}": document}))
    yield from found.items()


def _numbered(documents: Json, number: int) -> Json:
    """The same documents, the first statement of each with a Sid that is in no other request."""

    def change(_: str, document: Json) -> Json:
        first, *more = document["Statement"]
        return {**document, "Statement": [{**first, "Sid": f"{first['Sid']}{number}"}, *more]}

    return _each(documents, change)


def _write(path: Path, lines: Iterator[Json]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
    return path


class Answers(NamedTuple):
    """What a process answered to a stream, and what it said besides."""

    outcomes: list[str]
    said: str


def _answers(command: Sequence[str | Path], stream: Path) -> Answers:
    with stream.open("rb") as file:
        done = subprocess.run(
            command, stdin=file, env=measure.environment(), capture_output=True, check=False
        )
    if done.returncode:
        raise CannotRunError(done.stderr.decode(errors="replace")[-2000:])
    outcomes = [json.loads(line)["outcome"] for line in done.stdout.splitlines()]
    return Answers(outcomes, done.stderr.decode().strip())


def _ours() -> list[str | Path]:
    return [measure.gen(), "simulate", "--jsonl"]


def _peer() -> list[str | Path] | None:
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / PEER).is_dir():
        return None
    return [node, FOLDER / "run.mjs"]


def _against_peer(scratch: Path, count: int, pairs: int) -> Iterator[Row]:
    for kind in KINDS:
        stream = _write(scratch / "requests", requests(kind, count))
        yield _rates(f"{count:,} decisions, documents {kind}", stream, count, pairs)


def _rates(name: str, stream: Path, count: int, pairs: int) -> Row:
    ours, peer = _ours(), _peer()

    def by_us() -> float:
        return run(ours, stream.parent, stdin=stream).cpu

    if peer is None:
        cpu = statistics.median(by_us() for _ in range(pairs))
        remedy = f"npm install --prefix {FOLDER.relative_to(ROOT)}"
        return Row(name, f"{count / cpu:,.0f}/s", "not installed", note=remedy)
    found = _answers(ours, stream).outcomes
    by_peer = _answers(peer, stream)
    differ = sum(a != b for a, b in zip(found, by_peer.outcomes, strict=True))
    if differ or "error" in found:
        raise CannotRunError(f"{differ} of {count} answers differ, {found.count('error')} fail")
    timed = interleaved(
        lambda: run(peer, stream.parent, stdin=stream).cpu, by_us, pairs=pairs, warm_up=0
    )
    return _faster(name, timed, count, found, by_peer.said)


def _faster(name: str, timed: Pairs, count: int, outcomes: Sequence[str], said: str) -> Row:
    """A row of rates; the sides of `timed` are the package's seconds and ours."""
    theirs, ours = (count / statistics.median(found) for found in timed)
    each = ", ".join(f"{outcomes.count(one):,} {one}" for one in sorted(set(outcomes)))
    return Row(
        name,
        f"{ours:,.0f}/s",
        f"{theirs:,.0f}/s",
        timed.ratio,
        timed.quartiles,
        10.0,
        f"{each}; {PEER} of itself: {said}",
        at_least=True,
    )


def _growth(scratch: Path, *, quick: bool) -> Iterator[Row]:
    """Microseconds a decision, without the start of the process."""
    rounds = 1 if quick else 3
    empty = _write(scratch / "empty", iter(()))
    start = statistics.median(run(_ours(), scratch, stdin=empty).cpu for _ in range(5))

    def microseconds(lines: Iterator[Json], count: int) -> float:
        stream = _write(scratch / "requests", lines)
        cpu = statistics.median(run(_ours(), scratch, stdin=stream).cpu for _ in range(rounds))
        return (cpu - start) / count * 1e6

    count = 500 if quick else 5_000
    for inline in (False, True):
        found = [microseconds(_of_statements(n, count, inline=inline), count) for n in STATEMENTS]
        kind = "inline" if inline else "by name"
        names = [f"{n} statements, documents {kind}" for n in STATEMENTS]
        yield from _growing(names, found, target=10.0)
    counts = (100, 1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    found = [microseconds(requests("by name", count), count) for count in counts]
    yield from _growing(
        [f"{count:,} requests, documents by name" for count in counts], found, target=FLAT
    )


def _growing(names: Sequence[str], found: Sequence[float], *, target: float) -> Iterator[Row]:
    """A row for each size, against the one of a tenth."""
    before = None
    for name, time in zip(names, found, strict=True):
        what, measured = f"one decision: {name}", f"{time:,.1f} us"
        if before is None:
            yield Row(what, measured, "-")
        else:
            yield Row(what, measured, f"{before:,.1f} us", time / before, target=target)
        before = time


def _of_statements(statements: int, count: int, *, inline: bool) -> Iterator[Json]:
    """Requests that one document decides, by the last of its statements; all are about the call."""
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

    def document(number: int) -> Json:
        return _document(
            *(
                _statement(
                    f"S{n}R{number}",
                    "Allow",
                    Action=["s3:GetObject", "s3:PutObject"],
                    Resource=f"arn:aws:s3:::data-{n}/${{aws:username}}/*",
                    Condition=condition,
                )
                for n in range(statements)
            )
        )

    if not inline:
        yield {"define": "work", "policy": document(0)}
    for number in range(count):
        yield {
            "id": number,
            "principal": f"arn:aws:iam::{ACCOUNT}:user/alice",
            "action": "s3:GetObject",
            "resource": f"arn:aws:s3:::data-{statements - 1}/alice/{number}",
            "account": ACCOUNT,
            "context": {"aws:MultiFactorAuthPresent": "true"},
            "identity": [document(number) if inline else "work"],
        }
