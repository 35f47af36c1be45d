"""Requests that stand for all: deciding many at once is deciding each."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generator.flows import CALLS, REGISTER_KEY, Call
from generator.grammar import parse_statement
from generator.lockouts import requests_of
from generator.match import applies
from generator.states import Requests, Terms, ages_that_matter, answers, with_mfa

FIDO = "iam:FIDO-certification"
KEYS = {
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:MultiFactorAuthAge": ("0", "3599", "3600", "soon"),
    "aws:ViaAWSService": ("true", "false"),
    REGISTER_KEY: ("Create", "Activate", "A*"),
    FIDO: ("L1", "L2", "L3"),
    "aws:username": ("alice", "${aws:username}"),
    "aws:SourceIp": ("10.0.0.0/8",),
}
OPERATORS = (
    "Bool BoolIfExists Null StringEquals StringLike StringNotEqualsIfExists NumericLessThan "
    "NumericGreaterThanEqualsIfExists IpAddress"
).split()
RESOURCES = (
    "*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:iam::*:user/p3/*",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:iam::*:user/${aws:userid}",
)
TERMS = Terms(
    archetype="direct-user-deny",
    partition="aws",
    has_security_keys=True,
    account="",
    flows=frozenset(),
    account_allows_change=False,
    exempt=frozenset(),
    certification=((FIDO, ("L1", "L2")),),
    max_age=3600,
    except_via_aws_service=False,
    on_own_user=frozenset(),
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """A statement on everything, with resources and conditions that requests can tell apart."""
    keys = draw(st.lists(st.sampled_from(sorted(KEYS)), unique=True, max_size=3))
    condition: dict[str, dict[str, str]] = {}
    for key in keys:
        operator = draw(st.sampled_from(OPERATORS))
        condition.setdefault(operator, {})[key] = draw(st.sampled_from(KEYS[key]))
    return {
        "Effect": "Deny",
        "Action": "*",
        draw(st.sampled_from(["Resource", "NotResource"])): draw(
            st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2)
        ),
        **({"Condition": condition} if condition else {}),
    }


@given(st.sampled_from([c for c in CALLS if c.target != "role"]), statements())
def test_deciding_all_requests_of_a_call_is_deciding_each(call: Call, data: dict[str, Any]) -> None:
    """Bit by bit, what holds for all requests at once is what holds for each by itself."""
    s = parse_statement(data, "it")
    requests = requests_of(call, TERMS, *ages_that_matter([s], TERMS.max_age))
    asks = any("Age" in c.key for c in s.conditions)

    applied, unsettled = answers(s, requests)

    assert requests.every == 2 ** len([*requests]) - 1
    assert asks == any(state["aws:multifactorauthage"] == "3599" for _, state, _ in requests)
    for number, (_, state, resource) in enumerate(requests):
        found = applies(s, call.action, resource, state)
        assert (bool(applied >> number & 1), bool(unsettled >> number & 1)) == (
            found is True,
            found is None,
        )


def test_answers_are_for_the_requests_that_were_asked() -> None:
    """Two sets of requests that look alike are two: answers are never mixed up."""
    s = parse_statement({"Effect": "Deny", "Action": "*", "Resource": "a"}, "it")
    one, other = (Requests(with_mfa(None), resources) for resources in (["a"], ["b"]))

    assert (answers(s, one), answers(s, other)) == ((0b11, 0), (0, 0))
