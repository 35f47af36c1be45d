"""Policy variables: what stands for them in a request.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from typing import Final

from generator.context import NOT_KNOWN, Context
from generator.pattern import NAME, NAMES, QUESTION, STAR, literal

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
# A key and, after a comma and a space, a default in quotation marks.
_NAMED: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9:/+=.,@_ -]*?)(?:, '([^']*)')?")


def filled_resource(pattern: str, context: Context) -> str | None:
    """A pattern of a resource filled in: variables stand only after the fifth colon of an ARN.

    None and ABSENT as `filled` answers them.
    Source: IAM User Guide, "IAM policy elements: Variables and tags".
    """
    *fields, rest = pattern.split(":", 5)
    if len(fields) < 5 or fields[0] != "arn":
        return pattern
    text = filled(rest, context, pattern=True)
    return ":".join((*fields, text)) if text is not None and text is not ABSENT else text


# What becomes of text with a variable that the request has no value for: it matches nothing.
ABSENT: Final = "\ue022"


def filled(text: str, context: Context, *, pattern: bool) -> str | None:
    """Text with its policy variables replaced.

    ABSENT if one has neither a value nor a default; None if one is not known, is not written as
    AWS documents it, has several values, or has one with a wildcard that goes into a pattern.
    Source: IAM User Guide, "IAM policy elements: Variables and tags".
    """
    # By far the commonest variable, without a regular expression.
    user = context.get("$aws:username")
    if isinstance(user, str):
        text = text.replace("${aws:username}", user)
        if "${" not in text:
            return text
    names = _VARIABLE.findall(text)
    values = [_variable(name, context, pattern) for name in names]
    if None in values or len(names) < text.count("${"):
        return None
    if ABSENT in values:
        return ABSENT
    found = iter(values)
    return _VARIABLE.sub(lambda _: str(next(found)), text)


def variable(pattern: str) -> str:
    """The first policy variable of a pattern, "" if it has none."""
    found = _VARIABLE.search(pattern)
    return found.group(1) if found else ""


def _variable(name: str, context: Context, pattern: bool) -> str | None:
    if name in _ESCAPES:
        return _ESCAPES[name] if pattern else name
    named = _NAMED.fullmatch(name)
    if not named or ("," in named.group(1) and named.group(2) is None):
        return None
    key, default = named.group(1).lower(), named.group(2)
    value = context.get(f"${key}")
    if value is None:
        value = context.get(key, NOT_KNOWN)
    if value is None or value == ():
        value = ABSENT if default is None else default
    if value is NOT_KNOWN:
        return None
    if not isinstance(value, str):
        if len(value) != 1:
            return None
        value = value[0]
    if pattern and literal(value) is not value:
        return None
    return value


_ESCAPES: Final = {"*": STAR, "?": QUESTION, "$": "$"}


def can_be(pattern: str) -> str:
    """A pattern for all that a pattern with variables can become."""
    return _VARIABLE.sub(_what_it_can_be, pattern)


def _what_it_can_be(variable: re.Match[str]) -> str:
    """A pattern for what a policy variable can stand for: a user name has no slash in it."""
    return NAME + NAMES if variable.group(1).lower() == "aws:username" else "*"
