"""The rules of an audit: one function each, in the order of their ids."""

from typing import Final

from generator.rules import (
    accounts,
    allows,
    conditions,
    dead_lists,
    elements,
    enrolment,
    exemptions,
    journey,
    names,
    principals,
    published,
    self_service,
    texts,
    trusts,
    unguarded,
)
from generator.rules.rule import Hit, Rule

__all__ = ["RULES", "Hit", "Rule", "rule_of"]

_MODULES: Final = (
    accounts,
    allows,
    conditions,
    dead_lists,
    elements,
    enrolment,
    exemptions,
    journey,
    names,
    principals,
    published,
    self_service,
    texts,
    trusts,
    unguarded,
)
RULES: Final = tuple(
    sorted((rule for module in _MODULES for rule in module.RULES), key=lambda rule: rule.id)
)
_BY_ID: Final = {rule.id: rule for rule in RULES}


def rule_of(name: str) -> Rule | None:
    """The rule of an id, in any case."""
    return _BY_ID.get(name.upper())
