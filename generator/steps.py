"""What a person does next with a bundle: what was decided, and the steps in the AWS console.

Source for the console's path: IAM User Guide, "Create IAM policies (console)", "Attach a policy to
an IAM user group", "Create a role for an IAM user" and "Create an IAM user".
"""

from collections.abc import Iterator

from generator.build import Bundle
from generator.load import Source
from generator.password_policy import PasswordPolicy
from generator.profile import Role
from generator.role_view import assumable


def password_decision(source: Source) -> str:
    """What the account's password policy meant for the user policy, and why."""
    given, policy = source.profile.account.password_policy, source.password_policy
    if policy is None:
        why = "is `none`" if given == "none" else "is not given"
    else:
        value = "true" if policy.allow_users_to_change_password else "false"
        why = f"has AllowUsersToChangePassword: {value}"
    if policy is not None and policy.allow_users_to_change_password:
        return (
            f"the account's password policy {why}: the account itself lets users change their own "
            "password, so no Allow is rendered for it"
        )
    return (
        f"the account's password policy {why}: an Allow for iam:ChangePassword and "
        "iam:GetAccountPasswordPolicy is rendered"
    )


def next_steps(bundle: Bundle, folder: str) -> list[str]:
    """The steps that put a bundle to work, in order. `folder` is its folder as printed."""
    return [*_role_steps(bundle, folder), *_policy_steps(bundle, folder), *_user_steps(bundle)]


def _role_steps(bundle: Bundle, folder: str) -> Iterator[str]:
    for role in bundle.source.profile.roles:
        at = f"{folder}/roles/{role.name}"
        where = f" in account {role.account}" if role.account else ""
        yield (
            f"IAM > Roles > Create role{where} > Custom trust policy: paste "
            f"{at}/trust-policy.json; name it {role.name}" + _role_settings(role)
        )
        if role.name in bundle.source.permissions:
            yield (
                f"role {role.name} > Add permissions > Create inline policy > JSON: paste "
                f"{at}/permissions-policy.json"
            )


def _role_settings(role: Role) -> str:
    """What else the console asks for; the path can be given by API only."""
    parts = [f", maximum session duration {role.max_session}"]
    if role.permissions.managed:
        names = ", ".join(arn.rpartition("/")[2] for arn in role.permissions.managed)
        parts.append(f", permissions {names}")
    if role.permissions_boundary:
        parts.append(f", permissions boundary {role.permissions_boundary.rpartition('/')[2]}")
    if role.path != "/":
        parts.append(
            f" (the console cannot set its path {role.path}: use `aws iam create-role --path`)"
        )
    return "".join(parts)


def _policy_steps(bundle: Bundle, folder: str) -> Iterator[str]:
    document, name = f"{folder}/user-policy.json", bundle.name
    if bundle.source.profile.attach == "managed":
        yield f"IAM > Policies > Create policy > JSON: paste {document}; name it {name}"
        yield f"IAM > User groups > the users' group > Permissions > Attach policies: {name}"
    elif bundle.source.profile.attach == "group-inline":
        yield (
            "IAM > User groups > the users' group > Permissions > Create inline policy > JSON: "
            f"paste {document}; name it {name}"
        )
    else:
        yield (
            "IAM > Users > each user > Permissions > Create inline policy > JSON: "
            f"paste {document}; name it {name}"
        )


def _user_steps(bundle: Bundle) -> Iterator[str]:
    profile = bundle.source.profile
    path = profile.users.path
    create = "IAM > Users > Create user, with console access"
    if path and path != "/":
        create = f"`aws iam create-user --path {path}` and `aws iam create-login-profile`"
    reset = (
        ", and have them set a new password at the next sign-in"
        if profile.users.password_reset_required
        else ""
    )
    yield f"{create}{reset}; add them to the group; each enrols MFA at the first sign-in"
    if any(assumable(profile, role) for role in profile.roles):
        yield "users sign in again with MFA, then switch to a role"


def hints(policy: PasswordPolicy | None) -> list[str]:
    """Reminders about the account's password policy that outlive this run."""
    if policy is None or not policy.allow_users_to_change_password:
        return []
    return [
        "AllowUsersToChangePassword must stay on: `aws iam update-account-password-policy` turns "
        "it off unless it is given every time"
    ]
