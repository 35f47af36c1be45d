"""Policy documents read: JSON text to data, and data to a `Policy`, as far as IAM's grammar allows.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from collections.abc import Mapping
from typing import Any

from generator.policy import (
    Condition,
    Effect,
    Patterns,
    Policy,
    PolicyError,
    Principals,
    Statement,
)

VERSIONS = ("2008-10-17", "2012-10-17")
PRINCIPAL_TYPES = ("AWS", "CanonicalUser", "Federated", "Service")
POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)


# Source: IAM User Guide, "Condition operators". Operator names are case sensitive.
_BASES = (
    "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike "
    "StringNotLike NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals "
    "NumericGreaterThan NumericGreaterThanEquals DateEquals DateNotEquals DateLessThan "
    "DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals IpAddress "
    "NotIpAddress ArnEquals ArnNotEquals ArnLike ArnNotLike"
).split()
OPERATORS = frozenset(
    f"{start}{base}{end}"
    for start in ("", "ForAnyValue:", "ForAllValues:")
    for base in _BASES
    for end in ("", "IfExists")
) | {"Null"}


class Number(str):
    """A JSON number's own digits, so that no float ever rounds one."""

    # As JSON has it: what is a number and what is text are told apart.
    __repr__ = str.__str__


def is_number(value: object) -> bool:
    """Whether a value that `loads` has read was a number."""
    return isinstance(value, Number)


def loads(text: str) -> Any:
    """Parse JSON, refusing a key that stands twice in one object. Numbers keep their digits.

    Raises:
        PolicyError: not JSON, a duplicate key, or nested too deeply.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise PolicyError(
            f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}",
            hint="a policy document is one JSON object",
        ) from error
    except RecursionError as error:
        raise PolicyError("nested too deeply to be a policy") from error


def loads_run(text: str) -> list[Any]:
    """Parse a run of JSON values with only white space between them (a rendered template)."""
    values, end = [], _skip_space(text, 0)
    while end < len(text):
        value, end = _DECODER.raw_decode(text, end)
        values.append(value)
        end = _skip_space(text, end)
    return values


def parse_policy(data: object) -> Policy:
    """The policy that a parsed JSON document says.

    `data` is what `loads` returns. Both forms of every element are read: a bare value or a list,
    `Action` or `NotAction`, booleans and numbers with or without quotation marks.

    Raises:
        PolicyError: the grammar does not allow it; the message names the element.
    """
    if not isinstance(data, dict):
        raise PolicyError(f"a policy document is a JSON object, not {_kind(data)}")
    _only(data, POLICY_ELEMENTS, "the document")
    version = data.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise PolicyError(f"`Version` is {_brief(version)}", hint='write "Version": "2012-10-17"')
    if "Statement" not in data:
        raise PolicyError("the document has no `Statement`")
    found = data["Statement"]
    statements = found if isinstance(found, list) else [found]
    if not statements:
        raise PolicyError("`Statement` is an empty list", hint="list something, or take it out")
    return Policy(
        statements=tuple(parse_statement(s, f"Statement[{i}]") for i, s in enumerate(statements)),
        version=version,
        id=_text(data.get("Id", ""), "`Id`"),
    )


def parse_statement(data: object, place: str) -> Statement:
    """One statement; `place` is how messages call it until its Sid is known.

    Raises:
        PolicyError: the grammar does not allow it.
    """
    if not isinstance(data, dict):
        raise PolicyError(f"{place} is {_kind(data)}, not an object")
    sid = _text(data.get("Sid", ""), f"`Sid` of {place}")
    place = f"statement `{sid}`" if sid else place
    _only(data, STATEMENT_ELEMENTS, place)
    if data.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(
            f'{place} has no `Effect` of "Allow" or "Deny"', hint='add "Effect": "Allow" or "Deny"'
        )
    actions = _patterns(data, "Action", place)
    if actions is None:
        raise PolicyError(f"{place} has neither `Action` nor `NotAction`", hint="add one")
    return Statement(
        sid=sid,
        effect=Effect(data["Effect"]),
        principals=_principals(data, place),
        actions=actions,
        resources=_patterns(data, "Resource", place),
        conditions=_conditions(data.get("Condition", {}), place),
    )


def _patterns(data: Mapping[str, Any], element: str, place: str) -> Patterns | None:
    plain, negated = element in data, f"Not{element}" in data
    if plain and negated:
        raise PolicyError(f"{place} has both `{element}` and `Not{element}`", hint="keep one")
    if not plain and not negated:
        return None
    name = element if plain else f"Not{element}"
    return Patterns(_texts(data[name], f"`{name}` of {place}"), negated)


def _principals(data: Mapping[str, Any], place: str) -> Principals | None:
    names = [name for name in ("Principal", "NotPrincipal") if name in data]
    if not names:
        return None
    if len(names) == 2:
        raise PolicyError(f"{place} has both `Principal` and `NotPrincipal`", hint="keep one")
    name, value = names[0], data[names[0]]
    negated = name == "NotPrincipal"
    if value == "*" and type(value) is str:
        return Principals((), negated, anyone=True)
    if not isinstance(value, dict) or not value:
        raise PolicyError(f'`{name}` of {place} is neither "*" nor an object of principals')
    _only(value, PRINCIPAL_TYPES, f"`{name}` of {place}")
    return Principals(
        tuple((kind, _texts(ids, f"`{name}.{kind}` of {place}")) for kind, ids in value.items()),
        negated,
    )


def _conditions(block: object, place: str) -> tuple[Condition, ...]:
    if not isinstance(block, dict):
        raise PolicyError(f"`Condition` of {place} is {_kind(block)}, not an object")
    found = []
    for operator, keys in block.items():
        if operator not in OPERATORS:
            raise PolicyError(
                f"`{operator}` of {place} is not a condition operator",
                hint=_near_operator(operator),
            )
        if not isinstance(keys, dict):
            raise PolicyError(f"`{operator}` of {place} is {_kind(keys)}, not an object")
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            if not values:
                raise PolicyError(
                    f"`{operator}` `{key}` of {place} is an empty list",
                    hint="list something, or take it out",
                )
            texts = tuple(_scalar(v, f"`{operator}` `{key}` of {place}") for v in values)
            found.append(Condition(operator, key, texts))
    return tuple(found)


def _scalar(value: object, place: str) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise PolicyError(f"{place} holds {_kind(value)}, not text, a number or a boolean")


def _texts(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (_text(value, place),)
    if not value:
        raise PolicyError(f"{place} is an empty list", hint="list something, or take it out")
    for item in value:
        _text(item, place)
    return tuple(value)


def _text(value: object, place: str) -> str:
    if type(value) is not str:
        raise PolicyError(f"{place} holds {_kind(value)}, not text")
    return value


def _only(data: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
    for name in data:
        if name not in allowed:
            raise PolicyError(f"`{name}` is not an element of {place}", hint=_near(name, allowed))


def _near(name: str, allowed: tuple[str, ...]) -> str:
    """What somebody probably meant, case aside, or everything there is."""
    from difflib import get_close_matches

    folded = {a.lower(): a for a in allowed}
    near = get_close_matches(str(name).lower(), folded, n=1)
    return f"did you mean `{folded[near[0]]}`?" if near else f"there are {', '.join(allowed)}"


def _near_operator(operator: str) -> str:
    """The operator somebody probably meant: operators are case sensitive."""
    from difflib import get_close_matches

    folded = {o.lower(): o for o in OPERATORS}
    near = get_close_matches(operator.lower(), folded, n=1, cutoff=0.8)
    return (
        f"did you mean `{folded[near[0]]}`?"
        if near
        else ("see IAM User Guide, Condition operators")
    )


def _kind(value: object) -> str:
    if isinstance(value, Number):
        return "a number"
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean"}
    return names.get(type(value), "null")


def _brief(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) and len(value) < 40 else _kind(value)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                text = f"the key `{key}` stands twice in one object"
                raise PolicyError(text, hint="keep one of them")
            seen.add(key)
    return found


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates,
    parse_float=Number,
    parse_int=Number,
    parse_constant=_no_constant,
)
