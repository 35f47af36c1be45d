"""Rules about what the text of a document shows by itself: what IAM cannot read, or refuses."""

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.canonical import billable_size
from generator.documents import (
    GROUP_INLINE,
    MANAGED,
    ROLE_PERMISSIONS,
    TRUST,
    USER_INLINE,
)
from generator.errors import GenError
from generator.findings import Severity
from generator.grammar import POLICY_ELEMENTS, STATEMENT_ELEMENTS, parse_policy
from generator.policy import PolicyError
from generator.positions import Place
from generator.rules.rule import Hit, Rule
from generator.subject import Subject

_IAM: Final = ("identity", "boundary", "session", "trust")
_QUOTED: Final = re.compile("`([^`]+)`")
# Source: botocore, IAM service model, policyDocumentType.
_NOT_LATIN_1: Final = re.compile("[^\t\n\r\x20-\xff]")


def items(subject: Subject, place: Place) -> Iterator[tuple[Place, str]]:
    """The texts of an element, bare or in a list, each with its place; not those not known."""
    value = subject.data(place)
    for at, item in (
        (((*place, i), each) for i, each in enumerate(value))
        if isinstance(value, list)
        else [(place, value)]
    ):
        if isinstance(item, str) and not _is_not_read(subject, at):
            yield at, item


# A variable of a policy, not one of a template or a shell, and not an escape.
_POLICY_VARIABLE: Final = re.compile(r"\$\{[A-Za-z0-9-]+:[^:}]+\}")


def variable_before_name(item: str) -> str:
    """The first policy variable in a resource that stands before the fifth colon, "" if none does.
    Source: IAM User Guide, "IAM policy elements: Variables and tags"."""
    for found in _POLICY_VARIABLE.finditer(item):
        if _POLICY_VARIABLE.sub("", item[: found.start()]).count(":") < 5:
            return found.group()
    return ""


def not_judged(subject: Subject) -> Iterator[Hit]:
    """A part of the document that was not judged

    Why: IAM's grammar does not allow it, so IAM refuses the document, and no verdict can be given
    of what it would decide; or its value is only known once it is deployed.

    Fix: mend it, or audit the document as it is deployed.
    """
    for place, error in _unread(subject):
        at = (*place, *_named_in(subject.data(place), error.problem))
        if not _is_not_read(subject, at):
            yield Hit(at, error.problem, error.hint, on_key=True)
    for place in subject.found.not_read:
        if taken := _taken_by_template(subject, place):
            yield Hit(
                place,
                f"`Fn::Sub` takes `{taken}` for a parameter or a resource of the template, which "
                "has none of that name, so this is not the policy variable",
                f"write `${{!{taken[2:]}`, which CloudFormation leaves to IAM as `{taken}`",
                severity=Severity.MEDIUM,
            )
            continue
        names = [key for key in place if isinstance(key, str)]
        yield Hit(
            place,
            f"the value of `{names[-1] if names else 'the document'}` is not known here, so it was "
            "not judged",
            "audit the document as it is deployed",
            severity=Severity.LOW,
        )


def _taken_by_template(subject: Subject, place: Place) -> str:
    """The policy variable that a text for `Fn::Sub` has without `!`, "" if none. Source: AWS
    CloudFormation Template Reference, "Fn::Sub"."""
    found = subject.found
    source = found.source()
    start, end = source.values.get((*found.root, *place), (0, 0))
    text = source.text[start:end] if not found.embedded else ""
    taken = _POLICY_VARIABLE.search(text) if _SUB.search(text) else None
    return taken.group() if taken else ""


_SUB: Final = re.compile(r"(?:!|Fn::)Sub\b")


def _unread(subject: Subject) -> Iterator[tuple[Place, GenError]]:
    """What could not be read: the statements, and what is wrong around them."""
    yield from subject.unread
    data = subject.found.data
    if any(place for place, _ in subject.unread) and isinstance(data, dict):
        try:
            parse_policy({**data, "Statement": [_ANY]})
        except PolicyError as error:
            yield (), error


_ANY: Final = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def _named_in(data: Any, problem: str) -> Place:
    """The part of a statement, or of a document, that a message names first."""
    if not isinstance(data, dict):
        return ()
    block = data.get("Condition")
    for quoted in _QUOTED.findall(problem):
        if isinstance(block, dict) and quoted in block:
            return ("Condition", quoted)
        name = quoted.partition(".")[0]
        if name in data and (name in _ELEMENTS or f"`{name}` is not an element" in problem):
            return (name,)
    return ()


_ELEMENTS: Final = frozenset((*STATEMENT_ELEMENTS, *POLICY_ELEMENTS))


def _is_not_read(subject: Subject, place: Place) -> bool:
    """Whether a place is in, or around, one whose value is not known."""
    return any(known[: len(place)] == place[: len(known)] for known in subject.found.not_read)


def key_twice(subject: Subject) -> Iterator[Hit]:
    """A key that stands twice in one object

    Why: JSON does not say which of the two counts. Most readers keep the last one and say nothing,
    so a condition or a whole element that people see in the text may not be there at all.

    Fix: keep one of the two; put several values of one key in a list.
    """
    for place, data in _raw(subject):
        block = data.get("Condition")
        for operator, keys in block.items() if isinstance(block, dict) else ():
            seen: set[str] = set()
            for key in keys if isinstance(keys, dict) else ():
                if key.lower() in seen:
                    yield Hit(
                        (*place, "Condition", operator, key),
                        f"`{operator}` has the key `{key}` twice, in different case, which is one "
                        "key to IAM",
                        on_key=True,
                    )
                seen.add(key.lower())


def _raw(subject: Subject) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The statements as they were written, also those that could not be read."""
    data = subject.found.data
    found = data.get("Statement") if isinstance(data, dict) else None
    if isinstance(found, dict):
        yield ("Statement",), found
    for i, each in enumerate(found if isinstance(found, list) else ()):
        if isinstance(each, dict):
            yield ("Statement", i), each


def sid_twice(subject: Subject) -> Iterator[Hit]:
    """Two statements with one Sid

    Why: IAM refuses a document in which a Sid stands twice, and reviews and error messages that
    name the Sid could mean either statement.

    Fix: give each statement a Sid of its own.
    """
    seen: set[str] = set()
    for place, data in _raw(subject) if subject.kind != "resource" else ():
        sid = data.get("Sid")
        if isinstance(sid, str) and sid and not _is_not_read(subject, (*place, "Sid")):
            if sid in seen:
                yield Hit((*place, "Sid"), f"the Sid `{sid}` stands twice in the document")
            seen.add(sid)


def characters(subject: Subject) -> Iterator[Hit]:
    """Characters that IAM does not take

    Why: a Sid is letters A-Z and a-z and digits only, and no character of a policy document may be
    outside Latin-1. IAM refuses the document.

    Fix: name statements with letters and digits, and keep other text out of the document.
    """
    if subject.kind == "resource":
        return
    for place, data in _raw(subject):
        sid = data.get("Sid")
        at = (*place, "Sid")
        if isinstance(sid, str) and not _is_not_read(subject, at) and not _is_sid(sid):
            yield Hit(at, f"the Sid `{sid}` is not letters and digits only")
    for at, text, on_key in _texts(subject.found.data, ()) if subject.kind in _IAM else ():
        found = _NOT_LATIN_1.search(text)
        if found and at[-1:] != ("Sid",) and not _is_not_read(subject, at):
            yield Hit(
                at,
                f"`{text}` has `{found.group()}`, which is not in Latin-1",
                on_key=on_key,
                # IAM's model is of the text it gets, where JSON may have escaped the character.
                confidence="medium",
            )


def _is_sid(text: str) -> bool:
    return not text or (text.isascii() and text.isalnum())


def _texts(data: Any, place: Place) -> Iterator[tuple[Place, str, bool]]:
    """Every text in a document, and whether it is a key."""
    if isinstance(data, str):
        yield place, data, False
    elif isinstance(data, list):
        for i, each in enumerate(data):
            yield from _texts(each, (*place, i))
    elif isinstance(data, dict):
        for key, each in data.items():
            yield (*place, key), key, True
            yield from _texts(each, (*place, key))


def over_quota(subject: Subject) -> Iterator[Hit]:
    """More characters than the quota

    Why: AWS refuses a document that is larger than the quota of where it goes: 6,144 characters as
    a managed policy, 2,048 in all inline policies of a user together, 5,120 of a group, 10,240 of
    a role, 2,048 of a trust policy (8,192 on request). White space is not counted.

    Fix: split the document, or attach it where more fits.
    """
    if not subject.is_whole:
        return
    size = billable_size(subject.policy)
    for quota, where, severity, more in _quotas(subject):
        if size > quota:
            yield Hit(
                (),
                f"has {size:,} characters, and {where} may have {quota:,}{more}",
                severity=severity,
                confidence="medium" if more else "high",
            )
            return


def _quotas(subject: Subject) -> Iterator[tuple[int, str, Severity, str]]:
    """The quotas of a kind of document, the largest first, and what more there is to say."""
    found, high = subject.found, Severity.HIGH
    if found.kind == "trust":
        yield 8192, "a trust policy", high, ""
        yield TRUST.quota, "a trust policy", Severity.MEDIUM, " by default (8,192 on request)"
    elif found.kind == "session":
        yield 2048, "a session policy", high, ""
    elif found.kind in ("scp", "rcp"):
        # Source: AWS Organizations User Guide, "Quotas and service limits for AWS Organizations".
        yield 10240 if found.kind == "scp" else 5120, f"an {found.kind.upper()}", high, ""
    elif found.kind == "identity" and found.form == "inline" and found.holders:
        for holder, kind in _INLINE.items():
            if holder in found.holders:
                yield kind.quota, f"an {kind.name}", high, ""
    elif found.kind == "identity" and not found.form:
        yield ROLE_PERMISSIONS.quota, "a policy, wherever it is attached,", high, ""
        if found.holders != {"role"}:
            more = "; it fits inline in a role only"
            yield MANAGED.quota, f"a {MANAGED.name}", high, more
    elif found.kind in ("identity", "boundary") and found.form != "inline":
        yield MANAGED.quota, f"a {MANAGED.name}", high, ""


_INLINE: Final = {"user": USER_INLINE, "group": GROUP_INLINE, "role": ROLE_PERMISSIONS}


RULES: Final = (
    Rule("GEN001", Severity.HIGH, not_judged, "UG:reference_policies_grammar"),
    Rule("GEN002", Severity.HIGH, key_twice, "UG:reference_policies_grammar"),
    Rule("GEN003", Severity.MEDIUM, sid_twice, "UG:reference_policies_elements_sid"),
    Rule("GEN004", Severity.MEDIUM, characters, "UG:reference_policies_elements_sid"),
    Rule(
        "GEN005",
        Severity.HIGH,
        over_quota,
        "UG:reference_iam-quotas; ORG:orgs_reference_limits",
    ),
)
