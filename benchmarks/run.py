"""How fast gen is, beside what the same machine needs for the least that must be done.

Prints one table. Ratios compare neighbours in time (A B A B), so they hold on a busy machine too;
seconds are for the curious. Nothing here is a test: a target that is missed is shown, not raised.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import accounts as dumps
import decisions as deciding
import fleet
import measure
import peers as linters
from measure import CORES, ROOT, CannotRunError, Row, Run, interleaved, row, run

IMPORTS = "import yaml, jinja2, json"
PEER = "policy_sentry"
# A policy for one service, as policy_sentry documents its CRUD mode: access levels and ARNs.
PEER_INPUT = """mode: crud
read:
- arn:aws:ssm:us-east-1:111122223333:parameter/product
write:
- arn:aws:ssm:us-east-1:111122223333:parameter/product
list:
- arn:aws:s3:::product-releases
tagging:
- arn:aws:secretsmanager:us-east-1:111122223333:secret:product
"""


class Options(NamedTuple):
    """What was asked for, and an empty directory to work in."""

    quick: bool
    peer: Path | None
    peers: Path | None
    scratch: Path


def process(options: Options) -> Iterator[Row]:
    """One profile as a whole process, against Python that only imports the libraries."""
    pairs = 9 if options.quick else 41
    where = options.scratch / "process"
    shutil.copytree(ROOT / "profiles", where / "profiles")
    gen, floor = measure.gen(), [sys.executable, "-c", IMPORTS]

    def timed(*arguments: str, fresh: bool = False) -> float:
        if fresh:
            shutil.rmtree(where / "out", ignore_errors=True)
        return run([gen, *arguments], where).wall

    def imports() -> float:
        return run(floor, where).wall

    team = ("render", "profiles/team.yaml")
    found = interleaved(lambda: timed(*team, fresh=True), imports, pairs=pairs)
    yield row("gen render profiles/team.yaml, first time", found, target=1.6)
    found = interleaved(lambda: timed(*team), imports, pairs=pairs)
    yield row("gen render profiles/team.yaml, unchanged", found, target=1.6)
    found = interleaved(lambda: timed("verify", "profiles/team.yaml"), imports, pairs=pairs)
    yield row("gen verify profiles/team.yaml, every action", found, target=4.0)
    found = interleaved(lambda: timed("--help"), imports, pairs=pairs)
    yield row("gen --help", found, target=1.0)


def many(options: Options) -> Iterator[Row]:
    """Ten thousand profiles in one process, against the same work without any care."""
    count, few, pairs = (1_000, 200, 1) if options.quick else (10_000, 1_000, 3)
    where = options.scratch / "many"
    profiles = [*fleet.write(where / "profiles", count)]
    fleet.write(where / "few", few)
    gen = measure.gen()
    ours: list[Run] = []
    theirs: list[Run] = []

    def render() -> float:
        shutil.rmtree(where / "out", ignore_errors=True)
        ours.append(run([gen, "render", "profiles"], where))
        return ours[-1].wall * CORES

    def floor() -> float:
        shutil.rmtree(where / "floor", ignore_errors=True)
        script = ROOT / "benchmarks/floor.py"
        found = measure.answer([sys.executable, script, "profiles", "floor"], where)
        theirs.append(Run(**json.loads(found)))
        return theirs[-1].wall

    run([gen, "render", "few", "--out", "warm"], where)
    found = interleaved(render, floor, pairs=pairs, warm_up=0)
    documents = _same_tree(where / "out", where / "floor")
    cores = statistics.median(run.cpu / run.wall for run in ours)
    wall = statistics.median(run.wall for run in ours)
    note = (
        f"{len(profiles) / wall:,.0f} profiles and {documents / wall:,.0f} documents a second; "
        f"{cores:.2f} of {CORES} cores used"
    )
    name = f"{count:,} profiles"
    yield row(f"{name}: wall seconds x {CORES} cores", found, target=2.5, note=note)
    cpu = measure.Pairs([run.cpu for run in ours], [run.cpu for run in theirs])
    yield row(f"{name}: CPU seconds", cpu, target=2.5)
    yield _unchanged(where, name, statistics.median(run.wall for run in ours), options.quick)
    if measure.has_proc():
        yield _memory(where, count, few)


def peer(options: Options) -> Iterator[Row]:
    """The same from policy_sentry: its own documented example."""
    pairs = 5 if options.quick else 31
    where = options.scratch / "peer"
    shutil.copytree(ROOT / "profiles", where / "profiles")
    (where / "crud.yml").write_text(PEER_INPUT, encoding="utf-8")
    name, gen, program = f"gen render against {PEER} write-policy", measure.gen(), _peer(options)
    if program is None:
        remedy = f"pip install {PEER}, anywhere; --peer names its virtual environment"
        yield Row(name, "-", "not installed", note=remedy)
        return
    version = measure.answer([program, "--version"], where).split()[-1]
    found = interleaved(
        lambda: run([gen, "render", "profiles/team.yaml"], where).wall,
        lambda: run([program, "write-policy", "--input-file", "crud.yml"], where).wall,
        pairs=pairs,
    )
    yield row(name, found, note=f"{PEER} {version}")


def decisions(options: Options) -> Iterator[Row]:
    """`gen simulate --jsonl` against another evaluator, and how its time grows."""
    yield from deciding.rows(options.scratch / "decisions", quick=options.quick)


def audit(options: Options) -> Iterator[Row]:
    """`gen audit` of one policy against other linters, each in a virtual environment of its own."""
    yield from linters.rows(options.scratch / "audit", options.peers, quick=options.quick)


def accounts(options: Options) -> Iterator[Row]:
    """`gen audit` of an account dump, against reading the same file, and how its time grows."""
    yield from dumps.rows(options.scratch / "accounts", options.peers, quick=options.quick)


BENCHMARKS: dict[str, Callable[[Options], Iterator[Row]]] = {
    "process": process,
    "many": many,
    "peer": peer,
    "decisions": decisions,
    "audit": audit,
    "accounts": accounts,
}


def _same_tree(out: Path, floor: Path) -> int:
    """The number of policy documents, once both sides are known to have written the same files."""
    written, expected = (
        {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
        for root in (out, floor)
    )
    if written != expected:
        raise CannotRunError(f"{len(written ^ expected)} files differ between gen and the floor")
    return sum(path.name.endswith("-policy.json") for path in written)


def _unchanged(where: Path, name: str, first: float, quick: bool) -> Row:
    """Rendering again what is there already, and proof that nothing was touched."""
    before = _state(where / "out")
    again = [
        run([measure.gen(), "render", "profiles"], where).wall for _ in range(1 + 2 * (not quick))
    ]
    touched = sum(before[path] != state for path, state in _state(where / "out").items())
    touched += len(before.keys() - _state(where / "out").keys())
    return Row(
        f"{name}, unchanged: files and folders touched",
        f"{touched} of {len(before):,}",
        "0",
        ratio=float(touched),
        target=0.0,
        note=f"{measure.seconds(again)}; the first time took {first:.2f} s",
    )


def _state(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
        for path in (folder, *folder.rglob("*"))
        for stat in [path.lstat()]
    }


def _memory(where: Path, count: int, few: int) -> Row:
    """Whether memory grows with the number of profiles. Not timed: watching costs time."""
    gen, found = measure.gen(), []
    for profiles in ("few", "profiles"):
        shutil.rmtree(where / "memory", ignore_errors=True)
        done = run([gen, "render", profiles, "--out", "memory"], where, watch=True)
        found.append([peak / 2**20 for peak in done.peaks])
    less, more = map(sum, found)
    each = (found[1][0] - found[0][0]) * 2**20 / (count - few)
    words = [" + ".join(f"{peak:.0f}" for peak in peaks) for peaks in found]
    return Row(
        f"{count:,} profiles: peak memory of all processes",
        f"{more:.0f} MiB",
        f"{less:.0f} MiB at {few:,}",
        more / less,
        target=1.25,
        note=f"first process and workers: {words[1]} MiB, against {words[0]}; 1.25 counts as flat; "
        f"{each:,.0f} bytes a profile in the first process",
    )


def _peer(options: Options) -> Path | None:
    if options.peer:
        place = options.peer.absolute()
        for path in (place / "bin" / PEER, place / PEER, place):
            if path.is_file():
                return path
        raise CannotRunError(f"{options.peer} has no {PEER}; pip install {PEER} there")
    beside = Path(sys.executable).parent / PEER
    found = str(beside) if beside.exists() else shutil.which(PEER)
    return Path(found) if found else None


def table(rows: Sequence[Row]) -> str:
    """Aligned columns; notes stand below."""
    lines = [("", "measured", "floor or peer", "ratio", "middle half", "target", "met")]
    for number, r in enumerate(rows, 1):
        lines.append(
            (
                f"{number}. {r.what}",
                r.measured,
                r.against,
                "-" if r.ratio is None else f"{r.ratio:.2f}",
                "-" if r.quartiles is None else "{:.2f} to {:.2f}".format(*r.quartiles),
                "-" if r.target is None else f"{'>=' if r.at_least else '<='} {r.target:g}",
                {True: "yes", False: "NO", None: "-"}[r.met],
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    notes = [f"{number}. {r.note}" for number, r in enumerate(rows, 1) if r.note]
    return "\n".join(line.rstrip() for line in (*text, "", *notes))


def machine(scratch: Path) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": CORES,
        "load": [round(os.getloadavg()[0], 2)],
        "scratch": str(scratch.parent),
    }


def _scratch_place() -> str | None:
    """Memory rather than a disk where there is enough: disks differ more than programs do."""
    memory = Path("/dev/shm")  # noqa: S108
    if memory.is_dir() and shutil.disk_usage(memory).free > 2**31:
        return str(memory)
    return None


def main() -> int:
    """Run what was asked for; 1 only if something could not run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    known = ", ".join(BENCHMARKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{known}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer profiles")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here as well")
    parser.add_argument("--peer", type=Path, metavar="PATH", help=f"where {PEER} is installed")
    parser.add_argument(
        "--peers", type=Path, metavar="DIR", help="a folder of virtual environments of linters"
    )
    parser.add_argument(
        "--scratch", metavar="DIR", help="a directory to work in; default: memory, if enough"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {known}")
    rows: list[Row] = []
    failed = False
    # The scratch directory may be in memory: it goes away with us, however we go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(dir=arguments.scratch or _scratch_place()) as scratch:
        options = Options(arguments.quick, arguments.peer, arguments.peers, Path(scratch).resolve())
        about = machine(options.scratch)
        for name in arguments.names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            try:
                rows += BENCHMARKS[name](options)
            except CannotRunError as error:
                print(f"{name} could not run: {error}", file=sys.stderr)
                failed = True
    about["load"] += [round(os.getloadavg()[0], 2)]
    words = "Python {python}, {system}, {cores} cores, load {load[0]} to {load[1]}, in {scratch}"
    print(words.format(**about))
    print(table(rows))
    if arguments.json:
        found = {"machine": about, "rows": [{**r._asdict(), "met": r.met} for r in rows]}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
