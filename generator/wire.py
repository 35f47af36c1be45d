"""A request and its policies as JSON, one object a line, and the answer to it.

Every mistake is a sentence that names the field; nothing that is not understood is passed over.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from generator.context import Value
from generator.envelope import Inline
from generator.errors import GenError
from generator.grammar import is_number, loads, parse_policy
from generator.password_policy import PasswordPolicy
from generator.policy import Policy
from generator.principals import caller
from generator.request import Document, Documents, Policies, Request, request_of

FIELDS: Final = (
    "id",
    "principal",
    "action",
    "resource",
    "account",
    "context",
    "identity",
    "trust",
    "boundary",
    "session",
    "scps",
    "rcps",
    "password_policy",
    "mfa_device",
)
_DEFINITION: Final = ("define", "policy")
# Types whose statements name principals. In an RCP it is always everybody.
_WITH_PRINCIPALS: Final = ("trust", "rcps")


class Defined:
    """The documents that were given names, and what was put together of them already."""

    __slots__ = ("policies", "together")

    def __init__(self) -> None:
        self.policies: dict[str, Policy] = {}
        self.together: dict[tuple[Any, ...], Policies] = {}


def is_definition(data: Mapping[str, Any]) -> bool:
    """Whether a line gives a document a name instead of asking something."""
    return "define" in data


def define(data: Mapping[str, Any], defined: Defined) -> None:
    """Keep the document of a `define` line.

    Raises:
        GenError: it has no name or no document.
    """
    _only(data, _DEFINITION)
    name = data["define"]
    if not _is_text(name) or not name:
        raise GenError("`define` is not a name", hint='write {"define": "NAME", "policy": {...}}')
    if "policy" not in data:
        raise GenError(f"`{name}` has no `policy`", hint="add the document")
    defined.policies[name] = parse_policy(data["policy"])
    defined.together.clear()


def identify(data: Mapping[str, Any]) -> str | None:
    """A request's `id` as JSON text; None if it has none that can be sent back."""
    found = data.get("id")
    if found is None or found is True or found is False or not isinstance(found, str):
        return None
    return str(found) if is_number(found) else json.dumps(found)


def read_request(data: Mapping[str, Any], defined: Defined) -> tuple[Request, Policies]:
    """What a line asks.

    Raises:
        GenError: what is wrong with it.
    """
    _only(data, FIELDS)
    if data.get("id") is not None and identify(data) is None:
        raise GenError("`id` is neither text nor a number", hint="it is sent back as it came")
    who = caller(_text(data, "principal"))
    action = _text(data, "action")
    service, colon, name = action.partition(":")
    if not colon or not service or not name or "*" in action or "?" in action:
        raise GenError(f"`{action}` is not an action", hint="write it as service:Action")
    request = request_of(
        who,
        action,
        _text(data, "resource", "*"),
        _context(data.get("context")),
        account=_account(data),
        mfa_device=_flag(data, "mfa_device"),
    )
    return request, _policies(data, defined)


def _policies(data: Mapping[str, Any], defined: Defined) -> Policies:
    key = _key(data)
    found = defined.together.get(key) if key else None
    if found is None:
        found = _policies_of(data, defined)
        if key:
            if len(defined.together) >= _MOST_TOGETHER:
                defined.together.clear()
            defined.together[key] = found
    return found


_MOST_TOGETHER: Final = 512


def _key(data: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What tells policies apart as they are written; None where they have been read already."""
    try:
        return (
            _names(data.get("identity")),
            _names([data.get("trust")]),
            _names(data.get("boundary")),
            _names([data.get("session")]),
            _levels_by_name(data.get("scps")),
            _levels_by_name(data.get("rcps")),
            _change_password(data.get("password_policy")),
        )
    except TypeError:
        return None


def _levels_by_name(data: Any) -> Any:
    if data is None or type(data) is Inline:
        return data
    return tuple(_names(level) for level in data)


def _names(data: Any) -> Any:
    if data is None or type(data) is Inline:
        return data
    if type(data) is not list:
        raise TypeError
    for each in data:
        if type(each) not in (str, Inline) and each is not None:
            raise TypeError
    return tuple(data)


def _policies_of(line: Mapping[str, Any], defined: Defined) -> Policies:
    data = {
        field: loads(value.decode()) if type(value) is Inline else value
        for field, value in line.items()
    }
    boundary, session, trust = data.get("boundary"), data.get("session"), data.get("trust")
    identity = data.get("identity")
    return Policies(
        identity=_documents([] if identity is None else identity, "identity", defined),
        trust=None if trust is None else _document(trust, "trust", "trust", defined),
        boundary=None if boundary is None else _documents(boundary, "boundary", defined),
        session=None if session is None else _document(session, "session", "session", defined),
        scps=_levels(data.get("scps"), "scps", defined),
        rcps=_levels(data.get("rcps"), "rcps", defined),
        change_password=_change_password(data.get("password_policy")),
    )


def _levels(data: Any, field: str, defined: Defined) -> tuple[Documents, ...] | None:
    if data is None:
        return None
    if not isinstance(data, list):
        raise GenError(f"`{field}` is not a list of levels", hint="write one list a level")
    return tuple(
        _documents(level, field, defined, f"{field}[{number}]") for number, level in enumerate(data)
    )


def _documents(data: Any, field: str, defined: Defined, place: str = "") -> Documents:
    place = place or field
    if not isinstance(data, list):
        raise GenError(f"`{place}` is not a list of documents", hint="put it in brackets")
    return tuple(_document(d, field, f"{place}[{i}]", defined) for i, d in enumerate(data))


def _document(data: Any, field: str, place: str, defined: Defined) -> Document:
    if _is_text(data):
        if data not in defined.policies:
            hint = f'define it first: {{"define": {json.dumps(data)}, "policy": {{...}}}}'
            raise GenError(f"`{place}`: no document is called `{data}`", hint=hint)
        document = Document(data, defined.policies[data])
    else:
        try:
            document = Document(place, parse_policy(data))
        except GenError as error:
            raise GenError(f"`{place}`: {error.problem}", hint=error.hint) from error
    if problem := _misplaced(document.policy, field):
        raise GenError(f"`{document.name}`: {problem}")
    return document


@lru_cache(maxsize=4096)
def _misplaced(policy: Policy, field: str) -> str:
    """What a policy has, or has not, that one of its type cannot (can it not be without)."""
    for index, s in enumerate(policy.statements):
        what = f"statement `{s.sid}`" if s.sid else f"Statement[{index}]"
        if field in _WITH_PRINCIPALS:
            if s.principals is None:
                return f"{what} has no `Principal`, which a resource-based policy needs"
        else:
            if s.principals is not None:
                return f"{what} has a `Principal`, which only resource-based policies have"
            if s.resources is None:
                return f"{what} has neither `Resource` nor `NotResource`"
    return ""


def _context(data: Any) -> dict[str, Value]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise GenError("`context` is not an object", hint='write {"aws:Key": "value"}')
    found: dict[str, Value] = {}
    for key, value in data.items():
        if type(value) is str:
            found[key.lower()] = value
        elif isinstance(value, list):
            found[key.lower()] = tuple(_scalar(key, v) for v in value)
        else:
            found[key.lower()] = None if value is None else _scalar(key, value)
    if len(found) < len(data):
        written = {key.lower(): key for key in data}
        twice = next(key for key in data if written[key.lower()] != key)
        raise GenError(f"`context` has `{twice}` twice", hint="case does not count; keep one")
    return found


def _scalar(key: str, value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise GenError(f"`context` `{key}` is neither text, a number nor a boolean")


_PASSWORD_POLICY: Final = frozenset(PasswordPolicy.__struct_encode_fields__)


def _change_password(data: Any) -> bool:
    if data is None:
        return False
    if isinstance(data, dict) and isinstance(data.get("PasswordPolicy"), dict):
        data = data["PasswordPolicy"]
    found = None
    if isinstance(data, dict) and (not data or _PASSWORD_POLICY & data.keys()):
        found = data.get("AllowUsersToChangePassword", False)
    if not isinstance(found, bool):
        raise GenError(
            "`password_policy` is not what `aws iam get-account-password-policy` prints",
            hint="AllowUsersToChangePassword is true or false",
        )
    return found


def _account(data: Mapping[str, Any]) -> str:
    found = data.get("account")
    if found is None:
        return ""
    if not _is_text(found) or len(found) != 12 or not (found.isascii() and found.isdigit()):
        raise GenError("`account` is not a text of 12 digits")
    return str(found)


def _flag(data: Mapping[str, Any], field: str) -> bool:
    found = data.get(field)
    if found not in (None, True, False) or isinstance(found, str):
        raise GenError(f"`{field}` is neither true nor false")
    return bool(found)


def _text(data: Mapping[str, Any], field: str, default: str = "") -> str:
    found = data.get(field)
    if found is None and default:
        return default
    if not _is_text(found) or not found:
        raise GenError(f"`{field}` is missing" if found is None else f"`{field}` is not text")
    return str(found)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not is_number(value)


def _only(data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in data:
        if name not in known:
            raise GenError(f"`{name}` is not a field", hint=f"there are {', '.join(known)}")
