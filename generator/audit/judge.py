"""One document: its verdicts, and what the rules find in it."""

from typing import Any

from msgspec import Struct

from generator.findings import Finding, in_order
from generator.found import Found
from generator.positions import Place
from generator.rules import RULES, Hit, Rule, rule_of
from generator.subject import Subject


class Judged(Struct, frozen=True, eq=False):
    """What came of a document. `verdicts` are empty for kinds that have none."""

    found: Found
    verdicts: dict[str, str]
    findings: tuple[Finding, ...]


def judge(found: Found) -> Judged:
    """Evaluate a document and go through the rules; never raises for what a document says."""
    subject = Subject(found)
    findings: dict[tuple[Any, ...], Finding] = {}
    for rule, hit in _hits(subject):
        one = _finding(subject, rule, hit)
        findings.setdefault((one.rule, one.line, one.column, one.message), one)
    return Judged(found, subject.verdicts, tuple(sorted(findings.values(), key=in_order)))


def _hits(subject: Subject) -> list[tuple[Rule, Hit]]:
    found = [
        (rule, hit) for rule in RULES if rule.about == "document" for hit in rule.check(subject)
    ]
    for remark in subject.found.remarks:
        rule = rule_of(remark.rule)
        assert rule is not None
        found.append((rule, Hit(remark.place, remark.message, remark.fix, on_key=True)))
    return found


def _finding(subject: Subject, rule: Rule, hit: Hit) -> Finding:
    line, column = subject.found.locate(hit.place, hit.on_key)
    return Finding(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        file=subject.found.file,
        line=line,
        column=column,
        message=hit.message,
        fix=hit.fix or rule.fix,
        source=rule.source,
        document=subject.found.name,
        sid=_sid(subject, hit.place),
    )


def _sid(subject: Subject, place: Place) -> str:
    """The Sid of the statement that a place is in."""
    for at, statement in subject.statements():
        if place[: len(at)] == at:
            return statement.sid
    return ""
