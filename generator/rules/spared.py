"""A rule about what a Deny "without MFA" leaves out by resource: the items of its `NotResource`."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.flows import CALLS
from generator.match import matches_action
from generator.never_exempt import NEVER_EXEMPT, NeverExempt
from generator.policy import Statement
from generator.rules.mfa_denies import (
    called,
    called_on,
    is_about_people,
    is_met,
    listed,
    mfa_denies,
    spares,
)
from generator.rules.needed import ACCEPTED, CHANGE, CREATE, ENABLE, ON_THE_PAGE
from generator.rules.rule import Hit, Rule
from generator.subject import Subject
from generator.verdicts import WITHOUT_MFA

_DELETE: Final = "iam:DeleteVirtualMFADevice"
_NEEDED: Final = (CHANGE, ACCEPTED, CREATE, ENABLE, *ON_THE_PAGE)
_BEFORE_MFA: Final = frozenset(call.action.lower() for call in CALLS if call.before_mfa)
_READS: Final = ("iam:get", "iam:list")
# As many as are named in a message.
_SHOWN: Final = 3


def never_spared(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" spares things on which what must wait for MFA works

    Why: `NotResource` exempts every action of the Deny on what it lists. With the own user there,
    for enrolment, an access key may also take policies off that user, remove the MFA device and
    make further credentials, for whatever else allows it.

    Fix: write `"Resource": "*"`, and name in `NotAction` what people need before MFA.
    """
    if not is_about_people(subject) or not subject.is_whole:
        return
    for place, s in mfa_denies(subject):
        found = opened_by_resource(subject, s)
        if found:
            what = "the own user" if _spares_own_user(subject, s) else "what it lists"
            actions = [each.action for each in found]
            more = f" and {len(actions) - _SHOWN} more" if len(actions) > _SHOWN else ""
            names = ", ".join(f"`{a}`" for a in actions[:_SHOWN]) if more else listed(actions)
            yield Hit(
                (*place, "NotResource"),
                f"{called(s)} spares {what} whatever is done to it, so {names}{more} "
                f"{'work' if len(actions) > 1 else 'works'} without MFA: {found[0].why}",
                instead(s),
                on_key=True,
                severity=_severity(subject, s, found),
            )


def instead(s: Statement) -> str:
    """What to write in place of a `NotResource` that spares more than enrolment."""
    if s.actions.negated:
        lacking = [a for a in _NEEDED if matches_action(s.actions, a)]
        names = f", and add {listed(lacking)} to its `NotAction`" if lacking else ""
        return f'write `"Resource": "*"` in place of `NotResource`{names}'
    return (
        'write `"Resource": "*"` in place of `NotResource`, and `NotAction` with what people need '
        f"before MFA, {listed(_NEEDED)}, in place of `Action`"
    )


def goes_beyond_enrolment(s: Statement) -> bool:
    """Whether a statement is about more than the way in and what is only read."""
    return s.actions.negated or not all(
        item.lower() in _BEFORE_MFA or item.lower().startswith(_READS) for item in s.actions.items
    )


def opened_by_resource(subject: Subject, s: Statement) -> list[NeverExempt]:
    """What must wait for MFA and works without, because of what a statement spares."""
    if not s.resources or not s.resources.negated:
        return []
    return [
        each
        for each in NEVER_EXEMPT
        if matches_action(s.actions, each.action)
        and not _is_exempt(subject, each.action)
        and any(
            _gets_through(subject, s, each.action, on) for on in called_on(subject, each.action)
        )
    ]


def _is_exempt(subject: Subject, action: str) -> bool:
    """Whether another Deny exempts an action by its name, which is told of there."""
    return any(
        s.actions.negated and not matches_action(s.actions, action) for _, s in mfa_denies(subject)
    )


def _gets_through(subject: Subject, s: Statement, action: str, on: str) -> bool:
    return any(
        is_met(subject, s, state)
        and spares(subject, s, on, state)
        and subject.decider.is_denied(action, on, state) is False
        for state in WITHOUT_MFA
    )


def _spares_own_user(subject: Subject, s: Statement) -> bool:
    own = subject.decider.user.arn
    return any(spares(subject, s, own, state) for state in WITHOUT_MFA)


def _severity(subject: Subject, s: Statement, found: list[NeverExempt]) -> Severity | None:
    if [each.action for each in found] == [_DELETE]:
        return Severity.MEDIUM
    granted = subject.kind == "identity" and any(
        spares(subject, s, on, state) and subject.decider.is_allowed(each.action, on, state)
        for each in found
        for on in called_on(subject, each.action)
        for state in WITHOUT_MFA
    )
    return Severity.CRITICAL if granted else None


RULES: Final = (
    Rule("GEN048", Severity.HIGH, never_spared, "UG:reference_policies_elements_notresource"),
)
