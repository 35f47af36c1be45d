"""Documents mended: what is edited, what that changes, and what is left alone.

`tests/repair/<case>/` has a document before and after, in its file's own form, and `said.txt` with
every sentence that people are told. Cases are found, not listed.
"""

import io
import json
import re
import stat
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from generator.errors import GenError
from generator.found import Found, Kind
from generator.grammar import loads
from generator.inputs import json_text, yaml_text
from generator.inputs.cloudformation import documents
from generator.inputs.read import File, read
from generator.inputs.stand_ins import StandIns
from generator.positions import Positions
from generator.repair.align import NotWrittenError
from generator.repair.deployed import only_here
from generator.repair.prove import Change, Intent, changes, unmeant
from generator.repair.repair import Repaired, repair, together
from generator.repair.text import Rewrite, rewritten
from generator.repair.words import sentences
from generator.repair.write import diff, write
from generator.subject import Subject

ROOT = Path(__file__).parent.parent
CASES = sorted(path for path in (Path(__file__).parent / "repair").iterdir() if path.is_dir())
EXAMPLES = sorted((ROOT / "generator/rules/examples").glob("GEN0[0-8]*/*.json"))
OURS = sorted((ROOT / "out").glob("*/user-policy.json")) + sorted(
    (ROOT / "out").glob("*/roles/*/*-policy.json")
)
BAD = ("locked_out", "denied")

OWN = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def statement(sid: str, effect: str, **elements: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, **elements}


DIRECT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        statement(
            "AllowAccountInfo",
            "Allow",
            Action=["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"],
            Resource="*",
        ),
        statement(
            "AllowOwnPasswordAndMfa",
            "Allow",
            Action=[
                "iam:ChangePassword",
                "iam:DeactivateMFADevice",
                "iam:EnableMFADevice",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
            ],
            Resource=OWN,
        ),
        statement(
            "AllowCreateVirtualMfa",
            "Allow",
            Action="iam:CreateVirtualMFADevice",
            Resource="arn:aws:iam::*:mfa/*",
        ),
        statement(
            "DenyUnlessMfa",
            "Deny",
            NotAction=[
                "iam:ChangePassword",
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:GetAccountPasswordPolicy",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListMFADevices",
                "iam:ListVirtualMFADevices",
                "iam:ResyncMFADevice",
                "sts:GetSessionToken",
            ],
            Resource="*",
            Condition=NO_MFA,
        ),
        statement(
            "DenyOthersUnlessMfa",
            "Deny",
            Action=["iam:ChangePassword", "iam:EnableMFADevice", "iam:ResyncMFADevice"],
            NotResource=OWN,
            Condition=NO_MFA,
        ),
    ],
}
ROLES: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        *DIRECT["Statement"][:1],
        statement(
            "AllowOwnPasswordAndMfa",
            "Allow",
            Action=[a for a in DIRECT["Statement"][1]["Action"] if "Deactivate" not in a],
            Resource=OWN,
        ),
        DIRECT["Statement"][2],
        statement(
            "AllowRemoveMfaWithMfa",
            "Allow",
            Action="iam:DeactivateMFADevice",
            Resource=OWN,
            Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        ),
        statement(
            "AllowAssumeTeamRoles",
            "Allow",
            Action="sts:AssumeRole",
            Resource="arn:aws:iam::111122223333:role/team/*",
        ),
    ],
}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TrustTeamWithMfa",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/team-a/*"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
            },
        }
    ],
}


def found_in(text: str, kind: Kind = "identity", **what: Any) -> Found:
    source = Positions(text)
    return Found(file="p.json", kind=kind, data=loads(text), source=lambda: source, **what)


def every(text: str, name: str) -> list[Found]:
    """The documents that a file of a name has."""
    items = list(read(File(name, lambda: io.BytesIO(text.encode()))))
    assert all(isinstance(item, Found) for item in items), items
    return [item for item in items if isinstance(item, Found)]


def mended(document: Any, kind: Kind = "identity", **what: Any) -> Repaired:
    return repair(found_in(json.dumps(document, indent=2), kind, **what))


def said(repaired: list[Repaired]) -> str:
    """Everything that people are told."""
    lines = []
    for r in repaired:
        lines += [f"document {r.found.name}"] if r.found.name else []
        lines += [f"edit: {e.what}: {e.why} [{', '.join(e.answers)}]" for e in r.edits]
        lines += [f"changed: {sentence}" for sentence in r.changed]
        lines += [f"refused: {what}: {why}" for what, why in r.refused]
        lines += [f"not in place: {r.not_in_place}"] if r.not_in_place else []
    return "".join(f"{line}\n" for line in lines)


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_files_are_mended_word_for_word(case: Path) -> None:
    """
    A file comes out as its `after`, byte for byte, and people are told what `said.txt` says; a file
    without an `after` is not edited.
    """
    before = next(case.glob("before.*"))
    repaired = [repair(found) for found in every(text_of(before), before.name)]
    after = case / f"after{before.suffix}"

    assert together(repaired) == (text_of(after) if after.exists() else None)
    assert said(repaired) == text_of(case / "said.txt")


@pytest.mark.parametrize("path", OURS, ids=lambda path: "-".join(path.parts[-4:-1]))
def test_our_own_policies_get_no_edit(path: Path) -> None:
    """
    What we render is right, so nothing is edited and nothing is said.
    """
    kind: Kind = "trust" if path.name == "trust-policy.json" else "identity"
    found = found_in(path.read_text(), kind)

    assert said([repair(found)]) == ""


@pytest.mark.parametrize(
    ("document", "kind"), [(DIRECT, "identity"), (ROLES, "identity"), (TRUST, "trust")]
)
def test_the_reference_shapes_get_no_edit(document: Any, kind: Kind) -> None:
    """
    The shapes that everybody is told to write are left as they are.
    """
    assert said([mended(document, kind)]) == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_edit_answers_a_rule_and_makes_nothing_worse(path: Path) -> None:
    """
    Whatever a document says, its edits make some rule find less, no verdict is worse after them,
    and the document that comes of them gets no further edit.
    """
    for found in every(path.read_text(), path.name):
        r = repair(found)
        after = replace(found, data=r.document, embedded=True)
        was, now = Subject(found).verdicts, Subject(after).verdicts

        assert not r.edits or any(edit.answers for edit in r.edits)
        assert [n for n, v in now.items() if v in ("locked_out",) and was[n] != v] == []
        assert [n for n, v in now.items() if n.endswith("_without_mfa") and v == "open"] == [
            n for n, v in was.items() if n.endswith("_without_mfa") and v == now[n] == "open"
        ]
        assert repair(after).edits == ()


def swap(document: Any, sid: str, old: str, new: str) -> None:
    """Give an operator another name, at its place."""
    for s in document["Statement"]:
        if s["Sid"] == sid:
            s["Condition"] = {new if k == old else k: v for k, v in s["Condition"].items()}


def element(document: Any, sid: str, name: str) -> Any:
    return next(s for s in document["Statement"] if s["Sid"] == sid)[name]


def break_operator(document: Any) -> None:
    swap(document, "DenyUnlessMfa", "BoolIfExists", "Bool")


def break_second_operator(document: Any) -> None:
    swap(document, "DenyOthersUnlessMfa", "BoolIfExists", "Bool")


def break_null(document: Any) -> None:
    swap(document, "DenyUnlessMfa", "BoolIfExists", "Null")
    s = next(s for s in document["Statement"] if s["Sid"] == "DenyUnlessMfa")
    s["Condition"] = {"Null": {"aws:MultiFactorAuthPresent": "true"}}


def break_password(document: Any) -> None:
    listed = element(document, "DenyUnlessMfa", "NotAction")
    listed.remove("iam:ChangePassword")
    listed.remove("iam:GetAccountPasswordPolicy")


def break_enrolment(document: Any) -> None:
    listed = element(document, "DenyUnlessMfa", "NotAction")
    listed.remove("iam:CreateVirtualMFADevice")
    listed.remove("iam:ListMFADevices")


def break_removal(document: Any) -> None:
    listed = element(document, "DenyUnlessMfa", "NotAction")
    listed.append("iam:DeactivateMFADevice")
    listed.sort()


def break_roles(document: Any) -> None:
    element(document, "DenyUnlessMfa", "NotAction").append("sts:AssumeRole")


def break_paths(document: Any) -> None:
    del element(document, "AllowOwnPasswordAndMfa", "Resource")[1]


def break_spared_paths(document: Any) -> None:
    del element(document, "DenyOthersUnlessMfa", "NotResource")[1]


def break_key(document: Any) -> None:
    s = next(s for s in document["Statement"] if s["Sid"] == "DenyUnlessMfa")
    s["Condition"] = {"BoolIfExists": {"aws:MultiFactorAuthPresnt": "false"}}


def break_name(document: Any) -> None:
    listed = element(document, "DenyUnlessMfa", "NotAction")
    listed[listed.index("iam:EnableMFADevice")] = "iam:EnableMFADevices"


# Two of the same group are in the way of each other.
GROUPS = (
    (break_operator, break_null, break_key),
    (break_second_operator,),
    (break_password,),
    (break_enrolment, break_name),
    (break_removal,),
    (break_roles,),
    (break_paths,),
    (break_spared_paths,),
)
breakages = st.tuples(*(st.sampled_from((None, *group)) for group in GROUPS)).map(
    lambda chosen: [each for each in chosen if each]
)
layouts = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, 2, 4, "\t"]),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (",", ": ")]),
    }
)
line_ends = st.sampled_from(["\n", "\r\n"])
ends = st.sampled_from(["", "\n", "\n\n"])


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(breakages, layouts, line_ends, ends)
def test_what_was_broken_in_known_ways_comes_back(
    broken: list[Any], layout: dict[str, Any], line_end: str, end: str
) -> None:
    """
    A good document that is broken and mended is the good document again, byte for byte, however
    it is laid out.
    """

    def written(document: Any) -> str:
        return (json.dumps(document, **layout) + end).replace("\n", line_end)

    document = json.loads(json.dumps(DIRECT))
    for each in broken:
        each(document)
    found = found_in(written(document))
    r = repair(found)

    assert (r.text or found.source().text) == written(DIRECT)
    assert r.refused == ()
    assert bool(r.edits) == bool(broken)


@settings(max_examples=25)
@given(breakages.filter(bool))
def test_every_request_that_is_answered_differently_is_meant(broken: list[Any]) -> None:
    """
    Between the broken and the mended document, nothing is opened without MFA but what people need
    on their own user and devices.
    """
    document = json.loads(json.dumps(DIRECT))
    for each in broken:
        each(document)
    found = found_in(json.dumps(document))
    after = replace(found, data=repair(found).document)
    opened = [
        c for c in changes(Subject(found), Subject(after)) if c.beside > 0 and c.state != "mfa"
    ]
    needed = {"iam:changepassword", "iam:enablemfadevice", "iam:createvirtualmfadevice"}
    needed |= {"iam:listmfadevices", "iam:getaccountpasswordpolicy", "iam:resyncmfadevice"}

    assert {c.action for c in opened} <= needed


@settings(max_examples=30, phases=(Phase.explicit, Phase.generate))
@given(breakages, st.sampled_from([False, None]), line_ends, st.sampled_from([2, 4]))
def test_what_was_broken_in_yaml_comes_back(
    broken: list[Any], flow: bool | None, line_end: str, indent: int
) -> None:
    """
    The same in YAML, with lists in lines and in brackets.
    """

    def written(document: Any) -> str:
        text = yaml.safe_dump(
            json.loads(json.dumps(document)),
            default_flow_style=flow,
            sort_keys=False,
            width=10**6,
            indent=indent,
        )
        return text.replace("\n", line_end)

    document = json.loads(json.dumps(DIRECT))
    for each in broken:
        each(document)
    (found,) = every(written(document), "policy.yaml")
    text = repair(found).text or found.source().text

    # `Null` is written in quotation marks, which a key in its place keeps.
    assert text.replace("'BoolIfExists'", "BoolIfExists") == written(DIRECT)


def test_comments_of_yaml_stay() -> None:
    """
    Every comment of a YAML file is still there, on the line of what it is about.
    """
    text = text_of(ROOT / "tests/repair/yaml-block/before.yaml")
    (found,) = every(text, "policy.yaml")
    comments = re.findall("#.*", text)
    after = repair(found).text or ""

    assert comments
    assert re.findall("#.*", after) == comments


@pytest.mark.parametrize("layout", [{"indent": 2}, {"indent": None}])
def test_one_statement_that_is_no_list_gets_a_second(layout: dict[str, Any]) -> None:
    """
    A document whose only statement stands by itself has a list of two after a statement is added,
    and the first is written as it was.
    """
    document = {"Version": "2012-10-17", "Statement": deepcopy(DIRECT["Statement"][3])}
    text = json.dumps(document, **layout)
    r = repair(found_in(text))

    assert [s["Sid"] for s in r.document["Statement"]] == ["DenyUnlessMfa", "DenyOthersUnlessMfa"]
    assert r.text is not None
    assert text[text.index('"Sid"') : text.rindex("}") - 1].rstrip()[:-1] in r.text


def test_a_document_inside_text_is_not_edited_in_place() -> None:
    """
    Where a document is a text inside another file its edits are known, and the file stays.
    """
    document = deepcopy(DIRECT)
    break_operator(document)
    text = json.dumps({"PolicyName": "Mfa", "PolicyDocument": json.dumps(document)})
    (found,) = every(text, "p.json")
    r = repair(found)

    assert (r.text, r.document) == (None, DIRECT)
    assert r.not_in_place == (
        "the document is a text inside another file; edit it where it comes from"
    )


def test_what_a_program_printed_is_not_edited_in_place() -> None:
    """
    A document in what the AWS CLI printed is edited where it comes from.
    """
    document = deepcopy(DIRECT)
    break_operator(document)
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
    (found,) = every(json.dumps({"PolicyVersion": version}), "p.json")
    r = repair(found)

    assert (r.text, r.document) == (None, DIRECT)
    assert (
        r.not_in_place
        == "the file is what a program printed; edit the document where it comes from"
    )


def test_an_edit_that_would_overflow_the_quota_is_not_made() -> None:
    """
    An inline policy of a user that would pass its quota is left as it is, and that is said.
    """
    document = deepcopy(DIRECT)
    del document["Statement"][4]
    padding = [f"arn:aws:s3:::bucket-{n:03}/*" for n in range(28)]
    document["Statement"].append(
        statement("Padding", "Allow", Action="s3:GetObject", Resource=padding)
    )
    r = mended(document, holders=frozenset({"user"}), form="inline")

    assert r.edits == ()
    assert r.refused == (
        (
            "a second Deny confines `iam:ChangePassword`, `iam:EnableMFADevice`, "
            "`iam:ResyncMFADevice` to the own user",
            "it would have 2,091 characters, and the quota (inline policy of a user) is 2,048",
        ),
    )


@pytest.mark.parametrize("kind", ["scp", "boundary", "session"])
def test_documents_that_bind_roles_are_for_people_to_decide(kind: Kind) -> None:
    """
    A Deny without MFA that would hold for roles as well is never edited.
    """
    document = deepcopy(DIRECT)
    break_operator(document)
    r = mended(document, kind)

    assert r.edits == ()
    assert ["binds roles too" in why for _, why in r.refused] == [True]


def test_enrolment_never_asks_for_mfa() -> None:
    """
    An Allow of enrolment with `Null` stays as it is: to ask for MFA there would lock people out.
    """
    document = deepcopy(ROLES)
    document["Statement"][1]["Condition"] = {"Null": {"aws:MultiFactorAuthPresent": "false"}}

    assert mended(document).document == document


def spares(**deny: Any) -> dict[str, Any]:
    """A document whose Deny without MFA spares the own user of somebody without a path."""
    deny["NotResource"] = "arn:aws:iam::*:user/${aws:username}"
    deny["Condition"] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    return {"Version": "2012-10-17", "Statement": [statement("Deny", "Deny", **deny)]}


@pytest.mark.parametrize(
    "of",
    [
        {"Action": "*"},
        {"Action": ["iam:ChangePassword", "iam:*AccessKey"]},
        {"NotAction": ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"]},
    ],
    ids=["everything", "access keys", "all but lists"],
)
def test_what_spares_more_than_enrolment_is_spared_nobody_else(of: dict[str, Any]) -> None:
    """
    A Deny that an access key gets round on the own user is never made to spare more users; people
    are told what to write.
    """
    repaired = mended(spares(**of))

    assert "user/*/" not in json.dumps(repaired.document)
    [why] = [why for what, why in repaired.refused if what == "`NotResource` of the Deny"]
    assert 'write `"Resource": "*"` in place of `NotResource`' in why


def test_what_spares_enrolment_spares_it_of_all() -> None:
    """
    A Deny of the way in and of what is only read gains the users with a path.
    """
    repaired = mended(spares(Action=["iam:ChangePassword", "iam:EnableMFADevice", "iam:GetUser"]))

    assert [edit.answers for edit in repaired.edits] == [("GEN032",)]
    assert "user/*/${aws:username}" in json.dumps(repaired.document)
    assert [what for what, _ in repaired.refused if "NotResource" in what] == []


def test_a_lockout_of_some_users_is_for_people_to_mend() -> None:
    """
    An edit is proven for a user of no name, so one for users with a name is not made.
    """
    on = "arn:aws:iam::*:user/humans/*"
    deny = statement("Deny", "Deny", Action="iam:ChangePassword", Resource=on)

    repaired = mended({"Version": "2012-10-17", "Statement": [deny]})

    assert repaired.edits == ()
    [(what, why)] = repaired.refused
    assert what == "the first sign-in"
    assert "users whom this document singles out" in why


def test_proof_refuses_what_is_not_meant() -> None:
    """
    A change that is not among those meant is found, whatever else was meant.
    """
    document = deepcopy(DIRECT)
    element(document, "DenyUnlessMfa", "NotAction").append("iam:CreateAccessKey")
    before, after = (Subject(found_in(json.dumps(d))) for d in (DIRECT, document))
    found = changes(before, after)
    others = Intent(True, frozenset({"console", "key"}), kinds=frozenset({"role"}))

    assert {(c.action, c.beside) for c in found} == {("iam:createaccesskey", 1)}
    assert {c.kind for c in unmeant(found, [others])} >= {"own user", "other user"}
    assert unmeant(found, [Intent(True, frozenset({"console", "key"}))]) == []


def test_all_documents_of_a_template_are_mended_together() -> None:
    """
    The edits of several documents of one file are all in its new text, and the rest is as it was.
    """
    text = text_of(ROOT / "tests/repair/template/before.yaml")
    found = every(text, "template.yaml")
    repaired = [repair(each) for each in found]
    after = every(together(repaired) or "", "template.yaml")

    assert len([r for r in repaired if r.edits]) > 1
    assert [each.data for each in after] == [r.document for r in repaired]


SUB = "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/"
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "sub": ({"Fn::Sub": f"{SUB}${{!aws:username}}"}, {"Fn::Sub": f"{SUB}*/${{!aws:username}}"}),
    "sub with names": (
        {"Fn::Sub": [f"{SUB}${{Me}}", {"Me": "${aws:username}"}]},
        {"Fn::Sub": [f"{SUB}*/${{Me}}", {"Me": "${aws:username}"}]},
    ),
    "join": (
        {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":user/${aws:username}"]]},
        {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":user/*/${aws:username}"]]},
    ),
}


def template_of(*own: Any) -> dict[str, Any]:
    """A template whose policy has an edit of each sort to make, and names the own user so."""
    allow = {"Effect": "Allow", "Action": ["iam:ChangePassword", "iam:EnableMFADevice"]}
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    exempt = ["iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices"]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**allow, "Resource": list(own)},
            {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": condition},
        ],
    }
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"ForceMfa": policy}}


def laid_out(template: dict[str, Any], layout: str) -> tuple[str, str]:
    """The text of a template, and the name of its file."""
    if layout.startswith("json"):
        return json.dumps(template, indent=2 if layout == "json" else None), "t.json"
    flow = {"yaml": False, "yaml in brackets": None, "yaml in braces": True}
    text = yaml.safe_dump(template, sort_keys=False, default_flow_style=flow[layout], width=10**6)
    return text, "t.yaml"


LAYOUTS = ("json", "json in a line", "yaml", "yaml in brackets", "yaml in braces")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("forms", FUNCTIONS)
@pytest.mark.parametrize("count", [1, 2])
def test_no_edit_writes_where_a_template_would_be_deployed(
    layout: str, forms: str, count: int
) -> None:
    """
    The account that stands in for any is in no edit and no message: the functions of the template
    are written again, or it is said what to add. What comes of it is as good in every account.
    """
    text, name = laid_out(template_of(*FUNCTIONS[forms][:count]), layout)
    [repaired] = (repair(one) for one in every(text, name))

    assert repaired.text
    assert "111122223333" not in repaired.text + said([repaired])
    assert "us-east-1" not in repaired.text
    confined = "confines" in " ".join(edit.what for edit in repaired.edits)
    assert confined == (count == 2)
    assert confined or "/*/${aws:username}`, which only a function of the template" in said(
        [repaired]
    )
    other = StandIns("999999999999", "aws-cn", "cn-north-1", "amazonaws.com.cn")
    parsed = (json_text if name == "t.json" else yaml_text).parse(repaired.text, name)
    here, there = (list(documents(parsed, each)) for each in (StandIns(), other))
    [[one], [two]] = [
        [Subject(f).verdicts for f in each if isinstance(f, Found)] for each in (here, there)
    ]
    assert one == two
    assert one["first_login"] == "open"
    assert one["access_key_without_mfa"] == "denied"


def test_the_short_form_of_a_function_is_written_again_as_it_is() -> None:
    """
    `!Sub` in lines of their own and in brackets, quoted or not.
    """
    text = text_of(Path(__file__).parent / "repair/template-own-user/before.yaml")
    plain = "!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${!aws:username}"
    [first, *_] = (repair(one) for one in every(text, "t.yaml"))

    assert text.count(plain) == 1
    assert first.text
    assert first.text.count(plain) == 2


def test_what_works_in_one_account_only_is_found_out() -> None:
    """
    ARNs of the account that stands in for any let people in here, and nowhere else.
    """
    text, name = laid_out(template_of(*FUNCTIONS["sub"]), "json")
    [one] = every(text, name)
    here = "arn:aws:iam::111122223333:user/"
    confined = deepcopy(one.data)
    confined["Statement"][1]["NotAction"].append("iam:ChangePassword")
    confined["Statement"].append(
        {
            "Effect": "Deny",
            "Action": ["iam:ChangePassword", "iam:EnableMFADevice"],
            "NotResource": [f"{here}${{aws:username}}", f"{here}*/${{aws:username}}"],
            "Condition": NO_MFA,
        }
    )
    template = json.loads(text)
    template["Resources"]["ForceMfa"]["Properties"]["PolicyDocument"] = confined

    why = only_here(one, replace(one, data=confined), json.dumps(template))

    assert why == "`first_login` would be open or locked_out, as the account is"


def test_values_of_parameters_are_not_written_down() -> None:
    """
    A condition that a parameter fills in is not copied with its default.
    """
    template = template_of(*FUNCTIONS["sub"])
    template["Parameters"] = {"Office": {"Type": "String", "Default": "203.0.113.0/24"}}
    document = template["Resources"]["ForceMfa"]["Properties"]["PolicyDocument"]
    document["Statement"][1]["Condition"] = {
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
        "NotIpAddress": {"aws:SourceIp": {"Ref": "Office"}},
    }
    text, name = laid_out(template, "json")
    [repaired] = (repair(one) for one in every(text, name))

    assert (repaired.text or text).count("203.0.113.0/24") == 1


def test_what_functions_make_outside_of_a_template_is_left_alone() -> None:
    """
    A document that is shown and not written would be shown with stand-ins.
    """
    template = template_of(*FUNCTIONS["sub"])
    document = template["Resources"]["ForceMfa"]["Properties"]["PolicyDocument"]
    text = {
        "Fn::Sub": json.dumps(DIRECT)
        .replace("iam::*", "iam::${AWS::AccountId}")
        .replace("BoolIfExists", "Bool")
        .replace("${aws:", "${!aws:")
    }
    properties = template["Resources"]["ForceMfa"]["Properties"]
    for file in (
        {"a": {"b": document}},
        {
            **template,
            "Resources": {
                "P": {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {**properties, "PolicyDocument": text},
                }
            },
        },
    ):
        [repaired] = (repair(one) for one in every(json.dumps(file), "x.json"))

        assert repaired.not_in_place
        assert repaired.edits == ()
        assert "functions of a template make it; edit it by hand" in said([repaired])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            [
                Change("iam:changepassword", "own user", "console", 1, 1),
                Change("iam:changepassword", "own user with a path", "console", 1, 1),
                Change("iam:changepassword", "own user", "key", 1, 1),
                Change("iam:changepassword", "own user with a path", "key", 1, 1),
            ],
            "opens `iam:ChangePassword` without MFA: on the own user (with or without a path)",
        ),
        (
            [
                Change("unnamed:x", kind, "key", 0, -1)
                for kind in (
                    "own user",
                    "own user with a path",
                    "other user",
                    "own device",
                    "device",
                    "role",
                    "account",
                    "else",
                )
            ],
            "every other action is now denied to access keys without MFA",
        ),
        (
            [Change("sts:assumerole", "trust", "key", -1, -1, "users of account 999999999999")],
            "closes `sts:AssumeRole` to users of account 999999999999 with an access key without "
            "MFA",
        ),
    ],
)
def test_changes_are_sentences(changed: list[Change], words: str) -> None:
    """
    Who may do what on what, in this order.
    """
    assert sentences(changed) == (words,)


def test_an_alias_that_others_share_is_not_edited() -> None:
    """
    An edit that would change what stands elsewhere in the file, through an alias, is refused.
    """
    text = (
        "Version: '2012-10-17'\n"
        "Statement:\n"
        "- &deny\n"
        "  Effect: Deny\n"
        "  NotAction: [iam:ChangePassword]\n"
        "- *deny\n"
    )
    (found,) = every(text, "p.yaml")
    after = deepcopy(found.data)
    after["Statement"][0]["NotAction"] = ["iam:GetUser"]

    with pytest.raises(NotWrittenError):
        rewritten(found.source(), [Rewrite((), found.data, after)])


def test_a_key_that_stands_twice_is_not_edited() -> None:
    """
    A file that says two things at one place is for people to mend.
    """
    broken = deepcopy(DIRECT)
    break_operator(broken)
    text = json.dumps(broken).replace('"Version"', '"Version": "2008-10-17", "Version"')
    (found,) = every(text, "p.json")
    r = repair(found)

    assert (r.edits, r.text) == ((), None)
    assert {why for _, why in r.refused} == {"the key `Version` stands twice in one object"}


def test_a_diff_can_be_applied() -> None:
    """
    A diff has the file's name, its own line ends, and says where there is no line end.
    """
    before, after = '{\r\n"a": 1\r\n}', '{\r\n"a": 2\r\n}'

    assert diff(before, after, "p.json") == (
        "--- a/p.json\n+++ b/p.json\n@@ -1,3 +1,3 @@\n {\r\n"
        '-"a": 1\r\n+"a": 2\r\n }\n\\ No newline at end of file\n'
    )
    assert diff(before, before, "p.json") == ""


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")],
)
def test_a_file_keeps_its_permissions_its_mark_and_its_line_ends(
    tmp_path: Path, mark: bytes, encoding: str
) -> None:
    """
    Only the text of a file is another one.
    """
    path = tmp_path / "p.json"
    path.write_bytes(mark + "{\r\n}".encode(encoding))
    path.chmod(0o640)
    write(path, "[\r\n]", was="{\r\n}")

    assert path.read_bytes() == mark + "[\r\n]".encode(encoding)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["p.json"]


def test_links_and_changed_files_are_not_written(tmp_path: Path) -> None:
    """
    A link is not followed, and what somebody has changed meanwhile is not lost.
    """
    path, link = tmp_path / "p.json", tmp_path / "link.json"
    path.write_text("{}")
    link.symlink_to(path)

    with pytest.raises(GenError, match="is a link or no regular file"):
        write(link, "[]")
    with pytest.raises(GenError, match="has changed since it was read"):
        write(path, "[]", was="{ }")
    assert (path.read_text(), link.is_symlink()) == ("{}", True)
