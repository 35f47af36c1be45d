"""One document: its verdicts, and what the rules find in it."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct

from generator.findings import Finding, in_order
from generator.found import Found
from generator.inputs.stand_ins import told
from generator.positions import Place
from generator.rules import Hit, Rule, rule_of, rules_for
from generator.subject import Subject

_Hits: TypeAlias = tuple[tuple[Rule, Hit, str], ...]


class Judged(Struct, frozen=True, eq=False):
    """What came of a document. `verdicts` are empty for kinds that have none."""

    found: Found
    verdicts: dict[str, str]
    findings: tuple[Finding, ...]


class Judge:
    """Judges documents; those that are the same, as accounts have many, once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[dict[str, str], _Hits]] = {}

    def judge(self, found: Found) -> Judged:
        """Evaluate a document and go through the rules; never raises for what a document says."""
        key = _sameness(found)
        if key not in self._known:
            subject = Subject(found)
            self._known[key] = subject.verdicts, tuple(_hits(subject))
        verdicts, hits = self._known[key]
        findings: dict[tuple[Any, ...], Finding] = {}
        for rule, hit, sid in hits:
            one = _finding(found, rule, hit, sid)
            findings.setdefault((one.rule, one.line, one.column, one.sid, one.message), one)
        return Judged(found, verdicts, tuple(sorted(findings.values(), key=in_order)))


def judge(found: Found) -> Judged:
    """The same for one document."""
    return Judge().judge(found)


def _sameness(found: Found) -> tuple[Any, ...]:
    """What the judgement of a document depends on; numbers and texts have different texts here."""
    return (
        repr(found.data),
        found.kind,
        found.holders,
        found.form,
        found.remarks,
        found.not_read,
        found.account,
        found.partition,
    )


def _hits(subject: Subject) -> Iterator[tuple[Rule, Hit, str]]:
    for rule in rules_for(subject):
        for hit in rule.check(subject):
            yield rule, hit, _sid(subject, hit.place)
    for remark in subject.found.remarks:
        known = rule_of(remark.rule)
        assert known is not None
        hit = Hit(remark.place, remark.message, remark.fix, on_key=True)
        yield known, hit, _sid(subject, remark.place)


def _finding(found: Found, rule: Rule, hit: Hit, sid: str) -> Finding:
    line, column = found.locate(hit.place, hit.on_key)
    return Finding(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        file=found.file,
        line=line,
        column=column,
        message=told(found, hit.message),
        fix=told(found, hit.fix) or rule.fix.removesuffix("."),
        source=rule.source,
        document=found.name,
        sid=sid,
    )


def _sid(subject: Subject, place: Place) -> str:
    """The Sid of the statement that a place is in."""
    for at, statement in subject.statements():
        if place[: len(at)] == at:
            return statement.sid
    return ""
