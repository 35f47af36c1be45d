"""What AWS said of a failure, asked for what it settles."""

from collections.abc import Iterator
from typing import Final

from generator.diagnose.evidence import Evidence, Meaning, Symptom
from generator.diagnose.permission import CHANGE


def denied(e: Evidence) -> Iterator[Symptom]:
    """What AWS said of a change of a password that was not authorized."""
    for s in e.symptoms:
        if s.meaning == "denied" and s.action in (CHANGE.lower(), ""):
            yield s


def authorized(e: Evidence) -> str:
    """That the call was authorized, where AWS answered with what comes after that."""
    for s in e.symptoms:
        if s.meaning in _ANSWERS and s.action in (CHANGE.lower(), ""):
            return f"the call was authorized: AWS answered with {_ANSWERS[s.meaning]}"
    return ""


_ANSWERS: Final[dict[Meaning, str]] = {
    "not-compliant": "PasswordPolicyViolation",
    "recreated": "EntityTemporarilyUnmodifiable",
}


def is_about_password(e: Evidence) -> bool:
    """Whether what failed is a change of a password; so it is where nobody says what failed."""
    said = [s for s in e.symptoms if s.meaning not in _ELSEWHERE]
    return not e.symptoms or any(s.action in (CHANGE.lower(), "") for s in said)


_ELSEWHERE: Final = (
    "bad-code",
    "exists",
    "failed-sign-in",
    "sign-in-refused",
    "sign-in-policy",
    "switch-role",
)
