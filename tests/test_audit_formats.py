"""What `gen audit` prints in each format: word for word, and laws that hold for every audit."""

import csv
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import unquote

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from msgspec.structs import replace

from generator.audit.annotations import as_annotations
from generator.audit.baseline import fingerprint
from generator.audit.columns import columns
from generator.audit.csv_rows import HEADER, as_csv, guarded
from generator.audit.machine import as_json
from generator.audit.markdown import as_markdown
from generator.audit.places import relative
from generator.audit.result import Account, Audit, Person, Record, RoleRow, Suppressed
from generator.audit.rows import OPEN, weight
from generator.audit.sarif import as_sarif
from generator.audit.summary import counts
from generator.audit.table import MOST, as_text, on_terminal
from generator.errors import GenError, Where, one_line
from generator.findings import Confidence, Finding, Severity
from generator.rules import RULES
from generator.rules.accounts import RULES as ACCOUNT_RULES
from generator.rules.accounts import Member
from generator.rules.rule import Rule
from generator.rules.show import as_json as rules_as_json
from generator.rules.show import as_markdown as rules_as_markdown
from generator.rules.show import as_text as rules_as_text
from generator.rules.show import examples, links, one_as_text
from generator.verdicts import NO_SAY
from tests.support import ROOT, run_gen
from tests.trees import put

SHOTS: Final = ROOT / "tests" / "audit_formats"
FOLDER: Final = "/home/somebody/checkout"
HOSTILE: Final = "a`b` |c|\n<img src=x> \x1b[31m\U0001f600 ]]> \"d\" 'e' @dev #12 [t](u) %0A $x$"
FORMATS: Final[dict[str, Callable[[Audit], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": lambda audit: as_sarif(audit, FOLDER),
    "markdown": lambda audit: as_markdown(audit, FOLDER),
    "github": lambda audit: as_annotations(audit, FOLDER),
    "csv": as_csv,
}
ENDINGS: Final = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "markdown": "md",
    "github": "github.txt",
    "csv": "csv",
}


def finding(**changed: Any) -> Finding:
    """A finding of the rule that every version has."""
    plain = Finding(
        rule="GEN010",
        severity=Severity.CRITICAL,
        confidence="high",
        file="policies/team.json",
        line=8,
        column=21,
        message="`Bool` on `aws:MultiFactorAuthPresent` is not met where the key is absent",
        fix="write `BoolIfExists` in place of `Bool`",
        source="UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
        sid="DenyUnlessMfa",
    )
    return replace(plain, **changed)


def person(name: str, **changed: Any) -> Person:
    """Somebody with whom all is well."""
    plain = Person(
        name=name,
        arn=f"arn:aws:iam::111122223333:user/{name}",
        groups=("developers",),
        first_login="open",
        enrolment="open",
        access_key_without_mfa="denied",
        console_without_mfa="denied",
        lockout="",
        bypass="",
        has_password=True,
        has_device=True,
    )
    return replace(plain, **changed)


def audit() -> Audit:
    """One of everything, with text in it that means something to every format."""
    identity = {
        "first_login": "locked_out",
        "enrol_virtual-totp": "open",
        "enrol_security-key": "denied",
        "enrol_hardware-totp": "open",
        "access_key_without_mfa": "open",
        "console_without_mfa": "denied",
    }
    well = dict.fromkeys(identity, "denied") | {"first_login": "open"}
    people = (
        person("alice"),
        person(
            "=cmd|'/c calc'!A0",
            first_login="locked_out",
            enrolment="denied",
            access_key_without_mfa="open",
            lockout="`ChangePassword` is denied by group developers",
            bypass="an access key gets past `Bool`",
            has_device=False,
            problems=(HOSTILE,),
        ),
        person("carol", has_password=None, has_device=None, groups=("a", "b")),
    )
    roles = (
        RoleRow("deploy", "arn:aws:iam::111122223333:role/deploy", "refused", ""),
        RoleRow("Break_Glass", "arn:aws:iam::111122223333:role/Break_Glass", "open", HOSTILE),
    )
    return Audit(
        documents=(
            Record("dump.json", "identity", "group developers, inline policy Mfa", well),
            Record("dump.json", "trust", "role deploy", {"trust_without_mfa": "refused"}),
            Record("policies/team.json", "identity", "", identity),
            Record("queue.json", "resource", "", {}),
        ),
        findings=(
            finding(),
            finding(
                file="dump.json",
                line=1,
                column=4711,
                document="group developers, inline policy Mfa",
                severity=Severity.LOW,
                confidence="medium",
                message=HOSTILE,
                sid="",
            ),
            finding(file=f"{FOLDER}/a b/{HOSTILE}.json", rule="XYZ001", severity=Severity.MEDIUM),
            finding(file="/elsewhere/secret/p.json", severity=Severity.HIGH, sid=HOSTILE),
            finding(file="-", line=1, column=1),
        ),
        suppressed=(Suppressed(finding(line=30), f"decided in the review: {HOSTILE}"),),
        known=(finding(line=40), finding(line=50)),
        errors=(
            GenError("not valid JSON", where=Where("policies/x.json", 3, 9), hint="mend it"),
            GenError(f"no such file `{HOSTILE}`"),
        ),
        skipped=("policies/package.json",),
        accounts=(Account("dump.json", "111122223333", people, roles, 2),),
        notes=(
            GenError(
                "the suppression of GEN010 matches nothing", where=Where(".gen-audit.yaml", 4, 3)
            ),
        ),
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_as_it_was_read_by_a_person(form: str) -> None:
    """The output for one of everything is tests/audit_formats/audit.*, word for word."""
    expected = (SHOTS / f"audit.{ENDINGS[form]}").read_bytes().decode()

    assert _unversioned(FORMATS[form](audit())) == expected


def _unversioned(text: str) -> str:
    """Rules are described by their own tests, and the version of gen changes."""
    if '"$schema"' not in text:
        return text
    log = json.loads(text)
    driver = log["runs"][0]["tool"]["driver"]
    driver["version"] = driver["semanticVersion"] = "0"
    driver["rules"] = [rule for rule in driver["rules"] if rule["id"] == "XYZ001"]
    for result in log["runs"][0]["results"]:
        del result["ruleIndex"]
    return json.dumps(log, indent=2) + "\n"


def test_an_audit_of_nothing_says_so() -> None:
    """Without documents there are counts, and no headings of empty tables."""
    assert as_text(Audit()) == "0 documents, 0 findings, 0 errors\n"
    assert as_markdown(Audit()) == "# gen audit\n\n0 documents, 0 findings, 0 errors\n"
    assert as_annotations(Audit()) == ""


def test_csv_without_an_account_is_an_error() -> None:
    """A table of people needs people."""
    with pytest.raises(GenError, match="--format csv is of the people of an account"):
        as_csv(Audit(documents=(Record("a.json", "identity", "", {}),)))


# Texts of all kinds, and pieces that mean something to one of the formats.
_pieces = st.sampled_from(
    ["`", "|", "\n", "\r", "\x1b[1m", "]]>", "<b>", "&", "::", "%0A", ",", "=", "\u2028", "😀"]
)
texts = st.lists(st.one_of(_pieces, st.text(max_size=4)), max_size=5).map("".join)
names = texts.filter(bool)
files = st.one_of(
    names,
    st.just("-"),
    st.builds("policies/{}.json".format, texts),
    st.builds((FOLDER + "/{}").format, names),
    st.builds("/elsewhere/{}".format, names),
    st.builds("../{}".format, names),
)
places = st.integers(1, 10**6)
confidences: st.SearchStrategy[Confidence] = st.sampled_from(["low", "medium", "high"])
findings = st.builds(
    Finding,
    rule=st.sampled_from(["GEN010", "XYZ001", "XYZ002"]),
    severity=st.sampled_from(Severity),
    confidence=confidences,
    file=files,
    line=places,
    column=places,
    message=names,
    fix=texts,
    source=st.sampled_from(["UG:a#b; API:AssumeRole", "nothing known", ""]),
    document=texts,
    sid=texts,
)
verdicts = st.dictionaries(
    st.sampled_from(["first_login", "enrol_virtual-totp", "enrol_x", "console_without_mfa"]),
    st.sampled_from(["open", "denied", "locked_out", "not_granted", "depends"]),
)
documents = st.builds(Record, files, st.sampled_from(["identity", "trust"]), texts, verdicts)
wheres = st.none() | st.builds(Where, files, st.integers(0, 9), st.integers(0, 9))
errors = st.builds(lambda text, where: GenError(text, where=where, hint=text), texts, wheres)
words = st.sampled_from(["open", "denied", "not_granted"])
maybe = st.sampled_from([True, False, None])
persons = st.builds(
    Person,
    name=names,
    arn=texts,
    groups=st.lists(texts, max_size=2).map(tuple),
    first_login=words,
    enrolment=words,
    access_key_without_mfa=words,
    console_without_mfa=words,
    lockout=texts,
    bypass=texts,
    has_password=maybe,
    has_device=maybe,
    problems=st.lists(texts, max_size=2).map(tuple),
)
rows = st.builds(RoleRow, names, texts, st.sampled_from(["open", "refused"]), texts)


def _several(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(each, max_size=4).map(tuple)


audits = st.builds(
    Audit,
    documents=_several(documents),
    findings=_several(findings),
    suppressed=_several(st.builds(Suppressed, findings, texts)),
    known=_several(findings),
    errors=_several(errors),
    skipped=_several(files),
    accounts=_several(
        st.builds(Account, files, texts, _several(persons), _several(rows), st.integers(0, 9))
    ),
    notes=_several(errors),
)


@given(audits, st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_the_order_of_the_input_does_not_matter(found: Audit, seed: int) -> None:
    """Findings, documents, people and roles that come in another order print the same."""
    random = Random(seed)  # noqa: S311 - not a secret

    def mixed(items: tuple[Any, ...]) -> Any:
        return tuple(random.sample(items, len(items)))

    # Two accounts of one file would be told apart by nothing; two findings of a place are by more.
    twins = tuple(replace(f, sid=f"{f.sid}x", fix="y") for f in found.findings)
    found = replace(found, accounts=found.accounts[:1], findings=found.findings + twins)
    other = replace(
        found,
        documents=mixed(found.documents),
        findings=mixed(found.findings),
        suppressed=mixed(found.suppressed),
        skipped=mixed(found.skipped),
        accounts=tuple(
            replace(a, people=mixed(a.people), roles=mixed(a.roles)) for a in found.accounts
        ),
    )

    for name, form in FORMATS.items():
        if name != "csv" or found.accounts:
            assert form(other) == form(found), name


@given(audits)
@settings(max_examples=60)
def test_json_says_everything(found: Audit) -> None:
    """JSON read back has the texts of the audit as they were, and counts that agree."""
    read = json.loads(as_json(found))

    assert read["version"] == 1
    assert {tuple(f.items()) for f in read["findings"]} == {
        (
            ("rule", f.rule),
            ("severity", str(f.severity)),
            ("confidence", f.confidence),
            ("file", f.file),
            ("line", f.line),
            ("column", f.column),
            ("sid", f.sid),
            ("document", f.document),
            ("message", f.message),
            ("fix", f.fix),
            ("source", f.source),
        )
        for f in found.findings
    }
    assert sorted(s["reason"] for s in read["suppressed"]) == sorted(
        s.reason for s in found.suppressed
    )
    summary = read["summary"]
    assert summary["findings"] == len(read["findings"]) == sum(summary[str(s)] for s in Severity)
    worst = max((f.severity for f in found.findings), default=None)
    assert summary["worst"] == (str(worst) if worst else None)
    assert [e["problem"] for e in read["errors"]] == [e.problem for e in found.errors]


@given(audits)
@settings(max_examples=40, deadline=None)
def test_sarif_is_valid(found: Audit) -> None:
    """Every log is SARIF 2.1.0 by its JSON Schema, and has what GitHub asks for besides."""
    log = json.loads(as_sarif(found, FOLDER))

    assert [error.message for error in sarif().iter_errors(log)] == []
    (run,) = log["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert len(rule["properties"]["tags"]) <= 20
    hashes = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]]
    assert len(hashes) == len(set(hashes)) == len(found.findings) + len(found.suppressed)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", place["artifactLocation"]["uri"])
        assert not place["artifactLocation"]["uri"].startswith(("/", ".."))
        assert place["region"]["startLine"] >= 1


@cache
def sarif() -> Draft4Validator:
    """The schema of SARIF; tests/audit_formats/README.md says where it is from."""
    return Draft4Validator(json.loads((SHOTS / "sarif-2.1.0-rtm.5.json").read_bytes()))


def test_the_schema_of_sarif_refuses_what_is_wrong() -> None:
    """A log with a made-up level is not valid, so the test above can fail."""
    log = json.loads(as_sarif(audit()))
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert not sarif().is_valid(log)


def test_rules_of_sarif_do_not_depend_on_what_was_found() -> None:
    """GitHub follows alerts from run to run: the rules of an audit are always all rules."""
    listed = json.loads(as_sarif(Audit()))["runs"][0]["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in listed] == [rule.id for rule in RULES]


def test_sarif_is_no_longer_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many results the worst that are not suppressed are kept, and it is said."""
    monkeypatch.setattr("generator.audit.sarif.MOST", 2)
    found = [finding(line=i, severity=s) for i, s in enumerate(Severity, 1)]
    (run,) = json.loads(
        as_sarif(Audit(findings=tuple(found), suppressed=(Suppressed(finding(), "x"),)))
    )["runs"]

    assert [
        r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in run["results"]
    ] == [
        4,
        3,
    ]
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"] == "3 results left out: --format json has everything"


@given(findings, places, places)
def test_a_finding_that_moves_keeps_its_hash(found: Finding, line: int, column: int) -> None:
    """The hash that GitHub follows an alert by does not change with the line."""
    moved = replace(found, line=line, column=column)
    hashes = {
        json.loads(as_sarif(Audit(findings=(each,))))["runs"][0]["results"][0][
            "partialFingerprints"
        ]["primaryLocationLineHash"]
        for each in (found, moved)
    }

    assert len(hashes) == 1


@given(audits)
@settings(max_examples=60)
def test_csv_reads_back(found: Audit) -> None:
    """The csv module finds a row for each person, and no cell that a spreadsheet would run."""
    if not found.accounts:
        return
    read = list(csv.reader(io.StringIO(as_csv(found), newline="")))

    assert tuple(read[0]) == HEADER
    assert sorted(row[2] for row in read[1:]) == sorted(
        guarded(p.name) for account in found.accounts for p in account.people
    )
    assert not [c for row in read for c in row if c.lstrip().startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("=1", "'=1"), (" +1", "' +1"), ("-", "'-"), ("@a", "'@a"), ("a=1", "a=1"), ("\t=1", "\\t=1")],
)
def test_formulas_are_guarded(cell: str, expected: str) -> None:
    """What a spreadsheet would run, after spaces too, starts with an apostrophe."""
    assert guarded(cell) == expected


@given(audits)
@settings(max_examples=60)
def test_workflow_commands_stay_commands(found: Audit) -> None:
    """Each finding is one line that is one command, whatever its text has in it."""
    lines = as_annotations(found, FOLDER).split("\n")

    assert len(lines) == len(found.findings) + len(found.errors) + len(found.notes) + 1
    for line in lines[:-1]:
        properties = re.fullmatch(r"::(?:error|warning|notice) ((?:[a-z]+=[^:,]*,?)+)::.*", line)
        assert properties, line
        assert not re.findall(r"%(?!25|3A|2C)", properties[1])


@given(audits)
@settings(max_examples=60)
def test_markdown_has_no_markup_of_others(found: Audit) -> None:
    """The only tag is `<code>`, and every row of a table has the cells that its heading has."""
    text = as_markdown(found, FOLDER)

    assert set(re.findall(r"<[^>]*>?", text)) <= {"<code>", "</code>"}
    assert "\x1b" not in text
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({row.count("|") for row in block.splitlines()}) == 1


@given(audits, st.integers(300, 4000))
@settings(max_examples=60)
def test_markdown_fits(found: Audit, most: int) -> None:
    """It is never longer than asked for, and says what was left out."""
    short, whole = as_markdown(found, FOLDER, most), as_markdown(found, FOLDER, 10**9)

    assert len(short) <= most
    assert short == whole or "Left out here" in short or len(short) + 120 > most


def test_markdown_of_a_large_account_fits_a_comment() -> None:
    """10,000 findings and 10,000 people: the worst are in it, and how many are not."""
    people = tuple(person(f"user{i:05}") for i in range(10_000))
    zoe = locked("zoe", "x")
    found = Audit(
        findings=tuple(finding(line=i, severity=Severity.LOW) for i in range(1, 10_001)),
        accounts=(Account("dump.json", "111122223333", (*people, zoe), (), 0),),
    )
    text = as_markdown(found)

    assert len(text) <= 65_536
    assert "- 10,001 people\n- 1 locked out at first sign-in\n" in text
    assert re.search(r"Left out here: \d,\d\d\d findings", text)
    assert "Left out here: 10,001 people" in text


def test_long_tables_are_cut_in_a_terminal() -> None:
    """Of many people those with problems are shown, at most 50, and how many more there are."""
    people = [person(f"user{i:03}") for i in range(200)]
    people += [locked(f"locked{i:03}", f"policy {i}") for i in range(60)]
    account = Account("dump.json", "111122223333", tuple(people), (), 0)
    text = as_text(Audit(accounts=(account,)))

    assert len(re.findall("^locked", text, re.MULTILINE)) == MOST
    assert "user000" not in text
    assert "and 210 people more: see --format csv\n" in text


def locked(name: str, lockout: str, **changed: Any) -> Person:
    """Somebody without a device who cannot sign in."""
    given = {"first_login": "locked_out", "lockout": lockout, "has_device": False} | changed
    return person(name, **given)


def test_people_who_are_alike_share_a_row() -> None:
    """Of many people, those with the same verdicts and cause are a row, the worst first."""
    people = [person(f"a{i:03}", access_key_without_mfa="open") for i in range(200)]
    people += [locked(f"z{i:03}", "x") for i in range(60)]
    account = Account("dump.json", "111122223333", tuple(people), (), 0)
    text = as_text(Audit(accounts=(account,)))
    rows = [line.split("  ")[0] for line in text.splitlines() if line[:2] in ("a0", "z0")]

    assert rows == ["z000 and 59 more", "a000 and 199 more"]
    assert "people more" not in text


NO_SAY_ROW: Final[dict[str, str]] = {**NO_SAY}


def lockout_of(number: int) -> Record:
    return Record(f"z{number}.json", "identity", "", NO_SAY_ROW | {"first_login": "locked_out"})


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_worst_documents_come_first(form: str) -> None:
    """Among many policies no lockout is left out, and an ordinary Allow is nothing to look at."""
    plain = [Record(f"a{i}.json", "identity", "", NO_SAY_ROW, False) for i in range(190)]
    grants = NO_SAY_ROW | {"first_login": "open"}
    others = [Record(f"b{i}.json", "identity", "", grants) for i in range(60)]
    text = FORMATS[form](Audit(documents=(*plain, *others, *(lockout_of(i) for i in range(10)))))
    shown = re.findall(r"\b([abz]\d+)\.json", text)

    assert shown[:10] == [f"z{i}" for i in range(10)]
    assert not [name for name in shown if name.startswith("a")]
    assert "190 documents have no say in MFA or sign-in" in text
    assert text.count(OPEN) == 1


def test_what_open_means_is_said_where_it_is_seen() -> None:
    """The line on AdministratorAccess stands below tables that have an `open` of it, and only."""
    closed = NO_SAY_ROW | dict.fromkeys(["access_key_without_mfa", "console_without_mfa"], "denied")
    for verdicts, times in ((closed, 0), (NO_SAY_ROW, 1)):
        assert as_text(Audit(documents=(Record("a", "scp", "", verdicts),))).count(OPEN) == times
    trust = Record("a", "trust", "", {"trust_without_mfa": "open"})
    assert OPEN not in as_text(Audit(documents=(trust,)))


def test_a_hole_is_worse_than_no_deny() -> None:
    """A document that stops the console and not access keys comes before one that stops neither."""
    hole = NO_SAY_ROW | {"console_without_mfa": "denied"}

    assert weight(hole) > weight(NO_SAY_ROW) == 0
    assert weight(hole) < weight(NO_SAY_ROW | {"first_login": "locked_out"})
    assert weight({"trust_without_mfa": "open"}) > weight({"trust_without_mfa": "refused"}) == 0


def test_the_account_comes_before_its_documents() -> None:
    """Of an account people read the numbers first, then who, then documents, then findings."""
    text = as_text(audit())
    starts = ["dump.json: account", "NAME ", "ROLE ASSUMED", "DOCUMENT ", "-:1:1: critical"]

    assert text.startswith(starts[0])
    assert sorted(map(text.index, starts)) == list(map(text.index, starts))


def of_people(count: int, message: str = "cannot get past x") -> tuple[Finding, ...]:
    """Findings of the rule on people who are locked out."""
    return tuple(
        finding(rule="GEN090", line=i, document=f"user u{i:02}", sid="", message=message)
        for i in range(1, count + 1)
    )


def test_findings_of_people_with_one_cause_are_one() -> None:
    """In text and Markdown the people whom one policy locks out stand together; JSON has each."""
    other = of_people(1, "something else")
    found = Audit(findings=(*of_people(37), *other, finding(rule="GEN010", document="user u99")))
    text, page = as_text(found), as_markdown(found)

    assert text.count("GEN090") == page.count("GEN090") == 2
    assert "critical GEN090 37 users: cannot get past x\n  users: u01, u02, " in text
    assert "u20 and 17 more: see --format json\n  fix: " in text
    assert "user u01: something else" in text
    assert "<code>u20</code> and 17 more.\n  Fix: " in page
    assert "## Critical (39)" in page
    assert len(json.loads(as_json(found))["findings"]) == 39
    assert as_annotations(found).count("GEN090") == 38


def test_markdown_counts_the_findings_that_it_leaves_out() -> None:
    """A group that does not fit counts as many findings as it is."""
    text = as_markdown(Audit(findings=of_people(37)), "", 350)

    assert "Left out here: 37 findings" in text


@given(maybe, maybe, st.booleans(), st.sampled_from(["locked_out", "not_granted", "open"]))
def test_counts_agree_with_findings(
    has_password: bool | None, has_device: bool | None, known: bool, verdict: str
) -> None:
    """Who counts as locked out is who has a finding that says so, and the others are said apart."""
    credentials: dict[str, Any] = {"has_password": has_password, "has_device": has_device}
    member = Member(name="a", first_login=verdict, password_policy_known=known, **credentials)
    fired = {rule.id for rule in ACCOUNT_RULES for _ in rule.check(member)} & {"GEN090", "GEN095"}
    somebody = person("a", first_login=verdict, **credentials)
    found = counts(Account("d", "", (somebody,), (), 0, known))

    if verdict == "not_granted" and has_password is None:
        assert found.not_granted == (not has_device)
        assert found.locked_out == 0
    else:
        assert found.locked_out == len(fired)
    assert found.spared == (verdict == "locked_out" and not fired)
    assert found.never_allowed == (fired == {"GEN095"} and has_password is True)


def test_a_first_sign_in_that_nothing_allows_is_in_the_summary() -> None:
    """Known, it is a lockout; what would settle it is asked for where it is not known."""
    dave = person("dave", first_login="not_granted", has_password=True, has_device=False)
    erin = replace(dave, has_password=None, has_device=None)
    bob = locked("bob", "x", has_device=True)

    def said(known: bool, *people: Person) -> str:
        return as_text(Audit(accounts=(Account("d", "1", people, (), 0, known),)))

    assert "1 locked out at first sign-in, 1 of them because nothing lets" in said(True, dave)
    assert "0 locked out at first sign-in\n  1 whom no policy lets set" in said(False, dave)
    assert "give --password-policy" in said(False, dave)
    assert "1 whom nothing lets set a password: give --credential-report" in said(True, erin)
    assert "0 locked out at first sign-in\n  1 more whom a policy would lock" in said(False, bob)
    assert "x (has an MFA device)" in said(False, bob)


def test_csv_and_json_have_the_problems_of_people() -> None:
    """What the table calls PROBLEM is in both, the causes of a lockout too."""
    account = Account("d", "1", (locked("bob", "x", bypass="y", problems=("z",)),), (), 0)
    found = Audit(accounts=(account,))

    assert next(csv.DictReader(io.StringIO(as_csv(found))))["problems"] == "x; y; z"
    assert json.loads(as_json(found))["accounts"][0]["people"][0]["problems"] == ["x", "y", "z"]


@given(audits)
@settings(max_examples=60)
def test_text_is_plain_and_colour_changes_nothing_else(found: Audit) -> None:
    """Nothing from the input reaches the terminal as a code, and colours can be taken away."""
    plain, coloured = as_text(found), as_text(found, colour=True)

    assert "\x1b" not in plain
    assert click.unstyle(coloured) == plain


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_no_verdict_is_lost_in_a_narrow_terminal(width: int) -> None:
    """Rows that do not fit are folded: every word of a wide table is in a narrow one."""
    wide, narrow = as_text(audit()), as_text(audit(), width=width)

    assert set(re.findall(r"\w+", wide.upper())) == set(re.findall(r"\w+", narrow.upper()))
    for verdict in ("locked out", "denied: security-key; works:", "refused"):
        assert " ".join(narrow.split()).count(verdict) >= wide.count(verdict)
    assert any(
        line.startswith("policies/team.json:8:21: critical GEN010") for line in narrow.splitlines()
    )


@given(
    st.lists(st.lists(st.sampled_from(["a", "b c", "", "long-word"]), min_size=3, max_size=3)),
    st.integers(16, 60),
)
def test_columns_are_as_wide_as_asked_for(rows: list[list[str]], width: int) -> None:
    """Whatever the rows, no line is wider, and all cells are there in their order."""
    lines = columns([["ONE", "TWO", "THREE"], *rows], width)

    assert max(map(len, lines)) <= width
    words_ = re.sub(r"TWO: |THREE: |\s+", " ", " ".join(lines)).split()
    heads = 3 if lines[0].startswith("ONE  TWO") else None
    cells = [word for row in rows for cell in row for word in cell.split()]
    assert [w for w in words_[heads:] if w not in ("ONE", "TWO", "THREE")] == cells


@pytest.mark.parametrize(
    ("terminal", "no_color", "expected"),
    [
        (False, "", as_text(audit())),
        (True, "", as_text(audit(), colour=True, width=60)),
        (True, "1", as_text(audit(), width=60)),
    ],
)
def test_colour_is_for_terminals(
    terminal: bool, no_color: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piped, the text is whole and plain; NO_COLOR takes the colours away on a terminal too."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("COLUMNS", "60")

    assert on_terminal(audit()) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("policies/a.json", "policies/a.json"),
        ("./policies/../a.json", "a.json"),
        (f"{FOLDER}/x/a.json", "x/a.json"),
        ("/elsewhere/a.json", "outside/a.json"),
        ("../a.json", "outside/a.json"),
        (f"{FOLDER}-other/a.json", "outside/a.json"),
        ("-", "standard-input"),
    ],
)
def test_files_are_named_from_the_folder(file: str, expected: str) -> None:
    """A file inside the folder is named from there, one outside by its name."""
    assert relative(file, FOLDER) == expected


@given(st.text(min_size=1))
def test_addresses_of_sarif_are_the_file(name: str) -> None:
    """The address in SARIF, decoded, is the file."""
    found = Audit(findings=(finding(file=f"policies/{name}.json"),))
    result = json.loads(as_sarif(found, FOLDER))["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert unquote(uri) == relative(f"policies/{name}.json", FOLDER)


def test_numbers_do_not_tell_findings_apart() -> None:
    """A fingerprint has no numbers of the message in it."""
    one, other = (finding(message=f"6,145 of {n} characters") for n in (6, 700))

    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one).message == "N,N of N characters"


def made_up(source: str = "UG:page#part; API:AssumeRole; API:EnableMFADevice; a book") -> Rule:
    """A rule of the tests' own."""

    def check(_: object) -> tuple[()]:
        """A Deny | with `x|y` and <b>

        Why: because *this*.

        Fix: take `it` out.
        """
        return ()

    return Rule("GEN010", Severity.HIGH, check, source, confidence="medium")


def test_a_rule_is_shown_word_for_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule as text and as a page is tests/audit_formats/rule.*."""
    monkeypatch.setattr("generator.rules.show.EXAMPLES", SHOTS / "examples")
    shown = {"rule.txt": one_as_text(made_up()) + "\n", "rule.md": rules_as_markdown([made_up()])}

    assert shown == {name: (SHOTS / name).read_text(encoding="utf-8") for name in shown}


def test_every_rule_is_in_every_list() -> None:
    """Each rule has a line, an entry and a section, and its sources lead somewhere."""
    text, page = rules_as_text(RULES), rules_as_markdown(RULES)
    listed = json.loads(rules_as_json(RULES))["rules"]

    assert [line.split()[0] for line in text.splitlines()] == [rule.id for rule in RULES]
    assert [entry["id"] for entry in listed] == [rule.id for rule in RULES]
    assert [entry["id"] for entry in listed if not entry["links"]] == []
    assert re.findall(r'<a id="(.+)"></a>', page) == [rule.id.lower() for rule in RULES]


def test_examples_that_differ_a_lot_are_both_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diff longer than the examples says nothing; without examples there is no section."""
    monkeypatch.setattr("generator.rules.show.EXAMPLES", tmp_path)
    assert examples(made_up()) is None
    assert "Fires" not in one_as_text(made_up())

    (tmp_path / "GEN010").mkdir()
    for name, letter in (("fires.json", "a"), ("quiet.yaml", "b")):
        (tmp_path / "GEN010" / name).write_text(f"{letter}\n" * 40)
    page = rules_as_markdown([made_up()])

    assert page.count("```json") == 2
    assert "```diff" not in page


def test_long_examples_are_shown_by_what_differs() -> None:
    """Of examples that are whole accounts, the lines that differ are shown, and no base64."""
    for rule in ACCOUNT_RULES:
        shown = one_as_text(rule)

        assert "(-), and what does not (+)" in shown, rule.id
        assert len(shown.splitlines()) < 60, rule.id
        assert re.search(r"^    [-+] ", shown, re.MULTILINE), rule.id
        assert not re.search(r"[A-Za-z0-9+/]{80}", shown), rule.id
    assert "-      alice: mfa_active false\n    +      alice: mfa_active true" in one_as_text(
        ACCOUNT_RULES[1]
    )
    assert "\n     ...\n" in one_as_text(ACCOUNT_RULES[0])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("API:GetSessionToken", "/STS/latest/APIReference/API_GetSessionToken.html"),
        ("API:GetUser", "/IAM/latest/APIReference/API_GetUser.html"),
        ("SI:command-line-sign-in", "/signin/latest/userguide/command-line-sign-in.html"),
        ("UG:a#b", "/IAM/latest/UserGuide/a.html#b"),
    ],
)
def test_sources_lead_to_their_pages(source: str, expected: str) -> None:
    """Each prefix is one of AWS's guides."""
    assert [address for _, address in links(source)] == [f"https://docs.aws.amazon.com{expected}"]


def test_one_line_is_what_formats_rest_on() -> None:
    """Line breaks and terminal codes are shown, not sent."""
    assert one_line("a\n\x1b") == "a\\n\\x1b"


def blocks(language: str) -> list[str]:
    """The blocks of docs/audit.md in a language."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    """docs/audit.md: its policy, its suppressions and its commands, run, print what it says."""
    put(tmp_path, {"policies/force-mfa.json": blocks("json")[0]})
    first = run_gen("audit", "policies", cwd=tmp_path)
    (tmp_path / ".gen-audit.yaml").write_text(blocks("yaml")[0])
    second = run_gen("audit", "policies", cwd=tmp_path)

    assert (first.returncode, second.returncode) == (1, 1)
    assert [first.stdout, second.stdout] == blocks("text")

    write, use = (line.partition("#")[0].split()[1:] for line in blocks("sh")[1].splitlines())
    written, used = run_gen(*write, cwd=tmp_path), run_gen(*use, cwd=tmp_path)

    assert (written.returncode, written.stderr) == (0, "wrote audit-baseline.json: 2 findings\n")
    assert used.returncode == 0
    assert used.stdout.endswith(
        "1 document, 0 findings, 1 suppressed, 2 known from the baseline, 0 errors\n"
    )


def test_the_page_has_the_keys_of_json() -> None:
    """docs/audit.md names every key of the JSON, and no other."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    table = page.partition("| key | value |")[2].partition("\n\n")[0]
    shown = json.loads(as_json(audit()))
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)

    assert [name for name, _ in rows] == [name for name in shown if name != "version"]
    for name, of in rows:
        value = shown[name][0] if isinstance(shown[name], list) else shown[name]
        if isinstance(value, dict) and name not in ("suppressed", "notes"):
            assert re.findall(r"`(\w+)`", of)[: len(value)] == list(value), name


def test_the_page_has_the_columns_of_people() -> None:
    """docs/audit.md says of each column of the CSV, and of each key, what it is."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    table = page.partition("| of a person |")[2].partition("\n\n")[0]
    roles = page.partition("| of a role |")[2].partition("\n\n")[0]
    (account,) = json.loads(as_json(audit()))["accounts"]

    def first(text: str) -> list[str]:
        return [
            n
            for row in re.findall(r"^\| (`.*?) \|", text, re.M)
            for n in re.findall(r"`(\w+)`", row)
        ]

    assert first(table) == list(account["people"][0]) == list(HEADER[2:])
    assert first(roles) == list(account["roles"][0])


def test_no_password_policy_is_said_with_none(tmp_path: Path) -> None:
    """`--password-policy none` is an account without one; a file that is not there is an error."""
    dump = json.dumps(
        {"UserDetailList": [{"UserName": "d", "Arn": "arn:aws:iam::111122223333:user/d"}]}
    )
    put(tmp_path, {"d.json": dump})
    done = run_gen("audit", "d.json", "--password-policy", "none", cwd=tmp_path)
    other = run_gen("audit", "d.json", "--password-policy", "nowhere", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert "GEN095" in done.stdout
    assert other.returncode == 2


def test_an_allow_of_other_services_has_no_row(tmp_path: Path) -> None:
    """A policy without a say in MFA is counted; one with a finding in it keeps its row."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    put(
        tmp_path,
        {
            f"{name}.json": json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            for name, statement in (("a", allow), ("b", allow | {"Action": "s3:GetObjct"}))
        },
    )
    done = run_gen("audit", ".", cwd=tmp_path)

    assert "1 document has no say in MFA or sign-in\n" in done.stdout
    assert re.findall(r"^(\w)\.json  ", done.stdout, re.MULTILINE) == ["b"]


def test_the_workflow_of_the_page_runs_what_there_is(tmp_path: Path) -> None:
    """Each `gen` that the page's workflow runs is a command that gen understands."""
    put(tmp_path, {"policies/force-mfa.json": blocks("json")[0]})
    commands = re.findall(r"- run: gen (.*?)(?: >.*)?$", blocks("yaml")[1], re.MULTILINE)
    codes = [run_gen(*command.split(), cwd=tmp_path).returncode for command in commands]

    assert codes == [0, 0, 1]
