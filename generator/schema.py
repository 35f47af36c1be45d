"""The JSON Schema of a profile, made from its model: for editors, and to find every mistake."""

from typing import Any

from generator.profile import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def profile_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of a profile file."""
    import msgspec

    schema = msgspec.json.schema(Profile)
    definitions = dict(sorted(schema["$defs"].items()))
    top = definitions.pop("Profile")
    return {
        "$schema": DIALECT,
        "title": "gen profile",
        **{key: value for key, value in top.items() if key != "title"},
        "$defs": definitions,
    }


def schema_text() -> str:
    """The text `gen schema` prints and `profiles/profile.schema.json` holds."""
    import json

    return json.dumps(profile_schema(), indent=2) + "\n"
