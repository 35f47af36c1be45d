"""One thing that is wrong with a profile, and its place in the file."""

from typing import Final

from msgspec import Struct

from generator.document import Document
from generator.errors import GenError, Where

Place = tuple[str | int, ...]

PARTITION: Final = ("account", "partition")


class Problem(Struct, frozen=True):
    """Something wrong at a place of the profile (keys and list positions from the top).

    `because` lists other places it follows from; if one of those is wrong, this may not be.
    """

    place: Place
    text: str
    hint: str = ""
    on_key: bool = False
    because: tuple[Place, ...] = ()


def located(document: Document, problem: Problem) -> GenError:
    """A problem at its line and column."""
    return GenError(
        problem.text, where=document.where(problem.place, key=problem.on_key), hint=problem.hint
    )


def in_order(errors: list[GenError]) -> list[GenError]:
    """Top to bottom, each once."""
    unique = {str(error): error for error in errors}
    return sorted(unique.values(), key=lambda e: e.where or Where(""))
