"""Rules about how an Allow is written: what it misses, and what it lets in unseen."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from generator.context import Known
from generator.findings import Severity
from generator.match import matches_action, matches_resource
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.rules.mfa_denies import listed
from generator.rules.names import CHANGE
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items
from generator.subject import Subject

OWN_USER: Final = re.compile(r":user/(.*/)?\$\{aws:username\}", re.IGNORECASE)
_OLD_DEVICE: Final = re.compile(r"arn:[^:]*:iam::[^:]*:(u2f|sms-mfa)/")
_GONE: Final = {
    "u2f": "`u2f/` is not a kind of resource that policies can name",
    "sms-mfa": "`sms-mfa/` are SMS devices, which are gone",
}


def users_with_a_path(subject: Subject) -> Iterator[Hit]:
    """An Allow on the own user that misses users with a path

    Why: the ARN of a user who was created with a path is `user/team/alice`, and `${aws:username}`
    is `alice` only, so `user/${aws:username}` is not that user. AWS's own IAMUserChangePassword
    lists `user/*/${aws:username}` beside it. User names are unique in an account, whatever the
    path.

    Fix: list the same ARN with `user/*/${aws:username}` as well.
    """
    found = tuple(misses_of_paths(subject))
    if not found:
        return
    # One finding a document: where the own password is missed, if it is anywhere.
    at, item, s = next((each for each in found if _changes(each[2])), found[0])
    others = [other for place, _, other in found if place != at]
    yield Hit(
        at,
        f"`{item}` misses users with a path, so the statement gives them nothing"
        + (f", `{CHANGE}` among it" if _changes(s) else "")
        + (f"; {_so_do(others)}" if others else ""),
        f"list `{OWN_USER.sub(_WITH_PATH, item)}` as well"
        + (", and the same there" if others else ""),
        severity=Severity.MEDIUM if _changes(s) else Severity.LOW,
    )


_WITH_PATH: Final = ":user/*/${aws:username}"


def _changes(s: Statement) -> bool:
    return matches_action(s.actions, CHANGE)


def _so_do(others: list[Statement]) -> str:
    """Further statements that miss users with a path."""
    if all(s.sid for s in others):
        return f"so {'do' if len(others) > 1 else 'does'} {listed([s.sid for s in others])}"
    return f"so do {len(others)} other statements" if len(others) > 1 else "so does another one"


def misses_of_paths(subject: Subject) -> Iterator[tuple[Place, str, Statement]]:
    """Each statement that misses users with a path: the first ARN that does, and its place."""
    if not subject.variables or subject.kind != "identity":
        return
    for place, s in subject.statements(Effect.ALLOW):
        if s.resources is None or s.resources.negated or not subject.is_known(place):
            continue
        if not _misses_paths(subject, s.resources) or _is_said_with_paths(subject, s):
            continue
        for at, item in items(subject, (*place, "Resource")):
            if OWN_USER.search(item):
                yield at, item, s
                break


def _misses_paths(subject: Subject, patterns: Patterns) -> bool:
    """Whether patterns list the own user of somebody without a path, and of nobody with one."""
    own = [m for item in patterns.items if (m := OWN_USER.search(item))]
    return (
        bool(own)
        and not any(m.group(1) for m in own)
        and _lists(subject, patterns, subject.decider.user.arn)
        and not _lists(subject, patterns, subject.decider.user_with_path.arn)
    )


def _lists(subject: Subject, patterns: Patterns, arn: str) -> bool:
    return matches_resource(patterns, arn, _known(subject.decider.user.name)) is True


@lru_cache(maxsize=8)
def _known(name: str) -> Known:
    return Known({"aws:username": name})


def _is_said_with_paths(subject: Subject, s: Statement) -> bool:
    """Whether another Allow has the same actions for users with a path."""
    mine = {a.lower() for a in s.actions.items}
    return any(
        other.resources is not None
        and _lists(subject, other.resources, subject.decider.user_with_path.arn)
        and mine <= {a.lower() for a in other.actions.items}
        for _, other in subject.statements(Effect.ALLOW)
    )


def old_devices(subject: Subject) -> Iterator[Hit]:
    """A kind of MFA device that nobody has any more

    Why: `u2f/` was in a sample policy of AWS for some weeks in 2018; it is not a resource that a
    policy can name. SMS devices were given up. What is allowed there, nobody can do, and readers
    take it for a device that is covered.

    Fix: take the ARN out; security keys are enrolled with iam:EnableMFADevice on the own user.
    """
    for place, s in subject.statements() if subject.kind in ("identity", "boundary") else ():
        for at, item in items(subject, subject.element(place, "Resource")) if s.resources else ():
            if old := _OLD_DEVICE.match(item):
                yield Hit(at, _GONE[old.group(1)])


def allow_not_action(subject: Subject) -> Iterator[Hit]:
    """An Allow of everything but a list

    Why: `NotAction` in an Allow grants every action of every service that the list leaves out, and
    those that AWS has not invented yet. Where IAM is left out, that is full administration.

    Fix: list what is allowed in `Action`; keep `NotAction` for Denies.
    """
    for place, s in subject.statements(Effect.ALLOW) if subject.kind == "identity" else ():
        if s.actions.negated:
            iam = matches_action(s.actions, "iam:AttachUserPolicy")
            yield Hit(
                (*place, "NotAction"),
                "allows every action that the list leaves out"
                + (", those that change policies too" if iam else ""),
                severity=Severity.HIGH if iam else Severity.LOW,
                on_key=True,
            )


def allow_not_resource(subject: Subject) -> Iterator[Hit]:
    """An Allow on everything but a list

    Why: `NotResource` in an Allow grants the actions on every resource that the list leaves out,
    those that are made later too.

    Fix: list the resources in `Resource`, and deny what is to be left out.
    """
    for place, s in subject.statements(Effect.ALLOW) if subject.kind == "identity" else ():
        if s.resources is not None and s.resources.negated:
            yield Hit(
                (*place, "NotResource"),
                "allows the actions on every resource that the list leaves out",
                on_key=True,
            )


RULES: Final = (
    Rule(
        "GEN055",
        Severity.LOW,
        users_with_a_path,
        "UG:reference_identifiers#identifiers-friendly-names",
        confidence="medium",
    ),
    Rule("GEN056", Severity.LOW, old_devices, "UG:id_credentials_mfa"),
    Rule("GEN059", Severity.HIGH, allow_not_action, "UG:reference_policies_elements_notaction"),
    Rule("GEN060", Severity.LOW, allow_not_resource, "UG:reference_policies_elements_notresource"),
)
