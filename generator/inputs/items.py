"""What can come out of a file: documents, or one of these."""

from collections.abc import Callable
from typing import BinaryIO, TypeAlias

from msgspec import Struct

from generator.errors import GenError
from generator.found import Found


class Skipped(Struct, frozen=True):
    """A file that was read and holds no policy, and nobody said that it would."""

    file: str


class Dump(Struct, frozen=True, eq=False):
    """What `aws iam get-account-authorization-details` prints; may be too large for memory.

    `stream` opens it, one reader after another, as UTF-8 that can be searched.
    """

    file: str
    stream: Callable[[], BinaryIO]


class ReportFile(Struct, frozen=True, eq=False):
    """A credential report, as CSV or as the AWS CLI prints it; `stream` as for dumps."""

    file: str
    stream: Callable[[], BinaryIO]


Item: TypeAlias = Found | Skipped | Dump | ReportFile | GenError
