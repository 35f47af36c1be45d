"""What an edit changes, in sentences."""

from collections.abc import Iterable
from typing import Final

from generator.catalog import action_case, actions_of, is_action, resource_types_of
from generator.classes import OTHER
from generator.repair.exemptions import SIGN_IN
from generator.repair.prove import DEVICES, OWN, Change, Kind
from generator.supposed import State

_MOST: Final = 6
_EVERYTHING: Final = ": on every resource"
_ALL: Final = "every other action"
# Kinds of resource in words; those that are spoken of together come first.
_KINDS: Final[dict[frozenset[Kind], str]] = {
    OWN: "the own user (with or without a path)",
    frozenset({"own user"}): "the own user without a path",
    frozenset({"own user with a path"}): "the own user with a path",
    frozenset({"other user"}): "other users",
    DEVICES: "MFA devices",
    frozenset({"own device"}): "the MFA device named like the user",
    frozenset({"device"}): "MFA devices of other names",
    frozenset({"role"}): "roles",
    frozenset({"account"}): "the account",
    frozenset({"else"}): "resources of other kinds",
}
_MOST_KINDS: Final = 7
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
# The same, of all actions that no other sentence names.
_OF_ALL: Final = {
    "opens {}": "is now open",
    "closes {}": "is now closed",
    "denies {}": "is now denied",
    "no longer denies {}": "is no longer denied",
    "allows {}": "is now allowed",
    "no longer allows {}": "is no longer allowed",
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
        for verb, on, states in _merged(answers, name, who):
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
    answers: set[tuple[Kind, State, int, int]], name: str, who: str
) -> list[tuple[str, str, str]]:
    """Verbs, with the kinds of resource and the states of each."""
    by_kind: dict[tuple[str, Kind], set[State]] = {}
    for kind, state, alone, beside in answers:
        by_kind.setdefault((_VERBS[alone, beside], kind), set()).add(state)
    found: dict[tuple[str, str], set[Kind]] = {}
    for (verb, kind), states in by_kind.items():
        words = _states(states, _TO_SOMEBODY if who else _STATES)
        found.setdefault((verb, words), set()).add(kind)
    return sorted((verb, _on(kinds, name), states) for (verb, states), kinds in found.items())


def _on(kinds: set[Kind], name: str) -> str:
    # What a named action of another service is called on goes without saying.
    if kinds in ({"trust"}, {"account"}) or (kinds == {"else"} and name.startswith("`")):
        return ""
    if len(kinds) >= _MOST_KINDS:
        return _EVERYTHING
    left, words = set(kinds), []
    for together, each in _KINDS.items():
        if together <= left:
            left -= together
            words.append(each)
    return f": on {_listed(words)}"


# Who asks: without MFA, in the console without it, with an access key without it, and with MFA.
_STATES: Final = (
    "without MFA",
    "to console sessions without MFA",
    "to access keys without MFA",
    "with MFA",
)
_TO_SOMEBODY: Final = (
    "without MFA",
    "in the console without MFA",
    "with an access key without MFA",
    "with MFA",
)


def _states(states: set[State], said: tuple[str, str, str, str]) -> str:
    if states >= {"console", "key", "mfa"} or states == {"role"}:
        return ""
    without, console, key, mfa = said
    words = []
    if states >= {"console", "key"}:
        words.append(without)
    elif "console" in states:
        words.append(console)
    elif "key" in states:
        words.append(key)
    if "mfa" in states:
        words.append(mfa)
    return " " + _listed(words)


def _sentence(verb: str, on: str, states: str, who: str, names: list[str]) -> str:
    whose = f" to {who.replace(OTHER, '*')}" if who else ""
    if _ALL in names:
        return f"{_ALL} {_OF_ALL[verb]}{whose}{states}{on if on != _EVERYTHING else ''}"
    what = _listed(names if len(names) <= _MOST else [*names[:_MOST], f"{len(names) - _MOST} more"])
    return f"{verb.format(what)}{whose}{states}{on}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
