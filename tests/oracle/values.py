"""Comparing one value of a policy with one of the request, where both have a format.

All from UG:reference_policies_elements_condition_operators. None stands for a malformed value.
"""

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction

from .truth import Doubt, Truth

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DATE = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(?P<part>\.[0-9]+)?)?"
    r"(Z|(?P<sign>[+-])(?P<off_hour>[0-9]{2}):(?P<off_minute>[0-9]{2})))?)?)?"
)
EPOCH = re.compile(r"[0-9]+")

RELATIONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(test: str, wanted: str, given: str) -> Truth:
    """Does the request's value stand in the test's relation to the policy's value?"""
    kind, _, relation = test.partition(" ")
    if kind == "number":
        return _related(number(wanted), number(given), relation, wanted, given)
    if kind == "date":
        return _related(instant(wanted), instant(given), relation, wanted, given)
    if kind == "bool":
        return _equal(boolean(wanted), boolean(given), wanted, given)
    if kind == "binary":
        return _equal(binary(wanted), binary(given), wanted, given)
    assert kind == "address"
    return _within(wanted, given)


def _malformed(wanted: str, given: str) -> Doubt:
    return Doubt(f"a malformed value: {wanted!r} in the policy, {given!r} in the request")


def _related(
    wanted: Fraction | None, given: Fraction | None, relation: str, *texts: str
) -> bool | Doubt:
    if wanted is None or given is None:
        return _malformed(*texts)
    return RELATIONS[relation](given, wanted)


def _equal(wanted: bool | bytes | None, given: bool | bytes | None, *texts: str) -> bool | Doubt:
    if wanted is None or given is None:
        return _malformed(*texts)
    return wanted == given


def boolean(text: str) -> bool | None:
    """In any case; nothing but true and false."""
    return {"true": True, "false": False}.get(text.lower())


def number(text: str) -> Fraction | None:
    """An integer or a decimal."""
    return Fraction(text) if NUMBER.fullmatch(text) else None


def binary(text: str) -> bytes | None:
    """Base64 of bytes, padded."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def instant(text: str) -> Fraction | None:
    """Seconds since 1970: W3C's formats of ISO 8601, or epoch time (four digits are a year)."""
    found = DATE.fullmatch(text)
    if found is None:
        return Fraction(text) if EPOCH.fullmatch(text) else None
    part = {name: int(found[name] or 0) for name in ("hour", "minute", "second")}
    try:
        moment = datetime(
            int(found["year"]),
            int(found["month"] or 1),
            int(found["day"] or 1),
            part["hour"],
            part["minute"],
            part["second"],
            tzinfo=UTC,
        )
    except ValueError:
        return None
    hours, minutes = int(found["off_hour"] or 0), int(found["off_minute"] or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = (hours * 60 + minutes) * 60 * (-1 if found["sign"] == "-" else 1)
    days = moment.toordinal() - datetime(1970, 1, 1).toordinal()
    clock = (part["hour"] * 60 + part["minute"]) * 60 + part["second"]
    return days * 86400 + clock - offset + Fraction("0" + (found["part"] or ".0"))


def network(text: str) -> Network | None:
    """An address or a CIDR range; bits of the host may be set."""
    address, slash, prefix = text.partition("/")
    if "%" in address or (slash and not (prefix.isascii() and prefix.isdigit())):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _within(wanted: str, given: str) -> Truth:
    """Is the request's address in the policy's range? Families never match each other."""
    outer = network(wanted)
    inner = None if "/" in given else network(given)
    if outer is None or inner is None:
        return _malformed(wanted, given)
    return outer.version == inner.version and inner.network_address in outer
