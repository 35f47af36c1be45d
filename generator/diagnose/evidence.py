"""What an administrator has about a person who cannot get in: values, nothing decided yet."""

from typing import Literal, TypeAlias

from msgspec import Struct

from generator.diagnose.json_text import JsonText
from generator.password_policy import PasswordPolicy
from generator.policy import Policy
from generator.positions import Place

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
    """A document that counts for the person: what to call it, what it says, where it stands.

    `name` is unique among what was given. `root` is its place in `source`; `is_file`: the file is
    the document, so that a change of it is a change of the file.
    """

    name: str
    layer: Layer
    policy: Policy
    source: JsonText
    root: Place = ()
    is_file: bool = True


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
    from_event: bool = False


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


class Person(Struct, frozen=True, kw_only=True):
    """Who it is. `arn` is "" where nobody says; `path` None where that is not known."""

    arn: str = ""
    name: str = ""
    path: str | None = None
    account: str = ""
    partition: str = ""


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
        """What AWS said, events first, newest first."""
        said = [event.symptom for event in self.events if event.symptom]
        return tuple([*said, self.message] if self.message else said)
