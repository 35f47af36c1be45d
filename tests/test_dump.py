"""Account dumps as they come: pages, encodings, pieces, and all that can be wrong with one."""

import base64
import copy
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.account.audit import AuditedDump, audit_dump
from generator.audit.judge import Judge
from generator.errors import GenError
from generator.grammar import loads
from generator.inputs.credential_report import read_credential_report
from generator.inputs.dump import elements, looks_like_dump
from generator.positions import Positions
from tests.strategies import mutated

DUMPS = Path(__file__).parent / "dumps"
TEAM = (DUMPS / "team.json").read_text(encoding="utf-8")
REPORT = (DUMPS / "report.csv").read_text(encoding="utf-8")
# Short enough to be tried with windows of a few bytes.
SMALL = json.dumps(
    {
        "UserDetailList": [{"UserName": "ä", "Arn": "\U0001f600", "n": [12, 1.50, True, {}]}],
        "Policies": [{"a": "}]"}, {"b": '\\"'}],
        "IsTruncated": False,
        "Marker": 123456,
    },
    indent=2,
    ensure_ascii=False,
)


def read(text: str, chunk: int = 1 << 20) -> list[Any]:
    return list(elements(io.BytesIO(text.encode()), "x", chunk=chunk))


def audited(text: str | bytes, **options: Any) -> AuditedDump:
    found = audit_dump(
        io.BytesIO(text.encode() if isinstance(text, str) else text), label="d", **options
    )
    found.close()
    return found


@given(st.integers(1, 300))
def test_reading_in_pieces_is_reading_at_once(chunk: int) -> None:
    """
    However small the window, the elements and their places are those of the whole text.
    """
    assert read(SMALL, chunk) == read(SMALL)


@given(st.integers(30, 4000))
@settings(max_examples=15)
def test_elements_are_what_json_reads(chunk: int) -> None:
    """
    Streaming yields what `json.load` has, and each element stands where its bytes say.
    """
    raw, data = TEAM.encode(), loads(TEAM)
    found: dict[str, list[Any]] = {name: [] for name in data}
    for e in read(TEAM, chunk):
        if e.listed:
            text = raw[e.start : e.start + e.size].decode()
            assert loads(text) == e.value
            place = (e.name, len(found[e.name]))
            assert Positions(TEAM).mark(place) == (e.line, e.column)
            found[e.name].append(e.value)

    assert found == data


def test_every_document_stands_where_it_is_said_to() -> None:
    """
    The place of every statement of every document is its place in the file.
    """
    data, marks = json.loads(TEAM), Positions(TEAM)
    places = {
        "user carol, inline policy OwnPassword": (
            *("UserDetailList", 2, "UserPolicyList", 0),
            "PolicyDocument",
        ),
        "role build, inline policy ReadReports": (
            *("RoleDetailList", 2, "RolePolicyList", 0),
            "PolicyDocument",
        ),
        "role operate, trust policy": ("RoleDetailList", 1, "AssumeRolePolicyDocument"),
        "policy team/ForceMfa": ("Policies", 0, "PolicyVersionList", 0, "Document"),
    }
    with audit_dump(DUMPS / "team.json") as found:
        documents = {d.name: d for d in found.documents()}
        for name, place in places.items():
            value = data
            for key in place:
                value = value[key]
            assert documents[name].data == value
            for i in range(len(value["Statement"])):
                where = documents[name].locate(("Statement", i, "Effect"), on_key=True)
                assert where == marks.mark((*place, "Statement", i, "Effect"), key=True)
    assert documents.keys() >= places.keys()


def test_kinds_and_holders_of_documents() -> None:
    """
    A managed policy is held by all it is attached to; one that only limits people is a boundary;
    what is AWS's own is nobody's to change.
    """
    with audit_dump(DUMPS / "team.json") as found:
        kinds = {d.name: (d.kind, sorted(d.holders), d.form) for d in found.documents()}

    assert kinds["policy Servers"] == ("identity", ["group", "role"], "managed")
    assert kinds["policy team/Limit"] == ("boundary", [], "managed")
    assert kinds["group operators, inline policy ReadReports"] == ("identity", ["group"], "inline")
    assert kinds["role deploy, trust policy"] == ("trust", ["role"], "")
    assert not any("AdministratorAccess" in name for name in kinds)


def test_documents_that_say_the_same_are_one() -> None:
    """
    Four inline policies with the same document share their data, so that it is judged once.
    """
    with audit_dump(DUMPS / "team.json") as found:
        same = [d.data for d in found.documents() if d.name.endswith("inline policy ReadReports")]

    assert len(same) == 4
    assert {id(data) for data in same} == {id(same[0])}


def encoded(data: Any) -> Any:
    """A dump as the API has it: documents as URL-encoded text."""
    if isinstance(data, dict):
        return {
            k: (
                quote(json.dumps(v), safe="")
                if k.endswith("Document") and isinstance(v, dict)
                else encoded(v)
            )
            for k, v in data.items()
        }
    return [encoded(item) for item in data] if isinstance(data, list) else data


def test_documents_may_be_url_encoded() -> None:
    """
    A dump with documents as the API encodes them comes to the same, found where the text is.
    """
    plain, raw = json.loads(TEAM), json.dumps(encoded(json.loads(TEAM)), indent=1)
    first, second = audited(TEAM), audited(raw)

    assert [r.member for r in first.rows] == [r.member for r in second.rows]
    assert first.roles == second.roles
    with audit_dump(io.BytesIO(raw.encode()), label="d") as found:
        document = next(d for d in found.documents() if d.name == "policy Servers")
        assert document.data == plain["Policies"][2]["PolicyVersionList"][0]["Document"]
        place = ("Policies", 2, "PolicyVersionList", 0, "Document")
        assert document.locate(("Statement", 0)) == Positions(raw).mark(place)


def pages() -> list[dict[str, Any]]:
    data = json.loads(TEAM)
    return [
        {"UserDetailList": data["UserDetailList"][:3], "IsTruncated": True, "Marker": "x"},
        {"UserDetailList": data["UserDetailList"][3:], "IsTruncated": True, "Marker": "y"},
        {k: v for k, v in data.items() if k != "UserDetailList"} | {"IsTruncated": False},
    ]


@pytest.mark.parametrize("as_list", [False, True], ids=["in a row", "a list"])
def test_pages_are_one_account(as_list: bool) -> None:
    """
    The pages of a dump, in a row or in a list, are the account as a whole.
    """
    each = pages()
    found = audited(json.dumps(each) if as_list else "\n".join(map(json.dumps, each)))

    assert not found.errors
    assert [r.member for r in found.rows] == [r.member for r in audited(TEAM).rows]


def test_a_part_is_called_a_part() -> None:
    """
    Where more pages follow and are not there, that is an error, and what is there is judged.
    """
    found = audited("\n".join(map(json.dumps, pages()[:2])))

    assert len(found.rows) == 6
    assert [e.problem for e in found.errors] == [
        "only a part of the account is here: `IsTruncated` says that more pages follow"
    ]
    assert found.rows[0].member.first_login == "not_judged"
    assert found.rows[0].problems == ("group developers is not in the dump",)


@given(st.integers(1, len(TEAM) - 2))
@settings(max_examples=60)
def test_a_truncated_file_is_audited_up_to_its_end(end: int) -> None:
    """
    A file that breaks off anywhere is one error with a place, beside what stands before it.
    """
    found = audited(TEAM[:end])

    assert found.errors
    where = found.errors[0].where
    assert where is not None
    lines = TEAM[:end].split("\n")
    assert 1 <= where.line <= len(lines)
    whole = json.loads(TEAM)["UserDetailList"]
    assert {r.user.name for r in found.rows} <= {u["UserName"] for u in whole}


def test_broken_json_is_found_at_its_place() -> None:
    """
    A comma too many is named with line and column; what stands before it is kept.
    """
    broken = TEAM.replace('"GroupDetailList": [', '"GroupDetailList": [,', 1)
    found = audited(broken)
    line = broken[: broken.index("[,")].count("\n") + 1

    assert len(found.rows) == 6
    assert str(found.errors[0]).startswith(f"d:{line}:")
    assert found.errors[0].problem == "not valid JSON: expecting value"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "a page of a dump is a JSON object"),
        ('{"UserDetailList": 1}', "`UserDetailList` is not a list"),
        ('{"UserDetailList": [1]}', "an element of `UserDetailList` is not an object"),
        ('{"UserDetailList": [{}]}', "an element of `UserDetailList` has no `UserName`"),
        ('{"a": NaN}', "not valid JSON: naN is not JSON"),
        ('{"a" 1}', "not valid JSON: `:` is missing"),
        ('{"a": 1,}', "not valid JSON: a comma before the closing bracket"),
        ('{"a": 1', "not valid JSON: `,` is missing: the file ends here"),
        ('{"a": ' + "[" * 100_000, "nested too deeply to be a dump"),
        (b'{"a": "\xff"}', "not UTF-8 text"),
    ],
)
def test_what_is_wrong_is_said(text: str | bytes, problem: str) -> None:
    """
    Every mistake has its sentence and a place.
    """
    found = audited(text)

    assert [e.problem for e in found.errors] == [problem]
    assert found.errors[0].where is not None


def test_other_accounts_and_repeated_users_are_refused() -> None:
    """
    Users of a second account, and a page given twice, are errors; the first ones count.
    """
    other = TEAM.replace("111122223333", "444455556666")

    assert "is of another account" in audited(TEAM + other).errors[0].problem
    assert "stands there twice" in audited(TEAM + TEAM).errors[0].problem
    assert len(audited(TEAM + other).rows) == len(audited(TEAM).rows)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    """
    What editors and PowerShell put before a text changes nothing, nor where things stand.
    """
    found = audited(TEAM.encode(encoding))

    assert not found.errors
    assert [r.user.at.line for r in found.rows] == [r.user.at.line for r in audited(TEAM).rows]


def test_progress_ends_with_all_bytes() -> None:
    """
    The progress that is told only grows, and ends with the size of the file.
    """
    told: list[int] = []
    audited(TEAM, progress=told.append, chunk=1000)

    assert told == sorted(told)
    assert told[-1] == len(TEAM.encode())
    assert len(told) > 10


def test_a_file_that_is_not_there() -> None:
    """
    A file that cannot be opened is an error that names it.
    """
    with pytest.raises(GenError, match="cannot read it: No such file") as caught:
        audit_dump(DUMPS / "nowhere.json")
    assert str(caught.value.where).endswith("nowhere.json")


def test_dumps_are_told_from_other_json() -> None:
    """
    A dump is known by its beginning; policies and other output are none.
    """
    assert looks_like_dump(TEAM[:4000])
    assert looks_like_dump("\ufeff[" + TEAM[:200])
    assert not looks_like_dump('{"Version": "2012-10-17", "Statement": []}')
    assert not looks_like_dump("UserDetailList: []")


@given(st.data())
@settings(max_examples=150)
def test_bent_dumps_are_findings_or_errors(data: st.DataObject) -> None:
    """
    Whatever is dropped, replaced or bent in a dump, it comes to rows and errors, never a crash.
    """
    bent = mutated(json.loads(TEAM), data)
    with audit_dump(io.BytesIO(json.dumps(bent).encode()), label="d") as found:
        judge = Judge()
        for document in found.documents():
            assert judge.judge(document).found is document
        for error in found.errors:
            assert isinstance(error, GenError)
            assert error.problem
        names = [u.get("UserName") for u in users_of(bent) if isinstance(u, dict)]
        assert all(row.user.name in names for row in found.rows)


def users_of(data: Any) -> list[Any]:
    """The users of a dump, or of a list of pages, as far as there are any."""
    if isinstance(data, list):
        return [user for page in data for user in users_of(page)]
    found = data.get("UserDetailList") if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


@given(
    st.integers(0, len(TEAM)),
    st.integers(0, 200),
    st.sampled_from(["", '"', "{", "]", "0", "\x00"]),
)
@settings(max_examples=100)
def test_sliced_dumps_never_crash(start: int, size: int, instead: str) -> None:
    """
    A dump with a slice cut out, or something else there, comes to rows and errors.
    """
    text = TEAM[:start] + instead + TEAM[start + size :]
    found = audited(text)

    assert found.errors or json.loads(text)


def test_credential_report_in_every_form() -> None:
    """
    CSV, JSON with the CSV in base64, and that JSON as a further page of the dump are the same.
    """
    as_json = (DUMPS / "report.json").read_text(encoding="utf-8")
    first = audited(TEAM, credential_report=(REPORT, "r"))
    second = audited(TEAM, credential_report=(as_json, "r"))
    third = audited(TEAM + as_json)

    assert not [*first.errors, *second.errors, *third.errors]
    members = [[r.member for r in found.rows] for found in (first, second, third)]
    assert members[0] == members[1] == members[2]
    assert [m.has_device for m in members[0]] == [False, False, False, True, False, False]
    assert [m.password_used for m in members[0]] == [False, True, None, True, None, True]
    assert [f.rule for f in third.findings] == [f.rule for f in second.findings if f]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a credential report has a column `user`"),
        ("user,arn,password_enabled\n", "a credential report has a column `mfa_active`"),
        (REPORT.splitlines()[0], "the credential report is empty"),
        (REPORT.replace("arn:aws:iam::1", "x", 1), "a row has no ARN"),
        (
            REPORT.replace("111122223333", "444455556666", 1),
            "the credential report is of more than",
        ),
        ('{"Content": "%"}', "`Content` of the credential report is not base64"),
        ('{"Content": 1}', "a credential report has its CSV in `Content`"),
        ('{"Content', "not valid JSON"),
        (REPORT + '"' + "x" * 200_000, "not valid CSV"),
    ],
)
def test_wrong_credential_reports(text: str, problem: str) -> None:
    """
    What is wrong with a report is said; nothing of its rows is repeated.
    """
    with pytest.raises(GenError) as caught:
        read_credential_report(text, "report.csv")
    assert caught.value.problem.startswith(problem)
    assert "alice" not in str(caught.value)


def test_report_of_another_account() -> None:
    """
    A report of another account is an error, and tells nothing of these users.
    """
    other = REPORT.replace("111122223333", "444455556666")
    found = audited(TEAM, credential_report=(other, "report.csv"))

    assert "the credential report is of account 444455556666" in found.errors[0].problem
    assert {r.member.has_device for r in found.rows} == {None}


def test_root_user_without_mfa() -> None:
    """
    The root user's row of a report is a finding at its line, if there is no device.
    """
    found = audited(TEAM, credential_report=(REPORT, "report.csv"))
    line = REPORT.splitlines().index(next(x for x in REPORT.splitlines() if "<root" in x)) + 1

    assert [(f.file, f.line) for f in found.findings if f.rule == "GEN094"] == [
        ("report.csv", line)
    ]
    quiet = REPORT.replace(",false,", ",true,", 1)
    again = audited(TEAM, credential_report=(quiet, "report.csv"))
    assert "GEN094" not in {f.rule for f in again.findings}


@pytest.mark.parametrize("inside", [False, True], ids=["a file", "a further page"])
def test_password_policy_grants(inside: bool) -> None:
    """
    AllowUsersToChangePassword makes `not_granted` open, and rescues nobody from a Deny.
    """
    text = json.dumps({"PasswordPolicy": {"AllowUsersToChangePassword": True, "New": 1}})
    found = audited(TEAM + text) if inside else audited(TEAM, password_policy=(text, "p.json"))
    verdicts = {r.member.name: r.member.first_login for r in found.rows}

    assert not found.errors
    assert verdicts["alice"] == "locked_out"
    assert verdicts["bob"] == verdicts["dave"] == "open"


def test_wrong_password_policy() -> None:
    """
    A password policy that is none is an error that names the file.
    """
    for text in ("[]", '{"PasswordPolicy": 1}', '{"AllowUsersToChangePassword": "x"}', "{"):
        found = audited(TEAM, password_policy=(text, "p.json"))
        assert found.errors[0].problem.startswith("not a password policy")
        assert str(found.errors[0].where) == "p.json"


def test_report_content_is_never_shown() -> None:
    """
    The text of a report that cannot be read is not in the error.
    """
    text = base64.b64encode(b"user,arn\nsecret,x\n").decode()
    page = json.dumps({"Content": text, "ReportFormat": "text/csv"})
    found = audited(TEAM + page)

    assert len(found.errors) == 1
    assert "secret" not in str(found.errors[0])
    assert text not in str(found.errors[0])


def test_versions_that_are_not_the_default_do_not_count() -> None:
    """
    Only the default version of a managed policy is judged, wherever it stands in the list.
    """
    data = json.loads(TEAM)
    reversed_ = copy.deepcopy(data)
    reversed_["Policies"][0]["PolicyVersionList"].reverse()
    first, second = audited(TEAM), audited(json.dumps(reversed_))

    assert [r.member for r in first.rows] == [r.member for r in second.rows]
