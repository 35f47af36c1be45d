"""One request as a person gives it on the command line, and the answer for that person."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from generator.answer import as_json, in_words
from generator.catalog import actions_of, close_actions, resource_arns_of
from generator.console import flush, put, put_json
from generator.errors import NO, OK, GenError
from generator.request import Decision
from generator.simulate import Input, answers, decide_files


def decide(policies: Sequence[Path], given: dict[str, Any]) -> Decision:
    """Decide what the options of `gen simulate` ask.

    Raises:
        GenError: what is missing or wrong.
    """
    for name in ("principal", "action"):
        if not given[name]:
            raise GenError(f"--{name} is missing", hint="see gen simulate --help")
    principal, action = given["principal"], given["action"]
    return decide_files(
        identity=policies,
        boundary=given["boundary"],
        session=given["session"],
        trust=given["trust"],
        scps=[_level(text) for text in given["scps"]],
        rcps=[_level(text) for text in given["rcps"]],
        password_policy=given["password_policy"],
        principal=principal,
        action=action,
        resource=given["resource"] or _resource(principal, action),
        account=given["account"],
        context=_context(given["context"]),
        mfa_device=given["mfa_device"],
    )


def only_jsonl(policies: Sequence[Path], given: dict[str, Any]) -> None:
    """Refuse options that say what the lines of a stream say.

    Raises:
        GenError: there are some.
    """
    extra = [name for name, value in given.items() if value]
    if policies or extra:
        names = ["policy"] * bool(policies) + [name.removesuffix("s") for name in extra]
        options = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        hint = "with --jsonl, every request says these itself"
        raise GenError(f"{options} and --jsonl do not go together", hint=hint)


def stream(requests: IO[bytes]) -> int:
    """Answer requests as they come, each as soon as nothing else waits to be read."""
    lines = Input(requests)
    for answer in answers(lines):
        put(answer)
        if lines.is_drained:
            flush()
    return OK


def _level(text: str) -> list[Path]:
    return [Path(name) for name in text.split(",") if name]


def _resource(principal: str, action: str) -> str:
    """What an action is called on where nobody says: the caller's own user, or nothing.

    Raises:
        GenError: that has to be said.
    """
    service, _, name = action.lower().partition(":")
    if name not in actions_of(service):
        near = close_actions(action)
        hint = f"did you mean `{near[0]}`?" if near else "correct its name, or say --resource"
        raise GenError(f"AWS documents no action `{action}`", hint=hint)
    arns = resource_arns_of(action)
    if arns and ":user/" in arns[0] and ":user/" in principal:
        return principal
    if arns:
        raise GenError(f"`{action}` is called on something", hint=f"say --resource {arns[0]}")
    return "*"


def _context(pairs: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            hint = "write KEY=VALUE; a key with several values is given several times"
            raise GenError(f"`--context {pair}` has no `=`", hint=hint)
        found.setdefault(key, []).append(value)
    return found


def report(decision: Decision, form: str) -> int:
    """Print a decision. The exit code says whether the request is allowed."""
    if form == "json":
        put_json(as_json(decision))
    else:
        for line in in_words(decision):
            put(line)
    return OK if decision.outcome == "allowed" else NO
