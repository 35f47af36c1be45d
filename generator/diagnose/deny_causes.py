"""Denies that do not spare the change of a password, and boundaries and SCPs that do not allow it.

A Deny that was given settles it: nothing overrides one.
"""

from collections.abc import Iterator
from typing import Final

from generator.diagnose import remedies
from generator.diagnose.cause import Cause, Standing, cause
from generator.diagnose.evidence import Evidence, Layer
from generator.diagnose.permission import Denial, Permission
from generator.diagnose.remedies import Remedy

POLICIES: Final = "--account-details with --user, or every policy with --policy"
# The name of the cause, and the type of policy in AWS's words and in ours.
_LIMITS: Final[dict[Layer, tuple[str, str, str]]] = {
    "scps": ("scp", "service control", "SCPs"),
    "boundary": ("boundary", "permissions boundary", "permissions boundary"),
}
_OTHERS: Final = ("resource control", "session", "resource-based", "vpc endpoint", "role trust")


def explicit_deny(p: Permission) -> Cause:
    """A Deny without the exemption."""
    e, found = p.evidence, without_path(p, "identity")
    said = [s for s in e.denied if s.how == "explicit" and s.layer in ("identity-based", "")]
    words = tuple(s.said for s in said[:1]) + _denying(p, found)
    if found:
        standing, more = _standing_of(p, found)
        if e.settings is not None and e.settings.allow_users_to_change_password:
            more += ("AllowUsersToChangePassword is true, and a Deny outweighs it",)
        remedy = remedies.exempt(found, p.who, e)
        return cause("explicit-deny", standing, (*words, *more), remedy, _settle(p))
    if said:
        if e.identity:
            words += ("none of the policies that were given denies it: it is in another one",)
        remedy = Remedy("text", "spare iam:ChangePassword in the Deny: list it in its NotAction")
        standing = "certain" if any(s.layer for s in said) else "likely"
        return cause("explicit-deny", standing, words, remedy, POLICIES)
    return _no_deny(p)


def _no_deny(p: Permission) -> Cause:
    e, name = p.evidence, "explicit-deny"
    if e.authorized:
        return cause(name, "ruled out", e.authorized)
    if any(s.how == "implicit" for s in e.denied):
        words = "AWS names a missing Allow, which it does only where no Deny applies"
        return cause(name, "ruled out", words)
    if found := p.change().open_denies:
        text = "spare iam:ChangePassword in that Deny, or try where its condition does not hold"
        open_ = tuple(denial.open_words(keys) for denial, keys in found)
        return cause(name, "possible", open_, Remedy("text", text), "--event of the failure")
    if not e.identity:
        return cause(name, "possible", "no policies of the person's were given", None, POLICIES)
    if e.not_read:
        return cause(name, "possible", e.lacks_documents, None, "--policy with the document")
    whole = "none of the person's policies" if e.whole else "none of the policies that were given"
    return cause(name, "ruled out", f"{whole} {p.in_state}")


def limit(p: Permission, layer: Layer) -> Cause:
    """SCPs, or the permissions boundary."""
    e, (name, kind, called) = p.evidence, _LIMITS[layer]
    said = next((s for s in e.denied if s.layer == kind), None)
    found = without_path(p, layer)
    words = ((said.said,) if said else ()) + _denying(p, found)
    if not found:
        words += tuple(_lacking(p, layer))
    if not words:
        return _no_limit(e, layer)
    if found:
        standing, more = _standing_of(p, found)
        remedy = remedies.exempt(found, p.who, e)
        return cause(name, "certain" if said else standing, words + more, remedy, _settle(p))
    boundary = next((a for a in e.documents if a.layer == layer == "boundary"), None)
    remedy = remedies.allow_in(boundary, called, p.who)
    if said and said.how == "explicit":
        where = "SCP" if layer == "scps" else "boundary"
        remedy = Remedy("text", f"spare iam:ChangePassword in the Deny of the {where}")
    return cause(name, "certain", words, remedy)


def _lacking(p: Permission, layer: Layer) -> Iterator[str]:
    """That nothing in them allows it, unless the user's path explains that."""
    if layer not in p.change().lacking:
        return
    if layer == "scps":
        yield "no SCP of some level allows it"
    elif not p.without_path or layer in p.change(p.without_path).lacking:
        yield from (f"{a.name} does not allow it" for a in p.evidence.documents if a.layer == layer)


def _no_limit(e: Evidence, layer: Layer) -> Cause:
    name = _LIMITS[layer][0]
    if layer == "scps" and e.levels is not None:
        return cause(name, "ruled out", "the SCPs that were given let it through")
    if layer == "boundary" and e.boundary is False:
        return cause(name, "ruled out", "the user has no permissions boundary")
    if any(a.layer == layer == "boundary" for a in e.documents):
        return cause(name, "ruled out", "the permissions boundary allows it")
    if e.authorized:
        return cause(name, "ruled out", e.authorized)
    words = "no SCPs were given" if layer == "scps" else "no boundary was given"
    return cause(name, "possible", words, None, f"--{name}")


def other_policy(e: Evidence) -> Iterator[Cause]:
    """What AWS itself says of policies that nobody can give here, or does not say."""
    if said := next((s for s in e.denied if s.layer in _OTHERS), None):
        remedy = Remedy("text", f"look for the {said.layer} policy that AWS names")
        yield cause("other-policy", "certain", said.said, remedy)
    if bare := next((s for s in e.denied if not s.layer and not s.how), None):
        yield cause("unnamed-policy", "likely", bare.said)


def _denying(p: Permission, found: tuple[Denial, ...]) -> tuple[str, ...]:
    return tuple(f"{d.words} {p.in_state}" for d in found)


def _settle(p: Permission) -> str:
    event = "--event of the failure"
    return event if p.evidence.has_device else f"{event}, or --no-device"


def _standing_of(p: Permission, found: tuple[Denial, ...]) -> tuple[Standing, tuple[str, ...]]:
    """How sure a Deny is that was found; it may be one that a session with MFA escapes."""
    e = p.evidence
    if e.authorized:
        return "likely", (f"{e.authorized}; the policies may have changed since",)
    said = any(s.how != "implicit" for s in e.denied)
    with_mfa = {d.key for d in p.change(state="mfa").denials}
    if said or p.is_state_known or any(d.key in with_mfa for d in found):
        return "certain", ()
    if e.has_device:
        words = (
            "a session with MFA gets through; whether a change that the sign-in asks for comes "
            "before the MFA code or after it, AWS does not say"
        )
        return "possible", (words,)
    return "likely", (
        "a session with MFA gets through, and whether there is a device is not known",
    )


def without_path(p: Permission, layer: Layer) -> tuple[Denial, ...]:
    """The Denies of a layer that the user's path does not explain."""
    found = p.change().of(layer)
    if p.without_path is None:
        return found
    plain = {d.key for d in p.change(p.without_path).denials}
    return tuple(d for d in found if d.key in plain)
