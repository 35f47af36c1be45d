"""The proof of profiles as `gen verify` shows it: steps, actions, and what does not hold."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from generator.build import Bundle, examine
from generator.catalog import catalogue_version, every_action
from generator.console import put, put_json, red, say
from generator.errors import NO, OK, GenError
from generator.exhaustive import open_actions
from generator.load import load
from generator.rows import Row, answer
from generator.show import FORMAT_VERSION
from generator.states import Terms


class Verified(Struct, frozen=True):
    """What was shown of a profile, over so many actions of the catalogue.

    `open_`: those that get through without MFA, with whether on the own user only.
    """

    bundle: Bundle
    broken: list[GenError]
    actions: int
    open_: dict[str, bool]


def verify(paths: Iterable[str], templates: Path | None) -> list[Verified]:
    """Walk the journey of each profile, and go through every action of the catalogue.

    Raises:
        GenError: a profile or template that cannot be rendered at all.
    """
    actions = every_action()
    return [_verified(Path(path), templates, actions) for path in paths]


def _verified(path: Path, templates: Path | None, actions: Sequence[str]) -> Verified:
    bundle, broken = examine(load(path), templates=templates)
    user, terms = bundle.documents[0].policy, bundle.proof.terms
    open_ = open_actions(user.statements, terms, actions)
    if not broken:
        broken = list(_undeclared(open_, terms, bundle))
    return Verified(bundle, broken, len(actions), open_)


def _undeclared(open_: dict[str, bool], terms: Terms, bundle: Bundle) -> Iterator[GenError]:
    """Actions that get through, and are not declared. There are none, or a guarantee is wrong."""
    own = {action.lower() for action in terms.on_own_user}
    for action, on_own_user in open_.items():
        declared = action.lower() in terms.exempt and (on_own_user or action.lower() not in own)
        if not declared:
            yield GenError(f"{bundle.source.label}: `{action}` gets through without MFA")


def report(found: Sequence[Verified], form: str, *, brief: bool) -> int:
    """Print what was shown. The exit code says whether all of it holds."""
    if form == "json":
        put_json({"version": FORMAT_VERSION, "profiles": [_as_json(one) for one in found]})
    else:
        for one in found:
            _print(one, brief)
    broken = [error for one in found for error in one.broken]
    return NO if broken else OK


def _print(one: Verified, brief: bool) -> None:
    bundle = one.bundle
    put(f"{bundle.name} ({bundle.source.profile.archetype})")
    part = ""
    for title, row in bundle.proof.rows():
        if brief and not row.problem:
            continue
        if title != part:
            part = title
            put(part)
        put(f"  {'FAILS' if row.problem else 'ok':5}  {_row(row)}")
        if row.problem:
            put(f"         {row.problem}")
    for error in one.broken:
        say(f"{red('counterexample')}: {error}")
    for line in _numbers(one):
        put(line)


def _row(row: Row) -> str:
    step = row.step
    who = f"{step.who} + admin" if step.administrator else step.who
    calls = ", ".join(step.actions)
    because = f"; {', '.join(row.because)}" if row.because else ""
    return f"{answer(row):17}  {who}: {step.does} ({calls} on {step.on}){because}"


def _numbers(one: Verified) -> Iterator[str]:
    terms, extent = one.bundle.proof.terms, one.bundle.proof.extent
    beside = "beside AdministratorAccess" if terms.archetype == "direct-user-deny" else "by itself"
    held = [not row.problem for _, row in one.bundle.proof.rows()]
    yield f"{sum(held)} of {len(held)} steps as they must be"
    yield (
        f"{one.actions:,} actions (catalogue {catalogue_version()}) and all other names, in "
        f"{extent.actions} classes; {extent.resources} classes of resources; {extent.states} "
        "states without enough MFA"
    )
    where = {True: "on the own user", False: "on anything"}
    for on_own_user, words in where.items():
        mine = sorted(action for action, own in one.open_.items() if own is on_own_user)
        if mine:
            yield f"through without MFA {beside}, {words}: {', '.join(mine)}"
    yield "nothing else" if not one.broken else "not as declared: see the counterexamples"


def _as_json(one: Verified) -> dict[str, Any]:
    extent = one.bundle.proof.extent
    return {
        "profile": one.bundle.source.label,
        "name": one.bundle.name,
        "holds": not one.broken,
        "steps": [_step(title, row) for title, row in one.bundle.proof.rows()],
        "counterexamples": [
            {"problem": error.problem, "where": str(error.where or ""), "hint": error.hint}
            for error in one.broken
        ],
        "exhaustive": {
            "catalogue": catalogue_version(),
            "actions": one.actions,
            "classes_of_actions": extent.actions,
            "classes_of_resources": extent.resources,
            "states": extent.states,
            "through": {
                "own_user": sorted(a for a, own in one.open_.items() if own),
                "anything": sorted(a for a, own in one.open_.items() if not own),
            },
        },
    }


def _step(title: str, row: Row) -> dict[str, Any]:
    step = row.step
    return {
        "part": title,
        "who": step.who,
        "does": step.does,
        "actions": list(step.actions),
        "on": step.on,
        "administrator_access": step.administrator,
        "must_be": step.must,
        "is": row.outcome,
        "because": list(row.because),
        "why": step.why,
        "source": step.source,
        "problem": row.problem,
    }
