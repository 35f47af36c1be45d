"""`gen simulate` as a person or a program meets it: every option, every answer, every message."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import run_gen
from tests.trees import put

HERE, THERE = "111122223333", "444455556666"
ALICE: Final = f"arn:aws:iam::{HERE}:user/alice"
DEV: Final = f"arn:aws:iam::{HERE}:role/dev"
SESSION: Final = f"arn:aws:sts::{HERE}:assumed-role/dev/s"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy of a few statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(**elements: Any) -> dict[str, Any]:
    """A statement that allows everything, but for what is given."""
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


FULL: Final = document(statement(Sid="All"))
FILES: Final = {
    "full.json": FULL,
    "s3.json": document(statement(Sid="Objects", Action="s3:*")),
    "deny.json": document(statement(), statement(Effect="Deny", Action="s3:*")),
    "trust.json": document(statement(Sid="In", Principal={"AWS": ALICE})),
    "anyone.json": document(statement(Principal="*")),
    "tags.json": document(
        statement(Sid="Both", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})
    ),
    "own.json": document(statement(Resource="arn:aws:iam::*:user/${aws:username}")),
    "account.json": {"AllowUsersToChangePassword": True},
    "printed.json": {"PasswordPolicy": {"AllowUsersToChangePassword": True}},
    "maybe.json": {"AllowUsersToChangePassword": "true"},
    "action.json": document({"Effect": "Allow", "Resource": "*"}),
    "list.json": [FULL],
    "nowhere.json": document({"Effect": "Allow", "Action": "*"}),
    "doubt.json": document(statement(Condition={"NumericLessThan": {"aws:username": 5}})),
}
WHO: Final = ("--principal", ALICE)
LIST: Final = (*WHO, "--action", "iam:ListUsers")
PASSWORD: Final = (*WHO, "--action", "iam:ChangePassword")
GET: Final = (*WHO, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/x")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with policies of every kind, and files that are none."""
    made = tmp_path_factory.mktemp("policies")
    put(made, {name: json.dumps(data) for name, data in FILES.items()})
    put(made, {"broken.json": '{"Statement": [', "twice.json": '{"Statement": 1, "Statement": 2}'})
    (made / "bytes.json").write_bytes(b"\n\xff")
    (made / "large.json").write_bytes(b" " * (256 * 1024 + 1))
    (made / "windows.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(FULL, indent=1).encode())
    text = json.dumps(FULL, indent=1).replace("\n", "\r\n")
    (made / "crlf.json").write_bytes(text.encode())
    return made


def simulate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command; whatever it says, it says it in words."""
    done = run_gen("simulate", *arguments, cwd=folder)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((*LIST, "full.json"), 0, "allowed\n  full.json: statement All allows it\n"),
        (LIST, 1, "implicitly denied\n  no identity policy allows it\n"),
        ((*GET, "deny.json"), 1, "explicitly denied\n  deny.json: Statement[1] denies it\n"),
        (
            (*GET, "s3.json", "--policy", "full.json", "full.json", "--policy", "deny.json"),
            1,
            "explicitly denied\n  deny.json: Statement[1] denies it\n",
        ),
        (
            (*GET, "s3.json", "--policy", "full.json"),
            0,
            "allowed\n  full.json: statement All allows it\n"
            "  s3.json: statement Objects allows it\n",
        ),
        (
            (*LIST, "full.json", "--boundary", "s3.json", "--session", "s3.json"),
            1,
            "implicitly denied\n  the permissions boundary does not allow it\n"
            "  the session policy does not allow it\n",
        ),
        (
            (*GET, "full.json", "--boundary", "own.json", "--boundary", "s3.json"),
            0,
            "allowed\n  full.json: statement All allows it\n"
            "  s3.json: statement Objects allows it\n",
        ),
        (
            (*GET, "full.json", "--scp", "own.json,full.json", "--scp", "s3.json"),
            0,
            "allowed\n  full.json: statement All allows it\n"
            "  s3.json: statement Objects allows it\n  full.json: statement All allows it\n",
        ),
        (
            (*LIST, "full.json", "--scp", "full.json", "--scp", "s3.json"),
            1,
            "implicitly denied\n  no service control policy allows it on some level\n",
        ),
        (
            (*GET, "full.json", "--rcp", "anyone.json", "--rcp", "trust.json"),
            0,
            "allowed\n  anyone.json: Statement[0] allows it\n"
            "  trust.json: statement In allows it\n  full.json: statement All allows it\n",
        ),
        (
            ("--principal", SESSION, *GET[2:], "full.json", "--rcp", "trust.json"),
            1,
            "implicitly denied\n  no resource control policy allows it on some level\n",
        ),
        ((*GET, "--trust", "trust.json"), 0, "allowed\n  trust.json: statement In allows it\n"),
        (
            (*GET, "--account", THERE, "full.json"),
            1,
            "implicitly denied\n  the resource's own policy does not allow it\n",
        ),
        (
            (*GET, "--account", THERE, "full.json", "--trust", "trust.json"),
            0,
            "allowed\n  trust.json: statement In allows it\n  full.json: statement All allows it\n",
        ),
        (
            (*WHO, "--action", "sts:GetSessionToken"),
            0,
            "allowed\n  AWS does not subject this call to policies (NotSubjectToPolicies)\n",
        ),
        (
            ("--principal", DEV, "--action", "sts:GetSessionToken", "full.json"),
            1,
            "implicitly denied\n  AWS itself refuses it, whatever the policies say\n",
        ),
    ],
)
def test_the_answer_in_words(
    folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """The outcome, then what is in the way or the statements that decided, by file."""
    done = simulate(folder, *arguments)

    assert (done.stdout, done.stderr, done.returncode) == (said, "", code)


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        (
            (*GET, "full.json", "deny.json", "--format", "json"),
            1,
            {
                "version": 1,
                "outcome": "explicitly_denied",
                "blocked_by": ["identity"],
                "because": [{"policy": "deny.json", "sid": "", "index": 1, "effect": "Deny"}],
            },
        ),
        (
            (*LIST, "--format=json", "--boundary", "s3.json"),
            1,
            {
                "version": 1,
                "outcome": "implicitly_denied",
                "blocked_by": ["identity", "boundary"],
                "because": [],
            },
        ),
        (
            (
                *WHO,
                "--action",
                "iam:ChangePassword",
                "--format=json",
                "--password-policy=account.json",
            ),
            0,
            {
                "version": 1,
                "outcome": "allowed",
                "blocked_by": [],
                "because": [
                    {
                        "policy": "password_policy",
                        "sid": "AllowUsersToChangePassword",
                        "index": None,
                        "effect": "Allow",
                    }
                ],
            },
        ),
    ],
)
def test_the_answer_as_json(
    folder: Path, arguments: tuple[str, ...], code: int, answer: dict[str, Any]
) -> None:
    """The same as one object, with the keys of a stream's answers and a version."""
    done = simulate(folder, *arguments)

    assert (json.loads(done.stdout), done.stderr, done.returncode) == (answer, "", code)
    assert done.stdout == json.dumps(answer, indent=2) + "\n"


def test_an_error_as_json(folder: Path) -> None:
    """`--format json` is for errors too, all of them at once."""
    done = simulate(folder, *LIST, "broken.json", "none.json", "--format", "json")

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr, found["version"]) == (2, "", 1)
    assert [(e["file"], e["problem"]) for e in found["errors"]] == [
        ("broken.json", "not valid JSON at line 1, column 16: Expecting value"),
        ("none.json", "no such file"),
    ]


@pytest.mark.parametrize("action", ["iam:ChangePassword", "IAM:changepassword"])
@pytest.mark.parametrize("policy", ["account.json", "printed.json"])
def test_a_password_is_the_callers_own(folder: Path, action: str, policy: str) -> None:
    """Without `--resource`, ChangePassword is on the caller's own user, as the account allows."""
    arguments = (*WHO, "--action", action, "--password-policy", policy)
    own = simulate(folder, *arguments)
    others = simulate(folder, *arguments, "--resource", f"{ALICE}2")
    by_policy = simulate(folder, *WHO, "--action", action, "own.json")

    said = "the account's password policy allows it (AllowUsersToChangePassword)"
    assert (own.stdout, own.returncode) == (f"allowed\n  {said}\n", 0)
    assert others.returncode == 1
    assert by_policy.stdout == "allowed\n  own.json: Statement[0] allows it\n"


def test_what_is_called_on_nothing_is_called_on_an_asterisk(folder: Path) -> None:
    """Where AWS documents no resource only `*` covers it, and nobody has to say so."""
    assert simulate(folder, *LIST, "full.json").returncode == 0
    assert simulate(folder, *LIST, "own.json").returncode == 1


def test_context_is_given_key_by_key(folder: Path) -> None:
    """A key that is given several times has several values; what follows the first `=` is one."""
    tags = ("--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b")
    both = simulate(folder, *LIST, "tags.json", *tags)
    other = simulate(folder, *LIST, "tags.json", *tags, "--context", "aws:TagKeys=c=a")
    none = simulate(folder, *LIST, "tags.json")

    assert (both.returncode, other.returncode, none.returncode) == (0, 1, 0)


def test_a_user_with_a_device_changes_devices_after_mfa(folder: Path) -> None:
    """`--mfa-device` asks for an MFA session, and `--context` gives it."""
    change = (*WHO, "--action", "iam:EnableMFADevice", "--resource", ALICE, "full.json")
    with_mfa = ("--context", "aws:MultiFactorAuthPresent=true")

    assert simulate(folder, *change).returncode == 0
    assert simulate(folder, *change, "--mfa-device").returncode == 1
    assert simulate(folder, *change, "--mfa-device", *with_mfa).returncode == 0


@pytest.mark.parametrize("name", ["windows.json", "crlf.json", "./full.json"])
def test_files_of_any_editor_are_read(folder: Path, name: str) -> None:
    """A byte order mark and other line ends mean nothing."""
    done = simulate(folder, *LIST, name)

    named = name.removeprefix("./")
    assert (done.stdout, done.returncode) == (f"allowed\n  {named}: statement All allows it\n", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "error: --principal is missing\n  hint: see gen simulate --help\n"),
        (WHO, "error: --action is missing\n  hint: see gen simulate --help\n"),
        (
            ("--action", "iam:ListUsers", "full.json"),
            "error: --principal is missing\n  hint: see gen simulate --help\n",
        ),
        (
            ("--principal", "", *LIST[2:]),
            "error: --principal is missing\n  hint: see gen simulate --help\n",
        ),
        (
            (*WHO, "--action", "iam:GetRole"),
            "error: `iam:GetRole` is called on something\n"
            "  hint: say --resource arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}\n",
        ),
        (
            (*WHO, "--action", "iam:ListUsrs"),
            "error: AWS documents no action `iam:ListUsrs`\n"
            "  hint: did you mean `iam:ListUsers`?\n",
        ),
        (
            (*WHO, "--action", "ListUsers"),
            "error: AWS documents no action `ListUsers`\n"
            "  hint: correct its name, or say --resource\n",
        ),
        (
            (*WHO, "--action", "iam:List*", "--resource", "*"),
            "error: `iam:List*` is not an action\n  hint: write it as service:Action\n",
        ),
        (
            (*LIST, "--context", "aws:x"),
            "error: `--context aws:x` has no `=`\n"
            "  hint: write KEY=VALUE; a key with several values is given several times\n",
        ),
        (
            (*LIST, "--context", "=x"),
            "error: `--context =x` has no `=`\n"
            "  hint: write KEY=VALUE; a key with several values is given several times\n",
        ),
        (
            (*LIST, "--context", "a:b=1", "--context", "A:b=1"),
            "error: `context` has `a:b` twice\n  hint: case does not count; keep one\n",
        ),
        ((*LIST, "none.json"), "error: none.json: no such file\n"),
        ((*LIST, "--session", "full.json/x"), "error: full.json/x: no such file\n"),
        ((*LIST, "--trust", "."), "error: .: is a directory, not a file\n"),
        (
            (*LIST, "broken.json"),
            "error: broken.json: not valid JSON at line 1, column 16: Expecting value\n"
            "  hint: a policy document is one JSON object\n",
        ),
        (
            (*LIST, "twice.json"),
            "error: twice.json: the key `Statement` stands twice in one object\n"
            "  hint: keep one of them\n",
        ),
        (
            (*LIST, "bytes.json"),
            "error: bytes.json:2:1: is not UTF-8 text\n  hint: save the file as UTF-8\n",
        ),
        (
            (*LIST, "large.json"),
            "error: large.json: is larger than 256 KiB\n  hint: is this the right file?\n",
        ),
        (
            (*LIST, "list.json"),
            "error: list.json: a policy document is a JSON object, not a list\n",
        ),
        (
            (*LIST, "action.json"),
            "error: action.json: Statement[0] has neither `Action` nor `NotAction`\n"
            "  hint: add one\n",
        ),
        (
            (*LIST, "full.json", "trust.json"),
            "error: `trust.json`: statement `In` has a `Principal`, "
            "which only resource-based policies have\n",
        ),
        (
            (*LIST, "--scp", "full.json", "--scp", "full.json,anyone.json"),
            "error: `anyone.json`: Statement[0] has a `Principal`, "
            "which only resource-based policies have\n",
        ),
        (
            (*LIST, "--trust", "full.json"),
            "error: `full.json`: statement `All` has no `Principal`, "
            "which a resource-based policy needs\n",
        ),
        (
            (*LIST, "nowhere.json"),
            "error: `nowhere.json`: Statement[0] has neither `Resource` nor `NotResource`\n",
        ),
        (
            (*LIST, "--password-policy", "maybe.json"),
            "error: `password_policy` is not what `aws iam get-account-password-policy` prints\n"
            "  hint: AllowUsersToChangePassword is true or false\n",
        ),
        ((*LIST, "--account", "1234"), "error: `account` is not a text of 12 digits\n"),
        (
            ("--principal", f"arn:aws:iam::{HERE}:root", *LIST[2:]),
            f"error: the principal `arn:aws:iam::{HERE}:root` is none whose requests are modelled\n"
            "  hint: name an IAM user, a role or a session\n",
        ),
        (
            ("--principal", "ec2.amazonaws.com", *LIST[2:]),
            "error: the principal `ec2.amazonaws.com` is none whose requests are modelled\n"
            "  hint: name an IAM user, a role or a session\n",
        ),
        (
            ("--principal", "alice", *LIST[2:]),
            "error: `alice` is not the ARN of a principal\n"
            "  hint: write it as arn:aws:iam::ACCOUNT:user/NAME\n",
        ),
        (
            (*LIST, "doubt.json"),
            "error: doubt.json: Statement[0]: whether `NumericLessThan` on `aws:username` holds "
            "for `alice` is not documented\n",
        ),
        (
            (*LIST, "none.json", "broken.json", "action.json"),
            "error: none.json: no such file\n"
            "error: broken.json: not valid JSON at line 1, column 16: Expecting value\n"
            "  hint: a policy document is one JSON object\n"
            "error: action.json: Statement[0] has neither `Action` nor `NotAction`\n"
            "  hint: add one\n"
            "3 errors\n",
        ),
    ],
)
def test_a_mistake_is_answered_word_for_word(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    """What is wrong and what to do, on standard error alone, exit 2."""
    done = simulate(folder, *arguments)

    assert (done.stderr, done.stdout, done.returncode) == (said, "", 2)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[31mRed\n", "\\x1b[31mRed\\n"),
        ("\ud800", "\\ud800"),
        ("Größe", "Größe"),
    ],
    ids=["control", "surrogate", "text"],
)
def test_what_a_policy_calls_its_statements_cannot_do_anything(
    tmp_path: Path, name: str, shown: str
) -> None:
    """A Sid with terminal codes, or with what no encoding has, is shown and does no more."""
    put(tmp_path, {"odd.json": json.dumps(document(statement(Sid=name)))})

    done = simulate(tmp_path, *LIST, "odd.json")

    assert done.returncode == 0
    assert done.stdout == f"allowed\n  odd.json: statement {shown} allows it\n"


def stream(data: str | bytes, folder: Path) -> list[dict[str, Any]]:
    """The answers to lines on standard input."""
    done = run_gen("simulate", "--jsonl", cwd=folder, input=data)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def line(**fields: Any) -> str:
    """A request as a line."""
    return json.dumps({"principal": ALICE, "action": "iam:ListUsers", "resource": "*", **fields})


def test_lines_are_answered_one_by_one(tmp_path: Path) -> None:
    """A definition has no answer and holds for what follows; a later one replaces it."""
    lines = (
        line(id="early", identity=["all"]),
        json.dumps({"define": "all", "policy": FULL}),
        line(id="first", identity=["all"]),
        json.dumps({"define": "all", "policy": document(statement(Effect="Deny"))}),
        line(id="second", identity=["all"]),
    )

    found = stream("\n".join(lines), tmp_path)

    by_all = {"policy": "all", "sid": "All", "index": 0, "effect": "Allow"}
    assert found[1] == {
        "id": "first",
        "outcome": "allowed",
        "blocked_by": [],
        "because": [by_all],
        "error": None,
    }
    assert [one["outcome"] for one in found] == ["error", "allowed", "explicitly_denied"]
    assert found[0]["error"] == (
        "line 1: `identity[0]`: no document is called `all` "
        '(define it first: {"define": "all", "policy": {...}})'
    )


def test_a_bad_line_in_the_middle_is_one_bad_answer(tmp_path: Path) -> None:
    """The lines around it are answered as ever, and the number of the line is said."""
    good = line(identity=[FULL])

    found = stream("\n".join((good, "{", "", "   ", '{"id": 7, "action": 1}', good)), tmp_path)

    assert [one["outcome"] for one in found] == ["allowed", "error", "error", "allowed"]
    assert [one["id"] for one in found] == [None, None, 7, None]
    assert found[1]["error"].startswith("line 2: not valid JSON at ")
    assert found[2]["error"] == "line 5: `principal` is missing"


@pytest.mark.parametrize(
    "end",
    [
        "",
        "\n",
    ],
)
def test_a_line_that_breaks_off_does_so_where_it_ends(tmp_path: Path, end: str) -> None:
    """The end of the line is no part of it."""
    (found,) = stream("{" + end, tmp_path)

    assert found["error"] == (
        "line 1: not valid JSON at line 1, column 2: Expecting property name enclosed in double "
        "quotes (a policy document is one JSON object)"
    )


IDS: Final = (
    *('"a"', '""', '"Gr\\u00f6\\u00dfe \\u2028"', "7", "-0", "1.50", "1E400", "null"),
    "123456789012345678901234567890",
)


def test_an_id_is_sent_back_as_it_came(tmp_path: Path) -> None:
    """Text as text, a number with the digits it had, nothing as nothing."""
    good = line(identity=[FULL]).removesuffix("}")
    lines = [f'{good}, "id": {one}}}' for one in IDS]

    done = run_gen("simulate", "--jsonl", cwd=tmp_path, input="\n".join((*lines, good + "}")))

    starts = [found.partition(',"outcome":"allowed"')[0] for found in done.stdout.splitlines()]
    assert starts == [f'{{"id":{one}' for one in (*IDS, "null")]


@pytest.mark.parametrize("given", ["true", "[1]", "{}"])
def test_an_id_that_cannot_be_sent_back_is_refused(tmp_path: Path, given: str) -> None:
    """Nobody could tell which line the answer is for."""
    (found,) = stream(f'{line(identity=[FULL])[:-1]}, "id": {given}}}', tmp_path)

    assert (found["id"], found["outcome"]) == (None, "error")
    assert found["error"] == (
        "line 1: `id` is neither text nor a number (it is sent back as it came)"
    )


BAD_FIELDS: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"principal": None}, "`principal` is missing"),
    ({"principal": 5}, "`principal` is not text"),
    ({"action": None}, "`action` is missing"),
    ({"action": "GetUser"}, "`GetUser` is not an action (write it as service:Action)"),
    ({"resource": 5}, "`resource` is not text"),
    ({"context": []}, '`context` is not an object (write {"aws:Key": "value"})'),
    ({"context": {"a": {}}}, "`context` `a` is neither text, a number nor a boolean"),
    ({"context": {"a": [None]}}, "`context` `a` is neither text, a number nor a boolean"),
    ({"identity": FULL}, "`identity` is not a list of documents (put it in brackets)"),
    ({"scps": FULL}, "`scps` is not a list of levels (write one list a level)"),
    ({"rcps": [FULL]}, "`rcps[0]` is not a list of documents (put it in brackets)"),
    ({"identity": [5]}, "`identity[0]`: a policy document is a JSON object, not a number"),
    (
        {"session": {"Statement": []}},
        "`session`: `Statement` is an empty list (list something, or take it out)",
    ),
    ({"mfa_device": 1}, "`mfa_device` is neither true nor false"),
    ({"mfa_device": "true"}, "`mfa_device` is neither true nor false"),
    ({"account": 111122223333}, "`account` is not a text of 12 digits"),
    (
        {"policies": []},
        "`policies` is not a field (there are id, principal, action, resource, account, "
        "context, identity, trust, boundary, session, scps, rcps, password_policy, mfa_device)",
    ),
    ({"define": "x"}, "`principal` is not a field (there are define, policy)"),
)
BAD_LINES: Final = (
    ("[]", "not a JSON object (write one request a line)"),
    ('{"define": "x"}', "`x` has no `policy` (add the document)"),
    ('{"define": 5}', '`define` is not a name (write {"define": "NAME", "policy": {...}})'),
    ('{"define": ""}', '`define` is not a name (write {"define": "NAME", "policy": {...}})'),
    ('{"id": 1, "id": 1}', "the key `id` stands twice in one object (keep one of them)"),
    ("[" * 100_000, "nested too deeply to be a policy"),
)


def test_bad_lines_are_answered_word_for_word(tmp_path: Path) -> None:
    """What is wrong with each line, with its number and, of a request, with the field in it."""
    requests = [(line(**fields), error) for fields, error in BAD_FIELDS]
    both = [*requests, *BAD_LINES]

    found = stream("\n".join(text for text, _ in both), tmp_path)

    said = [f"line {number}: {error}" for number, (_, error) in enumerate(both, 1)]
    assert [one["error"] for one in found] == said
    for one in found:
        assert (one["outcome"], one["blocked_by"], one["because"]) == ("error", [], [])


def test_lines_of_any_editor_are_read(tmp_path: Path) -> None:
    """Other line ends mean nothing; a line that is not UTF-8 is one bad answer."""
    good = line(identity=[FULL]).encode()

    found = stream(b"\r\n".join((good, b"", good, b"\xff", good)), tmp_path)

    assert [one["outcome"] for one in found] == ["allowed", "allowed", "error", "allowed"]
    assert found[2]["error"] == "line 4: is not UTF-8 text"


def test_a_byte_order_mark_means_nothing(tmp_path: Path) -> None:
    """A stream that an editor saved starts with one, as files may."""
    (found,) = stream(b"\xef\xbb\xbf" + line(identity=[FULL]).encode(), tmp_path)

    assert found["outcome"] == "allowed"


def test_no_lines_are_no_answers(tmp_path: Path) -> None:
    """An empty stream, white space, definitions alone: nothing to say, exit 0."""
    defined = json.dumps({"define": "x", "policy": FULL})

    for data in ("", "\n\n  \n", defined):
        assert stream(data, tmp_path) == []


def test_a_closed_standard_input_is_an_empty_one(tmp_path: Path) -> None:
    """Who starts the command without any input gets no answers and no traceback."""
    done = run_gen("simulate", "--jsonl", cwd=tmp_path, under=("sh", "-c", 'exec "$@" <&-', "sh"))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_names_every_option(tmp_path: Path) -> None:
    """`gen simulate --help` has a line for each option and says what the exit code means."""
    done = run_gen("simulate", "--help", cwd=tmp_path)

    assert set(re.findall(r"^ +(?:-h, )?--([a-z-]+)", done.stdout, re.M)) == {
        *("policy", "boundary", "session", "trust", "scp", "rcp", "principal", "action"),
        *("resource", "account", "context", "password-policy", "mfa-device", "jsonl", "format"),
        "help",
    }
    assert "Exits with 1 if the request is denied." in " ".join(done.stdout.split())
