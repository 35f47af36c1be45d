"""Findings of people that have the same cause, together: one policy locks out hundreds."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from generator.audit.summary import ordered
from generator.findings import Finding
from generator.rules import rule_of

# Names that are listed of a cause; everybody is in the formats for machines.
MOST: Final = 20
_USER: Final = "user "


class Cause(Struct, frozen=True):
    """Findings that say the same of several people, or a single finding."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def about(self) -> str:
        """Whom or what it is about: the document, or how many users."""
        many = len(self.findings)
        return f"{many:,} users" if many > 1 else self.first.document

    @property
    def names(self) -> list[str]:
        """The first of several users."""
        found = self.findings if len(self.findings) > 1 else ()
        return [f.document.removeprefix(_USER) for f in found[:MOST]]

    @property
    def unnamed(self) -> int:
        """How many more there are."""
        return max(0, len(self.findings) - MOST)


def causes(findings: Iterable[Finding]) -> Iterator[Cause]:
    """Findings by place, each at the first of those that say the same."""
    found: dict[Any, list[Finding]] = {}
    for number, f in enumerate(ordered(findings)):
        rule = rule_of(f.rule)
        of_people = rule and rule.about == "account" and f.document.startswith(_USER)
        same = f.file, f.rule, f.severity, f.confidence, f.message, f.fix, f.sid, f.source
        found.setdefault(same if of_people else number, []).append(f)
    for each in found.values():
        yield Cause(tuple(each))
