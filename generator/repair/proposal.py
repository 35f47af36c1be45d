"""What an edit is, before it is shown to be safe and after."""

from typing import Any

from msgspec import Struct

from generator.positions import Place
from generator.repair.prove import Intent


class Proposal(Struct, frozen=True, eq=False, kw_only=True):
    """An edit that may be made: the document after it, and what it means to change.

    `data` None: no edit is safe, and `refusal` says why. `place` is the statement or element.
    """

    what: str
    why: str
    place: Place
    data: Any = None
    intents: tuple[Intent, ...] = ()
    refusal: str = ""


class Edit(Struct, frozen=True):
    """An edit that was made: `place` in the data of the document before it, and in words.

    `answers` are the ids of the rules that find less after it.
    """

    place: Place
    what: str
    why: str
    answers: tuple[str, ...] = ()
