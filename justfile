# Shortcuts for people; CI runs .ci/run.

test:
    .venv/bin/pytest -n auto

lint:
    .venv/bin/black .
    .venv/bin/ruff check --fix .
    .venv/bin/mypy
    .venv/bin/lint-imports

# Everything that is generated and committed.
generate:
    .venv/bin/gen schema > profiles/profile.schema.json
    .venv/bin/python docs/generate.py
    .venv/bin/gen render --all

pin:
    uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet pyproject.toml requirements-dev.in -o requirements-dev.txt

bench:
    .venv/bin/python benchmarks/run.py
