"""Documents as an account has them: each read once, with what of it depends on who asks."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final, TypeAlias

from generator.decider import Decider
from generator.errors import GenError, NotModelledError
from generator.grammar import parse_policy
from generator.match import matches_action
from generator.policy import Effect, Policy, Statement
from generator.principals import Caller
from generator.request import Document, Policies
from generator.supposed import State, Supposed, context
from generator.verdicts import ENROLMENT

# The calls of a first sign-in and of every kind of enrolment: action, on what, carried key.
Call: TypeAlias = tuple[str, str, str | None]
CALLS: Final[tuple[Call, ...]] = tuple(
    dict.fromkeys(
        [
            ("iam:ChangePassword", "user", None),
            *((n.action, n.on, n.register) for kind in ENROLMENT.values() for n in kind),
        ]
    )
)
# Resources of which any user's own is one, or none's is, whatever the user is called.
_ANYBODY: Final = re.compile(
    r"\*|user/(?:\*|(?:\*/?)?\$\{aws:username\})|(?!user)[a-z-]+/[^$]*|mfa/\$\{aws:username\}"
)
_OTHER_SERVICE: Final = re.compile(r"(?!iam$)[a-z0-9-]+")
_BY_NAME: Final = frozenset({"aws:username", "aws:principalarn", "aws:userid"})


class Paper:
    """A document, and what of it depends on who asks."""

    def __init__(self, number: int, policy: Policy | None) -> None:
        self.number, self.policy = number, policy
        self.document = Document(str(number), policy or Policy(()))
        self.statements = self.document.policy.statements
        self.variables = self.document.policy.version != "2008-10-17"
        self.denies = [s for s in self.statements if s.effect is Effect.DENY]
        self.allows = any(s.effect is Effect.ALLOW for s in self.statements)

    @cached_property
    def sign_in(self) -> list[tuple[int, Statement, list[int]]]:
        """The statements about `CALLS`, with the bits of those."""
        found = []
        for index, s in enumerate(self.statements):
            about = [b for b, (action, *_) in enumerate(CALLS) if matches_action(s.actions, action)]
            if about:
                found.append((index, s, about))
        return found

    @cached_property
    def sign_in_by_name(self) -> bool:
        """Whether what it says of `CALLS` depends on the user's name."""
        return any(_is_by_name(s) for _, s, _ in self.sign_in)

    @cached_property
    def by_name(self) -> bool:
        """Whether what it says of anything depends on the user's name."""
        return any(map(_is_by_name, self.statements))

    @cached_property
    def allowing(self) -> Document:
        """The document without its Denies."""
        allows = tuple(s for s in self.statements if s.effect is Effect.ALLOW)
        return Document(self.document.name, Policy(allows, self.document.policy.version))

    @cached_property
    def is_broad(self) -> bool:
        """Whether it allows actions of every service, so that it says most of who has it."""
        return any(
            s.effect is Effect.ALLOW and (s.actions.negated or "*" in s.actions.items)
            for s in self.statements
        )

    @cached_property
    def asks_for_certification(self) -> bool:
        return any(
            c.key.lower().startswith("iam:fido-") for s in self.statements for c in s.conditions
        )


class Papers:
    """The documents of one account."""

    def __init__(
        self, documents: list[Any], *, partition: str, account: str, change_password: bool
    ) -> None:
        self._documents = documents
        self.partition, self.account = partition, account
        self.change_password = change_password
        self.nobody = Decider(Policies(), Policies(), partition=partition, account=account)
        self._read: dict[int, Paper] = {}
        self._contexts: dict[tuple[str, State, bool], Supposed] = {}

    def __getitem__(self, number: int) -> Paper:
        found = self._read.get(number)
        if found is None:
            found = self._read[number] = Paper(number, _policy(self._documents[number]))
        return found

    def decider(self, papers: Iterable[Paper], boundary: Paper | None, who: Caller) -> Decider:
        """Asks some documents together."""
        policies = Policies(
            identity=tuple(paper.document for paper in papers),
            boundary=None if boundary is None else (boundary.document,),
            change_password=self.change_password,
        )
        beside = Policies(
            identity=(*policies.identity, ADMINISTRATOR),
            boundary=policies.boundary,
            change_password=self.change_password,
        )
        name = name_of(who)
        return Decider(policies, beside, partition=self.partition, account=self.account, user=name)

    def hopeful(self, paper: Paper, boundary: Paper | None, who: Caller) -> Decider:
        """Asks a document within a boundary as if nothing denied anything."""
        policies = Policies(
            identity=(paper.allowing,),
            boundary=None if boundary is None else (boundary.allowing,),
        )
        name = name_of(who)
        return Decider(
            policies, policies, partition=self.partition, account=self.account, user=name
        )

    def context(self, who: Caller, state: State, action: str = "") -> Supposed:
        """The context of a user's requests in a state, not to be changed."""
        service = action.partition(":")[0].lower()
        key = who.arn, state, service == "iam"
        found = self._contexts.get(key)
        if found is None:
            if len(self._contexts) > 64:
                self._contexts.clear()
            found = self._contexts[key] = context(state, who, self.account, action)
        return found


ADMINISTRATOR: Final = Document(
    "AdministratorAccess",
    parse_policy(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    ),
)


def like(papers: Iterable[Paper], who: Caller) -> str:
    """What of a user's name matters to some documents."""
    if any(paper.by_name for paper in papers):
        return who.arn
    return "/" * ("/" in name_of(who))


def name_of(who: Caller) -> str:
    """A user's name with its path."""
    return who.arn.partition(":user/")[2]


def answered(ask: Callable[..., bool | None], *arguments: Any) -> bool | None:
    """What a question comes to; None where the evaluator refuses to answer it."""
    try:
        return ask(*arguments)
    except NotModelledError:
        return None


def _policy(data: Any) -> Policy | None:
    """What a document says, None if it cannot be read as an identity policy."""
    try:
        policy = parse_policy(data)
    except GenError:
        return None
    return None if any(s.principals for s in policy.statements) else policy


def _is_by_name(s: Statement) -> bool:
    """Whether it depends on the user's name what a statement says of the user's own."""
    items = s.resources.items if s.resources else ()
    return _asks_who(s) or not all(map(_is_anybody, items))


def _is_anybody(item: str) -> bool:
    fields = item.split(":", 5)
    if item == "*" or len(fields) < 6:
        return item == "*"
    # What is of another service is nobody's user.
    return bool(_OTHER_SERVICE.fullmatch(fields[2]) or _ANYBODY.fullmatch(fields[5]))


def _asks_who(s: Statement) -> bool:
    return any(
        c.key.lower() in _BY_NAME or any("${" in value for value in c.values) for c in s.conditions
    )
