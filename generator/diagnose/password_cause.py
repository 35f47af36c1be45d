"""The new password as a cause: what was refused, what it lacks, or what is left."""

from generator.diagnose.cause import Cause, Standing
from generator.diagnose.evidence import Evidence
from generator.diagnose.permission import CHANGE, Permission
from generator.diagnose.remedies import Remedy
from generator.diagnose.said import denied, is_about_password


def password(p: Permission, others: list[Cause]) -> Cause:
    """The new password. Where everything else is out, it is what is left."""
    e = p.evidence
    said = [s for s in e.symptoms if s.meaning in ("not-compliant", "not-conform")]
    failed = tuple(f"it {r.words}" for r in e.requirements or () if r.met is False)
    unseen = tuple(f"it {r.words}" for r in e.requirements or () if r.met is None)
    words = tuple(s.said for s in said[:1]) + failed
    refused = any(s.meaning == "not-compliant" for s in said)
    if refused or failed:
        return _password("certain", words, _asked_for(e))
    if said:
        return _password("likely", words + unseen, _asked_for(e), "--ask-password")
    if any(s.action == CHANGE.lower() for s in denied(e)):
        words = ("AWS says that the call was denied; of a password it has another error",)
        return _password("ruled out", words)
    if not is_about_password(e):
        return _password("possible", ("what failed is not a change of the password",))
    if e.requirements is not None:
        if unseen and e.symptoms and _nothing_else(p, others):
            # Something did fail, and this is all that is left.
            return _password("likely", unseen, _asked_for(e), _unseen(e))
        if unseen:
            return _password("possible", unseen, None, _unseen(e))
        return _password("ruled out", ("it has everything that is asked of it",))
    if _nothing_else(p, others):
        words = ("what was given allows iam:ChangePassword: the password is what is left",)
        return _password("likely", words, _asked_for(e), "--ask-password")
    return _password("possible", ("the password was not given",), None, "--ask-password")


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


def _password(
    standing: Standing, evidence: tuple[str, ...], remedy: Remedy | None = None, settle: str = ""
) -> Cause:
    return Cause(
        cause="password",
        side="password",
        standing=standing,
        evidence=evidence,
        remedy=remedy,
        settle=settle,
    )
