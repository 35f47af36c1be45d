"""Suppressions and baselines: what is lived with, why, and for how long."""

import json
from collections import Counter
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from generator.audit import baseline, suppressions
from generator.audit.suppressions import Suppression, apply
from generator.errors import GenError
from generator.findings import Finding, Severity

TODAY: Final = date(2026, 6, 1)


def finding(**changed: Any) -> Finding:
    plain = Finding(
        rule="GEN010",
        severity=Severity.CRITICAL,
        confidence="high",
        file="policies/team.json",
        line=8,
        column=21,
        message="`Bool` is not met",
        fix="write `BoolIfExists`",
        source="UG:page",
        sid="DenyUnlessMfa",
    )
    return replace(plain, **changed)


def test_a_file_of_suppressions() -> None:
    """Every key is read; scalars that YAML has types for are the text that was written."""
    text = """\
- rule: gen010
  file: policies/*.json
  sid: 1
  document: role deploy
  reason: no access keys exist
  expires: 2027-01-31
- {rule: GEN010, sid: "", reason: "  yes "}
"""
    one, other = suppressions.read(text, "s.yaml")

    assert (one.rule, one.file, one.sid, one.document) == (
        "GEN010",
        "policies/*.json",
        "1",
        "role deploy",
    )
    assert (one.reason, one.expires, str(one.where)) == (
        "no access keys exist",
        date(2027, 1, 31),
        "s.yaml:1:3",
    )
    assert (other.file, other.sid, other.document, other.reason) == (None, "", None, "yes")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]"])
def test_a_file_may_be_empty(text: str) -> None:
    """A file without entries suppresses nothing."""
    assert suppressions.read(text, "s.yaml") == ()


def test_every_mistake_is_said_at_once() -> None:
    """Each mistake has its place and what to do next, in the order of the file."""
    text = """\
- rule: GEN01O
  reason: because
- rule: nothing
  reason:
- rule: GEN010
  resaon: because
- rule: [GEN010]
  reason: because
  expires: 2027-02-30
  sid:
  owner: me
- just text
- rule: GEN010
  reason: "   "
  expires: soon
"""
    with pytest.raises(GenError) as caught:
        suppressions.read(text, "s.yaml")

    assert str(caught.value).splitlines() == [
        "s.yaml:1:9: no rule is called `GEN01O`",
        "  hint: did you mean `GEN010`?",
        "s.yaml:3:9: no rule is called `nothing`",
        "  hint: gen rules lists them all",
        "s.yaml:4:10: `reason` is empty",
        "  hint: say why it is right to live with the finding",
        "s.yaml:5:3: no `reason`",
        "  hint: say why it is right to live with the finding",
        "s.yaml:6:3: unknown key `resaon`",
        "  hint: did you mean `reason`?",
        "s.yaml:7:9: `rule` is not text",
        "  hint: write one text; an entry for each of several",
        "s.yaml:9:12: `2027-02-30` is not a date",
        "  hint: write it as 2027-01-31",
        "s.yaml:10:7: `sid` is empty",
        "  hint: take it out, or say what is meant",
        "s.yaml:11:3: unknown key `owner`",
        "  hint: there are rule, file, sid, document, reason, expires",
        "s.yaml:12:3: not an entry",
        "  hint: each entry starts with `- rule: GEN...` and has a `reason`",
        "s.yaml:14:11: `reason` is empty",
        "  hint: say why it is right to live with the finding",
        "s.yaml:15:12: `soon` is not a date",
        "  hint: write it as 2027-01-31",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rule: GEN010", "s.yaml:1:1: not a list"),
        ("- a: b: c", "s.yaml:1:7: not valid YAML: mapping values are not allowed"),
        ("- {rule: GEN010, rule: GEN010, reason: x}", "s.yaml:1:18: the key `rule` stands twice"),
    ],
)
def test_what_is_no_list_is_refused(text: str, problem: str) -> None:
    """Text that has another shape is refused at its place."""
    with pytest.raises(GenError) as caught:
        suppressions.read(text, "s.yaml")

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("named", "covers"),
    [
        ({}, True),
        ({"rule": "GEN011"}, False),
        ({"file": "policies/team.json"}, True),
        ({"file": "./policies/*.json"}, True),
        ({"file": "*.json"}, True),
        ({"file": "team.json"}, False),
        ({"file": "policies/TEAM.json"}, False),
        ({"sid": "DenyUnlessMfa"}, True),
        ({"sid": ""}, False),
        ({"sid": "Deny*"}, False),
        ({"document": ""}, True),
        ({"document": "role deploy"}, False),
        ({"sid": "DenyUnlessMfa", "file": "other.json"}, False),
    ],
)
def test_what_a_suppression_covers(named: dict[str, Any], covers: bool) -> None:
    """Everything that it names has to hold; only the file may be a pattern."""
    one = Suppression(**{"rule": "GEN010", "reason": "x", **named})

    assert one.covers(finding()) is covers


@pytest.mark.parametrize("file", ["p[1].json", "/home/me/checkout/p[1].json"])
def test_a_file_is_its_own_pattern(file: str) -> None:
    """A name with brackets means itself, and an absolute one is named from the folder too."""
    one = Suppression(rule="GEN010", reason="x", file="p[1].json")

    assert one.covers(finding(file=file), "/home/me/checkout")


@pytest.mark.parametrize(("expires", "left"), [("2026-06-01", 0), ("2026-05-31", 1)])
def test_the_last_day_is_a_day(expires: str, left: int) -> None:
    """A suppression is valid on its last day, and over on the next; then it is said."""
    one = Suppression(rule="GEN010", reason="x", expires=date.fromisoformat(expires))
    found, _, unused = apply([finding()], [one], TODAY)

    assert len(found) == len(unused) == left
    for note in suppressions.as_notes(unused, TODAY):
        assert note.problem == f"the suppression of GEN010 was valid until {expires}"


def test_a_suppression_that_matches_nothing_is_said() -> None:
    """The note has the place of the entry; of two that cover a finding neither is unused."""
    text = "- {rule: GEN010, reason: a}\n- {rule: GEN010, sid: X, reason: b}\n" * 2
    found = suppressions.read(text, "s.yaml")
    _, suppressed, unused = apply([finding()], found, TODAY)

    assert [each.reason for each in suppressed] == ["a"]
    assert [str(note) for note in suppressions.as_notes(unused, TODAY)] == [
        f"s.yaml:{line}:3: the suppression of GEN010 matches nothing\n"
        "  hint: take it out, or correct what it names"
        for line in (2, 4)
    ]


few = st.sampled_from(["", "a", "b"])
findings = st.builds(
    finding,
    rule=st.sampled_from(["GEN010", "GEN011"]),
    file=st.sampled_from(["a.json", "b.json", "a/b.json"]),
    sid=few,
    document=few,
    line=st.integers(1, 3),
    message=st.sampled_from(["a 1", "a 2", "b"]),
)
entries = st.builds(
    Suppression,
    rule=st.sampled_from(["GEN010", "GEN011"]),
    reason=st.just("x"),
    file=st.sampled_from([None, "*", "a*", "b.json"]),
    sid=st.none() | few,
    document=st.none() | few,
    expires=st.sampled_from([None, date(2026, 1, 1), date(2027, 1, 1)]),
)


@given(st.lists(findings, max_size=8), st.lists(entries, max_size=4))
def test_no_finding_is_lost(found: list[Finding], known: list[Suppression]) -> None:
    """What is left and what is suppressed is everything; what is left nothing valid covers."""
    left, suppressed, unused = apply(found, known, TODAY)
    valid = [each for each in known if not each.is_over(TODAY)]

    assert Counter(left) + Counter(s.finding for s in suppressed) == Counter(found)
    assert not [f for f in left for each in valid if each.covers(f)]
    assert not [f for f in found for each in unused if each in valid and each.covers(f)]


@given(st.lists(findings, max_size=8), st.lists(findings, max_size=8))
@settings(max_examples=200)
def test_a_baseline_splits_findings(found: list[Finding], before: list[Finding]) -> None:
    """New and known is everything, and what is known was there before, as often at most."""
    entries = baseline.read(baseline.write(before), "b.json")
    new, known, gone = baseline.split(found, entries)
    then = Counter(map(baseline.fingerprint, before))
    now = Counter(map(baseline.fingerprint, found))

    assert Counter(new) + Counter(known) == Counter(found)
    assert Counter(map(baseline.fingerprint, known)) == then & now
    assert Counter(map(baseline.fingerprint, new)) == now - then
    assert {each.fingerprint: each.count for each in gone} == dict(then - now)


@given(st.lists(findings, max_size=8), st.randoms())
def test_a_baseline_knows_its_own_findings(found: list[Finding], random: Any) -> None:
    """Of what it was written from nothing is new and nothing gone, in any order and on any line."""
    text = baseline.write(found)
    moved = [replace(f, line=f.line + 10) for f in found]
    random.shuffle(moved)
    new, known, gone = baseline.split(moved, baseline.read(text, "b.json"))

    assert (new, gone) == ((), ())
    assert len(known) == len(found)
    assert baseline.write(moved) == text


def test_a_baseline_is_easy_to_read() -> None:
    """Its text, for two findings that are the same and one of a file elsewhere on the machine."""
    found = [finding(), finding(line=9), finding(file="/home/me/x/a.json", message="6,145 left")]

    assert json.loads(baseline.write(found, "/home/me/x")) == {
        "version": 1,
        "findings": [
            {
                "rule": "GEN010",
                "file": "a.json",
                "document": "",
                "sid": "DenyUnlessMfa",
                "message": "N,N left",
                "count": 1,
            },
            {
                "rule": "GEN010",
                "file": "policies/team.json",
                "document": "",
                "sid": "DenyUnlessMfa",
                "message": "`Bool` is not met",
                "count": 2,
            },
        ],
    }


def test_what_is_gone_is_said() -> None:
    """The note has the place of the entry, and how many are gone."""
    text = baseline.write([finding(), finding(), finding(sid="Other")])
    _, _, gone = baseline.split([finding()], baseline.read(text, "b.json"))

    assert [str(note) for note in baseline.as_notes(gone)] == [
        "b.json:4:5: the baseline knows 1 of GEN010 in `policies/team.json` that is gone\n"
        "  hint: write it anew with gen audit --write-baseline",
        "b.json:12:5: the baseline knows 1 of GEN010 in `policies/team.json` that is gone\n"
        "  hint: write it anew with gen audit --write-baseline",
    ]


_ENTRY: Final = '{"rule": "r", "file": "f", "document": "", "sid": "", "message": "m", "count": 1}'


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[", ["b.json:1:2: a baseline that is not JSON"]),
        ("[]", ["b.json:1:1: not a baseline of gen audit"]),
        ('{"a": 1, "a": 2}', ["b.json: not a baseline: the key `a` stands twice in one object"]),
        (
            '{"version": 2, "findings": []}',
            ["b.json:1:13: a baseline of another version of gen"],
        ),
        (
            f'{{"version": 1, "findings": [{_ENTRY}, {{"rule": 1}}, 3]}}',
            [
                "b.json:1:121: `rule` is missing or not text",
                "b.json:1:112: `file` is missing or not text",
                "b.json:1:112: `document` is missing or not text",
                "b.json:1:112: `sid` is missing or not text",
                "b.json:1:112: `message` is missing or not text",
                "b.json:1:112: `count` is not a number from 1",
                "b.json:1:125: not an entry of a baseline",
            ],
        ),
        *(
            (
                f'{{"version": 1, "findings": [{_ENTRY.replace("1}", wrong)}]}}',
                ["b.json:1:108: `count` is not a number from 1"],
            )
            for wrong in ("0}", "true}", '"1"}', "-1}", "1.5}", "1e9}", f"{10**30}}}")
        ),
    ],
)
def test_what_is_no_baseline_is_refused(text: str, problems: list[str]) -> None:
    """Each mistake has its place, and the way out is to write it anew."""
    with pytest.raises(GenError) as caught:
        baseline.read(text, "b.json")

    hint = "\n  hint: write it anew with gen audit --write-baseline"
    assert str(caught.value) == "\n".join(f"{problem}{hint}" for problem in problems)
