"""Denies that do not spare the change of a password, and boundaries and SCPs that do not allow it.

A Deny that was given settles it: nothing overrides one.
"""

from typing import Final

from generator.diagnose import remedies
from generator.diagnose.cause import Cause, Standing
from generator.diagnose.evidence import Layer
from generator.diagnose.permission import Denial, Permission
from generator.diagnose.said import authorized, denied
from generator.diagnose.words import about_permission, denial_words, listed, open_words, state_words

POLICIES: Final = "--account-details with --user, or every policy with --policy"


def explicit_deny(p: Permission) -> Cause:
    """A Deny without the exemption."""
    e, found = p.evidence, without_path(p, "identity")
    said = [s for s in denied(e) if s.how == "explicit" and s.layer in ("identity-based", "")]
    named = any(s.layer for s in said)
    words = tuple(s.said for s in said[:1]) + tuple(denial_words(d, p) for d in found)
    remedy = remedies.exempt(found, p.who, e) if found else None
    if found:
        standing, more = _standing_of(p, found)
        if e.settings is not None and e.settings.allow_users_to_change_password:
            more += ("AllowUsersToChangePassword is true, and a Deny outweighs it",)
        return about_permission("explicit-deny", standing, (*words, *more), remedy, _settle(p))
    if said:
        if e.identity:
            words += ("none of the policies that were given denies it: it is in another one",)
        remedy = remedies.Remedy(
            "text", "spare iam:ChangePassword in the Deny: list it in its NotAction"
        )
        return about_permission(
            "explicit-deny", "certain" if named else "likely", words, remedy, POLICIES
        )
    return _no_deny(p)


def _no_deny(p: Permission) -> Cause:
    e = p.evidence
    passed = authorized(e)
    if passed:
        return about_permission("explicit-deny", "ruled out", (passed,))
    if any(s.how == "implicit" for s in denied(e)):
        words = "AWS names a missing Allow, which it does only where no Deny applies"
        return about_permission("explicit-deny", "ruled out", (words,))
    if found := p.change().open_denies:
        remedy = remedies.Remedy(
            "text",
            "spare iam:ChangePassword in that Deny, or try where its condition does not hold",
        )
        return about_permission(
            "explicit-deny",
            "possible",
            tuple(map(open_words, found)),
            remedy,
            "--event of the failure",
        )
    if not e.identity:
        words = "no policies of the person's were given"
        return about_permission("explicit-deny", "possible", (words,), None, POLICIES)
    if e.not_read:
        words = f"the document is not there of {listed(e.not_read)}"
        return about_permission(
            "explicit-deny", "possible", (words,), None, "--policy with the document"
        )
    whole = "none of the person's policies" if e.whole else "none of the policies that were given"
    return about_permission(
        "explicit-deny", "ruled out", (f"{whole} denies it in {state_words(p)}",)
    )


def organization(p: Permission) -> Cause:
    """SCPs."""
    e = p.evidence
    said = next((s for s in denied(e) if s.layer == "service control"), None)
    found, lacking = without_path(p, "scps"), "scps" in p.change().lacking
    words = ((said.said,) if said else ()) + tuple(denial_words(d, p) for d in found)
    if lacking and not found:
        words += ("no SCP of some level allows it",)
    if not words:
        if e.levels is not None:
            return about_permission(
                "scp", "ruled out", ("the SCPs that were given let it through",)
            )
        if passed := authorized(e):
            return about_permission("scp", "ruled out", (passed,))
        return about_permission("scp", "possible", ("no SCPs were given",), None, "--scp")
    if found:
        standing, more = _standing_of(p, found)
        remedy = remedies.exempt(found, p.who, e)
        return about_permission(
            "scp", "certain" if said else standing, words + more, remedy, _settle(p)
        )
    remedy = remedies.allow_in(None, "SCPs", p.who)
    if said and said.how == "explicit":
        remedy = remedies.Remedy("text", "spare iam:ChangePassword in the Deny of the SCP")
    return about_permission("scp", "certain", words, remedy)


def boundary(p: Permission) -> Cause:
    """The permissions boundary."""
    e = p.evidence
    said = next((s for s in denied(e) if s.layer == "permissions boundary"), None)
    found, lacking = without_path(p, "boundary"), "boundary" in p.change().lacking
    explained = p.without_path and "boundary" not in p.change(p.without_path).lacking
    words = ((said.said,) if said else ()) + tuple(denial_words(d, p) for d in found)
    documents = [a for a in e.documents if a.layer == "boundary"]
    if lacking and not found and not explained:
        words += tuple(f"{a.name} does not allow it" for a in documents)
    if not words:
        if e.boundary is False:
            return about_permission(
                "boundary", "ruled out", ("the user has no permissions boundary",)
            )
        if documents:
            return about_permission(
                "boundary", "ruled out", ("the permissions boundary allows it",)
            )
        if passed := authorized(e):
            return about_permission("boundary", "ruled out", (passed,))
        return about_permission(
            "boundary", "possible", ("no boundary was given",), None, "--boundary"
        )
    if found:
        standing, more = _standing_of(p, found)
        remedy = remedies.exempt(found, p.who, e)
        return about_permission(
            "boundary", "certain" if said else standing, words + more, remedy, _settle(p)
        )
    one = documents[0] if documents else None
    remedy = remedies.allow_in(one, "permissions boundary", p.who)
    if said and said.how == "explicit":
        remedy = remedies.Remedy("text", "spare iam:ChangePassword in the Deny of the boundary")
    return about_permission("boundary", "certain", words, remedy)


def _settle(p: Permission) -> str:
    event = "--event of the failure"
    return event if p.evidence.has_device else f"{event}, or --no-device"


def _standing_of(p: Permission, found: tuple[Denial, ...]) -> tuple[Standing, tuple[str, ...]]:
    """How sure a Deny is that was found; it may be one that a session with MFA escapes."""
    e = p.evidence
    said = any(s.how != "implicit" for s in denied(e))
    if passed := authorized(e):
        return "likely", (f"{passed}; the policies may have changed since",)
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
