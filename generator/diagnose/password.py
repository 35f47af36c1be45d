"""A password against the account's password policy: what it lacks, without ever showing it.

Source: IAM User Guide, "Set an account password policy for IAM users", and API:ChangePassword.
"""

import string
from collections.abc import Iterator
from typing import Final, NoReturn

from generator.diagnose.evidence import Requirement
from generator.password_policy import PasswordPolicy

SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
LONGEST: Final = 128
# Where the account has no password policy of its own.
_DEFAULT_SHORTEST, _DEFAULT_CLASSES = 8, 3
# API:UpdateAccountPasswordPolicy, where MinimumPasswordLength is left out.
_SHORTEST: Final = 6
_CLASSES: Final = (
    ("upper-case", "an upper-case letter (A to Z)", frozenset(string.ascii_uppercase)),
    ("lower-case", "a lower-case letter (a to z)", frozenset(string.ascii_lowercase)),
    ("number", "a digit", frozenset(string.digits)),
    ("symbol", "a symbol out of ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '", SYMBOLS),
)


class Password:
    """A password that somebody typed, kept from everything that prints values.

    `wipe` overwrites it; Python may have made copies that nobody can reach.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytearray) -> None:
        """`data` is UTF-8 and belongs to the password from now on."""
        self._data = data

    def __repr__(self) -> str:
        return "Password(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password is not to be stored")

    def text(self) -> str:
        return self._data.decode()

    def wipe(self) -> None:
        """Overwrite it, as far as that is possible."""
        self._data[:] = bytes(len(self._data))
        self._data.clear()


def requirements(
    password: Password,
    policy: PasswordPolicy | None,
    *,
    known: bool,
    account_name: str = "",
    email: str = "",
) -> tuple[Requirement, ...]:
    """What is asked of a password and whether it has it. `known`: whether `policy` is what the
    account has; None is then AWS's default. `account_name` and `email` are "" if not known."""
    text = password.text()
    found = [_characters(text), _longest(text)]
    if not known:
        found.append(
            Requirement(
                "password policy",
                None,
                "must comply with the account's password policy, which was not given",
            )
        )
        found.append(_shortest(text, _SHORTEST))
    elif policy is None:
        found.append(_shortest(text, _DEFAULT_SHORTEST))
        found.append(_three_classes(text))
        found += _not_equal(text, account_name, email)
    else:
        found.append(_shortest(text, policy.minimum_password_length or _SHORTEST))
        found += _required(text, policy)
        found += _not_reused(policy)
    return tuple(found)


def _characters(text: str) -> Requirement:
    if not text or not all(c in "\t\n\r" or " " <= c <= "\u00ff" for c in text):
        words = "is empty, or has a character that IAM does not take in a password"
        return Requirement("characters", False, words)
    if not text.isascii():
        # The API takes Latin-1, the page of quotas says Basic Latin.
        words = "has characters beyond ASCII, of which AWS's pages do not agree whether they do"
        return Requirement("characters", None, words)
    return Requirement("characters", True, "has only characters that IAM takes")


def _longest(text: str) -> Requirement:
    met = len(text) <= LONGEST
    words = f"is {'not ' if met else ''}longer than {LONGEST} characters"
    return Requirement("longest", met, words)


def _shortest(text: str, least: int) -> Requirement:
    met = len(text) >= least
    words = f"is {'not ' if met else ''}shorter than {least} characters"
    return Requirement("length", met, words)


def _three_classes(text: str) -> Requirement:
    met = sum(not members.isdisjoint(text) for _, _, members in _CLASSES) >= _DEFAULT_CLASSES
    words = (
        f"has {'' if met else 'fewer than '}three of the four: an upper-case letter, a lower-case "
        "letter, a digit, a symbol out of ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '"
    )
    return Requirement("three classes", met, words)


def _required(text: str, policy: PasswordPolicy) -> Iterator[Requirement]:
    asked = (
        policy.require_uppercase_characters,
        policy.require_lowercase_characters,
        policy.require_numbers,
        policy.require_symbols,
    )
    for is_asked, (name, words, members) in zip(asked, _CLASSES, strict=True):
        if is_asked:
            met = not members.isdisjoint(text)
            yield Requirement(name, met, f"has {words}" if met else f"does not have {words}")


def _not_equal(text: str, account_name: str, email: str) -> Iterator[Requirement]:
    for name, what, given in (
        ("account name", "the account's name", account_name),
        ("e-mail", "the account's e-mail address", email),
    ):
        if not given:
            option = "--account-name" if name == "account name" else "--account-email"
            words = f"must not be {what}, which was not given ({option})"
            yield Requirement(name, None, words)
        elif text == given:
            yield Requirement(name, False, f"is {what}")
        elif text.casefold() == given.casefold():
            words = f"is {what} but for case, of which AWS does not say whether it counts"
            yield Requirement(name, None, words)
        else:
            yield Requirement(name, True, f"is not {what}")


def _not_reused(policy: PasswordPolicy) -> Iterator[Requirement]:
    if number := policy.password_reuse_prevention:
        words = f"must not be one of the last {number}, which nobody but AWS can see"
        yield Requirement("reuse", None, words)
