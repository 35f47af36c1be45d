"""What a rule is: a function, with its paperwork in the docstring.

The first line of the docstring is the title; `Why:` and `Fix:` start its two paragraphs. The
examples are files: `examples/<ID>/fires.json`, and its nearest neighbour `quiet.json`, in any form
that `gen audit` reads.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final, Literal, NamedTuple

from generator.findings import Confidence, Severity
from generator.positions import Place


class Hit(NamedTuple):
    """Where a rule fires, and what it says of this document.

    `place` is in the document's data, its key is where people look if `on_key`. `sid` "" is looked
    up from the place. `fix` "" is the rule's own. `severity` and `confidence` None are too.
    """

    place: Place
    message: str
    fix: str = ""
    on_key: bool = False
    severity: Severity | None = None
    confidence: Confidence | None = None


class Rule:
    """One rule. An id is never used for another rule.

    `about` is what `check` looks at: a document, or the people of an account.
    """

    def __init__(
        self,
        name: str,
        severity: Severity,
        check: Callable[..., Iterable[Hit]],
        source: str,
        *,
        confidence: Confidence = "high",
        about: Literal["document", "account"] = "document",
    ) -> None:
        self.id, self.severity, self.check = name, severity, check
        self.source, self.confidence, self.about = source, confidence, about

    @property
    def title(self) -> str:
        return self._paperwork[0]

    @property
    def why(self) -> str:
        return self._paperwork[1]

    @property
    def fix(self) -> str:
        return self._paperwork[2]

    @cached_property
    def _paperwork(self) -> tuple[str, str, str]:
        found = _PAPERWORK.fullmatch(self.check.__doc__ or "")
        assert found, f"the docstring of {self.id} is not a title, `Why:` and `Fix:`"
        title, why, fix = (_SPACES.sub(" ", text).strip() for text in found.groups())
        return title, why, fix


_PAPERWORK: Final = re.compile(r"\s*(.+?)\n\s*\n\s*Why: (.+?)\n\s*\n\s*Fix: (.+?)\s*", re.DOTALL)
_SPACES: Final = re.compile(r"\s+")
