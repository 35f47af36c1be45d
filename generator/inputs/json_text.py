"""JSON text, read leniently: a key that stands twice is remarked on, and the last one counts."""

import json
import re
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from generator.errors import GenError, Where
from generator.grammar import Number
from generator.inputs.parsed import Parsed, check_depth
from generator.positions import Place, Positions

_WORD: Final = re.compile(r'"[^"\n\\]{,40}"|[\w.+-]{1,20}|.', re.DOTALL)
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)')
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_WANTED: Final = {
    "Expecting ','": ("a comma", "put a comma before it, or take it out"),
    "Expecting ':'": ("a colon", "put a colon between a key and its value"),
    "Expecting property": ("a key", "a key is text in double quotation marks"),
    "Expecting value": ("a value", "put texts in double quotation marks"),
}


def parse(text: str, label: str) -> Parsed:
    """Read one JSON value. Numbers keep their digits, as `grammar.loads` reads them.

    Raises:
        GenError: not JSON, at its line and column; or nothing that can be shown or walked through.
    """
    twice = False

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        found = dict(pairs)
        twice = twice or len(found) != len(pairs)
        return found

    decoder = json.JSONDecoder(
        object_pairs_hook=object_of,
        parse_float=Number,
        parse_int=Number,
        parse_constant=_refuse_constant,
    )
    try:
        data = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _invalid(text, label, error) from error
    except RecursionError as error:
        raise GenError("nested too deeply", where=Where(label)) from error
    check_depth(data, label)
    source = cache(lambda: Positions(text))
    if _SURROGATE.search(text):
        _check_text(data, label, source())
    places = dict.fromkeys(place for place, _ in source().twice) if twice else ()
    return Parsed(label, data, source, tuple(places))


def embedded(parsed: Parsed, place: Place, text: str) -> Parsed:
    """The JSON in a text of a file, which may be URL-encoded, as the API of IAM returns it.

    Raises:
        GenError: not JSON, at the place of the text.
    """
    if is_encoded(text):
        text = unquote(text)
    try:
        return parse(text, "")
    except GenError as error:
        at = error.where
        inside = f" at line {at.line}, column {at.column} of it" if at and at.line else ""
        problem = f"the document in this text cannot be read{inside}: {error.problem}"
        raise GenError(problem, where=parsed.where(place), hint=error.hint) from error


def is_encoded(text: str) -> bool:
    """Whether a text is a URL-encoded JSON object."""
    return text.lstrip()[:3].lower() == "%7b"


def _refuse_constant(name: str) -> Any:
    raise json.JSONDecodeError("constant", name, 0)


def _invalid(text: str, label: str, error: json.JSONDecodeError) -> GenError:
    at = error.pos
    if error.msg == "constant":
        at = next(found.start() for found in _CONSTANT.finditer(text) if found[1])
    elif text[at : at + 1] in ("]", "}") and text[:at].rstrip().endswith(","):
        # Python 3.13 and later say so themselves, at the comma.
        at = len(text[:at].rstrip()) - 1
    problem, hint = _explained(text, at, error.msg)
    where = Where(label, *Positions(text).at(at))
    return GenError(f"not valid JSON: {problem}", where=where, hint=hint)


def _explained(text: str, at: int, message: str) -> tuple[str, str]:
    """What is wrong, in words that do not depend on the version of Python, and what to do."""
    word = found[0] if (found := _WORD.match(text, at)) else ""
    if message.startswith("Unterminated"):
        return "the text that begins here does not end", "close it with a quotation mark"
    if message.startswith("Invalid control"):
        return (
            "a line break or control character stands in a text",
            r"close the text before it, or write it as \n",
        )
    if message.startswith("Invalid \\"):
        return "a backslash here begins nothing that JSON has", r"write a backslash as \\"
    if not text[at:].strip():
        return "it ends in the middle", "close what is open, or fetch the file again"
    if message.startswith("Extra"):
        return "it goes on after its end", "keep one JSON value in a file"
    if word == "," and text[at + 1 :].lstrip()[:1] in ("]", "}"):
        return "a comma stands before a closing bracket", "take the comma out"
    if word in ("/", "#"):
        return "JSON has no comments", "take the comment out"
    wanted = next((w for start, w in _WANTED.items() if message.startswith(start)), None)
    if wanted:
        return f"`{word}` stands where {wanted[0]} should", wanted[1]
    return f"`{word}` is not JSON", "write a number, a text, true, false or null"


def _check_text(data: Any, label: str, positions: Positions) -> None:
    """Refuse one half of a pair of escapes, which is no character and cannot be printed."""
    stack: list[tuple[Place, Any]] = [((), data)]
    while stack:
        place, value = stack.pop()
        texts = [value] if isinstance(value, str) else value if isinstance(value, dict) else ()
        if any(_is_half(text) for text in texts):
            where = Where(label, *positions.mark(place))
            hint = r"write the character itself, or both halves (\ud83d\ude00)"
            raise GenError("a text holds half a character", where=where, hint=hint)
        if isinstance(value, dict):
            stack += [((*place, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [((*place, i), item) for i, item in enumerate(value)]


def _is_half(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
