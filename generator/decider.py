"""Requests asked of some policies, each once, in the states of an audit."""

from typing import Any

from generator.context import Value
from generator.errors import NotModelledError
from generator.evaluate import evaluate
from generator.principals import Caller
from generator.request import Decision, Policies, Request
from generator.states import ANOTHER, USER
from generator.supposed import State, context

# A name of a device that is nobody's and that no document has.
DEVICE = "\ue014"


class Decider:
    """Decides requests of users of one account.

    `alone` are the policies as they are, `beside` the same with AdministratorAccess attached.
    """

    def __init__(
        self,
        alone: Policies,
        beside: Policies,
        *,
        partition: str,
        account: str,
        user: str = USER,
    ) -> None:
        self.alone, self.beside = alone, beside
        self.partition, self.account = partition, account
        self.user = self.user_called(user)
        self._decided: dict[tuple[Any, ...], Decision | str] = {}

    def user_called(self, name: str) -> Caller:
        """A user of the account; `name` with its path, if it has one."""
        arn = f"arn:{self.partition}:iam::{self.account}:user/{name}"
        return Caller("User", arn, self.partition, self.account, name.rpartition("/")[2], arn)

    @property
    def user_with_path(self) -> Caller:
        """A user with a path, whom `user/${aws:username}` misses."""
        return self.user_called(f"path/{self.user.name}")

    @property
    def another_user(self) -> str:
        """The ARN of somebody else's user."""
        return f"arn:{self.partition}:iam::{self.account}:user/{ANOTHER}"

    def device(self, name: str = DEVICE) -> str:
        """The ARN of a virtual device, by default with a name that is nobody's."""
        return f"arn:{self.partition}:iam::{self.account}:mfa/{name}"

    def decide(
        self,
        action: str,
        resource: str,
        state: State,
        *,
        who: Caller | None = None,
        administrator: bool = False,
        **carried: Value,
    ) -> Decision | str:
        """What comes of a request, or why that is not settled.

        `administrator`: with AdministratorAccess attached as well. `carried` are condition keys, in
        lower case, that the call brings along.
        """
        asked = (action, resource, state, who, administrator, *carried.items())
        found = self._decided.get(asked)
        if found is None:
            found = self._decided[asked] = self._decide(
                action, resource, state, who or self.user, administrator, carried
            )
        return found

    def asks_for(self, prefix: str) -> bool:
        """Whether any condition is on a key that starts so; `prefix` is in lower case."""
        p = self.alone
        documents = [
            *p.identity,
            *(p.boundary or ()),
            *(d for level in p.scps or () for d in level),
        ]
        return any(
            c.key.lower().startswith(prefix)
            for document in documents
            for s in document.policy.statements
            for c in s.conditions
        )

    def is_denied(self, action: str, resource: str, state: State, **further: Any) -> bool | None:
        """Whether a request is explicitly denied; None if that is not settled."""
        decision = self.decide(action, resource, state, administrator=True, **further)
        return None if isinstance(decision, str) else decision.outcome == "explicitly_denied"

    def is_allowed(self, action: str, resource: str, state: State, **further: Any) -> bool | None:
        """Whether a request is allowed by the policies as they are; None if not settled."""
        decision = self.decide(action, resource, state, **further)
        return None if isinstance(decision, str) else decision.outcome == "allowed"

    def _decide(
        self,
        action: str,
        resource: str,
        state: State,
        who: Caller,
        administrator: bool,
        carried: dict[str, Value],
    ) -> Decision | str:
        owner = resource.split(":", 5)[4:5]
        account = owner[0] if owner and owner[0].isdigit() else who.account
        asked = context(state, who, account, action, **carried)
        request = Request(who, action, resource, account, asked)
        try:
            return evaluate(request, self.beside if administrator else self.alone)
        except NotModelledError as error:
            return error.problem
