"""Rules about the principals of trust policies: everybody, nobody any more, or none at all."""

import re
from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Condition, Effect, Statement
from generator.positions import Place
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items
from generator.subject import Subject

_DANGLING: Final = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_WHO: Final = re.compile(
    r"arn:[a-z0-9-]+:(?:iam::[0-9]{12}:(?:root|(?:user|role)/.+)"
    r"|sts::[0-9]{12}:(?:assumed-role|federated-user)/.+)"
)
# Keys that keep strangers out. A tag of the principal does not: anybody can tag their own users.
# Source: IAM User Guide, "AWS global condition context keys".
_NOT_STRANGERS: Final = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
)
_SOME_STRANGERS: Final = ("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "sts:externalid")


def anyone(subject: Subject) -> Iterator[Hit]:
    """A role that anybody in the world can assume

    Why: `*` is every principal of every AWS account, and so is `NotPrincipal` but for the list.
    MFA does not help: strangers have devices of their own. An external id is no secret.

    Fix: name the accounts, users or roles, or add a condition on `aws:PrincipalOrgID`.
    """
    for place, s, ids in allows(subject):
        if (is_negated(s) or "*" in ids) and not keeps_out(subject, s):
            some = any(c.key.lower() in _SOME_STRANGERS for c in s.conditions)
            what = "everybody but those listed" if is_negated(s) else "everybody"
            yield Hit(
                subject.element(place, "Principal"),
                f"trusts {what}, in every AWS account"
                + (", as far as the other conditions let them" if some else ""),
                on_key=True,
                severity=Severity.HIGH if some else Severity.CRITICAL,
            )


def keeps_out(subject: Subject, s: Statement) -> bool:
    """Whether a statement, or a Deny beside it, is for callers of known accounts only."""
    return any(map(_is_for_some, s.conditions)) or any(
        "Not" in c.operator and c.key.lower() in _NOT_STRANGERS
        for _, deny in subject.statements(Effect.DENY)
        for c in deny.conditions
    )


def _is_for_some(c: Condition) -> bool:
    """Whether only callers of known accounts or organizations meet a condition."""
    key = c.key.lower()
    if key not in _NOT_STRANGERS or not c.operator.removeprefix("ForAnyValue:").startswith(
        ("String", "Arn")
    ):
        return False
    if "Not" in c.operator or c.operator.endswith("IfExists"):
        return False
    if key in ("aws:principalarn", "aws:sourcearn"):
        return all(_ACCOUNT.fullmatch((v.split(":", 5) + [""] * 5)[4]) for v in c.values)
    return all(not v.startswith(("*", "?", "o-*", "o-?")) for v in c.values)


def dangling(subject: Subject) -> Iterator[Hit]:
    """A principal that was deleted

    Why: IAM keeps a user or a role in a principal by its unique id. Once it is deleted the id
    shows; a new one with the same name has another id, and is not trusted until the policy is saved
    again.

    Fix: take the id out, or put the ARN of the one that is meant in its place.
    """
    if subject.kind not in ("trust", "resource"):
        return
    for place, s in subject.statements():
        for at, i in principals(subject, place, "AWS") if s.principals else ():
            if _DANGLING.fullmatch(i):
                kind = "user" if i.startswith("AIDA") else "role"
                yield Hit(at, f"`{i}` is what is left of a {kind} that was deleted")


def refused_principals(subject: Subject) -> Iterator[Hit]:
    """A principal that IAM refuses

    Why: a principal is an account, a user, a role or a session of one. Groups are none, part of an
    ARN cannot be a wildcard, and a role cannot trust another partition. IAM refuses the policy.

    Fix: name the account, and say who of it with a condition on `aws:PrincipalArn`, which takes
    wildcards.
    """
    if subject.kind != "trust":
        return
    for place, s in subject.statements():
        for at, i in principals(subject, place, "AWS") if s.principals else ():
            if problem := _refused(subject, i):
                yield Hit(at, f"`{i}`: {problem}")


def _refused(subject: Subject, i: str) -> str:
    if i == "*" or "$" in i or _ACCOUNT.fullmatch(i) or _UNIQUE_ID.fullmatch(i):
        return ""
    if _DANGLING.fullmatch(i):
        return ""
    if ":group/" in i:
        return "a group cannot be a principal"
    if "*" in i or "?" in i:
        return "a principal has no wildcards"
    if not _WHO.fullmatch(i):
        return "neither an account nor the ARN of a user, a role or a session"
    partition = i.split(":")[1]
    if partition != subject.partition:
        return f"a role in `{subject.partition}` cannot trust the partition `{partition}`"
    return ""


def allows(subject: Subject) -> Iterator[tuple[Place, Statement, tuple[str, ...]]]:
    """The Allows of a trust policy that are known whole, with the principals of IAM in each."""
    for place, s in subject.statements(Effect.ALLOW) if subject.kind == "trust" else ():
        if s.principals is not None and subject.is_known(place):
            ids = [i for kind, each in s.principals.entries if kind == "AWS" for i in each]
            yield place, s, ("*",) if s.principals.anyone else tuple(dict.fromkeys(ids))


def principals(subject: Subject, place: Place, kind: str) -> Iterator[tuple[Place, str]]:
    """The principals of one type in a statement, each with its place."""
    element = subject.element(place, "Principal")
    named_here = subject.data(element)
    if isinstance(named_here, dict) and kind in named_here:
        yield from items(subject, (*element, kind))


def is_negated(s: Statement) -> bool:
    return s.principals is not None and s.principals.negated


_PRINCIPAL: Final = "UG:reference_policies_elements_principal"
RULES: Final = (
    Rule("GEN071", Severity.CRITICAL, anyone, _PRINCIPAL),
    Rule("GEN073", Severity.MEDIUM, dangling, _PRINCIPAL),
    Rule("GEN074", Severity.HIGH, refused_principals, _PRINCIPAL),
)
