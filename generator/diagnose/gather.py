"""The options of `gen diagnose` become evidence: files are read, a password is asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from generator.diagnose.account_details import read_details
from generator.diagnose.cloudtrail import events_of, read_events
from generator.diagnose.diagnosis import Diagnosis, diagnose
from generator.diagnose.documents import Reader
from generator.diagnose.evidence import Event, Evidence, Person, Requirement, Symptom, person_of
from generator.diagnose.messages import read_message
from generator.diagnose.options import person_in, reads_twice, wrong
from generator.diagnose.password import ask_password, read_password
from generator.diagnose.password_cause import requirements
from generator.diagnose.settings import read_settings
from generator.errors import GenError, GenErrors
from generator.password_policy import PasswordPolicy


def diagnosis(given: Mapping[str, Any]) -> Diagnosis:
    """The diagnosis of what the options of the command give.

    Raises:
        GenErrors: everything that is wrong with options and files; nothing in it has the password.
    """
    read = _Reading(given)
    read.options()
    read.files()
    read.finish()
    evidence = _said(read.evidence, given, read.events)
    found = replace(evidence, requirements=_requirements(given, evidence.settings))
    return diagnose(found, read.kind)


class _Reading:
    """Reads what the options name, collecting what is wrong with it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._errors: list[GenError] = []
        self.evidence = Evidence(person=Person())
        self.events: tuple[Event, ...] = ()
        # What the person is, if no IAM user.
        self.kind = ""

    def options(self) -> None:
        """Raises GenErrors: an option is so wrong that nothing can be read."""
        given = self._given
        self._errors += wrong(given)
        if reads_twice(given):
            self.finish()
        with self._noted():
            person, self.kind = person_in(given)
            self.evidence = replace(self.evidence, person=person)

    def files(self) -> None:
        given = self._given
        with self._noted():
            if given["account_details"] and self.evidence.person.name:
                self.evidence = _details(given, self.evidence.person)
        with self._noted():
            self.evidence = _documents(given, self.evidence)
        with self._noted():
            if given["password_policy"]:
                settings = read_settings(given["password_policy"])
                self.evidence = replace(self.evidence, settings=settings, settings_given=True)
        for path in dict.fromkeys(given["event"]):
            with self._noted():
                self.events += read_events(path)
        # Whose they are is known only if all else is right.
        if given["event"] and not self._errors:
            with self._noted():
                self.events = events_of(self.evidence.person, self.events, list(given["event"]))

    def finish(self) -> None:
        """Raises GenErrors: everything that was wrong."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise GenErrors(self._errors)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except GenError as error:
            self._errors += error.each()


def _details(given: Mapping[str, Any], person: Person) -> Evidence:
    known = read_details(given["account_details"], person.name)
    if person.arn and person.arn != known.person.arn:
        hint = "say --user or --user-arn, not both"
        raise GenError("--user-arn is not the user's ARN in the account's details", hint=hint)
    if person.path not in (None, known.person.path):
        hint = "leave it out: the details have the path"
        raise GenError("--user-path is not the user's path in the account's details", hint=hint)
    return known


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
        has_device=given["has_device"] or (False if given["no_device"] else None),
        expired=given["expired"],
        first_sign_in=given["first_sign_in"],
    )


def _said(evidence: Evidence, given: Mapping[str, Any], events: tuple[Event, ...]) -> Evidence:
    """With what AWS said; that may also tell who it is."""
    message: Symptom | None = read_message(given["message"]) if given["message"] else None
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
