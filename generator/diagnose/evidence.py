"""What an administrator has about a person who cannot get in: values, nothing decided yet."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from generator.errors import one_line
from generator.found import Found
from generator.password_policy import PasswordPolicy
from generator.policy import Policy
from generator.principals import caller
from generator.subject import Subject

CHANGE: Final = "iam:ChangePassword"

Layer: TypeAlias = Literal["identity", "boundary", "scps"]
How: TypeAlias = Literal["explicit", "implicit", ""]
Meaning: TypeAlias = Literal[
    "denied",
    "either",
    "either-or-old-password",
    "not-compliant",
    "not-conform",
    "recreated",
    "not-a-user",
    "no-password",
    "bad-token",
    "bad-code",
    "exists",
    "failed-sign-in",
    "sign-in-refused",
    "sign-in-policy",
    "switch-role",
]


class Attached(Struct, frozen=True, eq=False):
    """A document that counts for the person; `name` is unique among what was given."""

    name: str
    layer: Layer
    subject: Subject

    @property
    def policy(self) -> Policy:
        return self.subject.policy

    @property
    def found(self) -> Found:
        return self.subject.found

    @property
    def is_file(self) -> bool:
        """Whether somebody gave it as a file of its own."""
        return self.name == self.found.file

    @property
    def called(self) -> str:
        """What to call the document apart from its file."""
        return (
            f"{self.name} ({self.found.name or 'the policy in it'})" if self.is_file else self.name
        )


class Symptom(Struct, frozen=True, kw_only=True):
    """What AWS said of a failure, in an event or in a text that somebody saw.

    `said` is a sentence of ours about it: nothing is copied from what was given but what is named
    here. `action` is in lower case, "" where AWS does not say; `layer` is the type of policy in
    AWS's words ("identity-based", "service control", "permissions boundary", ...), with `policy`
    its ARN; `resource` is an ARN of a virtual device.
    """

    meaning: Meaning
    said: str
    action: str = ""
    how: How = ""
    layer: str = ""
    policy: str = ""
    resource: str = ""
    user: str = ""


class Event(Struct, frozen=True, kw_only=True):
    """A failed call, as CloudTrail has it. `session`: the state it was made in, "" if not known.

    `kind` is userIdentity.type; `mfa_used` is what a sign-in says of MFA.
    """

    name: str
    time: str
    kind: str
    arn: str = ""
    user: str = ""
    account: str = ""
    session: Literal["console", "key", "mfa", ""] = ""
    mfa_used: bool | None = None
    symptom: Symptom | None = None

    @property
    def since(self) -> str:
        """The time as text that sorts, with fractions of a second and without."""
        return self.time.removesuffix("Z")


class Person(Struct, frozen=True, kw_only=True):
    """Who it is. `arn` is "" where nobody says; `path` None where that is not known."""

    arn: str = ""
    name: str = ""
    path: str | None = None
    account: str = ""
    partition: str = ""


def person_of(arn: str) -> Person:
    """The user of an ARN.

    Raises:
        GenError: it is none of a principal's.
    """
    who = caller(arn)
    path = who.arn.partition(":user")[2].removesuffix(who.name)
    return Person(
        arn=who.arn, name=who.name, path=path, account=who.account, partition=who.partition
    )


class Requirement(Struct, frozen=True):
    """What is asked of a password, and whether one has it; None: not to be seen from outside."""

    name: str
    met: bool | None
    words: str


class Evidence(Struct, frozen=True, kw_only=True, eq=False):
    """Everything that was given. None is what nobody said.

    `identity`: whether any identity policies were given; `whole`: whether it is known that there
    are no others. `not_read` are the ARNs of policies the person has whose documents are not
    there. `settings_given` with no `settings`: the account has no password policy of its own.
    """

    person: Person
    documents: tuple[Attached, ...] = ()
    identity: bool = False
    whole: bool = False
    not_read: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] | None = None
    boundary: bool | None = None
    settings: PasswordPolicy | None = None
    settings_given: bool = False
    events: tuple[Event, ...] = ()
    message: Symptom | None = None
    message_given: bool = False
    has_device: bool | None = None
    expired: bool = False
    first_sign_in: bool = False
    requirements: tuple[Requirement, ...] | None = None

    @property
    def symptoms(self) -> tuple[Symptom, ...]:
        """What AWS said, events first, newest first; of each call what it said last."""
        said, _ = _last_and_older(self.events)
        return tuple([*said, self.message] if self.message else said)

    @property
    def older(self) -> tuple[str, ...]:
        """What AWS said of a call before it said something else: much may be mended since."""
        last, older = _last_and_older(self.events)
        found: dict[tuple[str, ...], str] = {}
        for s in older:
            found.setdefault(_answer(s), s.said)
        return tuple(said for answer, said in found.items() if answer not in map(_answer, last))

    @property
    def denied(self) -> tuple[Symptom, ...]:
        """What AWS said of a change of a password that was not authorized."""
        return tuple(s for s in self.symptoms if s.meaning == "denied" and _is_of_change(s))

    @property
    def authorized(self) -> str:
        """That the call was authorized, where AWS answered with what comes after that, and does
        not say the contrary as well."""
        if self.denied:
            return ""
        answers = (_ANSWERS[s.meaning] for s in self.symptoms if _is_answer(s))
        return next((f"the call was authorized: AWS answered with {a}" for a in answers), "")

    @property
    def is_about_password(self) -> bool:
        """Whether what failed is a change of a password; so it is where nobody says what failed."""
        said = [s for s in self.symptoms if s.meaning not in _ELSEWHERE]
        return not self.symptoms or any(map(_is_of_change, said))

    @property
    def lacks_documents(self) -> str:
        """Which documents are not there, in words."""
        return f"the document is not there of {', '.join(map(one_line, self.not_read[:5]))}"


_ANSWERS: Final[dict[Meaning, str]] = {
    "not-compliant": "PasswordPolicyViolation",
    "recreated": "EntityTemporarilyUnmodifiable",
}
_ELSEWHERE: Final = frozenset(
    "bad-code exists failed-sign-in sign-in-refused sign-in-policy switch-role".split()
)


def _last_and_older(events: tuple[Event, ...]) -> tuple[list[Symptom], list[Symptom]]:
    """What AWS said of each call last, and before; an event without a time is as good as any."""
    newest: dict[str, str] = {}
    for e in events:
        if e.symptom:
            newest[e.name] = max(e.since, newest.get(e.name, ""))
    last: list[Symptom] = []
    older: list[Symptom] = []
    for e in events:
        if e.symptom:
            (older if e.since and e.since < newest[e.name] else last).append(e.symptom)
    return last, older


def _answer(s: Symptom) -> tuple[str, ...]:
    return s.meaning, s.action, s.how, s.layer, s.policy


def _is_of_change(s: Symptom) -> bool:
    return s.action in (CHANGE.lower(), "")


def _is_answer(s: Symptom) -> bool:
    return s.meaning in _ANSWERS and _is_of_change(s)
