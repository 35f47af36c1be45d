"""Failed calls in what CloudTrail recorded, as far as they are about getting in.

Only the few fields named here are looked at. Nothing else of an event is kept or shown.
Source: CloudTrail User Guide, "CloudTrail record contents", "CloudTrail userIdentity element" and
"AWS Management Console sign-in events".
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from generator.diagnose.evidence import Event, Person, Symptom
from generator.diagnose.files import label_of, read_lines, refuse
from generator.diagnose.messages import ARN, denial, meaning_of, of_code
from generator.errors import GenError, Where
from generator.inputs.json_text import embedded
from generator.inputs.parsed import Parsed
from generator.positions import Place

_CALLS: Final = (
    "ChangePassword",
    "ConsoleLogin",
    "EnableMFADevice",
    "CreateVirtualMFADevice",
    "DeleteVirtualMFADevice",
)
_SOURCES: Final = ("iam.amazonaws.com", "signin.amazonaws.com")
_SIGN_IN: Final = "signin:consolelogin"
# A user name that somebody mistyped may be a password, so that CloudTrail keeps it to itself.
_HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_CODE: Final = re.compile(r"[A-Za-z.]{1,64}")
USER_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}")
_HINT: Final = (
    "give the event, what `aws cloudtrail lookup-events` prints, a file with `Records`, or one "
    "event on each line"
)


def read_events(path: Path) -> tuple[Event, ...]:
    """The failed calls in a file that are about getting in, of whomever.

    Raises:
        GenError: it cannot be read, or is not CloudTrail's.
    """
    found = (_event(record) for text in read_lines(path) for record in _records(text))
    return tuple(event for event in found if event)


def events_of(person: Person, every: tuple[Event, ...], paths: list[Path]) -> tuple[Event, ...]:
    """The events of a person, newest first; of the only one there is, if nobody is named.

    `paths` are the files that the events are out of.

    Raises:
        GenError: none is of the person, or they are about several people.
    """
    found = tuple(event for event in every if _is_of(event, person))
    if not found and len(every) == 1 and every[0].kind != "IAMUser":
        # The only one there is, of somebody who is no user: that is what is wrong.
        found = every
    if not found:
        whose = f" of `{person.name}`" if person.name else ""
        problem = f"no failed ChangePassword, ConsoleLogin or change of MFA devices{whose} is in it"
        hint = "look for the time of the failure; IAM's events are in us-east-1"
        raise GenError(problem, where=Where(", ".join(map(label_of, paths))), hint=hint)
    names = sorted({event.user or event.arn for event in found if event.user or event.arn})
    if len(names) > 1:
        shown = ", ".join(f"`{name}`" for name in names[:5])
        problem = f"the events are about {len(names)} users: {shown}"
        raise GenError(problem, hint="say --user NAME")
    # Of one time, as they came.
    return tuple(sorted(found, key=lambda event: event.since, reverse=True))


def _is_of(event: Event, person: Person) -> bool:
    if person.arn and event.arn:
        return event.arn == person.arn
    return not person.name or (event.kind == "IAMUser" and event.user in (person.name, ""))


class _Record(Struct, frozen=True):
    """An event, and the place of it (or of the text that it is in) in the file."""

    text: Parsed
    place: Place
    data: dict[str, Any]
    is_twice: bool

    def refuse(self, problem: str, hint: str) -> GenError:
        return refuse(self.text, self.place, problem, hint)


def _records(text: Parsed) -> Iterator[_Record]:
    data: Any = text.data
    root: Place = ()
    for name in ("Records", "Events"):
        if isinstance(data, dict) and name in data:
            data, root = data[name], (name,)
            if not isinstance(data, list):
                raise refuse(text, root, f"`{name}` is not a list", _HINT)
    if isinstance(data, list):
        for number, one in enumerate(data):
            yield _record(text, (*root, number), one)
    else:
        yield _record(text, root, data)


def _record(text: Parsed, place: Place, one: Any) -> _Record:
    if isinstance(one, dict) and isinstance(one.get("detail"), dict):
        # As EventBridge passes it on.
        place, one = (*place, "detail"), one["detail"]
    if isinstance(one, dict) and "CloudTrailEvent" in one:
        # As LookupEvents has it: the event is JSON in a text.
        place, one = (*place, "CloudTrailEvent"), one["CloudTrailEvent"]
    twice = any(at[: len(place)] == place for at in text.twice)
    if isinstance(one, str):
        inside = embedded(text, place, one)
        one, twice = inside.data, bool(inside.twice)
    if not isinstance(one, dict) or "eventName" not in one:
        raise refuse(text, place, "is not an event of CloudTrail", _HINT)
    return _Record(text, place, one, twice)


def _is_relevant(data: dict[str, Any]) -> bool:
    if data.get("eventName") not in _CALLS or data.get("eventSource") not in _SOURCES:
        return False
    answer = data.get("responseElements")
    refused = isinstance(answer, dict) and answer.get("ConsoleLogin") == "Failure"
    return bool(data.get("errorCode") or data.get("errorMessage") or refused)


def _event(record: _Record) -> Event | None:
    """A failed call; None for any other."""
    data = record.data
    if not _is_relevant(data):
        return None
    if record.is_twice:
        problem = "a key stands twice in one object of the event"
        raise record.refuse(problem, "give the event as CloudTrail has it")
    identity = data.get("userIdentity")
    if not isinstance(identity, dict):
        raise record.refuse("the event has no `userIdentity`", "give the event as it is")
    name = _field(identity, "userName", USER_NAME)
    event = Event(
        name=data["eventName"],
        time=_field(data, "eventTime", _TIME),
        kind=_field(identity, "type", _CODE),
        arn=_field(identity, "arn", ARN),
        user="" if name == _HIDDEN else name,
        account=_field(identity, "accountId", _ACCOUNT),
        session=_session(identity),
        mfa_used=_mfa_used(data.get("additionalEventData")),
    )
    return replace(event, symptom=_symptom(data, event))


def _field(data: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    """A field, if it looks as it should; nothing else of an event is ever shown."""
    value = data.get(name)
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _session(identity: dict[str, Any]) -> Literal["console", "key", "mfa", ""]:
    """The state of the session, by its MFA flag; a long-term key has no session."""
    context = identity.get("sessionContext")
    found = context.get("attributes") if isinstance(context, dict) else None
    flag = found.get("mfaAuthenticated") if isinstance(found, dict) else None
    if flag == "true":
        return "mfa"
    if flag == "false":
        return "console"
    key = identity.get("accessKeyId")
    # Source: IAM User Guide, "IAM identifiers": long-term keys begin so.
    return "key" if isinstance(key, str) and key.startswith("AKIA") else ""


def _mfa_used(data: Any) -> bool | None:
    found = data.get("MFAUsed") if isinstance(data, dict) else None
    return {"Yes": True, "No": False}.get(found) if isinstance(found, str) else None


def _symptom(data: dict[str, Any], event: Event) -> Symptom | None:
    source = f"CloudTrail's {event.name}" + (f" of {event.time}" if event.time else "")
    action = _SIGN_IN if event.name == "ConsoleLogin" else f"iam:{event.name.lower()}"
    text = data.get("errorMessage")
    text = text[:4096] if isinstance(text, str) else ""
    code = data.get("errorCode")
    # What is said of the sign-in stands in the text only.
    meaning = meaning_of(text) if text and event.name == "ConsoleLogin" else None
    if meaning in ("failed-sign-in", "sign-in-policy"):
        said = f"{source} says {_SIGN_IN_SAID[meaning]}{_with_mfa(event)}"
        return Symptom(meaning=meaning, said=said, action=action)
    found = denial(text, source) if text else None
    if found is None or (found.action and found.action != action):
        found = of_code(code if isinstance(code, str) else "", action, source)
    return replace(found, action=action) if found else None


_SIGN_IN_SAID: Final = {
    "failed-sign-in": "`Failed authentication`",
    "sign-in-policy": "that a policy on the sign-in itself refused it",
}


def _with_mfa(event: Event) -> str:
    used = "Yes" if event.mfa_used else "No"
    return "" if event.mfa_used is None else f", with MFAUsed `{used}`"
