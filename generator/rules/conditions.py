"""Rules about who gets past a condition on MFA: what a statement says, and what it comes to."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Effect
from generator.rules import circumstances, keys, mfa_allows, operators, sessions
from generator.rules.advice import in_place_of, only_users
from generator.rules.mfa import (
    Asked,
    Gate,
    confidence_of,
    denies,
    gates,
    is_on_age,
)
from generator.rules.rule import Hit, Rule
from generator.states import FLAG
from generator.subject import Subject
from generator.supposed import IN_WORDS
from generator.verdicts import SOMETHING, WORK


def bool_in_deny(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" that a plain access key walks past

    Why: `aws:MultiFactorAuthPresent` is not in a request at all that is signed with a long-term
    access key. `Bool` on an absent key is not met, so the Deny does not apply to the one credential
    it is there for.

    Fix: write `BoolIfExists` in place of `Bool`.
    """
    for gate in denies(subject):
        if _is_right_with_mfa(gate) and gate.met["key"] is False and gate.met["console"] is True:
            past = gate.past("key")
            if past:
                yield _past(
                    gate,
                    f"{gate.words} is not met where the key is absent, so nothing here stops "
                    f"an access key without MFA from calling {gate.what(past)}",
                    past,
                    fix=_if_exists(gate),
                )


def null_in_deny(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" that a console session without MFA walks past

    Why: the console signs with temporary credentials, and their requests have
    `aws:MultiFactorAuthPresent` with the value false where no MFA was used; so have those of
    `sts:GetSessionToken` without a code. `Null` with "true" is met only where the key is absent, so
    the Deny stops access keys and nobody else. It is not the same as `Bool` with "false": each
    covers what the other does not.

    Fix: write `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}` in place of the condition.
    """
    for gate in denies(subject):
        if _is_right_with_mfa(gate) and gate.met["key"] is True and gate.met["console"] is False:
            past = gate.past("console")
            if past:
                yield _past(
                    gate,
                    f"{gate.words} is not met where the key is present and false, so nothing "
                    f"here stops a console session without MFA from calling {gate.what(past)}",
                    past,
                    fix=_if_exists(gate),
                )


def age_in_deny(subject: Subject) -> Iterator[Hit]:
    """A Deny on the age of MFA that everybody passes who has no MFA at all

    Why: `aws:MultiFactorAuthAge` is in a request only if MFA was used. A comparison with an absent
    key is not met, so a Deny for MFA that is too old stops people with MFA and lets everybody
    through who never used it.

    Fix: write `NumericGreaterThanIfExists` in place of `NumericGreaterThan`, or deny without MFA in
    a statement of its own.
    """
    for gate in denies(subject):
        past = _both_past(gate) if gate.is_about_old else ()
        if past:
            open_to = [IN_WORDS[w] for w in ("key", "console") if gate.past(w)]
            yield _past(
                gate,
                f"{gate.words} is not met where there is no MFA at all, so nothing here "
                f"stops {' or '.join(open_to)} from calling {gate.what(past)}",
                past,
                fix=_age_too(gate),
            )


def deny_hits_mfa(subject: Subject) -> Iterator[Hit]:
    """A Deny that stops people who have used MFA

    Why: a Deny applies where its conditions are met. With "true" in place of "false", or with a
    negated operator, those are the requests with MFA, and the ones without it get through.

    Fix: write `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}` in place of the condition.
    """
    for gate in denies(subject):
        if gate.met["new"] is not True or gate.is_dead:
            continue
        passes = [IN_WORDS[w] for w in ("key", "console") if gate.met[w] is not True]
        others = f", but not {' or '.join(passes)}" if passes else ", as it stops everybody else"
        yield Hit(
            gate.at,
            f"{gate.words} is met by sessions with MFA: it stops them from calling "
            f"{gate.what(gate.asked)}{others}",
            fix=_if_exists(gate),
            on_key=True,
            confidence=confidence_of(gate),
        )


def deny_never_applies(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" that nobody without MFA is known to meet

    Why: all conditions of a statement have to be met at once. A value that is neither true nor
    false, an operator of another type, or conditions that exclude each other leave a Deny that
    stops nobody, or nobody can say whom.

    Fix: write `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}` in place of the conditions.
    """
    yield from _denies_nothing(subject)
    for gate in denies(subject):
        if gate.met["new"] is True or gate.is_about_old:
            continue
        past = _both_past(gate)
        if not gate.is_settled and (past or (gate.met["new"] is None and not gate.is_dead)):
            yield _past(
                gate,
                f"whom {gate.words} stops is not documented for {gate.values}: it cannot be "
                f"relied on to stop anybody from calling {gate.what(past or gate.asked)}",
                past,
                fix=_if_exists(gate),
            )
        elif past and _stops_nobody(gate):
            yield _past(
                gate,
                f"{gate.words} is met by no request without MFA, so nothing here stops "
                f"anybody from calling {gate.what(past)}",
                past,
                fix=_if_exists(gate),
            )


def _denies_nothing(subject: Subject) -> Iterator[Hit]:
    """Denies on MFA whose list of exemptions has everything in it."""
    thing = SOMETHING.format(subject.decider.partition, subject.decider.account)
    for gate in gates(subject):
        s = gate.statement
        if s.effect is not Effect.DENY or not s.actions.negated:
            continue
        if found := next((i for i in s.actions.items if i in ("*", "*:*")), ""):
            stopped = all(
                gate.is_denied((action, thing), when)
                for action in WORK
                for when in ("key", "console")
            )
            yield Hit(
                (*gate.place, "NotAction"),
                f"`NotAction` has `{found}` in it, which is every action, so this Deny denies "
                "nothing",
                fix=(
                    "take the statement out"
                    if stopped
                    else "list in `NotAction` what people need before MFA, and nothing else"
                ),
                on_key=True,
                severity=Severity.LOW if stopped else None,
            )


def _is_right_with_mfa(gate: Gate) -> bool:
    return gate.met["new"] is False


def _stops_nobody(gate: Gate) -> bool:
    return gate.met["key"] is False and gate.met["console"] is False


def _both_past(gate: Gate) -> tuple[Asked, ...]:
    return tuple(dict.fromkeys((*gate.past("key"), *gate.past("console"))))


def _past(gate: Gate, message: str, past: tuple[Asked, ...], *, fix: str) -> Hit:
    """What gets past a Deny. Where the document itself allows nothing of it without MFA, it does so
    only beside other policies."""
    alone = past and all(
        gate.is_allowed_only_with_mfa(asked, when) for asked in past for when in ("key", "console")
    )
    return Hit(
        gate.at,
        message,
        fix=fix,
        on_key=True,
        severity=None if gate.is_wide or gate.subject.kind == "trust" else Severity.HIGH,
        confidence="medium" if alone else confidence_of(gate),
    )


def _if_exists(gate: Gate) -> str:
    """How to write the condition of a Deny."""
    return _scoped(gate, in_place_of(gate, "BoolIfExists", "false"))


def _age_too(gate: Gate) -> str:
    if not all(is_on_age(c) for c in gate.on_mfa):
        wanted = f'`"BoolIfExists": {{"{FLAG}": "false"}}`'
        return _scoped(gate, f"deny what has no MFA in a statement of its own, with {wanted}")
    operator = gate.on_mfa[0].operator
    return _scoped(gate, f"write `{operator}IfExists` in place of `{operator}`")


def _scoped(gate: Gate, text: str) -> str:
    """Advice for a Deny; one that roles and services meet as well would stop all of them."""
    reaches_roles = gate.subject.kind in ("scp", "rcp", "resource")
    if reaches_roles and gate.others_met_by_roles:
        return f"{text}, and add `{only_users(gate.subject)}`, or it denies sessions of roles too"
    return text


_FLAG_SOURCE: Final = "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent"
_AGE_SOURCE: Final = "UG:id_credentials_mfa_configure-api-require"
_OPERATORS_SOURCE: Final = "UG:reference_policies_elements_condition_operators"

RULES: Final = (
    Rule("GEN010", Severity.CRITICAL, bool_in_deny, _FLAG_SOURCE),
    Rule("GEN011", Severity.CRITICAL, null_in_deny, f"{_OPERATORS_SOURCE}#Conditions_Null"),
    Rule("GEN012", Severity.CRITICAL, age_in_deny, _AGE_SOURCE),
    Rule("GEN013", Severity.CRITICAL, deny_hits_mfa, _FLAG_SOURCE),
    Rule("GEN014", Severity.CRITICAL, deny_never_applies, _OPERATORS_SOURCE),
    *circumstances.RULES,
    *mfa_allows.RULES,
    *keys.RULES,
    *operators.RULES,
    *sessions.RULES,
)
