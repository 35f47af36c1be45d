"""Edits of what people may do to their own user: paths, names of devices, the own password."""

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.catalog import is_action, resource_types_of
from generator.match import matches_action, matches_resource
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.repair.answered import fire, misses_paths
from generator.repair.conditions import holding, is_mfa_deny
from generator.repair.edits import at, put, put_first, with_items, with_statement
from generator.repair.proposal import Proposal
from generator.repair.prove import DEVICES, OWN, SESSIONS, WITHOUT_MFA, Intent, Kind
from generator.rules.spared import goes_beyond_enrolment, instead, opened_by_resource
from generator.states import FLAG
from generator.subject import Subject
from generator.supposed import State, context
from generator.verdicts import first_login

CHANGE: Final = "iam:ChangePassword"
CREATE: Final = "iam:CreateVirtualMFADevice"
# What changes a user whose name it is given; exempt, it does so to anybody's.
_ON_USERS: Final = (CHANGE, "iam:EnableMFADevice", "iam:ResyncMFADevice")
_WEAK: Final[frozenset[State]] = frozenset({"console", "key", "mfa"})
_USERNAME: Final = r"\$\{aws:username\}"
_OWN: Final = re.compile(rf"(arn:[^:]*:iam::[^:]*:)user/({_USERNAME})", re.I)
_OWN_OR_PATH: Final = re.compile(rf"arn:[^:]*:iam::[^:]*:user/(?:\*/)?{_USERNAME}", re.I)
_DEVICE: Final = re.compile(rf"(arn:[^:]*:iam::[^:]*:mfa/){_USERNAME}", re.I)
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_ALL: Final[frozenset[Kind]] = frozenset(
    {"other user", "device", "own device", "role", "account", "else"}
)


def version(subject: Subject) -> Iterator[Proposal]:
    """Policy variables in a version of the language that has none."""
    if subject.variables or not fire(subject, "GEN006"):
        return
    using = [s for _, s in subject.statements() if any("${" in text for text in _texts(s))]
    if not using:
        return
    names = {n.lower() for s in using for text in _texts(s) for n in _VARIABLE.findall(text)}
    only_user = names == {"aws:username"}
    actions = tuple(item for s in using for item in s.actions.items)
    wide = any(s.actions.negated for s in using)
    yield Proposal(
        what="`Version` becomes `2012-10-17`",
        why="without it `${aws:username}` is text, and matches nobody",
        place=("Version",),
        data=put_first(subject.found.data, "Version", "2012-10-17"),
        intents=tuple(
            Intent(opens, SESSIONS, None if wide else Patterns(actions), OWN | DEVICES)
            for opens in (True, False)
        ),
        refusal="" if only_user else "it has variables whose values are not known here",
    )


def own_paths(subject: Subject) -> Iterator[Proposal]:
    """`user/${aws:username}`, which a user with a path does not match."""
    pathed = subject.decider.user_with_path
    known = context("console", pathed, pathed.account)
    for place, s in subject.statements():
        if not s.resources or s.resources.negated is (s.effect is Effect.ALLOW):
            continue
        if s.effect is Effect.DENY and goes_beyond_enrolment(s):
            # What spares more than enrolment is not to spare it of more users.
            if fire(subject, "GEN032", "GEN048", place=place):
                yield _too_much_spared(subject, place, s)
            continue
        covered = matches_resource(Patterns(s.resources.items), pathed.arn, known)
        found = [match for item in s.resources.items if (match := _OWN.fullmatch(item))]
        if covered is not False or not found or not subject.variables:
            continue
        if not misses_paths(subject, place) and not fire(subject, "GEN032", place=place):
            continue
        element = subject.element(place, "Resource")
        new = [f"{match[1]}user/*/{match[2]}" for match in found]
        yield Proposal(
            what=f"`{element[-1]}` gains {', '.join(f'`{item}`' for item in new)}",
            why="a user with a path (`user/team/name`) does not match `user/${aws:username}`",
            place=element,
            data=_beside(
                subject.found.data, element, dict(zip([m[0] for m in found], new, strict=True))
            ),
            intents=(Intent(True, SESSIONS, s.actions, frozenset({"own user with a path"})),),
        )


def _too_much_spared(subject: Subject, place: Place, s: Statement) -> Proposal:
    why = f"it spares the own user whatever is done to it; {instead(s)}"
    if not opened_by_resource(subject, s):
        why = (
            "the Deny is of more than enrolment; add `user/*/${aws:username}` if the own user of "
            "people with a path is to be spared all of it"
        )
    return Proposal(
        what="`NotResource` of the Deny",
        why="it spares more than enrolment",
        place=(*place, "NotResource"),
        refusal=why,
    )


def devices(subject: Subject) -> Iterator[Proposal]:
    """Devices that may have no name but the user's, where people choose the name."""
    if not fire(subject, "GEN035"):
        return
    d = subject.decider
    known = context("console", d.user, d.account)
    allows = [(p, s) for p, s in subject.statements(Effect.ALLOW) if _creates(s)]
    if any(
        s.resources is None or matches_resource(s.resources, d.device(), known) is not False
        for _, s in allows
    ):
        return
    for place, s in allows:
        assert s.resources is not None
        found = next((m for item in s.resources.items if (m := _DEVICE.fullmatch(item))), None)
        if found is None or s.resources.negated:
            continue
        why = "people name their devices as they like, so `mfa/${aws:username}` misses most"
        if all(_is_harmless(action) for action in s.actions.items):
            yield _any_device(subject, place, s, found, why)
        else:
            yield _create_any_device(subject, place, f"{found[1]}*", why)
        return


def grant(subject: Subject) -> Iterator[Proposal]:
    """The own password, in a policy that lets people enrol a device and see what a password needs.

    Where it does not, the account's own setting may be what grants it.
    """
    d = subject.decider
    if first_login(d) != "not_granted":
        return
    if d.is_allowed("iam:GetAccountPasswordPolicy", "*", "console") is not True:
        return
    enrolling = [
        (place, s)
        for place, s in subject.statements(Effect.ALLOW)
        if any(item.lower() == "iam:enablemfadevice" for item in s.actions.items)
        and not s.actions.negated
    ]
    for place, s in enrolling:
        if s.conditions or not s.resources or s.resources.negated:
            continue
        if all(_OWN_OR_PATH.fullmatch(item) for item in s.resources.items):
            element = (*place, "Action")
            yield Proposal(
                what=f"`Action` gains `{CHANGE}`",
                why="nothing allows a new user to set the password that the first sign-in asks for",
                place=element,
                data=with_items(subject.found.data, element, [CHANGE]),
                intents=(Intent(True, SESSIONS, Patterns((CHANGE,)), OWN),),
            )
            return


def confine(subject: Subject) -> Iterator[Proposal]:
    """Exemptions from a Deny that hold for the users of others as well."""
    d = subject.decider
    texts = [text for _, s in subject.statements() for text in _texts(s)]
    if not fire(subject, "GEN042") or (not subject.variables and any("${" in t for t in texts)):
        return
    for place, s in subject.statements(Effect.DENY):
        if not s.actions.negated or not is_mfa_deny(s, subject):
            continue
        if not s.resources or s.resources.negated:
            continue
        exempt = [a for a in _ON_USERS if not matches_action(s.actions, a)]
        states: tuple[State, ...] = ("console", "key")
        open_ = [
            a
            for a in exempt
            if any(d.is_denied(a, d.another_user, state) is False for state in states)
        ]
        if open_:
            yield _confined(subject, place, open_)
            return


def _confined(subject: Subject, place: Place, actions: list[str]) -> Proposal:
    named = [m[1] for _, s in subject.statements() for t in _texts(s) if (m := _OWN.fullmatch(t))]
    start = named[0] if named else f"arn:{subject.partition}:iam::*:"
    statement = {
        **_sid(subject, "DenyOthersUnlessMfa"),
        "Effect": "Deny",
        "Action": actions if len(actions) > 1 else actions[0],
        "NotResource": [f"{start}user/${{aws:username}}", f"{start}user/*/${{aws:username}}"],
        "Condition": _condition(subject, place),
    }
    data = with_statement(subject.found.data, statement)
    return Proposal(
        what=f"a second Deny confines {', '.join(f'`{a}`' for a in actions)} to the own user",
        why="an exemption is from the Deny for every user, not only the own one",
        place=place,
        data=data if subject.variables else put_first(data, "Version", "2012-10-17"),
        intents=(Intent(False, _WEAK, Patterns(tuple(actions)), _ALL),),
    )


def _condition(subject: Subject, place: Place) -> Any:
    """The condition of a Deny without MFA; its usual form if it misses one of the states."""
    s = dict(subject.statements())[place]
    if all(holding(s, subject, state) is not False for state in WITHOUT_MFA):
        return at(subject.found.data, (*place, "Condition"))
    return {"BoolIfExists": {FLAG: "false"}}


def _any_device(
    subject: Subject, place: Place, s: Statement, found: re.Match[str], why: str
) -> Proposal:
    assert s.resources is not None
    new = f"{found[1]}*"
    items = [new if item == found[0] else item for item in s.resources.items]
    element = (*place, "Resource")
    is_list = isinstance(at(subject.found.data, element), list)
    return Proposal(
        what=f"`{found[0]}` becomes `{new}`",
        why=why,
        place=element,
        data=put(subject.found.data, element, items if is_list else new),
        intents=(Intent(True, SESSIONS, s.actions, DEVICES),),
    )


def _create_any_device(subject: Subject, place: Place, resource: str, why: str) -> Proposal:
    was = at(subject.found.data, place)
    statement = {
        **_sid(subject, "AllowCreateVirtualMfaDevice"),
        "Effect": "Allow",
        "Action": CREATE,
        "Resource": resource,
        **({"Condition": was["Condition"]} if "Condition" in was else {}),
    }
    return Proposal(
        what=f"a statement allows `{CREATE}` on `{resource}`",
        why=f"{why}; what the same statement allows besides stays with the own name",
        place=place,
        data=with_statement(subject.found.data, statement),
        intents=(Intent(True, SESSIONS, Patterns((CREATE,)), DEVICES),),
    )


def _creates(s: Statement) -> bool:
    return not s.actions.negated and matches_action(s.actions, CREATE)


def _is_harmless(action: str) -> bool:
    """Whether an action does nothing to a device that is there already."""
    if action.lower() == CREATE.lower():
        return True
    return is_action(action) and "mfa" not in resource_types_of(action)


def _beside(data: Any, element: Place, new: dict[str, str]) -> Any:
    """Add each new item after the one it belongs to."""
    listed = at(data, element)
    items = listed if isinstance(listed, list) else [listed]
    return put(data, element, [i for item in items for i in (item, new.get(item)) if i])


def _sid(subject: Subject, name: str) -> dict[str, str]:
    """A Sid that no statement has; none where no statement has one."""
    sids = {s.sid for _, s in subject.statements()}
    if sids == {""}:
        return {}
    free = (f"{name}{n}" for n in range(2, len(sids) + 3))
    return {"Sid": name if name not in sids else next(f for f in free if f not in sids)}


def _texts(s: Statement) -> list[str]:
    """The texts of a statement that may have variables."""
    return [
        *(s.resources.items if s.resources else ()),
        *(v for c in s.conditions for v in c.values),
    ]
