"""What an audit comes to, as values: what every form of output is made of."""

from msgspec import Struct

from generator.errors import GenError
from generator.findings import Finding


class Record(Struct, frozen=True):
    """A document that was audited. `name` is what it is called inside its file, or "";
    `verdicts` are empty for kinds that have none. `concerns_sign_in`: it has a say in how people
    sign in, enrol or get round MFA, or something is found in it."""

    file: str
    kind: str
    name: str
    verdicts: dict[str, str]
    concerns_sign_in: bool = True


class Suppressed(Struct, frozen=True):
    """A finding that somebody decided to live with, and why."""

    finding: Finding
    reason: str


class Person(Struct, frozen=True):
    """A user of an account, as a row. `lockout` and `bypass` say in words how, "" if not.

    `first_login`, `access_key_without_mfa` and `console_without_mfa` are verdicts of everything
    the user has, as it is. `has_password` and `has_device` are None where no credential report (or
    other part of the input) says. `problems` is what is missing or cannot be read of it.
    """

    name: str
    arn: str
    groups: tuple[str, ...]
    first_login: str
    enrolment: str
    access_key_without_mfa: str
    console_without_mfa: str
    lockout: str
    bypass: str
    has_password: bool | None
    has_device: bool | None
    problems: tuple[str, ...] = ()


class RoleRow(Struct, frozen=True):
    """A role of an account: whether a person can assume it without MFA, and how."""

    name: str
    arn: str
    trust_without_mfa: str
    how: str


class Account(Struct, frozen=True):
    """An account dump as a whole.

    `password_policy_known`: the input says whether the account itself lets its users change their
    passwords, so that a first sign-in that is `not_granted` is one that fails.
    """

    file: str
    account: str
    people: tuple[Person, ...]
    roles: tuple[RoleRow, ...]
    permission_sets: int
    password_policy_known: bool = False


class Audit(Struct, frozen=True, kw_only=True):
    """Everything that came of an audit, sorted.

    `known` are findings that the baseline has. `errors` are inputs that could not be read;
    `skipped` are files of directories that hold no policy. `notes` are suppressions that match
    nothing and entries of the baseline that are gone; they change no exit code.
    """

    documents: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    known: tuple[Finding, ...] = ()
    errors: tuple[GenError, ...] = ()
    skipped: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    notes: tuple[GenError, ...] = ()
