"""`gen audit` of one policy as a whole process, against what other linters take for the same file.

Each of them is in a virtual environment of its own: `python -m venv PEERS/NAME` and
`PEERS/NAME/bin/pip install NAME`, then `--peers PEERS`.
"""

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import measure
from measure import ROOT, CannotRunError, Row, interleaved, row, run

from generator.catalog import actions_of, data_folder

POLICY = ROOT / "tests/published/aws-security-credentials-2026.json"
# The fastest of them has to take this many times as long as gen.
TARGET = 0.5


class Peer(NamedTuple):
    """A linter: its package, its program, what it is called with, and whether it reads the policy
    from standard input."""

    package: str
    program: str
    arguments: tuple[str, ...]
    stdin: bool = False


PEERS = (
    # With --file it insists on a terminal.
    Peer("parliament", "parliament", (), stdin=True),
    # Offline it needs the definitions of the services that the policy names.
    Peer(
        "iam-policy-validator",
        "iam-validator",
        ("validate", "--path", "policy.json", "--aws-services-dir", "services"),
    ),
    Peer("cloudsplaining", "cloudsplaining", ("scan-policy-file", "--input-file", "policy.json")),
)


def rows(where: Path, peers: Path | None, *, quick: bool) -> Iterator[Row]:
    """One row for each linter that is installed."""
    where.mkdir()
    shutil.copy(POLICY, where / "policy.json")
    _services(where / "services")
    gen, pairs = measure.gen(), 7 if quick else 31
    ours: list[str | Path] = [gen, "audit", "--fail-on", "never", "policy.json"]
    for peer in PEERS:
        name = f"gen audit of one policy, against {peer.package}"
        program = peers / peer.package / "bin" / peer.program if peers else None
        if program is None or not program.is_file():
            yield Row(
                name, "-", "not installed", note="--peers names where; see benchmarks/peers.py"
            )
            continue
        found = interleaved(
            lambda: run(ours, where).wall,
            partial(_their_time, peer, program.absolute(), where),
            pairs=pairs,
        )
        yield row(name, found, target=TARGET, note=f"{peer.package} {_version(program)}")


def _their_time(peer: Peer, program: Path, where: Path) -> float:
    given = where / "policy.json" if peer.stdin else None
    return run([program, *peer.arguments], where, stdin=given, may_say_no=True).wall


def _version(program: Path) -> str:
    script = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    package = program.parent.parent.name
    return measure.answer([program.parent / "python", "-c", script, package], ROOT).strip()


def _services(folder: Path) -> None:
    """The definitions of IAM and STS, in the form of AWS's service reference."""
    folder.mkdir()
    names = ("iam", "sts")
    listed = [{"service": name, "url": f"https://servicereference/{name}.json"} for name in names]
    (folder / "_services.json").write_text(json.dumps(listed), encoding="utf-8")
    if not data_folder().is_dir():
        raise CannotRunError("the catalogue of actions is not installed")
    for name in names:
        actions = [
            {"Name": action, "ActionConditionKeys": [], "Resources": []}
            for action in actions_of(name).values()
        ]
        text = json.dumps({"Name": name, "Actions": actions, "Resources": [], "ConditionKeys": []})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
