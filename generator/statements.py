"""A file of IAM statements that a team wrote: a list of them, one alone, or a whole document."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from generator.canonical import canonical
from generator.checks import unknown_action
from generator.document import Document, Place
from generator.documents import ROLE_PERMISSIONS, is_action_pattern, statement_problems
from generator.errors import GenError
from generator.grammar import parse_policy, parse_statement
from generator.guarantees import conditions_on_mfa
from generator.policy import Policy, PolicyError, Statement


@lru_cache(maxsize=16)
def read_statements(
    parsed: Document, partition: str | None
) -> tuple[Policy | None, tuple[GenError, ...]]:
    """A role's own statements, and everything that is wrong with them, each at its line.

    `partition` is the profile's, None where that is wrong itself: then nothing that follows from
    it is said. The policy is None where it cannot be read. A document is read once, however many
    profiles name its file.
    """
    errors: list[GenError] = []
    found = list(_statements(parsed, errors))
    seen: set[str] = set()
    for number, place, s in found if partition else ():
        checked = [*statement_problems(s, number, seen, ROLE_PERMISSIONS, partition or "")]
        checked += [(b.problem, b.hint) for b in conditions_on_mfa(s)]
        errors += [GenError(p, where=parsed.where(place), hint=hint) for p, hint in checked]
    return (None if errors else Policy(tuple(s for *_, s in found))), tuple(errors)


def _statements(parsed: Document, errors: list[GenError]) -> Iterator[tuple[int, Place, Statement]]:
    data: Any = parsed.data
    at: Place = ()
    if isinstance(data, Mapping) and "Statement" in data:
        data, at = data["Statement"], ("Statement",)
        try:
            _check_whole({**parsed.data, "Statement": [_ANY]})
        except PolicyError as error:
            errors.append(_located(error, parsed, ()))
    items = data if isinstance(data, list) else [data]
    if not items or data is None:
        hint = "write a list of IAM statements"
        errors.append(GenError("has no statements", where=parsed.where(at), hint=hint))
        return
    for number, item in enumerate(items, 1):
        place = (*at, number - 1) if isinstance(data, list) else at
        statement, found = _read(_text_values(item), f"statement {number}")
        errors += [_located(error, parsed, place) for error in found]
        if statement is None:
            continue
        errors += _unknown_actions(statement, number, parsed, place)
        try:
            # As it will be committed (an incomplete ARN, for one, is a whole one there), but for
            # the names of actions: a message shows those as they are written.
            (committed,) = canonical(Policy((statement,))).statements
        except PolicyError as error:
            errors.append(_located(error, parsed, place))
            continue
        yield number, place, replace(committed, actions=statement.actions)


def _read(item: Any, name: str) -> tuple[Statement | None, list[PolicyError]]:
    """A statement and what is wrong with it: every element, not only the first that is."""
    try:
        return parse_statement(item, name), []
    except PolicyError as error:
        if not isinstance(item, dict):
            return None, [error]
        rest, errors = _in_parts(item, name)
        return _or_none(rest, name), errors or [error]


def _in_parts(item: dict[str, Any], name: str) -> tuple[dict[str, Any], list[PolicyError]]:
    """What remains of a statement without the parts that are wrong, and why they are."""
    errors: dict[str, PolicyError] = {}
    sid = {"Sid": item["Sid"]} if type(item.get("Sid")) is str else {}
    rest: dict[str, Any] = dict(sid)
    for part in _parts(item):
        try:
            parse_statement({**_needed(part), **sid, **part}, name)
        except PolicyError as error:
            errors.setdefault(error.problem, error)
        else:
            for element, value in part.items():
                _add(rest, element, value)
    return rest, list(errors.values())


def _or_none(rest: dict[str, Any], name: str) -> Statement | None:
    try:
        return parse_statement({**_needed(rest), **rest}, name)
    except PolicyError:
        return None


def _parts(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The elements of a statement, one by one, and the keys of its conditions."""
    for element, value in item.items():
        if element != "Condition" or not isinstance(value, dict):
            yield {element: value}
            continue
        for operator, keys in value.items():
            if isinstance(keys, dict) and keys:
                yield from ({element: {operator: {key: keys[key]}}} for key in keys)
            else:
                yield {element: {operator: keys}}


def _needed(part: dict[str, Any]) -> dict[str, Any]:
    """What a statement cannot do without, where `part` has nothing of it."""
    needed: dict[str, Any] = dict(_ANY)
    for element in ("Action", "Resource"):
        if f"Not{element}" in part:
            del needed[element]
    return needed


def _add(data: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, dict) and isinstance(data.get(name), dict):
        for key, inner in value.items():
            _add(data[name], key, inner)
    else:
        data[name] = value


# Stands in for a statement, or what one lacks, while the rest is read.
_ANY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def _check_whole(data: Mapping[str, Any]) -> None:
    version = data.get("Version")
    if version is None or version == "2008-10-17":
        said = "has no `Version`, which IAM reads as" if version is None else "`Version` is"
        raise PolicyError(
            f"{said} 2008-10-17, which leaves policy variables as text",
            hint='write "Version": "2012-10-17"',
        )
    if data.get("Id"):
        raise PolicyError("has an `Id`, which an identity policy has not got", hint="take it out")
    parse_policy(_text_values(data))


def _unknown_actions(
    statement: Statement, number: int, parsed: Document, place: Place
) -> Iterator[GenError]:
    for action in statement.actions.items:
        if is_action_pattern(action) and (hint := unknown_action(action)):
            name = statement.sid or number
            yield GenError(
                f"statement `{name}` names `{action}`, which AWS does not document",
                where=parsed.where(place),
                hint=hint,
            )


def _located(error: PolicyError, parsed: Document, place: Place) -> GenError:
    return GenError(error.problem, where=parsed.where(place), hint=error.hint)


def _text_values(data: Any) -> Any:
    """IAM takes numbers bare; here they become the text that IAM reads them as."""
    if isinstance(data, Mapping):
        return {key: _text_values(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_text_values(value) for value in data]
    return str(data) if isinstance(data, int) and not isinstance(data, bool) else data
