"""Policy variables: UG:reference_policies_variables."""

from .truth import Doubt
from .wildcards import Piece, Wild, pieces_of

Context = dict[str, list[str]]  # keys in lower case; an absent key is not in it


class Missing:
    """The variable has no value in the request, so the text with it matches nothing."""


def expand(
    text: str, context: Context, version: str, *, wild: bool
) -> list[Piece] | Missing | Doubt:
    """The text with its variables replaced; `wild`: its own `*` and `?` are wildcards.

    The older version of the language has no variables: there the text is literal.
    """
    pieces: list[Piece] = []
    doubt: Doubt | None = None
    while text:
        start = text.find("${") if version == "2012-10-17" else -1
        plain = text if start < 0 else text[:start]
        pieces += pieces_of(plain) if wild else list(plain)
        if start < 0:
            break
        name, default, rest = _variable(text[start + 2 :])
        if name is None:
            doubt = doubt or Doubt(f"not a policy variable: {text[start:]!r}")
            break
        text = rest
        if name in ("*", "?", "$"):
            pieces.append(name)
            continue
        values = context.get(name.lower())
        if values is None and default is None:
            return Missing()
        if values is not None and len(values) > 1:
            doubt = doubt or Doubt(f"a key with several values as variable: {name}")
            continue
        value = values[0] if values is not None else default
        assert value is not None
        if wild and ("*" in value or "?" in value):
            doubt = doubt or Doubt(f"wildcards in the value of variable {name}: {value!r}")
        pieces += list(value)
    return doubt or pieces


def _variable(text: str) -> tuple[str | None, str | None, str]:
    """Name, default and what follows, of a text after `${`; no name: it is malformed."""
    end = text.find("}")
    comma = text.find(", '")
    if 0 <= comma < end or (comma >= 0 and end < 0):
        quote = text.find("'}", comma + 3)
        if comma == 0 or quote < 0:
            return None, None, ""
        return text[:comma], text[comma + 3 : quote], text[quote + 2 :]
    if end < 1 or "," in text[:end]:
        return None, None, ""
    return text[:end], None, text[end + 1 :]


def as_text(pieces: list[Piece]) -> str:
    """The text of pieces without wildcards."""
    assert not any(isinstance(piece, Wild) for piece in pieces)
    return "".join(str(piece) for piece in pieces)
