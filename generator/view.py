"""What templates see: `p`, the profile with everything worked out, `facts`, the actions of its
flows, and in a trust policy `role`. Plain values only, so a template has nothing to reach for."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from generator.catalog import resource_types_of
from generator.flows import (
    ALWAYS,
    REGISTER_KEY,
    Call,
    actions,
    actions_of_flow,
    calls_of,
    has_security_keys,
)
from generator.lexical import seconds
from generator.password_policy import PasswordPolicy
from generator.profile import Mfa, Profile
from generator.role_view import assumable, role_arn

# Statement name and profile option of each kind of self-service credential, and its flow.
SELF_SERVICE = (
    ("AllowOwnAccessKeysWithMfa", "access_keys", "access-keys"),
    (
        "AllowOwnServiceSpecificCredentialsWithMfa",
        "service_specific_credentials",
        "service-specific-credentials",
    ),
    ("AllowOwnSigningCertificatesWithMfa", "signing_certificates", "signing-certificates"),
    ("AllowOwnSshPublicKeysWithMfa", "ssh_public_keys", "ssh-public-keys"),
)


class Facts(Struct, frozen=True):
    """Actions of the flows a profile chose, each list sorted."""

    password_on_own_user: list[str]
    password_on_account: list[str]
    devices_on_own_user: list[str]
    devices_on_account: list[str]
    enable_device: list[str]
    create_device: list[str]
    remove_device: list[str]
    aws_login: list[str]
    before_mfa: list[str]
    exempt_on_own_user: list[str]


class Devices(Struct, frozen=True):
    """The kinds of device; `certification` pairs a condition key with the accepted levels.

    `every_kind`: whatever the partition has is allowed, so nothing needs to tell kinds apart.
    """

    totp: bool
    security_key: bool
    every_kind: bool
    certification: list[tuple[str, list[str]]]


class View(Struct, frozen=True):
    """A profile as the user policy needs it. Durations are in seconds."""

    name: str
    description: str
    partition: str
    own_user_arns: list[str]
    any_device_arn: str
    sign_in_client_arn: str
    allow_password_change: bool
    own_user_actions: list[str]
    account_information: list[str]
    devices: Devices
    with_mfa: list[tuple[str, list[str]]]
    max_age: int | None
    except_via_aws_service: bool
    exempt_before_mfa: list[str]
    assume_roles: list[tuple[str, list[str], list[str]]]


def flows_of(profile: Profile) -> frozenset[str]:
    """The names of the flows that people with this profile go through."""
    chosen = [*ALWAYS, *profile.mfa.devices]
    if profile.cli.mfa_session:
        chosen.append("mfa-session")
    if profile.cli.aws_login:
        chosen.append("aws-login")
    if profile.account.console_authorization:
        chosen.append("console-authorization")
    chosen += [flow for _, option, flow in SELF_SERVICE if getattr(profile.self_service, option)]
    return frozenset(chosen)


@lru_cache(maxsize=128)
def facts_of(flows: frozenset[str]) -> Facts:
    """The action lists of these flows."""
    calls = calls_of(flows)
    password = _flow(calls, "password")
    devices = [c for c in calls if c.flow != "password" and c.granted and c.before_mfa]
    return Facts(
        password_on_own_user=actions(password, "own-user"),
        password_on_account=actions(password, "account"),
        devices_on_own_user=actions(
            (c for c in devices if REGISTER_KEY not in dict(c.context)), "own-user"
        ),
        devices_on_account=actions(devices, "account"),
        enable_device=actions((c for c in devices if REGISTER_KEY in dict(c.context)), "own-user"),
        create_device=actions(devices, "any-device"),
        remove_device=actions(_flow(calls, "remove-device"), "own-user"),
        aws_login=actions(_flow(calls, "aws-login"), "sign-in-client"),
        before_mfa=sorted({c.action for c in calls if c.before_mfa}),
        exempt_on_own_user=actions(calls, "own-user", before_mfa=True),
    )


def view_of(profile: Profile, password_policy: PasswordPolicy | None) -> tuple[View, Facts]:
    """Work out what the user policy of a profile says."""
    flows = flows_of(profile)
    facts = facts_of(flows)
    further = {e.action for e in profile.deny.exempt_before_mfa if _acts_on_user(e.action)}
    if further:
        facts = replace(facts, exempt_on_own_user=sorted({*facts.exempt_on_own_user, *further}))
    partition = profile.account.partition
    needs_password = not (password_policy and password_policy.allow_users_to_change_password)
    devices = _devices(profile.mfa, partition)
    own_user = facts.devices_on_own_user + (facts.enable_device if devices.every_kind else [])
    own_user += facts.password_on_own_user if needs_password else []
    information = facts.devices_on_account + (facts.password_on_account if needs_password else [])
    view = View(
        name=profile.name,
        description=profile.description,
        partition=partition,
        own_user_arns=own_user_arns(partition),
        any_device_arn=f"arn:{partition}:iam::*:mfa/*",
        sign_in_client_arn=f"arn:{partition}:signin:*:*:oauth2/public-client/*",
        allow_password_change=needs_password,
        own_user_actions=sorted(own_user),
        account_information=sorted(information),
        devices=devices,
        with_mfa=[
            ("AllowDeactivateOwnMfaDeviceWithMfa", facts.remove_device),
            *(
                (sid, actions_of_flow(flow, "own-user"))
                for sid, _, flow in SELF_SERVICE
                if flow in flows
            ),
        ],
        max_age=seconds(profile.mfa.max_age) if profile.mfa.max_age else None,
        except_via_aws_service=profile.deny.except_via_aws_service,
        exempt_before_mfa=exempt_before_mfa(profile, facts),
        assume_roles=list(_assume_roles(profile)),
    )
    return view, facts


def own_user_arns(partition: str) -> list[str]:
    """The own user without and with a path: `${aws:username}` is the name alone.

    Source: IAM User Guide, "IAM identifiers", and the managed policy IAMUserChangePassword, which
    has had both since version 3.
    """
    return [
        f"arn:{partition}:iam::*:user/${{aws:username}}",
        f"arn:{partition}:iam::*:user/*/${{aws:username}}",
    ]


def exempt_before_mfa(profile: Profile, facts: Facts) -> list[str]:
    """Every action the Deny of this profile may leave alone, sorted."""
    further = (exemption.action for exemption in profile.deny.exempt_before_mfa)
    return sorted({*facts.before_mfa, *further})


def _acts_on_user(action: str) -> bool:
    return action.lower().startswith("iam:") and "user" in resource_types_of(action)


def _flow(calls: tuple[Call, ...], name: str) -> list[Call]:
    return [call for call in calls if call.flow == name]


def _devices(mfa: Mfa, partition: str) -> Devices:
    kinds = set(mfa.devices)
    totp = bool(kinds & {"virtual-totp", "hardware-totp"})
    certification = [
        (f"iam:{name}", sorted(map(str, levels)))
        for name, levels in (
            ("FIDO-FIPS-140-2-certification", mfa.certification and mfa.certification.fips_140_2),
            ("FIDO-FIPS-140-3-certification", mfa.certification and mfa.certification.fips_140_3),
            ("FIDO-certification", mfa.certification and mfa.certification.fido),
        )
        if levels
    ]
    security_key = "security-key" in kinds
    every_kind = totp and (security_key or not has_security_keys(partition)) and not certification
    return Devices(totp, security_key, every_kind, certification)


def _assume_roles(profile: Profile) -> Iterator[tuple[str, list[str], list[str]]]:
    mine = [role for role in profile.roles if assumable(profile, role)]
    for sid, flow, roles in (
        ("AllowAssumeRoles", "switch-role", mine),
        (
            "AllowSetSourceIdentity",
            "switch-role-source-identity",
            [r for r in mine if r.source_identity_is_username],
        ),
        ("AllowTagSession", "switch-role-session-tags", [r for r in mine if r.session_tags]),
    ):
        if roles:
            arns = sorted(role_arn(profile, role) for role in roles)
            yield sid, actions_of_flow(flow, "role"), arns
