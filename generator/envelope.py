"""A line of a stream as an object, the documents in it left as they are written.

Most lines of a stream have documents that some line before had too, so that reading them is put off
until somebody asks; the rest of a line is read as strictly as any file.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from generator.errors import GenError
from generator.grammar import loads


class Inline(bytes):
    """Documents as a line has them, in JSON not read yet."""


class _Envelope(Struct):
    """The fields of a line that hold documents."""

    identity: Raw = Raw()
    trust: Raw = Raw()
    boundary: Raw = Raw()
    session: Raw = Raw()
    scps: Raw = Raw()
    rcps: Raw = Raw()


_FIELDS: Final = _Envelope.__struct_fields__
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
# Shorter ones are read at once. They may also stand in a text as they are.
_LONG: Final = 64


def read_line(line: bytes) -> dict[str, Any]:
    """One line, in UTF-8, as an object. Documents in it are read when they are needed, and once:
    many lines have the same ones.

    Raises:
        GenError: not one JSON object, or a key stands twice.
    """
    inline: dict[tuple[str, str], Inline] = {}
    short = line
    for field, raw in _raw_documents(line):
        # Cut out of the line, so that the rest of it is read as strictly as ever.
        number = len(inline)
        if (at := _place(short, raw)) >= 0:
            short = b'%b"\\u0000%d"%b' % (short[:at], number, short[at + len(raw) :])
            inline[field, f"\x00{number}"] = Inline(raw)
    data = loads(short.decode())
    if not isinstance(data, dict):
        raise GenError("not a JSON object", hint="write one request a line")
    for (field, stand_in), found in inline.items():
        if data.get(field) != stand_in:
            return _plain(line)
        data[field] = found
    return data


def _place(line: bytes, raw: bytes) -> int:
    """Where a long text first stands in a line, by its beginning, which is quicker than by all."""
    start = raw[:32]
    at = line.find(start)
    while at >= 0 and not line.startswith(raw, at):
        at = line.find(start, at + 1)
    return at


def _plain(line: bytes) -> dict[str, Any]:
    data = loads(line.decode())
    assert isinstance(data, dict)
    return data


def _raw_documents(line: bytes) -> Iterator[tuple[str, bytes]]:
    """The long fields of a line that hold documents, as they are written."""
    if len(line) < _LONG:
        return
    try:
        found = _ENVELOPE.decode(line)
    except (msgspec.DecodeError, RecursionError):
        # What is wrong with it is said by whoever reads it whole.
        return
    for field in _FIELDS:
        raw = bytes(getattr(found, field))
        if len(raw) >= _LONG:
            yield field, raw
