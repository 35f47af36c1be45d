"""The condition operators: how each compares one value of a policy with one of a request.

A comparison answers None where AWS documents no answer, as for a number that is none.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from generator.pattern import glob, literal

Comparison: TypeAlias = Callable[[str, str], bool | None]
Quantifier: TypeAlias = Literal["", "ForAnyValue", "ForAllValues"]


class Operator(Struct, frozen=True):
    """An operator taken apart. `patterns`: its values may hold wildcards and policy variables.

    `texts`: its values may hold policy variables.
    """

    base: str
    quantifier: Quantifier
    if_exists: bool
    negated: bool
    compare: Comparison
    texts: bool
    patterns: bool


@lru_cache(maxsize=256)
def operator(name: str) -> Operator:
    """The operator of a name that the grammar has accepted, but for `Null`.

    Raises:
        KeyError: there is no such operator.
    """
    start, colon, rest = name.rpartition(":")
    assert not colon or start in ("ForAnyValue", "ForAllValues")
    base = rest.removesuffix("IfExists")
    negated, compare = _COMPARISONS[base]
    return Operator(
        base=base,
        quantifier=start,  # type: ignore[arg-type]
        if_exists=rest != base,
        negated=negated,
        compare=compare,
        texts=base.startswith(("String", "Arn")),
        patterns="Like" in base or base.startswith("Arn"),
    )


_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
# ISO 8601 as W3C profiles it: a time has a time zone.
_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,18})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_SECONDS: Final = re.compile(r"-?(?:[0-9]{1,3}|[0-9]{5,18})")


def is_number(text: str) -> bool:
    """Whether text is a number in digits; what only Python takes for one is not."""
    return bool(_NUMBER.fullmatch(text))


@lru_cache(maxsize=1024)
def _number(text: str) -> int | None:
    """A number, exactly: in units of 10 to the power of -18."""
    return _scaled(text) if is_number(text) else None


def _scaled(digits: str) -> int:
    whole, _, part = digits.partition(".")
    return int(whole + part.ljust(18, "0"))


@lru_cache(maxsize=1024)
def _date(text: str) -> int | None:
    """Seconds since 1970, scaled as numbers are. Four digits are a year, not seconds."""
    if _SECONDS.fullmatch(text):
        return _scaled(text)
    found = _DATE.fullmatch(text)
    if not found:
        return None
    from datetime import datetime

    year, month, day, hour, minute, second, part, zone = found.groups()
    time = (int(hour or 0), int(minute or 0), int(second or 0))
    try:
        date = datetime(int(year), int(month or 1), int(day or 1), *time)
    except ValueError:
        return None
    since = date - datetime(1970, 1, 1)
    seconds = since.days * 86400 + since.seconds
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 23 or minutes > 59:
            return None
        seconds -= (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    return seconds * 10**18 + int((part or ".")[1:].ljust(18, "0"))


@lru_cache(maxsize=256)
def _bytes(text: str) -> bytes | None:
    import base64

    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _network(text: str) -> Any:
    """An address, or a range with the length of its prefix; None for anything else."""
    import ipaddress

    _, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit()):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _in_network(wanted: str, value: str) -> bool | None:
    network, address = _network(wanted), _network(value)
    if network is None or address is None or "/" in value:
        return None
    return network.version == address.version and bool(address.subnet_of(network))


def _same_bytes(wanted: str, value: str) -> bool | None:
    ours, theirs = _bytes(wanted), _bytes(value)
    return None if ours is None or theirs is None else ours == theirs


def _same_bool(wanted: str, value: str) -> bool | None:
    ours, theirs = wanted.lower(), value.lower()
    return ours == theirs if ours in _BOOLS and theirs in _BOOLS else None


_BOOLS: Final = ("true", "false")


def _like(wanted: str, value: str) -> bool:
    return glob(wanted, literal(value))


def like_arn(wanted: str, value: str) -> bool | None:
    """Whether an ARN matches the pattern of an ARN operator: field by field."""
    if wanted == "*":
        return True
    fields, found = wanted.split(":", 5), literal(value).split(":", 5)
    if len(found) < 6 or found[0] != "arn":
        return False
    if len(fields) < 6 or fields[0] != "arn":
        return None
    return all(map(glob, fields, found))


def _ordered(read: Callable[[str], int | None], test: Callable[[Any, Any], bool]) -> Comparison:
    def compare(wanted: str, value: str) -> bool | None:
        ours, theirs = read(wanted), read(value)
        return None if ours is None or theirs is None else test(theirs, ours)

    return compare


_ORDERS: Final[dict[str, tuple[bool, Callable[[Any, Any], bool]]]] = {
    "Equals": (False, lambda value, wanted: bool(value == wanted)),
    "NotEquals": (True, lambda value, wanted: bool(value == wanted)),
    "LessThan": (False, lambda value, wanted: bool(value < wanted)),
    "LessThanEquals": (False, lambda value, wanted: bool(value <= wanted)),
    "GreaterThan": (False, lambda value, wanted: bool(value > wanted)),
    "GreaterThanEquals": (False, lambda value, wanted: bool(value >= wanted)),
}


def _same(wanted: str, value: str) -> bool:
    return wanted == value


def _same_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


# Base name: whether it is negated, and the comparison it (or what it negates) makes.
_COMPARISONS: Final[dict[str, tuple[bool, Comparison]]] = {
    "StringEquals": (False, _same),
    "StringNotEquals": (True, _same),
    "StringEqualsIgnoreCase": (False, _same_ignoring_case),
    "StringNotEqualsIgnoreCase": (True, _same_ignoring_case),
    "StringLike": (False, _like),
    "StringNotLike": (True, _like),
    "Bool": (False, _same_bool),
    "BinaryEquals": (False, _same_bytes),
    "IpAddress": (False, _in_network),
    "NotIpAddress": (True, _in_network),
    "ArnEquals": (False, like_arn),
    "ArnLike": (False, like_arn),
    "ArnNotEquals": (True, like_arn),
    "ArnNotLike": (True, like_arn),
    **{
        f"{kind}{order}": (negated, _ordered(read, test))
        for kind, read in (("Numeric", _number), ("Date", _date))
        for order, (negated, test) in _ORDERS.items()
    },
}
