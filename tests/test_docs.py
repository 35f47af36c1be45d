"""The documentation says what the program does: generated parts are current, names hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from generator.role_view import RoleView
from generator.sandbox import FILTERS
from generator.view import Devices, Facts, View
from tests.support import ROOT, clean_environment

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_generated_parts_are_current() -> None:
    """`python docs/generate.py` would change nothing."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file of the repository."""
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
    local = [link for link in links if link and "://" not in link]

    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("shape", "prefix"),
    [(View, "p."), (Facts, "facts."), (RoleView, "role."), (Devices, "p.devices.")],
)
def test_every_name_a_template_sees_is_documented(shape: type[Struct], prefix: str) -> None:
    """docs/templates.md lists each name of `p`, `facts` and `role`, and no other."""
    text = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    documented = set(re.findall(rf"`{re.escape(prefix)}(\w+)`", text))
    expected = set(shape.__struct_fields__) - ({"devices"} if shape is View else set())

    assert documented == expected


def test_every_filter_is_documented() -> None:
    """docs/templates.md lists the filters there are, and no other."""
    text = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    listed = text.partition("besides `tojson`:")[2].partition(".")[0]

    assert set(re.findall(r"`(\w+)`", listed)) == FILTERS


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """`.ci/run` takes its first command from the README, so the two cannot differ."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "/<!-- test -->/" in script
    assert readme.count("<!-- test -->") == 1
    assert readme.count("<!-- render -->") == 1
    assert ".venv/bin/pytest" in readme.split("<!-- test -->")[1].split("```")[1]


def test_messages_point_at_pages_that_exist() -> None:
    """A hint that names a page of docs/ names one that is there."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "generator").glob("*.py")]
    named = {name for text in sources for name in re.findall(r"docs/[a-z-]+\.md", text)}

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
