"""Who asks, in which state, for what: requests that stand for all that matter to a user policy."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, TypeAlias

from msgspec import Struct

from generator.flows import REGISTER_KEY, Call
from generator.match import matches_action
from generator.policy import Patterns, Statement

State: TypeAlias = dict[str, str | None]
Bare: TypeAlias = list[tuple[Patterns, Statement]]

EVERY_ACTION: Final = Patterns(("*",))
FIDO_KEYS: Final = frozenset(
    f"iam:fido-{name}certification" for name in ("", "fips-140-2-", "fips-140-3-")
)
FLAG: Final = "aws:MultiFactorAuthPresent"
AGE: Final = "aws:MultiFactorAuthAge"

ANY_ACCOUNT: Final = "210987654321"

# Names that no template has a pattern for by chance, so that they stand for any.
USER: Final = "u7-x9"
OWN_USERS: Final = (f"user/{USER}", f"user/p3/{USER}", f"user/p3/q4/{USER}")
DEVICES: Final = ("mfa/d5-z2", "mfa/any-name.at_all", "mfa/p3/d5-z2")
CLIENTS: Final = ("oauth2/public-client/localhost", "oauth2/public-client/remote")


class Broken(Struct, frozen=True):
    """One broken guarantee: the statement it is about ("" for the whole document)."""

    problem: str
    hint: str = ""


class Terms(Struct, frozen=True, cache_hash=True):
    """What a profile promises of its user policy; two profiles that promise the same share it.

    `account` is the profile's where a document names an account, else one that stands for any.
    """

    archetype: str
    partition: str
    account: str
    flows: frozenset[str]
    account_allows_change: bool
    exempt: frozenset[str]
    certification: tuple[tuple[str, tuple[str, ...]], ...]
    max_age: int | None
    except_via_aws_service: bool


def without_mfa(console_only: bool = False) -> Iterator[tuple[str, State]]:
    """The states of a user without MFA: the flag false in the console, absent with a key.

    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    yield "a console user without MFA", {FLAG.lower(): "false", AGE.lower(): None, **ANYONE}
    if not console_only:
        yield "an access key without MFA", {FLAG.lower(): None, AGE.lower(): None, **ANYONE}


def with_mfa(terms: Terms) -> Iterator[tuple[str, State]]:
    """The states of a user with MFA that counts: just now, and as long ago as it may be."""
    longest = terms.max_age - 1 if terms.max_age else LONGEST_SESSION
    for age in (0, longest):
        yield "a user with MFA", {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}


def with_stale_mfa(terms: Terms) -> Iterator[tuple[str, State]]:
    """The states of a user whose MFA is too old, if the profile has a maximum age."""
    for late in (0, 1, LONGEST_SESSION) if terms.max_age else ():
        age = (terms.max_age or 0) + late
        state = {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}
        yield f"a sign-in {age} seconds after MFA", state


def guarded(state: State, terms: Terms) -> State:
    """A state as a check for gaps sees it: whether a service makes the call is not known.

    Otherwise a Deny that asks for `aws:ViaAWSService` would have a hole that nobody declared.
    """
    return state | {"aws:viaawsservice": "false"} if terms.except_via_aws_service else state


def direct(state: State) -> State:
    """A state as a check for lockouts sees it: people sign in themselves, no service for them."""
    return state | {"aws:viaawsservice": "false"}


# Source: STS API Reference, GetSessionToken, DurationSeconds.
LONGEST_SESSION: Final = 129_600
ANYONE: Final[State] = {"$aws:username": USER}


def carried_by(call: Call, terms: Terms) -> list[State]:
    """The condition keys of a call, once for each certification level that is accepted."""
    keys = {key.lower(): value for key, value in call.context}
    if keys.get(REGISTER_KEY.lower()) != "Activate" or not terms.certification:
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
        client = f"arn:{terms.partition}:signin:any-region-1:{terms.account}:"
        return tuple(client + name for name in CLIENTS)
    return ("*",)


def arn(terms: Terms, resource: str) -> str:
    """The ARN of an IAM resource in the account of the profile."""
    return f"arn:{terms.partition}:iam::{terms.account}:{resource}"


def without_actions(statements: Iterable[Statement]) -> Bare:
    """Each statement's actions, and the statement as if it covered whatever it is asked.

    Policies differ in long lists of actions and agree in the rest, so answers can be shared.
    """
    return [
        (
            s.actions,
            Statement(
                sid=s.sid,
                effect=s.effect,
                actions=EVERY_ACTION,
                resources=s.resources,
                conditions=s.conditions,
            ),
        )
        for s in statements
    ]


def statements_on(action: str, bare: Bare) -> tuple[Statement, ...]:
    """The statements, without their actions, that cover an action."""
    return tuple([s for actions, s in bare if matches_action(actions, action)])


def relevant(about: tuple[Statement, ...], terms: Terms, call: Call | None = None) -> Terms:
    """The terms that these statements can depend on, the rest blank, so that answers are shared."""
    keys = {c.key.lower() for s in about for c in s.conditions}
    password = call is not None and call.flow == "password"
    return Terms(
        archetype="",
        partition=terms.partition,
        account=terms.account,
        flows=(
            frozenset() if call else terms.flows & {"virtual-totp", "hardware-totp", "security-key"}
        ),
        account_allows_change=terms.account_allows_change and password,
        exempt=frozenset(),
        certification=terms.certification if not call or keys & FIDO_KEYS else (),
        max_age=terms.max_age if AGE.lower() in keys else None,
        except_via_aws_service=terms.except_via_aws_service and not call,
    )
