"""Rules that know a published policy again, by what its Deny does; Sids and order do not matter.

They tell its history and nothing else: what is wrong with a Deny, if anything, is found by
evaluating it, and where it is not found there is no history to tell either.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from generator.findings import Severity
from generator.policy import Effect, Patterns, Statement
from generator.positions import Place
from generator.rules import conditions, exemptions, journey, unguarded
from generator.rules.advice import names_enrolment
from generator.rules.editions import EDITIONS, Asked, Edition, Resource
from generator.rules.mfa_denies import called, is_about_people
from generator.rules.rule import Hit, Rule
from generator.subject import Subject


def published_lockout(subject: Subject) -> Iterator[Hit]:
    """A published Deny that locks people out at the first sign-in

    Why: AWS's samples leave `iam:ChangePassword` out of what they exempt, on purpose, and modules
    copy them. AWS's note says what comes of it: users cannot set the new password that the first
    sign-in asks for.

    Fix: mend what GEN030 says of the same statement.
    """
    return _known(subject, "GEN080")


def published_removal(subject: Subject) -> Iterator[Hit]:
    """A published Deny that lets MFA devices be removed without MFA

    Why: AWS published it and withdrew it. It exempts the deactivation or the deletion of MFA
    devices, so that an access key alone can take away what it asks for.

    Fix: mend what GEN040 and GEN041 say of the same statement.
    """
    return _known(subject, "GEN081")


def published_login_profile(subject: Subject) -> Iterator[Hit]:
    """A published Deny that exempts the creation of passwords

    Why: for some months AWS's note on the first sign-in named `iam:CreateLoginProfile` beside
    `iam:ChangePassword`, and copies still carry it. Nobody creates a login profile at sign-in.

    Fix: mend what GEN040 says of the same statement.
    """
    return _known(subject, "GEN082")


def published_federation(subject: Subject) -> Iterator[Hit]:
    """A published Deny that opens the console to access keys

    Why: `sts:GetFederationToken` turns an access key into a console session without an MFA prompt.

    Fix: mend what GEN040 says of the same statement.
    """
    return _known(subject, "GEN083")


def published_bool(subject: Subject) -> Iterator[Hit]:
    """A published Deny with `Bool` that access keys walk past

    Why: AWS's article shows it as the policy that does not work with the AWS CLI, and the policy is
    what gets copied.

    Fix: mend what GEN010 says of the same statement.
    """
    return _known(subject, "GEN084")


def published_null(subject: Subject) -> Iterator[Hit]:
    """A published Deny with `Null` that console sessions walk past

    Why: AWS's text says that it behaves like `Bool` `false`. By AWS's own definition of the
    operators it applies where the key is absent, and the console's sessions have the key.

    Fix: mend what GEN011 says of the same statement.
    """
    return _known(subject, "GEN085")


def published_own_user_only(subject: Subject) -> Iterator[Hit]:
    """A published Deny that is about the own user only

    Why: the sample for hardware tokens denies on the user's own ARN, where no action of another
    service is called.

    Fix: mend what GEN037 says of the same statement.
    """
    return _known(subject, "GEN086")


def published_iam_exempt(subject: Subject) -> Iterator[Hit]:
    """A published Deny that exempts all of IAM

    Why: the example is about how `NotAction` reads. As a policy it leaves every action of IAM
    working without MFA for whoever is allowed any.

    Fix: mend what GEN040 says of the same statement.
    """
    return _known(subject, "GEN087")


def published_age(subject: Subject) -> Iterator[Hit]:
    """A published Deny on the age of MFA that does not deny without MFA

    Why: `aws:MultiFactorAuthAge` is only there where MFA was used. Without `IfExists` a condition
    on it is not met by anybody else, and the Deny does not apply to them.

    Fix: mend what GEN012 says of the same statement.
    """
    return _known(subject, "GEN088")


def _known(subject: Subject, rule: str) -> Iterator[Hit]:
    """The Denies of a document that are those of an edition, each for the first it matches."""
    if not is_about_people(subject):
        return
    for place, s in subject.statements(Effect.DENY):
        # A Deny of nothing but enrolment must never be told to hold better.
        if not subject.is_known(place) or names_enrolment(s):
            continue
        found = next((e for e in EDITIONS if _is_of(s, e)), None)
        if not found or found.rule != rule:
            continue
        if wrong := [twin for twin in _TWINS[rule] if _finds(twin, subject, place)]:
            yield Hit(
                (*place, "NotAction" if s.actions.negated else "Action"),
                f"{called(s)} is the Deny of {found.name}, {found.dates}; {found.fate}",
                f"mend what {' and '.join(wrong)} {'says' if len(wrong) == 1 else 'say'} of it",
                on_key=True,
            )


def _finds(rule: str, subject: Subject, place: Place) -> bool:
    """Whether a rule that evaluates the document finds something in a statement."""
    return any(hit.place[: len(place)] == place for hit in _CHECKS[rule](subject))


# The rules that find, by evaluation, what is wrong with an edition.
_TWINS: Final = {
    "GEN080": ("GEN030",),
    "GEN081": ("GEN040", "GEN041"),
    "GEN082": ("GEN040",),
    "GEN083": ("GEN040",),
    "GEN084": ("GEN010",),
    "GEN085": ("GEN011",),
    "GEN086": ("GEN037",),
    "GEN087": ("GEN040",),
    "GEN088": ("GEN012",),
}
_CHECKS: Final = {
    rule.id: rule.check
    for module in (conditions, exemptions, journey, unguarded)
    for rule in module.RULES
}


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
    Rule("GEN080", Severity.LOW, published_lockout, _CREDENTIALS),
    Rule("GEN081", Severity.LOW, published_removal, f"{_CREDENTIALS}-mfa-only"),
    Rule("GEN082", Severity.LOW, published_login_profile, _CREDENTIALS),
    Rule("GEN083", Severity.LOW, published_federation, "UG:console_sign-in-mfa"),
    Rule(
        "GEN084",
        Severity.LOW,
        published_bool,
        "https://repost.aws/knowledge-center/mfa-iam-user-aws-cli",
    ),
    Rule(
        "GEN085",
        Severity.LOW,
        published_null,
        "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
    ),
    Rule("GEN086", Severity.LOW, published_own_user_only, "UG:id_credentials_mfa_enable_physical"),
    Rule("GEN087", Severity.LOW, published_iam_exempt, "UG:reference_policies_elements_notaction"),
    Rule(
        "GEN088",
        Severity.LOW,
        published_age,
        "UG:reference_policies_examples_s3_full-access-except-production",
    ),
)
