"""Laws over every profile there could be: what works renders safely, the rest is a message."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from generator.build import Bundle, build
from generator.errors import GenError
from generator.load import load, load_text
from tests.strategies import Document, mutated, profiles, randoms, shuffled
from tests.support import PROFILES, ROOT

LABEL = "profiles/random.yaml"
FLAG = "aws:MultiFactorAuthPresent"
FIRST_SIGN_IN = {"iam:ChangePassword", "iam:GetAccountPasswordPolicy", "iam:EnableMFADevice"}


def built(text: str) -> Bundle:
    """The bundle of a profile given as text, beside the files that ship with profiles."""
    return build(load_text(text, LABEL, ROOT / "profiles"))


def yaml_text(profile: Any) -> str:
    """A profile as YAML."""
    return str(yaml.safe_dump(profile, sort_keys=False, allow_unicode=True))


def rendered(profile: Document) -> Bundle | None:
    """The bundle of a profile that works, or None if a document is too large for its quota.

    How much fits is decided by the quota alone; that nothing else stops a good profile is asserted.
    """
    try:
        return built(yaml_text(profile))
    except GenError as error:
        problems = [one.problem for one in error.each()]
        assert all("and the quota" in problem for problem in problems), problems
        return None


def mistakes(text: str) -> tuple[GenError, ...]:
    """Everything that is said of a profile; nothing if it renders. Any other error is a bug."""
    try:
        built(text)
    except GenError as error:
        return error.each() or (error,)
    return ()


def as_list(value: Any) -> list[Any]:
    """A bare value is a list of one."""
    return value if isinstance(value, list) else [value]


def policy(bundle: Bundle, path: str) -> list[Document]:
    """The statements of a rendered document, read as any JSON."""
    document = json.loads(bundle.files[path])
    assert document["Version"] == "2012-10-17"
    return as_list(document["Statement"])


def flag_tests(statement: Document) -> list[tuple[str, list[str]]]:
    """The operators and values by which a statement asks for the MFA flag."""
    block = statement.get("Condition", {})
    return [(op, as_list(keys[FLAG])) for op, keys in block.items() if FLAG in keys]


def password_is_ours(profile: Document) -> bool:
    """Whether the account leaves it to the policy to let users change their password."""
    given = profile["account"].get("password_policy")
    if given == "password-policies/production.json":
        text = (ROOT / "profiles" / given).read_text(encoding="utf-8")
        given = json.loads(text)["PasswordPolicy"]
    return not (isinstance(given, dict) and given.get("AllowUsersToChangePassword"))


def keeps_its_promises(profile: Document, bundle: Bundle) -> None:
    """Nobody is locked out and nothing opens without MFA, by a plain reading of the JSON."""
    statements = policy(bundle, "user-policy.json")
    partition = profile["account"]["partition"]
    own = {
        f"arn:{partition}:iam::*:user/${{aws:username}}",
        f"arn:{partition}:iam::*:user/*/${{aws:username}}",
    }

    blankets = [s for s in statements if s["Effect"] == "Deny" and "NotAction" in s]
    if profile["archetype"] == "direct-user-deny":
        assert any(flag_tests(s) == [("BoolIfExists", ["false"])] for s in blankets)
    else:
        assert [s for s in statements if s["Effect"] == "Deny"] == []
    for s in blankets:
        assert set(s["NotAction"]) >= FIRST_SIGN_IN
        assert s["Resource"] == "*"

    allowed_on = {
        action: set(as_list(s["Resource"]))
        for s in statements
        if s["Effect"] == "Allow"
        for action in as_list(s["Action"])
        if not flag_tests(s)
    }
    assert allowed_on["iam:EnableMFADevice"] == own
    assert ("iam:ChangePassword" in allowed_on) is password_is_ours(profile)
    assert allowed_on.get("iam:ChangePassword", own) == own
    assert "iam:DeactivateMFADevice" not in allowed_on
    for s in statements:
        expected = ("Bool", ["true"]) if s["Effect"] == "Allow" else ("BoolIfExists", ["false"])
        assert flag_tests(s) in ([], [expected])

    assert {f"roles/{role['name']}/trust-policy.json" for role in profile["roles"]} == {
        path for path in bundle.files if path.endswith("trust-policy.json")
    }
    for role in profile["roles"]:
        for s in policy(bundle, f"roles/{role['name']}/trust-policy.json"):
            assert s["Effect"] == "Allow"
            assert flag_tests(s) == [("Bool", ["true"])]
            assert ("NumericLessThan" in s["Condition"]) is bool(
                role.get("mfa_max_age") or profile["mfa"].get("max_age")
            )


@given(profiles())
def test_every_good_profile_renders_what_it_promises(profile: Document) -> None:
    """Whatever a profile asks for, nobody is locked out and nothing opens without MFA."""
    bundle = rendered(profile)
    event("too large" if bundle is None else profile["archetype"])
    if bundle is not None:
        keeps_its_promises(profile, bundle)


@settings(max_examples=50)
@given(profiles())
def test_every_good_profile_fits_its_own_limits(profile: Document) -> None:
    """Every document keeps its quota, has Sids of letters and digits, each once, and is ASCII."""
    bundle = rendered(profile)
    assume(bundle is not None)
    assert bundle is not None

    for document in bundle.documents:
        compact = json.dumps(json.loads(document.text), separators=(",", ":"))
        assert document.size == len(compact) <= document.kind.quota
        sids = [s["Sid"] for s in policy(bundle, document.path)]
        assert len(set(sids)) == len(sids)
        assert all(sid.isascii() and sid.isalnum() for sid in sids)
    for path, text in bundle.files.items():
        assert text.isascii(), path
        assert text.endswith((".\n", "}\n"))
        assert not path.startswith(("/", "."))


@settings(max_examples=50)
@given(profiles(), randoms)
def test_order_in_a_profile_does_not_count(profile: Document, random: Random) -> None:
    """Two people who write the same profile in different orders commit the same bytes."""
    bundle = rendered(profile)
    assume(bundle is not None)
    assert bundle is not None

    assert built(yaml_text(shuffled(profile, random))).files == bundle.files


@settings(max_examples=50)
@given(profiles())
def test_yaml_and_json_are_one_profile(profile: Document) -> None:
    """A profile that a program writes as JSON is the profile a person writes as YAML."""
    bundle = rendered(profile)
    assume(bundle is not None)
    assert bundle is not None

    assert built(json.dumps(profile, ensure_ascii=False)).files == bundle.files


@given(profiles(), st.data())
@example({"name": "a", "description": "x", "archetype": "direct-user-deny", "name ": [[]]}, None)
@example({}, None)
def test_a_bent_profile_renders_or_says_why(profile: Document, data: st.DataObject | None) -> None:
    """A profile with mistakes in it renders or has messages, each with a place in a real file."""
    value = mutated(profile, data) if data is not None else profile
    text = json.dumps(value, indent=1, ensure_ascii=False)
    lines = text.split("\n")

    found = mistakes(text)

    event(f"{len(found)} mistakes")
    for one in found:
        place = one.where
        assert place is not None, one.problem
        if place.path == LABEL:
            assert 1 <= place.line <= len(lines), one
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1, one
        else:
            assert place.path.startswith(f"{LABEL}: ") or Path(place.path).exists(), one
        assert one.problem


@pytest.mark.parametrize("value", ["two\nlines", "\x1b[31mred", "\u202eback", "long" * 2000])
@pytest.mark.parametrize("key", ["name", "archetype", "attach", "unknown key", "users", "mfa"])
def test_messages_are_one_short_line(key: str, value: str) -> None:
    """What a file says reaches a terminal or a log as one readable line, whatever is in it."""
    profile = {"name": "a", "description": "x", "archetype": "direct-user-deny"}
    profile |= {value: "x"} if key == "unknown key" else {key: value}

    found = mistakes(json.dumps(profile))

    assert found
    for one in found:
        assert one.problem.isprintable()
        assert one.hint.isprintable()
        assert len(one.problem) < 300


@pytest.mark.parametrize("path", PROFILES, ids=lambda p: p.stem)
def test_what_ships_is_a_profile_of_these_laws(path: Path) -> None:
    """The profiles that ship keep the promises that random ones are held to."""
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, default in (("roles", []), ("mfa", {})):
        profile.setdefault(key, default)
    profile["account"].setdefault("partition", "aws")

    keeps_its_promises(profile, build(load(path)))
