"""The steps with MFA, with MFA that is too old, and of those who want round it.

Each part is made once for what it depends on; every profile is asked the same steps.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from generator.flows import REGISTER_KEY, Call, Target
from generator.lexical import in_units
from generator.people import (
    States,
    Where,
    adding,
    asks,
    asks_on_others,
    carrying,
    fresh_mfa,
    no_mfa,
    stale_mfa,
    with_key,
)
from generator.rows import Part, Step, changed, part_of
from generator.way_in import (
    CLI,
    CONSOLE,
    DOES,
    FLAG_SOURCE,
    KEY,
    NO_MFA,
    ON,
    SESSION,
    before_mfa,
    of_flow,
)

SIGNED_IN: Final = "Signed in with MFA, in the console or by sts:GetSessionToken"
STALE: Final = "Signed in with MFA, too long ago"
ROUND: Final = "Ways round MFA"

MFA: Final = "signed in with MFA"

CREDENTIALS: Final = {
    "access-keys": "own access keys",
    "ssh-public-keys": "own SSH public keys",
    "signing-certificates": "own signing certificates",
    "service-specific-credentials": "own service-specific credentials",
}
_WORK: Final = "ec2:RunInstances"


@lru_cache(maxsize=1024)
def signed_in(where: Where, grant: bool, credentials: frozenset[str], max_age: int | None) -> Part:
    """What users may do once signed in with MFA. `credentials`: the kinds that they manage."""
    change, remove = of_flow("password")[0], of_flow("remove-device")[0]
    steps = [
        changed(_own(where, (change,), "changes the password", True, max_age), account_grant=grant),
        changed(_own(where, (remove,), "removes an own device", True, max_age), device=True),
    ]
    for flow, what in CREDENTIALS.items():
        is_open = flow in credentials
        steps.append(_own(where, of_flow(flow), f"manages {what}", is_open, max_age))
    if where.denies:
        steps.append(_work(where, MFA, SIGNED_IN, fresh_mfa(max_age), fresh=True))
    return part_of(steps)


@lru_cache(maxsize=512)
def _own(
    where: Where, calls: tuple[Call, ...], does: str, is_open: bool, max_age: int | None
) -> Step:
    return Step(
        SIGNED_IN,
        MFA,
        does,
        tuple(c.action for c in calls),
        "own user",
        "allowed" if is_open else "implicitly_denied",
        "part of this profile" if is_open else "not part of this profile",
        calls[0].source,
        asks(where.account, "own-user", carrying(calls[0], fresh_mfa(max_age))),
    )


def _work(where: Where, who: str, part: str, states: States, *, fresh: bool) -> Step:
    """What people are there for, which some other policy allows."""
    return Step(
        part,
        who,
        "works in any service",
        (_WORK,),
        "any resource",
        "allowed" if fresh else "explicitly_denied",
        "MFA is what the Deny asks for" if fresh else "the profile's longest time since MFA",
        FLAG_SOURCE,
        asks(where.account, "account", states),
        administrator=True,
    )


@lru_cache(maxsize=256)
def stale(where: Where, grant: bool, max_age: int) -> Part:
    """MFA longer ago than the profile accepts: as without, but signed in."""
    states = stale_mfa(max_age)
    who = f"MFA {in_units(max_age)} ago or longer"
    steps = [_work(where, who, STALE, states, fresh=False)] if where.denies else []
    change = of_flow("password")[0]
    step = before_mfa(where, change, STALE, "changes the password", is_open=True)
    asked = asks(where.account, "own-user", states)
    return part_of((*steps, changed(step, who=who, asks=asked, account_grant=grant)))


@lru_cache(maxsize=256)
def sessions(where: Where, aws_login: bool, console_authorization: bool, is_exempt: bool) -> Part:
    """What a key or a session without MFA is good for, and sessions for the AWS CLI and, where
    console authorization is on, for the console.

    `is_exempt`: the Deny leaves the two sign-in actions alone.
    """
    steps = [
        _attack(where, "works in any service", _WORK, states, part=CLI, who=who)
        for who, states in ((KEY, with_key()), (SESSION, no_mfa(console_only=True)))
    ]
    get = of_flow("mfa-session")[0]
    steps.append(
        Step(
            CLI,
            KEY,
            "asks for a session, with or without an MFA code",
            (get.action,),
            "the account",
            "allowed",
            "AWS subjects this call to no policy",
            get.source,
            asks(where.account, "account", with_key()),
        )
    )
    for flow, part, is_open in (
        ("aws-login", CLI, aws_login),
        ("console-authorization", CONSOLE, console_authorization or not where.denies),
    ):
        prefix = "`aws login`: " if part == CLI else ""
        steps += [
            before_mfa(
                where,
                call,
                part,
                f"{prefix}{DOES[call.action]}",
                is_open=is_open,
                is_exempt=is_exempt,
            )
            for call in of_flow(flow)
        ]
    return part_of(steps)


@lru_cache(maxsize=64)
def attacks(where: Where, except_via_aws_service: bool) -> Part:
    """What somebody without MFA may want."""
    return part_of(_attacks(where, except_via_aws_service))


def _attacks(where: Where, except_via_aws_service: bool) -> Iterator[Step]:
    states = no_mfa()
    totp = adding(states, (((REGISTER_KEY.lower(), None),),))
    for does, action in _ON_OTHERS:
        step = _attack(where, does, action, states)
        yield changed(step, on="another user", asks=asks_on_others(where.account, totp))
    for does, action, target in _ATTACKS:
        yield _attack(where, does, action, states, target)
    service = adding(states, ((("aws:viaawsservice", "true"),),))
    step = _attack(where, "has a service call another for it", _WORK, service)
    if except_via_aws_service and where.denies:
        step = changed(step, must="allowed", why="the profile leaves calls of services alone")
    yield step


def _attack(
    where: Where,
    does: str,
    action: str,
    states: States,
    target: Target = "account",
    *,
    part: str = ROUND,
    who: str = NO_MFA,
) -> Step:
    return Step(
        part,
        who,
        does,
        (action,),
        "any resource" if target == "account" else ON[target],
        where.refused,
        "nothing but the way in is open without MFA",
        FLAG_SOURCE,
        asks(where.account, target, states),
        administrator=where.denies,
    )


_ON_OTHERS: Final = (
    ("changes another user's password", "iam:ChangePassword"),
    ("enables a device for another user", "iam:EnableMFADevice"),
    ("resynchronizes another user's device", "iam:ResyncMFADevice"),
    ("looks at another user", "iam:GetUser"),
)
_ATTACKS: Final[tuple[tuple[str, str, Target], ...]] = (
    ("removes the own device", "iam:DeactivateMFADevice", "own-user"),
    ("deletes a device", "iam:DeleteVirtualMFADevice", "any-device"),
    ("makes an access key", "iam:CreateAccessKey", "own-user"),
    ("gives a user a password", "iam:CreateLoginProfile", "own-user"),
    ("sets a password without the old one", "iam:UpdateLoginProfile", "own-user"),
    ("takes the policy off", "iam:DetachUserPolicy", "own-user"),
    ("writes a policy for itself", "iam:PutUserPolicy", "own-user"),
    ("leaves the group", "iam:RemoveUserFromGroup", "account"),
    ("turns the key into a console session", "sts:GetFederationToken", "account"),
    ("assumes a role nobody thought of", "sts:AssumeRole", "account"),
    ("calls what AWS has not invented yet", "service:Action", "account"),
)
