"""Profile file to `Source`: read, checked, with the files it refers to. Every problem at once."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from generator.attachments import Files
from generator.checks import advice, problems_of
from generator.document import Document, parse_on
from generator.errors import GenError, GenErrors
from generator.password_policy import PasswordPolicy
from generator.policy import Policy
from generator.problem import in_order, located
from generator.profile import Profile, read
from generator.text import read_text

STDIN: Final = "<stdin>"


class Source(Struct, frozen=True):
    """A valid profile and what it refers to. `permissions` maps a role's name to its document."""

    profile: Profile
    label: str
    password_policy: PasswordPolicy | None
    permissions: dict[str, Policy]
    warnings: tuple[str, ...]


def load(path: Path) -> Source:
    """Read a profile file.

    Raises:
        GenErrors: everything that is wrong with it and the files it names, each at its place.
    """
    label = path.as_posix()
    return load_text(read_text(path, label), label, path.parent)


def load_text(text: str, label: str, folder: Path) -> Source:
    """Read a profile from text. Files it names are looked for in `folder`."""
    document = parse_on(text, label)
    try:
        profile = read(document.data)
    except msgspec.ValidationError as error:
        from generator.problems import find_all

        raise GenErrors(_all(document, find_all(document, folder, error))) from error
    files = Files(document, folder)
    password_policy = files.password_policy(profile)
    permissions = files.permissions(profile, profile.account.partition)
    errors = [located(document, p) for p in problems_of(profile, password_policy)]
    errors += files.errors
    if errors or document.errors:
        raise GenErrors(_all(document, errors))
    return Source(
        profile,
        label,
        password_policy,
        permissions,
        (*files.warnings, *advice(profile, password_policy)),
    )


def _all(document: Document, behind: list[GenError]) -> list[GenError]:
    """What is wrong with the text, and behind it what it says; each place is blamed once."""
    blamed = {error.where for error in document.errors}
    return in_order([*document.errors, *(e for e in behind if e.where not in blamed)])
