"""Rules about policies that people look after themselves with: what else those let them do."""

import re
from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.match import matches_action
from generator.policy import Effect, Statement
from generator.positions import Place
from generator.request import Decision
from generator.rules.allows import OWN_USER
from generator.rules.mfa_denies import asks_for_mfa, is_about_people, is_matched, listed
from generator.rules.names import CHANGE
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items
from generator.states import ANOTHER
from generator.subject import Subject
from generator.supposed import IN_WORDS, State
from generator.verdicts import WITHOUT_MFA

_ALL: Final[tuple[State, ...]] = ("key", "console", "mfa")
# Whoever can do these to another user can sign in as that user. ChangePassword is not among them:
# it only ever changes the caller's own. Source: API:ChangePassword.
_TAKE_OVER: Final = (
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:ResetServiceSpecificCredential",
    "iam:UpdateLoginProfile",
    "iam:UploadSSHPublicKey",
    "iam:UploadSigningCertificate",
)
_MEDDLE: Final = (
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:EnableMFADevice",
    "iam:UpdateAccessKey",
)
_OWN_POLICIES: Final = ("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy")
# What nobody grants to all users, of one another.
_ADMINISTRATION: Final = ("iam:AttachUserPolicy", "iam:CreateUser", "iam:PutUserPolicy")
_OVERVIEWS: Final = (
    "iam:GenerateCredentialReport",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetCredentialReport",
    "iam:ListGroups",
    "iam:ListPolicies",
    "iam:ListRoles",
    "iam:ListUsers",
)


def overviews(subject: Subject) -> Iterator[Hit]:
    """A look at the whole account for users without MFA

    Why: lists of all users, roles and policies are what an attacker with a stolen access key looks
    at first. Nobody needs them to sign in, or to enrol a device on the page "Security credentials".

    Fix: take the action out, or allow it with `"Bool": {"aws:MultiFactorAuthPresent": "true"}`.
    """
    if not _is_self_service(subject):
        return
    shown: dict[Place, list[str]] = {}
    found = {action: states for action in _OVERVIEWS if (states := _open(subject, action, "*"))}
    for action, states in found.items():
        for at, _, _ in _causes(subject, action, "*", states):
            shown.setdefault(at, []).append(action)
    for at, actions in shown.items():
        states = found[actions[0]]
        yield Hit(at, f"{_words(states)} may call {listed(actions)}, about the whole account")


def other_users(subject: Subject) -> Iterator[Hit]:
    """Self-service on everybody's user

    Why: who may make access keys, set passwords or change devices of other users can become them,
    administrators too. In a policy that lets people look after themselves, the resource is the own
    user.

    Fix: list the two ARNs of the own user, `user/${aws:username}` and `user/*/${aws:username}`.
    """
    if not _is_self_service(subject):
        return
    for place, s in subject.statements(Effect.ALLOW):
        found = [
            action
            for action in (*_TAKE_OVER, *_MEDDLE)
            if matches_action(s.actions, action) and _allows_on_others(subject, place, s, action)
        ]
        if found:
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            named = ", ".join(f"`{a}`" for a in found[:3]) if more else listed(found)
            takes_over = any(action in _TAKE_OVER for action in found)
            yield Hit(
                subject.element(place, "Resource"),
                f"allows {named}{more} on users other than the own",
                _own_user(subject, s),
                severity=Severity.HIGH if takes_over else Severity.MEDIUM,
                on_key=True,
            )


def _own_user(subject: Subject, s: Statement) -> str:
    """The two ARNs of the own user, in the partition and the account of the statement's."""
    starts = (_USERS.match(item) for item in (s.resources.items if s.resources else ()))
    start = next((m.group() for m in starts if m), f"arn:{subject.partition}:iam::*:user/")
    arns = listed([f"{start}${{aws:username}}", f"{start}*/${{aws:username}}"])
    return f"list the two ARNs of the own user, {arns}, in place of it"


_USERS: Final = re.compile(r"arn:[^:*]+:iam::[^:]*:user/")


def _allows_on_others(subject: Subject, place: Place, s: Statement, action: str) -> bool:
    """Whether a statement is why an action is allowed on somebody else."""
    decider = subject.decider
    others = {decider.another_user: None}
    for item in s.resources.items if s.resources and not s.resources.negated else ():
        path = item.partition(":user/")[2]
        # Names are unique whatever the path: `*/carol` is carol, and nobody else.
        if "*" in path.rpartition("/")[2] and "$" not in path:
            path = path.replace("*", ANOTHER).replace("?", "x")
            others[f"arn:{decider.partition}:iam::{decider.account}:user/{path}"] = None
    return any(
        place in _because(subject, decider.decide(action, other, state))
        for other in others
        for state in _ALL
    )


def device_removed_without_mfa(subject: Subject) -> Iterator[Hit]:
    """An MFA device that can be taken off without MFA

    Why: whoever finds an access key, or an open browser, should not be able to remove the device
    that protects the user. AWS itself asks users with a device for an MFA session since April 2023,
    and its sample policies still demand MFA here: do not rest a policy on the former.

    Fix: allow iam:DeactivateMFADevice in a statement of its own, with
    `"Bool": {"aws:MultiFactorAuthPresent": "true"}`; enrolment stays without that condition.
    """
    yield from _without_mfa(subject, ("iam:DeactivateMFADevice",), "the device can be removed with")


def password_set_without_mfa(subject: Subject) -> Iterator[Hit]:
    """A password that can be set without MFA and without the old one

    Why: iam:UpdateLoginProfile and iam:CreateLoginProfile set a console password without asking for
    the old one, so a stolen access key becomes a console sign-in. iam:ChangePassword, which asks
    for it, is what users need.

    Fix: take the action out, or allow it in a statement of its own with
    `"Bool": {"aws:MultiFactorAuthPresent": "true"}`; iam:ChangePassword stays without that
    condition.
    """
    actions = ("iam:UpdateLoginProfile", "iam:CreateLoginProfile")
    yield from _without_mfa(subject, actions, "the console password can be set with")


def _without_mfa(subject: Subject, actions: tuple[str, ...], what: str) -> Iterator[Hit]:
    """Where own-user actions are allowed that must not be, without MFA."""
    # What is wrong with a Deny, or what it exempts, other rules say there.
    if not _is_self_service(subject) or any(
        s.actions.negated and asks_for_mfa(s) for _, s in subject.statements(Effect.DENY)
    ):
        return
    own = subject.decider.user.arn
    # Who can change the own policies can do this and everything else.
    said = {hit.place for hit in own_policies(subject)}
    for action in actions:
        states = _open(subject, action, own)
        for at, item, s in _causes(subject, action, own, states):
            if at not in said and not asks_for_mfa(s):
                said.add(at)
                yield Hit(at, f"`{item}` is allowed without MFA: {what} {_words(states)}")


def own_policies(subject: Subject) -> Iterator[Hit]:
    """Users who can change their own policies

    Why: whoever can attach a policy to the own user, or write one there, is an administrator, with
    or without the Deny that demands MFA.

    Fix: name the actions that people need for themselves in place of a wildcard.
    """
    if not _is_self_service(subject):
        return
    said: set[Place] = set()
    for action in _OWN_POLICIES:
        for at, item, _ in _causes(subject, action, subject.decider.user.arn, _ALL):
            if at not in said:
                said.add(at)
                yield Hit(at, f"`{item}` lets users call `{action}` on their own user")


def _causes(
    subject: Subject, action: str, resource: str, states: tuple[State, ...]
) -> Iterator[tuple[Place, str, Statement]]:
    """The items of Allows that are why an action is allowed in some states."""
    decisions = [subject.decider.decide(action, resource, state) for state in states]
    places = {place for decision in decisions for place in _because(subject, decision)}
    for place, s in subject.statements(Effect.ALLOW):
        if place in places and not s.actions.negated:
            for at, item in items(subject, (*place, "Action")):
                if is_matched(item, action):
                    yield at, item, s


def _because(subject: Subject, decision: Decision | str) -> list[Place]:
    """The places of the statements that allow a request, if it is allowed."""
    if isinstance(decision, str) or decision.outcome != "allowed":
        return []
    return [subject.at[r.index] for r in decision.because if r.index is not None]


def _open(subject: Subject, action: str, resource: str) -> tuple[State, ...]:
    """The states without MFA in which an action is allowed."""
    return tuple(s for s in WITHOUT_MFA if subject.decider.is_allowed(action, resource, s))


def _is_self_service(subject: Subject) -> bool:
    """Whether a document is what users have to look after themselves, and no administrator's."""
    if subject.kind != "identity" or not is_about_people(subject) or not subject.is_whole:
        return False
    decider = subject.decider
    if any(decider.is_allowed(a, decider.another_user, "mfa") for a in _ADMINISTRATION):
        return False
    allows = [s for _, s in subject.statements(Effect.ALLOW)]
    if any(OWN_USER.search(i) for s in allows if s.resources for i in s.resources.items):
        return True
    named = {a.lower() for s in allows if not s.actions.negated for a in s.actions.items}
    enrols = {"iam:createvirtualmfadevice", "iam:enablemfadevice"}
    return CHANGE.lower() in named or enrols <= named


def _words(states: tuple[State, ...]) -> str:
    return " or ".join(IN_WORDS[state] for state in states)


_SAMPLE: Final = "UG:reference_policies_examples_aws_my-sec-creds-self-manage"
RULES: Final = (
    Rule("GEN057", Severity.LOW, overviews, _SAMPLE, confidence="medium"),
    Rule("GEN058", Severity.HIGH, other_users, _SAMPLE, confidence="medium"),
    Rule(
        "GEN061",
        Severity.MEDIUM,
        device_removed_without_mfa,
        "UG:reference_policies_examples_iam_mfa-selfmanage",
        confidence="medium",
    ),
    Rule("GEN062", Severity.HIGH, password_set_without_mfa, "API:UpdateLoginProfile"),
    Rule("GEN063", Severity.CRITICAL, own_policies, "API:PutUserPolicy"),
)
