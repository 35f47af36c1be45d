"""The causes that are about permission, one after the other."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from generator.diagnose import remedies
from generator.diagnose.allow_causes import no_allow, setting_reset, user_path
from generator.diagnose.cause import Cause
from generator.diagnose.deny_causes import boundary, explicit_deny, organization
from generator.diagnose.evidence import Evidence
from generator.diagnose.permission import Permission
from generator.diagnose.said import denied, is_about_password
from generator.diagnose.words import about_permission


def permission_causes(p: Permission) -> Iterator[Cause]:
    """The causes about permission, those that are ruled out as well."""
    found = [explicit_deny(p), *user_path(p), organization(p), boundary(p), no_allow(p)]
    found += setting_reset(p)
    for cause in found:
        if cause.counts and not is_about_password(p.evidence):
            words = (*cause.evidence, "it is not what failed here")
            cause = replace(cause, standing="possible", evidence=words)
        yield cause
    yield from other_policy(p.evidence)


def other_policy(e: Evidence) -> Iterator[Cause]:
    """What AWS itself says of policies that nobody can give here, or does not say."""
    said = next((s for s in denied(e) if s.layer in _OTHERS), None)
    if said:
        words = f"look for the {said.layer} policy that AWS names"
        yield about_permission(
            "other-policy", "certain", (said.said,), remedies.Remedy("text", words)
        )
    bare = next((s for s in denied(e) if not s.layer and not s.how), None)
    if bare:
        yield about_permission("unnamed-policy", "likely", (bare.said,))


_OTHERS: Final = ("resource control", "session", "resource-based", "vpc endpoint", "role trust")
