"""Whatever people have comes to documents at their places, or to a message that says what is wrong.

Samples are files: `inputs/ok`, and `inputs/bad` with the message of each beside it.
"""

import io
import json
import os
import random
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.audit.judge import judge
from generator.errors import GenError, MachineError
from generator.found import Found
from generator.grammar import is_number
from generator.inputs import files, json_text, read
from generator.inputs.files import documents
from generator.inputs.intrinsics import Template
from generator.inputs.items import Dump, Item, ReportFile, Skipped
from generator.inputs.stand_ins import told
from generator.inputs.yaml_text import parse as parse_yaml
from generator.positions import Place
from tests.support import ROOT, bound_by_permissions, run_gen

SAMPLES: Final = ROOT / "tests" / "inputs"
OK: Final = SAMPLES / "ok"
BAD: Final = sorted(path for path in (SAMPLES / "bad").iterdir() if path.suffix != ".txt")
ALL: Final = [path for folder in ("ok", "bad") for path in sorted((SAMPLES / folder).iterdir())]


def items(*names: str, **how: Any) -> list[Item]:
    return list(documents([str(OK / name) for name in names], **how))


def found(name: str, **how: Any) -> list[Found]:
    """The documents of a sample that has nothing else in it."""
    came = items(name, **how)
    assert all(isinstance(item, Found) for item in came), came
    return [item for item in came if isinstance(item, Found)]


def file_of(item: Item) -> str:
    if not isinstance(item, GenError):
        return item.file
    assert item.where
    return item.where.path


def text_at(one: Found, place: Place, *, key: bool = False) -> str:
    """The line of the file that a place of a document is on, from its column."""
    line, column = one.locate(place, key)
    return Path(one.file).read_text("utf-8").split("\n")[line - 1][column - 1 :]


FORMS: Final = {
    "create-policy-input.json": [("identity", "policy Mfa", (), "managed", 3, 23)],
    "describe-policy.json": [("scp", "policy DenyWithoutMfa", (), "", 9, 20)],
    "describe-rcp.json": [("rcp", "policy DenyWithoutMfa", (), "", 9, 20)],
    "encoded.txt": [("identity", "", (), "", 1, 1)],
    "get-group-policy.json": [
        ("identity", "group developers, inline policy Mfa", ("group",), "inline", 4, 23)
    ],
    "get-policy-version.json": [("identity", "", (), "managed", 3, 21)],
    "get-role-policy.json": [
        ("identity", "role admin, inline policy Mfa", ("role",), "inline", 4, 23)
    ],
    "get-role.json": [("trust", "role admin, trust policy", (), "", 6, 37)],
    "get-user-policy.json": [
        ("identity", "user alice, inline policy Mfa", ("user",), "inline", 4, 23)
    ],
    "identity.json": [("identity", "", (), "", 1, 1)],
    "identity.yaml": [("identity", "", (), "", 2, 1)],
    "list-roles.json": [
        ("trust", "role a, trust policy", (), "", 3, 55),
        ("trust", "role b, trust policy", (), "", 5, 55),
    ],
    "list.json": [("identity", "[0]", (), "", 2, 3), ("identity", "[1]", (), "", 3, 3)],
    "plan.tfplan.json": [
        ("identity", "aws_iam_policy.mfa", (), "managed", 14, 23),
        ("identity", "aws_iam_group_policy.later", ("group",), "inline", 22, 21),
        ("trust", "module.team.aws_iam_role.admin[0], trust policy", (), "", 43, 39),
        (
            "identity",
            "module.team.aws_iam_role.admin[0], inline policy read",
            ("role",),
            "inline",
            47,
            31,
        ),
        ("scp", "module.team.aws_organizations_policy.guard", (), "", 59, 28),
    ],
    "resource.json": [("resource", "", (), "", 1, 1)],
    "serverless.yml": [
        ("identity", "resources.Resources.Readers.Properties.PolicyDocument", (), "", 8, 11)
    ],
    "state.json": [
        ("identity", "aws_iam_user_policy.own", ("user",), "inline", 13, 23),
        ("identity", "aws_iam_policy.china", (), "managed", 24, 23),
    ],
    "template.json": [("identity", "Mfa", ("user",), "inline", 8, 27)],
    "template.yaml": [
        ("identity", "ForceMfa", ("group",), "managed", 16, 9),
        ("identity", "Developers, inline policy read", ("group",), "inline", 34, 13),
        ("trust", "Admin, trust policy", (), "", 51, 9),
        ("identity", "Alice, inline policy own", ("user",), "inline", 68, 17),
        ("identity", "Included", ("role",), "inline", 77, 9),
        ("scp", "Guard", (), "", 83, 16),
        ("identity", "Function, Policies[0]", (), "", 96, 11),
    ],
    "trust.json": [("trust", "", (), "", 1, 1)],
    "twice.json": [("identity", "", (), "", 1, 1)],
}
NO_DOCUMENTS: Final = {
    "credential-report.csv": ReportFile,
    "dump-last.json": Dump,
    "dump.json": Dump,
    "get-credential-report.json": ReportFile,
}


@pytest.mark.parametrize("name", sorted(path.name for path in OK.iterdir()))
def test_every_form_comes_to_its_documents(name: str) -> None:
    """Each document of a sample has its kind, name, holders and place."""
    if name in NO_DOCUMENTS:
        assert [type(item) for item in items(name)] == [NO_DOCUMENTS[name]]
        return
    rows = [
        (one.kind, one.name, tuple(one.holders), one.form, *one.locate(())) for one in found(name)
    ]

    assert FORMS[name] == rows


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_what_cannot_be_read_is_told_word_for_word(path: Path) -> None:
    """The message of every broken file is the text beside it."""
    said = "".join(f"{item}\n" for item in documents([str(path)]))

    assert said.replace(f"{path.parent}/", "") == Path(f"{path}.txt").read_text("utf-8")


def test_places_are_where_the_text_is() -> None:
    """Line and column of a value, and of its key, in JSON and in YAML, behind wide characters."""
    [plain], [yaml, *_] = found("identity.json"), found("template.yaml")
    flag: Place = ("BoolIfExists", "aws:MultiFactorAuthPresent")

    assert text_at(plain, ("Statement", 0, "NotAction", 1)) == '"iam:GetUser"],'
    assert text_at(plain, ("Statement", 0, "Condition", *flag), key=True).startswith('"aws:Multi')
    assert text_at(yaml, ("Statement", 0, "Resource")).startswith('!Sub "arn:${AWS::Partition}')
    assert text_at(yaml, ("Statement", 1, "Condition", *flag)) == "false}"
    assert text_at(yaml, ("Statement", 1), key=False) == "Sid: WithoutMfa"
    assert text_at(yaml, ("Statement", 1, "Effect"), key=True) == "Effect: Deny"


def test_spans_of_yaml_are_the_values() -> None:
    """The text of a plain scalar's span is the scalar; a block ends where its last value does."""
    text = (OK / "template.yaml").read_text("utf-8")
    spans = parse_yaml(text, "").source()
    group = ("Resources", "Developers", "Properties", "Policies", 0)

    def span(place: Place) -> str:
        start, end = spans.values[place]
        return text[start:end]

    assert span(("Description",)) == "Everything a template can say of policies. ✓"
    assert span((*group, "PolicyName")) == "read"
    assert span(group).endswith("!Ref AWS::NoValue]")
    assert span((*group, "PolicyDocument", "Statement", 0, "Resource")) == "!Ref Buckets"


def test_a_key_that_stands_twice_is_remarked_on_at_the_later_one() -> None:
    """The data has the last value, and the remark is where that one is."""
    [one] = found("twice.json")
    [remark] = one.remarks

    assert remark.rule == "GEN002"
    assert one.locate(remark.place, True) == (10, 9)
    assert one.data["Statement"][0]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "false"}
    }


def test_equal_keys_below_a_key_that_stands_twice_are_not_twice() -> None:
    """`x` stands once in each object, though both objects have one place."""
    assert json_text.parse('{"a": {"x": 1}, "a": {"x": 2}}', "").twice == (("a",),)


def test_a_key_twice_in_yaml_and_in_embedded_text(tmp_path: Path) -> None:
    """YAML says so at the later key, and a text in JSON at the text."""
    path = tmp_path / "p.yaml"
    path.write_text("Statement:\n- Effect: Deny\n  Action: '*'\n  Effect: Allow\n")
    [one] = documents([str(path)])
    [other] = found("create-policy-input.json")

    assert isinstance(one, Found)
    assert one.locate(one.remarks[0].place, True) == (4, 3)
    assert [r.place for r in other.remarks] == [("Statement", 0, "Resource")]
    assert other.locate(other.remarks[0].place, True) == (3, 23)


def test_numbers_keep_their_digits() -> None:
    """A number of JSON is its own digits; a scalar of YAML is text, true, false or null."""
    big = "123456789012345678901234567890.10"
    [yaml] = found("identity.yaml")
    condition = yaml.data["Statement"][0]["Condition"]

    assert (data := json_text.parse(big, "").data) == big
    assert is_number(data)
    assert yaml.data["Version"] == "2012-10-17"
    assert condition["NumericGreaterThan"] == {"aws:MultiFactorAuthAge": "3600"}
    assert condition["Bool"] == {"aws:MultiFactorAuthPresent": True}


def test_functions_come_to_what_the_template_says() -> None:
    """Pseudo parameters, defaults, names and ARNs of the template's own IAM resources."""
    own, groups, trust, user, *_ = found("template.yaml")
    allow, put = groups.data["Statement"]

    assert own.data["Statement"][0]["Resource"] == "arn:aws:iam::111122223333:user/${aws:username}"
    assert allow["Resource"] == ["arn:aws:s3:::a", "arn:aws:s3:::b"]
    assert put["Resource"] == ["arn:aws:s3:::team/*", "unknown", "unknown/x"]
    assert trust.data["Statement"][0]["Principal"] == {
        "AWS": "arn:aws:iam::111122223333:user/alice-team"
    }
    assert user.data["Statement"]["Resource"] == "arn:aws:iam::111122223333:role/team/Admin"


def test_what_is_not_known_is_said_and_nothing_is_made_of_it() -> None:
    """A text stands in only where any text may; elsewhere the function stays as it is."""
    _, groups, trust, _, included, *_ = found("template.yaml")
    [mfa] = found("template.json")

    assert groups.not_read == (
        ("Statement", 1, "Resource", 1),
        ("Statement", 1, "Resource", 2),
        ("Statement", 1, "Condition"),
    )
    assert "Fn::If" in groups.data["Statement"][1]["Condition"]
    assert trust.not_read == (("Statement", 0, "Condition", "StringEquals", "aws:PrincipalOrgID"),)
    assert included.not_read == ((),)
    assert mfa.data["Statement"][0]["Action"] == {"Fn::If": ["A", "*", "iam:*"]}
    assert mfa.data["Statement"][0]["Resource"] == "arn:aws:iam::111122223333:mfa/*"
    assert mfa.not_read == (("Statement", 0, "Action"), ("Statement", 0, "Resource"))


@pytest.mark.parametrize(
    ("value", "comes_to"),
    [
        ({"Ref": "AWS::StackName"}, None),
        ({"Ref": "Secret"}, None),
        ({"Ref": "Stored"}, None),
        ({"Ref": "Switch"}, "true"),
        ({"Ref": "Named"}, "named"),
        ({"Ref": "Loop"}, None),
        ({"Ref": "Policy"}, "arn:aws:iam::111122223333:policy/Policy"),
        ({"Fn::GetAtt": "Named.Arn"}, "arn:aws:iam::111122223333:role/named"),
        ({"Fn::GetAtt": ["Named", "RoleId"]}, None),
        (
            {"Fn::Sub": "${Policy}-${!aws:username}"},
            "arn:aws:iam::111122223333:policy/Policy-${aws:username}",
        ),
        ({"Fn::Sub": ["${a}", {"a": {"Ref": "Switch"}}]}, "true"),
        ({"Fn::Join": [",", ["a", {"Ref": "Switch"}]]}, "a,true"),
        ({"Fn::Join": [",", {"Ref": "Switch"}]}, None),
        ({"Fn::Select": [0, ["a"]]}, None),
        ({"Fn::Sub": "a", "Effect": "Allow"}, None),
    ],
)
def test_a_function(value: Any, comes_to: str | None) -> None:
    """A secret's default is not read, nor the name of a stored parameter taken for its value."""
    template = Template(
        {
            "Parameters": {
                "Secret": {"Type": "String", "NoEcho": "true", "Default": "hush"},
                "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/b"},
                "Switch": {"Type": "String", "Default": True},
            },
            "Resources": {
                "Named": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "named"}},
                "Loop": {"Type": "AWS::IAM::User", "Properties": {"UserName": {"Ref": "Loop"}}},
                "Policy": {"Type": "AWS::IAM::ManagedPolicy"},
            },
        }
    )
    came = template.value(value)

    assert (came.value if came.known else None) == comes_to


@pytest.mark.parametrize("name", ["Bucket", "Given", "Group"])
def test_a_name_in_place_of_a_document_is_not_known(name: str, tmp_path: Path) -> None:
    """One branch of a choice is a document, the other refers to something: that one is not read,
    and nothing is wrong with the template."""
    document = {"Version": "2012-10-17", "Statement": []}
    path = tmp_path / "t.json"
    policy = {"PolicyDocument": {"Fn::If": ["X", document, {"Ref": name}]}}
    template = {
        "Parameters": {"Given": {"Type": "String", "Default": "none"}},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Group": {"Type": "AWS::IAM::Group"},
            "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy},
        },
    }
    path.write_text(json.dumps(template))

    read_, unknown = documents([str(path)])

    assert isinstance(read_, Found)
    assert isinstance(unknown, Found)
    assert (read_.not_read, unknown.not_read) == ((), ((),))
    assert "GEN001" in {finding.rule for finding in judge(unknown).findings}


def test_messages_do_not_name_the_account_that_stands_in(tmp_path: Path) -> None:
    """Of a template they have its parameters; an account that people wrote themselves stays."""
    arn = "`arn:aws:iam::111122223333:user/x` of account 111122223333"
    sub = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"

    def one(principal: Any) -> Found:
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        document = {"Statement": [statement]}
        properties = {"AssumeRolePolicyDocument": document}
        role = {"Type": "AWS::IAM::Role", "Properties": properties}
        template = {"Resources": {"R": role}} if isinstance(principal, dict) else document
        (tmp_path / "t.json").write_text(json.dumps(template))
        [item] = documents([str(tmp_path / "t.json")])
        assert isinstance(item, Found)
        return item

    there = "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/x"
    assert told(one({"Fn::Sub": sub}), arn) == f"`{there}` of account ${{AWS::AccountId}}"
    assert told(one("arn:aws:iam::111122223333:root"), arn) == arn
    assert told(one("*"), "of account 111122223333") == "of the account"


def test_a_text_does_not_double_for_ever() -> None:
    """A function in a function in a function ends at a length that no policy has."""
    value: Any = "x" * 100
    for _ in range(40):
        value = {"Fn::Sub": ["${a}${a}", {"a": value}]}

    came = Template({}).value(value)

    assert not came.known
    assert len(came.value) < 1000


def test_a_plan_says_what_is_known_after_apply() -> None:
    """It is a document that was not read, not one that is not there; `later` has `policy: true`."""
    later = found("plan.tfplan.json")[1]

    assert (later.name, later.not_read) == ("aws_iam_group_policy.later", ((),))
    assert judge(later).verdicts == dict.fromkeys(judge(later).verdicts, "not_judged")


def test_a_resource_that_exists_says_its_account() -> None:
    """The partition and account are those of the resource's own ARN."""
    own, china = found("state.json")

    assert (own.partition, own.account) == ("", "")
    assert (china.partition, china.account) == ("aws-cn", "444455556666")


@pytest.mark.parametrize(
    "text",
    [
        '{"format_version": "1.0"}',
        '{"format_version": "1.2", "planned_values": {"root_module": {}}}',
        '{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}',
        '{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}',
    ],
)
def test_a_plan_or_template_without_policies_is_no_error(text: str, tmp_path: Path) -> None:
    """Most of them have none, and are audited all the same."""
    path = tmp_path / "x.json"
    path.write_text(text)

    assert list(documents([str(path)])) == [Skipped(str(path))]


def test_a_directory_has_its_files_in_order_and_leaves_out_what_is_not_ours() -> None:
    """Sorted by path; hidden ones, `node_modules` and notes are not read at all."""
    folder = SAMPLES / "directory"
    came = [(type(item).__name__, Path(file_of(item)).name) for item in documents([str(folder)])]

    assert came == [
        ("GenError", "broken.json"),
        ("Skipped", "chart.yaml"),
        ("Found", "a.json"),
        ("Skipped", "package.json"),
        ("GenError", "settings.json"),
        ("Skipped", "table.csv"),
        ("Found", "z.template"),
    ]


def test_a_directory_without_policies_is_an_error(tmp_path: Path) -> None:
    """Nothing to audit would look like nothing to find."""
    (tmp_path / "package.json").write_text("{}")
    came = [str(item) for item in documents([str(tmp_path)])]

    assert came[-1] == (
        f"{tmp_path}: holds no policy\n"
        "  hint: in a directory *.json, *.yaml, *.yml, *.template, *.csv are read"
    )
    assert len(came) == 2


def test_a_file_is_read_once_and_named_beats_found() -> None:
    """A file of a directory that is named, too, has to hold a policy."""
    folder = SAMPLES / "directory"
    came = list(documents([str(folder / "package.json"), str(folder), str(folder)]))
    other = list(documents([str(folder), str(folder / "package.json")]))

    assert len(came) == len(other) == 7
    assert sum(isinstance(item, Skipped) for item in came) == 2
    assert isinstance(came[0], GenError)
    assert sum(isinstance(item, GenError) for item in other) == 3


def test_a_person_says_what_is_an_scp() -> None:
    """An SCP looks like any policy; what stands in a user is the user's all the same."""
    [plain] = found("identity.json", scps=[str(OK / "identity.json")])
    also = items("identity.json", scps=[str(OK / "list.json"), str(OK / "get-user-policy.json")])

    assert plain.kind == "scp"
    assert [one.kind for one in also if isinstance(one, Found)] == [
        "identity",
        "scp",
        "scp",
        "identity",
    ]


def test_a_draft_that_was_fetched_as_a_policy_is_an_scp_if_a_person_says_so() -> None:
    """The CLI prints any policy of a version; a template says what each of its policies is for."""
    [fetched] = items(scps=[str(OK / "get-policy-version.json")])
    templated = items(scps=[str(OK / "template.yaml")])

    assert isinstance(fetched, Found)
    assert (fetched.kind, fetched.form) == ("scp", "")
    assert "scp" not in {one.kind for one in templated if isinstance(one, Found) and one.form}


def test_what_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    """Links in circles or to nothing, pipes nobody writes to: each is told, the others go on."""
    (tmp_path / "circle.json").symlink_to("circle.json")
    (tmp_path / "nothing.json").symlink_to("not-there.json")
    (tmp_path / "up").symlink_to(".")
    (tmp_path / "ok.json").write_text((OK / "identity.json").read_text())
    os.mkfifo(tmp_path / "pipe.json")
    names = ("circle.json", "nothing.json", "not-there.json", "a\0b", "x" * 300, "pipe.json")
    one_by_one = [str(item) for name in names for item in documents([f"{tmp_path}/{name}"])]
    together = [type(item).__name__ for item in documents([str(tmp_path)])]

    assert [line.split(": ")[1].split("\n")[0] for line in one_by_one] == [
        "cannot be read",
        "no such file",
        "no such file",
        "no such file",
        "no such file",
        "is empty",
    ]
    assert together == ["MachineError", "GenError", "Found"]


def test_what_may_not_be_read_is_the_machines_error(tmp_path: Path) -> None:
    """Permissions are no fault of the input."""
    path = tmp_path / "x.json"
    path.touch()
    path.chmod(0)
    done = run_gen("audit", "x.json", cwd=tmp_path, under=bound_by_permissions())

    assert done.returncode == 4
    assert "error: x.json: cannot be read: Permission denied" in done.stdout


def test_a_directory_that_may_not_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and what could be read is there."""
    (tmp_path / "ok.json").write_text((OK / "identity.json").read_text())

    def walk(top: Path, onerror: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        yield str(top), [], ["ok.json"]
        onerror(PermissionError(13, "Permission denied", str(top / "shut")))

    monkeypatch.setattr(os, "walk", walk)
    came = list(documents([str(tmp_path)]))

    assert [type(item) for item in came] == [Found, MachineError]
    assert str(came[1]) == f"{tmp_path}/shut: cannot be read: Permission denied"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_people_have(encoding: str, tmp_path: Path) -> None:
    """A byte order mark, and what PowerShell's `>` writes, come to the same document and places."""
    path = tmp_path / "x.json"
    path.write_text((OK / "identity.json").read_text(), encoding)
    [one] = documents([str(path)])
    [plain] = found("identity.json")

    assert isinstance(one, Found)
    assert one.data == plain.data
    assert one.locate(("Statement", 0)) == plain.locate(("Statement", 0))


def test_a_dump_is_handed_over_as_utf_8_that_can_be_searched(tmp_path: Path) -> None:
    """Opened twice it is the same twice, and a place in it can be gone back to."""
    text = (OK / "dump.json").read_text()
    path = tmp_path / "x.json"
    path.write_text(text, "utf-16")
    [dump] = documents([str(path)])
    assert isinstance(dump, Dump)
    for _ in range(2):
        with dump.stream() as stream:
            assert stream.read() == text.encode()
            stream.seek(1)
            assert stream.read(5) == b'"User'


def test_a_pipe_comes_to_the_same_as_its_file(tmp_path: Path) -> None:
    """What a shell puts for `<(command)` is read to its end."""
    reader, writer = os.pipe()
    os.write(writer, (OK / "dump.json").read_bytes())
    os.close(writer)
    [dump] = documents([f"/dev/fd/{reader}"])
    os.close(reader)

    assert isinstance(dump, Dump)
    with dump.stream() as stream:
        assert stream.read() == (OK / "dump.json").read_bytes()


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is read once, is called `-`, and stays open."""
    stdin = io.TextIOWrapper(io.BytesIO((OK / "template.yaml").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    came = list(documents(["-", "-"]))

    assert [type(item) for item in came] == [Found] * 7
    assert {item.file for item in came if isinstance(item, Found)} == {"-"}
    assert not stdin.closed


def test_a_closed_standard_input_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody starts us with `<&-`."""
    monkeypatch.setattr(sys, "stdin", None)
    [error] = documents(["-"])

    assert isinstance(error, GenError)
    assert error.problem == "is empty"


def test_what_is_too_large_is_told_unless_it_is_a_dump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe without an end is not read to its end."""
    monkeypatch.setattr(read, "MAX_BYTES", 200_000)
    monkeypatch.setattr(files, "MAX_BYTES", 200_000)
    (tmp_path / "large.json").write_text(f'{{"x": "{"y" * 200_000}"}}')
    (tmp_path / "dump.json").write_text(f'{{"UserDetailList": [{" " * 200_000}]}}')
    came = list(documents([str(tmp_path)]))
    [zero] = documents(["/dev/zero"])

    assert [type(item) for item in came] == [Dump, GenError]
    assert str(zero).startswith("/dev/zero: is larger than 0 MiB\n  hint: only account dumps")


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path) -> None:
    """Whoever prints the label does not stumble over it."""
    path = os.fsencode(tmp_path) + b"/\xff.json"
    Path(os.fsdecode(path)).write_bytes((OK / "identity.json").read_bytes())
    [one] = documents([str(tmp_path)])

    assert isinstance(one, Found)
    assert one.file == f"{tmp_path}/\\udcff.json"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_in_a_directory_what_is_broken_and_none_of_ours_is_passed_over(path: Path) -> None:
    """A broken file is an error there if its name says JSON, or a word in it that it may be a
    policy. JSON that holds none is no error."""
    data = path.read_bytes()
    came = list(read.read(read.File(path.name, lambda: io.BytesIO(data), named=False)))
    is_ours = re.search(rb"Statement|PolicyDocument|DetailList", data.replace(b"\0", b""))

    is_json = path.suffix == ".json" and path.name not in ("list-policies.json", "package.json")
    assert [type(item) for item in came] == [GenError if is_ours or is_json else Skipped]
    if is_json:
        [error] = came
        [named] = read.read(read.File(path.name, lambda: io.BytesIO(data)))
        assert str(error) == str(named)


def from_bytes(data: bytes, label: str) -> list[Item]:
    return list(read.read(read.File(label, lambda: io.BytesIO(data))))


def check(data: bytes, label: str) -> None:
    """Whatever comes out can be shown: judged, placed, printed."""
    came = from_bytes(data, label)

    assert came
    for item in came:
        if isinstance(item, Found):
            judged = judge(item)
            shown = [json.dumps(judged.verdicts), item.name, *(f.message for f in judged.findings)]
            assert all(f.line > 0 and f.column > 0 for f in judged.findings)
            assert "\n".join(shown).encode()
        elif isinstance(item, GenError):
            assert str(item).encode()
        else:
            assert isinstance(item, Dump | ReportFile | Skipped)


labels = st.sampled_from(("x.json", "x.yaml", "x.template", "-"))


@settings(max_examples=150)
@given(st.binary(max_size=200), labels)
def test_any_bytes_come_to_something(data: bytes, label: str) -> None:
    """No bytes make a traceback."""
    check(data, label)


KEYS: Final = (
    *("Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "Sid"),
    *("AWS", "Bool", "aws:MultiFactorAuthPresent", "Type", "Properties", "Resources", "Policies"),
    *("PolicyDocument", "AssumeRolePolicyDocument", "Content", "Document", "PolicyVersion"),
    *("Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::GetAtt", "format_version", "planned_values"),
    *("root_module", "resources", "values", "policy", "inline_policy", "address", "RoleName"),
)
WORDS: Final = (
    *("2012-10-17", "Allow", "Deny", "*", "true", "sts:AssumeRole", "AWS::IAM::Role", "${A}"),
    *("AWS::IAM::Policy", "AWS::NoValue", "aws_iam_role", "aws_iam_policy", "%7B", "{", ""),
    *('{"Statement": []}', '{"Statement": [{"Effect": "Allow"}]}', "\ud7ff\u2028\x85"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS) | st.sampled_from(KEYS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)
shapes = st.sampled_from(
    (
        lambda x: x,
        lambda x: {"Version": "2012-10-17", "Statement": x},
        lambda x: {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, x]},
        lambda x: {"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": x}}},
        lambda x: {
            "Resources": {
                "A": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"PolicyDocument": {"Statement": [x]}},
                }
            }
        },
        lambda x: {"format_version": "1.2", "planned_values": {"root_module": x}},
        lambda x: {
            "format_version": "1.2",
            "values": {"root_module": {"resources": [{"type": "aws_iam_role", "values": x}]}},
        },
        lambda x: {"format_version": "1.2", "resource_changes": [{"change": x}]},
    )
)


@settings(max_examples=300)
@given(values, shapes, labels)
def test_any_json_comes_to_something(value: Any, shape: Any, label: str) -> None:
    """Whatever stands where something else should is an item, and every document can be judged."""
    check(json.dumps(shape(value)).encode(), label)


PIECES: Final = (
    *(b"", b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"  ", b"- ", b"!Sub ", b"&a ", b"*a"),
    *(
        b"!Ref ",
        b"null",
        b"true",
        b"1e999",
        b"\\",
        b"\\ud800",
        b"\xff",
        b"\0",
        b"<<: ",
        b"? ",
        b"|",
    ),
    *(b"!GetAtt ", b"'", b"#", b"%7B", b"Statement", b"NaN", b"\xe2\x80\xa8", b"\xc2\x85", b"\r"),
)


@settings(max_examples=200)
@given(st.sampled_from(ALL), st.integers(0, 2**32 - 1))
def test_changed_samples_come_to_something(path: Path, seed: int) -> None:
    """Samples with slices taken out, doubled or replaced."""
    choose = random.Random(seed)  # noqa: S311
    data = path.read_bytes()[:20_000]
    for _ in range(choose.randint(1, 4)):
        start = choose.randint(0, len(data))
        end = min(len(data), start + choose.choice((0, 1, 3, 20)))
        piece = choose.choice((*PIECES, data[start:end] * 2))
        data = data[:start] + piece + data[end:]
    check(data, path.name)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.booleans() | st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        max_size=4,
    )
)
def test_json_is_read_as_json_does(value: Any) -> None:
    """The data is what `json` reads, and each place's text is its value's."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    parsed = json_text.parse(text, "")
    spans = parsed.source()

    assert parsed.data == value
    for key in value:
        start, end = spans.values[(key,)]
        assert json.loads(text[start:end]) == value[key]


def test_pipes_are_pipes(tmp_path: Path) -> None:
    """The machine that tests run on has them; otherwise the tests of pipes would prove nothing."""
    os.mkfifo(tmp_path / "pipe")

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
