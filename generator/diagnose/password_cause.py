"""The new password as a cause: what was refused, what it lacks, or what is left."""

from generator.diagnose.cause import Cause, cause
from generator.diagnose.evidence import CHANGE, Evidence
from generator.diagnose.permission import Permission
from generator.diagnose.remedies import Remedy


def password(p: Permission, others: list[Cause]) -> Cause:
    """The new password. Where everything else is out, it is what is left."""
    e, name = p.evidence, "password"
    said = [s for s in e.symptoms if s.meaning in ("not-compliant", "not-conform")]
    failed = tuple(f"it {r.words}" for r in e.requirements or () if r.met is False)
    unseen = tuple(f"it {r.words}" for r in e.requirements or () if r.met is None)
    words = tuple(s.said for s in said[:1]) + failed
    if failed or any(s.meaning == "not-compliant" for s in said):
        return cause(name, "certain", words, _asked_for(e))
    if said:
        return cause(name, "likely", words + unseen, _asked_for(e), "--ask-password")
    if any(s.action == CHANGE.lower() for s in e.denied):
        why = "AWS says that the call was denied; of a password it has another error"
        return cause(name, "ruled out", why)
    if not e.is_about_password:
        return cause(name, "possible", "what failed is not a change of the password")
    left = _nothing_else(p, others)
    if e.requirements is not None:
        if unseen and e.symptoms and left:
            # Something did fail, and this is all that is left.
            return cause(name, "likely", unseen, _asked_for(e), _unseen(e))
        if unseen:
            return cause(name, "possible", unseen, None, _unseen(e))
        return cause(name, "ruled out", "it has everything that is asked of it")
    if left:
        why = "what was given allows iam:ChangePassword: the password is what is left"
        return cause(name, "likely", why, _asked_for(e), "--ask-password")
    return cause(name, "possible", "the password was not given", None, "--ask-password")


def _unseen(e: Evidence) -> str:
    names = [r.name for r in e.requirements or () if r.met is None]
    if "password policy" in names:
        return "--password-policy"
    given = [
        f"--account-{n}" for n, r in (("name", "account name"), ("email", "e-mail")) if r in names
    ]
    return " and ".join(given) or "a password that was never used before"


def _nothing_else(p: Permission, others: list[Cause]) -> bool:
    e, answer = p.evidence, p.change()
    settled = e.identity and not e.not_read and answer.is_settled
    in_question = [c for c in others if c.counts or (c.standing == "possible" and c.remedy)]
    return bool(settled and not answer.denials and not answer.lacking and not in_question)


def _asked_for(e: Evidence) -> Remedy:
    """What the account asks of a password, in words."""
    s = e.settings
    if not e.settings_given:
        return Remedy("text", "choose one that the account's password policy takes")
    if s is None:
        words = (
            "choose one of 8 to 128 characters with three of: upper-case letter, lower-case "
            "letter, digit, symbol; not the account's name or e-mail address"
        )
        return Remedy("text", words)
    asked = [
        name
        for name, is_asked in (
            ("an upper-case letter", s.require_uppercase_characters),
            ("a lower-case letter", s.require_lowercase_characters),
            ("a digit", s.require_numbers),
            ("a symbol", s.require_symbols),
        )
        if is_asked
    ]
    words = f"choose one of {s.minimum_password_length or 6} to 128 characters"
    words += f" with {', '.join(asked)}" if asked else ""
    if s.password_reuse_prevention:
        words += f"; none of the last {s.password_reuse_prevention}"
    return Remedy("text", words)
