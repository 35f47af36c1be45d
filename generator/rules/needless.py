"""A rule about what a Deny "without MFA" exempts and no flow needs."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from generator.catalog import actions_of
from generator.findings import Severity
from generator.policy import Statement
from generator.rules.exemptions import (
    BEFORE_MFA,
    INERT,
    are,
    gets_through,
    is_name,
    open_lists,
    opened,
)
from generator.rules.mfa_denies import called, is_matched, listed, place_of_item
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def exempt_for_no_flow(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" exempts what neither sign-in nor enrolment needs

    Why: everything that is exempt works without MFA. Nothing people do before they have MFA calls
    these actions: they read the account's users and settings, or are work that MFA should guard.

    Fix: take them out of `NotAction`.
    """
    for place, s in open_lists(subject):
        found = [
            (at, item, example)
            for at, item in enumerate(s.actions.items)
            if not opened(subject, s, item) and (example := _needless(subject, s, item))
        ]
        if found:
            at, item, example = found[0]
            items = [each for _, each, _ in found]
            them = "them" if len(items) > 1 else "it"
            more = "" if is_name(item) or len(items) > 1 else f", `{example}` for example,"
            yield Hit(
                place_of_item(subject, place, "NotAction", at),
                f"{listed(items)}{more} {are(items)} exempt from {called(s)}, and neither sign-in "
                f"nor enrolment needs {them}",
                _take_out(items),
                severity=max(map(_severity_of, items)),
                on_key=True,
            )


def _needless(subject: Subject, s: Statement, item: str) -> str:
    """An action that an item exempts and no flow needs, "" if there is none."""
    names = (name for name in sorted(_matched(item)) if not _is_of_a_flow(name))
    return next((name for name in names if gets_through(subject, s, name)), "")


def _severity_of(item: str) -> Severity:
    service, _, name = item.partition(":")
    if set(name) == {"*"} and service.lower() not in ("iam", "sts", "signin"):
        return Severity.HIGH
    reads = all(each.startswith(_READS) for each in _matched(item) if not _is_of_a_flow(each))
    return Severity.LOW if reads else Severity.MEDIUM


def _take_out(items: list[str]) -> str:
    """What to do about items that no flow needs; what enrolment needs of them stays."""
    both = [i for i in items if any(name.lower() in BEFORE_MFA for name in _matched(i))]
    gone = [i for i in items if i not in both]
    said = [f"take {listed(gone)} out of `NotAction`"] if gone else []
    if both:
        needed = sorted({n for i in both for n in _matched(i) if n.lower() in BEFORE_MFA})
        said.append(
            f"in place of {listed(both)}, name what people need before MFA, {listed(needed)}"
        )
    return "; ".join(said)


# What AWS says to exempt for those who change their password on the page of users.
# Source: IAM User Guide, "Manage your own credentials, MFA-authenticated", the notes.
_USERS_PAGE: Final = frozenset({"iam:listusers", "iam:getloginprofile"})
_READS: Final = ("iam:Get", "iam:List")


@cache
def _matched(item: str) -> tuple[str, ...]:
    """The documented actions that an item matches; an unknown name stands for itself."""
    service, _, name = item.partition(":")
    if is_name(item) or not name:
        known = actions_of(service.lower())
        return (f"{service.lower()}:{known.get(name.lower(), name)}",)
    found = tuple(
        f"{service.lower()}:{each}"
        for each in actions_of(service.lower()).values()
        if is_matched(item, f"{service}:{each}")
    )
    return found or (item.replace("*", "Any").replace("?", "x"),)


def _is_of_a_flow(name: str) -> bool:
    """Whether people may need an action before they have MFA, or everybody may call it anyway."""
    folded = name.lower()
    return (
        folded in BEFORE_MFA | INERT | _USERS_PAGE
        # Tags of a device that is being created, and whatever else is read of one.
        or (folded.startswith("iam:") and "mfadevice" in folded)
        or folded.startswith("signin:")
    )


RULES: Final = (
    Rule(
        "GEN043",
        Severity.MEDIUM,
        exempt_for_no_flow,
        "UG:reference_policies_examples_aws_my-sec-creds-self-manage",
        confidence="medium",
    ),
)
