"""An audit as GitHub workflow commands, which annotate the lines of a pull request.

Source: GitHub Actions documentation, "Workflow commands", and the escaping of actions/toolkit.
"""

from collections.abc import Iterator
from typing import Final

from generator.audit.places import STANDARD_INPUT, relative
from generator.audit.result import Audit
from generator.audit.summary import worst_first
from generator.errors import GenError, one_line
from generator.findings import Finding, Severity

_COMMANDS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
}


def as_annotations(audit: Audit, folder: str = "") -> str:
    """One command a line, errors and the worst findings first: GitHub shows only so many.

    `folder` is the current one: files in it are named from there.
    """
    return "".join(f"{line}\n" for line in _commands(audit, folder))


def _commands(audit: Audit, folder: str) -> Iterator[str]:
    for error in audit.errors:
        yield _of_error("error", "cannot be read", error, folder)
    for finding in worst_first(audit.findings):
        yield _of_finding(finding, folder)
    for note in audit.notes:
        yield _of_error("notice", "gen audit", note, folder)


def _of_finding(f: Finding, folder: str) -> str:
    about = f"{f.document}: " if f.document else ""
    sid = f" [{f.sid}]" if f.sid else ""
    text = f"{about}{f.message}{sid}. Fix: {f.fix}"
    title = f"{f.rule} {f.severity}"
    return _command(_COMMANDS[f.severity], f.file, f.line, f.column, title, text, folder)


def _of_error(command: str, title: str, error: GenError, folder: str) -> str:
    text = error.problem + (f". {error.hint}" if error.hint else "")
    if error.where is None:
        return _command(command, "", 0, 0, title, text, folder)
    path, line, column = error.where
    return _command(command, path, line, column, title, text, folder)


def _command(
    name: str, file: str, line: int, column: int, title: str, text: str, folder: str
) -> str:
    properties: dict[str, object] = {}
    if file and file != STANDARD_INPUT:
        properties["file"] = relative(file, folder)
        properties |= {"line": line, "col": column} if line else {}
    properties["title"] = title
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {said}::{_data(text)}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
