"""The documents that count for a person, out of the files that were given."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from generator.diagnose.evidence import Attached, Layer
from generator.diagnose.json_text import JsonText, read_json
from generator.errors import GenError, GenErrors
from generator.grammar import parse_policy, parse_statement
from generator.password_policy import PasswordPolicy, out_of_range, read_password_policy
from generator.policy import Policy
from generator.positions import Place

NO_POLICY: Final = "none"
# Where the document is in what `aws iam get-user-policy` and its like print.
_AROUND: Final[tuple[Place, ...]] = (
    ("PolicyDocument",),
    ("PolicyVersion", "Document"),
)


class Reader:
    """Reads documents, collecting what is wrong with them; a file given twice counts once."""

    def __init__(self) -> None:
        self.errors: list[GenError] = []
        self._names: set[tuple[Layer, str]] = set()

    def documents(self, paths: Iterable[Path], layer: Layer) -> list[Attached]:
        """The documents of some files, one in each."""
        found = []
        for path in paths:
            name = path.as_posix()
            if (layer, name) in self._names:
                continue
            self._names.add((layer, name))
            try:
                found.append(self._document(path, name, layer))
            except GenError as error:
                self.errors += error.each()
        return found

    def levels(self, texts: Sequence[str]) -> tuple[list[Attached], tuple[tuple[str, ...], ...]]:
        """SCPs, and the names of those on each level."""
        found: dict[str, Attached] = {}
        levels = []
        for text in texts:
            paths = [Path(name) for name in text.split(",") if name]
            if not paths:
                hint = "write --scp FILE[,FILE]..."
                self.errors.append(GenError("--scp names no file", hint=hint))
            found |= {a.name: a for a in self.documents(paths, "scps")}
            levels.append(tuple(path.as_posix() for path in paths))
        return list(found.values()), tuple(levels)

    def finish(self) -> None:
        """Raises GenErrors: everything that was wrong."""
        if self.errors:
            raise GenErrors(self.errors)

    def _document(self, path: Path, name: str, layer: Layer) -> Attached:
        source = read_json(path)
        root = next((place for place in _AROUND if _at(source.data, place) is not None), ())
        policy = policy_at(source, root)
        return Attached(name, layer, policy, source, root)


def policy_at(source: JsonText, root: Place) -> Policy:
    """The document at a place of a text.

    Raises:
        GenError: IAM's grammar does not allow it, at the statement that it does not allow.
    """
    data = _at(source.data, root) if root else source.data
    try:
        return parse_policy(data)
    except GenError as error:
        raise GenError(
            error.problem, where=source.where((*root, *_wrong(data))), hint=error.hint
        ) from error


def _wrong(data: Any) -> Place:
    """The first statement that cannot be read."""
    listed = data.get("Statement") if isinstance(data, dict) else None
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        try:
            parse_statement(one, "")
        except GenError:
            return ("Statement", number)
    return ()


def _at(data: Any, place: Place) -> Any:
    for key in place:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def read_settings(name: str) -> PasswordPolicy | None:
    """The account's password policy as AWS prints it; `none` is an account that has none.

    Raises:
        GenError: not what `aws iam get-account-password-policy` prints, at the field.
    """
    if name == NO_POLICY:
        return None
    source = read_json(Path(name))
    root: Place = (
        ("PasswordPolicy",) if isinstance(_at(source.data, ("PasswordPolicy",)), dict) else ()
    )
    data = _at(source.data, root) if root else source.data
    known = set(PasswordPolicy.__struct_encode_fields__)
    if not isinstance(data, dict) or not known & set(data):
        hint = "keep what the command printed; where it answers NoSuchEntity, write `none`"
        problem = "not the output of `aws iam get-account-password-policy`"
        raise source.refuse(root, problem, hint)
    plain = {key: _plain(value) for key, value in data.items() if key in known}
    errors = [
        source.refuse((*root, key), *_what(key, value))
        for key, value in plain.items()
        if _what(key, value)
    ]
    if errors:
        raise GenErrors(errors)
    return read_password_policy(plain)


def _plain(value: Any) -> Any:
    """A number as a number: `loads` keeps its digits."""
    digits = str(value) if type(value) is not str and isinstance(value, str) else ""
    return int(digits) if digits.isdigit() and len(digits) < 10 else value


def _what(name: str, value: Any) -> tuple[str, str]:
    """What is wrong with a field, and what to do; empty where nothing is."""
    try:
        one = read_password_policy({name: value})
    except msgspec.ValidationError:
        return f"`{name}` has a value AWS does not print", "keep the command's output as it was"
    return next(((problem, hint) for _, problem, hint in out_of_range(one)), ())  # type: ignore[return-value]
