"""The answer: every cause with its standing, and which side of the console's "either" it is."""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from generator.diagnose.allow_causes import no_allow, setting_reset, user_path
from generator.diagnose.cause import STANDINGS, Cause
from generator.diagnose.deny_causes import explicit_deny, limit, other_policy
from generator.diagnose.evidence import Evidence
from generator.diagnose.other_causes import other_causes
from generator.diagnose.password_cause import password_cause
from generator.diagnose.permission import Permission

Verdict: TypeAlias = Literal["permission", "password", "both", "neither", "unknown"]


class Diagnosis(Struct, frozen=True):
    """`causes` are the surest first. `older` is what AWS said before it said what counts, and
    `not_known` what nobody gave: sentences, for the person who asks."""

    verdict: Verdict
    sentence: str
    causes: tuple[Cause, ...]
    not_known: tuple[str, ...]
    older: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether nothing stands in the way, as far as can be seen."""
        return self.verdict == "neither" and not any(cause.counts for cause in self.causes)


def diagnose(evidence: Evidence, caller_kind: str = "") -> Diagnosis:
    """What the evidence says. `caller_kind`: what the person is, if no IAM user."""
    permission = Permission(evidence)
    causes = [*_permission_causes(permission), *other_causes(permission, caller_kind)]
    foreign = [c for c in causes if c.cause == "not-an-iam-user" and c.counts]
    if foreign:
        # Nothing of what a user may and may not do is about somebody else.
        return Diagnosis("neither", _sentence("neither", foreign, evidence), tuple(foreign), ())
    causes = _named_once(causes)
    causes.append(password_cause(permission, causes))
    causes.sort(key=lambda cause: STANDINGS.index(cause.standing))
    verdict = _verdict(causes, evidence, permission)
    sentence = _sentence(verdict, causes, evidence)
    not_known = tuple(_not_known(evidence, causes))
    return Diagnosis(verdict, sentence, tuple(causes), not_known, evidence.older)


def _permission_causes(p: Permission) -> Iterator[Cause]:
    """The causes about permission, those that are ruled out as well."""
    found = [explicit_deny(p), *user_path(p), limit(p, "scps"), limit(p, "boundary"), no_allow(p)]
    for cause in (*found, *setting_reset(p)):
        if cause.counts and not p.evidence.is_about_password:
            words = (*cause.evidence, "it is not what failed here")
            cause = replace(cause, standing="possible", evidence=words)
        yield cause
    yield from other_policy(p.evidence)


def _named_once(causes: list[Cause]) -> list[Cause]:
    """Without the policy that AWS does not name, where it was found."""
    found = any(c.counts and c.side == "permission" and c.cause != _UNNAMED for c in causes)
    return [c for c in causes if c.cause != _UNNAMED or not found]


_UNNAMED: Final = "unnamed-policy"


def _verdict(causes: list[Cause], evidence: Evidence, permission: Permission) -> Verdict:
    found = [c for c in causes if c.standing == "certain"] or [c for c in causes if c.counts]
    sides = {c.side for c in found}
    if {"permission", "password"} <= sides:
        return "both"
    if "permission" in sides:
        return "permission"
    if "password" in sides:
        return "password"
    if sides or _all_seen(causes, evidence, permission):
        return "neither"
    return "unknown"


def _all_seen(causes: list[Cause], e: Evidence, permission: Permission) -> bool:
    """Whether both the permission and the password were looked at, and nothing was found."""
    answer = permission.change()
    looked = e.identity and not e.not_read and e.requirements is not None and e.settings_given
    in_question = [c for c in causes if c.standing == "possible" and c.remedy]
    clear = answer.is_settled and not (answer.denials or answer.lacking or in_question)
    return bool(looked and clear)


def _sentence(verdict: Verdict, causes: list[Cause], e: Evidence) -> str:
    first = next((c for c in causes if c.counts), None)
    if first is None:
        return _without_cause(verdict, causes, e)
    hedge = "" if first.standing == "certain" else "probably "
    if verdict == "both":
        sides = {c.side: c for c in reversed(causes) if c.standing == first.standing}
        titles = f"{sides['permission'].title}; and {sides['password'].title}"
        return f"{hedge}both the permission and the password: {titles}"
    lead = {
        "permission": "permission, not password",
        "password": "the password, not the permission",
    }.get(verdict, "neither the permission nor the new password")
    return f"{hedge}{lead}: {first.title}"


def _without_cause(verdict: Verdict, causes: list[Cause], e: Evidence) -> str:
    if verdict == "neither":
        open_ = [c for c in causes if c.standing == "possible"]
        rest = "; what cannot be seen from here is below" if open_ else ""
        return f"nothing that was given stands in the way{rest}"
    elsewhere = not e.is_about_password
    wanted = [
        c.settle
        for c in causes
        if c.standing == "possible" and c.settle and (c.remedy if elsewhere else c.cause in _BASIC)
    ]
    give = "; also give ".join(dict.fromkeys(wanted)) or "--event of the failure"
    return f"cannot be told apart from what was given; give {give}"


# What settles the question of the two.
_BASIC: Final = ("explicit-deny", "no-allow", "user-path", "password")


def _not_known(e: Evidence, causes: list[Cause]) -> list[str]:
    found = []
    if e.message_given and e.message is None:
        found.append("the message is none that is known here")
    if any(event.symptom is None for event in e.events):
        found.append("some failed calls have an error that is not known here")
    found += _would_settle(causes, e.is_about_password)
    if e.requirements is not None and not any(c.cause == "password" and c.counts for c in causes):
        found += [f"the password {r.words}" for r in e.requirements if r.met is None]
    if e.identity and not e.whole:
        found.append("whether the person has other policies than those that were given")
    if e.has_device is None and not e.first_sign_in:
        found.append("whether the person has an MFA device: --has-device or --no-device")
    return list(dict.fromkeys(found))


def _would_settle(causes: list[Cause], about_password: bool) -> list[str]:
    """What would settle which causes; of a failure elsewhere, only of those that are shown."""
    found: dict[str, list[str]] = {}
    for c in causes:
        if c.settle and (about_password or c.counts or c.remedy):
            found.setdefault(c.settle, []).append(c.cause)
    return [f"{', '.join(names)}: {settle} would settle it" for settle, names in found.items()]
