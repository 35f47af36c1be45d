"""An audit as SARIF 2.1.0, as GitHub code scanning reads it.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", and GitHub,
"SARIF support for code scanning".
"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from generator import __version__
from generator.audit.baseline import fingerprint
from generator.audit.places import relative
from generator.audit.result import Audit
from generator.audit.summary import number, ordered, suppressed
from generator.console import json_text
from generator.errors import GenError, one_line
from generator.findings import Finding, Severity
from generator.rules import RULES, Rule
from generator.rules.show import links

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
# GitHub: over 9.0 is critical, from 7.0 high, from 4.0 medium, from 0.1 low.
_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
_PROBLEMS: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
_TAGS: Final = ("iam", "mfa", "security")
# GitHub refuses a run of more results.
MOST: Final = 25_000
# What GitHub shows of a rule's title and description.
_SHOWN: Final = 1024


def as_sarif(audit: Audit, folder: str = "") -> str:
    """One run. `folder` is the current one: files in it are named from there.

    Findings that are suppressed are in it, marked; those that the baseline knows are not. Of more
    than `MOST` the worst are.
    """
    marked: list[tuple[Finding, list[str]]] = [(f, []) for f in ordered(audit.findings)]
    marked += [(each.finding, [each.reason]) for each in suppressed(audit)]
    left_out = len(marked) - MOST
    if left_out > 0:
        # What is as bad stays in order: sorting is stable.
        marked = sorted(marked, key=lambda each: (bool(each[1]), -each[0].severity))[:MOST]
    rules = _rules(finding for finding, _ in marked)
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    seen: dict[str, int] = {}
    results = []
    for finding, reasons in marked:
        result = _result(finding, places[finding.rule], folder, seen)
        if audit.suppressed:
            # SARIF: where one result says whether it is suppressed, all do.
            result["suppressions"] = [_suppression(reason) for reason in reasons]
        results.append(result)
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(audit, folder, left_out)],
        "results": results,
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _driver(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "gen audit",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": rules,
    }


def _rules(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """All rules there are, whatever was found: their places do not change from run to run."""
    found = [_rule(rule) for rule in RULES]
    known = {rule["id"] for rule in found}
    others = {f.rule: f for f in findings if f.rule not in known}
    return found + [
        _described(f.rule, f.rule, f.fix or f.rule, f, f.source) for _, f in sorted(others.items())
    ]


def _rule(rule: Rule) -> dict[str, Any]:
    return _described(rule.id, rule.title, f"{rule.why}\n\nFix: {rule.fix}", rule, rule.source)


def _described(name: str, title: str, text: str, of: Rule | Finding, source: str) -> dict[str, Any]:
    level = _LEVELS[of.severity]
    pages = [(label, address) for label, address in links(source) if address]
    listed = "".join(f"\n\n[{label}]({address})" for label, address in pages)
    return {
        "id": name,
        "shortDescription": {"text": _cut(title)},
        "fullDescription": {"text": _cut(text)},
        **({"helpUri": pages[0][1]} if pages else {}),
        "help": {"text": text, "markdown": f"{text}{listed}"},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": list(_TAGS),
            "precision": of.confidence,
            "problem.severity": _PROBLEMS[level],
            "security-severity": _SCORES[of.severity],
        },
    }


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _result(f: Finding, index: int, folder: str, seen: dict[str, int]) -> dict[str, Any]:
    about = f"{f.document}: " if f.document else ""
    sid = f" [{f.sid}]" if f.sid else ""
    text = one_line(f"{about}{f.message}{sid}") + f". Fix: {one_line(f.fix)}"
    return {
        "ruleId": f.rule,
        "ruleIndex": index,
        "level": _LEVELS[f.severity],
        "message": {"text": _LINK.sub(r"\\[", text)},
        "locations": [_location(f.file, f.line, f.column, folder)],
        "partialFingerprints": {"primaryLocationLineHash": _hash(f, folder, seen)},
    }


# Text that a reader of SARIF takes for a link into the log: `[text](target)`.
_LINK: Final = re.compile(r"\[(?=[^\]]*\]\()")


def _location(file: str, line: int, column: int, folder: str) -> dict[str, Any]:
    address = quote(relative(file, folder), errors="surrogatepass")
    place: dict[str, Any] = {"artifactLocation": {"uri": address}}
    if line:
        place["region"] = {
            "startLine": line,
            "startColumn": max(column, 1),
            "endLine": line,
            "endColumn": max(column, 1) + 1,
        }
    return {"physicalLocation": place}


def _hash(finding: Finding, folder: str, seen: dict[str, int]) -> str:
    """The same from run to run while a finding moves about, and another for each finding.

    The form is that of GitHub's own: digits, and which of several that are the same.
    """
    each = fingerprint(finding, folder)
    text = json.dumps([getattr(each, name) for name in each.__struct_fields__])
    digits = hashlib.sha256(text.encode()).hexdigest()[:32]
    seen[digits] = seen.get(digits, 0) + 1
    return f"{digits}:{seen[digits]}"


def _suppression(reason: str) -> dict[str, str]:
    return {"kind": "external", "status": "accepted", "justification": reason}


def _invocation(audit: Audit, folder: str, left_out: int) -> dict[str, Any]:
    said = [_notification(error, "error", folder) for error in audit.errors]
    said += [_notification(note, "note", folder) for note in audit.notes]
    if left_out > 0:
        text = f"{number(left_out, 'result')} left out: --format json has everything"
        said.append({"level": "warning", "message": {"text": text}})
    return {"executionSuccessful": not audit.errors, "toolExecutionNotifications": said}


def _notification(error: GenError, level: str, folder: str) -> dict[str, Any]:
    text = error.problem + (f". {error.hint}" if error.hint else "")
    found: dict[str, Any] = {"level": level, "message": {"text": _LINK.sub(r"\\[", text)}}
    if error.where:
        path, line, column = error.where
        found["locations"] = [_location(path, line, column, folder)]
    return found
