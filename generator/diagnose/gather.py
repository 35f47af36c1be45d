"""The options of `gen diagnose` become evidence: files are read, a password is asked for."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from generator.diagnose.account_details import read_details
from generator.diagnose.cloudtrail import USER_NAME, read_events
from generator.diagnose.diagnosis import Diagnosis, diagnose
from generator.diagnose.documents import Reader
from generator.diagnose.evidence import Event, Evidence, Person, Requirement, Symptom, person_of
from generator.diagnose.messages import read_message
from generator.diagnose.password import ask_password, read_password
from generator.diagnose.password_cause import requirements
from generator.diagnose.settings import read_settings
from generator.errors import GenError
from generator.password_policy import PasswordPolicy

_INPUTS: Final = (
    "policies boundary scps account_details password_policy event message user_arn ask_password "
    "password_fd"
).split()
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


def diagnosis(given: Mapping[str, Any]) -> Diagnosis:
    """The diagnosis of what the options of the command give.

    Raises:
        GenError: an option or a file is wrong; nothing in it has the password.
    """
    _check(given)
    person, kind = _person(given)
    known = Evidence(person=person)
    if given["account_details"]:
        known = read_details(given["account_details"], person.name)
        if person.arn and person.arn != known.person.arn:
            hint = "say --user or --user-arn, not both"
            raise GenError("--user-arn is not the user's ARN in the account's details", hint=hint)
    evidence = _documents(given, known)
    settings = read_settings(given["password_policy"]) if given["password_policy"] else None
    evidence = replace(
        evidence, settings=settings, settings_given=given["password_policy"] is not None
    )
    evidence = _said(evidence, given)
    return diagnose(replace(evidence, requirements=_requirements(given, settings)), kind)


def _check(given: Mapping[str, Any]) -> None:
    if not any(given[name] not in (None, False, ()) for name in _INPUTS):
        hint = "give --message, --event, --policy or --account-details; see gen diagnose --help"
        raise GenError("nothing to go by was given", hint=hint)
    if given["account_details"] and not (given["user"] or given["user_arn"]):
        raise GenError("--account-details is about many users", hint="say --user NAME")
    if given["ask_password"] and given["password_fd"] is not None:
        raise GenError("--ask-password and --password-fd do not go together", hint="keep one")
    files = [*given["policies"], *given["boundary"], *given["event"], given["account_details"]]
    names = [path.as_posix() for path in files if path] + ",".join(given["scps"]).split(",")
    if names.count("-") > (0 if given["password_fd"] == 0 else 1):
        raise GenError("standard input is for one thing", hint="put the other in a file")
    if given["user_path"] is not None and not _PATH.fullmatch(given["user_path"]):
        hint = "write it as /team/"
        raise GenError(f"`{given['user_path']}` is not a path of a user", hint=hint)
    if given["user"] is not None and not USER_NAME.fullmatch(given["user"]):
        hint = "give the name without its path, or --user-arn"
        raise GenError(f"`{given['user']}` is not a name of a user", hint=hint)


def _person(given: Mapping[str, Any]) -> tuple[Person, str]:
    """Who it is, and what, if no IAM user."""
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


def _documents(given: Mapping[str, Any], known: Evidence) -> Evidence:
    reader = Reader()
    identity = reader.documents(given["policies"], "identity")
    boundary = reader.documents(given["boundary"], "boundary")
    scps, levels = reader.levels(given["scps"])
    reader.finish()
    return replace(
        known,
        documents=(*known.documents, *identity, *boundary, *scps),
        identity=bool(identity) or known.identity,
        levels=levels or None,
        boundary=True if boundary else known.boundary,
        has_device=given["has_device"],
        expired=given["expired"],
        first_sign_in=given["first_sign_in"],
    )


def _said(evidence: Evidence, given: Mapping[str, Any]) -> Evidence:
    """With what AWS said; that may also tell who it is."""
    message: Symptom | None = read_message(given["message"]) if given["message"] else None
    events: tuple[Event, ...] = ()
    if given["event"]:
        events = read_events(list(given["event"]), evidence.person)
    person = evidence.person
    arns = [e.arn for e in events] + ([message.user] if message else [])
    arn = next((arn for arn in arns if ":user/" in arn), "")
    if arn and not person.arn:
        person = _agreeing(person, arn)
    elif not person.account and events:
        name = next((e.user for e in events if e.user), "")
        person = replace(person, account=events[0].account, name=person.name or name)
    return replace(
        evidence,
        person=person,
        events=events,
        message=message,
        message_given=given["message"] is not None,
    )


def _agreeing(person: Person, arn: str) -> Person:
    """The person of an ARN, if that is whom the options name."""
    try:
        found = person_of(arn)
    except GenError:
        return person
    if person.name not in ("", found.name) or person.path not in (None, found.path):
        return person
    return found


def _requirements(
    given: Mapping[str, Any], settings: PasswordPolicy | None
) -> tuple[Requirement, ...] | None:
    """What the password has and lacks; it is asked for last, when nothing else can go wrong."""
    if given["ask_password"]:
        typed = ask_password()
    elif given["password_fd"] is not None:
        typed = read_password(given["password_fd"])
    else:
        return None
    try:
        return requirements(
            typed,
            settings,
            known=given["password_policy"] is not None,
            account_name=given["account_name"] or "",
            email=given["account_email"] or "",
        )
    finally:
        typed.wipe()
