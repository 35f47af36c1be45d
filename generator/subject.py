"""A document under audit, and what it decides: each request asked of the evaluator once.

The user who asks has a name that no document has, so that nothing matches it by chance; a document
that names one single user as its own is asked as that user.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, Final

from msgspec.structs import replace

from generator.decider import Decider
from generator.errors import GenError
from generator.found import Found
from generator.grammar import parse_policy, parse_statement
from generator.journey import ADMINISTRATOR
from generator.pattern import glob
from generator.policy import Condition, Effect, Policy, Statement
from generator.positions import Place
from generator.request import Document, Policies
from generator.singled_out import people, probes
from generator.states import USER
from generator.verdicts import NO_SAY, NOT_JUDGED, document_verdicts, trust_without_mfa

PLACEHOLDER_ACCOUNT: Final = "111122223333"
_ARN: Final = re.compile(r"arn:(aws[a-z-]*):[a-z0-9-]*:[a-z0-9-]*:([0-9]{12})?")
_NAMED_USER: Final = re.compile(r"arn:[^:]*:iam::[^:]*:user/((?:[^*?${]*/)?[^*?${/]+)")


@lru_cache(maxsize=4096)
def _is_of_sign_in(item: str) -> bool:
    """Whether an action pattern may cover something of the services that people sign in with."""
    service = item.partition(":")[0].lower()
    return any(glob(service, one) for one in ("iam", "sts", "signin"))


def _as_arns(c: Condition) -> Iterator[str]:
    """The values of a condition; accounts that it is about, as ARNs of theirs."""
    is_account = c.key.lower() in ("aws:principalaccount", "aws:resourceaccount")
    for value in c.values:
        is_one = is_account and "Not" not in c.operator and _ACCOUNT.fullmatch(value)
        yield f"arn:aws:iam::{value}:root" if is_one else value


_JUDGED: Final = ("identity", "boundary", "scp", "session", "trust")
# The path before the own user's name, "" where there is none.
_OWN_PATH: Final = re.compile(
    r"arn:[^:]*:iam::[^:]*:user/((?:[^*?$]*/)?)\$\{aws:username\}", re.IGNORECASE
)
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_OWN_ACTIONS: Final = ("iam:changepassword", "iam:enablemfadevice")
# Attached everywhere unless somebody takes it off. Source: AWS Organizations User Guide, SCPs.
_FULL_ACCESS: Final = Document("FullAWSAccess", ADMINISTRATOR.policy)


class Subject:
    """A document as rules look at it.

    `policy` has the statements that could be read, `at` the place of each in the data; `unread` has
    the errors of those that could not, with their places. A document none of whose statements can
    be read has an empty policy.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.unread: list[tuple[Place, GenError]] = []
        self.at: tuple[Place, ...] = ()
        self.policy = self._read(found.data)

    def _read(self, data: Any) -> Policy:
        try:
            policy = parse_policy(data)
        except GenError as whole:
            policy = self._read_each(data, whole)
        else:
            listed = isinstance(data["Statement"], list)
            self.at = tuple(
                ("Statement", i) if listed else ("Statement",)
                for i in range(len(policy.statements))
            )
        return policy

    def _read_each(self, data: Any, whole: GenError) -> Policy:
        """The statements that can be read, where the document as a whole cannot."""
        statements: list[Statement] = []
        at: list[Place] = []
        listed = data.get("Statement") if isinstance(data, dict) else None
        for i, each in enumerate(listed if isinstance(listed, list) else [listed]):
            place: Place = ("Statement", i) if isinstance(listed, list) else ("Statement",)
            try:
                statements.append(parse_statement(each, f"Statement[{i}]"))
                at.append(place)
            except GenError as error:
                if listed is not None:
                    self.unread.append((place, error))
        if not self.unread:
            self.unread.append(((), whole))
        self.at = tuple(at)
        version = data.get("Version", "2008-10-17") if isinstance(data, dict) else ""
        return Policy(tuple(statements), version if isinstance(version, str) else "")

    @property
    def is_whole(self) -> bool:
        """Whether all of the document could be read, so that what it decides is known."""
        return not self.unread and not self.found.not_read

    def is_known(self, place: Place) -> bool:
        """Whether every value at a place, or inside it, is known."""
        return not any(at[: len(place)] == place for at in self.found.not_read)

    @property
    def kind(self) -> str:
        return self.found.kind

    @property
    def variables(self) -> bool:
        """Whether the version of the language has policy variables."""
        return self.policy.version != "2008-10-17"

    def statements(self, effect: Effect | None = None) -> Iterator[tuple[Place, Statement]]:
        """The statements that could be read, with their places."""
        for place, statement in zip(self.at, self.policy.statements, strict=True):
            if effect in (None, statement.effect):
                yield place, statement

    def element(self, place: Place, name: str) -> Place:
        """The place of `Action` or `NotAction` (or `Resource`, ...), whichever a statement has."""
        data = self.data(place)
        return (*place, name if name in data else f"Not{name}")

    def data(self, place: Place) -> Any:
        """What stands at a place of the document."""
        found = self.found.data
        for key in place:
            found = found[key]
        return found

    @cached_property
    def partition(self) -> str:
        """The partition that the document's ARNs are in."""
        names = Counter(partition for partition, _ in self._arns)
        return self.found.partition or (names.most_common(1)[0][0] if names else "aws")

    @cached_property
    def account(self) -> str:
        """The account of the document's ARNs, if it is one; else one that stands for any."""
        names = {account for _, account in self._arns if account}
        if self.found.account:
            return self.found.account
        return names.pop() if len(names) == 1 else PLACEHOLDER_ACCOUNT

    @cached_property
    def _arns(self) -> list[tuple[str, str]]:
        texts: list[str] = []
        for s in self.policy.statements:
            texts += s.resources.items if s.resources else ()
            texts += (v for c in s.conditions for v in _as_arns(c))
            if s.principals:
                texts += (i for _, ids in s.principals.entries for i in ids)
        found = filter(None, map(_ARN.match, texts))
        return [(match[1], match[2] or "") for match in found]

    @cached_property
    def decider(self) -> Decider:
        """Asks the document: `alone`, and beside AdministratorAccess."""
        return self._decider(self.policy)

    def _decider(self, policy: Policy) -> Decider:
        return Decider(
            self._policies(policy, administrator=False),
            self._policies(policy, administrator=True),
            partition=self.partition,
            account=self.account,
            user=self._user,
        )

    @property
    def _user(self) -> str:
        """Who asks: nobody's name, unless the document names one single user as the own one.

        Where it knows own users under one path only, under that path.
        """
        paths = {
            match.group(1)
            for s in self.policy.statements
            if s.resources
            for item in s.resources.items
            for match in [_OWN_PATH.fullmatch(item)]
            if match
        }
        if len(paths) == 1 and (path := paths.pop()):
            return f"{path}{USER}"
        named = {
            match.group(1)
            for s in self.policy.statements
            if s.resources and any(a.lower() in _OWN_ACTIONS for a in s.actions.items)
            for item in s.resources.items
            for match in [_NAMED_USER.fullmatch(item)]
            if match
        }
        return named.pop() if len(named) == 1 else USER

    @cached_property
    def concerns_sign_in(self) -> bool:
        """Whether it may have a say in how people sign in, enrol and get round MFA.

        An identity policy that only allows actions of other services has none, and accounts have
        hundreds of those.
        """
        return self.kind != "identity" or any(
            s.effect is Effect.DENY
            or s.actions.negated
            or any(map(_is_of_sign_in, s.actions.items))
            for s in self.policy.statements
        )

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """The verdicts of the document, by name; see `generator.verdicts`."""
        if self.kind == "trust":
            return {"trust_without_mfa": self._trust()}
        if self.kind not in _JUDGED or self.found.holders == frozenset({"role"}):
            return {}
        if self.is_whole:
            return self._verdicts(self.policy) if self.concerns_sign_in else dict(NO_SAY)
        if self.unread:
            return dict.fromkeys(NO_SAY, NOT_JUDGED)
        # A Deny that is known whole holds, whatever the rest says.
        found = self._verdicts(Policy(tuple(self._known()), self.policy.version))
        sure = ("denied", "locked_out")
        return {name: v if v in sure else NOT_JUDGED for name, v in found.items()}

    def _verdicts(self, policy: Policy) -> dict[str, str]:
        decider = self._decider(policy)
        return dict(document_verdicts(decider, people(policy, decider), probes(policy, decider)))

    def _trust(self) -> str:
        if self.unread:
            return NOT_JUDGED
        # If it is refused whatever the conditions ask whose values are not known, it is refused.
        policy = Policy(tuple(self._less_asked()), self.policy.version)
        found = trust_without_mfa(self._decider(policy), policy, self.role)
        only_conditions = all("Condition" in at for at in self.found.not_read)
        return found if self.is_whole or (found == "refused" and only_conditions) else NOT_JUDGED

    def _less_asked(self) -> Iterator[Statement]:
        """The statements, Allows without the conditions whose values are not known."""
        unknown = {at[:-1] if isinstance(at[-1], int) else at for at in self.found.not_read if at}
        for place, s in self.statements():
            known = (
                c for c in s.conditions if (*place, "Condition", c.operator, c.key) not in unknown
            )
            if s.effect is Effect.ALLOW:
                yield replace(s, conditions=tuple(known))
            elif self.is_known(place):
                yield s

    def _known(self) -> Iterator[Statement]:
        """The statements without a part that is not known."""
        for place, s in self.statements():
            if self.is_known(place):
                yield s

    @property
    def role(self) -> str:
        """The ARN of the role that a trust policy is of."""
        return f"arn:{self.partition}:iam::{self.account}:role/role"

    def _policies(self, policy: Policy, administrator: bool) -> Policies:
        document = Document("document", policy)
        if self.kind == "scp":
            return Policies(identity=(ADMINISTRATOR,), scps=((document, _FULL_ACCESS),))
        if self.kind == "boundary":
            return Policies(identity=(ADMINISTRATOR,), boundary=(document,))
        if self.kind == "session":
            return Policies(identity=(ADMINISTRATOR,), session=document)
        if self.kind in ("trust", "resource"):
            return Policies(identity=(ADMINISTRATOR,), trust=document)
        if self.kind == "rcp":
            return Policies(identity=(ADMINISTRATOR,), rcps=((document, _FULL_ACCESS),))
        return Policies(identity=(document, ADMINISTRATOR) if administrator else (document,))
