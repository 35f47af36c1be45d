"""Whom and what a document treats differently from everybody and everything else.

Verdicts ask as a user that no document names. Where a Deny is about some users only, or leaves
something of another service alone, these are the users and the calls to ask as well.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from generator.decider import Decider
from generator.policy import Effect, Patterns, Policy, Statement
from generator.principals import Caller

# More than any document singles out by name.
_MOST: Final = 8
_POSITIVE: Final = re.compile(
    r"(?:ForAnyValue:)?(?:ArnLike|ArnEquals|StringLike|StringEquals|StringEqualsIgnoreCase)"
    r"(?:IfExists)?"
)
_USER: Final = re.compile(r"arn:[^:]*:iam::[^:]*:(user/.+)")
_OWN: Final = "${aws:username}"
# Those that people sign in and get roles with are asked for themselves.
_SIGN_IN: Final = frozenset({"iam", "sts", "signin"})


def people(policy: Policy, decider: Decider) -> tuple[Caller, ...]:
    """Users whom its Denies are about in particular: one for each pattern of them."""
    return tuple(who for _, who in patterns_of_people(policy, decider))


def patterns_of_people(policy: Policy, decider: Decider) -> tuple[tuple[str, Caller], ...]:
    """The patterns of users that its Denies are about, as they stand there, each with such a user.

    An ARN is shortened to `user/...`; what is asked of `aws:username` has no path.
    """
    found = {
        name: pattern
        for s in policy.statements
        if s.effect is Effect.DENY
        for pattern in (*_by_condition(s), *_by_resource(s))
        for name in [_name(pattern, decider)]
        if name and name != decider.user.name and "${" not in name
    }
    return tuple(
        (pattern, decider.user_called(name)) for name, pattern in islice(found.items(), _MOST)
    )


def _name(pattern: str, decider: Decider) -> str:
    own = decider.user.name
    return _filled(pattern.removeprefix("user/").replace(_OWN, own), own)


def _by_condition(s: Statement) -> Iterator[str]:
    """Patterns of users, with their paths, that a statement is about because of who calls."""
    for c in s.conditions:
        if not _POSITIVE.fullmatch(c.operator):
            continue
        if c.key.lower() == "aws:username":
            yield from c.values
        elif c.key.lower() == "aws:principalarn":
            yield from (found[1] for v in c.values if (found := _USER.fullmatch(v)))


def _by_resource(s: Statement) -> Iterator[str]:
    """Patterns of users that a statement keeps from their own password.

    One that denies more is about what others do to them.
    """
    names = {item.lower() for item in s.actions.items}
    if names == {"iam:changepassword"} and s.resources and not s.resources.negated:
        yield from (found[1] for item in s.resources.items if (found := _USER.fullmatch(item)))


def _filled(pattern: str, name: str) -> str:
    """A name that a pattern matches."""
    *path, last = pattern.split("/")
    last = name if set(last) <= set("*?") else last.replace("*", name).replace("?", "x")
    return "/".join([*(step.replace("*", "path").replace("?", "x") for step in path), last])


def probes(policy: Policy, decider: Decider) -> tuple[tuple[str, str], ...]:
    """Calls of other services that a Deny leaves out, by name or by what they are on."""
    found: dict[tuple[str, str], None] = {}
    for s in policy.statements:
        if s.effect is not Effect.DENY:
            continue
        if s.actions.negated:
            found |= dict.fromkeys((action, "*") for action in _of_other_services(s.actions.items))
        if s.resources and s.resources.negated:
            found |= dict.fromkeys(_on_left_out(s.actions, s.resources, decider))
    return tuple(found)


def _of_other_services(items: Iterable[str]) -> Iterator[str]:
    for item in items:
        service, colon, name = item.lower().partition(":")
        if colon and service not in _SIGN_IN and not set(service) & set("*?"):
            yield f"{service}:{_plain(name)}"


def _on_left_out(
    actions: Patterns, resources: Patterns, decider: Decider
) -> Iterator[tuple[str, str]]:
    """A call on each thing of another service that `NotResource` leaves out."""
    for item in resources.items:
        fields = item.split(":", 5)
        if len(fields) < 6 or fields[2] in ("iam", "sts") or set(fields[2]) & set("*?"):
            continue
        thing = _plain(item.replace(_OWN, decider.user.name))
        if "${" not in thing:
            named = [a for a in actions.items if a.lower().startswith(f"{fields[2]}:")]
            named = [] if actions.negated else named
            yield (_plain(named[0]) if named else f"{fields[2]}:Action"), thing


def _plain(pattern: str) -> str:
    """A text that a pattern matches."""
    return pattern.replace("*", "x").replace("?", "x")
