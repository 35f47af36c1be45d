"""Who asks, in which state, for what: requests that stand for all that matter to a user policy."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final, TypeAlias

from msgspec import Struct

from generator.flows import REGISTER_KEY, Context, Target
from generator.match import hold, matches_resource
from generator.policy import Condition, Patterns, Statement

State: TypeAlias = dict[str, str | None]
Certification: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

ANY_RESOURCE: Final = Patterns(("*",))
ACTIVATE: Final = (REGISTER_KEY, "Activate")
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
    certification: Certification
    max_age: int | None
    except_via_aws_service: bool


def without_mfa(console_only: bool = False) -> Iterator[tuple[str, State]]:
    """The states of a user without MFA: the flag false in the console, absent with a key.

    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    yield "a console user without MFA", {FLAG.lower(): "false", AGE.lower(): None, **ANYONE}
    if not console_only:
        yield "an access key without MFA", {FLAG.lower(): None, AGE.lower(): None, **ANYONE}


def with_mfa(max_age: int | None) -> Iterator[tuple[str, State]]:
    """The states of a user with MFA that counts: just now, and as long ago as it may be."""
    longest = max_age - 1 if max_age else LONGEST_SESSION
    for age in (0, longest):
        yield "a user with MFA", {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}


def with_stale_mfa(max_age: int | None) -> Iterator[tuple[str, State]]:
    """The states of a user whose MFA is too old, if the profile has a maximum age."""
    for late in (0, 1, LONGEST_SESSION) if max_age else ():
        age = (max_age or 0) + late
        state = {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}
        yield f"a sign-in {age} seconds after MFA", state


def guarded(state: State, except_via_aws_service: bool) -> State:
    """A state as a check for gaps sees it: whether a service makes the call is not known.

    Otherwise a Deny that asks for `aws:ViaAWSService` would have a hole that nobody declared.
    """
    return direct(state) if except_via_aws_service else state


def direct(state: State) -> State:
    """A state as a check for lockouts sees it: people sign in themselves, no service for them."""
    return state | {"aws:viaawsservice": "false"}


# Source: STS API Reference, GetSessionToken, DurationSeconds.
LONGEST_SESSION: Final = 129_600
ANYONE: Final[State] = {"$aws:username": USER}


def carried_by(context: Context, certification: Certification) -> list[State]:
    """What a call carries, once for each combination of certification levels that is accepted.

    Source: IAM User Guide, "IAM and AWS STS condition context keys", iam:RegisterSecurityKey: a
    key's certification is known only when it is activated.
    """
    keys = {key.lower(): value for key, value in context}
    if ACTIVATE not in context:
        return [keys]
    names = [name.lower() for name, _ in certification]
    every = product(*(levels for _, levels in certification))
    return [keys | dict(zip(names, levels, strict=True)) for levels in every]


def resources_of(target: Target, partition: str, account: str) -> tuple[str, ...]:
    """Resources that stand for all a call may go to."""
    if target == "own-user":
        return tuple(iam_arn(partition, account, own) for own in OWN_USERS)
    if target == "any-device":
        return tuple(iam_arn(partition, account, device) for device in DEVICES)
    if target == "sign-in-client":
        return tuple(f"arn:{partition}:signin:any-region-1:{account}:{name}" for name in CLIENTS)
    return ("*",)


def iam_arn(partition: str, account: str, resource: str) -> str:
    """The ARN of an IAM resource, which has no region."""
    return f"arn:{partition}:iam::{account}:{resource}"


class Requests:
    """Every combination of `states` (who asks, with which context) and `resources`.

    Equal to itself only: whoever makes one for some terms keeps it for them.
    """

    __slots__ = ("resources", "states")

    def __init__(self, states: Iterable[tuple[str, State]], resources: Iterable[str]) -> None:
        self.states, self.resources = tuple(states), tuple(resources)

    def __iter__(self) -> Iterator[tuple[str, State, str]]:
        for (who, state), resource in product(self.states, self.resources):
            yield who, state, resource

    @property
    def every(self) -> int:
        """The bits of all requests; see `answers`."""
        return (1 << len(self.states) * len(self.resources)) - 1


def age_that_matters(about: Iterable[Statement], max_age: int | None) -> int | None:
    """The maximum age, if any of these statements asks for the age of MFA."""
    asked = any(c.key.lower() == AGE.lower() for s in about for c in s.conditions)
    return max_age if asked else None


def answers(s: Statement, requests: Requests) -> tuple[int, int]:
    """Which requests a statement applies to if it covers their action, and which is not settled.

    Two sets as bits: the first request is bit 0. Policies differ in lists of actions and in Sids,
    and agree in the rest, so few statements are looked at more than once.
    """
    return _answers(s.resources or ANY_RESOURCE, s.conditions, requests)


@lru_cache(maxsize=1024)
def _answers(
    resources: Patterns, conditions: tuple[Condition, ...], requests: Requests
) -> tuple[int, int]:
    # What a policy variable stands for is the same for everyone who asks, so neither a resource's
    # answer depends on the state nor a condition's on the resource.
    on = [matches_resource(resources, resource, ANYONE) for resource in requests.resources]
    applied = unsettled = 0
    bit = 1
    for _, state in requests.states:
        holding = hold(conditions, state)
        for matching in on:
            if holding is not False and matching is not False:
                if holding and matching:
                    applied |= bit
                else:
                    unsettled |= bit
            bit <<= 1
    return applied, unsettled
