"""The roles of an account: whether a user can assume each of them without MFA."""

from typing import Any

from generator.account.details import Details
from generator.account.entities import BROKEN
from generator.decider import Decider
from generator.errors import GenError, one_line
from generator.grammar import parse_policy
from generator.policy import Principals
from generator.request import Decision, Document, Policies
from generator.supposed import IN_WORDS
from generator.verdicts import (
    ASSUME,
    NOT_JUDGED,
    WITHOUT_MFA,
    can_assume,
    trust_without_mfa,
    trusted_users,
)


class Trusts:
    """Trust policies of one account, each judged once."""

    def __init__(self, details: Details, administrator: Document) -> None:
        self._details, self._administrator = details, administrator
        self._known: dict[int, tuple[str, str]] = {}

    def verdict(self, trust: int) -> tuple[str, str]:
        """The verdict of a trust policy, and which statement trusts whom; by its number."""
        if trust == BROKEN:
            return NOT_JUDGED, "the trust policy cannot be read"
        found = self._known.get(trust)
        if found is None:
            found = self._known[trust] = self._judged(self._details.documents[trust])
        return found

    def _judged(self, data: Any) -> tuple[str, str]:
        try:
            policy = parse_policy(data)
        except GenError as error:
            return NOT_JUDGED, error.problem
        trust = Document("trust", policy)
        policies = Policies(identity=(self._administrator,), trust=trust)
        partition, account = self._details.partition, self._details.account
        decider = Decider(policies, policies, partition=partition, account=account)
        role = f"arn:{partition}:iam::{account}:role/role"
        verdict = trust_without_mfa(decider, policy, role)
        return verdict, self._how(decider, trust, role) if verdict == "open" else ""

    def _how(self, decider: Decider, trust: Document, role: str) -> str:
        """The first way in: a statement, whom it names, and with what."""
        for who in trusted_users(trust.policy, decider):
            for state in WITHOUT_MFA:
                if can_assume(trust.policy, decider, role, who, state):
                    decision = decider.decide(ASSUME, role, state, who=who)
                    if isinstance(decision, str):
                        return f"{decision}; somebody may bring that about with {IN_WORDS[state]}"
                    return f"{_because(decision, trust)} with {IN_WORDS[state]}"
        return ""


def _because(decision: Decision, trust: Document) -> str:
    for reason in decision.because:
        if reason.policy == trust.name and reason.index is not None:
            s = trust.policy.statements[reason.index]
            what = f"statement `{one_line(s.sid)}`" if s.sid else f"Statement[{reason.index}]"
            return f"{what} trusts {_named(s.principals)}"
    return "the trust policy lets a user in"


def _named(principals: Principals | None) -> str:
    if principals is None:
        return "anybody"
    if principals.negated:
        return "everybody but those it lists"
    if principals.anyone:
        return "`*`"
    ids = [i for kind, each in principals.entries if kind == "AWS" for i in each]
    return ", ".join(f"`{one_line(i)}`" for i in ids[:3]) + (", ..." if len(ids) > 3 else "")
