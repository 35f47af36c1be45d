"""What an edit changes, in sentences."""

from collections.abc import Iterable
from typing import Final

from generator.catalog import action_case, actions_of, is_action, resource_types_of
from generator.classes import OTHER
from generator.repair.exemptions import SIGN_IN
from generator.repair.prove import Change, Kind
from generator.supposed import State

_MOST: Final = 6
_EVERYTHING: Final = " on everything"
_ALL: Final = "all that is not named here"
_KINDS: Final[dict[Kind, str]] = {
    "own user": "the own user",
    "own user with a path": "the own user, if it has a path",
    "other user": "other users",
    "own device": "the device called like the user",
    "device": "devices of any name",
    "role": "roles",
    "account": "the account",
    "else": "everything else",
}
# The type of resource in the catalogue that each kind is of.
_TYPES: Final[dict[str, str]] = {
    "own user": "user",
    "own user with a path": "user",
    "other user": "user",
    "own device": "mfa",
    "device": "mfa",
    "role": "role",
}
# How much more open alone, and beside AdministratorAccess.
_VERBS: Final = {
    (1, 1): "opens {}",
    (0, 1): "no longer denies {}",
    (-1, 1): "no longer denies {}",
    (-1, -1): "closes {}",
    (0, -1): "denies {}",
    (1, -1): "denies {}",
    (1, 0): "allows {}",
    (-1, 0): "no longer allows {}",
}


def sentences(found: Iterable[Change]) -> tuple[str, ...]:
    """Changes in words, those that are alike in one sentence; the widest last."""
    by_action: dict[tuple[str, str], set[tuple[Kind, State, int, int]]] = {}
    for c in found:
        if _makes_sense(c):
            name = _name(c.action)
            by_action.setdefault((name, c.who), set()).add((c.kind, c.state, c.alone, c.beside))
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for (name, who), answers in by_action.items():
        for verb, on, states in _merged(answers):
            alike.setdefault((verb, on, states, who), []).append(name)
    wide = {
        (verb, states, name)
        for (verb, on, states, _), names in alike.items()
        for name in names
        if on == _EVERYTHING and not name.startswith("`")
    }
    said = []
    for (verb, on, states, who), names in alike.items():
        # What happens to all actions is not said of some of them again.
        left = [
            n
            for n in names
            if not _is_among(n, {w for v, s, w in wide if (v, s) == (verb, states)})
        ]
        if left:
            said.append((_ALL in left, _sentence(verb, on, states, who, sorted(left))))
    return tuple(text for _, text in sorted(said))


def _is_among(name: str, wide: set[str]) -> bool:
    """Whether an action is one of those of a service, or of all, that are spoken of as one.

    What people need on the way in is always named.
    """
    if not name.startswith("`"):
        return name != _ALL and _ALL in wide
    if name.strip("`") in SIGN_IN:
        return False
    return _ALL in wide or f"other actions of {name.strip('`').partition(':')[0]}" in wide


def _name(action: str) -> str:
    """An action as people know it, or a word for all that are not named."""
    service = action.partition(":")[0]
    if is_action(action):
        return f"`{action_case(action)}`"
    return f"other actions of {service}" if actions_of(service) else _ALL


def _makes_sense(c: Change) -> bool:
    """Whether AWS knows the action on that kind of resource at all."""
    if c.kind == "trust" or not is_action(c.action):
        return True
    types = resource_types_of(c.action)
    if not types:
        return c.kind == "account"
    return _TYPES.get(c.kind, "") in types or (
        c.kind == "else" and not types & {"user", "mfa", "role"}
    )


def _merged(
    answers: set[tuple[Kind, State, int, int]],
) -> list[tuple[str, str, str]]:
    """Verbs, with the kinds of resource and the states of each."""
    by_kind: dict[tuple[str, Kind], set[State]] = {}
    for kind, state, alone, beside in answers:
        by_kind.setdefault((_VERBS[alone, beside], kind), set()).add(state)
    found: dict[tuple[str, str], set[Kind]] = {}
    for (verb, kind), states in by_kind.items():
        found.setdefault((verb, _states(states)), set()).add(kind)
    return sorted((verb, _on(kinds), states) for (verb, states), kinds in found.items())


def _on(kinds: set[Kind]) -> str:
    if kinds == {"trust"} or kinds == {"account"}:
        return ""
    if len(kinds) >= len(_KINDS) - 1:
        return _EVERYTHING
    return " on " + _listed([words for kind, words in _KINDS.items() if kind in kinds])


def _states(states: set[State]) -> str:
    if states >= {"console", "key", "mfa"} or states == {"role"}:
        return ""
    words = []
    if states >= {"console", "key"}:
        words.append("without MFA")
    elif "console" in states:
        words.append("in the console without MFA")
    elif "key" in states:
        words.append("with an access key without MFA")
    if "mfa" in states:
        words.append("with MFA")
    return " " + _listed(words)


def _sentence(verb: str, on: str, states: str, who: str, names: list[str]) -> str:
    what = _listed(names if len(names) <= _MOST else [*names[:_MOST], f"{len(names) - _MOST} more"])
    whose = f" to {who.replace(OTHER, '*')}" if who else ""
    return f"{verb.format(_ALL if _ALL in names else what)}{on}{whose}{states}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
