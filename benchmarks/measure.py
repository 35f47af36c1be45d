"""Whole processes, timed in interleaved pairs, and the rows of the table."""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class CannotRunError(Exception):
    """A benchmark could not run: something is missing or a command failed."""


class Row(NamedTuple):
    """One line of the table. `target` is the highest `ratio` that is fine; None: there is none.

    `at_least`: it is the lowest.
    """

    what: str
    measured: str
    against: str
    ratio: float | None = None
    quartiles: tuple[float, float] | None = None
    target: float | None = None
    note: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is none."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


class Run(NamedTuple):
    """What a process and all it started took; `peaks`: bytes, one a process, its own first."""

    wall: float
    cpu: float
    peaks: tuple[int, ...] = ()


class Pairs(NamedTuple):
    """Two sides measured in turns, so that whatever else the machine does meets both."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbours: what slows both sides down drops out."""
        return statistics.median(self._ratios())

    @property
    def quartiles(self) -> tuple[float, float]:
        """Where the middle half of the ratios lies: how noisy the machine was."""
        ratios = self._ratios()
        if len(ratios) < 3:
            return min(ratios), max(ratios)
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, high

    def _ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours, self.theirs, strict=True)]


def interleaved(
    ours: Callable[[], float],
    theirs: Callable[[], float],
    *,
    pairs: int,
    warm_up: int = 2,
) -> Pairs:
    """Measure A B A B; the first rounds compile and fill caches, and do not count."""
    for _ in range(warm_up):
        ours()
        theirs()
    found = Pairs([], [])
    for _ in range(pairs):
        found.ours.append(ours())
        found.theirs.append(theirs())
    return found


def row(what: str, pairs: Pairs, *, target: float | None = None, note: str = "") -> Row:
    """A line from seconds."""
    return Row(
        what,
        seconds(pairs.ours),
        seconds(pairs.theirs),
        pairs.ratio,
        pairs.quartiles,
        target,
        note,
    )


def seconds(found: Sequence[float]) -> str:
    """The median, and the least: the machine at its quietest."""
    median, least = statistics.median(found), min(found)
    if least >= 1:
        return f"{median:.2f} s (min {least:.2f})"
    return f"{median * 1000:.1f} ms (min {least * 1000:.1f})"


def run(
    command: Sequence[str | Path],
    cwd: Path,
    *,
    stdin: Path | None = None,
    watch: bool = False,
    may_say_no: bool = False,
) -> Run:
    """Run a command to its end. `watch` samples its memory, which costs it a little time.

    `may_say_no`: exit code 1 is an answer, as of a linter that found something.

    Raises:
        CannotRunError: it cannot be started, or fails.
    """
    with tempfile.TemporaryFile() as output, (stdin or Path(os.devnull)).open("rb") as given:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=environment(),
                stdin=given,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise CannotRunError(f"{command[0]}: {error.strerror}") from error
        peaks: dict[int, int] = {}
        if watch:
            threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True).start()
        # Not `Popen.wait`: this also answers what the process and its children used.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not (may_say_no and process.returncode == 1):
            output.seek(0)
            words = " ".join(map(str, command))
            text = output.read().decode(errors="replace")[-2000:]
            raise CannotRunError(f"`{words}` exited with {process.returncode}:\n{text}")
    return Run(wall, usage.ru_utime + usage.ru_stime, tuple(peaks.values()))


def answer(command: Sequence[str | Path], cwd: Path) -> str:
    """What a command prints, not timed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise CannotRunError(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout.decode()


def environment() -> dict[str, str]:
    """The environment of every process that is timed, on both sides.

    Without Python's own variables: PYTHONDONTWRITEBYTECODE would have our modules compiled at every
    start, while those of installed packages were compiled when they were installed, and
    PYTHONUNBUFFERED makes a write of every line.
    """
    dropped = ("PYTHON", "GEN_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}


def gen() -> Path:
    """The `gen` that belongs to the interpreter that runs this."""
    path = Path(sys.executable).parent / "gen"
    if not path.exists():
        raise CannotRunError(f"there is no {path}; install the project: pip install -e .")
    return path


def has_proc() -> bool:
    """Whether memory of other processes can be watched here (Linux)."""
    return Path("/proc/self/status").exists()


def _watch(root: int, peaks: dict[int, int]) -> None:
    """Keep the highest resident size of a process and each of its children until all are gone."""
    while True:
        for pid in (root, *_children(root)):
            size = _peak(pid)
            if size is None and pid == root:
                return
            peaks[pid] = max(peaks.get(pid, 0), size or 0)
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        pass
    return found + [grandchild for child in found for grandchild in _children(child)]


def _peak(pid: int) -> int | None:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
