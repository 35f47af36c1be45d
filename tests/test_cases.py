"""Decision tables: what AWS's documentation says comes of a request, and because of what.

`tests/cases/<topic>.json` has the requests, each with its source; files are found, not listed.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.catalog import rcp_services
from generator.simulate import answers
from tests import multifactor_cross
from tests.oracle import Refused, decide

FOLDER = Path(__file__).parent / "cases"
TOPICS = sorted(FOLDER.glob("*.json"))


def cases(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The cases of a topic: each as it stands, and its request with the documents in it."""
    table = json.loads(path.read_text("utf-8"))
    for case in table["cases"]:
        yield case, dict(filled(case["request"], table["policies"]))


def filled(request: dict[str, Any], policies: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A request with the documents it names."""
    for field, value in request.items():
        if field in ("trust", "session"):
            yield field, policies.get(value, value) if isinstance(value, str) else value
        elif field in ("identity", "boundary", "scps", "rcps"):
            yield field, inlined(value, policies)
        else:
            yield field, value


def inlined(value: Any, policies: dict[str, Any]) -> Any:
    """A list of names, or of lists of them, as documents."""
    if isinstance(value, list):
        return [inlined(each, policies) for each in value]
    return policies[value] if isinstance(value, str) else value


@pytest.mark.parametrize("path", TOPICS, ids=lambda path: path.stem)
def test_decisions_are_as_documented(path: Path) -> None:
    """
    Outcome, what is in the way and the statements that decided are those of the table, answered
    over the same stream of lines that `gen simulate --jsonl` reads.
    """
    table = json.loads(path.read_text("utf-8"))
    lines = [{"define": name, "policy": policy} for name, policy in table["policies"].items()]
    lines += [{"id": case["name"], **case["request"]} for case in table["cases"]]
    stream = io.BytesIO("\n".join(map(json.dumps, lines)).encode())

    found = {answer["id"]: answer for answer in map(json.loads, answers(stream))}

    wrong = [
        f"{case['name']} ({case['source']}): {found[case['name']]}"
        for case in table["cases"]
        if not as_expected(case, found[case["name"]])
    ]
    assert len(found) == len(table["cases"]) > 0
    assert wrong == []


def as_expected(case: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether an answer is the one of a case; the reason of an error is in its text."""
    if case["outcome"] == "error":
        return answer["outcome"] == "error" and case["error"].lower() in answer["error"].lower()
    because = [[r["policy"], r["sid"] or r["index"]] for r in answer["because"]]
    return (answer["outcome"], answer["blocked_by"], because) == (
        case["outcome"],
        case["blocked_by"],
        case["because"],
    )


def test_the_cross_of_both_mfa_keys_is_as_its_tables_say() -> None:
    """The one table that a script writes is what the script writes."""
    assert (FOLDER / "multifactor-cross.json").read_text("utf-8") == multifactor_cross.table()


@pytest.mark.parametrize("path", TOPICS, ids=lambda path: path.stem)
def test_the_second_evaluator_answers_the_same(path: Path) -> None:
    """The oracle, which shares no code with the evaluator, answers every table alike."""
    wrong = []
    for case, request in cases(path):
        try:
            outcome = decide(request, rcp_services())["outcome"]
        except Refused as refused:
            outcome = f"error: {refused}"
        if not str(outcome).startswith(case["outcome"]):
            wrong.append(f"{case['name']}: {outcome}, not {case['outcome']}")
    assert wrong == []
