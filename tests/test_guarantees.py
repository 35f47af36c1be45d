"""What must hold of every document, whichever templates wrote it.

`broken_templates/<case>/` is a directory for `--templates` that breaks a guarantee, `expected.txt`
in it what is said; `profile.yaml` is the profile, where the usual one has not got the point.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from generator.build import Bundle, build
from generator.errors import YOUR_INPUT, GenError
from generator.load import load_text
from tests.support import ROOT, run_gen
from tests.test_messages import messages, pattern

FOLDER = ROOT / "tests" / "broken_templates"
CASES = sorted(path.name for path in FOLDER.iterdir())
DENY, ASSUME = "direct-user-deny", "role-assumption-with-mfa-trust"
DENY_POLICY, ASSUME_POLICY = f"{DENY}/user-policy.json.j2", f"{ASSUME}/user-policy.json.j2"
TRUST_POLICY, OWN = f"{ASSUME}/trust-policy.json.j2", "shared/own-credentials.json.j2"
PROFILE = (
    "name: team\n"
    "description: Console users of the product team.\n"
    "archetype: direct-user-deny\n"
    'account: {id: "111122223333"}\n'
)
WORKING_THROUGH_A_ROLE = PROFILE.replace(DENY, ASSUME) + "roles:\n  - name: developer\n"


def built(profile: str, templates: Path | None) -> Bundle:
    return build(load_text(profile, "team.yaml", Path()), templates=templates)


def profile_of(case: str) -> str:
    path = FOLDER / case / "profile.yaml"
    return path.read_text(encoding="utf-8") if path.exists() else PROFILE


def text_of(case: str) -> str:
    return (FOLDER / case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_template_that_breaks_a_guarantee_is_refused(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names profile, document, statement and action, word for word as agreed."""
    monkeypatch.chdir(FOLDER)
    with pytest.raises(GenError) as caught:
        built(profile_of(case), Path(case))

    assert "".join(f"error: {one}\n" for one in caught.value.each()) == text_of(case)
    assert caught.value.exit_code == YOUR_INPUT


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_about_the_template(case: str) -> None:
    """With our own templates the profile of each case renders: only the template is at fault."""
    assert built(profile_of(case), None).files


@pytest.mark.parametrize("case", ["deny-bool", "trust-bool-if-exists", "document-operator"])
def test_the_command_refuses_a_broken_template_and_writes_nothing(
    case: str, tmp_path: Path
) -> None:
    """`gen render --templates` exits 2 with the message alone, and makes no out/."""
    (tmp_path / "team.yaml").write_text(profile_of(case), encoding="utf-8")
    shutil.copytree(FOLDER / case, tmp_path / case)

    done = run_gen("render", "team.yaml", "--templates", case, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (YOUR_INPUT, "", text_of(case))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([case, "team.yaml"])


def refusals() -> Iterator[str]:
    """A regular expression for each refusal that stands in the modules."""
    for module in ("guarantees", "lockouts", "bypasses", "trust"):
        yield from messages(module, "Broken", 0)
    tree = ast.parse((ROOT / "generator" / "documents.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            yield pattern(node.value.elts[0])
        elif isinstance(node, ast.FunctionDef) and node.name == "arn_problem":
            returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
            yield from (pattern(value) for value in returned if value)


@pytest.mark.parametrize("refusal", sorted({p for p in refusals() if p.strip(".*")}))
def test_every_refusal_has_a_case(refusal: str) -> None:
    """No guarantee is there that nothing breaks: each refusal is met by a template or a profile."""
    met = [text_of(case) for case in CASES]
    met += [p.read_text(encoding="utf-8") for p in FOLDER.parent.glob("bad_profiles/*.txt")]

    assert any(re.search(rf"^error: .*{refusal}", text, re.MULTILINE) for text in met)


class Neighbour(NamedTuple):
    """A template near a broken one that is fine; `same`: it even says the same."""

    name: str
    template: str
    text: str
    profile: str = PROFILE
    same: bool = False


def ours(template: str, *edits: tuple[str, str], and_then: str = "") -> str:
    """A template of ours with something spelled another way."""
    text = (ROOT / "templates" / template).read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text + and_then


FLAG_FALSE = '"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}'
FLAG_TRUE = '"Bool": {"aws:MultiFactorAuthPresent": "true"}'
EXEMPT = "{{ p.exempt_before_mfa | tojson }}"
OWN_USER = "{{ p.own_user_arns | tojson }}"
ANOTHER_ACCOUNT = PROFILE.replace("111122223333", "444455556666")
AGED = PROFILE + "mfa: {max_age: 8h}\n"
AGED_ROLE = WORKING_THROUGH_A_ROLE + "mfa: {max_age: 8h}\n"

WITH_ACCOUNT = (
    '["arn:aws:iam::{0}:user/${{aws:username}}", "arn:aws:iam::{0}:user/*/${{aws:username}}"]'
)
MORE = '{{"Sid": "AllowMore", "Effect": "Allow", "Action": "{}", "Resource": "*"{}}}'
WHOLE = """
{"Sid": "Account", "Effect": "Allow", "Resource": "*",
 "Action": ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"]}
{"Sid": "OwnUser", "Effect": "Allow",
 "Action": ["iam:ChangePassword", "iam:DeactivateMFADevice", "iam:EnableMFADevice",
            "iam:GetMFADevice", "iam:GetUser", "iam:ListMFADevices", "iam:ResyncMFADevice"],
 "Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]}
{"Sid": "VirtualDevice", "Effect": "Allow", "Action": "iam:CreateVirtualMFADevice",
 "Resource": "arn:aws:iam::*:mfa/*"}
{"Sid": "NoMfaNoAccess", "Effect": "Deny", "Resource": "*",
 "NotAction": ["iam:ChangePassword", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice",
               "iam:GetAccountPasswordPolicy", "iam:GetMFADevice", "iam:GetUser",
               "iam:ListMFADevices", "iam:ListVirtualMFADevices", "iam:ResyncMFADevice"],
 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
{"Sid": "NoMfaOwnUserOnly", "Effect": "Deny",
 "Action": ["iam:ChangePassword", "iam:EnableMFADevice", "iam:GetMFADevice", "iam:GetUser",
            "iam:ListMFADevices", "iam:ResyncMFADevice"],
 "NotResource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"],
 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
"""
TWO_DENIES = """
{"Sid": "DenyConsole", "Effect": "Deny", "NotAction": {{ p.exempt_before_mfa | tojson }},
 "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
{"Sid": "DenyAccessKeys", "Effect": "Deny", "NotAction": {{ p.exempt_before_mfa | tojson }},
 "Resource": "*", "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}}
"""

NEIGHBOURS = (
    Neighbour(
        "a bare boolean",
        DENY_POLICY,
        ours(
            DENY_POLICY,
            ('"aws:MultiFactorAuthPresent": "false"', '"aws:MultiFactorAuthPresent": false'),
        ),
        same=True,
    ),
    Neighbour(
        "a list of one",
        DENY_POLICY,
        ours(DENY_POLICY, (FLAG_FALSE, FLAG_FALSE.replace('"false"', '["false"]'))),
        same=True,
    ),
    Neighbour(
        "a key in another case",
        DENY_POLICY,
        ours(DENY_POLICY, ("aws:MultiFactorAuthPresent", "AWS:multifactorauthPRESENT")),
        same=True,
    ),
    Neighbour(
        "actions in another case",
        DENY_POLICY,
        ours(DENY_POLICY, (EXEMPT, "{{ p.exempt_before_mfa | map('upper') | list | tojson }}")),
        same=True,
    ),
    Neighbour(
        "actions in another order, twice",
        DENY_POLICY,
        ours(
            DENY_POLICY,
            (
                EXEMPT,
                "{{ ((p.exempt_before_mfa + p.exempt_before_mfa) | reverse | list) | tojson }}",
            ),
        ),
        same=True,
    ),
    Neighbour(
        "resources as a list, with a star too many",
        DENY_POLICY,
        ours(DENY_POLICY, ('"Resource": "*"', '"Resource": ["**", "*"]')),
        same=True,
    ),
    Neighbour(
        "statements in another order",
        DENY_POLICY,
        ours(DENY_POLICY, ('{% include "shared/own-credentials.json.j2" %}', ""))
        + '{% include "shared/own-credentials.json.j2" %}',
        same=True,
    ),
    Neighbour(
        "the account instead of a star",
        OWN,
        ours(OWN, (OWN_USER, WITH_ACCOUNT.format("111122223333"))),
    ),
    Neighbour(
        "another account instead of a star",
        OWN,
        ours(OWN, (OWN_USER, WITH_ACCOUNT.format("444455556666"))),
        ANOTHER_ACCOUNT,
    ),
    Neighbour(
        "the account in the Deny too",
        DENY_POLICY,
        ours(DENY_POLICY, (OWN_USER, WITH_ACCOUNT.format("444455556666"))),
        ANOTHER_ACCOUNT,
    ),
    Neighbour(
        "more with MFA",
        DENY_POLICY,
        ours(DENY_POLICY, and_then=MORE.format("s3:*", f', "Condition": {{{FLAG_TRUE}}}')),
    ),
    Neighbour(
        "more that the Deny takes back without MFA",
        DENY_POLICY,
        ours(DENY_POLICY, and_then=MORE.format("s3:*", "")),
    ),
    Neighbour(
        "a Deny each for console and access keys",
        DENY_POLICY,
        ours(DENY_POLICY, (EXEMPT, '["iam:ChangePassword"]')).split("{#- An access key")[0]
        + TWO_DENIES
        + "{#- NotAction"
        + ours(DENY_POLICY).split("{#- NotAction")[1],
    ),
    Neighbour(
        "other users out of reach with MFA as well",
        DENY_POLICY,
        ours(
            DENY_POLICY,
            (
                f',\n  "Condition": {{{FLAG_FALSE}}}\n}}\n\n{{% if p.max_age',
                "\n}\n\n{% if p.max_age",
            ),
        ),
    ),
    Neighbour(
        "an old sign-in denied without IfExists, beside the Deny without MFA",
        DENY_POLICY,
        ours(DENY_POLICY, ("NumericGreaterThanEqualsIfExists", "NumericGreaterThanEquals")),
        AGED,
    ),
    Neighbour(
        "security keys denied by value",
        DENY_POLICY,
        ours(
            DENY_POLICY,
            (
                '{"Null": {"iam:RegisterSecurityKey": "false"}}',
                '{"StringLike": {"iam:RegisterSecurityKey": "*"}}',
            ),
        ),
        PROFILE + "mfa: {devices: [virtual-totp]}\n",
    ),
    Neighbour("somebody's own policy, without Jinja", DENY_POLICY, WHOLE),
    Neighbour(
        "more with MFA, where there is no Deny",
        ASSUME_POLICY,
        ours(ASSUME_POLICY, and_then=MORE.format("s3:*", f', "Condition": {{{FLAG_TRUE}}}')),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "more with fresh MFA, where there is no Deny",
        ASSUME_POLICY,
        ours(
            ASSUME_POLICY,
            and_then=MORE.format(
                "s3:*", ', "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}'
            ),
        ),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "a bare boolean in the trust",
        TRUST_POLICY,
        ours(TRUST_POLICY, (FLAG_TRUE, FLAG_TRUE.replace('"true"', "true"))),
        WORKING_THROUGH_A_ROLE,
        same=True,
    ),
    Neighbour(
        "the account by its number",
        TRUST_POLICY,
        ours(TRUST_POLICY, ("{{ role.principals | tojson }}", '["111122223333"]')),
        WORKING_THROUGH_A_ROLE,
        same=True,
    ),
    Neighbour(
        "one more condition in the trust",
        TRUST_POLICY,
        ours(
            TRUST_POLICY,
            (FLAG_TRUE, f'"IpAddress": {{"aws:SourceIp": "203.0.113.0/24"}}, {FLAG_TRUE}'),
        ),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "the other name of an operator in the trust",
        TRUST_POLICY,
        ours(TRUST_POLICY, ("ArnLike", "ArnEquals")),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "the flag in capitals in the trust",
        TRUST_POLICY,
        ours(TRUST_POLICY, (FLAG_TRUE, FLAG_TRUE.replace('"true"', '"True"'))),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "a Deny of other users in the trust",
        TRUST_POLICY,
        ours(
            TRUST_POLICY,
            and_then='{"Sid": "DenyOthers", "Effect": "Deny", "Principal": {"AWS": '
            '"arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}',
        ),
        WORKING_THROUGH_A_ROLE,
    ),
    Neighbour(
        "a Deny on what no sign-in is about, named by a variable",
        DENY_POLICY,
        ours(
            DENY_POLICY,
            and_then='{"Sid": "DenyRoles", "Effect": "Deny", "Action": "iam:*", "Resource": '
            '"arn:aws:iam::*:role/${aws:PrincipalTag/team}-*"}',
        ),
    ),
    Neighbour(
        "younger MFA in the trust",
        TRUST_POLICY,
        ours(TRUST_POLICY, ("role.mfa_max_age | string", '"900"')),
        AGED_ROLE,
    ),
    Neighbour(
        "MFA of at most the age in the trust",
        TRUST_POLICY,
        ours(TRUST_POLICY, ("NumericLessThan", "NumericLessThanEquals")),
        AGED_ROLE,
    ),
)


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=lambda n: n.name)
def test_a_harmless_variant_is_accepted(neighbour: Neighbour, tmp_path: Path) -> None:
    """A guarantee refuses what is broken, not what is written differently."""
    path = tmp_path / neighbour.template
    path.parent.mkdir(parents=True)
    path.write_text(neighbour.text, encoding="utf-8")

    files = built(neighbour.profile, tmp_path).files

    assert (files == built(neighbour.profile, None).files) == neighbour.same
