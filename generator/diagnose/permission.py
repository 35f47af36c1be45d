"""What the documents that were given decide of a call, part by part: who denies, who lacks."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from generator.diagnose.evidence import CHANGE, Attached, Evidence, Layer, Person
from generator.errors import NotModelledError, Where, one_line
from generator.evaluate import evaluate
from generator.journey import ADMINISTRATOR
from generator.match import applies, holds
from generator.policy import Effect, Policy, Statement
from generator.principals import Caller, caller
from generator.request import Decision, Document, Policies, Request
from generator.states import USER
from generator.subject import PLACEHOLDER_ACCOUNT
from generator.supposed import IN_WORDS, State, context

# Attached everywhere unless somebody takes it off. Source: AWS Organizations User Guide, SCPs.
_FULL_ACCESS: Final = Document("FullAWSAccess", ADMINISTRATOR.policy)
# A path that stands for any.
_PATH: Final = "path/"


class Denial(Struct, frozen=True, eq=False):
    """A statement that denies (or of which that is asked), and where it is."""

    document: Attached
    index: int

    @property
    def statement(self) -> Statement:
        return self.document.policy.statements[self.index]

    @property
    def key(self) -> tuple[str, int]:
        return self.document.name, self.index

    @property
    def words(self) -> str:
        """The statement and its place."""
        document, found = self.document, self.document.found
        where = Where(found.file, *found.locate(document.subject.at[self.index]))
        sid = self.statement.sid
        what = f"statement `{one_line(sid)}`" if sid else f"Statement[{self.index}]"
        if document.is_file:
            return f"{where}: {what}"
        return f"{one_line(document.name)} ({where}): {what}"

    def open_words(self, keys: tuple[str, ...]) -> str:
        """A sentence about a statement that may apply or not."""
        on = ", ".join(f"`{one_line(key)}`" for key in keys) or "what its ARN stands for"
        return f"{self.words}: whether it applies depends on {on}"


class Answer(Struct, frozen=True, eq=False):
    """What comes of a call. `lacking` are the types of policy in which nothing allows it, whatever
    else denies it. `open_*` are statements of which it is not settled whether they apply, where
    the answer depends on them; each comes with the condition keys it depends on."""

    denials: tuple[Denial, ...] = ()
    lacking: frozenset[Layer] = frozenset()
    open_denies: tuple[tuple[Denial, tuple[str, ...]], ...] = ()
    open_allows: tuple[tuple[Denial, tuple[str, ...]], ...] = ()

    @property
    def is_settled(self) -> bool:
        return not self.open_denies and not self.open_allows

    def of(self, layer: Layer) -> tuple[Denial, ...]:
        return tuple(d for d in self.denials if d.document.layer == layer)


class Permission:
    """Asks the documents of some evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.who = self._caller(evidence.person)
        self._asked: dict[tuple[Caller, str, str, State], Answer] = {}

    @property
    def state(self) -> State:
        """The state in which the call was made, else a new user's."""
        for event in self.evidence.events:
            if event.name == "ChangePassword" and event.session:
                return event.session
        return "console"

    @property
    def is_state_known(self) -> bool:
        """Whether it is known that there was no MFA, or that there was."""
        e = self.evidence
        known = any(event.session for event in e.events if event.name == "ChangePassword")
        return known or e.has_device is False or (e.first_sign_in and e.has_device is None)

    @property
    def in_state(self) -> str:
        return f"denies it in {IN_WORDS[self.state]}"

    def change(self, who: Caller | None = None, state: State | None = None) -> Answer:
        """What comes of a change of the own password."""
        asked = who or self.who
        return self.ask(CHANGE, asked.arn, asked, state or self.state)

    @cached_property
    def without_path(self) -> Caller | None:
        """The same user without the path, if there is one."""
        head, _, _ = self.who.arn.partition(":user/")
        arn = f"{head}:user/{self.who.name}"
        return None if arn == self.who.arn else _user(arn)

    @cached_property
    def with_path(self) -> Caller | None:
        """The same user with some path, if it is not known whether there is one."""
        p = self.evidence.person
        if p.path is not None or self.without_path is not None:
            return None
        head, _, _ = self.who.arn.partition(":user/")
        return _user(f"{head}:user/{_PATH}{self.who.name}")

    def ask(self, action: str, resource: str, who: Caller, state: State) -> Answer:
        key = (who, action, resource, state)
        if key not in self._asked:
            request = Request(who, action, resource, who.account, context(state, who, who.account))
            self._asked[key] = self._answer(request)
        return self._asked[key]

    def _answer(self, request: Request) -> Answer:
        denied = _decided(request, self._everything)
        granted = _decided(request, self._allows_only)
        denials: tuple[Denial, ...] = ()
        lacking: frozenset[Layer] = frozenset()
        if denied is not None:
            denials = tuple(
                Denial(self._named[r.policy], r.index)
                for r in denied.because
                if r.effect == "Deny" and r.index is not None
            )
        if granted is not None and granted.outcome != "allowed":
            lacking = frozenset(k for k in _LAYERS if k in granted.blocked_by)
        return Answer(
            denials,
            lacking,
            tuple(self._open(Effect.DENY, request)) if denied is None else (),
            tuple(self._open(Effect.ALLOW, request)) if granted is None else (),
        )

    def _open(self, effect: Effect, request: Request) -> Iterator[tuple[Denial, tuple[str, ...]]]:
        for document in self._named.values():
            for index, s in enumerate(document.policy.statements):
                variables = document.subject.variables
                asked = (request.action, request.resource, request.context, variables)
                if s.effect is effect and applies(s, *asked) is None:
                    keys = (c.key for c in s.conditions if holds(c, *asked[2:]) is None)
                    yield Denial(document, index), tuple(dict.fromkeys(keys))

    @cached_property
    def _named(self) -> dict[str, Attached]:
        return {a.name: a for a in self.evidence.documents}

    @cached_property
    def _everything(self) -> Policies:
        """The documents beside others that allow everything: whatever is denied is by a Deny."""
        documents = self._documents("identity")
        boundary = self._documents("boundary")
        return Policies(
            identity=(*documents, ADMINISTRATOR),
            boundary=(*boundary, ADMINISTRATOR) if boundary else None,
            scps=tuple((*level, _FULL_ACCESS) for level in self._levels()) or None,
        )

    @cached_property
    def _allows_only(self) -> Policies:
        """The documents without their Denies: what is not allowed then lacks an Allow."""
        e = self.evidence
        identity = tuple(map(_allows, self._documents("identity")))
        boundary = tuple(map(_allows, self._documents("boundary")))
        settings = e.settings
        return Policies(
            identity=identity if e.identity else (ADMINISTRATOR,),
            boundary=boundary or None,
            scps=tuple(tuple(map(_allows, _attached(level))) for level in self._levels()) or None,
            change_password=bool(settings and settings.allow_users_to_change_password),
        )

    def _documents(self, layer: Layer) -> tuple[Document, ...]:
        found = (a for a in self._named.values() if a.layer == layer)
        return tuple(Document(a.name, a.policy) for a in found)

    def _levels(self) -> Iterator[tuple[Document, ...]]:
        for names in self.evidence.levels or ():
            yield tuple(Document(name, self._named[name].policy) for name in names)

    def _caller(self, p: Person) -> Caller:
        if p.arn:
            return caller(p.arn)
        subjects = [a.subject for a in self.evidence.documents]
        accounts = {s.account for s in subjects} - {PLACEHOLDER_ACCOUNT}
        # "aws" also where a document has no ARN.
        partitions = [s.partition for s in subjects if s.partition != "aws"]
        partition = p.partition or next(iter(partitions), "aws")
        account = p.account or (accounts.pop() if len(accounts) == 1 else PLACEHOLDER_ACCOUNT)
        name = (p.path or "/")[1:] + (p.name or USER)
        if not p.name and p.path is None:
            # The one user whom the documents name as the own one.
            asked = {s.decider.user.arn for s in subjects if s.decider.user.name != USER}
            name = asked.pop().partition(":user/")[2] if len(asked) == 1 else name
        return _user(f"arn:{partition}:iam::{account}:user/{name}")


_LAYERS: Final[tuple[Layer, ...]] = ("identity", "boundary", "scps")


def _decided(request: Request, policies: Policies) -> Decision | None:
    """The decision, if what is known of the request settles it."""
    try:
        return evaluate(request, policies)
    except NotModelledError:
        return None


def _allows(document: Document) -> Document:
    kept = tuple(s for s in document.policy.statements if s.effect is Effect.ALLOW)
    policy: Policy = replace(document.policy, statements=kept)
    return Document(document.name, policy)


def _attached(level: tuple[Document, ...]) -> tuple[Document, ...]:
    """A level; one that allows nothing at all was given without what allows."""
    if any(s.effect is Effect.ALLOW for d in level for s in d.policy.statements):
        return level
    return (*level, _FULL_ACCESS)


def _user(arn: str) -> Caller:
    fields = arn.split(":", 5)
    return Caller("User", arn, fields[1], fields[4], arn.rpartition("/")[2], arn)
