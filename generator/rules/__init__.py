"""The rules of an audit: one function each, in the order of their ids."""

from types import ModuleType
from typing import Final

from generator.rules import (
    accounts,
    allows,
    conditions,
    dead_lists,
    device_names,
    elements,
    enrolment,
    exemptions,
    journey,
    names,
    needless,
    only_with_mfa,
    principals,
    published,
    self_service,
    spared,
    texts,
    trusts,
    unguarded,
)
from generator.rules.rule import Hit, Rule
from generator.subject import Subject

__all__ = ["RULES", "Hit", "Rule", "rule_of", "rules_for"]

# Rules that find something only where a document has a say in how people sign in.
_OF_SIGN_IN: Final = (
    dead_lists,
    device_names,
    enrolment,
    exemptions,
    journey,
    needless,
    only_with_mfa,
    published,
    self_service,
    spared,
    unguarded,
)
_OF_DOCUMENTS: Final = (allows, conditions, elements, names, principals, texts, trusts)


def _sorted(*modules: ModuleType) -> tuple[Rule, ...]:
    rules: list[Rule] = [rule for module in modules for rule in module.RULES]
    return tuple(sorted(rules, key=lambda rule: rule.id))


RULES: Final = _sorted(accounts, *_OF_DOCUMENTS, *_OF_SIGN_IN)
_ALL: Final = _sorted(*_OF_DOCUMENTS, *_OF_SIGN_IN)
_OTHERS: Final = _sorted(*_OF_DOCUMENTS)
_BY_ID: Final = {rule.id: rule for rule in RULES}


def rule_of(name: str) -> Rule | None:
    """The rule of an id, in any case."""
    return _BY_ID.get(name.upper())


def rules_for(subject: Subject) -> tuple[Rule, ...]:
    """The rules that may find something in a document."""
    return _ALL if subject.concerns_sign_in else _OTHERS
