"""`gen diagnose`: every cause beside its nearest neighbour, and what must never be seen."""

import gzip
import io
import json
import os
import re
import shlex
import string
import sys
import traceback
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.commands.audit import audit
from generator.commands.diagnose import diagnose
from generator.diagnose.cloudtrail import events_of, read_events
from generator.diagnose.documents import attached
from generator.diagnose.edits import exemptions
from generator.diagnose.evidence import Evidence, Person
from generator.diagnose.messages import meaning_of, read_message
from generator.diagnose.password import Password, read_password
from generator.diagnose.password_cause import requirements
from generator.diagnose.permission import Permission
from generator.errors import GenError
from generator.found import Found
from generator.password_policy import PasswordPolicy
from generator.positions import Positions
from generator.repair.exemptions import SIGN_IN
from tests.support import ROOT, run_gen

WITHOUT_CHANGE: Final = [action for action in SIGN_IN if action != "iam:ChangePassword"]
CASES: Final = sorted(path.parent for path in (ROOT / "tests/diagnose").glob("*/command.txt"))
ALICE: Final = "arn:aws:iam::111122223333:user/alice"
PAGE: Final = ROOT / "docs/diagnose.md"
EITHER: Final = (
    "You may not be authorized to perform this action, or the new password does not comply with "
    "the account password policy set by your administrator."
)


@contextmanager
def descriptor(data: bytes) -> Iterator[int]:
    """A descriptor that some bytes can be read from, once."""
    reader, writer = os.pipe()
    try:
        os.write(writer, data)
        os.close(writer)
        yield reader
    finally:
        os.close(reader)


def run(*arguments: str) -> int:
    """Run the command in this process; errors come as they are."""
    code = diagnose.main(list(arguments), prog_name="gen diagnose", standalone_mode=False)
    assert isinstance(code, int)
    return code


def outcome(*arguments: str) -> int:
    """The exit code, of a mistake as well; anything else that is raised is a bug."""
    try:
        return run(*arguments)
    except GenError as error:
        return error.exit_code


def run_case(case: Path, *more: str) -> int:
    """Run what a case says, with what was typed, if it has that."""
    arguments = shlex.split((case / "command.txt").read_text(encoding="utf-8"))[2:]
    typed = case / "typed"
    with descriptor(typed.read_bytes() if typed.exists() else b"") as reader:
        return run(*(str(reader) if a == "FD" else a for a in arguments), *more)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The answer as JSON."""
    run(*arguments, "--format", "json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def standing(found: dict[str, Any], cause: str) -> str:
    """The standing of a cause in an answer, "" if it is not there."""
    return next((c["standing"] for c in found["causes"] if c["cause"] == cause), "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_says_what_its_file_says(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of every case, word for word, and its exit code."""
    monkeypatch.chdir(case)

    code = run_case(case)

    expected = (case / "expected.txt").read_text(encoding="utf-8")
    assert f"{capsys.readouterr().out}exit {code}\n" == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_json_has_the_same_answer(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JSON is what a case has for it; its sentence is the first line of the text."""
    monkeypatch.chdir(case)

    run_case(case, "--format", "json")

    out = capsys.readouterr().out
    found = json.loads(out)
    assert found["version"] == 1
    assert found["verdict"] in ("permission", "password", "both", "neither", "unknown")
    text = (case / "expected.txt").read_text(encoding="utf-8")
    assert text.startswith(found["sentence"] + "\n")
    for cause in found["causes"]:
        assert cause["standing"] in ("certain", "likely", "possible", "ruled out")
        assert cause["evidence"], cause["cause"]
        assert cause["standing"] != "ruled out" or cause["remedy"] is None
    if (case / "expected.json").exists():
        assert out == (case / "expected.json").read_text(encoding="utf-8")


def test_every_cause_is_found_by_some_case() -> None:
    """No cause is without a case that finds it, nor a basic one without a case that excludes it."""
    from generator.diagnose.cause import TITLES

    texts = [(case / "expected.txt").read_text(encoding="utf-8") for case in CASES]
    found = {
        name
        for text in texts
        for name in re.findall(r"^(?:certain|likely|possible): .* \(([a-z-]+)\)$", text, re.M)
    }
    excluded = {
        name
        for text in texts
        for line in text.partition("ruled out\n")[2].partition("\n\n")[0].splitlines()
        for name in line.partition(":")[0].strip().split(", ")
    }
    assert set(TITLES) - found == {"other-policy"}
    assert {
        "explicit-deny",
        "user-path",
        "scp",
        "boundary",
        "no-allow",
        "account-setting-reset",
        "password",
        "hard-expiry",
        "not-an-iam-user",
    } <= excluded


@pytest.mark.parametrize("policy", sorted(ROOT.glob("out/*/user-policy.json")), ids=str)
@pytest.mark.parametrize("path", ["/", "/team/a/"])
def test_our_own_policies_are_not_in_the_way(
    policy: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No cause about permission is found in what we render, at the first sign-in of any user."""
    found = answer(
        capsys,
        *("--policy", str(policy), "--first-sign-in", "--user-path", path),
        *("--password-policy", "none"),
    )

    bad = [
        c["cause"]
        for c in found["causes"]
        if c["about"] == "permission" and c["standing"] in ("certain", "likely")
    ]
    # A policy may leave the grant to the account's setting.
    assert set(bad) <= {"no-allow"}


def test_commands_are_the_clis() -> None:
    """Every operation and option of a command exists, and none has a password on it; on the page
    as well."""
    import botocore.session  # type: ignore[import-untyped]
    from botocore import xform_name

    session = botocore.session.get_session()
    commands = set()
    for path in (*(case / "expected.txt" for case in CASES), PAGE):
        text = path.read_text(encoding="utf-8")
        commands |= set(
            re.findall(r"aws [a-z]+ [a-z-]+(?: --?[^\s`]+(?: [^-\s|`][^\s`]*)?)*", text)
        )
    assert len(commands) > 5
    for command in commands:
        _, service, operation, *options = shlex.split(command)
        model = session.get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in names, command
        shape = model.operation_model(names[operation]).input_shape
        members = shape.members if shape else {}
        known = {xform_name(name, "-"): member for name, member in members.items()}
        for option in (o.removeprefix("--") for o in options if o.startswith("--")):
            assert option == "region" or option.removeprefix("no-") in known, command
            assert not option.startswith("no-") or known[option[3:]].type_name == "boolean"
        assert "password" not in {o.removeprefix("--") for o in options}


# ChangePassword, what AWS says in each generation and language that is on record.
MEANINGS: Final = (
    ("User is not authorized to perform iam:ChangePassword.", "either"),
    ("iam:ChangePassword の実行権がありません", "either"),
    ("「iam:ChangePassword の実行権がありません。」", "either"),
    (
        "Either user is not authorized to perform iam:ChangePassword or entered password does not "
        "comply with account password policy set by administrator",
        "either",
    ),
    (
        "ユーザーに iam:ChangePassword を実行する権限がないか、入力されたパスワードが管理者によって"
        "設定されたアカウントパスワードポリシーに準拠していません",
        "either",
    ),
    (EITHER, "either"),
    (
        "パスワードを変更できません。古いパスワードが正しいこと、新しいパスワードがアカウントパスワード"
        "ポリシーに準拠していること、パスワードを変更するアクセス許可があることを確認します。",
        "either-or-old-password",
    ),
    ("Password does not conform to the account password policy.", "not-conform"),
    ("Your authentication information is incorrect. Please try again.", "sign-in-refused"),
    ("Authentication failed Invalid request", "sign-in-refused"),
    (
        "Authentication failed: To access this account, sign in from a different network, or "
        "contact your administrator for more information",
        "sign-in-policy",
    ),
    ("Authorization denied because of a resource control policy", "sign-in-policy"),
    ("(PasswordPolicyViolation) when calling the ChangePassword operation", "not-compliant"),
    (
        "An error occurred (PasswordPolicyViolation) when calling the ChangePassword operation: "
        "Password does not conform to the account password policy.",
        "not-compliant",
    ),
    ("PasswordPolicyViolation", "not-compliant"),
    ("EntityTemporarilyUnmodifiable", "recreated"),
    ("An error occurred (InvalidClientTokenId) when calling the GetUser operation: x", "bad-token"),
    ("(InvalidAuthenticationCode) when calling the EnableMFADevice operation", "bad-code"),
    (
        "An error occurred (AccessDenied) when calling the GetSessionToken operation: "
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        "bad-code",
    ),
)


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_texts_of_all_generations_are_known(text: str, meaning: str) -> None:
    """A text means what it means, whatever became of its case, line breaks and quotation marks."""
    for written in (
        text,
        text.upper(),
        f'  "{text}"  ',
        text.replace(" ", "\n  "),
        f"Error: {text}",
    ):
        found = read_message(written)
        assert found is not None, written
        assert found.meaning == meaning


@pytest.mark.parametrize(
    ("text", "how", "layer", "action"),
    [
        ("with an explicit deny in an identity-based policy", "explicit", "identity-based", ""),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/x",
            *("explicit", "service control", ""),
        ),
        ("explicit deny in a service control policy", "explicit", "service control", ""),
        ("with an explicit deny in a permissions boundary", "explicit", "permissions boundary", ""),
        (
            "because no identity-based policy allows the iam:ChangePassword action",
            *("implicit", "identity-based", "iam:changepassword"),
        ),
        (
            "because no permissions boundary allows the iam:ChangePassword action",
            *("implicit", "permissions boundary", "iam:changepassword"),
        ),
        (
            f"User: {ALICE} is not authorized to perform: iam:ChangePassword on resource: user "
            "alice because no identity-based policy allows the iam:ChangePassword action",
            *("implicit", "identity-based", "iam:changepassword"),
        ),
        (
            f"User: {ALICE} is not authorized to perform: iam:DeleteVirtualMFADevice on resource: "
            "arn:aws:iam::111122223333:mfa/alice with an explicit deny",
            *("explicit", "", "iam:deletevirtualmfadevice"),
        ),
        (
            f"User: {ALICE} is not authorized to perform: iam:ChangePassword on resource: user x",
            *("", "", "iam:changepassword"),
        ),
    ],
)
def test_denials_say_how_and_by_which_type(text: str, how: str, layer: str, action: str) -> None:
    """An authorization failure in AWS's format is taken apart, also where it is only quoted."""
    for written in (text, text.replace(" ", "\n"), text.upper().replace("ARN:AWS", "arn:aws")):
        found = read_message(written)
        assert found is not None
        assert (found.meaning, found.how, found.layer, found.action) == (
            "denied",
            how,
            layer,
            action,
        )


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("You may not be authorized to perform this action, or the new password ...", "either"),
        ("You may not be authorized to perform this action\u2026", "either"),
        ("Password does not conform to", "not-conform"),
        ("Authorization denied because of a resource", "sign-in-policy"),
        # Two begin so, and say different things.
        ("Authentication failed", None),
        ("You may not", None),
        ("...", None),
    ],
)
def test_the_beginning_of_a_text_is_enough(text: str, meaning: str | None) -> None:
    """A text that is cut off is known by its beginning, if nothing else begins so."""
    found = read_message(text)

    assert (found.meaning if found else None) == meaning


@given(st.text(max_size=300))
@settings(max_examples=50)
def test_any_text_may_be_pasted(text: str) -> None:
    """A text that is not known has no meaning, and none makes the command fail."""
    found = read_message(text)

    assert found is None or "\n" not in found.said


@pytest.mark.parametrize(
    "layer", ["session", "resource control", "resource-based", "VPC endpoint", "role trust"]
)
def test_types_that_cannot_be_given_are_named(
    layer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy of a type that nobody can give here is what AWS says it is."""
    text = f"with an explicit deny in a {layer} policy"

    found = answer(capsys, "--message", text)

    assert found["verdict"] == "permission"
    assert standing(found, "other-policy") == "certain"


def event(**fields: Any) -> dict[str, Any]:
    """A failed ChangePassword of alice, as CloudTrail has it."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "arn": ALICE,
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE",
            "userName": "alice",
            "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
            "invokedBy": "signin.amazonaws.com",
        },
        "eventTime": "2026-11-20T09:15:02Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ChangePassword",
        "errorCode": "AccessDenied",
        "requestParameters": None,
        **fields,
    }


def looked_up(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Events as `aws cloudtrail lookup-events` has them: each is JSON in a text."""
    return [
        {"EventId": "1", "EventName": e["eventName"], "CloudTrailEvent": json.dumps(e)}
        for e in events
    ]


@pytest.mark.parametrize(
    "form",
    [
        *("one", "records", "lines", "list", "detail", "details", "gzip", "utf-16"),
        *("lookup", "lookup list", "lookup texts", "lookup one"),
    ],
)
def test_events_in_every_form(form: str, tmp_path: Path) -> None:
    """The same event is found in each form that people have it in."""
    one = event()
    texts = {
        "one": json.dumps(one, indent=2),
        "records": json.dumps({"Records": [event(eventName="GetUser"), one]}),
        "lines": "\n".join([json.dumps(event(errorCode=None)), "", json.dumps(one)]) + "\n",
        "list": json.dumps([one]),
        "detail": json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": one}),
        "details": json.dumps([{"detail": event(errorCode=None)}, {"detail": one}]),
        "lookup": json.dumps({"Events": looked_up(event(eventName="GetUser"), one)}, indent=4),
        "lookup list": json.dumps(looked_up(one)),
        "lookup texts": json.dumps([json.dumps(one)]),
        "lookup one": json.dumps(looked_up(one)[0]),
        "gzip": json.dumps({"Records": [one]}),
        "utf-16": json.dumps(one),
    }
    data = texts[form].encode("utf-16" if form == "utf-16" else "utf-8")
    path = tmp_path / "events.json"
    path.write_bytes(gzip.compress(data) if form == "gzip" else data)

    (found,) = events_of(Person(name="alice"), read_events(path), [path])

    assert (found.user, found.session, found.name) == ("alice", "console", "ChangePassword")


def test_events_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is standard input."""
    data = json.dumps(event()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    assert answer(capsys, "--event", "-")["verdict"] == "permission"


@pytest.mark.parametrize(
    ("identity", "session"),
    [
        ({"accessKeyId": "AKIAEXAMPLEEXAMPLE"}, "key"),
        ({"sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}, "mfa"),
        ({"sessionContext": {"attributes": {"mfaAuthenticated": "false"}}}, "console"),
        ({"sessionContext": {}}, ""),
    ],
)
def test_an_event_tells_its_session(identity: dict[str, Any], session: str, tmp_path: Path) -> None:
    """The flag in the event decides in which state policies are asked."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event(userIdentity={"type": "IAMUser", "arn": ALICE, **identity})))

    (found,) = events_of(Person(), read_events(path), [path])

    assert found.session == session


def test_nothing_of_an_event_is_echoed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What an event holds beside the fields that are named is never shown, nor odd text in them."""
    secret = "S3cret-hunter2"
    odd = event(
        errorMessage=f"{secret} is not what it was",
        requestParameters={"newPassword": secret, "oldPassword": secret},
        responseElements={"x": secret},
        userAgent=secret,
        sourceIPAddress=secret,
        eventTime=f"{secret}T00:00:00Z",
        additionalEventData={"MFAUsed": secret},
    )
    odd["userIdentity"]["principalId"] = secret
    path = tmp_path / "event.json"
    path.write_text(json.dumps(odd))

    run("--event", str(path))
    text = capsys.readouterr().out
    run("--event", str(path), "--format", "json")

    assert secret not in text + capsys.readouterr().out


GUARD: Final[dict[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "NotAction": ["iam:EnableMFADevice", "iam:GetUser"],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ],
}
GUARD_ARN: Final = "arn:aws:iam::111122223333:policy/Guard"
PAGES: Final[tuple[dict[str, Any], ...]] = (
    {"UserDetailList": [{"UserName": "alice", "Arn": ALICE, "GroupList": ["team"]}]},
    {
        "GroupDetailList": [
            {"GroupName": "team", "AttachedManagedPolicies": [{"PolicyArn": GUARD_ARN}]}
        ]
    },
    {
        "Policies": [
            {
                "Arn": GUARD_ARN,
                "PolicyVersionList": [{"IsDefaultVersion": True, "Document": GUARD}],
            }
        ]
    },
)
OWN: Final[dict[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iam:ChangePassword",
            "Resource": "arn:aws:iam::*:user/${aws:username}",
        }
    ],
}


@pytest.mark.parametrize(
    ("files", "arguments", "expected"),
    [
        ({}, "", "nothing to go by was given"),
        ({}, "--first-sign-in", "nothing to go by was given"),
        ({}, "--policy x.json", "x.json: no such file"),
        ({"x.json": "{"}, "--policy x.json", "x.json:1:2: not valid JSON: "),
        (
            {"x.json": '{"Version": "2012-10-17",\n "Version": "2012-10-17"}'},
            "--policy x.json",
            "x.json:2:2: the key `Version` stands ",
        ),
        (
            {"x.json": '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Deny"}]}'},
            "--policy x.json",
            "x.json:2:16: Statement[0] has neither `Action` nor `NotAction`",
        ),
        ({"x.json": "[]"}, "--boundary x.json", "x.json: holds no policy"),
        ({"x.json": "{}"}, "--scp x.json,y.json", "y.json: no such file"),
        ({}, "--scp ,", "--scp names no file"),
        ({"x.json": "{}"}, "--event x.json", "x.json:1:1: is not an event of CloudTrail"),
        (
            {"x.json": '{"Events": [{"EventName": "x"}]}'},
            "--event x.json",
            "x.json:1:13: is not an event of CloudTrail",
        ),
        (
            {"x.json": '{"Events": [{"CloudTrailEvent": "{"}]}'},
            "--event x.json",
            "x.json:1:33: the document in this text cannot be read at line 1, column 2 of it: ",
        ),
        ({"x.json": '{"Events": {}}'}, "--event x.json", "x.json:1:12: `Events` is not a list"),
        (
            {"x.json": json.dumps(event()).replace('{"', '{"errorCode": "x", "', 1)},
            "--event x.json",
            "x.json:1:1: a key stands twice in one object of the event",
        ),
        (
            {
                "x.json": json.dumps(
                    [json.dumps(event()).replace('"type"', '"type": "Root", "type"')]
                )
            },
            "--event x.json",
            "x.json:1:2: a key stands twice in one object of the event",
        ),
        ({"x.json": "[1]"}, "--event x.json", "x.json:1:2: is not an event of CloudTrail"),
        (
            {
                "x.json": '{"eventName": "ChangePassword",\n"eventSource": "iam.amazonaws.com",'
                '"errorCode": "AccessDenied"}'
            },
            "--event x.json",
            "x.json:1:1: the event has no `userIdentity`",
        ),
        (
            {"x.json": json.dumps(event(errorCode=None))},
            "--event x.json --user alice",
            "x.json: no failed ChangePassword, ConsoleLogin or change of MFA devices of `alice`",
        ),
        ({"x.json": '{"a": 1}\n{"a": \n'}, "--event x.json", "x.json:1:1: is not an event"),
        (
            {"x.json": json.dumps(event()) + "\n{\n"},
            "--event x.json",
            "x.json:2:2: not valid JSON",
        ),
        ({"x.json": "{}"}, "--account-details x.json", "--account-details is about many users"),
        (
            {"x.json": "{}"},
            "--account-details x.json --user alice",
            "x.json:1:1: not the output of `aws iam get-account-authorization-details`",
        ),
        (
            {"x.json": '{"UserDetailList":\n [{"UserName": "alicia"}]}'},
            "--account-details x.json --user alice",
            "x.json:2:3: there is no user `alice`\n  hint: did you mean `alicia`?",
        ),
        (
            {"x.json": '{"UserDetailList": [{"UserName": "alice"}]}'},
            "--account-details x.json --user alice",
            "x.json:1:21: the user has no `Arn` of a user",
        ),
        (
            {
                "x.json": json.dumps(
                    {"UserDetailList": [{"UserName": "alice", "Arn": ALICE, "GroupList": 1}]}
                )
            },
            "--account-details x.json --user alice",
            "`GroupList` is not a list",
        ),
        ({"x.json": "{}"}, "--password-policy x.json", "x.json:1:1: not the output of `aws iam "),
        (
            {"x.json": '{"PasswordPolicy": {"MinimumPasswordLength": 5}}'},
            "--password-policy x.json",
            "x.json:1:46: `MinimumPasswordLength` is 5",
        ),
        (
            {"x.json": '{"RequireSymbols": "yes"}'},
            "--password-policy x.json",
            "x.json:1:20: `RequireSymbols` has a value AWS does not print",
        ),
        (
            {"x.json": '{"PasswordPolicy": {"HardExpiry": true,\n"HardExpiry": false}}'},
            "--password-policy x.json",
            "x.json:2:1: the key `HardExpiry` stands twice in one object\n  hint: keep one of them",
        ),
        (
            {"x.json": '{"PasswordPolicy": {"HardExpiry": true},\n"PasswordPolicy": {}}'},
            "--password-policy x.json",
            "x.json:2:1: the key `PasswordPolicy` stands twice",
        ),
        ({}, "--message ''", "--message is empty"),
        ({}, "--message ' '", "--message is empty"),
        ({}, "--password-policy ''", "--password-policy is empty"),
        ({}, "--message x --user-arn ''", "--user-arn is empty"),
        ({}, "--message x --has-device --no-device", "--has-device and --no-device do not go"),
        ({}, "--message x --no-device --has-device", "--has-device and --no-device do not go"),
        (
            {"x.json": json.dumps(PAGES[0])},
            "--account-details x.json --user alice --user-path /x/",
            "--user-path is not the user's path in the account's details",
        ),
        ({}, "--policy - --password-policy -", "standard input is for one thing"),
        ({}, "--message x --user a/b", "`a/b` is not a name of a user"),
        ({}, "--message x --user-path team", "`team` is not a path of a user"),
        ({}, "--user-arn alice", "`alice` is not the ARN of a principal"),
        ({}, f"--user-arn {ALICE} --user bob", "--user is not the user of --user-arn"),
        ({}, f"--user-arn {ALICE} --user-path /x/", "--user-path is not the path of --user-arn"),
        ({}, "--ask-password --password-fd 3", "--ask-password and --password-fd do not go"),
        ({}, "--event - --password-fd 0", "standard input is for one thing"),
        ({}, "--password-fd 999", "--password-fd 999 cannot be read: "),
        ({}, "--ask-password", "--ask-password needs a terminal"),
    ],
)
def test_mistakes_are_said_at_their_place(
    files: dict[str, str],
    arguments: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is wrong with what was given is a sentence with the place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(GenError) as caught:
        run(*shlex.split(arguments))

    assert caught.value.exit_code == 2
    assert any(expected in str(one) for one in caught.value.each()), str(caught.value)


def test_all_mistakes_are_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with options and with files is said in one go."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getpass", Raises(AssertionError))
    files = {
        "--policy": "a",
        "--boundary": "b",
        "--scp": "c",
        "--account-details": "d",
        "--password-policy": "e",
        "--event": "f",
    }

    with pytest.raises(GenError) as caught:
        run(
            *(text for pair in files.items() for text in pair),
            *("--event", "g", "--user", "alice", "--user-path", "x", "--ask-password"),
        )

    said = [str(one) for one in caught.value.each()]
    assert said[0].startswith("`x` is not a path of a user")
    assert sorted(said[1:]) == [f"{name}: no such file" for name in "abcdefg"]


def changes(*answers: tuple[str, str]) -> str:
    """A file of failed changes of a password: the time and the error of each."""
    return json.dumps({"Records": [event(eventTime=t, errorCode=c) for t, c in answers]})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"2026-11-20T{h:02}:00:00{f}Z" for h in (9, 15) for f in ("", ".5")]),
            st.sampled_from(["AccessDenied", "PasswordPolicyViolation", "Other"]),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[0],
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_event_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], failures: list[tuple[str, str]]
) -> None:
    """In whatever order the events come, the last answer of AWS is the verdict, and what it said
    before is listed, if it is another."""
    (tmp_path / "events.json").write_text(changes(*failures))

    found = answer(capsys, "--event", str(tmp_path / "events.json"))

    known = sorted((t.removesuffix("Z"), code) for t, code in failures if code != "Other")
    newest = known[-1][1] if known else ""
    expected = {"AccessDenied": "permission", "PasswordPolicyViolation": "password"}
    assert found["verdict"] == expected.get(newest, "unknown")
    others = [t for t, code in known if code != newest]
    assert [others[-1] in one for one in found["older"]] == [True] if others else not found["older"]


def test_what_is_of_no_time_is_not_older(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where nobody knows which came first, both answers count, and none excludes the other."""
    path = tmp_path / "events.json"
    for times in (("", ""), ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z")):
        answers = zip(times, ("AccessDenied", "PasswordPolicyViolation"), strict=True)
        path.write_text(changes(*answers))

        found = answer(capsys, "--event", str(path))

        assert standing(found, "password") == "certain"
        assert standing(found, "unnamed-policy") == "likely"
        assert standing(found, "explicit-deny") == "possible"
        assert not found["older"]


@pytest.mark.parametrize(
    ("arn", "is_shown"),
    [
        ("arn:aws:iam::111122223333:policy/Guard", True),
        ("arn:aws:iam::111122223333:policy/team/a.b/Guard_1+=,@-", True),
        ("arn:aws-cn:iam::aws:policy/Guard", True),
        ("arn:aws:organizations::111122223333:policy/o-a1/service_control_policy/p-b2", True),
        ("arn:aws:iam::1:policy/Guard", False),
        ("arn:aws:iam::111122223333:policy/$(id)", False),
        ("arn:aws:iam::111122223333:policy/`id`/x", False),
        ("arn:aws:iam::111122223333:policy/", False),
        ("arn:evil:iam::111122223333:policy/Guard", False),
    ],
)
def test_an_arn_is_shown_if_it_looks_like_one(
    arn: str, is_shown: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy that AWS names is shown if its ARN is of an account and of names of IAM."""
    text = f"with an explicit deny in an identity-based policy: {arn}"
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event(errorMessage=text)))
    run("--event", str(path))
    run("--message", text)

    assert capsys.readouterr().out.count(arn) == (2 if is_shown else 0)


@pytest.mark.parametrize("part", ["arn", "resource"])
def test_odd_arns_are_nobodys(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is another ARN shown that is none: of who called, or of a device."""
    arn = "arn:aws:iam::1:mfa/$(id)"
    text = f"User: {ALICE} is not authorized to perform: iam:DeleteVirtualMFADevice on resource: "
    odd = event(eventName="DeleteVirtualMFADevice", errorMessage=text + (arn * (part != "arn")))
    odd["userIdentity"] |= {"arn": arn} if part == "arn" else {}
    path = tmp_path / "event.json"
    path.write_text(json.dumps(odd))

    found = answer(capsys, "--event", str(path))

    assert standing(found, "abandoned-device") == "likely"
    assert "$(id)" not in json.dumps(found)


def test_several_people_in_the_events(tmp_path: Path) -> None:
    """Events of several users need a name."""
    other = event()
    other["userIdentity"] = {**other["userIdentity"], "userName": "bob", "arn": f"{ALICE[:-5]}bob"}
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"Records": [event(), other]}))

    with pytest.raises(GenError, match="about 2 users: `alice`, `bob`"):
        run("--event", str(path))

    assert events_of(Person(name="bob"), read_events(path), [path])[0].user == "bob"


def test_a_hidden_name_is_nobodys(tmp_path: Path) -> None:
    """CloudTrail keeps names that may be passwords to itself; such an event is nobody's."""
    hidden = event(eventSource="signin.amazonaws.com", eventName="ConsoleLogin")
    hidden["userIdentity"] = {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    path = tmp_path / "event.json"
    path.write_text(json.dumps(hidden))

    assert events_of(Person(), read_events(path), [path])[0].user == ""


JUNK: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                *event(),
                *("Records", "detail", "Version", "Statement", "Effect", "Action", "Resource"),
                *("UserDetailList", "GroupDetailList", "GroupList", "UserName", "Arn", "Policies"),
                *("UserPolicyList", "PolicyDocument", "AttachedManagedPolicies", "PolicyArn"),
                *("PermissionsBoundary", "PolicyVersionList", "PasswordPolicy", "HardExpiry"),
                *("type", "arn", "MinimumPasswordLength", "AllowUsersToChangePassword"),
            ]
        ),
        inner | st.sampled_from(["ChangePassword", "iam.amazonaws.com", "alice", ALICE, "Deny"]),
        max_size=6,
    ),
    max_leaves=25,
)


@given(
    st.binary(max_size=60) | JUNK.map(lambda data: json.dumps(data).encode()),
    st.sampled_from(
        ["--policy", "--boundary", "--scp", "--event", "--password-policy", "--account-details"]
    ),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_makes_it_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, option: str
) -> None:
    """Any bytes and any JSON, in any place, are evidence or a mistake that is said."""
    path = tmp_path / "junk"
    path.write_bytes(data)

    assert outcome(option, str(path), "--user", "alice") in (0, 1, 2)
    capsys.readouterr()


@given(JUNK)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_user_makes_it_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], junk: Any
) -> None:
    """Nor does anything that an account's details may say of the user."""
    user = {"Arn": ALICE, **(junk if isinstance(junk, dict) else {}), "UserName": "alice"}
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"UserDetailList": [user], "GroupDetailList": [junk]}))

    assert outcome("--account-details", str(path), "--user", "alice") in (0, 1, 2)
    capsys.readouterr()


SECRET: Final = "Xq7-zebra-kettle"


def test_a_password_is_nowhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the text, not in the JSON, not in an error or a traceback, not in a repr."""
    account = tmp_path / "account.json"
    account.write_text('{"MinimumPasswordLength": 20, "RequireNumbers": true}')
    for form in ("text", "json"):
        with descriptor(SECRET.encode()) as reader:
            run("--password-fd", str(reader), "--password-policy", str(account), "--format", form)
    captured = capsys.readouterr()
    assert "shorter than 20 characters" in captured.out
    assert SECRET not in captured.out + captured.err

    one = Password(bytearray(SECRET.encode()))
    texts = [repr(one), str(one), f"{one}", f"{one!r:>40}", repr([one]), repr({"a": one})]
    assert not any(SECRET in text for text in texts)
    with pytest.raises(TypeError) as caught:
        __import__("pickle").dumps(one)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("data", [SECRET.encode() + b"\xff", SECRET.encode() * 400, b"", b"\n"])
def test_a_bad_password_is_not_in_its_error(data: bytes) -> None:
    """What is wrong with it is said without it, and no error behind that has it either."""
    with descriptor(data) as reader, pytest.raises(GenError) as caught:
        read_password(reader)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_crash_does_not_show_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug while the password is checked ends in a traceback without it, and it is wiped."""
    kept: list[Password] = []

    def broken(password: Password, *arguments: Any, **options: Any) -> Any:
        kept.append(password)
        raise RuntimeError("broken")

    monkeypatch.setattr("generator.diagnose.gather.requirements", broken)
    with descriptor(SECRET.encode()) as reader, pytest.raises(RuntimeError) as caught:
        run("--password-fd", str(reader))

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert kept[0].text() == ""


def test_a_password_is_asked_for_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once, unseen, and after everything else that can go wrong."""
    asked: list[str] = []

    def typed(prompt: str, stream: Any = None) -> str:
        asked.append(prompt)
        return SECRET

    monkeypatch.setattr("getpass.getpass", typed)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    found = answer(capsys, "--ask-password", "--password-policy", "none")
    assert len(asked) == 1
    assert SECRET not in json.dumps(found)

    with pytest.raises(GenError, match="no such file"):
        run("--ask-password", "--policy", "nowhere.json")
    assert len(asked) == 1

    monkeypatch.setattr("getpass.getpass", Raises(EOFError))
    with pytest.raises(GenError, match="the password is empty"):
        run("--ask-password")


class Raises:
    """A function that raises."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __call__(self, *arguments: Any) -> None:
        raise self.error


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_one_line_end_is_not_the_passwords(end: bytes) -> None:
    """What `echo` adds is not part of it; anything before is."""
    with descriptor(b"a b\n\t" + end) as reader:
        found = read_password(reader)

    assert found.text() == "a b\n\t"


characters = st.sampled_from(
    [*"aZ09", *"!@#$%^&*()_+-=[]{}|'", *'~`",.<>/?\\;: ', "\t", "\n", "\x00", "\x7f", "é", "ÿ", "Ā"]
)
passwords = st.text(characters, min_size=1, max_size=20) | st.builds(
    lambda text, times: text * times,
    st.text(characters, min_size=1, max_size=8),
    st.integers(1, 40),
)
policies = st.none() | st.builds(
    PasswordPolicy,
    minimum_password_length=st.none() | st.integers(6, 128),
    require_symbols=st.booleans(),
    require_numbers=st.booleans(),
    require_uppercase_characters=st.booleans(),
    require_lowercase_characters=st.booleans(),
    password_reuse_prevention=st.none() | st.integers(0, 24),
)


def documented(text: str, p: PasswordPolicy | None, name: str) -> tuple[bool, bool]:
    """The rules as AWS's pages state them: whether one is broken, whether one cannot be seen."""
    broken = len(text) > 128 or re.fullmatch("[\u0009\u000a\u000d\u0020-\u00ff]+", text) is None
    unseen = not broken and any(ord(c) > 127 for c in text)
    unseen = unseen or (len(text) > 128 and any(127 < ord(c) < 256 for c in text))
    upper = re.search("[A-Z]", text) is not None
    lower = re.search("[a-z]", text) is not None
    digit = re.search("[0-9]", text) is not None
    symbol = any(c in "! @ # $ % ^ & * ( ) _ + - = [ ] { } | '".split() for c in text)
    if p is None:
        broken = broken or len(text) < 8 or upper + lower + digit + symbol < 3
        broken = broken or text == name
        # The e-mail address is never given here.
        return broken, True
    broken = broken or len(text) < (p.minimum_password_length or 6)
    broken = broken or (p.require_uppercase_characters and not upper)
    broken = broken or (p.require_lowercase_characters and not lower)
    broken = broken or (p.require_numbers and not digit)
    broken = broken or (p.require_symbols and not symbol)
    return broken, bool(unseen or p.password_reuse_prevention)


@given(passwords, policies, st.sampled_from(["acme", "Z0!aZ0!a"]))
@settings(max_examples=300)
def test_a_password_is_judged_by_the_documented_rules(
    text: str, policy: PasswordPolicy | None, name: str
) -> None:
    """Some requirement fails exactly if a documented rule is broken, and none is made up."""
    found = requirements(Password(bytearray(text.encode())), policy, known=True, account_name=name)

    broken, unseen = documented(text, policy, name)
    assert any(r.met is False for r in found) == broken
    if not broken:
        assert any(r.met is None for r in found) == unseen
    if len(text) > 7:
        # A shorter one may be a word of the sentences.
        assert not any(text in r.words for r in found)


@given(passwords)
@settings(max_examples=50)
def test_without_a_policy_only_what_holds_for_all_is_judged(text: str) -> None:
    """Where the rules are not known, a password is refused only if every account would."""
    found = requirements(Password(bytearray(text.encode())), None, known=False)

    broken, _ = documented(text, PasswordPolicy(minimum_password_length=6), "")
    assert any(r.met is False for r in found) == broken
    assert any(r.met is None for r in found)


@pytest.mark.parametrize(
    ("name", "met"), [("Acme-2026x", False), ("aCME-2026X", None), ("other", True), ("", None)]
)
def test_the_accounts_name_is_no_password(name: str, met: bool | None) -> None:
    """Equal is refused; what differs in case only, or is not given, cannot be judged."""
    found = requirements(
        Password(bytearray(b"Acme-2026x")), None, known=True, account_name=name, email="a@b"
    )

    assert next(r.met for r in found if r.name == "account name") is met


def patched(old: str, diff: str) -> str:
    """A text with a unified diff applied."""
    lines, out, at = old.splitlines(), [], 0
    for line in diff.splitlines()[2:]:
        if line.startswith("\\"):
            # What `patch` is told of a text that does not end in a line break.
            continue
        if line.startswith("@@"):
            found = re.match(r"@@ -(\d+)", line)
            assert found is not None
            start = int(found[1]) - 1
            out += lines[at:start]
            at = start
        elif line.startswith("+"):
            out.append(line[1:])
        else:
            assert lines[at] == line[1:]
            out += [line[1:]] if line.startswith(" ") else []
            at += 1
    return "\n".join([*out, *lines[at:]])


actions = st.sampled_from(
    ["iam:ChangePassword", "IAM:changepassword", "iam:GetUser", "iam:EnableMFADevice", "s3:*"]
)
denies = st.builds(
    lambda element, items, bare, when: {
        "Effect": "Deny",
        element: items[0] if bare else items,
        "Resource": "*",
        **(
            {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}} if when else {}
        ),
    },
    st.sampled_from(["Action", "NotAction"]),
    st.lists(actions, min_size=1, max_size=4, unique=True) | st.sampled_from([["*"], ["*:*"]]),
    st.booleans(),
    st.booleans(),
)
ASKED: Final = ("iam:GetUser", "iam:EnableMFADevice", "iam:DeactivateMFADevice", "s3:GetObject")


def permission(document: dict[str, Any], text: str) -> Permission:
    name = "policy.json"
    found = Found(file=name, kind="identity", data=document, source=lambda: Positions(text))
    given = attached(found, name, "identity")
    return Permission(Evidence(person=Person(arn=ALICE), documents=(given,), identity=True))


@given(
    st.lists(denies, min_size=1, max_size=3),
    st.sampled_from([None, 2, 4, "\t"]),
    st.booleans(),
)
@settings(max_examples=150)
def test_the_diff_opens_the_change_of_a_password_and_nothing_else(
    statements: list[dict[str, Any]], indent: Any, bare: bool
) -> None:
    """Applied, a diff leaves no Deny of ChangePassword but those that are said to be left, and
    decides every other action as before, but for the rules that the page shows."""
    document = {
        "Version": "2012-10-17",
        "Statement": statements[0] if bare and len(statements) == 1 else statements,
    }
    text = json.dumps(document, indent=indent)
    before = permission(document, text)

    diff, left = exemptions(before.change().denials)

    new = patched(text, diff) if diff else text
    after = permission(json.loads(new), new)
    assert {d.index for d in after.change().denials} == {d.index for d in left}
    for action in ASKED:
        for state in ("console", "mfa"):
            denied = [bool(p.ask(action, ALICE, p.who, state).denials) for p in (before, after)]
            assert denied[0] == denied[1], action


@pytest.mark.parametrize("text", [json.dumps(OWN), json.dumps(OWN, indent=2)])
def test_the_diff_for_paths_lets_users_with_a_path_in(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Applied, the remedy for a path leaves no cause about permission."""
    path = tmp_path / "own.json"
    path.write_text(text)
    arguments = ("--policy", str(path), "--user-arn", ALICE.replace("alice", "a/alice"))
    before = answer(capsys, *arguments)
    assert standing(before, "user-path") == "certain"

    path.write_text(patched(text, before["causes"][0]["remedy"]["diff"]))

    after = answer(capsys, *arguments)
    assert standing(after, "user-path") == "ruled out"
    assert standing(after, "no-allow") == "ruled out"


def test_the_command_keeps_every_setting() -> None:
    """The command that turns the setting on says every other one, since omitted ones are reset."""
    from generator.diagnose.remedies import keeping

    found = keeping(PasswordPolicy(minimum_password_length=9, max_password_age=30))

    assert found == (
        "aws iam update-account-password-policy --minimum-password-length 9 --no-require-symbols "
        "--no-require-numbers --no-require-uppercase-characters --no-require-lowercase-characters "
        "--allow-users-to-change-password --no-hard-expiry --max-password-age 30"
    )


def test_a_document_as_the_api_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Account details with percent-encoded documents are read as well."""
    user = {
        "UserName": "alice",
        "Arn": ALICE,
        "UserPolicyList": [{"PolicyName": "Own", "PolicyDocument": quote(json.dumps(OWN))}],
    }
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"UserDetailList": [user]}))

    found = answer(capsys, "--account-details", str(path), "--user", "alice")

    assert standing(found, "no-allow") == "ruled out"


@pytest.mark.parametrize("pages", [PAGES, PAGES[::-1]], ids=["in order", "backwards"])
@pytest.mark.parametrize("form", ["lines", "list", "utf-16", "stdin"])
def test_details_in_any_order_and_form(
    pages: tuple[dict[str, Any], ...],
    form: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is the user's is found wherever it stands, and it is said where."""
    text = json.dumps(pages) if form == "list" else "\n".join(map(json.dumps, pages))
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-16" if form == "utf-16" else "utf-8")
    if form == "stdin":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given = "-" if form == "stdin" else str(path)
    found = answer(capsys, "--account-details", given, "--user", "alice", "--no-device")

    (deny,) = (c for c in found["causes"] if c["cause"] == "explicit-deny")
    place = re.search(r":(\d+):(\d+)\)", deny["evidence"][0])
    assert place is not None
    line, column = int(place[1]), int(place[2])
    assert text.split("\n")[line - 1][column - 1 :].startswith('{"Effect": "Deny"')


def test_large_details_are_not_in_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dump of other people's documents takes a fraction of its size."""
    other = {"UserPolicyList": [{"PolicyName": "x", "PolicyDocument": GUARD}], "Path": "/" * 4000}
    users = [{"UserName": f"u{n}", "Arn": ALICE, **other} for n in range(5000)]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"UserDetailList": [*users, *PAGES[0]["UserDetailList"]]}))
    del users

    tracemalloc.start()
    try:
        found = answer(capsys, "--account-details", str(path), "--user", "alice")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found["verdict"] == "unknown"
    assert path.stat().st_size > 20_000_000
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("name", "option", "text"),
    [
        ("p.json", "--policy", json.dumps({"UserName": "alice", "PolicyDocument": GUARD})),
        ("p.json", "--policy", json.dumps({"PolicyVersion": {"Document": GUARD}})),
        ("p.json", "--boundary", json.dumps({"PolicyVersion": {"Document": GUARD}})),
        (
            *("p.json", "--scp"),
            json.dumps(
                {
                    "Policy": {
                        "PolicySummary": {"Name": "x", "Type": "SERVICE_CONTROL_POLICY"},
                        "Content": json.dumps(GUARD),
                    }
                }
            ),
        ),
        ("p.txt", "--policy", quote(json.dumps(GUARD))),
        ("p.yaml", "--policy", yaml.safe_dump(GUARD, sort_keys=False)),
        (
            "template.yaml",
            "--policy",
            "Resources:\n  Guard:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n"
            "      PolicyDocument: " + json.dumps(GUARD),
        ),
    ],
)
def test_policies_in_every_form(
    name: str, option: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy counts in each form that people have it in, with a diff that is the smallest."""
    if option == "--policy" and text.startswith('{"UserName"'):
        text = text.replace('"PolicyDocument"', '"PolicyName": "Guard", "PolicyDocument"')
    path = tmp_path / name
    path.write_text(text)

    found = answer(capsys, option, str(path), "--no-device", "--user", "alice")

    cause = {"--policy": "explicit-deny", "--scp": "scp", "--boundary": "boundary"}[option]
    assert standing(found, cause) == "certain"
    (shown,) = (c["remedy"]["diff"] for c in found["causes"] if c["cause"] == cause)
    added = "".join(re.findall(r"^\+(?!\+\+)(.*)", shown, re.M))
    assert "iam:ChangePassword" in added
    assert "sts:GetSessionToken" not in added


TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PAGES[0], "p.json: is about a whole account\n  hint: give it with --account-details"),
        ([GUARD, OWN], "p.json: holds 2 policies\n  hint: give the one that counts"),
        (TRUST, "p.json:1:1: is a trust policy, and a person has none"),
        ({"a": 1}, "p.json: holds no policy"),
        (
            {
                "Resources": {
                    "Guard": {
                        "Type": "AWS::IAM::ManagedPolicy",
                        "Properties": {"PolicyDocument": {"Fn::ImportValue": "guard"}},
                    }
                }
            },
            "what this is to be is not known",
        ),
        (
            {"PolicyName": "x", "UserName": "x", "PolicyDocument": quote('{"Statement": [1]}')},
            "p.json:1:56: Statement[0] is a number",
        ),
    ],
)
def test_what_is_no_policy_of_a_person_is_refused(
    data: Any, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is guessed: which of several policies counts, or what a function stands for."""
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(data))

    with pytest.raises(GenError) as caught:
        run("--policy", "p.json")

    assert any(expected in str(one) for one in caught.value.each()), str(caught.value)


def test_a_user_whom_the_policies_name_is_who_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody says who it is, it is the one user that the documents are for; a path in them
    is nobody's yet."""
    for resource, expected in (("user/team/bob", "ruled out"), ("user/team/${aws:username}", "")):
        own = {**OWN["Statement"][0], "Resource": f"arn:aws:iam::111122223333:{resource}"}
        path = tmp_path / "own.json"
        path.write_text(json.dumps({**OWN, "Statement": [own]}))

        found = answer(capsys, "--policy", str(path), "--password-policy", "none")

        assert standing(found, "no-allow") == (expected or "likely")
        assert standing(found, "user-path") != "certain"


def test_the_diff_is_about_one_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Statements that are not about the password keep their own-user ARN."""
    keys = {**OWN["Statement"][0], "Action": "iam:CreateAccessKey"}
    path = tmp_path / "own.json"
    path.write_text(json.dumps({**OWN, "Statement": [keys, *OWN["Statement"]]}, indent=2))

    found = answer(capsys, "--policy", str(path), "--user-arn", ALICE.replace("alice", "a/alice"))

    new = json.loads(patched(path.read_text(), found["causes"][0]["remedy"]["diff"]))
    assert new["Statement"][0] == keys
    assert len(new["Statement"][1]["Resource"]) == 2


def test_names_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters in names of files, policies and statements are shown escaped."""
    deny = {"Sid": "a\x1b[31mb", "Effect": "Deny", "Action": ["*", "\x1b[0m"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [deny]}
    user = {
        "UserName": "alice",
        "Arn": ALICE,
        "UserPolicyList": [{"PolicyName": "x\x1b[2J", "PolicyDocument": document}],
    }
    (tmp_path / "d\x1b.json").write_text(json.dumps({"UserDetailList": [user]}))
    (tmp_path / "p\x1b.json").write_text(json.dumps(document))

    arguments = ("--account-details", str(tmp_path / "d\x1b.json"), "--user", "alice")
    run(*arguments, "--policy", str(tmp_path / "p\x1b.json"))

    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[31mb" in out


def test_symbols_are_those_of_the_page() -> None:
    """The symbol set is neither string.punctuation nor part of letters and digits."""
    from generator.diagnose.password_cause import SYMBOLS

    assert len(SYMBOLS) == 20
    assert set(string.punctuation) > SYMBOLS
    assert meaning_of("") is None


@pytest.mark.parametrize(
    ("element", "items"),
    [
        ("NotAction", WITHOUT_CHANGE),
        ("NotAction", ["sts:GetSessionToken", *WITHOUT_CHANGE]),
        ("NotAction", ["iam:Get*", *(a for a in WITHOUT_CHANGE if not a.startswith("iam:Get"))]),
        ("Action", ["*"]),
    ],
)
def test_the_diff_agrees_with_the_audits(
    element: str, items: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The change of a password goes where `gen audit --diff` puts it."""
    deny = {**GUARD["Statement"][0], element: items}
    deny = {k: v for k, v in deny.items() if k in (element, "Effect", "Resource", "Condition")}
    text = json.dumps({"Version": "2012-10-17", "Statement": [OWN["Statement"][0], deny]}, indent=2)
    path = tmp_path / "p.json"
    path.write_text(text)

    found = answer(capsys, "--policy", str(path), "--first-sign-in")
    audit.main(["--diff", str(path)], standalone_mode=False)
    audited = capsys.readouterr().out

    (shown,) = (c["remedy"]["diff"] for c in found["causes"] if c["cause"] == "explicit-deny")
    ours, theirs = (json.loads(patched(text, diff))["Statement"][1] for diff in (shown, audited))
    assert "iam:ChangePassword" in ours["NotAction"]
    if element == "NotAction":
        assert ours == theirs
    else:
        # The audit lets an enrolment through as well.
        assert [a for a in theirs["NotAction"] if a in ours["NotAction"]] == ours["NotAction"]


def test_a_deny_of_everything_has_a_diff_in_either_spelling() -> None:
    """`*:*` is every action, as `*` is."""
    for items in ("*", "*:*", ["*"], ["*:*"]):
        deny = {"Effect": "Deny", "Action": items, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [deny]}

        diff, left = exemptions(permission(document, json.dumps(document)).change().denials)

        assert "NotAction" in diff
        assert not left


def test_a_policy_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is a policy, too."""
    data = json.dumps(GUARD, indent=2).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    found = answer(capsys, "--policy", "-", "--first-sign-in")

    assert standing(found, "explicit-deny") == "certain"


def test_what_to_give_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Each thing that would tell the two apart comes with a verb."""
    found = answer(capsys, "--message", EITHER)

    _, *wanted = found["sentence"].split("; ")
    assert [one.partition(" --")[0] for one in wanted] == ["give", "also give"]


def blocks(language: str) -> list[str]:
    """The blocks of docs/diagnose.md in a language."""
    page = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/diagnose.md: each of its commands, run, has an answer; the first is the one it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream=None: SECRET)
    cases = ROOT / "tests/diagnose"
    details = cases / "explicit-deny-group"
    lookup = (cases / "event-broken-again/event.json").read_bytes()
    for name, source in (
        ("details.json", details / "dump.json"),
        ("account.json", details / "account.json"),
        ("event.json", cases / "event-no-allow/event.json"),
    ):
        Path(name).write_bytes(source.read_bytes())
    (policy,) = blocks("json")
    Path("team.json").write_text(policy)

    said = []
    for line in blocks("sh")[0].splitlines():
        with monkeypatch.context() as patch:
            stdin = io.TextIOWrapper(io.BytesIO(lookup))
            patch.setattr(stdin, "isatty", lambda: True)
            patch.setattr(sys, "stdin", stdin)
            name, command, *arguments = shlex.split(line.rpartition(" | ")[2])
            assert (name, command, run(*arguments)) == ("gen", "diagnose", 1)
        said.append(capsys.readouterr().out)

    assert said[0] == blocks("text")[0]
    assert [one.partition(":")[0].partition(";")[0] for one in said] == [
        "permission, not password",
        "probably permission, not password",
        *("permission, not password",) * 2,
        "cannot be told apart from what was given",
        "probably permission, not password",
    ]
    assert "the message is none that is known here" not in said[4]


def test_the_page_names_every_option_and_cause() -> None:
    """docs/diagnose.md has each option, each cause and each key of the JSON, and no option more."""
    from generator.diagnose.cause import TITLES
    from generator.diagnose.diagnosis import Diagnosis
    from generator.diagnose.show import as_json

    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("| option |")[2].partition("\n\n")[0]
    cells = " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))
    known = {option for p in diagnose.params for option in p.opts if option.startswith("--")}
    assert set(re.findall(r"--[a-z]+[a-z-]*", cells)) == known - {"--format", "--help"}
    causes = page.partition("## The causes")[2].partition("## ")[0]
    assert set(TITLES) <= set(re.findall(r"`([a-z-]+)`", causes))
    keys = page.partition("The JSON is `")[2].partition("}`")[0]
    assert set(as_json(Diagnosis("unknown", "", (), ()))) <= set(re.findall(r'"(\w+)"', keys))


@pytest.mark.parametrize("option", ["--policy", "--boundary", "--event", "--account-details"])
def test_an_empty_file_name_is_no_folder(tmp_path: Path, option: str) -> None:
    """A variable that is not set is said, and the current folder is not read for it."""
    (tmp_path / "policy.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    done = run_gen("diagnose", option, "", "--user", "alice", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {option} names no file\n  hint: is a variable not set?\n" in done.stderr
