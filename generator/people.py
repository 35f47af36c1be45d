"""The people of the journey: who they are, in which state they ask, and what they call things on.

Names are characters that no document has, so that what holds for one user holds for all.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from generator.flows import Target
from generator.pattern import Resources
from generator.principals import Caller
from generator.states import USER, State, direct, resources_of

ANOTHER: Final = "\ue015"
# How messages call the users above.
NAMES: Final = {
    USER: "alice",
    ANOTHER: "bob",
    "\ue011": "path",
    "\ue012": "ACCOUNT",
    "\ue013": "REGION",
    "\ue014": "device",
}


@lru_cache(maxsize=64)
def users(partition: str, account: str) -> tuple[tuple[Caller, Resources], ...]:
    """A user without a path, with one, and with a longer one; each as caller and as resource."""
    found = []
    for resource in resources_of("own-user", partition, account):
        assert isinstance(resource, Resources)
        arn = resource.one
        found.append((Caller("User", arn, partition, arn.split(":")[4], USER, arn), resource))
    return tuple(found)


def things(
    target: Target, own: Resources, partition: str, account: str
) -> tuple[str | Resources, ...]:
    """What a user may call an action on: for `own-user` the one user there is."""
    return (own,) if target == "own-user" else resources_of(target, partition, account)


def other_users(partition: str, account: str) -> tuple[str, ...]:
    """Somebody else, without a path and with the own name as path."""
    start = f"arn:{partition}:iam::{account}:user/"
    return f"{start}{ANOTHER}", f"{start}{USER}/{ANOTHER}"


def asking(states: Iterable[tuple[str, State]]) -> tuple[State, ...]:
    """States in which people make a call themselves."""
    return tuple(state for _, state in direct(states))


def in_words(text: str) -> str:
    """Text with the names that messages use."""
    for token, name in NAMES.items():
        text = text.replace(token, name)
    return text
