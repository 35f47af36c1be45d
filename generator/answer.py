"""A decision as people and machines read it."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from generator.errors import GenError, one_line
from generator.request import Decision, Reason


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text)


def answer_text(identity: str | None, decision: Decision) -> str:
    """The answer to a request, as one line of JSON without its end."""
    because = ",".join(
        f'{{"policy":{_quoted(r.policy)},"sid":{_quoted(r.sid)},'
        f'"index":{"null" if r.index is None else r.index},"effect":"{r.effect}"}}'
        for r in decision.because
    )
    blocked = ",".join(f'"{kind}"' for kind in decision.blocked_by)
    return (
        f'{{"id":{identity or "null"},"outcome":"{decision.outcome}",'
        f'"blocked_by":[{blocked}],"because":[{because}],"error":null}}'
    )


def error_text(identity: str | None, error: GenError) -> str:
    """The answer where there is none."""
    problem = "; ".join(_sentences(error))
    return (
        f'{{"id":{identity or "null"},"outcome":"error","blocked_by":[],"because":[],'
        f'"error":{json.dumps(problem)}}}'
    )


def _sentences(error: GenError) -> Iterator[str]:
    for one in error.each():
        yield str(one).replace("\n  hint: ", " (") + (")" if one.hint else "")


def as_json(decision: Decision) -> dict[str, Any]:
    """A decision as the JSON of a stream has it."""
    found: dict[str, Any] = json.loads(answer_text(None, decision))
    return {"version": 1, **{k: v for k, v in found.items() if k not in ("id", "error")}}


_OUTCOMES: Final = {
    "allowed": "allowed",
    "explicitly_denied": "explicitly denied",
    "implicitly_denied": "implicitly denied",
}
_MISSING: Final = {
    "rcps": "no resource control policy allows it on some level",
    "scps": "no service control policy allows it on some level",
    "trust": "the resource's own policy does not allow it",
    "identity": "no identity policy allows it",
    "boundary": "the permissions boundary does not allow it",
    "session": "the session policy does not allow it",
    "service": "AWS itself refuses it, whatever the policies say",
}


def in_words(decision: Decision) -> Iterator[str]:
    """A decision and what decided it, for people."""
    yield _OUTCOMES[decision.outcome]
    if decision.outcome == "implicitly_denied":
        for kind in decision.blocked_by:
            yield f"  {_MISSING[kind]}"
    for reason in decision.because:
        yield f"  {_reason(reason)}"


def _reason(r: Reason) -> str:
    verb = "denies" if r.effect == "Deny" else "allows"
    if r.index is None:
        return f"{_RULES.get(r.sid, r.sid)} ({r.sid})"
    what = f"statement {one_line(r.sid)}" if r.sid else f"Statement[{r.index}]"
    return f"{one_line(r.policy)}: {what} {verb} it"


_RULES: Final = {
    "NotSubjectToPolicies": "AWS does not subject this call to policies",
    "AllowUsersToChangePassword": "the account's password policy allows it",
}
