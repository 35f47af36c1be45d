"""What can go wrong, said as one sentence with a place and a next step, and the exit codes."""

from collections.abc import Iterable
from typing import NamedTuple

OK, NO, YOUR_INPUT, OUR_BUG, YOUR_MACHINE = 0, 1, 2, 3, 4
# As shells report a program that SIGINT or SIGPIPE ended.
INTERRUPTED, CLOSED_PIPE = 130, 141


class Where(NamedTuple):
    """A place in a text file. `line` and `column` count from 1; 0 means the file as a whole."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


class GenError(Exception):
    """One sentence for what is wrong, where it is, and what to do next.

    `problem` starts lower-case, has no final period and puts user input in backticks; `hint` is
    an instruction. Exit codes are public (README, "Exit codes"): 2 is "your input", 4 is "your
    machine". 1 is not an error: it is the answer "no" (drift) and is returned.
    """

    exit_code: int = YOUR_INPUT

    def __init__(self, problem: str, *, where: Where | None = None, hint: str = "") -> None:
        problem = one_line(problem)
        super().__init__(problem)
        self.problem, self.where, self.hint = problem, where, one_line(hint)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors travel from worker processes, and keyword-only arguments do not pickle by default.
        return _rebuild, (type(self), self.problem, self.where, self.hint)

    def __str__(self) -> str:
        place = f"{one_line(str(self.where))}: " if self.where else ""
        return f"{place}{self.problem}" + (f"\n  hint: {self.hint}" if self.hint else "")

    def each(self) -> tuple["GenError", ...]:
        """Every single problem this error stands for, in the order to print them."""
        return (self,)


class GenErrors(GenError):
    """Several problems found in one go: a person mends a file once, not once a message."""

    def __init__(self, errors: Iterable[GenError]) -> None:
        self.errors = tuple(errors)
        self.exit_code = min((error.exit_code for error in self.errors), default=YOUR_INPUT)
        super().__init__("; ".join(error.problem for error in self.errors))

    def __reduce__(self) -> tuple[object, ...]:
        return GenErrors, (self.errors,)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))

    def each(self) -> tuple[GenError, ...]:
        return self.errors


class MachineError(GenError):
    """The input is fine; the disk, the permissions or the installation are not."""

    exit_code = YOUR_MACHINE


class NotModelledError(GenError):
    """Something this program does not model. Refusing beats guessing: we publish proofs."""


def one_line(text: str) -> str:
    """What a person wrote may hold line breaks and terminal codes; a message shows them escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _rebuild(kind: type[GenError], problem: str, where: Where | None, hint: str) -> GenError:
    return kind(problem, where=where, hint=hint)
