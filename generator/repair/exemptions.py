"""Edits of what a Deny without MFA leaves out: what people need to get in, and nothing more."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from msgspec.structs import replace

from generator.catalog import actions_of, is_action, resource_types_of
from generator.flows import CALLS, REGISTER_KEY
from generator.match import matches_action
from generator.never_exempt import NEVER_EXEMPT
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.repair.answered import fire
from generator.repair.conditions import is_mfa_deny, with_operators
from generator.repair.edits import at, put, renamed, with_items, without_items
from generator.repair.proposal import Proposal
from generator.repair.prove import DEVICES, OWN, SESSIONS, WITHOUT_MFA, Intent, Kind
from generator.rules.needed import ON_THE_PAGE as PAGE
from generator.rules.needed import pages_denied
from generator.subject import Subject
from generator.supposed import State
from generator.verdicts import ENROLMENT, KINDS, enrolment, first_login

FIRST: Final = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
# What a user without MFA calls on the way in, whichever flow it is of.
SIGN_IN: Final = tuple(sorted({call.action for call in CALLS if call.before_mfa}))
_NEVER: Final = {never.action.lower(): never for never in NEVER_EXEMPT}
# A Deny by age denies old sign-ins with MFA as well, so what it exempts is open to them too.
_WEAK: Final[frozenset[State]] = WITHOUT_MFA | {"mfa"}


def misspelt_actions(subject: Subject) -> Iterator[Proposal]:
    """Names of actions that do not exist and are nearly one that people need on the way in."""
    for place, s in subject.statements():
        element = subject.element(place, "Action")
        for item in s.actions.items:
            meant = _meant(item)
            if not meant or not fire(subject, "GEN050", place=place):
                continue
            found = at(subject.found.data, element)
            listed = [meant if each == item else each for each in _listed(found)]
            data = (
                without_items(subject.found.data, element, [item])
                if listed.count(meant) > 1
                else put(subject.found.data, element, listed if isinstance(found, list) else meant)
            )
            kinds = _kinds(meant) if s.effect is Effect.ALLOW else None
            yield Proposal(
                what=f"the action `{item}` becomes `{meant}`",
                why=f"there is no action `{item}`",
                place=element,
                data=data,
                intents=tuple(
                    Intent(opens, SESSIONS, Patterns((meant, item)), kinds)
                    for opens in (True, False)
                ),
            )


def never_exempt(subject: Subject) -> Iterator[Proposal]:
    """Exemptions that let somebody without MFA take MFA off, or go round it."""
    for place, s in subject.statements(Effect.DENY):
        if not s.actions.negated or not fire(subject, "GEN040", "GEN041", place=place):
            continue
        gone = [item for item in s.actions.items if _is_too_much(item)]
        if not gone:
            continue
        kept = [item for item in s.actions.items if item not in gone]
        new = [a for a in SIGN_IN if matches_action(Patterns(tuple(gone)), a) and a not in kept]
        if not kept and not new:
            new = list(FIRST)
        element = (*place, "NotAction")
        data = put(subject.found.data, element, kept) if kept else subject.found.data
        data = with_items(data, element, new) if kept else put(data, element, _one_or_list(new))
        never = next(n for n in _NEVER.values() if matches_action(Patterns((gone[0],)), n.action))
        yield Proposal(
            what=f"`NotAction` loses {_named(gone)}" + (f" and gains {_named(new)}" if new else ""),
            why=f"without MFA, `{never.action}` must stay denied: {never.why}",
            place=element,
            data=data,
            intents=(
                Intent(False, _WEAK, Patterns(tuple(gone)), but=_lower(new)),
                Intent(True, _WEAK, Patterns(tuple(new) or ("-",))),
            ),
        )


def exemptions(subject: Subject) -> Iterator[Proposal]:
    """Calls of the first sign-in and of enrolment that a Deny without MFA is in the way of."""
    mended = Subject(replace(subject.found, data=with_operators(subject)))
    missing: dict[int, list[str]] = {}
    for action, resource, carried in _needed(mended):
        decision = mended.decider.decide(action, resource, "console", administrator=True, **carried)
        if not isinstance(decision, str) and decision.outcome == "explicitly_denied":
            for reason in decision.because:
                if reason.policy == "document" and reason.index is not None:
                    names = missing.setdefault(reason.index, [])
                    names += [action] if action not in names else []
    for index, names in sorted(missing.items()):
        yield from _exempted(subject, mended, index, names)


def scope(subject: Subject) -> Iterator[Proposal]:
    """A Deny of everything but some actions that is about users and devices only."""
    if not fire(subject, "GEN037"):
        return
    for place, s in subject.statements(Effect.DENY):
        only_users = s.resources and all(
            ":iam:" in item and item.split(":", 5)[-1].startswith(("user/", "mfa/"))
            for item in s.resources.items
        )
        if (
            s.actions.negated
            and s.resources
            and not s.resources.negated
            and only_users
            and is_mfa_deny(s, subject)
        ):
            yield Proposal(
                what='`Resource` of the Deny becomes `"*"`',
                why="a Deny that is about users and devices denies nothing of any other service",
                place=(*place, "Resource"),
                data=put(subject.found.data, (*place, "Resource"), "*"),
                intents=(Intent(False, WITHOUT_MFA),),
            )


def _meant(item: str) -> str:
    """The action of the way in that a name which does not exist is nearly, "" if there is none."""
    service, colon, name = item.lower().partition(":")
    known = actions_of(service) if colon and service in ("iam", "sts", "signin") else {}
    if not known or set("*?") & set(name) or is_action(item):
        return ""
    near = get_close_matches(name, known, n=2, cutoff=0.9)
    found = f"{service}:{known[near[0]]}" if len(near) == 1 else ""
    return found if found in SIGN_IN else ""


def _kinds(action: str) -> frozenset[Kind] | None:
    """What an action of the way in is meant to reach; None where it is called on no resource."""
    types = resource_types_of(action)
    if "mfa" in types:
        return DEVICES
    return OWN if "user" in types else None


def _is_too_much(item: str) -> bool:
    pattern = Patterns((item,))
    return any(matches_action(pattern, action) for action in _NEVER)


def _needed(mended: Subject) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The calls that are not possible: action, resource, and what they carry."""
    d = mended.decider
    if first_login(d) == "locked_out":
        yield FIRST[0], d.user.arn, {}
        yield FIRST[1], "*", {}
    elif fire(mended, "GEN033"):
        yield FIRST[1], "*", {}
    on = {"user": d.user.arn, "device": d.device(), "account": "*"}
    for kind in meant_kinds(mended):
        if enrolment(d, kind) == "denied":
            for needed in ENROLMENT[kind]:
                carries = needed.action == "iam:EnableMFADevice"
                carried = {REGISTER_KEY.lower(): needed.register} if carries else {}
                yield needed.action, on[needed.on], carried
    if pages_denied(mended):
        for action in PAGE:
            yield action, "*" if action == PAGE[-1] else d.user.arn, {}


def meant_kinds(subject: Subject) -> tuple[str, ...]:
    """The kinds of device that a document means people to enrol: what it allows or exempts."""
    items = [
        item
        for _, s in subject.statements()
        if (s.effect is Effect.ALLOW) != s.actions.negated
        for item in s.actions.items
        if item != "*"
    ]
    named = Patterns(tuple(items) or ("-",))
    own = [kind for kind in KINDS if matches_action(named, ENROLMENT[kind][-1].action)]
    if not matches_action(named, "iam:CreateVirtualMFADevice"):
        own = [kind for kind in own if kind != "virtual-totp"]
    return tuple(own) or ("virtual-totp",)


def _exempted(
    subject: Subject, mended: Subject, index: int, names: list[str]
) -> Iterator[Proposal]:
    place, s = list(subject.statements())[index]
    opened = f"{_named(names)} without MFA"
    refusal, element, data, what = "", subject.element(place, "Action"), None, ""
    if not is_mfa_deny(list(mended.statements())[index][1], mended):
        if FIRST[0] not in names:
            return
        refusal = f"{_called(s, index)} denies it with MFA as well"
    elif s.actions.negated:
        data = with_items(subject.found.data, element, names)
        what = f"`NotAction` gains {_named(names)}"
    elif set(s.actions.items) <= {"*", "*:*"}:
        data = renamed(subject.found.data, element, "NotAction", _one_or_list(sorted(names)))
        what = f'`"Action": "*"` of the Deny becomes `NotAction` {_named(sorted(names))}'
    else:
        data, refusal = _taken_out(subject, s, element, names, _called(s, index))
        what = f"`Action` of the Deny loses {_named(names)}"
    yield Proposal(
        what=what or f"opening {opened}",
        why=_why(names),
        place=element,
        data=data,
        intents=(Intent(True, _WEAK, Patterns(tuple(names))),),
        refusal=refusal,
    )


def _taken_out(
    subject: Subject, s: Statement, element: Place, names: list[str], called: str
) -> tuple[Any, str]:
    """The document with names taken out of the actions of a Deny, or why that cannot be."""
    lower = _lower(names)
    gone = [item for item in s.actions.items if item.lower() in lower]
    kept = tuple(item for item in s.actions.items if item not in gone)
    covering = [k for k in kept if any(matches_action(Patterns((k,)), name) for name in names)]
    if covering:
        return None, f"`{covering[0]}` of {called} covers it, and more; name what it is to deny"
    if not kept:
        return None, f"{called} denies nothing else; take it out"
    return without_items(subject.found.data, element, gone), ""


def _called(s: Statement, index: int) -> str:
    return f"statement `{s.sid}`" if s.sid else f"statement {index + 1}"


def _why(names: list[str]) -> str:
    if FIRST[0] in names:
        return (
            "a new user has no MFA yet and has to set a password at the first sign-in, before "
            "anything else"
        )
    return "a user without MFA needs it to set a password or to enrol a device"


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _lower(names: list[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _one_or_list(names: list[str]) -> Any:
    return names[0] if len(names) == 1 else names
