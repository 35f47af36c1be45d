"""The options of `gen diagnose` by themselves: what is wrong with them, and whom they name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from generator.diagnose.cloudtrail import USER_NAME
from generator.diagnose.evidence import Person, person_of
from generator.errors import GenError

_INPUTS: Final = (
    "policies boundary scps account_details password_policy event message user_arn ask_password "
    "password_fd"
).split()
_TEXTS: Final = "message password_policy user_arn account_name account_email".split()
_FILES: Final = "policies boundary account_details event".split()
# Two options that say the contrary, or the same in two ways.
_ONE_OF: Final = (("ask_password", "password_fd"), ("has_device", "no_device"))
# Source: IAM API Reference, CreateUser.
_PATH: Final = re.compile(r"/|/[\x21-\x7e]+/")
_ARN: Final = re.compile(r"arn:([a-z0-9-]+):(iam|sts)::([0-9]{12}):([a-z-]+)(?:/.*)?")
# What the ARN of somebody who is no IAM user is of, in CloudTrail's words.
_KINDS: Final = {
    "root": "Root",
    "role": "Role",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
}


def wrong(given: Mapping[str, Any]) -> Iterator[GenError]:
    """Everything that can be seen to be wrong before a file is read."""
    if not any(given[name] not in (None, False, ()) for name in _INPUTS):
        hint = "give --message, --event, --policy or --account-details; see gen diagnose --help"
        yield GenError("nothing to go by was given", hint=hint)
    for name in _TEXTS:
        if given[name] is not None and not given[name].strip():
            yield GenError(f"{_option(name)} is empty", hint="give it, or leave the option out")
    for name in _FILES:
        files = given[name] if isinstance(given[name], tuple) else (given[name],)
        # An empty path is the current folder.
        if Path() in files:
            option = "--policy" if name == "policies" else _option(name)
            yield GenError(f"{option} names no file", hint="is a variable not set?")
    if given["account_details"] and not (given["user"] or given["user_arn"]):
        yield GenError("--account-details is about many users", hint="say --user NAME")
    for one, other in _ONE_OF:
        if all(given[name] not in (None, False) for name in (one, other)):
            problem = f"{_option(one)} and {_option(other)} do not go together"
            yield GenError(problem, hint="keep one")
    if reads_twice(given):
        yield GenError("standard input is for one thing", hint="put the other in a file")
    if given["user_path"] is not None and not _PATH.fullmatch(given["user_path"]):
        hint = "write it as /team/"
        yield GenError(f"`{given['user_path']}` is not a path of a user", hint=hint)
    if given["user"] is not None and not USER_NAME.fullmatch(given["user"]):
        hint = "give the name without its path, or --user-arn"
        yield GenError(f"`{given['user']}` is not a name of a user", hint=hint)


def reads_twice(given: Mapping[str, Any]) -> bool:
    """Whether standard input is named more than once, so that one would take what is another's."""
    files: list[Path | str | None] = [*given["policies"], *given["boundary"], *given["event"]]
    files += [given["account_details"], given["password_policy"]]
    names = [*map(str, files), *",".join(given["scps"]).split(",")]
    return names.count("-") > (0 if given["password_fd"] == 0 else 1)


def person_in(given: Mapping[str, Any]) -> tuple[Person, str]:
    """Who it is, and what, if no IAM user.

    Raises:
        GenError: the ARN is none, or is of somebody else than the other options.
    """
    arn = given["user_arn"]
    if not arn:
        return Person(name=given["user"] or "", path=given["user_path"]), ""
    found = _ARN.fullmatch(arn)
    kind = _KINDS.get(found[4], "") if found else ""
    if found and kind:
        return Person(account=found[3], partition=found[1]), kind
    person = person_of(arn)
    if given["user"] not in (None, person.name):
        raise GenError("--user is not the user of --user-arn", hint="keep one")
    if given["user_path"] not in (None, person.path):
        raise GenError("--user-path is not the path of --user-arn", hint="keep one")
    return person, ""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
