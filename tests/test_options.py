"""Every option of a profile: what it changes in the documents, to the element, and what is printed.

A case sets options on a base profile. In what it expects of a file, `+` marks a statement or a key
that comes, `-` one that goes, and `Sid.Element` an element that is different; a file that comes or
goes is a plain `+` or `-`.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from msgspec import inspect

from generator.build import PROOF, Bundle, build
from generator.lexical import Partition
from generator.load import load_text
from generator.profile import Profile
from generator.show import decided, warnings
from generator.steps import next_steps

DENY, TRUST = "direct-user-deny", "role-assumption-with-mfa-trust"
USER = "user-policy.json"
TRUSTED = "roles/developer/trust-policy.json"
ALLOWED = "roles/developer/permissions-policy.json"
SETTINGS = "roles/developer/role.json"

BASE: dict[str, Any] = {
    "name": "team",
    "description": "Console users of the product team.",
    "archetype": DENY,
    "account": {
        "id": "111122223333",
        "password_policy": {"AllowUsersToChangePassword": False},
    },
    "users": {"path": "/team/"},
    "mfa": {"devices": ["virtual-totp", "security-key"]},
    "deny": {"exempt_before_mfa": [{"action": "iam:ListUsers", "reason": "The Users page."}]},
    "roles": [{"name": "developer", "permissions": {"statements": "developer.json"}}],
}
READ = {"Sid": "Read", "Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
FILES = {
    "developer.json": [READ],
    "other.json": [{**READ, "Action": "logs:GetLogEvents"}],
    "policy.json": {"PasswordPolicy": {"AllowUsersToChangePassword": True}},
}


class Case(NamedTuple):
    """One use of an option, set on the base profile of an archetype.

    `says`: a part of each printed line that comes or, where none comes, that goes.
    """

    option: str
    sets: dict[str, Any]
    changes: dict[str, str]
    says: tuple[str, ...] = ()
    on: str = DENY


NOTHING: dict[str, str] = {}
ON_TRUST = {"archetype": TRUST, "deny": None}
CERTIFIED = (
    "+AllowEnableTotpDevice +AllowRegisterSecurityKeyActivate +AllowRegisterSecurityKeyCreate "
)
BOTH = "TrustWithMfa.Condition TrustWithMfa.Principal"
READ_ONLY = {"managed": ["arn:aws:iam::aws:policy/SecurityAudit"]}

CASES = (
    # What the team is called is the folder, and in no document.
    Case("name", {"name": "other"}, NOTHING, ("name it other", "Attach policies: other")),
    Case("description", {"description": "Other words."}, NOTHING),
    Case("archetype", ON_TRUST, {USER: "-DenyOnOtherUsersUnlessMfa -DenyUnlessMfa"}),
    Case(
        "account.id",
        {"account.id": "444455556666"},
        {USER: "AllowAssumeRoles.Resource", TRUSTED: BOTH},
    ),
    Case(
        "account.partition",
        {"account.partition": "aws-us-gov"},
        {
            USER: "AllowAssumeRoles.Resource AllowCreateVirtualMfaDevice.Resource "
            "AllowDeactivateOwnMfaDeviceWithMfa.Resource AllowOwnUser.Resource "
            "DenyOnOtherUsersUnlessMfa.NotResource",
            TRUSTED: BOTH,
        },
        ("whether aws-us-gov takes every kind of passkey",),
    ),
    # The account's password policy decides on one Allow; the exemption from the Deny stays.
    Case(
        "account.password_policy",
        {"account.password_policy": None},
        NOTHING,
        ("the account's password policy is not given: an Allow for iam:ChangePassword",),
    ),
    Case(
        "account.password_policy",
        {"account.password_policy": "none"},
        NOTHING,
        ("the account's password policy is `none`: an Allow for iam:ChangePassword",),
    ),
    Case(
        "account.password_policy",
        {"account.password_policy": "policy.json"},
        {USER: "AllowAccountInformation.Action AllowOwnUser.Action"},
        ("so no Allow is rendered for it", "AllowUsersToChangePassword must stay on"),
    ),
    Case(
        "account.password_policy.AllowUsersToChangePassword",
        {"account.password_policy.AllowUsersToChangePassword": True},
        {USER: "AllowAccountInformation.Action AllowOwnUser.Action"},
        ("so no Allow is rendered for it", "AllowUsersToChangePassword must stay on"),
    ),
    *(
        Case(f"account.password_policy.{name}", {f"account.password_policy.{name}": value}, NOTHING)
        for name, value in (
            ("MinimumPasswordLength", 14),
            ("RequireSymbols", True),
            ("RequireNumbers", True),
            ("RequireUppercaseCharacters", True),
            ("RequireLowercaseCharacters", True),
            ("ExpirePasswords", True),
            ("MaxPasswordAge", 90),
            ("PasswordReusePrevention", 24),
        )
    ),
    Case(
        "account.password_policy.HardExpiry",
        {"account.password_policy.HardExpiry": True},
        NOTHING,
        ("HardExpiry is on: a user whose password has expired cannot set a new one",),
    ),
    Case(
        "account.console_authorization",
        {"account.console_authorization": True},
        {USER: "DenyUnlessMfa.NotAction"},
    ),
    # Only a Deny can stop the console session, and this archetype has none.
    Case(
        "account.console_authorization", {"account.console_authorization": True}, NOTHING, on=TRUST
    ),
    Case(
        "users.path",
        {"users.path": "/staff/"},
        {TRUSTED: "TrustWithMfa.Condition"},
        ("`aws iam create-user --path /staff/`",),
    ),
    Case(
        "users.path",
        {"users.path": None},
        {TRUSTED: "TrustWithMfa.Condition"},
        ("IAM > Users > Create user, with console access",),
    ),
    # Who can reset a password can also forget to say so: the documents always allow the reset.
    Case(
        "users.password_reset_required",
        {"users.password_reset_required": False},
        NOTHING,
        ("`aws iam create-login-profile`; add them to the group",),
    ),
    # A hardware token is enabled by the same call as a virtual one.
    Case(
        "mfa.devices",
        {"mfa.devices": ["virtual-totp", "security-key", "hardware-totp"]},
        NOTHING,
    ),
    Case(
        "mfa.devices",
        {"mfa.devices": ["virtual-totp"]},
        {USER: "+AllowEnableTotpDevice +DenySecurityKeys AllowOwnUser.Action"},
    ),
    Case(
        "mfa.devices",
        {"mfa.devices": ["hardware-totp"]},
        {
            USER: "+AllowEnableTotpDevice +DenySecurityKeys -AllowCreateVirtualMfaDevice "
            "AllowAccountInformation.Action AllowOwnUser.Action DenyUnlessMfa.NotAction"
        },
    ),
    Case(
        "mfa.devices",
        {"mfa.devices": ["security-key"]},
        {
            USER: "+AllowRegisterSecurityKeyActivate +AllowRegisterSecurityKeyCreate "
            "+DenyTotpDevices -AllowCreateVirtualMfaDevice AllowAccountInformation.Action "
            "AllowOwnUser.Action DenyOnOtherUsersUnlessMfa.Action DenyUnlessMfa.NotAction"
        },
    ),
    Case(
        "mfa.devices",
        {"mfa.devices": ["virtual-totp"]},
        {USER: "+AllowEnableTotpDevice AllowOwnUser.Action"},
        on=TRUST,
    ),
    Case(
        "mfa.certification.fido",
        {"mfa.certification.fido": ["L2", "L1plus"]},
        {USER: CERTIFIED + "+DenyUncertifiedSecurityKeys1 AllowOwnUser.Action"},
    ),
    Case(
        "mfa.certification.fido",
        {"mfa.certification.fido": ["L2", "L1plus"]},
        {USER: CERTIFIED + "AllowOwnUser.Action"},
        on=TRUST,
    ),
    Case(
        "mfa.certification.fips_140_2",
        {"mfa.certification.fips_140_2": ["L3"]},
        {USER: CERTIFIED + "+DenyUncertifiedSecurityKeys1 AllowOwnUser.Action"},
    ),
    Case(
        "mfa.certification.fips_140_3",
        {"mfa.certification.fips_140_3": ["L3"], "mfa.certification.fido": ["L2"]},
        {
            USER: CERTIFIED + "+DenyUncertifiedSecurityKeys1 +DenyUncertifiedSecurityKeys2 "
            "AllowOwnUser.Action"
        },
    ),
    Case(
        "mfa.max_age",
        {"mfa.max_age": "8h"},
        {
            USER: "+DenyOnOtherUsersWithStaleMfa +DenyStaleMfa "
            "AllowDeactivateOwnMfaDeviceWithMfa.Condition",
            TRUSTED: "TrustWithMfa.Condition",
        },
    ),
    Case(
        "mfa.max_age",
        {"mfa.max_age": "8h"},
        {
            USER: "AllowDeactivateOwnMfaDeviceWithMfa.Condition",
            TRUSTED: "TrustWithMfa.Condition",
        },
        on=TRUST,
    ),
    *(
        Case(
            f"self_service.{name}", {f"self_service.{name}": True}, {USER: f"+{sid}"}, on=archetype
        )
        for archetype in (DENY, TRUST)
        for name, sid in (
            ("access_keys", "AllowOwnAccessKeysWithMfa"),
            ("ssh_public_keys", "AllowOwnSshPublicKeysWithMfa"),
            ("signing_certificates", "AllowOwnSigningCertificatesWithMfa"),
            ("service_specific_credentials", "AllowOwnServiceSpecificCredentialsWithMfa"),
        )
    ),
    Case("cli.mfa_session", {"cli.mfa_session": True}, {USER: "DenyUnlessMfa.NotAction"}),
    # AWS subjects sts:GetSessionToken to no policy, so without a Deny there is nothing to say.
    Case("cli.mfa_session", {"cli.mfa_session": True}, NOTHING, on=TRUST),
    Case(
        "cli.aws_login", {"cli.aws_login": True}, {USER: "+AllowAwsLogin DenyUnlessMfa.NotAction"}
    ),
    Case("cli.aws_login", {"cli.aws_login": True}, {USER: "+AllowAwsLogin"}, on=TRUST),
    Case(
        "deny.except_via_aws_service",
        {"deny.except_via_aws_service": True},
        {USER: "DenyUnlessMfa.Condition"},
    ),
    Case(
        "deny.exempt_before_mfa",
        {"deny.exempt_before_mfa": []},
        {USER: "DenyUnlessMfa.NotAction"},
    ),
    Case(
        "deny.exempt_before_mfa[].action",
        {"deny.exempt_before_mfa[].action": "iam:ListAccountAliases"},
        {USER: "DenyUnlessMfa.NotAction"},
    ),
    # One that acts on a user is exempt on the own user only.
    Case(
        "deny.exempt_before_mfa[].action",
        {"deny.exempt_before_mfa[].action": "iam:ListUserTags"},
        {USER: "DenyOnOtherUsersUnlessMfa.Action DenyUnlessMfa.NotAction"},
    ),
    # The reason is for those who review the profile; IAM documents have no place for one.
    Case(
        "deny.exempt_before_mfa[].reason",
        {"deny.exempt_before_mfa[].reason": "Other words."},
        NOTHING,
    ),
    # How a policy is attached decides its quota and the steps, not its text.
    Case(
        "attach", {"attach": "group-inline"}, NOTHING, ("the users' group > Permissions > Create",)
    ),
    Case(
        "attach", {"attach": "user-inline"}, NOTHING, ("each user > Permissions > Create inline",)
    ),
    Case(
        "roles",
        {"roles": []},
        {USER: "-AllowAssumeRoles", TRUSTED: "-", ALLOWED: "-", SETTINGS: "-"},
        (
            "paste out/roles/developer/trust-policy.json",
            "paste out/roles/developer/permissions-policy.json",
            "then switch to a role",
        ),
    ),
    Case(
        "roles",
        {"roles": [*BASE["roles"], {"name": "auditor", "permissions": READ_ONLY}]},
        {
            USER: "AllowAssumeRoles.Resource",
            "roles/auditor/trust-policy.json": "+",
            "roles/auditor/role.json": "+",
        },
        ("paste out/roles/auditor/trust-policy.json",),
    ),
    Case(
        "roles[].name",
        {"roles[].name": "operator"},
        {
            USER: "AllowAssumeRoles.Resource",
            **dict.fromkeys((TRUSTED, ALLOWED, SETTINGS), "-"),
            **{p.replace("developer", "operator"): "+" for p in (TRUSTED, ALLOWED, SETTINGS)},
        },
        ("trust-policy.json; name it operator", "role operator > Add permissions"),
    ),
    Case("roles[].description", {"roles[].description": "Builds."}, {SETTINGS: "+Description"}),
    Case(
        "roles[].path",
        {"roles[].path": "/team/"},
        {USER: "AllowAssumeRoles.Resource", SETTINGS: "Path"},
        ("the console cannot set its path /team/: use `aws iam create-role --path`",),
    ),
    Case(
        "roles[].account",
        {"roles[].account": "444455556666"},
        {USER: "AllowAssumeRoles.Resource"},
        ("Create role in account 444455556666",),
    ),
    Case(
        "roles[].trust.users_under",
        {"roles[].trust.users_under": "/team/developers/"},
        {TRUSTED: "TrustWithMfa.Condition"},
    ),
    Case(
        "roles[].trust.principal_arn",
        {"roles[].trust.principal_arn": "arn:aws:iam::*:user/dev-*"},
        {TRUSTED: "TrustWithMfa.Condition"},
    ),
    Case("roles[].trust.users", {"roles[].trust.users": ["team/carol"]}, {TRUSTED: BOTH}),
    # Users of another account only: the profile's own users have nothing to assume there.
    Case(
        "roles[].trust.accounts",
        {"roles[].trust.accounts": ["444455556666"]},
        {USER: "-AllowAssumeRoles", TRUSTED: BOTH},
        ("then switch to a role",),
    ),
    Case(
        "roles[].trust.accounts",
        {"roles[].trust.accounts": ["111122223333", "444455556666"]},
        {TRUSTED: BOTH},
    ),
    Case(
        "roles[].trust.organization",
        {"roles[].trust.organization": "o-a1b2c3d4e5"},
        {TRUSTED: BOTH},
    ),
    Case("roles[].mfa_max_age", {"roles[].mfa_max_age": "1h"}, {TRUSTED: "TrustWithMfa.Condition"}),
    Case(
        "roles[].max_session",
        {"roles[].max_session": "4h"},
        {SETTINGS: "MaxSessionDuration"},
        ("name it developer, maximum session duration 4h",),
    ),
    Case(
        "roles[].session_name_is_username",
        {"roles[].session_name_is_username": True},
        {TRUSTED: "TrustWithMfa.Condition"},
        ("role developer: whether the console's switch role sends the user name",),
    ),
    Case(
        "roles[].external_id",
        {"roles[].external_id": "partner-2026"},
        {TRUSTED: "TrustWithMfa.Condition"},
        ("role developer: a role that needs an external id cannot be switched to",),
    ),
    Case(
        "roles[].source_identity_is_username",
        {"roles[].source_identity_is_username": True},
        {
            USER: "+AllowSetSourceIdentity",
            TRUSTED: "+TrustSourceIdentityWithMfa TrustWithMfa.Condition",
        },
        ("a role that needs a source identity cannot be switched to in the console",),
    ),
    Case(
        "roles[].session_tags",
        {"roles[].session_tags": {"Project": ["blue"], "Ticket": []}},
        {USER: "+AllowTagSession", TRUSTED: "+TrustSessionTagsWithMfa"},
    ),
    Case(
        "roles[].permissions.managed",
        {"roles[].permissions.managed": ["arn:aws:iam::aws:policy/PowerUserAccess"]},
        {SETTINGS: "+ManagedPolicyArns"},
        ("maximum session duration 1h, permissions PowerUserAccess",),
    ),
    Case(
        "roles[].permissions.statements",
        {"roles[].permissions.statements": "other.json"},
        {ALLOWED: "Read.Action"},
    ),
    Case(
        "roles[].permissions.statements",
        {"roles[].permissions.statements": None},
        {ALLOWED: "-"},
        ("role developer > Add permissions > Create inline policy",),
    ),
    Case(
        "roles[].permissions_boundary",
        {"roles[].permissions_boundary": "arn:aws:iam::111122223333:policy/boundary"},
        {SETTINGS: "+PermissionsBoundary"},
        ("permissions boundary boundary",),
    ),
)


def options(kind: inspect.Type, at: str = "") -> Iterator[str]:
    """Every option of a profile, `[]` for an item of a list."""
    if isinstance(kind, inspect.Metadata):
        yield from options(kind.type, at)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from options(field.type, f"{at}.{field.encode_name}".removeprefix("."))
    elif isinstance(kind, inspect.UnionType):
        for part in kind.types:
            yield from options(part, at)
    elif not isinstance(kind, inspect.NoneType):
        yield at
        if isinstance(kind, inspect.VarTupleType) and isinstance(
            kind.item_type, inspect.StructType
        ):
            yield from options(kind.item_type, f"{at}[]")


def profile_with(sets: dict[str, Any]) -> dict[str, Any]:
    """The base profile with some options set; None takes an option out."""
    profile = copy.deepcopy(BASE)
    for option, value in sets.items():
        inner: Any = profile
        *around, last = option.replace("[]", ".0").split(".")
        for step in around:
            inner = inner[0] if step == "0" else inner.setdefault(step, {})
        inner[last] = value
        if value is None:
            del inner[last]
    return profile


def built(sets: dict[str, Any], folder: Path) -> Bundle:
    for name, content in FILES.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return build(load_text(json.dumps(profile_with(sets)), "team.yaml", folder))


def difference(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """What is different, a file each, in the words of the cases."""
    found = {path: "-" for path in old if path not in new}
    found |= {path: "+" for path in new if path not in old}
    for path in (old.keys() & new.keys()) - {PROOF}:
        if old[path] != new[path]:
            found[path] = " ".join(sorted(_within(_parts(old[path]), _parts(new[path]))))
    return found


def _parts(text: str) -> dict[str, dict[str, Any]]:
    data = json.loads(text)
    if "Statement" in data:
        return {s["Sid"]: s for s in data["Statement"]}
    return {key: {"": value} for key, value in data.items()}


def _within(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield from (f"-{name}" for name in old if name not in new)
    yield from (f"+{name}" for name in new if name not in old)
    for name in old.keys() & new.keys():
        for element in old[name].keys() | new[name].keys():
            if old[name].get(element) != new[name].get(element):
                yield f"{name}.{element}".removesuffix(".")


def lines(bundle: Bundle) -> list[str]:
    """What `gen render` prints besides the files."""
    return [*decided(bundle), *warnings(bundle), *next_steps(bundle, "out")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.option}-{case.on}")
def test_an_option_changes_exactly_what_it_is_about(case: Case, tmp_path: Path) -> None:
    """An option flips the files, statements and elements it is about and leaves every other."""
    base = ON_TRUST if case.on == TRUST else {}
    old, new = built(base, tmp_path), built({**base, **case.sets}, tmp_path)
    before, after = lines(old), lines(new)
    told = [x for x in after if x not in before] or [x for x in before if x not in after]

    assert difference(old.files, new.files) == case.changes
    assert len(told) == len(case.says)
    assert all(part in line for part, line in zip(case.says, told, strict=True))


def test_every_option_has_a_case() -> None:
    """A new option is not finished before a case says what it changes."""
    assert {case.option for case in CASES} == set(options(inspect.type_info(Profile)))


@pytest.mark.parametrize("partition", get_args(Partition))
def test_a_partition_changes_every_arn_and_nothing_else(partition: str, tmp_path: Path) -> None:
    """In another partition, with the devices it has, only the second field of ARNs is different."""
    devices = ["virtual-totp"] if partition == "aws-cn" else BASE["mfa"]["devices"]
    old = built({}, tmp_path)
    new = built({"account.partition": partition, "mfa.devices": devices}, tmp_path)
    expected = {p: text.replace("arn:aws:", f"arn:{partition}:") for p, text in old.files.items()}

    if partition == "aws-cn":
        # The steps with security keys, which are not there.
        gone = set(expected.pop(PROOF).splitlines()) - set(new.files.pop(PROOF).splitlines())
        assert {"a security key" in line for line in gone} == {True}
    assert new.files == expected


def test_the_password_is_exempt_from_the_deny_whatever_the_account_allows(tmp_path: Path) -> None:
    """The account's own permission loses to an explicit Deny, so the exemption always stays."""
    sets = {"account.password_policy": "policy.json"}
    statements = _parts(built(sets, tmp_path).files[USER])

    assert "iam:ChangePassword" not in statements["AllowOwnUser"]["Action"]
    assert {"iam:ChangePassword", "iam:GetAccountPasswordPolicy"} <= set(
        statements["DenyUnlessMfa"]["NotAction"]
    )


@pytest.mark.parametrize(
    ("sets", "path", "sid", "element", "expected"),
    [
        (
            {"mfa.max_age": "8h"},
            TRUSTED,
            "TrustWithMfa",
            "NumericLessThan",
            {"aws:MultiFactorAuthAge": "28800"},
        ),
        (
            {"mfa.max_age": "8h", "roles[].mfa_max_age": "30m"},
            TRUSTED,
            "TrustWithMfa",
            "NumericLessThan",
            {"aws:MultiFactorAuthAge": "1800"},
        ),
        (
            {"mfa.max_age": "90s"},
            USER,
            "DenyStaleMfa",
            "NumericGreaterThanEqualsIfExists",
            {"aws:MultiFactorAuthAge": "90"},
        ),
        (
            {"deny.except_via_aws_service": True},
            USER,
            "DenyUnlessMfa",
            "BoolIfExists",
            {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"},
        ),
        (
            {"deny.except_via_aws_service": True, "mfa.max_age": "8h"},
            USER,
            "DenyStaleMfa",
            "BoolIfExists",
            {"aws:ViaAWSService": "false"},
        ),
        (
            {"mfa.certification.fido": ["L2plus", "L1plus"]},
            USER,
            "AllowRegisterSecurityKeyActivate",
            "StringEquals",
            {
                "iam:FIDO-certification": ["L1plus", "L2plus"],
                "iam:RegisterSecurityKey": "Activate",
            },
        ),
        (
            {"mfa.certification.fips_140_3": ["L3"]},
            USER,
            "DenyUncertifiedSecurityKeys1",
            "StringNotEquals",
            {"iam:FIDO-FIPS-140-3-certification": "L3"},
        ),
        (
            {"roles[].external_id": "p-1", "roles[].session_name_is_username": True},
            TRUSTED,
            "TrustWithMfa",
            "StringEquals",
            {"sts:ExternalId": "p-1", "sts:RoleSessionName": "${aws:username}"},
        ),
        (
            {"roles[].trust.organization": "o-a1b2c3d4e5", "roles[].trust.users_under": "/staff/"},
            TRUSTED,
            "TrustWithMfa",
            "ArnLike",
            {"aws:PrincipalArn": "arn:aws:iam::*:user/staff/*"},
        ),
        (
            {"roles[].session_tags": {"Project": ["red", "blue"], "Ticket": []}},
            TRUSTED,
            "TrustSessionTagsWithMfa",
            "ForAllValues:StringEquals",
            {"aws:TagKeys": ["Project", "Ticket"]},
        ),
        (
            {"roles[].session_tags": {"Project": ["red", "blue"], "Ticket": []}},
            TRUSTED,
            "TrustSessionTagsWithMfa",
            "StringEqualsIfExists",
            {"aws:RequestTag/project": ["blue", "red"]},
        ),
        (
            {"roles[].source_identity_is_username": True},
            TRUSTED,
            "TrustSourceIdentityWithMfa",
            "StringEquals",
            {"sts:SourceIdentity": "${aws:username}"},
        ),
    ],
)
def test_an_option_reaches_its_condition(
    sets: dict[str, Any], path: str, sid: str, element: str, expected: object, tmp_path: Path
) -> None:
    """What an option says stands in the condition it is for, in IAM's words and units."""
    assert _parts(built(sets, tmp_path).files[path])[sid]["Condition"][element] == expected


@pytest.mark.parametrize(
    ("sets", "principal"),
    [
        ({}, "arn:aws:iam::111122223333:root"),
        ({"roles[].trust.users": ["team/carol"]}, "arn:aws:iam::111122223333:user/team/carol"),
        (
            {"roles[].trust.accounts": ["999900001111", "444455556666"]},
            ["arn:aws:iam::444455556666:root", "arn:aws:iam::999900001111:root"],
        ),
        ({"roles[].trust.organization": "o-a1b2c3d4e5"}, "*"),
    ],
)
def test_a_role_trusts_whom_its_profile_names(
    sets: dict[str, Any], principal: object, tmp_path: Path
) -> None:
    """The principals of a trust policy are the accounts or users that the profile names."""
    trust = _parts(built(sets, tmp_path).files[TRUSTED])["TrustWithMfa"]

    assert trust["Principal"] == {"AWS": principal}
