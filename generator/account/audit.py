"""A dump as a whole: its documents, its users with verdicts, its roles, and account findings."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal

from msgspec import Struct

from generator.account.details import Details
from generator.account.entities import Occurrence
from generator.account.papers import ADMINISTRATOR, Papers
from generator.account.password_policy import users_may_change
from generator.account.people import People, Row
from generator.account.permissions import Permissions
from generator.account.reading import read_details
from generator.account.roles import Trusts
from generator.errors import GenError, Where
from generator.findings import Finding, in_order
from generator.found import Found, Kind, Spans
from generator.inputs.credential_report import CredentialReport, read_credential_report
from generator.inputs.dump import CHUNK, elements, opened, place_in
from generator.positions import Place, Positions, Span
from generator.rules.accounts import RULES, Member
from generator.rules.rule import Hit, Rule

Progress = Callable[[int], object]


class RoleVerdict(Struct, frozen=True):
    """A role: whether a user can assume it without MFA, and how."""

    name: str
    arn: str
    trust_without_mfa: str
    how: str


class AuditedDump:
    """What came of a dump. Its file stays open, to look up where things stand; close it.

    `rows` are the users and `roles` the roles, sorted by name; `findings` are those of account
    rules, and `errors` what could not be read. `password_policy_known`: whether the account itself
    lets its users change their passwords was said.
    """

    def __init__(self, file: BinaryIO, details: Details) -> None:
        self._file, self._details = file, details
        self.label, self.account = details.label, details.account
        self.rows: tuple[Row, ...] = ()
        self.roles: tuple[RoleVerdict, ...] = ()
        self.permission_sets = 0
        self.password_policy_known = False
        self.findings: tuple[Finding, ...] = ()
        self.errors: tuple[GenError, ...] = ()
        self._texts: dict[str, Positions] = {}

    def documents(self) -> Iterator[Found]:
        """Every document that somebody of the account can change, in the order of the file.

        Documents that say the same share their `data`.
        """
        only_boundaries = self._details.boundaries - self._details.holders.keys()
        for occurrence in sorted(self._details.occurrences, key=lambda o: (o.at.start, o.name)):
            yield self._found(occurrence, only_boundaries)

    def close(self) -> None:
        """Close the file; nothing can be located any more."""
        self._file.close()

    def __enter__(self) -> "AuditedDump":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _found(self, o: Occurrence, only_boundaries: set[str]) -> Found:
        details = self._details
        kind: Kind = "boundary" if o.managed in only_boundaries else o.kind
        holders = frozenset(details.holders.get(o.managed, ())) if o.managed else o.holders
        form: Any = "managed" if o.managed else "" if o.kind == "trust" else "inline"
        return Found(
            file=self.label,
            kind=kind,
            data=details.documents[o.document],
            source=cache(partial(self._spans, o)),
            embedded=o.embedded,
            name=o.name,
            holders=holders,
            form=form,
            account=details.account,
            partition=details.partition,
        )

    def _spans(self, o: Occurrence) -> Spans:
        """Where everything stands in a document."""
        self._file.seek(o.at.start)
        text = self._file.read(o.at.size).decode()
        start, end = place_in(text, o.root)
        if len(self._texts) > _TEXTS:
            self._texts.clear()
        document = text[start:end]
        shared = self._texts.setdefault(document, Positions(document))
        above = text.count("\n", 0, start)
        column = start - text.rfind("\n", 0, start) if above else o.at.column + start
        return _Moved(shared, o.at.line + above, column)


class _Moved:
    """Positions of a text that stands at a line and column of a file, as others of it may."""

    form: Literal["json", "yaml"] = "json"

    def __init__(self, shared: Positions, line: int, column: int) -> None:
        self._shared, self._line, self._column = shared, line, column
        self.text = shared.text

    @property
    def values(self) -> Mapping[Place, Span]:
        return self._shared.values

    @property
    def keys(self) -> Mapping[Place, Span]:
        return self._shared.keys

    def mark(self, place: Place, *, key: bool = False) -> tuple[int, int]:
        line, column = self._shared.mark(place, key=key)
        return self._line + line - 1, column + (self._column - 1 if line == 1 else 0)


# Documents whose positions are kept, for others that say the same.
_TEXTS: Final = 512


def audit_dump(
    given: str | Path | BinaryIO,
    *,
    label: str = "",
    credential_report: tuple[str, str] | None = None,
    password_policy: tuple[str, str] | None = None,
    progress: Progress | None = None,
    chunk: int = CHUNK,
) -> AuditedDump:
    """Read a dump and judge its users and roles; documents are for the caller to judge.

    `credential_report` and `password_policy` are text and label of what
    `get-credential-report` and `get-account-password-policy` printed; both may also stand in the
    dump, as further pages. The text `none` is an account without a password policy. `progress` is
    told how many bytes have been read so far.

    Raises:
        GenError: the file cannot be read at all.
    """
    label = label or (str(given) if isinstance(given, str | Path) else "<stdin>")
    file = opened(given, label)
    try:
        with _without_collection():
            read = elements(file, label, chunk=chunk, progress=progress)
            details = read_details(read, label)
            return _audited(file, details, credential_report, password_policy)
    except BaseException:
        file.close()
        raise


def _audited(
    file: BinaryIO,
    details: Details,
    credential_report: tuple[str, str] | None,
    password_policy: tuple[str, str] | None,
) -> AuditedDump:
    found = AuditedDump(file, details)
    report = _report(details, credential_report)
    lets_change = users_may_change(details, password_policy)
    found.password_policy_known = lets_change is not None
    papers = Papers(
        details.documents,
        partition=details.partition or "aws",
        account=details.account,
        change_password=bool(lets_change),
    )
    permissions = Permissions(papers)
    found.rows = tuple(People(details, permissions, report, lets_change).rows())
    found.permission_sets = permissions.sets
    trusts = Trusts(details, ADMINISTRATOR)
    found.roles = tuple(
        RoleVerdict(role.name, role.arn, *trusts.verdict(role.trust))
        for role in sorted(details.roles, key=lambda role: (role.name, role.arn))
    )
    found.findings = tuple(sorted(_findings(found, report), key=in_order))
    found.errors = tuple(details.errors)
    return found


def _report(details: Details, given: tuple[str, str] | None) -> CredentialReport | None:
    try:
        if given:
            found = read_credential_report(*given)
        elif details.report:
            e = details.report
            found = read_credential_report(
                e.value, details.label, content=True, line=e.line, column=e.column
            )
        else:
            return None
        if details.account and found.account != details.account:
            raise GenError(
                f"the credential report is of account {found.account}, the dump of "
                f"{details.account}",
                where=Where(found.label),
                hint="give the report of the same account",
            )
    except GenError as error:
        details.errors.append(error)
        return None
    return found


def _findings(dump: AuditedDump, report: CredentialReport | None) -> Iterator[Finding]:
    for row in dump.rows:
        at = row.user.at
        for rule in RULES:
            for hit in rule.check(row.member):
                name = f"user {row.member.name}"
                yield _finding(rule, hit, dump.label, (at.line, at.column), name)
    if report and report.root:
        root = Member(
            name="root",
            root=True,
            has_password=report.root.has_password,
            has_device=report.root.has_device,
        )
        line = report.line if report.embedded else report.root.line
        for rule in RULES:
            for hit in rule.check(root):
                yield _finding(rule, hit, report.label, (line, report.column), "root user")


def _finding(rule: Rule, hit: Hit, file: str, at: tuple[int, int], name: str) -> Finding:
    return Finding(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        file=file,
        line=at[0],
        column=at[1],
        message=hit.message,
        fix=(hit.fix or rule.fix).removesuffix("."),
        source=rule.source,
        document=name,
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """JSON has no cycles: looking for some while it is read costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
