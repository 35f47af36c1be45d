"""Where rules fire: an edit is for what a rule finds, and never for a document that is right."""

from collections import Counter
from typing import Final

from generator.positions import Place
from generator.rules import rule_of
from generator.rules.allows import misses_of_paths
from generator.subject import Subject

OPERATORS: Final = ("GEN010", "GEN011", "GEN012", "GEN014", "GEN015", "GEN016")
# Every rule that an edit answers, but for those about what people are locked out of.
MENDED: Final = (
    *OPERATORS,
    *("GEN006", "GEN018", "GEN032", "GEN035", "GEN037", "GEN040", "GEN041", "GEN042", "GEN050"),
    "GEN055",
)


def misses_paths(subject: Subject, place: Place) -> bool:
    """Whether a statement is one of those that GEN055 tells of: it tells of all in one finding."""
    return any(at[: len(place)] == place for at, _, _ in misses_of_paths(subject))


def by_statement(subject: Subject) -> Counter[str]:
    """How many statements each rule finds fault with that tells of several in one finding."""
    return Counter({"GEN055": len(list(misses_of_paths(subject)))})


def fire(subject: Subject, *ids: str, place: Place = ()) -> bool:
    """Whether one of some rules finds something at a place, or inside it."""
    for name in ids:
        rule = rule_of(name)
        if rule and any(hit.place[: len(place)] == place for hit in rule.check(subject)):
            return True
    return False
