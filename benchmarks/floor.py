"""The least that rendering these profiles can cost: what any program with these libraries pays.

For every profile, in one process: read and parse the YAML with PyYAML's C loader, render the same
templates with a plain Jinja environment that compiled them once, parse every document and print it
with `json`, write the same files. No checks, no guarantees, no canonical form, no proof (only its
text is written), nothing atomic.

What templates are given is worked out beforehand and not counted, nor is starting Python: both
make the floor lower than any real program. The garbage collector is off, as it is in gen.

Usage: floor.py PROFILES OUT; prints the counted seconds and CPU seconds as JSON.
"""

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml

from generator.build import PROOF, build, role_settings
from generator.load import load
from generator.resources import data_dir
from generator.role_view import role_view
from generator.view import view_of

CHUNK = 500
# Plain on purpose: neither the sandbox nor escaping nor strict names.
TEMPLATES = jinja2.Environment(  # noqa: S701
    loader=jinja2.FileSystemLoader(data_dir("templates")), auto_reload=False, cache_size=-1
)


class Work(NamedTuple):
    """What a profile needs, ready: files to parse, files to write."""

    folder: str
    parsed: list[str]
    rendered: list[tuple[str, str, dict[str, Any]]]
    settings: list[tuple[str, dict[str, Any]]]
    copied: list[tuple[str, str]]
    texts: list[tuple[str, str]]


def prepare(path: Path, out: Path) -> Work:
    """Everything that is not counted."""
    source = load(path)
    profile = source.profile
    view, facts = view_of(profile, source.password_policy)
    kind, values = profile.archetype, {"p": view, "facts": facts}
    proof = build(source).files[PROOF]
    work = Work(f"{out}/{profile.name}", [str(path)], [], [], [], [(PROOF, proof)])
    work.rendered.append(("user-policy.json", f"{kind}/user-policy.json.j2", values))
    if isinstance(given := profile.account.password_policy, str) and given != "none":
        work.parsed.append(str(path.parent / given))
    for role in profile.roles:
        at = f"roles/{role.name}"
        seen = {**values, "role": role_view(profile, role)}
        work.rendered.append((f"{at}/trust-policy.json", f"{kind}/trust-policy.json.j2", seen))
        work.settings.append((f"{at}/role.json", role_settings(role)))
        if name := role.permissions.statements:
            work.copied.append((f"{at}/permissions-policy.json", str(path.parent / name)))
    return work


def do(work: Work) -> None:
    """Everything that is counted."""
    for path in work.parsed:
        parsed(path)
    files = [(name, document(template, values)) for name, template, values in work.rendered]
    files += [(name, settings) for name, settings in work.settings]
    files += [(name, policy(parsed(path))) for name, path in work.copied]
    printed = [(name, json.dumps(data, indent=2)) for name, data in files]
    made = set()
    for name, text in (*printed, *work.texts):
        folder, _, file = f"{work.folder}/{name}".rpartition("/")
        if folder not in made:
            Path(folder).mkdir(parents=True)
            made.add(folder)
        with open(f"{folder}/{file}", "w", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(text)


def parsed(path: str) -> Any:
    """A YAML or JSON file."""
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123
        text = stream.read()
    if path.endswith(".json"):
        return json.loads(text)
    return yaml.load(text, Loader=yaml.CSafeLoader)


def document(template: str, values: dict[str, Any]) -> Any:
    """A rendered template, which is a run of JSON objects, as `json.loads` would read each."""
    text = TEMPLATES.get_template(template).render(values).strip()
    statements, at = [], 0
    while at < len(text):
        statement, at = _DECODER.raw_decode(text, at)
        statements.append(statement)
        while at < len(text) and text[at].isspace():
            at += 1
    return policy(statements)


def policy(statements: Any) -> Any:
    """Statements as a document."""
    return {"Version": "2012-10-17", "Statement": statements}


_DECODER = json.JSONDecoder()


def main() -> None:
    """Prepare some, do some, and count only the doing."""
    gc.disable()
    folder, out = map(Path, sys.argv[1:])
    paths = sorted(folder.glob("*.yaml"))
    wall = cpu = 0.0
    for at in range(0, len(paths), CHUNK):
        ready = [prepare(path, out) for path in paths[at : at + CHUNK]]
        if not at:
            for name in sorted({name for work in ready for _, name, _ in work.rendered}):
                TEMPLATES.get_template(name)
        started, used = time.perf_counter(), time.process_time()
        for work in ready:
            do(work)
        wall += time.perf_counter() - started
        cpu += time.process_time() - used
    print(json.dumps({"wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main()
