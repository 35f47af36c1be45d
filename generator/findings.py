"""What a rule found in a document: values, and the order they are shown in."""

from enum import IntEnum
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Confidence: TypeAlias = Literal["low", "medium", "high"]


class Severity(IntEnum):
    """How bad it is for the people of the account; more is worse."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


SEVERITIES: Final = {str(severity): severity for severity in Severity}


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, at its place. `line` and `column` count from 1.

    `document` is what people call the document inside its file, "" where the file is the document;
    `sid` is "" where the statement has none or it is about the whole document. `message` is about
    this document and `fix` is an instruction; `source` is where AWS says so.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    file: str
    line: int
    column: int
    message: str
    fix: str
    source: str
    document: str = ""
    sid: str = ""


def in_order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    """The key findings are sorted by: where they are, then which rule."""
    f = finding
    return f.file, f.line, f.column, f.rule, f.document, f.message
