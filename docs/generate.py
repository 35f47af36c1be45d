"""Write the generated parts of README.md and docs/: `python docs/generate.py` (`--check` compares).

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.flows import ALWAYS, CALLS
from generator.never_exempt import NEVER_EXEMPT
from generator.schema import profile_schema

ROOT = Path(__file__).resolve().parent.parent
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
COMMANDS = "render check verify audit diagnose rules simulate init schema".split()
LINKS = {
    "UG": "https://docs.aws.amazon.com/IAM/latest/UserGuide/{}.html",
    "SI": "https://docs.aws.amazon.com/signin/latest/userguide/{}.html",
    "SAR": "https://docs.aws.amazon.com/service-authorization/latest/reference/{}.html",
}


def reference() -> str:
    """The profile's keys as a table, one row a key."""
    schema = profile_schema()
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    rows += _rows(schema, schema["$defs"], "")
    return "\n".join(rows)


def _rows(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, spec in schema["properties"].items():
        path, inner = f"{prefix}{name}", _section(spec)
        default = "**required**" if name in required else _default(spec, inner)
        meaning = spec.get("description", "").replace("|", "\\|")
        yield f"| `{path}` | {_values(spec)} | {default} | {meaning} |"
        if inner:
            step = f"{path}[]." if spec.get("type") == "array" else f"{path}."
            yield from _rows(definitions[inner], definitions, step)


def _section(spec: dict[str, Any]) -> str:
    """The name of the section a key holds, "" if it holds none."""
    places = [spec, spec.get("items", {}), *spec.get("anyOf", ())]
    found = [place["$ref"].rpartition("/")[2] for place in places if "$ref" in place]
    return str(found[0]) if found else ""


def _values(spec: dict[str, Any]) -> str:
    if "anyOf" in spec:
        kinds = [_values(part) for part in spec["anyOf"] if part.get("type") != "null"]
        return " or ".join(kinds)
    if "enum" in spec:
        return ", ".join(f"`{value}`" for value in spec["enum"] if value is not None)
    if "$ref" in spec:
        return "mapping"
    if spec["type"] == "array":
        return f"list of {_values(spec['items']).replace('mapping', 'mappings')}"
    if spec["type"] == "object":
        return "mapping of text to lists of text"
    words = {"boolean": "`true`, `false`", "integer": "number", "string": "text"}
    return str(spec.get("patternErrorMessage") or words[spec["type"]])


def _default(spec: dict[str, Any], section: str) -> str:
    value = spec.get("default")
    if section or not (value or value is False):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return ", ".join(f"`{v}`" for v in ((value,) if isinstance(value, str) else value))


def flows() -> str:
    """Every API call of every flow, with its source."""
    rows = [
        "| flow | action | on | before MFA | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    for call in CALLS:
        context = ", ".join(f"`{k}` {v or 'absent'}" for k, v in call.context)
        name = f"{call.flow} (always)" if call.flow in ALWAYS else call.flow
        rows.append(
            f"| {name} | `{call.action}`{f' with {context}' if context else ''} | {call.target} "
            f"| {'yes' if call.before_mfa else 'no'} | {_source(call.source)} |"
        )
    return "\n".join(rows)


def never_exempt() -> str:
    """Actions that are never exempt, and why."""
    rows = ["| action | why | source |", "| --- | --- | --- |"]
    rows += [f"| `{n.action}` | {n.why} | {_source(n.source)} |" for n in NEVER_EXEMPT]
    return "\n".join(rows)


def _source(text: str) -> str:
    return "; ".join(_link(part) for part in text.split("; "))


def _link(part: str) -> str:
    kind, _, page = part.partition(":")
    name, _, anchor = page.partition("#")
    if kind == "API":
        service = "STS" if name in ("AssumeRole", "GetSessionToken") else "IAM"
        return (
            f"[{part}](https://docs.aws.amazon.com/{service}/latest/APIReference/API_{name}.html)"
        )
    target = LINKS[kind].format(name) + (f"#{anchor}" if anchor else "")
    return f"[{kind}:{name}]({target})"


def render_output() -> str:
    """What the README's main command prints, as a person sees it."""
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [sys.executable, "-m", "generator", "render", "profiles/team.yaml"],
            cwd=_copy(Path(place)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1"},
            text=True,
            check=True,
        )
    return f"```text\n{done.stdout.rstrip()}\n```"


def audit_output() -> str:
    """What an audit of AWS's own sample prints."""
    sample = "tests/published/aws-security-credentials-2026.json"
    return f"```text\n{_printed('audit', sample)}\n```"


def rules() -> str:
    """Every rule of the audit, with its examples."""
    return _printed("rules", "--format", "markdown")


def _printed(*arguments: str) -> str:
    """What a command prints here; 1 is an answer, too."""
    done = subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), arguments
    return done.stdout.rstrip()


def help_output() -> str:
    """`gen --help` and the help of each command."""
    parts = []
    for command in ("", *COMMANDS):
        done = subprocess.run(
            [sys.executable, "-m", "generator", *command.split(), "--help"],
            env={**os.environ, "COLUMNS": "90"},
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append(done.stdout.rstrip())
    return "```text\n" + "\n\n\n".join(parts) + "\n```"


def _copy(place: Path) -> Path:
    """A directory with the profiles and nothing rendered."""
    (place / "profiles").symlink_to(ROOT / "profiles")
    return place


PARTS = {
    "reference": reference,
    "flows": flows,
    "never-exempt": never_exempt,
    "render-output": render_output,
    "help": help_output,
    "audit-output": audit_output,
    "rules": rules,
}


def generated(text: str) -> str:
    """`text` with every generated part made anew."""
    return PART.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]()}\n\n{m[3]}", text)


def main() -> int:
    """Write, or with --check compare; 1 if something is out of date."""
    stale = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        fresh = generated(text)
        if fresh != text:
            stale.append(path.relative_to(ROOT).as_posix())
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8", newline="\n")
    print("\n".join(stale), end="\n" if stale else "")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
