"""Whatever comes in on a stream, an answer goes out for it, and the next line is answered too."""

import gc
import io
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, Any, Final, NoReturn, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import operators, pattern
from generator.simulate import MAX_LINE, answers
from tests.strategies import Document

OUTCOMES: Final = ("allowed", "explicitly_denied", "implicitly_denied", "error")
FULL: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ALICE: Final = "arn:aws:iam::111122223333:user/alice"
OBJECT: Final = "arn:aws:s3:::b/a"
GOOD: Final = {
    "id": "good",
    "principal": ALICE,
    "action": "s3:GetObject",
    "resource": OBJECT,
    "identity": [FULL],
}
GOOD_LINE: Final = json.dumps(GOOD).encode()

FIELDS: Final = (*GOOD, "account", "define", "mfa_device", "password_policy")

# Texts that mean something somewhere, and some that mean something to Python only.
WORDS = (
    *("", "*", "?", "${", "${}", "${*}", "${aws:username}", "${a, 'b'}", "}", "a:b", "arn:", "arn"),
    *("2012-10-17", "Allow", "Deny", "Null", "Bool", "ForAnyValue:StringLike", "true", "5", "1e9"),
    *("StringLike", "ArnLike", "IpAddress", "NumericLessThan", "DateLessThan", "BinaryEquals"),
    *("0000-00-00", "9999-12-31T23:59:60Z", "2026-01-01T00:00:00+99:99", "10.0.0.0/99", "::/129"),
    *("fe80::1%eth0", "10.0.0.0/0.0.0.255", "1/2/3", "YQ=", "\\ud800", "\x00", "\u2028", "\ue020"),
    *("İ", "K", "٣", "9" * 5000, "-", ALICE, OBJECT, "111122223333", "s3:GetObject", "*" * 300),
)
NAMES = (
    *("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action"),
    *("NotAction", "Resource", "NotResource", "Condition", "AWS", "Service", "CanonicalUser"),
    *("id", "principal", "action", "resource", "account", "context", "identity", "trust", "define"),
    *("policy", "boundary", "session", "scps", "rcps", "password_policy", "mfa_device"),
    *("PasswordPolicy", "AllowUsersToChangePassword", "aws:username", "aws:MultiFactorAuthPresent"),
)
words = st.sampled_from(WORDS) | st.text(max_size=4)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | words, inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def statements(draw: st.DrawFn) -> Document:
    """A statement in outline, with any JSON at all where some of its parts belong."""
    found: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for name in draw(st.lists(st.sampled_from(NAMES[3:12]), max_size=2)):
        found[name] = draw(anything)
    if draw(st.booleans()):
        names = st.sampled_from(sorted(operators._COMPARISONS)) | words
        keys = st.sampled_from(("x:y", "aws:username", "a"))
        values = st.lists(words, min_size=1, max_size=3) | anything
        found["Condition"] = draw(
            st.dictionaries(names, st.dictionaries(keys, values, max_size=2), max_size=2)
        )
    return found


policies = anything | st.builds(
    lambda found, version: {"Version": version, "Statement": found},
    st.lists(statements(), max_size=3),
    st.sampled_from(("2012-10-17", "2008-10-17")),
)


def no_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


def answered(stream: IO[bytes]) -> Iterator[Document]:
    """The answers to a stream, each looked at: one line, JSON, one of the four outcomes."""
    for line in answers(stream):
        found = json.loads(line, parse_constant=no_constant)
        assert line.isprintable()
        assert list(found) == ["id", "outcome", "blocked_by", "because", "error"]
        assert found["outcome"] in OUTCOMES
        assert (found["error"] is None) is (found["outcome"] != "error")
        assert found["error"] is None or found["error"].strip()
        yield found


def before_a_good_line(line: bytes) -> list[Document]:
    """The answers to a line, once the good request after it has been answered as ever."""
    *found, last = answered(io.BytesIO(line + b"\n" + GOOD_LINE))
    assert (last["id"], last["outcome"]) == ("good", "allowed")
    return found


def as_line(data: object) -> bytes:
    return json.dumps(data).encode()


PLACES: Final[dict[str, Callable[[Any], Document]]] = {
    "identity": lambda found: {"identity": [found]},
    "trust": lambda found: {"trust": found},
    "session": lambda found: {"session": found},
    "boundary": lambda found: {"boundary": [found]},
    "scps": lambda found: {"scps": [[found]]},
    "rcps": lambda found: {"rcps": [[found]]},
    "levels": lambda found: {"scps": found},
    "documents": lambda found: {"identity": found},
}


@settings(max_examples=400)
@given(st.sampled_from(sorted(PLACES)), policies, st.sampled_from(WORDS))
@example("identity", {"Statement": [{"Effect": {}}]}, "")
@example("identity", {"Version": [], "Statement": []}, "")
@example("identity", [[]], "")
@example("documents", {}, "")
def test_any_json_as_a_policy_is_answered(place: str, policy: Any, value: str) -> None:
    """Whatever a document is, and whatever it asks of a value: an answer, and the next one."""
    request = {**GOOD, "id": 7, "context": {"x:y": value}, **PLACES[place](policy)}

    (found,) = before_a_good_line(as_line(request))

    assert found["id"] == 7


@given(anything, st.dictionaries(st.sampled_from(("x:y", "aws:username")) | words, anything))
@example([], {})
@example(None, {"X:y": "", "x:Y": ""})
def test_any_json_as_a_context_is_answered(context: Any, keys: Document) -> None:
    """A context that is none, and one whose keys hold what none can."""
    identity = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "arn:aws:s3:::b/${x:y, 'a'}",
            "Condition": {"StringLikeIfExists": {"x:y": "${aws:username}"}},
        },
    }
    for one in (context, keys):
        (found,) = before_a_good_line(as_line({**GOOD, "identity": [identity], "context": one}))
        assert found["id"] == "good"


@settings(max_examples=300)
@given(st.sampled_from(FIELDS), anything)
@example("define", "x")
@example("id", 10**30)
@example("action", "s3:\ud800")
@example("principal", "arn:aws:iam::111122223333:user/\ud800")
def test_any_json_as_a_field_is_answered(field: str, value: Any) -> None:
    """One field that is wrong, or right in an odd way, of a request that is good otherwise."""
    before_a_good_line(as_line({**GOOD, field: value}))


@given(anything)
@example({})
@example({"define": "x"})
@example({"define": "", "policy": FULL})
@example({"define": 5, "policy": FULL})
@example({"define": "x", "policy": None})
@example({"id": {}})
def test_any_json_as_a_line_is_answered(data: Any) -> None:
    """Every line but a good definition has one answer."""
    found = before_a_good_line(as_line(data))

    assert len(found) == 1
    assert found[0]["outcome"] == "error"


@settings(max_examples=300)
@given(st.binary(max_size=40))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\x00")
@example(b"\r\r\n\n \t")
@example(b"NaN")
@example(b'{"id": NaN}')
@example(b'{"id": 1, "id": 2}')
@example(b'{"id": "\\ud800"}')
@example(b'{"id": "\xed\xa0\x80"}')
@example(b"\xe2\x80\xa8")
@example(b"[" * 40)
@example(b"1" * 40)
def test_any_bytes_as_a_line_are_answered(data: bytes) -> None:
    """Each line of it that has more than white space has one answer, which is an error."""
    found = before_a_good_line(data)

    assert len(found) == sum(bool(line.strip()) for line in data.split(b"\n"))
    assert {one["outcome"] for one in found} <= {"error"}


@pytest.mark.parametrize("depth", [100, 900, 1_100, 100_000])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (b"[", b"]"),
        (b'{"a":', b"}"),
        (b'{"id":1,"context":{"a":' + b"[", b"]"),
        (b'{"define":"x","policy":' + b"[", b"]"),
    ],
)
def test_deep_nesting_is_answered(start: bytes, end: bytes, depth: int) -> None:
    """Deeper than any parser can go: one error, and on."""
    inner = start[-1:] if start[-1:] == b"[" else start
    line = (
        start[: -len(inner)] + inner * depth + b"1" + end * depth + b"}" * (start.count(b"{") % 3)
    )

    (found,) = before_a_good_line(line)

    assert found["outcome"] == "error"


@pytest.mark.parametrize("policy", [True, False])
def test_a_nested_document_in_its_place_is_answered(policy: bool) -> None:
    """Brackets that are all closed, where a document or a value belongs."""
    nested = b"[" * 500 + b"]" * 500
    start = GOOD_LINE.removesuffix(b"}")
    line = (
        start.replace(b'"identity": [', b'"identity": [' + nested + b", ")
        if policy
        else (start + b', "context": {"a": ' + nested + b"}")
    )

    (found,) = before_a_good_line(line + b"}")

    assert found["outcome"] == "error"


@pytest.mark.parametrize(
    "filler",
    [b" ", *(c for c in (b"a", b"\xff", b"[", b'"', b"{", b"\\"))],
)
def test_a_line_of_8_mib_is_refused_and_thrown_away(filler: bytes) -> None:
    """One error for all of it, whatever it is made of; the line after it is a line of its own."""
    (found,) = before_a_good_line(b'{"id":1,' + filler * (8 * 1024 * 1024))

    assert found["error"] == "line 1: longer than 2048 KiB (name documents with `define`)"


def test_the_longest_line_is_answered() -> None:
    """A line of just the length that is allowed, its end not counted."""
    request = {**GOOD, "context": {"x:y": ""}}
    spare = MAX_LINE - 1 - len(as_line(request))
    request["context"] = {"x:y": "a" * spare}
    line = as_line(request)

    (found,) = before_a_good_line(line)

    assert (len(line), found["outcome"]) == (MAX_LINE - 1, "allowed")


def test_a_long_line_at_the_end_of_a_stream_is_refused() -> None:
    """There is no line after it to wait for."""
    for extra in (1, 2, MAX_LINE, MAX_LINE + 1):
        (found,) = answered(io.BytesIO(b"x" * (MAX_LINE + extra)))
        assert found["outcome"] == "error"


class Work:
    """Counts the steps of the functions that read patterns."""

    FILES: Final = (pattern.__file__, operators.__file__)

    def __init__(self) -> None:
        self.steps = 0

    def __enter__(self) -> "Work":
        self.before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.before)

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self.FILES else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.steps += 1
        return self._line


def hard(place: str, stars: int, letters: int, end: str = "b") -> Document:
    """A request with a pattern of many stars that almost matches a long text of letters."""
    stars_, text = "*a" * stars + end, "a" * letters
    request = {**GOOD, "context": {"x:y": text}}
    statement: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if place == "Action":
        request["action"] = f"s3:{text}"
        statement["Action"] = f"s3:{stars_}"
    elif place == "Resource":
        request["resource"] = f"arn:aws:s3:::{text}"
        statement["Resource"] = f"arn:aws:s3:::{stars_}"
    elif place == "fields":
        # Every field could run on into the next.
        request["resource"] = f"arn:aws:{text}:a:{text}:{text}"
        statement["Resource"] = f"arn:aws:{'*a' * stars}*:*a*:*a*:{stars_}"
        request["account"] = "111122223333"
    elif place.startswith("Arn"):
        request["context"] = {"x:y": f"arn:aws:s3:::{text}"}
        statement["Condition"] = {place: {"x:y": f"arn:aws:s3:::{stars_}"}}
    else:
        statement["Condition"] = {place: {"x:y": stars_}}
    return {**request, "identity": [{"Version": "2012-10-17", "Statement": statement}]}


HARD: Final = (
    *("Action", "Resource", "fields", "StringLike", "StringNotLike", "ArnLike", "ArnNotEquals"),
)


def steps(request: Document) -> int:
    """How many steps a request takes that nothing remembers."""
    pattern.glob.cache_clear()
    pattern.matches_arn.cache_clear()
    with Work() as work:
        (found,) = answered(io.BytesIO(as_line(request)))
    expected = "allowed" if "Not" in json.dumps(request) else "implicitly_denied"
    assert found["outcome"] == expected
    return work.steps


@pytest.mark.parametrize("place", HARD)
def test_work_grows_with_pattern_times_text(place: str) -> None:
    """Twice the stars and twice the text take four times the steps, not a power of them."""
    small, large = steps(hard(place, 15, 120)), steps(hard(place, 30, 240))

    assert 0 < large < 5 * small


@pytest.mark.parametrize("end", ["", "b"])
@pytest.mark.parametrize("place", HARD)
def test_many_stars_are_answered(place: str, end: str) -> None:
    """200 stars against 5,000 letters, in every place that has patterns."""
    (found,) = before_a_good_line(as_line(hard(place, 200, 5_000, end)))

    matches = (end == "") is not ("Not" in place)
    assert found["outcome"] == ("allowed" if matches else "implicitly_denied")


def test_many_keys_are_answered() -> None:
    """A context of very many keys, two of them in both cases, is refused like a small one."""
    context = {**{f"x:{i}": "" for i in range(20_000)}, "a:b": "", "A:B": ""}

    (answer,) = answered(io.BytesIO(as_line({**GOOD, "context": context})))

    assert answer["error"] == "line 1: `context` has `a:b` twice (case does not count; keep one)"


class Lines:
    """A stream that makes its lines when they are asked for, and counts them."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines
        self.read = 0

    def readline(self, _: int = -1) -> bytes:
        """The next line, nothing after the last."""
        self.read += 1
        return next(self.lines, b"")


START: Final = (
    b'{"id":%d,"principal":"arn:aws:iam::111122223333:user/alice","action":"s3:Get%d",'
    b'"resource":"arn:aws:s3:::b/%d","identity":['
)
OWN: Final = START + (
    b'{"Version":"2012-10-17","Statement":{"Sid":"S%d","Effect":"Allow","Action":"s3:*",'
    b'"Resource":"*","Condition":{"NumericLessThan":{"aws:username":%d}}}}]}'
)
SHARED: Final = START + b'"all"],"context":{"x:y":"%d"}}'


def lines(count: int) -> Iterator[bytes]:
    """Requests that all differ, at first also in their policies, and now and then one is wrong."""
    yield as_line({"define": "all", "policy": FULL})
    for i in range(count):
        if i % 100 == 0:
            yield b'{"id":%d,' % i
        elif i < 6_000 or i % 100 == 1:
            yield OWN % (i, i, i, i, i)
        else:
            yield SHARED % (i, i, i, i)


def test_the_first_answer_comes_before_the_second_line_is_read() -> None:
    """Whoever writes requests one by one gets answers one by one."""
    stream = Lines(iter([GOOD_LINE, GOOD_LINE]))
    found = answers(cast(IO[bytes], stream))

    assert stream.read == 0
    assert json.loads(next(found))["outcome"] == "allowed"
    assert stream.read == 1


def test_a_long_stream_takes_no_more_memory_than_a_short_one() -> None:
    """
    200,000 requests that all differ, bad ones among them: what is kept after the first quarter is
    what is kept at the end, without any help from Python's collector, which `gen` turns off.
    """
    found = answers(cast(IO[bytes], Lines(lines(200_000))))
    gc.collect()
    gc.disable()
    try:
        for _ in range(50_000):
            next(found)
        blocks = sys.getallocatedblocks()
        for _ in range(140_000):
            next(found)
        more = sys.getallocatedblocks() - blocks
        tracemalloc.start()
        for _ in range(10_000):
            next(found)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()

    assert next(found, None) is None
    assert more < 20_000
    # New texts in caches take the place of others.
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("line", "outcome", "error"),
    [
        ('"identity": [{0}], "identity": [{0}]', "error", "`identity` stands twice"),
        ('"identity": [{0}], "session": {0}', "allowed", ""),
        ('"identity": [{0}, {0}], "identit": [{0}]', "error", "`identit` is not a field"),
        ('"context": {{"identity": [{0}]}}, "identity": [{0}]', "error", "is neither text"),
        ('"identity": [{0}], "trust": [{0}]', "error", "not a list"),
        ('"identity": ["\\u00000", {0}]', "error", "no document is called"),
    ],
)
def test_documents_in_a_line_are_read_as_strictly_as_the_line(
    line: str, outcome: str, error: str
) -> None:
    """Where a document stands in a line, how often, and under which key, counts."""
    document = json.dumps(ALLOW_ALL)
    rest = line.format(document)

    (found,) = answered(
        io.BytesIO(
            b'{"id": 1, "principal": "arn:aws:iam::111122223333:user/a", '
            b'"action": "s3:GetObject", ' + rest.encode() + b"}\n"
        )
    )

    assert found["outcome"] == outcome
    assert error in (found["error"] or "")


ALLOW_ALL: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
