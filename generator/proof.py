"""The proof of a bundle: the journey's rows, and what gets through without MFA at all.

`proof.md` is the committed form: it changes when a decision does, and for no other reason.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from generator.catalog import action_case
from generator.exhaustive import Extent
from generator.flows import calls_of
from generator.lexical import in_units
from generator.rows import Row, Walked
from generator.states import Terms


class Proof(Struct, frozen=True):
    """What was shown of a bundle."""

    terms: Terms
    walked: tuple[Walked, ...]
    extent: Extent

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row in order, each with the title it stands under."""
        for walked in self.walked:
            for row in walked.rows:
                yield walked.title or row.step.part, row


def proof_text(name: str, proof: Proof) -> str:
    """The text of `proof.md`."""
    texts = [f"# What `{name}` lets through", "", *_INTRODUCTION]
    part = ""
    for title, row in proof.rows():
        if title != part:
            part = title
            texts += ["", f"## {part}", "", *_HEAD]
        texts.append(row.line)
    return "\n".join([*texts, "", *_everything(proof)]) + "\n"


_INTRODUCTION: Final = (
    "Every answer is what AWS decides by the documents beside this file. `+ admin` is with",
    "`AdministratorAccess` attached to the user as well; all else is with nothing else attached.",
    "Users stand for all users, with and without a path. What an answer is because of is a Sid, or",
    "a rule of AWS's own that stands in no document: `AllowUsersToChangePassword`,",
    "`MfaSessionToChangeDevices`, `NotSubjectToPolicies`, `LongTermCredentials`.",
    "`gen verify --format json` has why each answer must be so, and the source.",
)
_HEAD: Final = (
    "| Who | Does | Calls | On | Answer | Because of |",
    "| --- | --- | --- | --- | --- | --- |",
)


def _everything(proof: Proof) -> tuple[str, ...]:
    """What was shown over every action there is."""
    terms = proof.terms
    exempt = terms.exempt if terms.archetype == "direct-user-deny" else granted(terms.flows)
    return _shown(terms.archetype, exempt, terms.on_own_user, terms.max_age, proof.extent)


@lru_cache(maxsize=256)
def _shown(
    archetype: str,
    exempt: frozenset[str],
    on_own_user: frozenset[str],
    max_age: int | None,
    extent: Extent,
) -> tuple[str, ...]:
    lines = ["## Every action there is", ""]
    if archetype == "direct-user-deny":
        lines += ["Without MFA and with `AdministratorAccess` attached, nothing gets through but:"]
    else:
        lines += [
            "Without MFA and with nothing else attached, nothing gets through but this, besides",
            "the roles above, whose trust demands MFA:",
        ]
    lines.append("")
    own = {action.lower() for action in on_own_user}
    for where, mine in (("on the own user", exempt & own), ("on anything", exempt - own)):
        actions = ", ".join(f"`{action}`" for action in sorted(map(action_case, mine)))
        lines += [f"- {where}: {actions}"] if actions else []
    stale = f", and with MFA {in_units(max_age)} ago or longer" if max_age else ""
    lines += [
        "- whatever policies say: `sts:GetCallerIdentity`, `sts:GetSessionToken`",
        "",
        "Shown for every action in AWS's catalogue, and for any that it may gain, in",
        f"{extent.actions} classes; for every resource, in {extent.resources} classes; with the",
        f"MFA flag absent and false{stale}, in {extent.states} states.",
        "",
        _with_mfa(extent.denied_with_mfa),
    ]
    if archetype != "direct-user-deny":
        lines += [
            "",
            "This archetype has no Deny: what else is attached to a user works without MFA.",
        ]
    return tuple(lines)


def _with_mfa(sids: tuple[str, ...]) -> str:
    """What denies even users with MFA."""
    if not sids:
        return "With MFA, no Deny applies to anything."
    return f"With MFA, these may still deny something: {', '.join(f'`{sid}`' for sid in sids)}."


@lru_cache(maxsize=256)
def granted(flows: frozenset[str]) -> frozenset[str]:
    """What the policy itself grants without MFA, in lower case."""
    calls = calls_of(flows)
    return frozenset(c.action.lower() for c in calls if c.before_mfa and c.granted)
