"""Many profiles in one go: built and compared on every core, moved into place only if all are fine.

Memory does not grow with the documents: what is built is staged on disk, and what travels between
processes is a few words a profile.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from generator.build import Bundle, build
from generator.errors import GenError, GenErrors, MachineError, Where
from generator.load import Source, load
from generator.outputs import Drift, Plan, Staging, commit, compare, locked, on_disk

# Below this, starting processes costs more than they save.
MIN_FOR_PROCESSES: Final = 128
CHUNK: Final = 64

Progress = Callable[[int], None]
Paths: TypeAlias = Sequence[str] | Sequence[Path]


class Outcome(Struct, frozen=True):
    """What became of one profile. `bundle` is kept only where few are rendered."""

    label: str
    name: str = ""
    drifts: tuple[Drift, ...] = ()
    documents: int = 0
    plan: Plan | None = None
    bundle: Bundle | None = None
    error: GenError | None = None


def render_files(
    paths: Paths, *, out: Path, templates: Path | None, progress: Progress | None = None
) -> list[Outcome]:
    """Render profile files into `out`, all of them or none.

    Raises:
        GenErrors: everything wrong with any of them; `out` is as it was.
    """
    with locked(out):
        work = _Work(out, templates, write=True, keep=len(paths) < MIN_FOR_PROCESSES)
        outcomes = _all_or_none(_run(work, paths), progress)
        commit(out, [outcome.plan for outcome in outcomes if outcome.plan])
    return outcomes


def render_source(source: Source, *, out: Path, templates: Path | None) -> list[Outcome]:
    """Render one profile that did not come from a file."""
    with locked(out):
        outcome = _staged(source, Staging(out), templates, keep=True)
        assert outcome.plan is not None
        commit(out, [outcome.plan])
    return [outcome]


def build_files(paths: Paths, *, templates: Path | None) -> list[Bundle]:
    """The bundles of profile files, in memory.

    Raises:
        GenErrors: everything wrong with any of them.
    """
    built = (
        _attempt(path, lambda s: _outcome(build(s, templates=templates), (), None, keep=True))
        for path in paths
    )
    outcomes = _all_or_none(built, None)
    return [outcome.bundle for outcome in outcomes if outcome.bundle]


def check_files(
    paths: Paths, *, out: Path, templates: Path | None, progress: Progress | None = None
) -> list[Outcome]:
    """Compare `out` with what the profile files render to; writes nothing.

    Raises:
        GenErrors: everything wrong with any of them.
    """
    work = _Work(out, templates, write=False, keep=len(paths) < MIN_FOR_PROCESSES)
    return _all_or_none(_run(work, paths), progress)


class _Work(Struct, frozen=True):
    """What a process needs to know to handle profiles."""

    out: Path
    templates: Path | None
    write: bool
    keep: bool

    def __call__(self, paths: Paths) -> list[Outcome]:
        staging = Staging(self.out)
        return [_attempt(path, lambda source: self._one(source, staging)) for path in paths]

    def _one(self, source: Source, staging: Staging) -> Outcome:
        if self.write:
            return _staged(source, staging, self.templates, self.keep)
        bundle = build(source, templates=self.templates)
        drifts = compare(bundle.files, on_disk(self.out / bundle.name))
        return _outcome(bundle, drifts, None, keep=self.keep)


def _attempt(path: str | Path, act: Callable[[Source], Outcome]) -> Outcome:
    """What comes of one profile file; what is wrong with it is an outcome too."""
    try:
        return act(load(Path(path)))
    except GenError as error:
        return Outcome(Path(path).as_posix(), error=error)


def _staged(source: Source, staging: Staging, templates: Path | None, keep: bool) -> Outcome:
    bundle = build(source, templates=templates)
    plan = staging.put(bundle.name, bundle.files)
    return _outcome(bundle, plan.drifts, plan, keep)


def _outcome(bundle: Bundle, drifts: tuple[Drift, ...], plan: Plan | None, keep: bool) -> Outcome:
    return Outcome(
        bundle.source.label,
        bundle.name,
        drifts,
        len(bundle.files),
        plan,
        bundle if keep else None,
    )


def _run(work: _Work, paths: Paths) -> Iterator[Outcome]:
    """Outcomes in the order of `paths`, on one core or all."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if len(paths) < MIN_FOR_PROCESSES or cores == 1:
        yield from work(paths)
        return
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    chunks = [paths[at : at + CHUNK] for at in range(0, len(paths), CHUNK)]
    with ProcessPoolExecutor(max_workers=cores, initializer=_leave_interrupts) as pool:
        try:
            with _interrupts_later():
                found = pool.map(work, chunks)
            for outcomes in found:
                yield from outcomes
        except BrokenProcessPool as error:
            problem = "a worker process was killed"
            raise MachineError(problem, hint="is there enough memory?") from error


def _leave_interrupts() -> None:
    """Ctrl-C is for the command itself, which stops its workers in an orderly way."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back while workers start, who would take it for theirs before they leave it."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _all_or_none(outcomes: Iterable[Outcome], progress: Progress | None) -> list[Outcome]:
    done: list[Outcome] = []
    errors: list[GenError] = []
    labels: dict[str, str] = {}
    # What changed is much the same for many profiles, and comes from workers as copies.
    shared: dict[tuple[Drift, ...], tuple[Drift, ...]] = {}
    for outcome in outcomes:
        if progress:
            progress(1)
        if outcome.error:
            errors += outcome.error.each()
        elif outcome.name in labels:
            errors.append(
                GenError(
                    f"`{outcome.name}` is the name of {labels[outcome.name]} as well",
                    where=Where(outcome.label),
                    hint="the name is the folder under out/; choose another",
                )
            )
        else:
            labels[outcome.name] = outcome.label
            drifts = shared.setdefault(outcome.drifts, outcome.drifts)
            plan = outcome.plan and replace(outcome.plan, drifts=drifts)
            done.append(replace(outcome, drifts=drifts, plan=plan))
    if errors:
        raise GenErrors({str(error): error for error in errors}.values())
    return done
