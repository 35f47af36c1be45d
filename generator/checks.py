"""What a profile says that cannot work, although every value of it is well formed.

Each check yields problems; all run, so a person sees everything at once.
"""

from collections.abc import Iterator
from typing import Final

from generator.never_exempt import NEVER_EXEMPT
from generator.password_policy import PasswordPolicy, out_of_range
from generator.problem import PARTITION, Problem
from generator.profile import Mfa, Profile
from generator.role_checks import problems_of_role
from generator.view import facts_of, flows_of

# Device names of old DOS, which Windows still refuses as file names.
_RESERVED: Final = {"con", "prn", "aux", "nul"} | {
    f"{d}{n}" for d in ("com", "lpt") for n in range(10)
}


def problems_of(profile: Profile, password_policy: PasswordPolicy | None) -> Iterator[Problem]:
    """Everything that cannot work."""
    for check in (_names, _account, _devices, _cli, _deny, _password_policy):
        yield from check(profile, password_policy)
    for number, role in enumerate(profile.roles):
        yield from problems_of_role(profile, role, ("roles", number))


def advice(profile: Profile, password_policy: PasswordPolicy | None) -> Iterator[str]:
    """What works and may still surprise: one sentence each."""
    if password_policy and password_policy.hard_expiry:
        yield (
            "HardExpiry is on: a user whose password has expired cannot set a new one at sign-in, "
            "whatever this policy allows; only an administrator can reset it"
        )
    partition = profile.account.partition
    if partition not in ("aws", "aws-cn") and "security-key" in profile.mfa.devices:
        yield (
            f"whether {partition} takes every kind of passkey and security key is not stated by "
            "AWS; try one before you announce it"
        )
    if profile.self_service.access_keys and profile.mfa.devices == ("security-key",):
        yield (
            "users with only a security key cannot open an MFA session by API, so their access "
            "keys stay limited to what is allowed without MFA; consider cli.aws_login"
        )
    for role in profile.roles:
        if ":role/" in (role.trust.principal_arn or ""):
            yield (
                f"role {role.name}: `principal_arn` names roles, whose sessions carry no MFA flag; "
                "nobody may be able to assume it"
            )
        if role.session_name_is_username:
            yield (
                f"role {role.name}: whether the console's switch role sends the user name as the "
                "session name is not documented; plan for the AWS CLI"
            )
        if role.source_identity_is_username:
            yield (
                f"role {role.name}: a role that needs a source identity cannot be switched to in "
                "the console"
            )
        if role.external_id:
            yield (
                f"role {role.name}: a role that needs an external id cannot be switched to in the "
                "console"
            )


def unknown_action(action: str) -> str:
    """A hint if AWS documents no action of this name or pattern, "" if it does."""
    from generator.catalog import actions_of, close_actions, is_action
    from generator.pattern import glob

    service, colon, name = action.lower().partition(":")
    if action == "*" or "*" in service or "?" in service or is_action(action):
        return ""
    if colon and ("*" in name or "?" in name):
        if any(glob(name, known) for known in actions_of(service)):
            return ""
        return "no action of that service matches; see the Service Authorization Reference"
    if near := close_actions(action):
        return "did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
    return "see the Service Authorization Reference"


def _names(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    if profile.name in _RESERVED:
        yield Problem(("name",), f"`{profile.name}` cannot be a folder on Windows", "rename it")
    seen: dict[str, str] = {}
    for number, role in enumerate(profile.roles):
        place, folded = ("roles", number, "name"), role.name.casefold()
        stem = folded.partition(".")[0]
        if stem in _RESERVED or not folded.strip(".") or folded.endswith("."):
            yield Problem(place, f"`{role.name}` cannot be a folder under out/", "rename the role")
        if folded in seen:
            text, hint = f"two roles are called `{role.name}`", "rename one"
            if seen[folded] != role.name:
                text = f"`{role.name}` and `{seen[folded]}` differ in case only"
                hint = "rename one; IAM and some file systems take them for one"
            yield Problem(place, text, hint)
        seen.setdefault(folded, role.name)


def _account(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    account = profile.account
    if account.console_authorization and account.partition != "aws":
        yield Problem(
            ("account", "console_authorization"),
            f"{account.partition} has no console authorization",
            "AWS offers it in commercial Regions only; leave it out",
            because=(PARTITION,),
        )
    needing = [
        f"`{role.name}`"
        for role in profile.roles
        if role.account is None or not (role.trust.accounts or role.trust.organization)
    ]
    if account.id is None and needing:
        yield Problem(
            ("account",),
            (
                f"`account.id` is missing; the role {', '.join(needing)} needs it"
                if len(needing) == 1
                else f"`account.id` is missing; the roles {', '.join(needing)} need it"
            ),
            'add it under `account`: `id: "111122223333"`',
            because=(("account", "id"),),
        )


def _devices(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    mfa, partition = profile.mfa, profile.account.partition
    if partition == "aws-cn" and mfa.devices != ("virtual-totp",):
        given = mfa.devices != Mfa().devices
        yield Problem(
            ("mfa", "devices") if given else PARTITION,
            "aws-cn has virtual MFA devices only",
            "write `devices: [virtual-totp]` under `mfa`",
            because=(PARTITION,),
        )
    if len(set(mfa.devices)) != len(mfa.devices):
        yield Problem(("mfa", "devices"), "a kind of device is listed twice", "list each once")
    if mfa.certification is not None:
        levels = mfa.certification
        if "security-key" not in mfa.devices:
            yield Problem(
                ("mfa", "certification"),
                "only security keys have a certification, and `devices` does not list them",
                "add `security-key` to `devices`, or leave it out",
                because=(("mfa", "devices"),),
            )
        if not (levels.fido or levels.fips_140_2 or levels.fips_140_3):
            yield Problem(
                ("mfa", "certification"),
                "no level is listed",
                "list every accepted level: IAM compares them by name, `L2` does not include `L3`",
            )


def _cli(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    if profile.cli.mfa_session and set(profile.mfa.devices) == {"security-key"}:
        yield Problem(
            ("cli", "mfa_session"),
            "security keys cannot open an MFA session by API",
            "allow a TOTP device, or use `aws_login: true`",
            because=(("mfa", "devices"),),
        )


def _deny(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    deny = profile.deny
    if profile.archetype != "direct-user-deny":
        if deny.except_via_aws_service or deny.exempt_before_mfa:
            yield Problem(
                ("deny",),
                "role-assumption-with-mfa-trust has no Deny",
                "leave it out, or use the archetype direct-user-deny",
                on_key=True,
                because=(("archetype",),),
            )
        return
    never = {n.action.lower(): n.why for n in NEVER_EXEMPT}
    present = {a.lower() for a in facts_of(flows_of(profile)).before_mfa}
    for number, exemption in enumerate(deny.exempt_before_mfa):
        place, action = ("deny", "exempt_before_mfa", number, "action"), exemption.action.lower()
        if action in never:
            yield Problem(
                place, f"`{exemption.action}` must never be exempt: {never[action]}", "leave it out"
            )
        elif hint := unknown_action(exemption.action):
            yield Problem(place, f"AWS documents no action `{exemption.action}`", hint)
        elif action in present:
            yield Problem(place, f"`{exemption.action}` is exempt already", "leave it out")
        present.add(action)
        if deny.except_via_aws_service and action.partition(":")[0] not in ("iam", "sts", "signin"):
            yield Problem(
                place,
                f"`{exemption.action}` with `except_via_aws_service` opens what AWS services do "
                "for the user to people without MFA",
                "keep one of the two",
            )


def _password_policy(profile: Profile, _: PasswordPolicy | None) -> Iterator[Problem]:
    given = profile.account.password_policy
    if isinstance(given, PasswordPolicy):
        for name, text, hint in out_of_range(given):
            yield Problem(("account", "password_policy", name), text, hint)
