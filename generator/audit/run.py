"""From what people have to what came of it: every input read, every document judged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import SEEK_END
from typing import BinaryIO

from msgspec import Struct

from generator.account.audit import AuditedDump, audit_dump
from generator.audit.judge import Judge
from generator.audit.result import Account, Audit, Person, Record, RoleRow
from generator.errors import GenError, Where
from generator.findings import Finding, in_order
from generator.found import Found
from generator.inputs.files import documents
from generator.inputs.items import Dump, ReportFile, Skipped
from generator.verdicts import NO_SAY

# A text and what it is called in messages.
Labelled = tuple[str, str]


class Given(Struct, frozen=True):
    """What is known beside the documents: files that the AWS CLI has printed, as text and label.

    The text `none` is an account without a password policy.
    """

    credential_report: Labelled | None = None
    password_policy: Labelled | None = None


class Watch(Struct, frozen=True):
    """Whom to tell: of each document, and how many bytes of a dump are read, of how many."""

    found: Callable[[Found], object] | None = None
    read: Callable[[int, int], object] | None = None


def audit(
    paths: Sequence[str],
    *,
    scps: Sequence[str] = (),
    given: Given | None = None,
    watch: Watch | None = None,
) -> Audit:
    """Judge everything in some files and folders. What cannot be read is among the errors."""
    run = _Run(given or Given(), watch or Watch())
    run.take(documents(paths, scps=scps))
    return Audit(
        documents=tuple(run.records),
        findings=tuple(sorted(run.findings, key=in_order)),
        errors=tuple(run.errors),
        skipped=tuple(run.skipped),
        accounts=tuple(run.accounts),
    )


class _Run:
    def __init__(self, given: Given, watch: Watch) -> None:
        self.given, self.watch = given, watch
        self.judge = Judge()
        self.records: list[Record] = []
        self.findings: list[Finding] = []
        self.errors: list[GenError] = []
        self.skipped: list[str] = []
        self.accounts: list[Account] = []

    def take(self, items: Iterable[object]) -> None:
        """Each input in turn; dumps at the end, since a credential report may come after them."""
        dumps: list[Dump] = []
        reports: list[ReportFile] = []
        for item in items:
            if isinstance(item, Found):
                self._document(item)
            elif isinstance(item, Dump):
                dumps.append(item)
            elif isinstance(item, ReportFile):
                reports.append(item)
            elif isinstance(item, Skipped):
                self.skipped.append(item.file)
            elif isinstance(item, GenError):
                self.errors += item.each()
        report = self._report(reports, bool(dumps))
        for dump in dumps:
            self._dump(dump, report)

    def _document(self, found: Found) -> None:
        if self.watch.found:
            self.watch.found(found)
        judged = self.judge.judge(found)
        has_say = judged.verdicts != NO_SAY or bool(judged.findings)
        self.records.append(Record(found.file, found.kind, found.name, judged.verdicts, has_say))
        self.findings += judged.findings

    def _report(self, reports: list[ReportFile], has_dump: bool) -> Labelled | None:
        """The credential report, if there is one."""
        found = [self.given.credential_report] if self.given.credential_report else []
        found += [(_text(report.stream()), report.file) for report in reports]
        for _, label in found[1:]:
            hint = "give one, and the dump of its account"
            self.errors.append(
                GenError("is a second credential report", where=Where(label), hint=hint)
            )
        if found and not has_dump:
            problem = "a credential report says nothing of policies"
            hint = "give the output of `aws iam get-account-authorization-details` as well"
            self.errors.append(GenError(problem, where=Where(found[0][1]), hint=hint))
        return found[0] if found else None

    def _dump(self, dump: Dump, report: Labelled | None) -> None:
        with dump.stream() as stream:
            size = stream.seek(0, SEEK_END)
            stream.seek(0)
            tell = self.watch.read
            try:
                audited = audit_dump(
                    stream,
                    label=dump.file,
                    credential_report=report,
                    password_policy=self.given.password_policy,
                    progress=(lambda done: tell(done, size)) if tell else None,
                )
            except GenError as error:
                self.errors += error.each()
                return
            with audited:
                self._account(audited)

    def _account(self, audited: AuditedDump) -> None:
        for found in audited.documents():
            self._document(found)
        self.findings += audited.findings
        self.errors += audited.errors
        self.accounts.append(_account(audited))


def _account(audited: AuditedDump) -> Account:
    return Account(
        audited.label,
        audited.account,
        tuple(_people(audited)),
        tuple(RoleRow(r.name, r.arn, r.trust_without_mfa, r.how) for r in audited.roles),
        audited.permission_sets,
        audited.password_policy_known,
    )


def _people(audited: AuditedDump) -> Iterator[Person]:
    for row in audited.rows:
        m = row.member
        yield Person(
            name=m.name,
            arn=row.user.arn,
            groups=row.user.groups,
            first_login=m.first_login,
            enrolment=m.enrolment,
            access_key_without_mfa=m.access_key_without_mfa,
            console_without_mfa=m.console_without_mfa,
            lockout=m.lockout,
            bypass=m.bypass,
            has_password=m.has_password,
            has_device=m.has_device,
            problems=row.problems,
        )


def _text(stream: BinaryIO) -> str:
    with stream:
        return stream.read().decode("utf-8-sig")
