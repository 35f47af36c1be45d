"""The files a profile refers to: the account's password policy and statements of roles."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from generator.document import Document, Place, parse
from generator.errors import GenError, Where
from generator.password_policy import PasswordPolicy, out_of_range, read_password_policy
from generator.policy import Policy
from generator.profile import Profile
from generator.statements import read_statements
from generator.text import read_text


class Files:
    """Reads the files a profile names, collecting what is wrong with them."""

    def __init__(
        self, document: Document, folder: Path, original: Callable[[Place], Place] | None = None
    ) -> None:
        self.document = document
        self.folder = folder
        self.original = original or (lambda place: place)
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
        data, inner = found.data, _inside(found.data)
        if inner:
            data = data["PasswordPolicy"]
        known = set(PasswordPolicy.__struct_encode_fields__)
        if not isinstance(data, dict) or not known & set(data):
            self._refuse(
                found,
                "not the output of `aws iam get-account-password-policy`",
                "keep what the command printed; where it answers NoSuchEntity, write "
                "`password_policy: none`",
            )
            return None
        wrong = [
            GenError(problem, where=found.where((*inner, name), key=on_key), hint=hint)
            for name, problem, hint, on_key in _wrong_fields(data, known)
        ]
        self.errors += wrong
        rest = {k: v for k, v in data.items() if k in known}
        if new := sorted(map(str, set(data) - known)):
            self.warnings.append(f"{found.path}: not known here and ignored: {', '.join(new)}")
        return None if wrong else read_password_policy(rest)

    def permissions(self, profile: Profile, partition: str | None) -> dict[str, Policy]:
        """The permissions document of each role that has one in a file; see `read_statements`."""
        found: dict[str, Policy] = {}
        for number, role in enumerate(profile.roles):
            name = role.permissions.statements
            place = ("roles", number, "permissions", "statements")
            parsed = self._parse(name, place) if name else None
            if parsed is not None:
                policy, errors = read_statements(parsed, partition)
                self.errors += errors
                if policy is not None:
                    found[role.name] = policy
        return found

    def _parse(self, name: str, place: tuple[str | int, ...]) -> Document | None:
        where = self.document.where(self.original(place))
        if Path(name).is_absolute() or "\\" in name:
            hint = "write it relative to the profile, with `/`, so that it works on every machine"
            self.errors.append(GenError(f"`{name}` is not a relative path", where=where, hint=hint))
            return None
        path = self.folder / name
        try:
            text = read_text(path, path.as_posix())
            return _parsed(_spaced(text) if name.endswith(".json") else text, path.as_posix())
        except GenError as error:
            if error.problem == "no such file":
                text = f"there is no file `{name}` beside the profile"
                hint = f"create {path.as_posix()}, or correct the name"
                error = GenError(text, where=where, hint=hint)
            elif path.is_dir():
                text = f"`{name}` is a folder, not a file"
                error = GenError(text, where=where, hint="name a file in it")
            self.errors += error.each()
        return None

    def _refuse(self, found: Document, problem: str, hint: str) -> None:
        self.errors.append(GenError(problem, where=Where(found.path), hint=hint))


def _inside(data: object) -> Place:
    """Where in the command's output the policy is: it may stand without the key around it."""
    whole = isinstance(data, dict) and isinstance(data.get("PasswordPolicy"), dict)
    return ("PasswordPolicy",) if whole else ()


def _wrong_fields(data: dict[str, object], known: set[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Fields of a password policy that AWS does not print: (name, problem, hint, on the key)."""
    for name, value in data.items():
        if name not in known:
            from difflib import get_close_matches

            if near := get_close_matches(name, known, n=1, cutoff=0.8):
                yield name, f"`{name}` is not a field of it", f"did you mean `{near[0]}`?", True
            continue
        try:
            one = read_password_policy({name: value})
        except msgspec.ValidationError:
            hint = "keep the command's output as it was printed"
            yield name, f"`{name}` has a value AWS does not print", hint, False
        else:
            yield from ((*problem, False) for problem in out_of_range(one))


@lru_cache(maxsize=64)
def _parsed(text: str, label: str) -> Document:
    """Many profiles refer to the same few files."""
    return parse(text, label)


def _spaced(text: str) -> str:
    """JSON may be indented with tabs, YAML may not; inside a JSON string there is never one."""
    return text.replace("\t", " ")
