"""The files a profile refers to: the account's password policy and statements of roles."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from generator.document import Document, parse, read_text
from generator.errors import GenError, Where
from generator.password_policy import PasswordPolicy, read_password_policy
from generator.policy import Policy, PolicyError, parse_policy, parse_statement
from generator.profile import Profile


class Files:
    """Reads the files a profile names, collecting what is wrong with them."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.errors: list[GenError] = []
        self.warnings: list[str] = []

    def password_policy(self, profile: Profile) -> PasswordPolicy | None:
        """The account's password policy, wherever the profile keeps it; None is NoSuchEntity."""
        given = profile.account.password_policy
        if given is None or given == "none" or isinstance(given, PasswordPolicy):
            return given if isinstance(given, PasswordPolicy) else None
        found = self._parse(given, ("account", "password_policy"))
        if found is None:
            return None
        data = found.data
        if isinstance(data, dict) and set(data) == {"PasswordPolicy"}:
            data = data["PasswordPolicy"]
        if not isinstance(data, dict):
            self._refuse(
                found,
                "not the output of `aws iam get-account-password-policy`",
                "write none if " "the command answers NoSuchEntity: `password_policy: none`",
            )
            return None
        known = set(PasswordPolicy.__struct_encode_fields__)
        if new := sorted(map(str, set(data) - known)):
            self.warnings.append(f"{found.path}: not known here and ignored: {', '.join(new)}")
        try:
            return read_password_policy({k: v for k, v in data.items() if k in known})
        except msgspec.ValidationError as error:
            self._refuse(found, _plain(error), "keep the command's output as it was printed")
        return None

    def permissions(self, profile: Profile) -> dict[str, Policy]:
        """The permissions document of each role that has one in a file."""
        found: dict[str, Policy] = {}
        for number, role in enumerate(profile.roles):
            name = role.permissions.statements
            place = ("roles", number, "permissions", "statements")
            parsed = self._parse(name, place) if name else None
            if parsed is not None:
                try:
                    found[role.name] = _statements(parsed.data)
                    self.errors += _unknown_actions(parsed, found[role.name])
                except PolicyError as error:
                    self._refuse(parsed, error.problem, error.hint)
        return found

    def _parse(self, name: str, place: tuple[str | int, ...]) -> Document | None:
        where = self.document.where(place)
        if Path(name).is_absolute() or "\\" in name:
            hint = "write it relative to the profile, with `/`, so that it works on every machine"
            self.errors.append(GenError(f"`{name}` is not a relative path", where=where, hint=hint))
            return None
        path = self.folder / name
        try:
            text = read_text(path, path.as_posix())
            return parse(_spaced(text) if name.endswith(".json") else text, path.as_posix())
        except GenError as error:
            if error.problem == "no such file":
                text = f"there is no file `{name}` beside the profile"
                error = GenError(text, where=where, hint=f"it would be {path.as_posix()}")
            self.errors.append(error)
        return None

    def _refuse(self, found: Document, problem: str, hint: str) -> None:
        self.errors.append(GenError(problem, where=Where(found.path), hint=hint))


def _statements(data: Any) -> Policy:
    """A file of statements: a list of them, one alone, or a whole policy document."""
    if isinstance(data, Mapping) and "Statement" in data:
        return parse_policy(_text_values(data))
    items = data if isinstance(data, list) else [data]
    if not items or data is None:
        raise PolicyError("has no statements", hint="write a list of IAM statements")
    return Policy(
        tuple(
            parse_statement(_text_values(item), f"statement {number}")
            for number, item in enumerate(items, 1)
        )
    )


def _text_values(data: Any) -> Any:
    """IAM takes numbers bare; here they become the text that IAM reads them as."""
    if isinstance(data, Mapping):
        return {key: _text_values(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_text_values(value) for value in data]
    return str(data) if isinstance(data, int) and not isinstance(data, bool) else data


def _unknown_actions(found: Document, policy: Policy) -> Iterator[GenError]:
    from generator.checks import unknown_action

    for statement in policy.statements:
        for action in statement.actions.items:
            if hint := unknown_action(action):
                yield GenError(
                    f"statement `{statement.sid}` names `{action}`, which AWS does not document",
                    where=Where(found.path),
                    hint=hint,
                )


def _spaced(text: str) -> str:
    """JSON may be indented with tabs, YAML may not; inside a JSON string there is never one."""
    return text.replace("\t", " ")


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace(" - at `$.", " at `").replace("Expected `", "expected `")
