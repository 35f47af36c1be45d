"""All the mistakes of a profile that does not fit the model, each in words and at its place.

The model's own decoder stops at the first mistake. The JSON Schema made from the same model finds
all of them; this module says them, then mends a copy to see what else is wrong behind them.
"""

import copy
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from generator.attachments import Files
from generator.checks import problems_of
from generator.document import Document
from generator.errors import GenError
from generator.problem import PARTITION, Place, Problem, in_order, located
from generator.profile import Profile, read
from generator.schema import profile_schema

KINDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
}
MERGE_KEY: Final = "merge keys are not part of YAML 1.2; repeat the lines, or alias one whole value"


def find_all(document: Document, folder: Path, first: msgspec.ValidationError) -> list[GenError]:
    """Everything wrong with a document, in the order of the file; `first` if nothing else is."""
    found = list(_structural(document))
    if not found:
        return [GenError(str(first)[0].lower() + str(first)[1:], where=document.where(()))]
    errors = [located(document, p) for p in found]
    mended, originals = _mended(document.data, found)
    if mended is not None:
        blamed = [p.place for p in found]
        files = Files(document, folder, lambda place: _original(place, originals))
        password_policy = files.password_policy(mended)
        partition = mended.account.partition
        files.permissions(
            mended, None if any(_touches(b, PARTITION) for b in blamed) else partition
        )
        errors += files.errors
        for problem in problems_of(mended, password_policy):
            place = _original(problem.place, originals)
            if not any(_touches(b, p) for b in blamed for p in (place, *problem.because)):
                errors.append(located(document, msgspec.structs.replace(problem, place=place)))
    return in_order(errors)


def _touches(one: Place, other: Place) -> bool:
    """Whether one place is the other or lies within it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _structural(document: Document) -> Iterator[Problem]:
    if document.data is None:
        yield Problem((), "the file is empty", "start from one of the profiles that ship with gen")
        return
    validator = Draft202012Validator(profile_schema())
    for error in validator.iter_errors(document.data):
        yield from _said(error, document)


def _said(error: ValidationError, document: Document) -> Iterator[Problem]:
    """One schema error in words; a union is judged by the alternative the value looks like."""
    place: Place = tuple(error.absolute_path)
    kind, schema = error.validator, error.schema
    value: Any = error.instance
    wanted: Any = error.validator_value
    about: Any = schema if isinstance(schema, dict) else {}
    if kind == "anyOf":
        yield from _alternative(error, document)
    elif kind == "additionalProperties":
        known = list(about.get("properties", {}))
        if known:
            for name in value:
                if name not in known:
                    yield _unknown_key((*place, name), str(name), known)
    elif kind == "required":
        for name in wanted:
            if name not in value:
                described = about["properties"][name].get("description", "")
                hint = f"add `{name}:`, {described[:1].lower()}{described[1:].rstrip('.')}"
                yield Problem((*place, f"+{name}"), f"`{name}` is missing", hint)
    elif kind == "type":
        yield _wrong_kind(place, wanted, document, value, about)
    elif kind == "enum":
        yield _not_listed(place, wanted, document, value)
    elif kind == "pattern":
        rule = f"write {about.get('patternErrorMessage', '')}"
        blank = not str(value).strip()
        text = "is empty" if blank else f"`{_short(value)}` is not what belongs here"
        on_key = "propertyNames" in error.schema_path
        yield Problem((*place, value) if on_key else place, text, rule, on_key=on_key)
    elif kind in ("minItems", "minLength"):
        text = f"`{_short(value)}` is too short" if value else "is empty"
        unit = " characters" if kind == "minLength" else ""
        yield Problem(place, text, f"write at least {wanted}{unit}")
    elif kind in ("maxItems", "maxLength"):
        yield Problem(place, f"has {len(value)} characters", f"shorten it to {wanted}")
    else:
        yield Problem(place, error.message)


def _alternative(error: ValidationError, document: Document) -> Iterator[Problem]:
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    here = error.absolute_path
    fitting = [
        inner
        for inner in branches.values()
        if not any(i.validator == "type" and i.absolute_path == here for i in inner)
    ]
    if fitting:
        for inner in fitting[0]:
            yield from _said(inner, document)
        return
    kinds = [str(i.validator_value) for inner in branches.values() for i in inner]
    kinds = [k for k in dict.fromkeys(kinds) if k != "null"]
    schemas = [i.schema for inner in branches.values() for i in inner]
    told = [s for s in schemas if isinstance(s, dict) and {"properties", "pattern"} & s.keys()]
    about = next((s for s in told if "properties" in s), told[0] if told else {})
    yield _wrong_kind(tuple(here), kinds, document, error.instance, about)


def _unknown_key(place: Place, name: str, known: list[str]) -> Problem:
    near = get_close_matches(name.lower(), [k.lower() for k in known], n=1)
    if name == "<<":
        hint = MERGE_KEY
    elif near:
        hint = f"did you mean `{next(k for k in known if k.lower() == near[0])}`?"
    else:
        hint = f"the keys here are {', '.join(known)}"
    return Problem(place, f"unknown key `{_short(name)}`", hint, on_key=True)


def _wrong_kind(
    place: Place, wanted: object, document: Document, value: object, schema: dict[str, Any]
) -> Problem:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    known = list(schema.get("properties", ()))
    names = " or ".join(KINDS.get(str(k), str(k)) for k in kinds)
    written = document.typed.get(place)
    shown = f"`{_short(written or value)}`" if written or isinstance(value, str) else ""
    if "string" in kinds and written and not isinstance(value, bool) and value is not None:
        pattern = str(schema.get("pattern", ""))
        hint = f'put it in quotes: "{_short(written)}"'
        if not re.search(pattern, written):
            hint = f"write {schema.get('patternErrorMessage', '')}"
        return Problem(place, f"`{_short(written)}` is read as a number", hint)
    if value is None:
        return Problem(place, f"has no value; {names} belongs here", "fill it in, or leave it out")
    hint = ""
    if kinds == ["boolean"] and str(value).lower() in ("yes", "on", "y", "1"):
        hint = "write `true`"
    elif kinds == ["boolean"] and str(value).lower() in ("no", "off", "n", "0"):
        hint = "write `false`"
    elif kinds == ["boolean"] and value in ("true", "false") and isinstance(value, str):
        return Problem(
            place, f"`{value}` is text here, not true or false", "take off the quotation marks"
        )
    elif kinds == ["boolean"]:
        hint = "write `true` or `false`"
    elif kinds == ["integer"]:
        hint = "write it as a plain number"
    elif "array" in kinds and isinstance(value, str) and "$ref" not in schema.get("items", {}):
        hint = f"write it as a list: [{_short(value)}]"
    elif "array" in kinds:
        hint = "start each item with `- ` on a line of its own"
    elif "object" in kinds:
        hint = "write its keys indented below it" + (": " + ", ".join(known) if known else "")
    found = shown or _kind_of(value)
    return Problem(place, f"{found} is not {names}", hint)


def _not_listed(place: Place, wanted: list[Any], document: Document, value: object) -> Problem:
    names = [str(w) for w in wanted if w is not None]
    written = document.typed.get(place) or str(value)
    near = get_close_matches(written.lower(), [n.lower() for n in names], n=1)
    if value is None:
        return Problem(place, "has no value", f"write one of {', '.join(names)}, or leave it out")
    hint = f"write one of {', '.join(names)}"
    if near:
        hint = f"did you mean `{next(n for n in names if n.lower() == near[0])}`?"
    shown = f"`{_short(written)}`" if isinstance(value, (str, int)) else _kind_of(value)
    return Problem(place, f"{shown} is not a value this key takes", hint)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:60]}..."


def _kind_of(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else "a list"


def _mended(data: Any, found: list[Problem]) -> tuple[Profile | None, dict[Place, list[int]]]:
    """The profile without what is wrong with it, if enough is left to be one.

    Also, for each list that lost items, the original positions of those that remain. Dropping one
    thing may leave a list empty or a mapping without a key it needs, so it takes several rounds.
    """
    data, places = copy.deepcopy(data), [p.place for p in found]
    validator = Draft202012Validator(profile_schema())
    while places and isinstance(data, dict):
        for place in sorted(places, key=len, reverse=True):
            _drop(data, place)
        originals: dict[Place, list[int]] = {}
        rest = STAND_INS | _without_holes(data, (), originals)
        try:
            return read(rest), originals
        except msgspec.ValidationError:
            left = (tuple(e.absolute_path) for e in validator.iter_errors(rest))
            places = [_original(place, originals) for place in left if place]
    return None, {}


def _drop(data: Any, place: Place) -> None:
    last = place[-1] if place else ""
    key = str(last).removeprefix("+")
    if len(place) > 1 and isinstance(place[-2], int) and key in ITEM_STAND_INS:
        # What an item of a list needs: the rest of it is still worth a look.
        item, stand_in = _at(data, place[:-1]), ITEM_STAND_INS[key] % place[-2]
        if isinstance(item, dict) and item.get(key) != stand_in:
            item[key] = stand_in
            return
    if str(last).startswith("+"):
        # A key is missing, so the mapping around it cannot be used; the top gets stand-ins.
        if len(place) > 1:
            _drop(data, place[:-1])
        return
    data = _at(data, place[:-1])
    if isinstance(data, dict):
        data.pop(last, None)
    elif isinstance(data, list) and isinstance(last, int):
        data[last] = _HOLE


def _at(data: Any, place: Place) -> Any:
    """What is at a place; None if nothing is."""
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


ITEM_STAND_INS: Final = {"name": "name-%d", "reason": "text %d"}
STAND_INS: Final = {"name": "name", "description": "text", "archetype": "direct-user-deny"}

# Stands in a list where an item was dropped, so that positions stay what they were meanwhile.
_HOLE: Final = object()


def _without_holes(data: Any, place: Place, originals: dict[Place, list[int]]) -> Any:
    if isinstance(data, dict):
        return {k: _without_holes(v, (*place, k), originals) for k, v in data.items()}
    if isinstance(data, list):
        kept = [i for i, value in enumerate(data) if value is not _HOLE]
        if len(kept) < len(data):
            originals[place] = kept
        return [_without_holes(data[i], (*place, i), originals) for i in kept]
    return data


def _original(place: Place, originals: dict[Place, list[int]]) -> Place:
    """A place of the mended profile as a place of the file."""
    found: Place = ()
    for step in place:
        if found in originals and isinstance(step, int):
            step = originals[found][step]
        found = (*found, step)
    return found
