"""Which edits a document needs: the smallest that make the journey pass, each shown to be safe.

An edit is kept if every request that it answers differently is one that it means to; see `prove`.
No edit ever asks for MFA where somebody enrols a device.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from generator.canonical import billable_size
from generator.documents import GROUP_INLINE, MANAGED, ROLE_PERMISSIONS, TRUST, USER_INLINE, Kind
from generator.errors import GenError
from generator.found import Found
from generator.match import matches_action
from generator.policy import Effect
from generator.repair import conditions, exemptions, own_user
from generator.repair.answered import MENDED, fire
from generator.repair.conditions import is_mfa_deny
from generator.repair.exemptions import meant_kinds
from generator.repair.proposal import Proposal
from generator.repair.prove import Change, changes, unmeant
from generator.repair.words import sentences
from generator.subject import Subject
from generator.verdicts import first_login

Mender: TypeAlias = Callable[[Subject], Iterator[Proposal]]
# Whether a document may be given other data: "" if it may, or why not.
Writable: TypeAlias = Callable[[Found, Any], str]

# What names mean comes first, then what is denied, then what is allowed.
_MENDERS: Final[dict[str, tuple[Mender, ...]]] = {
    "identity": (
        own_user.version,
        conditions.misspelt_keys,
        exemptions.misspelt_actions,
        exemptions.scope,
        exemptions.never_exempt,
        exemptions.exemptions,
        conditions.operators,
        own_user.own_paths,
        own_user.devices,
        own_user.grant,
        own_user.confine,
    ),
    "trust": (conditions.misspelt_keys, conditions.operators),
}
_ROUNDS: Final = 4
_CHANGE: Final = "iam:ChangePassword"
# From bad to good.
_RANK: Final = {"locked_out": 0, "denied": 0, "not_granted": 1, "depends": 1, "open": 2}
_BYPASS: Final = {"open": 0, "depends": 1, "denied": 2, "refused": 2}


class Planned(Struct, frozen=True, eq=False):
    """The document with its edits made; what could not be done, and why; and every request that
    is answered differently."""

    subject: Subject
    edits: tuple[Proposal, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    changed: frozenset[Change] = frozenset()


def plan(found: Found, writable: Writable) -> Planned:
    """The edits of a document, in the order they are made; each is made in what is there then."""
    first = Subject(found)
    if why := _not_planned(first):
        return Planned(first, (), why)
    try:
        return _planned(first, writable)
    except GenError as error:
        return Planned(first, refused=(("the document", f"nothing is proven: {error.problem}"),))


def _planned(first: Subject, writable: Writable) -> Planned:
    """The edits, without those of the kinds that make a verdict worse."""
    said: tuple[tuple[str, str], ...] = ()
    for without in ((), (conditions.operators,), (conditions.operators, exemptions.scope)):
        subject, edits, refused = _edited(first, writable, without)
        worse = _worse(first, subject)
        if not worse:
            refused = (*said, *refused)
            found = changes(first, subject)
            return Planned(subject, edits, (*refused, *_left(subject, edits, refused)), found)
        said = said or (("the document", worse),)
    return Planned(first, refused=said)


def _not_planned(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Why a document gets no edits at all, if that is to be said."""
    found = subject.found
    if found.kind == "resource":
        return ()
    if not subject.is_whole:
        problem = subject.unread[0][1].problem if subject.unread else "some values are not known"
        return (("the document", f"it is not judged, so no edit is proven: {problem}"),)
    whose = ""
    if found.kind not in ("identity", "trust"):
        whose = f"what is in {_A.get(found.kind, found.kind)} binds roles too, which have no MFA"
    elif found.kind == "identity" and "role" in found.holders:
        whose = "it is attached to a role, whose sessions have no MFA"
    if whose and fire(subject, *MENDED, "GEN024", "GEN025"):
        return (("the document", f"{whose}; decide whom it is for"),)
    return ()


_A: Final = {
    "scp": "an SCP",
    "rcp": "an RCP",
    "boundary": "a permissions boundary",
    "session": "a session policy",
}


def _edited(
    first: Subject, writable: Writable, without: tuple[Mender, ...]
) -> tuple[Subject, tuple[Proposal, ...], tuple[tuple[str, str], ...]]:
    kind, holders = first.found.kind, first.found.holders
    menders = _MENDERS.get(kind, ()) if "role" not in holders or kind == "trust" else ()
    subject, edits = first, list[Proposal]()
    refused: dict[tuple[str, str], None] = {}
    for _ in range(_ROUNDS):
        before = len(edits)
        for mender in (m for m in menders if m not in without):
            tried: set[tuple[Any, ...]] = set()
            while proposal := next((p for p in mender(subject) if _key(p) not in tried), None):
                tried.add(_key(proposal))
                why = proposal.refusal or _unsafe(subject, proposal, writable)
                if why:
                    refused[proposal.what, why] = None
                elif why is not None:
                    edits.append(proposal)
                    subject = Subject(replace(first.found, data=proposal.data))
        if len(edits) == before:
            break
    made = {edit.what for edit in edits}
    return subject, tuple(edits), tuple(r for r in refused if r[0] not in made)


def _key(proposal: Proposal) -> tuple[Any, ...]:
    return proposal.what, proposal.place


def _unsafe(subject: Subject, proposal: Proposal, writable: Writable) -> str | None:
    """Why an edit is not made, "" if it is safe; None if it changes nothing."""
    after = Subject(replace(subject.found, data=proposal.data))
    if not after.is_whole:
        return f"what comes of it is no policy: {after.unread[0][1].problem}"
    found = changes(subject, after)
    if not found:
        return None
    if wrong := unmeant(found, proposal.intents):
        said = sentences(wrong) or sentences(found)
        return f"it would do more: {said[0]}" if said else "it changes more than it should"
    quota = _quota(subject.found)
    size = billable_size(after.policy)
    if quota.quota < size and billable_size(subject.policy) < size:
        return f"it would have {size:,} characters, and the quota ({quota.name}) is {quota.quota:,}"
    return writable(subject.found, proposal.data)


def _quota(found: Found) -> Kind:
    """The quota that a document has to keep to; the largest there is where that is not known."""
    if found.kind == "trust":
        return TRUST
    if found.form != "inline":
        return MANAGED
    kinds = {"user": USER_INLINE, "group": GROUP_INLINE, "role": ROLE_PERMISSIONS}
    return min((kinds[h] for h in found.holders), key=lambda k: k.quota, default=ROLE_PERMISSIONS)


def _worse(before: Subject, after: Subject) -> str:
    """Which verdict the edits make worse, "" if none."""
    meant = meant_kinds(before)
    for name, was in before.verdicts.items():
        now = after.verdicts[name]
        if was == "not_granted" and name.startswith("enrol_") and name[6:] not in meant:
            # Nobody is meant to enrol such a device.
            continue
        rank = _RANK if name == "first_login" or name.startswith("enrol_") else _BYPASS
        if rank[now] < rank[was]:
            return f"not all of it can be mended: `{name}` would be {now} and is {was}"
    return ""


def _left(
    subject: Subject, edits: tuple[Proposal, ...], refused: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, str]]:
    """What is still wrong and is somebody's to decide."""
    verdicts = subject.verdicts
    if subject.kind == "trust":
        if verdicts["trust_without_mfa"] == "open" and not refused:
            yield "trust without MFA", _trust(subject)
        return
    if subject.kind != "identity" or "role" in subject.found.holders or refused:
        return
    opened = any(
        matches_action(i.actions, _CHANGE)
        for e in edits
        for i in e.intents
        if i.opens and i.actions
    )
    if opened and verdicts["first_login"] == "not_granted":
        yield (
            "the first sign-in",
            "no Deny is in the way any more, and nothing here allows `iam:ChangePassword`; decide "
            "whether the account's AllowUsersToChangePassword does, or another policy",
        )
    denies = [s for _, s in subject.statements(Effect.DENY) if is_mfa_deny(s, subject)]
    if verdicts["first_login"] == "locked_out":
        why = "nothing here opens `iam:ChangePassword` and only that"
        if first_login(subject.decider) != "locked_out":
            # Edits are proven for a user whom no document names.
            why = "only users whom this document singles out are locked out; mend it by hand"
        yield "the first sign-in", why
    enrolling = [v for name, v in verdicts.items() if name.startswith("enrol_")]
    if "denied" in enrolling and not {"open", "depends", "not_granted"} & set(enrolling):
        yield "enrolment", "nothing here opens it and only that"
    wide = [s for s in denies if s.actions.negated or "*" in s.actions.items]
    if wide and verdicts["access_key_without_mfa"] == "open":
        yield "access keys without MFA", "the Denies leave out more than names of actions; decide"


def _trust(subject: Subject) -> str:
    """Why a trust policy that does not ask for MFA gets no condition."""
    for _, s in subject.statements(Effect.ALLOW):
        if s.actions.negated:
            return "`NotAction` with Allow trusts for more than one can say; name the actions"
        if s.principals and (s.principals.anyone or s.principals.negated):
            return "it trusts everyone but some; name whom it is to trust"
        for _, ids in s.principals.entries if s.principals else ():
            for i in ids:
                if ":root" in i or i.isdigit() or i == "*":
                    return (
                        f"`{i}` is a whole account, its roles and machines too, which have no MFA; "
                        "decide who of it is to assume the role"
                    )
    return (
        "asking for MFA would lock out whoever uses an access key in a machine; decide, and add "
        '`"Bool": {"aws:MultiFactorAuthPresent": "true"}` if people use it'
    )
