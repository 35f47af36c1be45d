"""Requests that show whether a document lets through more than sign-in and enrolment need.

An item of an Allow stands for all it covers: its wildcards are filled with characters that no
document has, so a Deny that covers this one covers them all. Names that a Deny exempts are asked
for by themselves.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.catalog import actions_of
from generator.classes import OTHER, action_classes
from generator.errors import NotModelledError
from generator.flows import CALLS, ROLE_ACTIONS
from generator.match import matches_action
from generator.pattern import glob
from generator.policy import Patterns, Statement
from generator.service_rules import BY_IDENTITY_PROVIDERS
from generator.verdicts import SOMETHING, WORK

# What may get through without MFA: the calls of sign-in and enrolment, what AWS's own samples have
# exempted so that the console's pages can be read, and calls that are not subject to policies.
# Whether a role may be assumed without MFA is its trust policy's answer, see `roles`.
# Source: `generator.flows`; IAM User Guide, "AWS: Allows IAM users to manage their own credentials
# on the Security credentials page", all editions.
HARMLESS: Final = frozenset(
    {
        *(call.action.lower() for call in CALLS if call.before_mfa),
        "iam:listusers",
        "iam:listaccountaliases",
        "iam:getaccountsummary",
        "iam:getloginprofile",
        "iam:listaccesskeys",
        "iam:listsshpublickeys",
        "iam:listsigningcertificates",
        "iam:listservicespecificcredentials",
        "sts:getcalleridentity",
        *BY_IDENTITY_PROVIDERS,
        *ROLE_ACTIONS,
    }
)
# Services that have any of those.
_SERVICES: Final = frozenset(action.partition(":")[0] for action in HARMLESS)
# Stands for any run of characters; longer than people write question marks.
_RUN: Final = OTHER * 9
_OWN: Final = "${aws:username}"
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class Probe(Struct, frozen=True):
    """A request: an action, how a message calls it, and a pattern of what it is called on."""

    action: str
    shown: str
    on: str


def probes(s: Statement, exempt: Iterable[str], spared: Iterable[str] = ()) -> Iterator[Probe]:
    """Requests that an Allow may let through, beside Denies that exempt some action patterns, in
    lower case, and spare some resource patterns."""
    found: dict[str, str] = {}
    for item in ("*",) if s.actions.negated else s.actions.items:
        found |= dict(_of_item(item.lower(), item))
    for item in exempt:
        found |= dict(_of_item(item, item))
    if not s.actions.negated:
        for action in _between(s.actions, tuple(exempt)):
            found.setdefault(action, action.replace(OTHER, "*"))
    on = s.resources.items if s.resources and not s.resources.negated else ("*",)
    for action, shown in found.items():
        if matches_action(s.actions, action):
            for item in (*on, *spared):
                yield Probe(action, shown, item)


def resource(pattern: str, own: str, account: str, partition: str) -> str:
    """One resource that a pattern of an Allow covers; `own` is the ARN of who asks."""
    if pattern == "*":
        return SOMETHING.format(partition, account)
    fields = pattern.split(":", 5)
    if len(fields) < 6:
        return _filled(pattern)
    if fields[5].startswith("user/") and fields[5].endswith(_OWN):
        return own
    if fields[4] == "*":
        fields[4] = account
    if fields[1] == "*":
        fields[1] = partition
    fields[5] = fields[5].replace(_OWN, own.rpartition("/")[2])
    return _filled(_VARIABLE.sub("*", ":".join(fields)))


def is_harmless(item: str) -> bool:
    """Whether an action pattern, in lower case, covers nothing but what may get through."""
    if "*" not in item and "?" not in item:
        return item in HARMLESS
    names = _names(item)
    return bool(names) and names <= HARMLESS


@lru_cache(maxsize=4096)
def _of_item(item: str, shown: str) -> tuple[tuple[str, str], ...]:
    """Actions that stand for those of a pattern, each with how to call it."""
    service, _, name = item.partition(":")
    if item in ("*", "*:*"):
        return ((WORK[0].lower(), WORK[0]), (_filled("*:*"), "*"))
    if "*" not in item and "?" not in item:
        return () if item in HARMLESS else ((item, shown),)
    if service not in _SERVICES or name == "*":
        return ((_filled(item), shown),)
    known = sorted(_names(item) - HARMLESS)
    if known:
        names = actions_of(service)
        return tuple((a, f"{service}:{names[a.partition(':')[2]]}") for a in known)
    return () if _names(item) else ((_filled(item), shown),)


@lru_cache(maxsize=4096)
def _names(item: str) -> frozenset[str]:
    """The documented actions, in lower case, that a pattern of one service covers."""
    service, _, name = item.partition(":")
    if "*" in service or "?" in service:
        return frozenset()
    return frozenset(f"{service}:{known}" for known in actions_of(service) if glob(name, known))


@lru_cache(maxsize=1024)
def _between(actions: Patterns, exempt: tuple[str, ...]) -> tuple[str, ...]:
    """Actions that two patterns share though neither covers the other: `*User`, `iam:Get*`."""
    ours = {item.lower() for item in actions.items}
    both = ours | set(exempt)
    if not exempt or all(_is_prefix(item) for item in both):
        return ()
    try:
        found = action_classes(frozenset(both))
    except NotModelledError:
        return ()
    return tuple(
        action
        for action in found
        if any(glob(i, action) for i in ours) and any(glob(i, action) for i in exempt)
        # Of the others, those that exist have been asked for by name.
        if action.partition(":")[0] not in _SERVICES
    )


def _is_prefix(item: str) -> bool:
    return "?" not in item and "*" not in item[:-1]


def _filled(pattern: str) -> str:
    return pattern.replace("*", _RUN).replace("?", OTHER)
