"""How rules put right what stands in a condition on MFA."""

from generator.policy import Statement
from generator.rules.mfa import ENROLMENT, Gate, is_on_flag
from generator.states import FLAG
from generator.subject import Subject


def only_users(subject: Subject) -> str:
    """A condition that sessions of roles do not meet."""
    return f'"ArnLike": {{"aws:PrincipalArn": "arn:{subject.partition}:iam::*:user/*"}}'


def in_place_of(gate: Gate, operator: str, value: str) -> str:
    """What to write where the conditions on MFA stand."""
    wanted = f'"{operator}": {{"{FLAG}": "{value}"}}'
    c = gate.on_mfa[0]
    if len(gate.on_mfa) > 1 or not is_on_flag(c):
        return f"write `{wanted}` in place of {gate.words}"
    if c.operator == operator:
        return f'write `"{value}"` in place of {gate.values}'
    if c.operator in ("Bool", "BoolIfExists") and c.values == (value,):
        return f"write `{operator}` in place of `{c.operator}`"
    return f"write `{wanted}` in place of `{c.operator}`"


def names_enrolment(s: Statement) -> bool:
    """Whether a statement lists an action that people enrol with."""
    return not s.actions.negated and any(a.lower() in ENROLMENT for a in s.actions.items)
