"""What people have decided about findings: suppressions, and the baseline they start from."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from generator.account.password_policy import NONE
from generator.audit import baseline as baselines
from generator.audit import suppressions as suppressing
from generator.audit.result import Audit
from generator.errors import GenError, MachineError, Where
from generator.findings import Finding
from generator.text import read_text


def labelled(path: Path | None) -> tuple[str, str] | None:
    """The text of a file, and what it is called; None if there is none.

    Raises:
        GenError: it cannot be read.
    """
    return (read_text(path, path.as_posix()), path.as_posix()) if path else None


def password_policy(path: Path | None) -> tuple[str, str] | None:
    """The same of an account's password policy; `none` is an account that has none.

    Raises:
        GenError: it cannot be read.
    """
    if path and path.as_posix() == NONE:
        return NONE, "--password-policy"
    return labelled(path)


def settle(found: Audit, *, suppressions: Path | None, baseline: Path | None) -> Audit:
    """The same audit, with what people live with apart from the rest.

    Raises:
        GenError: a file that they wrote cannot be read.
    """
    # The one place that asks which day it is: suppressions may have an end.
    today = date.today()
    folder = Path.cwd().as_posix()
    notes = list(found.notes)
    left, known, suppressed = found.findings, found.known, found.suppressed
    if given := labelled(suppressions):
        left, suppressed, unused = suppressing.apply(left, suppressing.read(*given), today, folder)
        notes += suppressing.as_notes(unused, today)
    if given := labelled(baseline):
        left, known, gone = baselines.split(left, baselines.read(*given), folder)
        notes += baselines.as_notes(gone)
    return replace(found, findings=left, suppressed=suppressed, known=known, notes=tuple(notes))


def write_baseline(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings as a baseline, in place of another one at the most.

    Raises:
        GenError: the file is there, and is no baseline.
        MachineError: the disk refused.
    """
    where = Where(path.as_posix())
    if path.exists():
        try:
            baselines.read(read_text(path, path.as_posix()), path.as_posix())
        except GenError as error:
            hint = "name a file that is not there yet, or the baseline itself"
            raise GenError("is there and is no baseline", where=where, hint=hint) from error
    try:
        path.write_text(
            baselines.write(findings, Path.cwd().as_posix()), encoding="utf-8", newline="\n"
        )
    except OSError as error:
        raise MachineError(f"cannot be written: {error.strerror}", where=where) from error
