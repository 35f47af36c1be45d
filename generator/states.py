"""Who asks, in which state, for what: requests that stand for all that matter to a user policy."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final, TypeAlias, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

from generator.flows import REGISTER_KEY, Context, Target
from generator.lexical import FidoLevel, FipsLevel
from generator.match import hold, matches_resource
from generator.operators import is_number
from generator.pattern import DIGIT, NAME, NAMES, PATHS, Resources
from generator.policy import Condition, Patterns, Statement

State: TypeAlias = dict[str, str | None]
Ages: TypeAlias = tuple[int, ...]
T = TypeVar("T")
Certification: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

ACTIVATE: Final = (REGISTER_KEY, "Activate")
FLAG: Final = "aws:MultiFactorAuthPresent"
AGE: Final = "aws:MultiFactorAuthAge"

# Characters that no document may have (they are not Latin-1) stand for names that nobody knows.
USER: Final = "\ue010"
ANOTHER: Final = "\ue015"
# Stands for the partition, where it does not matter which one it is.
ANY_PARTITION: Final = "\ue016"
_PATH: Final = "\ue011"
_ACCOUNT: Final = "\ue012"
_REGION: Final = "\ue013"
_DEVICE: Final = "\ue014"

# The service of each kind of target and, after the account, the shapes of its ARNs.
_SHAPES: Final[dict[Target, tuple[str, tuple[Resources, ...]]]] = {
    "own-user": (
        "iam",
        (
            Resources(f"user/{USER}", f"user/{NAME}{NAMES}"),
            Resources(f"user/{_PATH}/{USER}", f"user/{PATHS}/{NAME}{NAMES}"),
            Resources(f"user/{_PATH}/{_PATH}/{USER}", f"user/{PATHS}/{NAME}{NAMES}"),
        ),
    ),
    "any-device": (
        "iam",
        (
            Resources(f"mfa/{_DEVICE}", f"mfa/{NAME}{NAMES}"),
            Resources(f"mfa/{_PATH}/{_DEVICE}", f"mfa/{PATHS}/{NAME}{NAMES}"),
        ),
    ),
    "sign-in-client": (
        "signin",
        tuple(
            Resources(f"oauth2/public-client/{name}", f"oauth2/public-client/{name}")
            for name in ("localhost", "remote")
        ),
    ),
    # What a console session is authorized on is not documented, so it may be anything of sign-in.
    "console": ("signin", (Resources(_PATH, "*"),)),
}


class Broken(Struct, frozen=True):
    """One broken guarantee: the statement it is about ("" for the whole document)."""

    problem: str
    hint: str = ""


class Terms(Struct, frozen=True):
    """What a profile promises of its user policy.

    `account` is the profile's where it has one and a document names one, else "", for any.
    """

    archetype: str
    partition: str
    has_security_keys: bool
    account: str
    flows: frozenset[str]
    account_allows_change: bool
    exempt: frozenset[str]
    certification: Certification
    max_age: int | None
    except_via_aws_service: bool
    on_own_user: frozenset[str]
    account_is_known: bool = True


@lru_cache(maxsize=1024)
def anywhere(s: Statement, partition: str) -> Statement:
    """A statement as it would stand in any partition: what it decides does not depend on which."""
    old, new = f"arn:{partition}:", f"arn:{ANY_PARTITION}:"
    conditions = tuple(
        replace(c, values=tuple(v.replace(old, new) for v in c.values)) for c in s.conditions
    )
    resources = s.resources
    if resources:
        items = tuple(item.replace(old, new) for item in resources.items)
        resources = replace(resources, items=items)
    return replace(s, conditions=conditions, resources=resources)


def own_account(terms: Terms) -> str:
    """The account that requests are made in: the profile's, or one that stands for any."""
    return terms.account or _ACCOUNT


def without_mfa(console_only: bool = False) -> Iterator[tuple[str, State]]:
    """The states of a user without MFA: the flag false in the console, absent with a key.

    Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.
    """
    yield "a console user without MFA", {FLAG.lower(): "false", AGE.lower(): None, **ANYONE}
    if not console_only:
        yield "an access key without MFA", {FLAG.lower(): None, AGE.lower(): None, **ANYONE}


def with_mfa(max_age: int | None, near: Ages = ()) -> Iterator[tuple[str, State]]:
    """The states of a user with MFA that counts: just now, as long ago as it may be, and `near`."""
    longest = max_age - 1 if max_age else LONGEST_SESSION
    for age in sorted({0, longest, *(age for age in near if age < longest)}):
        yield "a user with MFA", {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}


def with_stale_mfa(max_age: int | None, near: Ages = ()) -> Iterator[tuple[str, State]]:
    """The states of a user whose MFA is too old, if the profile has a maximum age."""
    if max_age:
        late = {max_age, max_age + 1, max_age + LONGEST_SESSION}
        for age in sorted({*late, *(age for age in near if age > max_age)}):
            state = {FLAG.lower(): "true", AGE.lower(): str(age), **ANYONE}
            yield f"a sign-in {age} seconds after MFA", state


def ages_near(conditions: Iterable[Condition]) -> Ages:
    """Ages on both sides of every age that conditions compare with, so that no band is missed."""
    texts = {v for c in conditions if c.key.lower() == AGE.lower() for v in c.values}
    found = {int(float(text)) for text in texts if is_number(text)}
    return tuple(sorted({age + d for age in found for d in (-1, 0, 1) if age + d >= 0}))


def guarded(
    states: Iterable[tuple[str, State]], except_via_aws_service: bool
) -> Iterator[tuple[str, State]]:
    """States as a check for gaps sees them: whether a service makes the call is not known.

    Otherwise a Deny that asks for `aws:ViaAWSService` would have a hole that nobody declared.
    """
    yield from direct(states) if except_via_aws_service else states


def direct(states: Iterable[tuple[str, State]]) -> Iterator[tuple[str, State]]:
    """States in which people make the call themselves, no service for them: the key says so.

    Whether it is in every request is not documented, so it is looked at without it as well.
    """
    for who, state in states:
        for via in ("false", None):
            yield who, state | {"aws:viaawsservice": via}


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


def uncertified(certification: Certification) -> Iterator[State]:
    """What keys carry that lack one certification at least, whatever they have of the others."""
    names = [name.lower() for name, _ in certification]
    for levels in product(*((None, *_levels_of(name)) for name in names)):
        pairs = zip(levels, certification, strict=True)
        if any(level not in accepted for level, (_, accepted) in pairs):
            yield dict(zip(names, levels, strict=True))


def _levels_of(name: str) -> tuple[str, ...]:
    """The levels of a certification.

    Source: IAM User Guide, "IAM and AWS STS condition context keys".
    """
    return get_args(FidoLevel if name == "iam:fido-certification" else FipsLevel)


def resources_of(target: Target, partition: str, account: str) -> tuple[str | Resources, ...]:
    """Resources that stand for all a call may go to."""
    if target not in _SHAPES:
        return ("*",)
    service, shapes = _SHAPES[target]
    region, any_region = ("", "") if service == "iam" else (_REGION, "*")
    one, every = (account, account) if account else (_ACCOUNT, DIGIT * 12)
    return tuple(
        Resources(
            f"arn:{partition}:{service}:{region}:{one}:{shape.one}",
            f"arn:{partition}:{service}:{any_region}:{every}:{shape.every}",
        )
        for shape in shapes
    )


class Kept(tuple[T, ...]):
    """Equal to itself only, so that it is cheap to look up; whoever makes one keeps it."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


States: TypeAlias = Kept[tuple[str, State]]


class Requests:
    """Every combination of `states` (who asks, with which context) and `resources`.

    Equal to itself only: whoever makes one for some terms keeps it for them.
    """

    __slots__ = ("resources", "states")

    def __init__(
        self, states: Iterable[tuple[str, State]], resources: Iterable[str | Resources]
    ) -> None:
        self.states, self.resources = tuple(states), tuple(resources)

    def __iter__(self) -> Iterator[tuple[str, State, str | Resources]]:
        for (who, state), resource in product(self.states, self.resources):
            yield who, state, resource

    @property
    def every(self) -> int:
        """The bits of all requests; see `answers`."""
        return (1 << len(self.states) * len(self.resources)) - 1


def ages_that_matter(about: Iterable[Statement], max_age: int | None) -> tuple[int | None, Ages]:
    """The maximum age and the ages near those compared with, if any statement asks for the age."""
    asked = [c for s in about for c in s.conditions if c.key.lower() == AGE.lower()]
    return (max_age, ages_near(asked)) if asked else (None, ())


def answers(s: Statement, requests: Requests) -> tuple[int, int]:
    """Which requests a statement applies to if it covers their action, and which is not settled.

    Two sets as bits: the first request is bit 0. Policies differ in lists of actions and in Sids,
    and agree in the rest, so few statements are looked at more than once.
    """
    return _answers(s.resources, s.conditions, requests)


def answers_once(
    resources: Patterns | None, conditions: tuple[Condition, ...], requests: Requests
) -> tuple[int, int]:
    """The same, for whoever keeps what comes of it."""
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


_answers = lru_cache(maxsize=1024)(answers_once)
