"""The steps of the journey that a user policy decides, and what must come out of each.

Every profile is asked the same, so that what changes is the answer: a kind of device taken out of a
profile turns a row from allowed to denied.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from generator.catalog import action_case
from generator.flows import CALLS, REGISTER_KEY, Call, Target, calls_of, has_security_keys
from generator.journey import Ask, Step
from generator.lexical import in_units
from generator.people import asking, other_users, things, users
from generator.request import Outcome
from generator.states import (
    ACTIVATE,
    FLAG,
    State,
    Terms,
    carried_by,
    own_account,
    uncertified,
    with_mfa,
    with_stale_mfa,
    without_mfa,
)

FIRST: Final = "First sign-in, with a password that must be changed"
EXPIRED: Final = "An expired password"
PAGE: Final = "The security credentials page, where enrolment starts"
DEVICES: Final = "Enrolling a device, with any name"
SIGNED_IN: Final = "Signed in with MFA"
STALE: Final = "Signed in with MFA, too long ago"
CLI: Final = "The AWS CLI"
CONSOLE: Final = "The console, where the account has console authorization on"
EXEMPT: Final = "Exempt by the profile"
ROUND: Final = "Ways round MFA"

NO_MFA: Final = "console or access key, no MFA"
NO_MFA_CONSOLE: Final = "console, no MFA"
KEY: Final = "access key alone"
MFA: Final = "signed in with MFA"

# How rows call what calls go to.
_ON: Final[dict[Target, str]] = {
    "own-user": "own user",
    "any-device": "any device",
    "account": "the account",
    "sign-in-client": "the CLI",
    "console": "the console",
}
_KINDS: Final = {
    "virtual-totp": "virtual device",
    "hardware-totp": "hardware device",
    "security-key": "security key",
}
_CREDENTIALS: Final = {
    "access-keys": "own access keys",
    "ssh-public-keys": "own SSH public keys",
    "signing-certificates": "own signing certificates",
    "service-specific-credentials": "own service-specific credentials",
}


@lru_cache(maxsize=256)
def itinerary(terms: Terms) -> tuple[Step, ...]:
    """The steps for a user policy of these terms."""
    return tuple(_Maker(terms).steps())


class _Maker:
    """Makes the steps for some terms."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.denies = terms.archetype == "direct-user-deny"
        self.calls = calls_of(terms.flows)
        self.account = own_account(terms)
        self.granted = {(c.action, c.context, c.target) for c in self.calls if c.granted}

    def steps(self) -> Iterator[Step]:
        yield from self.passwords()
        yield from self.enrolment()
        yield from self.signed_in()
        yield from self.cli()
        yield from self.exempt()
        yield from self.attacks()

    # Requests and steps

    def asks(self, target: Target, states: Iterable[State]) -> tuple[Ask, ...]:
        """Every user in every state, on what the call goes to."""
        found = tuple(states)
        return tuple(
            (who, thing, state)
            for who, own in users(self.terms.partition, self.account)
            for thing in things(target, own, self.terms.partition, self.account)
            for state in found
        )

    def without(self, call: Call) -> tuple[State, ...]:
        """Without MFA, as far as a call can be made so."""
        return self.carrying(call, asking(without_mfa(call.console_only)))

    def having(self, call: Call) -> tuple[State, ...]:
        return self.carrying(call, asking(with_mfa(self.terms.max_age)))

    def carrying(self, call: Call, states: Iterable[State]) -> tuple[State, ...]:
        certification = self.terms.certification if ACTIVATE in call.context else ()
        carried = carried_by(call.context, certification)
        return tuple({**state, **keys} for state in states for keys in carried)

    def is_open(self, call: Call) -> bool:
        """Whether the profile lets a call through before MFA."""
        if call.granted:
            return call.before_mfa and (call.action, call.context, call.target) in self.granted
        return call.action.lower() in self.terms.exempt or not self.denies

    def refused(self) -> Outcome:
        """How what must not be is refused: by the Deny, or for want of an Allow."""
        return "explicitly_denied" if self.denies else "implicitly_denied"

    def before_mfa(self, call: Call, part: str, does: str, *, who: str = "") -> Step:
        """A call of a flow without MFA: open if the profile has the flow, else refused."""
        is_open, must, why = self.is_open(call), self.refused(), "not part of this profile"
        if is_open:
            must, why = "allowed", "needed before there is MFA"
        elif self.denies and call.action.lower() in self.terms.exempt and not call.context:
            must, why = "allowed", "exempt because of another part of the profile"
        return Step(
            part,
            who or (NO_MFA_CONSOLE if call.console_only else NO_MFA),
            does,
            (call.action,),
            _ON[call.target],
            must,
            why,
            call.source,
            self.asks(call.target, self.without(call)),
            administrator=not call.granted if is_open else self.denies,
            account_grant=self.terms.account_allows_change and call.flow == "password",
        )

    # Parts of the journey

    def passwords(self) -> Iterator[Step]:
        change, rules = _of("password")
        console = asking(without_mfa(console_only=True))
        grant = self.terms.account_allows_change
        for part, call, does in (
            (FIRST, rules, "sees what a password needs"),
            (FIRST, change, "sets a new password"),
            (EXPIRED, change, "sets a new password"),
        ):
            step = self.before_mfa(call, part, does, who=NO_MFA_CONSOLE)
            asks = self.asks(call.target, console)
            yield _with(step, asks=asks)
        asks = self.asks("own-user", (s for s in asking(without_mfa()) if s[FLAG.lower()] is None))
        does = "sets a new password, where HardExpiry leaves no other way but an administrator"
        yield _with(self.before_mfa(change, EXPIRED, does, who=KEY), asks=asks)
        for setting, on, outcome in (
            ("on", True, "allowed"),
            ("off, or no password policy", False, "implicitly_denied" if grant else "allowed"),
        ):
            step = self.before_mfa(
                change, EXPIRED, f"the same, AllowUsersToChangePassword {setting}"
            )
            why = "this policy relies on the account setting" if outcome != "allowed" else step.why
            yield _with(step, must=outcome, account_grant=on, why=why)

    def enrolment(self) -> Iterator[Step]:
        reads = {
            "iam:GetUser": "sees the own user",
            "iam:ListMFADevices": "sees the own devices",
            "iam:GetMFADevice": "sees what a device is",
        }
        for call in _of("security-credentials-page"):
            yield self.before_mfa(call, PAGE, reads[call.action])
        for kind, name in _KINDS.items():
            if kind == "security-key" and not has_security_keys(self.terms.partition):
                continue
            for call in _of(kind):
                yield self.enrolling(call, name)
            if kind == "security-key" and self.terms.certification:
                yield from self.without_certification()
        enable = next(c for c in _of("virtual-totp") if c.action == "iam:EnableMFADevice")
        yield Step(
            DEVICES,
            NO_MFA,
            "adds a second device without proving the first",
            (enable.action,),
            "own user",
            "implicitly_denied" if self.is_totp() else self.refused(),
            (
                "AWS asks for MFA to change the devices of who has one"
                if self.is_totp()
                else "no such kind"
            ),
            "UG:id_credentials_mfa",
            self.asks("own-user", self.without(enable)),
            administrator=self.denies,
            device=True,
        )

    def is_totp(self) -> bool:
        return bool(self.terms.flows & {"virtual-totp", "hardware-totp"})

    def enrolling(self, call: Call, name: str) -> Step:
        phases = {"Create": f"registers a {name}", "Activate": f"activates a {name}"}
        does = {
            "iam:ListVirtualMFADevices": "sees which names are taken",
            "iam:CreateVirtualMFADevice": f"creates a {name}",
            "iam:EnableMFADevice": f"enables a {name}",
            "iam:ResyncMFADevice": f"resynchronizes a {name}",
        }[call.action]
        phase = dict(call.context).get(REGISTER_KEY)
        if phase:
            does = phases[phase]
            if phase == "Activate" and self.terms.certification:
                does += ", certified as required"
        return self.before_mfa(call, DEVICES, does)

    def without_certification(self) -> Iterator[Step]:
        activate = next(c for c in _of("security-key") if ACTIVATE in c.context)
        states = asking(without_mfa(console_only=True))
        carried = tuple(uncertified(self.terms.certification))
        key = {REGISTER_KEY.lower(): "Activate"}
        step = self.before_mfa(activate, DEVICES, "activates a security key without it")
        asks = self.asks("own-user", ({**s, **key, **c} for s in states for c in carried))
        why = "the profile asks for certification"
        yield _with(step, must=self.refused(), why=why, asks=asks, administrator=self.denies)

    def signed_in(self) -> Iterator[Step]:
        change = _of("password")[0]
        grant = self.terms.account_allows_change
        yield self.with_mfa((change,), "changes the password", True, account_grant=grant)
        yield self.with_mfa(_of("remove-device"), "removes an own device", True)
        for flow, what in _CREDENTIALS.items():
            yield self.with_mfa(_of(flow), f"manages {what}", flow in self.terms.flows)
        yield from self.work(MFA, SIGNED_IN, asking(with_mfa(self.terms.max_age)), fresh=True)
        if self.terms.max_age:
            stale = asking(with_stale_mfa(self.terms.max_age))
            who = f"MFA {in_units(self.terms.max_age)} ago or longer"
            yield from self.work(who, STALE, stale, fresh=False)
            step = self.before_mfa(change, STALE, "changes the password", who=who)
            yield _with(step, asks=self.asks("own-user", stale))

    def with_mfa(
        self, calls: tuple[Call, ...], does: str, is_open: bool, *, account_grant: bool = False
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
            self.asks("own-user", self.having(calls[0])),
            account_grant=account_grant,
        )

    def work(
        self, who: str, part: str, states: tuple[State, ...], *, fresh: bool
    ) -> Iterator[Step]:
        """What people are there for, which some other policy allows."""
        if self.denies:
            yield Step(
                part,
                who,
                "works in any service",
                ("ec2:RunInstances",),
                "any resource",
                "allowed" if fresh else "explicitly_denied",
                (
                    "MFA is what the Deny asks for"
                    if fresh
                    else "the profile's longest time since MFA"
                ),
                "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
                self.asks("account", states),
                administrator=True,
            )

    def cli(self) -> Iterator[Step]:
        key = asking(state for state in without_mfa() if state[1][FLAG.lower()] is None)
        session = asking(state for state in without_mfa() if state[1][FLAG.lower()] is not None)
        for who, states in ((KEY, key), ("session of GetSessionToken without MFA", session)):
            yield self.attack(CLI, who, "works in any service", "ec2:RunInstances", states)
        get = _of("mfa-session")[0]
        yield Step(
            CLI,
            KEY,
            "asks for a session, with or without an MFA code",
            (get.action,),
            "the account",
            "allowed",
            "AWS subjects this call to no policy",
            get.source,
            self.asks("account", key),
        )
        for call in _of("aws-login"):
            does = {
                "signin:AuthorizeOAuth2Access": "lets the CLI in",
                "signin:CreateOAuth2Token": "gives the CLI its token",
            }
            yield self.before_mfa(call, CLI, f"`aws login`: {does[call.action]}")
        for call in _of("console-authorization"):
            does = {
                "signin:AuthorizeOAuth2Access": "opens the console",
                "signin:CreateOAuth2Token": "keeps it open",
            }
            yield self.before_mfa(call, CONSOLE, does[call.action])

    def exempt(self) -> Iterator[Step]:
        named = {call.action.lower() for call in self.calls if call.before_mfa}
        mine = {action.lower() for action in self.terms.on_own_user}
        for action in sorted(self.terms.exempt - named):
            target: Target = "own-user" if action in mine else "account"
            yield Step(
                EXEMPT,
                NO_MFA,
                "is left alone by the Deny",
                (action_case(action),),
                _ON[target] if target == "own-user" else "anything",
                "allowed",
                "declared under deny.exempt_before_mfa",
                "the profile",
                self.asks(target, asking(without_mfa())),
                administrator=True,
            )

    def attacks(self) -> Iterator[Step]:
        states = asking(without_mfa())
        others = other_users(self.terms.partition, self.account)
        on_others = tuple(
            (who, other, state)
            for who, _ in users(self.terms.partition, self.account)
            for other in others
            for state in ({**s, REGISTER_KEY.lower(): None} for s in states)
        )
        for does, action in (
            ("changes another user's password", "iam:ChangePassword"),
            ("enables a device for another user", "iam:EnableMFADevice"),
            ("resynchronizes another user's device", "iam:ResyncMFADevice"),
            ("looks at another user", "iam:GetUser"),
        ):
            step = self.attack(ROUND, NO_MFA, does, action, states)
            yield _with(step, asks=on_others, on="another user")
        for does, action, target in _ATTACKS:
            yield self.attack(ROUND, NO_MFA, does, action, states, target)
        service = tuple({**state, "aws:viaawsservice": "true"} for state in states)
        does = "has a service call another for it"
        step = self.attack(ROUND, NO_MFA, does, "ec2:RunInstances", service)
        if self.terms.except_via_aws_service:
            why = "the profile leaves calls of services alone"
            step = _with(step, must="allowed", why=why)
        yield step

    def attack(
        self,
        part: str,
        who: str,
        does: str,
        action: str,
        states: tuple[State, ...],
        target: Target = "account",
    ) -> Step:
        return Step(
            part,
            who,
            does,
            (action,),
            "any resource" if target == "account" else _ON[target],
            self.refused(),
            "nothing but the way in is open without MFA",
            "UG:reference_policies_condition-keys#condition-keys-multifactorauthpresent",
            self.asks(target, states),
            administrator=self.denies,
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


def _of(flow: str) -> tuple[Call, ...]:
    """The calls of one flow, in the order of the catalogue."""
    return tuple(call for call in CALLS if call.flow == flow)


def _with(step: Step, **changes: object) -> Step:
    fields = {name: getattr(step, name) for name in Step.__struct_fields__}
    return Step(**{**fields, **changes})
