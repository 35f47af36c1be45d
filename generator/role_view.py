"""What a trust policy's template sees of a role."""

from collections.abc import Iterator

from msgspec import Struct

from generator.lexical import seconds
from generator.profile import Profile, Role


class RoleView(Struct, frozen=True):
    """A role as its trust policy needs it. `trust_statements` are (Sid, action, conditions)."""

    name: str
    arn: str
    principals: list[str]
    principal_arns: list[str]
    mfa_max_age: int | None
    trust_statements: list[tuple[str, str, list[tuple[str, dict[str, list[str]]]]]]


def role_arn(profile: Profile, role: Role) -> str:
    """The ARN the role will have."""
    account = role.account or profile.account.id
    return f"arn:{profile.account.partition}:iam::{account}:role{role.path}{role.name}"


def assumable(profile: Profile, role: Role) -> bool:
    """Whether the profile's own users are among those the role trusts."""
    accounts = role.trust.accounts
    return not accounts or profile.account.id in accounts


def role_view(profile: Profile, role: Role) -> RoleView:
    """Work out what the trust policy of a role says."""
    trust = role.trust
    age = role.mfa_max_age or profile.mfa.max_age
    return RoleView(
        name=role.name,
        arn=role_arn(profile, role),
        principals=_principals(profile, role),
        principal_arns=[] if trust.users else _principal_arns(profile, role),
        mfa_max_age=seconds(age) if age else None,
        trust_statements=list(_trust_statements(role)),
    )


def _accounts(profile: Profile, role: Role) -> list[str]:
    """The trusted accounts; "*" is any account of the organization."""
    if role.trust.accounts:
        return sorted(set(role.trust.accounts))
    return ["*"] if role.trust.organization else [str(profile.account.id)]


def _principals(profile: Profile, role: Role) -> list[str]:
    partition, accounts = profile.account.partition, _accounts(profile, role)
    if accounts == ["*"]:
        return ["*"]
    if role.trust.users:
        return [f"arn:{partition}:iam::{accounts[0]}:user/{name}" for name in role.trust.users]
    return [f"arn:{partition}:iam::{account}:root" for account in accounts]


def _principal_arns(profile: Profile, role: Role) -> list[str]:
    """Patterns that keep the trust to IAM users; nobody else can sign in with an IAM MFA device."""
    if role.trust.principal_arn:
        return [role.trust.principal_arn]
    path = role.trust.users_under or profile.users.path or "/"
    partition = profile.account.partition
    return [f"arn:{partition}:iam::{a}:user{path}*" for a in _accounts(profile, role)]


def _trust_statements(
    role: Role,
) -> Iterator[tuple[str, str, list[tuple[str, dict[str, list[str]]]]]]:
    """One statement an action: the request keys of AssumeRole are not those of TagSession.

    Source: Service Authorization Reference, AWS Security Token Service.
    """
    everyone = {"aws:PrincipalOrgID": [role.trust.organization]} if role.trust.organization else {}
    assume = dict(everyone)
    if role.external_id:
        assume["sts:ExternalId"] = [role.external_id]
    if role.session_name_is_username:
        assume["sts:RoleSessionName"] = ["${aws:username}"]
    if role.source_identity_is_username:
        assume["sts:SourceIdentity"] = ["${aws:username}"]
    yield "TrustWithMfa", "sts:AssumeRole", _equals(assume)
    if role.source_identity_is_username:
        identity = {**everyone, "sts:SourceIdentity": ["${aws:username}"]}
        yield "TrustSourceIdentityWithMfa", "sts:SetSourceIdentity", _equals(identity)
    if role.session_tags:
        keys = sorted(role.session_tags)
        values = {f"aws:RequestTag/{k}": sorted(v) for k, v in role.session_tags.items() if v}
        yield (
            "TrustSessionTagsWithMfa",
            "sts:TagSession",
            [
                *_equals(everyone),
                ("ForAllValues:StringEquals", {"aws:TagKeys": keys}),
                *([("StringEqualsIfExists", values)] if values else []),
            ],
        )


def _equals(keys: dict[str, list[str]]) -> list[tuple[str, dict[str, list[str]]]]:
    return [("StringEquals", keys)] if keys else []
