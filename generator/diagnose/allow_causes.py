"""Nothing allows the change of a password: no policy, not the account, or not for such a user.

It is settled only where all the person's policies are known.
"""

from collections.abc import Iterator

from generator.diagnose import remedies
from generator.diagnose.cause import Cause, Standing
from generator.diagnose.deny_causes import POLICIES
from generator.diagnose.evidence import Evidence
from generator.diagnose.permission import CHANGE, Answer, Permission
from generator.diagnose.said import authorized, denied
from generator.diagnose.words import about_permission, listed, open_words, place_words
from generator.errors import one_line
from generator.match import matches_action
from generator.password_policy import PasswordPolicy
from generator.policy import Policy


def no_allow(p: Permission) -> Cause:
    """No policy allows it, and the account does not either."""
    e = p.evidence
    said = next((s for s in denied(e) if s.how == "implicit" and s.layer == "identity-based"), None)
    lacking = "identity" in p.change().lacking and not explained_by_path(p)
    own = _account_words(e)
    remedy = remedies.grant(p.who, e.settings)
    if said:
        words = (said.said, *own) if lacking or not e.identity else (said.said,)
        return about_permission("no-allow", "certain", words, remedy)
    if e.settings is not None and e.settings.allow_users_to_change_password:
        return about_permission("no-allow", "ruled out", own)
    if passed := authorized(e):
        return about_permission("no-allow", "ruled out", (passed,))
    if not e.identity:
        words = (*own, "no policies of the person's were given")
        return about_permission(
            "no-allow", "possible", words, remedy if e.settings_given else None, POLICIES
        )
    if not lacking:
        return _allowed(p)
    whole = "none of the person's policies" if e.whole else "none of the policies that were given"
    words = (f"{whole} allows it", *_literal_variables(p), *own)
    if e.not_read:
        words += (f"the document is not there of {listed(e.not_read)}",)
        return about_permission("no-allow", "possible", words, remedy, "--policy with the document")
    if e.whole and e.settings_given:
        return about_permission("no-allow", "certain", words, remedy)
    settle = "--password-policy" if not e.settings_given else POLICIES
    return about_permission("no-allow", "likely", words, remedy, settle)


def _allowed(p: Permission) -> Cause:
    if found := p.change().open_allows:
        remedy = remedies.Remedy("text", "allow it without that condition")
        return about_permission(
            "no-allow", "possible", tuple(map(open_words, found)), remedy, "--event of the failure"
        )
    if explained_by_path(p):
        return about_permission(
            "no-allow", "ruled out", ("a policy allows it, but to users without a path",)
        )
    return about_permission("no-allow", "ruled out", ("a policy that was given allows it",))


def _literal_variables(p: Permission) -> tuple[str, ...]:
    """Documents that mean the own user, in a version that has no variables."""
    found = [
        f"{one_line(a.name)} is of version 2008-10-17, to which `${{aws:username}}` is plain text"
        for a in p.evidence.documents
        if a.layer == "identity" and a.policy.version == "2008-10-17" and _has_variable(a.policy)
    ]
    return tuple(found)


def _has_variable(policy: Policy) -> bool:
    return any(
        "${aws:username}" in item
        for s in policy.statements
        if s.resources and matches_action(s.actions, CHANGE)
        for item in s.resources.items
    )


def _account_words(e: Evidence) -> tuple[str, ...]:
    """What the account itself grants."""
    if not e.settings_given:
        return ("whether the account lets all its users do it was not given",)
    if e.settings is None:
        return ("the account has no password policy, so that it grants nothing itself",)
    if e.settings.allow_users_to_change_password:
        return ("AllowUsersToChangePassword is true: the account itself allows it to every user",)
    return ("AllowUsersToChangePassword is false: the account itself does not allow it",)


def explained_by_path(p: Permission) -> bool:
    plain = p.without_path
    return plain is not None and p.change().lacking != p.change(plain).lacking


def setting_reset(p: Permission) -> Iterator[Cause]:
    """`update-account-password-policy` sets everything that it is not told."""
    settings = p.evidence.settings
    if settings is None:
        return
    name = "account-setting-reset"
    if settings.allow_users_to_change_password:
        yield about_permission(name, "ruled out", ("AllowUsersToChangePassword is true",))
    elif not is_reset(settings):
        words = "the password policy has settings that are not AWS's defaults"
        yield about_permission(name, "ruled out", (words,))
    else:
        allow = no_allow(p)
        if allow.standing == "ruled out":
            yield about_permission(name, "ruled out", allow.evidence)
            return
        standing: Standing = "likely" if allow.counts else "possible"
        words = (
            "the password policy is what aws iam update-account-password-policy makes of a call "
            "that leaves settings out: length 6, nothing required, no expiry, "
            "AllowUsersToChangePassword false"
        )
        settle = "CloudTrail's event of UpdateAccountPasswordPolicy"
        yield about_permission(name, standing, (words,), remedies.restore(settings), settle)


def is_reset(s: PasswordPolicy) -> bool:
    """Whether a password policy is all defaults. Source: API:UpdateAccountPasswordPolicy."""
    required = (
        s.require_symbols
        or s.require_numbers
        or s.require_uppercase_characters
        or s.require_lowercase_characters
    )
    asked = s.max_password_age or s.password_reuse_prevention or s.hard_expiry or s.expire_passwords
    short = (s.minimum_password_length or 6) == 6
    return short and not required and not asked and not s.allow_users_to_change_password


def user_path(p: Permission) -> Iterator[Cause]:
    """An own-user ARN that is written without the path."""
    e = p.evidence
    if not e.documents:
        return
    other = p.without_path or p.with_path
    if other is None:
        yield about_permission("user-path", "ruled out", ("the user has no path",))
        return
    here, there = p.change(), p.change(other)
    plain, pathed = (there, here) if p.without_path else (here, there)
    worse = _worse(plain, pathed)
    if not worse:
        yield about_permission(
            "user-path", "ruled out", ("with a path and without, the answer is the same",)
        )
        return
    documents = [a for a in e.documents if a.layer != "scps"]
    remedy = remedies.cover_path(documents)
    if p.without_path:
        path = p.who.arn.partition(":user")[2].removesuffix(p.who.name)
        words = (f"the user has the path {one_line(path)}", *worse)
        yield about_permission("user-path", "certain", words, remedy)
    else:
        yield about_permission("user-path", "possible", worse, remedy, "--user-arn or --user-path")


def _worse(plain: Answer, pathed: Answer) -> tuple[str, ...]:
    """What is in the way of a user with a path only."""
    before = {d.key for d in plain.denials}
    found = [
        f"{place_words(d)} denies it to a user with a path only"
        for d in pathed.denials
        if d.key not in before
    ]
    if pathed.lacking - plain.lacking:
        found.append("what allows it is for `user/${aws:username}`, which has no path in it")
    return tuple(found)
