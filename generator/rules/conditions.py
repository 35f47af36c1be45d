"""Rules about conditions on MFA: operators and keys that do not say what they seem to."""

from collections.abc import Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Effect
from generator.rules.rule import Hit, Rule
from generator.states import FLAG
from generator.subject import Subject


def bool_in_deny(subject: Subject) -> Iterator[Hit]:
    """A Deny "without MFA" that a plain access key walks past

    Why: `aws:MultiFactorAuthPresent` is not in a request at all that is signed with a long-term
    access key. `Bool` on an absent key is not met, so the Deny does not apply to the one credential
    it is there for.

    Fix: write `BoolIfExists` in place of `Bool`.
    """
    for place, s in subject.statements(Effect.DENY):
        for c in s.conditions:
            is_flag = c.key.lower() == FLAG.lower()
            if c.operator == "Bool" and is_flag and "false" in [v.lower() for v in c.values]:
                yield Hit(
                    (*place, "Condition", "Bool"),
                    f"`Bool` on `{c.key}` is not met where the key is absent, so an access key "
                    "without MFA is not denied",
                    on_key=True,
                )


RULES: Final = (
    Rule(
        "GEN010",
        Severity.CRITICAL,
        bool_in_deny,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
    ),
)
