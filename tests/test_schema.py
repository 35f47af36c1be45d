"""The JSON Schema says what the model accepts, to editors and to whoever looks for mistakes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generator.document import parse
from generator.profile import read
from generator.schema import DIALECT, schema_text
from tests.strategies import Document, mutated, profiles
from tests.support import PROFILES, ROOT

SCHEMA = json.loads(schema_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def accepts(value: object) -> bool:
    """Whether the model takes plain data for a profile."""
    try:
        read(value)
    except msgspec.ValidationError:
        return False
    return True


def test_the_committed_schema_is_the_model() -> None:
    """Editors complete and check exactly what `gen` reads."""
    committed = (ROOT / "profiles" / "profile.schema.json").read_text(encoding="utf-8")

    assert committed == schema_text()


def test_the_schema_is_one() -> None:
    """The schema itself is valid JSON Schema of the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == DIALECT == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", PROFILES, ids=lambda p: p.stem)
def test_shipped_profiles_are_valid(path: Path) -> None:
    """What ships is free of red lines in an editor, and names the schema for it."""
    text = path.read_text(encoding="utf-8")

    assert list(VALIDATOR.iter_errors(parse(text, path.name).data)) == []
    assert text.startswith("# yaml-language-server: $schema=profile.schema.json\n")


@pytest.mark.parametrize("path", PROFILES, ids=lambda p: p.stem)
def test_other_readers_of_yaml_see_the_same_profile(path: Path) -> None:
    """A shipped profile is the same data to PyYAML, which types scalars as YAML 1.1."""
    text = path.read_text(encoding="utf-8")

    assert yaml.safe_load(text) == parse(text, path.name).data


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of the schema that describes a mapping with fixed keys."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_every_key_is_explained() -> None:
    """Hovering over any key in an editor says what it is for, and no other key is taken."""
    found = list(objects(SCHEMA))

    assert len(found) >= 10
    for part in found:
        assert part["additionalProperties"] is False
        for name, value in part["properties"].items():
            assert value.get("description", "").endswith((".", ")")), name


def test_every_pattern_has_words() -> None:
    """Whoever breaks a pattern reads a rule, not a regular expression."""

    def patterns(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if "pattern" in schema:
                yield schema
            schema = list(schema.values())
        if isinstance(schema, list):
            for part in schema:
                yield from patterns(part)

    found = list(patterns(SCHEMA))
    assert len(found) >= 10
    assert all(part.get("patternErrorMessage") for part in found)


@given(profiles())
def test_the_model_and_the_schema_accept_what_works(profile: Document) -> None:
    """Both take every profile that uses the format as described."""
    assert accepts(profile)
    assert VALIDATOR.is_valid(profile)


@given(profiles(), st.data())
@example({"name": "a\n", "description": "x", "archetype": "direct-user-deny"}, None)
@example({"name": "a", "description": " \n", "archetype": "direct-user-deny"}, None)
@example({"name": "a", "description": 10**19, "archetype": "direct-user-deny"}, None)
def test_the_model_and_the_schema_agree(profile: Document, data: st.DataObject | None) -> None:
    """The model refuses a profile exactly where the schema does, so no mistake is without words."""
    value = profile if data is None else mutated(profile, data)

    assert accepts(value) is VALIDATOR.is_valid(value)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**20 - 1, -(10**19)])
def test_the_model_and_the_schema_agree_on_large_numbers(number: int) -> None:
    """The largest number that a file can hold is a number to both."""
    value = {
        "name": "a",
        "description": "x",
        "archetype": "direct-user-deny",
        "account": {"password_policy": {"MaxPasswordAge": number}},
    }

    assert accepts(value) is VALIDATOR.is_valid(value)


@pytest.mark.parametrize("value", [None, [], {}, "", "text", 0, True, [{}], {"name": "a"}])
def test_the_model_and_the_schema_agree_on_anything(value: object) -> None:
    """Neither takes data that is no profile at all."""
    assert not accepts(value)
    assert not VALIDATOR.is_valid(value)
