"""Who asks, in which state, for what: requests that stand for all that matter to a user policy."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from msgspec import Struct

from generator.flows import Call

FLAG: Final = "aws:MultiFactorAuthPresent"
AGE: Final = "aws:MultiFactorAuthAge"

OWN_USERS: Final = ("user/alice", "user/team/alice", "user/team/product/alice")
OTHER_USERS: Final = ("user/bob", "user/team/bob", "user/alice/bob", "user/alicebob")
DEVICES: Final = ("mfa/alice", "mfa/any-name.at_all", "mfa/team/phone")
CLIENTS: Final = ("oauth2/public-client/localhost", "oauth2/public-client/remote")


class Broken(Struct, frozen=True):
    """One broken guarantee: the statement it is about ("" for the whole document)."""

    problem: str
    hint: str = ""


class Terms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of its user policy; two profiles that promise the same share it."""

    archetype: str
    partition: str
    flows: frozenset[str]
    account_allows_change: bool
    exempt: frozenset[str]
    certification: tuple[tuple[str, tuple[str, ...]], ...]
    max_age: int | None
    except_via_aws_service: bool


def without_mfa(console_only: bool) -> Iterator[tuple[str, dict[str, str | None]]]:
    """The states of a user without MFA: the flag false in the console, absent with a key.

    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    yield "a console user without MFA", {FLAG.lower(): "false", AGE.lower(): None, **DIRECT}
    if not console_only:
        yield "an access key without MFA", {FLAG.lower(): None, AGE.lower(): None, **DIRECT}


DIRECT: Final[dict[str, str | None]] = {"aws:username": "alice", "aws:viaawsservice": "false"}
SIGNED_IN: Final = {FLAG.lower(): "true", AGE.lower(): "0", **DIRECT}


def carried_by(call: Call, terms: Terms) -> list[dict[str, str | None]]:
    """The condition keys of a call, once for each certification level that is accepted."""
    keys = {key.lower(): value for key, value in call.context}
    if keys.get("iam:registersecuritykey") != "Activate" or not terms.certification:
        return [keys]
    names = [name.lower() for name, _ in terms.certification]
    every = product(*(levels for _, levels in terms.certification))
    return [keys | dict(zip(names, levels, strict=True)) for levels in every]


def resources_of(call: Call, terms: Terms) -> tuple[str, ...]:
    """Resources that stand for all a call may go to."""
    if call.target == "own-user":
        return tuple(arn(terms, own) for own in OWN_USERS)
    if call.target == "any-device":
        return tuple(arn(terms, device) for device in DEVICES)
    if call.target == "sign-in-client":
        client = f"arn:{terms.partition}:signin:us-east-1:111122223333:"
        return tuple(client + name for name in CLIENTS)
    return ("*",)


def arn(terms: Terms, resource: str) -> str:
    return f"arn:{terms.partition}:iam::111122223333:{resource}"
