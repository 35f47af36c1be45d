"""The users of an account, each with everything that comes to them, and what it amounts to."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec import Struct

from generator.account.bypass import Through
from generator.account.details import Details
from generator.account.entities import BROKEN, User
from generator.account.permissions import Held, Permissions
from generator.errors import one_line
from generator.inputs.credential_report import CredentialReport, Credentials
from generator.rules.accounts import Member
from generator.supposed import IN_WORDS, State


class Source(NamedTuple):
    """A document that comes to a user: what it is called, how it comes, and its number."""

    name: str
    how: str
    document: int


class Row(Struct, frozen=True):
    """A user with verdicts: `member` is what rules look at."""

    user: User
    member: Member
    problems: tuple[str, ...]


class People:
    """The users of a dump, judged one by one."""

    def __init__(
        self,
        details: Details,
        permissions: Permissions,
        report: CredentialReport | None,
        lets_change: bool | None,
    ) -> None:
        """`lets_change`: what the account's password policy says; None where it is not known."""
        self._details, self._permissions, self._report = details, permissions, report
        self._lets_change = lets_change
        self._of_groups: dict[str, tuple[tuple[Source, ...], tuple[str, ...]]] = {}
        self._texts: dict[tuple[Any, ...], str] = {}

    def rows(self) -> Iterator[Row]:
        """Every user, sorted by name."""
        for user in sorted(self._details.users, key=lambda user: (user.name, user.arn)):
            yield self._row(user)

    def _row(self, user: User) -> Row:
        sources, problems = self._sources(user)
        boundary, problem = self._boundary(user)
        problems += problem
        held = self._held(sources, boundary, missing=bool(problems))
        name = user.arn.partition(":user/")[2]
        found = self._permissions.outcome(held, name)
        credentials = self._credentials(user)
        if self._report and credentials is None:
            problems += ("the credential report does not have this user",)
        member = Member(
            name=one_line(user.name),
            first_login=found.first_login,
            enrolment=found.enrolment,
            access_key_without_mfa=found.key.verdict,
            console_without_mfa=found.console.verdict,
            lockout=self._lockout(found.first_login, sources, boundary, name),
            bypass=self._bypass(found.key, found.console, sources),
            lists_only=found.key.lists and found.console.lists,
            password_policy_known=self._lets_change is not None,
            has_password=credentials.has_password if credentials else None,
            has_device=credentials.has_device if credentials else None,
            has_key=credentials.has_key if credentials else None,
            password_used=credentials.password_used if credentials else None,
        )
        return Row(user, member, problems)

    def _credentials(self, user: User) -> Credentials | None:
        return self._report.users.get(user.arn) if self._report else None

    def _held(self, sources: tuple[Source, ...], boundary: Source | None, missing: bool) -> Held:
        return Held(
            frozenset(source.document for source in sources),
            boundary.document if boundary else None,
            missing,
        )

    def _sources(self, user: User) -> tuple[tuple[Source, ...], tuple[str, ...]]:
        """All documents that can be read, and what is wrong with the rest."""
        sources: list[Source] = []
        problems: list[str] = []
        own = [
            *(Source(f"inline policy {i.name}", "of the user", i.document) for i in user.inline),
            *(self._managed(arn, "attached to the user") for arn in user.attached),
        ]
        self._sort_out(own, sources, problems)
        for group in user.groups:
            found, wrong = self._of_group(group)
            sources += found
            problems += wrong
        return tuple(sources), tuple(dict.fromkeys(problems))

    def _of_group(self, name: str) -> tuple[tuple[Source, ...], tuple[str, ...]]:
        known = self._of_groups.get(name)
        if known is None:
            known = self._of_groups[name] = self._group(name)
        return known

    def _group(self, name: str) -> tuple[tuple[Source, ...], tuple[str, ...]]:
        group, shown = self._details.groups.get(name), one_line(name)
        if group is None:
            return (), (f"group {shown} is not in the dump",)
        sources: list[Source] = []
        problems: list[str] = []
        found = [
            *(
                Source(f"inline policy {i.name}", f"of group {shown}", i.document)
                for i in group.inline
            ),
            *(self._managed(arn, f"attached to group {shown}") for arn in group.attached),
        ]
        self._sort_out(found, sources, problems)
        return tuple(sources), tuple(problems)

    def _managed(self, arn: str, how: str) -> Source:
        found = self._details.managed.get(arn)
        if found is None:
            return Source(f"policy {one_line(arn.partition(':policy/')[2] or arn)}", how, _ABSENT)
        return Source(f"policy {found.name}", how, found.document)

    def _sort_out(self, found: list[Source], sources: list[Source], problems: list[str]) -> None:
        for source in found:
            if self._permissions.is_readable(source.document):
                sources.append(source)
            else:
                problems.append(_problem(source))

    def _boundary(self, user: User) -> tuple[Source | None, tuple[str, ...]]:
        if not user.boundary:
            return None, ()
        source = self._managed(user.boundary, "")
        source = source._replace(name=f"the permissions boundary {source.name.partition(' ')[2]}")
        if self._permissions.is_readable(source.document):
            return source, ()
        return None, (_problem(source),)

    def _lockout(
        self, verdict: str, sources: tuple[Source, ...], boundary: Source | None, name: str
    ) -> str:
        """Which statements are in the way of the first sign-in, and how they come to the user."""
        if verdict == "locked_out":
            found = []
            for source in (*sources, *((boundary,) if boundary else ())):
                index = self._permissions.denial(source.document, name)
                if index is not None:
                    found.append(f"{self._statement(source, index)} denies `iam:ChangePassword`")
            return "; ".join(dict.fromkeys(found))
        if verdict != "not_granted":
            return ""
        return self._missing(sources, boundary, name)

    def _missing(self, sources: tuple[Source, ...], boundary: Source | None, name: str) -> str:
        """Why nothing allows ChangePassword."""
        granted = self._lets_change or any(
            self._permissions.grant(source.document, name) is not None for source in sources
        )
        if boundary and granted:
            return f"{boundary.name} does not allow `iam:ChangePassword`"
        path, _, bare = name.rpartition("/")
        for source in sources if path else ():
            index = self._permissions.grant(source.document, bare)
            if index is not None and self._permissions.grant(source.document, name) is None:
                return (
                    f"{self._statement(source, index)} allows `iam:ChangePassword` to users "
                    f"without a path, and this one has `/{one_line(path)}/`"
                )
        if self._lets_change is None:
            return "no policy of the user allows `iam:ChangePassword`"
        return (
            "nothing allows `iam:ChangePassword`, neither a policy of the user nor the account's "
            "password policy"
        )

    def _bypass(self, key: Through, console: Through, sources: tuple[Source, ...]) -> str:
        """What lets through without MFA, with an access key and in the console."""
        states: dict[tuple[str, str], list[State]] = {}
        found: tuple[tuple[Through, State], ...] = ((key, "key"), (console, "console"))
        for through, state in found:
            if through.document >= 0:
                source = next(s for s in sources if s.document == through.document)
                allows = "allows" if through.verdict == "open" else "may allow"
                what = f"{self._statement(source, through.statement)} {allows} `{through.action}`"
                states.setdefault((what, through.verdict), []).append(state)
        return "; ".join(
            f"{what} with {' and '.join(IN_WORDS[state] for state in each)}"
            for (what, _), each in states.items()
        )

    def _statement(self, source: Source, index: int) -> str:
        key = source, index
        found = self._texts.get(key)
        if found is None:
            sid = self._permissions.sid(source.document, index)
            what = f"statement `{one_line(sid)}`" if sid else f"Statement[{index}]"
            comma = ", " if source.how.startswith("attached") else " "
            found = f"{what} of {source.name}{comma}{source.how}".rstrip()
            self._texts[key] = found = f"{found}," if comma == ", " else found
        return found


# The number of a document that is not in the dump.
_ABSENT: Final = BROKEN - 1


def _problem(source: Source) -> str:
    what = f"{source.name} {source.how}".rstrip()
    if source.document == _ABSENT:
        return f"{what} is not in the dump"
    return f"{what} cannot be read"
