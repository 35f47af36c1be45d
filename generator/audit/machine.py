"""An audit as JSON, for machines: version 1. Keys may be added; none changes its meaning."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import asdict

from generator.audit.result import Account, Audit, Record
from generator.audit.summary import (
    accounts,
    by_severity,
    ordered,
    people,
    records,
    suppressed,
    why,
)
from generator.console import json_pieces
from generator.errors import GenError, Where
from generator.findings import Finding


def as_json(audit: Audit) -> str:
    """Everything there is. Texts are as they were in the input, in JSON's own escapes."""
    return "".join(pieces(audit))


def pieces(audit: Audit) -> Iterator[str]:
    """The same piece by piece: an account of 50,000 people is 70 MB of text."""
    yield from json_pieces(
        {
            "version": 1,
            "documents": (_document(record) for record in records(audit)),
            "findings": (_finding(f) for f in ordered(audit.findings)),
            "suppressed": (
                _finding(each.finding) | {"reason": each.reason} for each in suppressed(audit)
            ),
            "errors": [_error(e) for e in audit.errors],
            "skipped": sorted(audit.skipped),
            "notes": [_error(e) for e in audit.notes],
            "accounts": (_account(account) for account in accounts(audit)),
            "summary": _summary(audit),
        }
    )
    yield "\n"


def _document(record: Record) -> dict[str, Any]:
    return {
        "file": record.file,
        "kind": record.kind,
        "name": record.name,
        "verdicts": record.verdicts,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": finding.confidence,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "sid": finding.sid,
        "document": finding.document,
        "message": finding.message,
        "fix": finding.fix,
        "source": finding.source,
    }


def _error(error: GenError) -> dict[str, Any]:
    """`line` and `column` are 0 where it is about the file as a whole."""
    where = error.where or Where("")
    return {
        "file": where.path,
        "line": where.line,
        "column": where.column,
        "problem": error.problem,
        "hint": error.hint,
    }


def _account(account: Account) -> dict[str, Any]:
    roles = sorted(account.roles, key=lambda role: (role.name, role.arn, role.how))
    return {
        "file": account.file,
        "account": account.account,
        "people": (asdict(person) | {"problems": why(person)} for person in people(account)),
        "roles": (asdict(role) for role in roles),
        "permission_sets": account.permission_sets,
        "password_policy_known": account.password_policy_known,
    }


def _summary(audit: Audit) -> dict[str, Any]:
    severities = by_severity(audit.findings)
    worst = next((str(severity) for severity, n in severities.items() if n), None)
    return {
        "documents": len(audit.documents),
        "findings": len(audit.findings),
        **{str(severity): n for severity, n in severities.items()},
        "suppressed": len(audit.suppressed),
        "known": len(audit.known),
        "errors": len(audit.errors),
        "skipped": len(audit.skipped),
        "worst": worst,
    }
