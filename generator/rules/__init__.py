"""The rules of an audit: one function each, in the order of their ids."""

from typing import Final

from generator.rules import conditions
from generator.rules.rule import Hit, Rule

__all__ = ["RULES", "Hit", "Rule", "rule_of"]

RULES: Final = tuple(sorted((*conditions.RULES,), key=lambda rule: rule.id))
_BY_ID: Final = {rule.id: rule for rule in RULES}


def rule_of(name: str) -> Rule | None:
    """The rule of an id, in any case."""
    return _BY_ID.get(name.upper())
