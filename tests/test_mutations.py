"""Each way to break the evaluator is noticed by the test that has to."""

import pytest

from tests.mutations import MUTATIONS, Mutation, mutated, noticed_by
from tests.test_guarantees import FOLDER
from tests.test_journey import examined

NUMBERED = [
    pytest.param(mutation, id=f"{number}-{mutation.module}")
    for number, mutation in enumerate(MUTATIONS)
]
MODULES = (
    "pattern classes operators variables match principals request service_rules evaluate wire "
    "exhaustive journey"
).split()


def test_every_part_of_the_evaluator_is_broken_in_ways_of_its_own() -> None:
    """No module is without a mutation, and no mutation stands twice."""
    changes = {(m.module, m.old, m.new) for m in MUTATIONS}

    assert {m.module for m in MUTATIONS} == set(MODULES)
    assert len(changes) == len({m.why for m in MUTATIONS}) == len(MUTATIONS) >= 45


@pytest.mark.parametrize("mutation", NUMBERED)
def test_a_mutation_changes_one_place(mutation: Mutation) -> None:
    """The old text stands once, and what comes of the module is still a program."""
    assert mutation.new != mutation.old
    compile(mutated(mutation), mutation.module, "exec")


def test_nothing_is_noticed_without_a_mutation() -> None:
    """The tests that have to notice pass with a copy of the package that nobody broke."""
    assert noticed_by(None, sorted({m.test for m in MUTATIONS})) == ""


@pytest.mark.parametrize("mutation", NUMBERED)
def test_a_mutation_is_noticed(mutation: Mutation) -> None:
    """The test that has to notice it fails, and nothing but the mutation is to blame."""
    assert noticed_by(mutation, [mutation.test]), mutation.why


@pytest.mark.parametrize(
    ("case", "must"),
    [
        ("deny-bool", {"explicitly_denied"}),
        ("grant-access-keys", {"implicitly_denied"}),
        ("trust-bool-if-exists", {"denied"}),
        ("allow-no-password", {"allowed"}),
        ("allow-from-office", {"allowed"}),
    ],
)
def test_the_journey_notices_by_itself(
    case: str, must: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Other checks refuse a broken template before the journey is asked; without them, its steps
    would still fail: those whose answer the template changes, or leaves open.
    """
    monkeypatch.chdir(FOLDER)
    rows = [row for _, row in examined(case).bundle.proof.rows()]

    assert {row.step.must for row in rows if row.problem} == must
