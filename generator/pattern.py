"""Patterns with `*` and `?`: what they match, and whether two of them can match the same text.

Nothing here is a regular expression, so no pattern can make matching backtrack without end.
"""

import string
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.errors import NotModelledError

# Stand for an asterisk and a question mark that are themselves: no document has them.
STAR, QUESTION = "\ue020", "\ue021"
_LITERAL: Final = str.maketrans({"*": STAR, "?": QUESTION})


# Source: botocore, IAM service model, policyDocumentType.
LONGEST: Final = 131_072
_LONG: Final = 1 << 18


def literal(text: str) -> str:
    """Text as a pattern that matches it and nothing else; also how a request's text is compared."""
    return text.translate(_LITERAL) if "*" in text or "?" in text else text


@lru_cache(maxsize=1024)
def glob(pattern: str, text: str) -> bool:
    """Whether an IAM pattern (`*` any text, `?` one character) matches the whole of `text`.

    Work: pattern times text at most, and for long ones a fraction of that.

    Raises:
        NotModelledError: longer than any policy can be.
    """
    if "?" not in pattern:
        if "*" not in pattern:
            return pattern == text
        if pattern == "*":
            return True
    if len(pattern) * len(text) > _LONG:
        if max(len(pattern), len(text)) > LONGEST:
            raise NotModelledError(f"a text of more than {LONGEST:,} characters")
        return Automaton([steps_of_glob(pattern)]).accepts(text) == 1
    p = t = 0
    star, resume = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume, p = p, t, p + 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return all(c == "*" for c in pattern[p:])


@lru_cache(maxsize=1024)
def matches_arn(pattern: str, resource: str) -> bool:
    """Whether a pattern of a `Resource` element matches a request's resource.

    An ARN has six fields; wildcards stay within theirs, but for a `*` that ends one of the first
    five, which may run on past the colon. Missing fields are `*`.
    Source: IAM User Guide, "IAM JSON policy elements: Resource", "Grammar of the IAM JSON policy
    language".
    """
    if pattern == "*" or not pattern.startswith("arn:"):
        return glob(pattern, literal(resource))
    fields = arn_fields(pattern)
    found = literal(resource).split(":", 5)
    if len(found) == 6 and all(map(glob, fields, found)):
        return True
    if not any(field.endswith("*") for field in fields[:5]):
        return False
    return Automaton([steps_of_arn(pattern)]).accepts(literal(resource)) == 1


def arn_fields(pattern: str) -> list[str]:
    """The six fields of an ARN pattern; those it leaves out are `*`."""
    fields = pattern.split(":", 5)
    return fields + ["*"] * (6 - len(fields))


# One step of a pattern: what it takes ("" is any character but those it stops at), whether it
# repeats, and whether it stops at colons.
Step = tuple[str, bool, bool]


def steps_of_glob(pattern: str) -> list[Step]:
    """The steps of a pattern without fields."""
    return [("" if c in "*?" else c, c == "*", False) for c in pattern]


def steps_of_arn(pattern: str) -> list[Step]:
    """The steps of a pattern as `matches_arn` reads it."""
    if pattern == "*" or not pattern.startswith("arn:"):
        return steps_of_glob(pattern)
    steps: list[Step] = []
    *fields, rest = arn_fields(pattern)
    for field in fields:
        for at, c in enumerate(field):
            runs_on = c == "*" and at == len(field) - 1
            steps.append(("" if c in "*?" else c, c == "*", not runs_on))
        steps.append((":", False, False))
    return steps + steps_of_glob(rest)


class Automaton:
    """Several patterns read side by side, one character at a time, each step a bit.

    Work: one operation on whole numbers a character, however many stars there are.
    """

    def __init__(self, patterns: list[list[Step]]) -> None:
        self.start = self.ends = self._stars = self._any = self._field = self._loop = 0
        self._loop_field = 0
        self._takes: dict[str, int] = {}
        self.end_bits: list[int] = []
        at = 0
        for steps in patterns:
            self.start |= 1 << at
            for character, repeats, stops in steps:
                bit = 1 << at
                if repeats:
                    self._stars |= bit
                    if stops:
                        self._loop_field |= bit
                    else:
                        self._loop |= bit
                elif character:
                    self._takes[character] = self._takes.get(character, 0) | bit
                elif stops:
                    self._field |= bit
                else:
                    self._any |= bit
                at += 1
            self.end_bits.append(1 << at)
            self.ends |= 1 << at
            at += 1
        self.start = self._skip(self.start)

    def _skip(self, state: int) -> int:
        """A star may also stand for nothing."""
        new = state
        while new:
            new = (new & self._stars) << 1 & ~state
            state |= new
        return state

    def step(self, state: int, character: str) -> int:
        """Where a character leads from a state."""
        moving = self._takes.get(character, 0) | self._any
        staying = self._loop
        if character != ":":
            moving |= self._field
            staying |= self._loop_field
        return self._skip((state & moving) << 1 | state & staying)

    def accepted(self, state: int) -> int:
        """Which patterns end in a state, as bits in their order."""
        return sum(1 << i for i, end in enumerate(self.end_bits) if state & end)

    def accepts(self, text: str) -> int:
        """Which patterns match the whole of a text, as bits in their order."""
        state = self.start
        for character in text:
            state = self.step(state, character)
            if not state:
                break
        return self.accepted(state)

    def characters(self, state: int) -> list[str]:
        """The characters that tell something apart in a state; all others lead the same way."""
        found = [c for c, bits in self._takes.items() if state & bits]
        if ":" not in found and state & (self._field | self._loop_field):
            found.append(":")
        return sorted(found)


class Resources(Struct, frozen=True, cache_hash=True):
    """All resources of one shape, whatever their names.

    `one` stands for each of them: its names are characters that no document has, so a pattern
    that matches it matches them all. `every` is a pattern that all of them match; see `intersect`.
    """

    one: str
    every: str


# One character of a user's or device's name, a run of them, a run of those of a path, one digit;
# see `intersect`. IAM lets a path have a colon as well, which would make every `*` before it match.
# Source: IAM API Reference, CreateUser, UserName and Path.
NAME, NAMES, PATHS, DIGIT = "\ue000", "\ue001", "\ue002", "\ue003"
_NAME: Final = frozenset(f"{string.ascii_letters}{string.digits}_+=,.@-")
_ANY_OF: Final = {
    NAME: _NAME,
    NAMES: _NAME,
    PATHS: frozenset(map(chr, range(0x21, 0x7F))) - {":"},
    DIGIT: frozenset(string.digits),
}
_RUNS: Final = ("*", NAMES, PATHS)


@lru_cache(maxsize=512)
def intersect(one: str, other: str) -> bool:
    """Whether some text matches both of two patterns.

    Patterns of `*`, `?` and the characters of `_ANY_OF`. Work: at most the product of the lengths.
    """
    todo, seen = [(0, 0)], set()
    while todo:
        place = i, j = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        a, b = one[i : i + 1], other[j : j + 1]
        if not a and not b:
            return True
        # Runs may end here.
        if a in _RUNS:
            todo.append((i + 1, j))
        if b in _RUNS:
            todo.append((i, j + 1))
        if a and b and _share_a_character(a, b):
            todo.append((i + (a not in _RUNS), j + (b not in _RUNS)))
    return False


def _share_a_character(a: str, b: str) -> bool:
    if a in "*?" or b in "*?":
        return True
    return not _ANY_OF.get(a, frozenset(a)).isdisjoint(_ANY_OF.get(b, frozenset(b)))
