"""Rules about names that IAM does not know: condition keys, and variables before there were any."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from typing import Final

from generator.catalog import GLOBAL_KEYS, is_key, keys_of
from generator.findings import Severity
from generator.match import hold
from generator.policy import Condition, Effect, Statement
from generator.positions import Place
from generator.rules.advice import names_enrolment
from generator.rules.mfa import is_more_than_enrolment
from generator.rules.mfa_denies import asks_for_mfa
from generator.rules.rule import Hit, Rule
from generator.states import AGE, FLAG
from generator.subject import Subject
from generator.supposed import context

# A key with its prefix, or an escape: what Terraform and shells write is neither.
_VARIABLE: Final = re.compile(r"\$\{(?:[A-Za-z0-9-]+:[^}]+|[*?$])\}")


def variables_in_old_version(subject: Subject) -> Iterator[Hit]:
    """Policy variables in a version of the policy language that has none

    Why: in a document of `Version` 2008-10-17, or without `Version`, `${aws:username}` is text like
    any other. No user has that name, so a statement on "the own user" is about nobody: nobody can
    enrol, and a Deny that leaves the own user out leaves nobody out.

    Fix: write `"Version": "2012-10-17"`.
    """
    if subject.variables or subject.policy.version != "2008-10-17":
        return
    found = next(_texts_with_variables(subject), None)
    if found:
        at, text = found
        has_version = "Version" in subject.found.data
        version = "of `Version` 2008-10-17" if has_version else "without `Version`"
        yield Hit(
            ("Version",) if has_version else at,
            f"in a document {version} `{text}` is that text, and matches nothing else",
        )


def _texts_with_variables(subject: Subject) -> Iterator[tuple[Place, str]]:
    for place, s in subject.statements():
        if s.resources:
            at = subject.element(place, "Resource")
            yield from ((at, r) for r in s.resources.items if _VARIABLE.search(r))
        for c in s.conditions:
            at = (*place, "Condition", c.operator, c.key)
            yield from ((at, v) for v in c.values if _VARIABLE.search(v))


def misspelt_mfa_key(subject: Subject) -> Iterator[Hit]:
    """A condition on a key that is almost one of MFA

    Why: a key that AWS does not set is absent from every request. A condition on it is always met,
    or never, whether people use MFA or not, and IAM accepts the document without a word.

    Fix: write `aws:MultiFactorAuthPresent` or `aws:MultiFactorAuthAge`.
    """
    for place, s, c in _unknown(subject):
        if meant := _mfa_key(c.key):
            met = hold((c,), context("mfa", subject.decider.user, subject.account))
            beside = asks_for_mfa(s)
            asks_nothing = bool(met and beside)
            yield Hit(
                (*place, "Condition", c.operator, c.key),
                f"`{c.key}` is in no request, so {_comes_to(s, bool(met), beside)}; "
                f"did you mean `{meant}`?",
                fix="take this condition out" if asks_nothing else _fix(s, meant),
                on_key=True,
                severity=Severity.MEDIUM if asks_nothing else None,
            )


def _comes_to(s: Statement, met: bool, beside: bool) -> str:
    """What a condition on an absent key does to people. `beside`: one on MFA stands beside it."""
    if met and beside:
        return "this condition is always met and asks for nothing"
    if s.effect is Effect.DENY:
        return (
            "the Deny applies with MFA and without"
            if met
            else "the Deny never applies and everybody without MFA gets through"
        )
    return "the Allow is for everybody, with MFA or without" if met else "nobody is allowed"


def _fix(s: Statement, meant: str) -> str:
    if not s.actions.negated and not any(map(is_more_than_enrolment, s.actions.items)):
        return (
            "take the condition out: people need these actions before they have MFA"
            if s.effect is Effect.ALLOW
            else "take the statement out: people need these actions before they have MFA"
        )
    if s.effect is Effect.ALLOW and names_enrolment(s):
        return f"write `{meant}`, and move what people enrol with to a statement without conditions"
    return f"write `{meant}`"


def unknown_key(subject: Subject) -> Iterator[Hit]:
    """A condition key that AWS does not document

    Why: a key that AWS does not set is absent from every request. A condition on it is always met,
    or never, and IAM accepts the document without a word.

    Fix: write a key of the Service Authorization Reference.
    """
    for place, _, c in _unknown(subject):
        if _mfa_key(c.key):
            continue
        near = _near(c.key)
        is_global = c.key.lower().startswith("aws:")
        if near or is_global:
            hint = f"; did you mean `{near}`?" if near else ""
            yield Hit(
                (*place, "Condition", c.operator, c.key),
                f"`{c.key}` is no condition key that AWS documents{hint}",
                fix=f"write `{near}`" if near else "",
                on_key=True,
                severity=Severity.MEDIUM if near and is_global else None,
                confidence="medium" if is_global else "low",
            )


def _unknown(subject: Subject) -> Iterator[tuple[Place, Statement, Condition]]:
    for place, s in subject.statements():
        for c in s.conditions:
            if not is_key(c.key) and subject.is_known(place):
                yield place, s, c


# Names for the two keys that people make up.
_PRESENT: Final = frozenset("""
    mfa mfaauthenticated mfaauthpresent mfapresent mfaused multifactorauth multifactorauthenticated
    multifactorauthentication multifactorauthenticationpresent multifactorpresent
""".split())
_AGE: Final = frozenset("mfaage mfaauthage multifactorage multifactorauthenticationage".split())


@lru_cache(maxsize=1024)
def _mfa_key(key: str) -> str:
    """The key of MFA that a made-up one was meant to be, or ""."""
    prefix, _, name = key.lower().rpartition(":")
    if "." in prefix or "/" in key or prefix == "saml":
        # A claim of an identity provider: its names are its own.
        return ""
    plain = re.sub(r"[^a-z0-9]", "", name)
    if plain in _PRESENT or plain in _AGE:
        return FLAG if plain in _PRESENT else AGE
    ratio, meant = max((_likeness(plain, k), k) for k in (FLAG, AGE))
    return meant if ratio >= 0.85 else ""


def _likeness(name: str, key: str) -> float:
    return SequenceMatcher(None, name, key.lower().partition(":")[2]).ratio()


@lru_cache(maxsize=1024)
def _near(key: str) -> str:
    """A documented key that differs by little, or ""."""
    stem, slash, tag = key.partition("/")
    service = stem.partition(":")[0].lower()
    beside = GLOBAL_KEYS.values() if service == "aws" else keys_of(service)
    known = {k.partition("${")[0].lower(): k for k in beside}
    near = get_close_matches((stem + slash).lower(), known, n=1, cutoff=0.85)
    if not near:
        return ""
    return known[near[0]].partition("${")[0] + tag if tag else known[near[0]]


RULES: Final = (
    Rule(
        "GEN006", Severity.HIGH, variables_in_old_version, "UG:reference_policies_elements_version"
    ),
    Rule(
        "GEN018",
        Severity.CRITICAL,
        misspelt_mfa_key,
        "UG:reference_policies_condition-keys",
    ),
    Rule("GEN019", Severity.LOW, unknown_key, "UG:reference_policies_condition-keys"),
)
