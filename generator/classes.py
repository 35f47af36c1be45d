"""Texts that patterns cannot tell apart, as classes with one representative each.

A finite automaton that reads all patterns side by side reaches every combination of patterns that
any text at all can match. So whatever holds for the representatives holds for every text there is:
names that exist, and names that nobody has thought of yet.
"""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from generator.errors import NotModelledError
from generator.pattern import Automaton, Step, steps_of_arn, steps_of_glob

# A character that no document has: any character that no pattern names.
OTHER: Final = "\ue030"
# Far more than patterns that people write need, and soon reached.
MOST_STATES: Final = 200_000


@lru_cache(maxsize=256)
def action_classes(patterns: frozenset[str]) -> tuple[str, ...]:
    """One action for every class that action patterns, in any case, can tell apart.

    Raises:
        NotModelledError: the patterns are too entangled to tell.
    """
    lower = sorted({pattern.lower() for pattern in patterns})
    if not any("*" in p or "?" in p for p in lower if p != "*"):
        # Names tell nothing apart but themselves.
        return (f"{OTHER}:{OTHER}", *(p for p in lower if p != "*"))
    return _representatives([steps_of_glob(pattern) for pattern in lower])


@lru_cache(maxsize=256)
def resource_classes(patterns: frozenset[str]) -> tuple[str, ...]:
    """One resource for every class that resource patterns, without variables, can tell apart.

    Raises:
        NotModelledError: the patterns are too entangled to tell.
    """
    return _representatives([steps_of_arn(pattern) for pattern in sorted(patterns)])


def _representatives(patterns: Iterable[list[Step]]) -> tuple[str, ...]:
    """The shortest text of every class, the first in alphabetical order of these."""
    automaton = Automaton(list(patterns))
    found: dict[int, str] = {automaton.accepted(automaton.start): ""}
    seen = {automaton.start}
    todo = deque([(automaton.start, "")])
    while todo:
        state, text = todo.popleft()
        for character in (*automaton.characters(state), OTHER):
            following = automaton.step(state, character)
            if following in seen:
                continue
            if len(seen) >= MOST_STATES:
                raise NotModelledError(
                    "these patterns tell too many things apart to prove anything"
                )
            seen.add(following)
            longer = text + character
            found.setdefault(automaton.accepted(following), longer)
            todo.append((following, longer))
    return tuple(found.values())
