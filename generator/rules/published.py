"""Rules that know a published policy again, by what its Deny does; Sids and order do not matter."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Effect, Patterns, Statement
from generator.rules.advice import names_enrolment
from generator.rules.editions import EDITIONS, Asked, Edition, Resource
from generator.rules.mfa_denies import called, is_about_people, is_known
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def published_lockout(subject: Subject) -> Iterator[Hit]:
    """A published Deny that locks people out at the first sign-in

    Why: AWS's samples leave `iam:ChangePassword` out of what they exempt, on purpose, and modules
    copy them. AWS's note says what comes of it: users cannot set the new password that the first
    sign-in asks for.

    Fix: add `iam:ChangePassword` and `iam:GetAccountPasswordPolicy` to `NotAction`, or attach the
    policy only after a user's first sign-in.
    """
    return _known(subject, "GEN080")


def published_removal(subject: Subject) -> Iterator[Hit]:
    """A published Deny that lets MFA devices be removed without MFA

    Why: AWS published it and withdrew it. It exempts the deactivation or the deletion of MFA
    devices, so that an access key alone can take away what it asks for.

    Fix: take `iam:DeactivateMFADevice` and `iam:DeleteVirtualMFADevice` out of `NotAction`.
    """
    return _known(subject, "GEN081")


def published_login_profile(subject: Subject) -> Iterator[Hit]:
    """A published Deny that exempts the creation of passwords

    Why: for some months AWS's note on the first sign-in named `iam:CreateLoginProfile` beside
    `iam:ChangePassword`, and copies still carry it. Nobody creates a login profile at sign-in.

    Fix: take `iam:CreateLoginProfile` out of `NotAction`.
    """
    return _known(subject, "GEN082")


def published_federation(subject: Subject) -> Iterator[Hit]:
    """A published Deny that opens the console to access keys

    Why: `sts:GetFederationToken` turns an access key into a console session without an MFA prompt.

    Fix: take `sts:GetFederationToken` out of `NotAction`, and get credentials with `aws login`.
    """
    return _known(subject, "GEN083")


def published_bool(subject: Subject) -> Iterator[Hit]:
    """A published Deny with `Bool` that access keys walk past

    Why: AWS's article shows it as the policy that does not work with the AWS CLI, and the policy is
    what gets copied.

    Fix: write `BoolIfExists` in place of `Bool`.
    """
    return _known(subject, "GEN084")


def published_null(subject: Subject) -> Iterator[Hit]:
    """A published Deny with `Null` that console sessions walk past

    Why: AWS's text says that it behaves like `Bool` `false`. By AWS's own definition of the
    operators it applies where the key is absent, and the console's sessions have the key.

    Fix: write `BoolIfExists` on `aws:MultiFactorAuthPresent` `false` in place of `Null`.
    """
    return _known(subject, "GEN085")


def published_own_user_only(subject: Subject) -> Iterator[Hit]:
    """A published Deny that is about the own user only

    Why: the sample for hardware tokens denies on the user's own ARN, where no action of another
    service is called.

    Fix: write `"Resource": "*"` in the Deny, and exempt `iam:ChangePassword` and
    `iam:GetAccountPasswordPolicy`.
    """
    return _known(subject, "GEN086")


def published_iam_exempt(subject: Subject) -> Iterator[Hit]:
    """A published Deny that exempts all of IAM

    Why: the example is about how `NotAction` reads. As a policy it leaves every action of IAM
    working without MFA for whoever is allowed any.

    Fix: name what people need before MFA in place of `iam:*`.
    """
    return _known(subject, "GEN087")


def published_age(subject: Subject) -> Iterator[Hit]:
    """A published Deny on the age of MFA that does not deny without MFA

    Why: `aws:MultiFactorAuthAge` is only there where MFA was used. Without `IfExists` a condition
    on it is not met by anybody else, and the Deny does not apply to them.

    Fix: write `NumericGreaterThanIfExists` in place of `NumericGreaterThan`.
    """
    return _known(subject, "GEN088")


def _known(subject: Subject, rule: str) -> Iterator[Hit]:
    """The Denies of a document that are those of an edition, each for the first it matches."""
    if not is_about_people(subject):
        return
    for place, s in subject.statements(Effect.DENY):
        # A Deny of nothing but enrolment must never be told to hold better.
        if not is_known(subject, place) or names_enrolment(s):
            continue
        found = next((e for e in EDITIONS if _is_of(s, e)), None)
        if found and found.rule == rule:
            yield Hit(
                (*place, "NotAction" if s.actions.negated else "Action"),
                f"{called(s)} is the Deny of {found.name}, {found.dates}: {found.harm}; "
                f"{found.fate}",
                on_key=True,
            )


def _is_of(s: Statement, edition: Edition) -> bool:
    return (
        _asks(s) == edition.asks
        and _is_list_of(s.actions, edition)
        and (edition.any_list or _RESOURCES[edition.resource](s.resources))
    )


def _is_list_of(actions: Patterns, edition: Edition) -> bool:
    if edition.any_list:
        return True
    names = frozenset(item.lower() for item in actions.items)
    return (
        actions.negated == edition.negated
        and edition.lists <= names
        and names <= edition.lists | edition.may
    )


def _asks(s: Statement) -> Asked:
    """The conditions in lower case, without the one on calls that a service makes for somebody."""
    return frozenset(
        (c.operator.lower(), c.key.lower(), value.lower())
        for c in s.conditions
        for value in c.values
        if c.key.lower() != "aws:viaawsservice"
    )


_OWN_USER: Final = re.compile(r"arn:[^:]*:iam::[^:]*:user/(\*/)?\$\{aws:username\}", re.IGNORECASE)
_BUCKET: Final = re.compile(r"arn:[^:]*:s3:::[^/*]+(/\*)?")


def _is_everything(resources: Patterns | None) -> bool:
    return resources is not None and not resources.negated and "*" in resources.items


def _is_own_user(resources: Patterns | None) -> bool:
    return _are_all(resources, _OWN_USER)


def _is_a_bucket(resources: Patterns | None) -> bool:
    return _are_all(resources, _BUCKET)


def _are_all(resources: Patterns | None, shape: re.Pattern[str]) -> bool:
    if resources is None or resources.negated:
        return False
    return all(shape.fullmatch(item) for item in resources.items)


_RESOURCES: Final[dict[Resource, Callable[[Patterns | None], bool]]] = {
    "everything": _is_everything,
    "own-user": _is_own_user,
    "bucket": _is_a_bucket,
}


_CREDENTIALS: Final = "UG:reference_policies_examples_aws_my-sec-creds-self-manage"
RULES: Final = (
    Rule("GEN080", Severity.HIGH, published_lockout, _CREDENTIALS),
    Rule("GEN081", Severity.HIGH, published_removal, f"{_CREDENTIALS}-mfa-only"),
    Rule("GEN082", Severity.HIGH, published_login_profile, _CREDENTIALS),
    Rule("GEN083", Severity.HIGH, published_federation, "UG:console_sign-in-mfa"),
    Rule(
        "GEN084",
        Severity.HIGH,
        published_bool,
        "https://repost.aws/knowledge-center/mfa-iam-user-aws-cli",
    ),
    Rule(
        "GEN085",
        Severity.MEDIUM,
        published_null,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
    ),
    Rule("GEN086", Severity.HIGH, published_own_user_only, "UG:id_credentials_mfa_enable_physical"),
    Rule("GEN087", Severity.HIGH, published_iam_exempt, "UG:reference_policies_elements_notaction"),
    Rule(
        "GEN088",
        Severity.MEDIUM,
        published_age,
        "UG:reference_policies_examples_s3_full-access-except-production",
    ),
)
