"""Nothing allows the change of a password: no policy, not the account, or not for such a user.

It is settled only where all the person's policies are known.
"""

from collections.abc import Iterator

from generator.diagnose import remedies
from generator.diagnose.cause import Cause, Standing, cause
from generator.diagnose.deny_causes import POLICIES
from generator.diagnose.evidence import CHANGE, Evidence
from generator.diagnose.permission import Answer, Permission
from generator.diagnose.remedies import Remedy
from generator.diagnose.settings import is_reset
from generator.errors import one_line
from generator.match import matches_action
from generator.subject import Subject


def no_allow(p: Permission) -> Cause:
    """No policy allows it, and the account does not either."""
    e, name = p.evidence, "no-allow"
    said = next((s for s in e.denied if s.how == "implicit" and s.layer == "identity-based"), None)
    lacking = "identity" in p.change().lacking and not explained_by_path(p)
    own = _account_words(e)
    remedy = remedies.grant(p.who, e.settings)
    if said:
        more = (own,) if lacking or not e.identity else ()
        return cause(name, "certain", (said.said, *more), remedy)
    if e.settings is not None and e.settings.allow_users_to_change_password:
        return cause(name, "ruled out", own)
    if e.authorized:
        return cause(name, "ruled out", e.authorized)
    if not e.identity:
        why = (own, "no policies of the person's were given")
        return cause(name, "possible", why, remedy if e.settings_given else None, POLICIES)
    if not lacking:
        return _allowed(p)
    whole = "none of the person's policies" if e.whole else "none of the policies that were given"
    words: tuple[str, ...] = (f"{whole} allows it", *_literal_variables(p), own)
    if e.not_read:
        words += (e.lacks_documents,)
        return cause(name, "possible", words, remedy, "--policy with the document")
    if e.whole and e.settings_given:
        return cause(name, "certain", words, remedy)
    settle = "--password-policy" if not e.settings_given else POLICIES
    return cause(name, "likely", words, remedy, settle)


def _allowed(p: Permission) -> Cause:
    if found := p.change().open_allows:
        remedy = Remedy("text", "allow it without that condition")
        words = tuple(denial.open_words(keys) for denial, keys in found)
        return cause("no-allow", "possible", words, remedy, "--event of the failure")
    if explained_by_path(p):
        return cause("no-allow", "ruled out", "a policy allows it, but to users without a path")
    return cause("no-allow", "ruled out", "a policy that was given allows it")


def _literal_variables(p: Permission) -> tuple[str, ...]:
    """Documents that mean the own user, in a version that has no variables."""
    found = [
        f"{one_line(a.name)} is of version 2008-10-17, to which `${{aws:username}}` is plain text"
        for a in p.evidence.documents
        if a.layer == "identity" and not a.subject.variables and _has_variable(a.subject)
    ]
    return tuple(found)


def _has_variable(subject: Subject) -> bool:
    return any(
        "${aws:username}" in item
        for _, s in subject.statements()
        if s.resources and matches_action(s.actions, CHANGE)
        for item in s.resources.items
    )


def _account_words(e: Evidence) -> str:
    """What the account itself grants."""
    if not e.settings_given:
        return "whether the account lets all its users do it was not given"
    if e.settings is None:
        return "the account has no password policy, so that it grants nothing itself"
    if e.settings.allow_users_to_change_password:
        return "AllowUsersToChangePassword is true: the account itself allows it to every user"
    return "AllowUsersToChangePassword is false: the account itself does not allow it"


def explained_by_path(p: Permission) -> bool:
    plain = p.without_path
    return plain is not None and p.change().lacking != p.change(plain).lacking


def setting_reset(p: Permission) -> Iterator[Cause]:
    """`update-account-password-policy` sets everything that it is not told."""
    settings, name = p.evidence.settings, "account-setting-reset"
    if settings is None:
        return
    if settings.allow_users_to_change_password:
        yield cause(name, "ruled out", "AllowUsersToChangePassword is true")
        return
    if not is_reset(settings):
        words = "the password policy has settings that are not AWS's defaults"
        yield cause(name, "ruled out", words)
        return
    allow = no_allow(p)
    if allow.standing == "ruled out":
        yield cause(name, "ruled out", allow.evidence)
        return
    words = (
        "the password policy is what aws iam update-account-password-policy makes of a call that "
        "leaves settings out: length 6, nothing required, no expiry, AllowUsersToChangePassword "
        "false"
    )
    settle = "CloudTrail's event of UpdateAccountPasswordPolicy"
    standing: Standing = "likely" if allow.counts else "possible"
    yield cause(name, standing, words, remedies.restore(settings), settle)


def user_path(p: Permission) -> Iterator[Cause]:
    """An own-user ARN that is written without the path."""
    e, name = p.evidence, "user-path"
    if not e.documents:
        return
    other = p.without_path or p.with_path
    if other is None:
        yield cause(name, "ruled out", "the user has no path")
        return
    here, there = p.change(), p.change(other)
    worse = _worse(there, here) if p.without_path else _worse(here, there)
    if not worse:
        yield cause(name, "ruled out", "with a path and without, the answer is the same")
        return
    remedy = remedies.cover_path([a for a in e.documents if a.layer != "scps"])
    if p.without_path:
        path = p.who.arn.partition(":user")[2].removesuffix(p.who.name)
        yield cause(name, "certain", (f"the user has the path {one_line(path)}", *worse), remedy)
    else:
        yield cause(name, "possible", worse, remedy, "--user-arn or --user-path")


def _worse(plain: Answer, pathed: Answer) -> tuple[str, ...]:
    """What is in the way of a user with a path only."""
    before = {d.key for d in plain.denials}
    new = [d for d in pathed.denials if d.key not in before]
    found = tuple(f"{d.words} denies it to a user with a path only" for d in new)
    if pathed.lacking - plain.lacking:
        found += ("what allows it is for `user/${aws:username}`, which has no path in it",)
    return found
