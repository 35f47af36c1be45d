"""What holds of every request: two evaluators agree, and laws that no policy can break.

Alphabets are small, so that what a policy names and what a request has collide: most mistakes need
two equal names to show.
"""

import copy
import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from random import Random
from typing import Any, Final

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from generator.catalog import rcp_services
from generator.classes import OTHER, action_classes, resource_classes
from generator.grammar import OPERATORS
from generator.pattern import Automaton, matches_arn, steps_of_arn, steps_of_glob
from generator.simulate import answers
from tests.oracle import Refused, decide
from tests.strategies import Document, one_of, randoms, some

HERE, THERE = "111122223333", "444455556666"
ALICE: Final = f"arn:aws:iam::{HERE}:user/alice"
DEV: Final = f"arn:aws:iam::{HERE}:role/dev"
SESSION: Final = f"arn:aws:sts::{HERE}:assumed-role/dev/s"
FEDERATED: Final = f"arn:aws:sts::{HERE}:federated-user/alice"
LINKED: Final = f"arn:aws:iam::{HERE}:role/aws-service-role/a.amazonaws.com/dev"

CALLERS = (
    *(ALICE, ALICE, SESSION, DEV, FEDERATED, LINKED),
    f"arn:aws:iam::{HERE}:user/team/alice",
    f"arn:aws:iam::{HERE}:role/team/dev",
    f"arn:aws:sts::{THERE}:assumed-role/dev/s",
    f"arn:aws-cn:iam::{HERE}:user/alice",
)
ACTIONS = (
    *("s3:GetObject", "s3:getobject", "iam:GetUser", "sts:AssumeRole", "kms:Decrypt"),
    *("iam:ChangePassword", "iam:EnableMFADevice", "iam:GetAccountPasswordPolicy"),
    *("sts:TagSession", "sts:GetSessionToken", "STS:getCallerIdentity", "x:y"),
)
KEY_ARN: Final = f"arn:aws:kms:us-east-1:{HERE}:key/a"
RESOURCES = {
    "s3": ("arn:aws:s3:::b", "arn:aws:s3:::b/a:b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/alice"),
    "iam": (ALICE, ALICE, f"arn:aws:iam::{HERE}:user/team/alice", "*"),
    "sts": (DEV, f"arn:aws:iam::{THERE}:role/dev"),
    "kms": (KEY_ARN, f"arn:aws:kms:us-east-1:{THERE}:key/a", f"arn:aws:kms::{HERE}:alias/a"),
    "x": ("*", "arn:x:y::111122223333:a/b:c?", f"arn:aws:x:a:{THERE}:*"),
}
ACTION_PATTERNS = (
    *("*", "*", "*:Get*", "s3:*", "S3:Get?bject", "s3:GetObject", "iam:*", "iam:Get*"),
    *("iam:ChangePassword", "sts:*", "STS:assumerole", "kms:Decrypt", "x:?", "?:y"),
)
RESOURCE_PATTERNS = (
    *("*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b", "arn:aws:s3:::b*", "arn:aws:s3*"),
    *("arn:aws", "arn:*:a/b:c?", "arn:*:*:*:*:*", "arn:?:?", "arn:aws:*:*:1*:?ser/alice"),
    *("arn:aws:*3:::*", "arn:aws*:b", "arn:aws:s3::*b", "arn:aws:s3:::b/${*}", "*b*", "?"),
    *("arn:aws:s3:${x:y}::b", "arn:${*}:*:*:*:*", ALICE, DEV, KEY_ARN, "b/${x:y}"),
)
VARIABLE_PATTERNS = (
    *("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${AWS:userName}"),
    *("arn:aws:s3:::b/${x:y, 'a:b'}", "arn:aws:s3:::*${X:Y}*", "arn:aws:s3:::b/${x:y, ''}*"),
    *("arn:aws:s3:::b/${x:y}", "arn:aws:s3:::b/${$}{x:y}", "arn:aws:s3:::b/${aws:TagKeys}"),
)
IDS = {
    "AWS": (
        *("*", HERE, THERE, f"arn:aws:iam::{HERE}:root", f"arn:aws:iam::{THERE}:root"),
        *(ALICE, DEV, SESSION, FEDERATED, f"arn:aws:iam::{HERE}:role/team/dev"),
        *(f"arn:aws:sts::{HERE}:assumed-role/dev/t", "AIDACKCEVSQ6C2EXAMPLE"),
        *(f"arn:aws-cn:iam::{HERE}:user/alice", "AROACKCEVSQ6C2EXAMPLE"),
    ),
    "Service": ("ec2.amazonaws.com",),
    "Federated": ("accounts.google.com",),
    "CanonicalUser": ("79a59df9",),
}
KEYS = (
    *(
        "aws:MultiFactorAuthPresent",
        "AWS:username",
        "x:y",
        "X:y",
        "aws:TagKeys",
        "aws:PrincipalArn",
    ),
    *("aws:PrincipalType", "aws:SourceIp", "aws:ResourceAccount", "aws:CurrentTime"),
)
TEXTS = ("a", "A", "", "alice", "a*", "?", "*", "User", HERE)
BOOLS = ("true", "False", "TRUE", "a")
# As dates these are seconds or nothing at all: fewer digits are a question of their own.
NUMBERS = ("10000", "10000.0", "0010000", "-5", "3600", "1e3", "")
DATES = ("2026", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00+01:00", "1767225600")
ADDRESSES = ("10.0.0.1", "::1", "10.0.0.256")
NETWORKS = (*ADDRESSES, "10.0.0.0/8", "10.0.0.77/24", "::/0", "0.0.0.0/0")
BYTES = ("YQ==", "YR==", "YQ", "QQ==", "", "a*")
ARNS = (ALICE, DEV, "arn:aws:s3:::b/a:b", "arn:aws:s3:::", "arn", "a")
VARIABLES = (
    *("${aws:username}", "${AWS:USERNAME}", "${x:y}", "${x:y, 'a'}", "${x:y, ''}", "${*}"),
    *("${?}", "${$}{x:y}", "a${x:y}", "${aws:TagKeys}", "${aws:PrincipalTag/a, 'al'}ice"),
)
ARN_PATTERNS = (
    *("*", "arn:*:*:*:*:*", "arn:aws:iam::*:user/*", f"arn:aws:iam::{HERE}:?ser/al${{*}}"),
    *("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:${x:y}"),
)
# What requests hold and what policies compare it with, by the type of an operator.
SIDES = {
    "String": (TEXTS, TEXTS + VARIABLES),
    "Bool": (BOOLS, BOOLS),
    "Null": (TEXTS, ("true", "FALSE")),
    "Numeric": (NUMBERS, NUMBERS),
    "Date": (DATES, (*DATES, "2026-02-30", "a")),
    "Ip": (ADDRESSES, NETWORKS),
    "NotIp": (ADDRESSES, NETWORKS),
    "Binary": (BYTES, BYTES),
    "Arn": (ARNS, ARN_PATTERNS + ARNS[:4]),
}
NAMES = tuple(sorted(OPERATORS))
ANY_RANDOM: Final = Random("any")  # noqa: S311 - no secret
FULL: Final[Document] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@cache
def sides(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values that a request and a policy may hold for an operator."""
    base = name.rpartition(":")[2]
    return next(found for start, found in SIDES.items() if base.startswith(start))


@cache
def variables_allowed(name: str) -> bool:
    """Whether an operator's values are of a type that any text is of."""
    return name.rpartition(":")[2].startswith(("String", "Arn"))


def one_or_many(draw: st.DrawFn, items: tuple[str, ...]) -> Any:
    """One of a few, or a list of some."""
    found = draw(some(items))
    return found[0] if len(found) == 1 and draw(st.booleans()) else found


@st.composite
def conditions(draw: st.DrawFn, context: Document) -> Document:
    """A `Condition` block, and values in the request's context that it may be met by."""
    block: Document = {}
    for _ in range(draw(one_of(0, 0, 0, 1, 1, 2))):
        name, key = draw(one_of(*NAMES)), draw(one_of(*KEYS))
        theirs, ours = sides(name)
        values = one_or_many(draw, ours)
        block.setdefault(name, {})[key] = values
        if not any(key.lower() == known.lower() for known in context) and draw(st.booleans()):
            context[key] = draw(values_of(theirs))
    return block


@cache
def values_of(items: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """What a key of a context may hold: one value mostly; absent, none, or several."""
    return one_of(*items) | one_of(*items) | st.none() | st.lists(one_of(*items), max_size=2)


@st.composite
def principals(draw: st.DrawFn) -> Any:
    """The value of a `Principal` element."""
    if draw(st.integers(0, 4)) == 0:
        return "*"
    kinds = draw(one_of(*[("AWS",)] * 8, ("Service",), ("AWS", "Service"), ("CanonicalUser",)))
    return {kind: one_or_many(draw, IDS[kind]) for kind in kinds}


@st.composite
def statements(draw: st.DrawFn, field: str, context: Document, simple: bool) -> Document:
    """A statement of a policy in a field of a request; variables in resources only if `simple`."""
    found: Document = {"Effect": draw(one_of("Allow", "Allow", "Allow", "Deny"))}
    found[draw(one_of(*["Action"] * 6, "NotAction"))] = one_or_many(draw, ACTION_PATTERNS)
    if field != "trust" or draw(st.booleans()):
        element = draw(one_of(*["Resource"] * 6, "NotResource"))
        patterns = RESOURCE_PATTERNS + VARIABLE_PATTERNS * simple
        found[element] = one_or_many(draw, patterns)
    if field == "rcps":
        found["Principal"] = "*" if draw(st.booleans()) else {"AWS": "*"}
    if field == "trust":
        who = draw(principals())
        negated = draw(st.integers(0, 2)) == 0
        if negated:
            found["NotPrincipal"] = settled(who)
        else:
            found["Principal"] = who
    if block := draw(conditions(context)):
        found["Condition"] = block
    return found


@st.composite
def documents(draw: st.DrawFn, field: str, context: Document, simple: bool) -> Document:
    """A policy for a field of a request."""
    found = [draw(statements(field, context, simple)) for _ in range(draw(one_of(1, 1, 2)))]
    for index, statement in enumerate(found):
        if draw(st.booleans()):
            statement["Sid"] = f"S{index}"
    if field in ("scps", "rcps", "boundary") and draw(st.booleans()):
        found.append(full(field)["Statement"][0])
    document: Document = {"Statement": found if len(found) > 1 or draw(st.booleans()) else found[0]}
    if version := draw(one_of(*["2012-10-17"] * 4, "2008-10-17", "")):
        document["Version"] = version
    return document


def settled(who: Any) -> Any:
    """Principals of which nobody doubts whether they name a caller; the others have a test."""
    if who == "*" or "*" in who.get("AWS", ()) or "CanonicalUser" in who:
        return "*"
    many = who.get("AWS", [])
    found = [i for i in ([many] if isinstance(many, str) else many) if ":assumed-role/" not in i]
    return {**who, "AWS": found or [ALICE]}


def full(field: str) -> Document:
    """A policy that allows everything."""
    document = copy.deepcopy(FULL)
    if field in ("trust", "rcps"):
        document["Statement"][0]["Principal"] = "*"
    return document


@st.composite
def requests(draw: st.DrawFn) -> Document:
    """A whole request, with any type of policy in play or not."""
    action = draw(one_of(*ACTIONS))
    service = action.partition(":")[0].lower()
    principal = draw(one_of(*CALLERS))
    found: Document = {"principal": principal, "action": action}
    own = (principal, principal) if service == "iam" else ()
    found["resource"] = draw(one_of(*RESOURCES[service], *own))
    if draw(st.integers(0, 4)) == 0:
        found["account"] = draw(one_of(HERE, THERE, None))
    context: Document = {}
    simple = draw(st.booleans())

    def some_documents(field: str, sizes: tuple[int, ...] = (0, 1, 1, 1, 2)) -> list[Document]:
        return [draw(documents(field, context, simple)) for _ in range(draw(one_of(*sizes)))]

    found["identity"] = some_documents("identity")
    if draw(st.booleans()):
        found["trust"] = draw(documents("trust", context, simple))
    if draw(st.integers(0, 2)) == 0:
        found["boundary"] = some_documents("boundary")
    if draw(st.integers(0, 3)) == 0:
        found["session"] = draw(documents("session", context, simple))
    for field in ("scps", "rcps"):
        if draw(st.integers(0, 3)) == 0:
            levels = range(draw(one_of(0, 1, 1, 2)))
            found[field] = [some_documents(field, (1, 1, 1, 1, 0)) for _ in levels]
    if service == "iam":
        found["mfa_device"] = draw(one_of(True, False, None))
        flag = draw(one_of(True, False, None))
        found["password_policy"] = (
            {"AllowUsersToChangePassword": flag} if flag is not None else None
        )
    if found.get("mfa_device"):
        context = {k: v for k, v in context.items() if k != "aws:MultiFactorAuthPresent"}
        context["aws:MultiFactorAuthPresent"] = draw(one_of("true", "false", None))
    found["context"] = {k: plain(v) if simple else v for k, v in context.items()}
    return found


def plain(value: Any) -> Any:
    """A value that a pattern may take from a policy variable: one, and without wildcards."""
    if isinstance(value, list):
        return [plain(each) for each in value[:1]]
    return re.sub("[*?]", "a", value) if isinstance(value, str) else value


def answered(*lines: Document) -> list[Document]:
    """The answers to the lines of a stream."""
    stream = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    return [json.loads(line) for line in answers(stream)]


def answer(request: Document) -> Document:
    """The answer to one request."""
    (found,) = answered(request)
    return found


def decided(request: Document) -> tuple[Any, ...]:
    """What is said of a request, but for the words of an error."""
    found = answer(request)
    return found["outcome"], found["blocked_by"], found["because"]


def outcome(request: Document) -> str:
    """What becomes of a request."""
    return str(answer(request)["outcome"])


def by_the_oracle(request: Document) -> tuple[Any, ...]:
    """What the second evaluator says of a request, in the same form."""
    try:
        found = decide(request, rcp_services())
    except Refused:
        return "error", [], []
    return found["outcome"], found["blocked_by"], found["because"]


def policy(*found: Document, version: str = "2012-10-17") -> Document:
    """A document of a few statements."""
    return {"Version": version, "Statement": list(found)}


def asking(**fields: Any) -> Document:
    """A request of a user for an object, but for what is given."""
    return {
        "principal": ALICE,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/a:b",
        "identity": [FULL],
        "context": {},
        **fields,
    }


def allow(**elements: Any) -> Document:
    """A statement that allows everything, but for what is given."""
    found = {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}
    return {name: value for name, value in found.items() if value is not None}


def when(operator: str, key: str, *values: Any) -> list[Document]:
    """An identity policy that allows everything if a condition is met."""
    return [policy(allow(Condition={operator: {key: list(values)}}))]


TRUSTED: Final = policy(allow(Principal={"AWS": ALICE}))


@settings(max_examples=400)
@given(requests())
@example(asking(identity=[]))
@example(asking(identity=[], trust=TRUSTED, boundary=[]))
@example(asking(identity=[], trust=policy(allow(Principal="*")), boundary=[], session=FULL))
@example(asking(identity=[], trust=policy(allow(Principal={"AWS": HERE}))))
@example(asking(principal=SESSION, trust=policy(allow(Principal={"AWS": DEV})), boundary=[]))
@example(asking(principal=SESSION, trust=policy(allow(Principal={"AWS": SESSION})), boundary=[]))
@example(asking(principal=DEV, trust=policy(allow(Principal={"AWS": SESSION})), identity=[]))
@example(asking(principal=FEDERATED))
@example(asking(principal=FEDERATED, session=FULL))
@example(asking(principal=LINKED, scps=[], rcps=[]))
@example(asking(scps=[]))
@example(asking(scps=[[]]))
@example(asking(scps=[[FULL], []]))
@example(asking(rcps=[]))
@example(asking(action="iam:GetUser", resource=ALICE, rcps=[]))
@example(asking(account=THERE))
@example(asking(account=THERE, trust=policy(allow(Principal="*")), boundary=[]))
@example(asking(action="sts:AssumeRole", resource=DEV))
@example(
    asking(action="sts:AssumeRole", resource=DEV, trust=policy(allow(Principal={"AWS": THERE})))
)
@example(
    asking(action="kms:Decrypt", resource=KEY_ARN, trust=policy(allow(Principal={"AWS": HERE})))
)
@example(asking(identity=when("StringEquals", "x:y", "${x:z}"), context={"x:y": ""}))
@example(asking(identity=when("StringNotEquals", "x:y", "${x:z}"), context={"x:y": "a"}))
@example(asking(identity=when("StringEquals", "x:y", "${*}"), context={"x:y": "*"}))
@example(asking(identity=when("Bool", "x:y", True), context={"x:y": True}))
@example(asking(identity=when("Bool", "x:y", "true"), context={"x:y": ["true", "true"]}))
@example(asking(identity=when("ForAllValues:Bool", "x:y", "true"), context={"x:y": [""]}))
@example(asking(identity=when("ForAnyValue:StringNotEquals", "x:y", "a"), context={"x:y": []}))
@example(asking(identity=when("Null", "x:y", "true"), context={"x:y": []}))
@example(asking(identity=when("Null", "aws:username", "true"), context={"aws:UserName": None}))
@example(asking(identity=when("NumericEquals", "x:y", 5), context={"x:y": 5.0}))
@example(asking(identity=when("IpAddress", "x:y", "10.0.0.7/8"), context={"x:y": "10.255.0.0"}))
@example(asking(identity=when("DateEquals", "x:y", "2026"), context={"x:y": "1767225600"}))
@example(asking(identity=[policy(allow(Resource="arn:aws:s3*"))]))
@example(asking(identity=[policy(allow(Resource="arn:aws:s3*1:b"))]))
@example(asking(identity=[policy(allow(Resource="arn:aws:s3:::b/${x:y, 'a:b'}"))]))
@example(asking(identity=[policy(allow(Resource="arn:aws:s3:::b/${*}"), version="2008-10-17")]))
@example(asking(action="sts:GetSessionToken", resource="*", scps=[]))
@example(asking(action="sts:GetSessionToken", resource="*", principal=DEV))
@example(asking(action="sts:GetCallerIdentity", resource="*", principal=FEDERATED))
@example(asking(action="iam:EnableMFADevice", resource=ALICE, mfa_device=True))
def test_two_evaluators_agree(request: Document) -> None:
    """Outcome, what is in the way and the statements that decided, of any request at all."""
    assert decided(request) == by_the_oracle(request)


@pytest.mark.parametrize(
    ("principal", "listed"),
    [
        (DEV, {"AWS": ["*", SESSION]}),
        (DEV, {"AWS": [SESSION, "*"]}),
        (DEV, {"AWS": [HERE, DEV, SESSION]}),
        (ALICE, {"AWS": [HERE, ALICE], "CanonicalUser": "79a59df9"}),
        (ALICE, {"CanonicalUser": "79a59df9", "AWS": "*"}),
        (SESSION, {"AWS": [HERE, DEV, SESSION]}),
        (SESSION, {"AWS": [SESSION, HERE, DEV]}),
    ],
)
def test_not_principal_spares_whom_it_lists_enough_of(principal: str, listed: Document) -> None:
    """Account and user, or account and role, or `*` are enough, whatever stands beside them."""
    request = asking(
        principal=principal, trust=policy(allow(Principal=None, NotPrincipal=listed, Effect="Deny"))
    )

    assert by_the_oracle(request)[0] == "allowed"
    assert decided(request) == by_the_oracle(request)


@pytest.mark.parametrize("flag", [True, "true", ["true"], "TRUE"])
def test_a_list_of_one_value_is_that_value(flag: Any) -> None:
    """A user who signed in with MFA changes devices, however the flag is written."""
    context = {"aws:MultiFactorAuthPresent": flag}
    action = {"action": "iam:DeactivateMFADevice", "resource": ALICE, "mfa_device": True}
    request = asking(**action, context=context)

    assert by_the_oracle(request)[0] == "allowed"
    assert decided(request) == by_the_oracle(request)


@pytest.mark.parametrize(
    "value",
    [
        "${x:z, '*'}",
        "a${x:z, '?'}",
        "${x:z",
        "${}",
        ("${x:z,'a'}"),
        ("${x:z, a}"),
    ],
)
def test_what_is_not_documented_of_variables_is_refused(value: str) -> None:
    """Wildcards in a default, and what is not written as a variable is: no guess decides."""
    request = asking(identity=when("StringLike", "x:y", value), context={"x:y": "ab"})

    assert by_the_oracle(request)[0] == "error"
    assert outcome(request) == "error"


FIELDS: Final = ("identity", "trust", "boundary", "session", "scps", "rcps")


def places(request: Document) -> Iterator[tuple[str, Document]]:
    """The documents of a request, each with the field it is in."""
    for field in FIELDS:
        todo = [request.get(field)]
        while todo:
            found = todo.pop()
            if isinstance(found, list):
                todo += found
            elif found is not None:
                yield field, found


def statements_of(document: Document) -> list[Document]:
    """The statements of a document, also of one that has its only one without brackets."""
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def mapped(request: Document, change: Callable[[Document], Any]) -> Document:
    """A request with something else in place of each document."""

    def each(found: Any) -> Any:
        if isinstance(found, list):
            return [each(one) for one in found]
        return None if found is None else change(found)

    return {k: each(v) if k in FIELDS else v for k, v in copy.deepcopy(request).items()}


@given(requests(), randoms)
def test_order_does_not_count(request: Document, random: Random) -> None:
    """Statements, policies of a type and levels in another order: the same outcome."""

    def shuffled(document: Document) -> Document:
        found = statements_of(document)
        return {**document, "Statement": random.sample(found, len(found))}

    other = mapped(request, shuffled)
    for field in ("identity", "boundary", "scps", "rcps"):
        for found in (other.get(field) or [], *(other.get(field) or [])):
            if isinstance(found, list):
                random.shuffle(found)

    assert decided(other)[:2] == decided(request)[:2]


@st.composite
def one_more(draw: st.DrawFn, effect: str) -> tuple[Document, Document]:
    """A request, and the same with one more statement of an effect in one of its policies."""
    request = draw(requests())
    other = copy.deepcopy(request)
    other["identity"].append(policy(allow(Resource="arn:aws:s3:::none")))
    field, document = draw(st.sampled_from(list(places(other))))
    statement = (
        draw(statements(field, {}, True))
        if draw(st.booleans())
        else {**full(field)["Statement"][0]}
    )
    document["Statement"] = [*statements_of(document), {**statement, "Effect": effect}]
    return request, other


@settings(max_examples=200)
@given(one_more("Deny"))
def test_another_deny_never_allows(both: tuple[Document, Document]) -> None:
    """A request that was not allowed is not because of a Deny; an explicit denial stays one."""
    before, after = map(outcome, both)

    assert (
        after
        in {
            "allowed": ("allowed", "explicitly_denied", "error"),
            "implicitly_denied": ("implicitly_denied", "explicitly_denied", "error"),
            "explicitly_denied": ("explicitly_denied",),
            "error": ("explicitly_denied", "error"),
        }[before]
    )


@settings(max_examples=200)
@given(one_more("Allow"))
@example(
    (
        asking(),
        asking(identity=[FULL, policy(allow(Resource=None, NotResource="arn:aws:s3:::b/${x:y}"))]),
    )
)
def test_another_allow_never_denies(both: tuple[Document, Document]) -> None:
    """A request that was allowed is in spite of an Allow; an explicit denial stays one."""
    before, after = map(outcome, both)

    assert (
        after
        in {
            "allowed": ("allowed",),
            "implicitly_denied": ("implicitly_denied", "allowed", "error"),
            "explicitly_denied": ("explicitly_denied",),
            "error": ("allowed", "error"),
        }[before]
    )


@given(requests(), st.sampled_from(["scps", "rcps"]))
@example(asking(scps=None, rcps=[[full("rcps")]]), "scps")
@example(asking(identity=[]), "rcps")
def test_a_level_that_allows_everything_changes_nothing(request: Document, field: str) -> None:
    """Outcome and obstacles stay; what allows on that level is added to the reasons."""
    assume(request.get(field) != [])
    other = {**request, field: [*(request.get(field) or []), [full(field)]]}

    before, after = decided(request), decided(other)

    new = f"{field}[{len(other[field]) - 1}][0]"
    assert after[:2] == before[:2]
    assert [reason for reason in after[2] if reason["policy"] != new] == before[2]


@given(requests())
@example(asking(principal=FEDERATED, session=FULL))
@example(asking(trust=policy(allow(Effect="Deny", NotPrincipal={"AWS": [HERE, ALICE]}))))
def test_a_boundary_that_allows_everything_changes_nothing(request: Document) -> None:
    """But for a Deny with NotPrincipal, which always covers a caller who has a boundary."""
    request.pop("boundary", None)
    other = {**request, "boundary": [FULL]}
    denies = any(
        "NotPrincipal" in statement and statement["Effect"] == "Deny"
        for _, document in places(request)
        for statement in statements_of(document)
    )

    before, after = decided(request), decided(other)

    assert after[:2] == before[:2] or (denies and after[0] in ("explicitly_denied", "error"))


def test_a_deny_with_not_principal_covers_whoever_has_a_boundary() -> None:
    """The one thing that a boundary that allows everything does change."""
    spared = asking(trust=policy(allow(Effect="Deny", NotPrincipal={"AWS": [HERE, ALICE]})))

    assert outcome(spared) == "allowed"
    assert outcome({**spared, "boundary": [FULL]}) == "explicitly_denied"


@given(requests())
def test_names_of_statements_do_not_count(request: Document) -> None:
    """Other Sids: the same answer with the other Sids in it."""

    def renamed(document: Document) -> Document:
        for statement in statements_of(document):
            if "Sid" in statement:
                statement["Sid"] = f"New{statement['Sid']}"
        return document

    before, after = decided(request), decided(mapped(request, renamed))

    expected = [
        {**r, "sid": f"New{r['sid']}"} if r["sid"] in ("S0", "S1") else r for r in before[2]
    ]
    assert after == (before[0], before[1], expected)


@given(requests(), randoms)
@example(
    asking(identity=when("StringEquals", "x:y", "${X:y, 'Aa'}"), context={"X:Y": "A"}), ANY_RANDOM
)
@example(
    asking(identity=when("StringEquals", "x:y", "${X:z, 'Aa'}"), context={"X:Y": "Aa"}), ANY_RANDOM
)
def test_case_of_names_does_not_count(request: Document, random: Random) -> None:
    """Actions, condition keys and policy variables in any case: the same answer, word for word."""

    def cased(text: str) -> str:
        return "".join(random.choice((c.lower(), c.upper())) for c in text)

    def variables(value: Any) -> Any:
        if isinstance(value, list):
            return [variables(each) for each in value]
        name = r"(?<=\$\{)[^},]+"
        return re.sub(name, lambda m: cased(m[0]), value) if isinstance(value, str) else value

    def respelled(document: Document) -> Document:
        has_variables = document.get("Version") == "2012-10-17"
        for statement in statements_of(document):
            for element in ("Action", "NotAction"):
                found = statement.get(element)
                if found is not None:
                    many = isinstance(found, list)
                    statement[element] = [cased(a) for a in found] if many else cased(found)
            for element in ("Resource", "NotResource"):
                if has_variables and element in statement:
                    statement[element] = variables(statement[element])
            if block := statement.get("Condition"):
                statement["Condition"] = {
                    name: {
                        cased(key): variables(value) if has_variables else value
                        for key, value in keys.items()
                    }
                    for name, keys in block.items()
                    if len({key.lower() for key in keys}) == len(keys)
                } | {
                    name: keys
                    for name, keys in block.items()
                    if len({key.lower() for key in keys}) != len(keys)
                }
        return document

    other = mapped(request, respelled)
    other["action"] = cased(request["action"])
    other["context"] = {cased(key): value for key, value in request["context"].items()}

    assert decided(other) == decided(request)


@given(requests())
def test_a_name_stands_for_its_document(request: Document) -> None:
    """Documents given by name: the same answer with their names instead of their places."""
    lines: list[Document] = []
    names: dict[str, str] = {}

    def defined(document: Document, place: str) -> str:
        name = f"policy {len(lines)}"
        lines.append({"define": name, "policy": document})
        names[place] = name
        return name

    other = copy.deepcopy(request)
    for field in FIELDS:
        found = other.get(field)
        if field in ("trust", "session"):
            other[field] = None if found is None else defined(found, field)
        elif field in ("scps", "rcps") and found is not None:
            other[field] = [
                [defined(one, f"{field}[{i}][{j}]") for j, one in enumerate(level)]
                for i, level in enumerate(found)
            ]
        elif found is not None:
            other[field] = [defined(one, f"{field}[{i}]") for i, one in enumerate(found)]
    (found,) = answered(*lines, other)

    before = decided(request)
    expected = [{**r, "policy": names.get(r["policy"], r["policy"])} for r in before[2]]
    assert (found["outcome"], found["blocked_by"]) == before[:2]
    assert found["because"] == expected


@cache
def globbed(pattern: str, text: str) -> bool:
    """What `*` and `?` mean, in the plainest words."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return globbed(pattern[1:], text) or (bool(text) and globbed(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and globbed(pattern[1:], text[1:])


def matched_arn(pattern: str, text: str) -> bool:
    """What a pattern of a `Resource` means, in the plainest words."""
    if not pattern.startswith("arn:"):
        return globbed(pattern, text)
    fields = pattern.split(":", 5)
    return matched_fields(tuple(fields + ["*"] * (6 - len(fields))), text)


@cache
def matched_fields(fields: tuple[str, ...], text: str) -> bool:
    """Whether a text starts with the first field and a colon, and goes on with the others."""
    field, *others = fields
    if not others:
        return globbed(field, text)
    return any(
        begun(field, text[:at]) and matched_fields(tuple(others), text[at + 1 :])
        for at, character in enumerate(text)
        if character == ":"
    )


def begun(field: str, text: str) -> bool:
    """Whether text is what one of the first five fields matches: only a last `*` goes on."""
    if not field.endswith("*"):
        return ":" not in text and globbed(field, text)
    return any(
        ":" not in text[:at] and globbed(field[:-1], text[:at]) for at in range(len(text) + 1)
    )


globs = st.text("aB*?:", min_size=1, max_size=6)
arns = st.builds("arn:{}".format, st.text("a:*?:", max_size=9)) | globs
arn_texts = st.builds("arn:{}".format, st.text("a:*b:", max_size=9)) | st.text("arn:*", max_size=6)


@given(st.lists(globs, min_size=1, max_size=4), st.text("aB:*?", max_size=8))
@example(["*"], "")
@example(["a*", "*a", "**", "?"], "a")
@example(["*?*"], "*")
@example(["*", "a"], "\n")
def test_patterns_read_side_by_side_match_as_each_alone(patterns: list[str], text: str) -> None:
    """A bit for every pattern that matches, whatever the others are."""
    found = Automaton([steps_of_glob(pattern) for pattern in patterns]).accepts(text)

    assert found == sum(globbed(p, text) << i for i, p in enumerate(patterns))


@settings(max_examples=300)
@given(st.lists(arns, min_size=1, max_size=3), arn_texts)
@example(["arn:a:s:::b"], "arn:a:s:::b")
@example(["arn:a:s*"], "arn:a:s:::b")
@example(["arn:a:*b:::c"], "arn:a::b:::c")
@example(["arn:a*:b"], "arn:a::::b")
@example(["arn:a*:*:*:*:b"], "arn:a:x:b:c:d:b")
@example(["arn:?::::"], "arn::::::")
@example(["arn:*"], "arn::::")
@example(["arn:a:a::a:*"], "arn:a:a::a:")
@example(["arn:a:a::a:?"], "arn:a:a::a::")
@example(["arn:a:a:**:a:a"], "arn:a:a:b:c:a:a")
@example(["arn:"], "arn:")
@example(["arn"], "arn")
@example(["*"], "")
@example(["arn:a:a:::?"], "arn:a:a:::*")
def test_patterns_of_resources_agree_with_the_reference(patterns: list[str], text: str) -> None:
    """Fields, what runs on past a colon, missing fields: as the plainest reading has it."""
    expected = [matched_arn(pattern, text) for pattern in patterns]

    assert [matches_arn(pattern, text) for pattern in patterns] == expected
    found = Automaton([steps_of_arn(pattern) for pattern in patterns]).accepts(text)
    assert found == sum(matches << i for i, matches in enumerate(expected))


SHORT: Final = tuple(
    "".join(text) for size in range(6) for text in product(("a", ":", OTHER), repeat=size)
)
# Texts up to five characters, also after the start of an ARN.
TEXTS_OF_ARNS: Final = SHORT + tuple(f"{start}{t}" for start in ("arn:", "arn:::") for t in SHORT)


def check_classes(
    found: tuple[str, ...], every: tuple[str, ...], matched: Callable[[str], tuple[bool, ...]]
) -> None:
    """Each representative has a class of its own, and no text at all is without one."""
    classes = {matched(text): text for text in found}

    assert len(classes) == len(found)
    for text in every:
        assert matched(text) in classes, text
        # Each is the shortest of its class.
        assert len(classes[matched(text)]) <= max(len(text), 3), text


@settings(max_examples=60)
@given(st.frozensets(st.text("aA*?:", min_size=1, max_size=4), max_size=4))
@example(frozenset())
@example(frozenset({"*"}))
@example(frozenset({"a:a", "*"}))
@example(frozenset({"A", "a"}))
@example(frozenset({"*", "**", "***"}))
@example(frozenset({"?", "??", "?*"}))
@example(frozenset({"a*", "*a", "*:*"}))
@example(frozenset({"a?", "?a", "*a*", "a:*"}))
def test_classes_of_actions_are_all_there_are(patterns: frozenset[str]) -> None:
    """Every set of patterns that a short text can match has one representative, no set has two."""

    def matched(text: str) -> tuple[bool, ...]:
        return tuple(globbed(pattern.lower(), text) for pattern in sorted(patterns))

    check_classes(action_classes(patterns), SHORT, matched)


@settings(max_examples=40)
@given(
    st.frozensets(
        st.text("a*?:", min_size=1, max_size=4)
        | st.builds("arn:{}".format, st.text("a*?:::", max_size=6)),
        max_size=3,
    )
)
@example(frozenset())
@example(frozenset({"*"}))
@example(frozenset({"arn:*", "arn:a:*"}))
@example(frozenset({"arn::::a:*", "arn:*:a", "*a"}))
@example(frozenset({"arn:?::::", "arn:*::::a", "arn:a*::::"}))
@example(frozenset({"arn:a?:*:*:*:*", "arn:*a:*:*:*:*"}))
def test_classes_of_resources_are_all_there_are(patterns: frozenset[str]) -> None:
    """The same of resources, whose fields make more of a difference."""

    def matched(text: str) -> tuple[bool, ...]:
        return tuple(matched_arn(pattern, text) for pattern in sorted(patterns))

    check_classes(resource_classes(patterns), TEXTS_OF_ARNS, matched)
