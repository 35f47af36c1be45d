"""A password from a terminal or a descriptor, never the command line, and kept from being shown."""

import contextlib
import os
import sys
from typing import Final, NoReturn

from generator.errors import GenError

_MAX_BYTES: Final = 4096


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


def ask_password() -> Password:
    """Ask for the password, unseen.

    Raises:
        GenError: there is no terminal to ask on.
    """
    from getpass import getpass

    if not sys.stdin.isatty():
        hint = "run it in a terminal, or pass the password on a descriptor: --password-fd N"
        raise GenError("--ask-password needs a terminal", hint=hint)
    typed = ""
    with contextlib.suppress(EOFError):
        typed = getpass("The new password (it is neither shown nor kept): ", sys.stderr)
    # A terminal may hand over what is not UTF-8 as surrogates.
    return _checked(bytearray(typed.encode("utf-8", "surrogateescape")))


def read_password(descriptor: int) -> Password:
    """The password that a descriptor has: all of it, without one line end.

    Raises:
        GenError: the descriptor cannot be read, or has no password.
    """
    data = bytearray()
    problem = ""
    try:
        while len(data) <= _MAX_BYTES and (chunk := os.read(descriptor, _MAX_BYTES + 1)):
            data += chunk
    except (OSError, OverflowError) as error:
        problem = getattr(error, "strerror", "") or "no such descriptor"
    if problem:
        hint = "open it for reading, as `3< <(pass show aws)` with --password-fd 3"
        raise GenError(f"--password-fd {descriptor} cannot be read: {problem}", hint=hint)
    if data.endswith(b"\n"):
        del data[-2 if data.endswith(b"\r\n") else -1 :]
    return _checked(data)


def _checked(data: bytearray) -> Password:
    """Raised outside of what handles an error: that error would have the password in it."""
    problem = ""
    if len(data) > _MAX_BYTES:
        problem = f"the password is larger than {_MAX_BYTES} bytes"
    elif not data:
        problem = "the password is empty"
    else:
        try:
            data.decode()
        except UnicodeDecodeError:
            problem = "the password is not UTF-8 text"
    if problem:
        data[:] = bytes(len(data))
        raise GenError(problem, hint="give the password and nothing else")
    return Password(data)
