"""Texts of a document that functions of its template make, and what the template has for them.

What such a function comes to here has stand-ins in it (an account, a partition). No edit may write
that down: the template's own function is written again, or nothing is.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from generator.found import Spans
from generator.positions import Place
from generator.repair.align import NotWrittenError, texts_in
from generator.subject import PLACEHOLDER_ACCOUNT

# Elements whose texts say where, who and in which circumstances; the others have fixed words.
_OF_PLACES: Final = frozenset({"Condition", "NotPrincipal", "NotResource", "Principal", "Resource"})
# What can be written again in brackets as well.
_QUOTED: Final = re.compile(r"""![\w:]+ (?:"[^"\n]*"|'[^'\n]*')|\{[^\n]*\}""")


class Made(Struct, frozen=True, eq=False):
    """`functions` has each text of a document with the function that makes it, and its place;
    `texts` has those inside of lists that are made, too. `written` are those of the file itself."""

    written: frozenset[str]
    functions: dict[str, tuple[Any, Place]]
    texts: frozenset[str]

    def spelled(self, value: Any, keys: tuple[str, ...]) -> Any:
        """What the template has to say for a value that is new in it.

        Raises:
            NotWrittenError: a text of it would be a stand-in.
        """
        if isinstance(value, dict):
            return {key: self.spelled(item, (*keys, key)) for key, item in value.items()}
        texts = [t for t in (value if isinstance(value, list) else [value]) if isinstance(t, str)]
        if lacking := [f"`{t}`" for t in texts if self._is_stand_in(t, keys)]:
            raise NotWrittenError(
                f"it needs {' and '.join(lacking)}, which only a function of the template can "
                "say; add it by hand (`Fn::Sub` has `${!aws:username}` for `${aws:username}`)"
            )
        if isinstance(value, list):
            return [self.spelled(item, keys) for item in value]
        is_copied = isinstance(value, str) and self.is_copied(value)
        return self.functions[value][0] if is_copied else value

    def is_copied(self, text: str) -> bool:
        """Whether a function is written in place of a text."""
        return text.startswith("arn:") and text in self.functions and text not in self.written

    def _is_stand_in(self, text: str, keys: tuple[str, ...]) -> bool:
        if self.is_copied(text):
            return False
        if PLACEHOLDER_ACCOUNT in text and not any(PLACEHOLDER_ACCOUNT in t for t in self.written):
            return True
        if not self.texts or not _OF_PLACES.intersection(keys):
            return False
        if not text.startswith("arn:"):
            return text in self.texts
        # The partition and the account of an ARN may be the template's to fill in.
        start = ":".join(text.split(":", 5)[:5])
        return not any(t.startswith(f"{start}:") for t in self.written)


def made(raw: Any, data: Any) -> Made:
    """What functions make of a document: `raw` is how it stands in its file."""
    functions: dict[str, tuple[Any, Place]] = {}
    texts: set[str] = set()
    for place, function, value in _functions(raw, data, ()):
        texts.update(texts_in(value))
        if isinstance(value, str):
            functions.setdefault(value, (function, place))
    return Made(frozenset(texts_in(raw)), functions, frozenset(texts))


def copies(found: Made, spans: Spans, root: Place) -> dict[str, tuple[str, str]]:
    """For each text that a function is written for: how, and how inside of brackets."""
    copied = {}
    for text, (function, place) in found.functions.items():
        if found.is_copied(text):
            source = spans.text[slice(*spans.values[(*root, *place)])]
            plain = json.dumps(function)
            quoted = source if _QUOTED.fullmatch(source) else plain
            is_short = re.fullmatch(r"![\w:]+ [^&*!|>\n][^\n]*", source)
            copied[text] = (source if is_short else quoted, quoted)
    return copied


def _functions(raw: Any, data: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    """Where a file has something else than the document has."""
    if isinstance(raw, dict) and isinstance(data, dict):
        for key in raw.keys() & data.keys():
            yield from _functions(raw[key], data[key], (*place, key))
    elif isinstance(raw, list) and isinstance(data, list) and len(raw) == len(data):
        for i, (one, other) in enumerate(zip(raw, data, strict=True)):
            yield from _functions(one, other, (*place, i))
    elif raw != data:
        yield place, raw, data
