"""A password against the account's password policy: what it lacks, without ever showing it.

Source: IAM User Guide, "Set an account password policy for IAM users", and API:ChangePassword.
"""

import string
from collections.abc import Iterator
from typing import Final

from generator.diagnose.cause import Cause, cause
from generator.diagnose.evidence import CHANGE, Evidence, Requirement
from generator.diagnose.password import Password
from generator.diagnose.permission import Permission
from generator.diagnose.remedies import Remedy
from generator.password_policy import PasswordPolicy

SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
LONGEST: Final = 128
# Where the account has no password policy of its own.
_DEFAULT_SHORTEST, _DEFAULT_CLASSES = 8, 3
# API:UpdateAccountPasswordPolicy, where MinimumPasswordLength is left out.
_SHORTEST: Final = 6
_CLASSES: Final = (
    # A name, what one is, of which, and those as a set.
    ("upper-case", "an upper-case letter", " (A to Z)", frozenset(string.ascii_uppercase)),
    ("lower-case", "a lower-case letter", " (a to z)", frozenset(string.ascii_lowercase)),
    ("number", "a digit", "", frozenset(string.digits)),
    ("symbol", "a symbol", " out of ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '", SYMBOLS),
)


def password_cause(p: Permission, others: list[Cause]) -> Cause:
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
    asked = [what for _, what, _, _ in _classes_asked(s)]
    words = f"choose one of {s.minimum_password_length or 6} to 128 characters"
    words += f" with {', '.join(asked)}" if asked else ""
    if s.password_reuse_prevention:
        words += f"; none of the last {s.password_reuse_prevention}"
    return Remedy("text", words)


def requirements(
    password: Password,
    policy: PasswordPolicy | None,
    *,
    known: bool,
    account_name: str = "",
    email: str = "",
) -> tuple[Requirement, ...]:
    """What is asked of a password and whether it has it. `known`: whether `policy` is what the
    account has; None is then AWS's default. `account_name` and `email` are "" if not known."""
    text = password.text()
    found = [_characters(text), _longest(text)]
    if not known:
        found.append(
            Requirement(
                "password policy",
                None,
                "must comply with the account's password policy, which was not given",
            )
        )
        found.append(_shortest(text, _SHORTEST))
    elif policy is None:
        found.append(_shortest(text, _DEFAULT_SHORTEST))
        found.append(_three_classes(text))
        found += _not_equal(text, account_name, email)
    else:
        found.append(_shortest(text, policy.minimum_password_length or _SHORTEST))
        found += _required(text, policy)
        found += _not_reused(policy)
    return tuple(found)


def _characters(text: str) -> Requirement:
    if not text or not all(c in "\t\n\r" or " " <= c <= "\u00ff" for c in text):
        words = "is empty, or has a character that IAM does not take in a password"
        return Requirement("characters", False, words)
    if not text.isascii():
        # The API takes Latin-1, the page of quotas says Basic Latin.
        words = "has characters beyond ASCII, of which AWS's pages do not agree whether they do"
        return Requirement("characters", None, words)
    return Requirement("characters", True, "has only characters that IAM takes")


def _longest(text: str) -> Requirement:
    met = len(text) <= LONGEST
    words = f"is {'not ' if met else ''}longer than {LONGEST} characters"
    return Requirement("longest", met, words)


def _shortest(text: str, least: int) -> Requirement:
    met = len(text) >= least
    words = f"is {'not ' if met else ''}shorter than {least} characters"
    return Requirement("length", met, words)


def _three_classes(text: str) -> Requirement:
    met = sum(not c[-1].isdisjoint(text) for c in _CLASSES) >= _DEFAULT_CLASSES
    words = (
        f"has {'' if met else 'fewer than '}three of the four: an upper-case letter, a lower-case "
        "letter, a digit, a symbol out of ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '"
    )
    return Requirement("three classes", met, words)


def _required(text: str, policy: PasswordPolicy) -> Iterator[Requirement]:
    for name, what, of, members in _classes_asked(policy):
        met = not members.isdisjoint(text)
        yield Requirement(name, met, f"{'has' if met else 'does not have'} {what}{of}")


def _classes_asked(policy: PasswordPolicy) -> list[tuple[str, str, str, frozenset[str]]]:
    asked = (
        policy.require_uppercase_characters,
        policy.require_lowercase_characters,
        policy.require_numbers,
        policy.require_symbols,
    )
    return [found for is_asked, found in zip(asked, _CLASSES, strict=True) if is_asked]


def _not_equal(text: str, account_name: str, email: str) -> Iterator[Requirement]:
    for name, what, given in (
        ("account name", "the account's name", account_name),
        ("e-mail", "the account's e-mail address", email),
    ):
        if not given:
            option = "--account-name" if name == "account name" else "--account-email"
            words = f"must not be {what}, which was not given ({option})"
            yield Requirement(name, None, words)
        elif text == given:
            yield Requirement(name, False, f"is {what}")
        elif text.casefold() == given.casefold():
            words = f"is {what} but for case, of which AWS does not say whether it counts"
            yield Requirement(name, None, words)
        else:
            yield Requirement(name, True, f"is not {what}")


def _not_reused(policy: PasswordPolicy) -> Iterator[Requirement]:
    if number := policy.password_reuse_prevention:
        words = f"must not be one of the last {number}, which nobody but AWS can see"
        yield Requirement("reuse", None, words)
