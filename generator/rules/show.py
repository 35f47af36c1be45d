"""The rules as people, machines and pages read them: `gen rules`, and docs/rules.md."""

import base64
import csv
import difflib
import io
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from generator.rules.rule import Rule

EXAMPLES: Final = Path(__file__).resolve().parent / "examples"
# A longer diff says less than the two examples, one after the other.
_SHORT: Final = 30
_CONTENT: Final = re.compile(r'(\s*)"Content": "([A-Za-z0-9+/]{80,}=*)",?')
# Columns of a credential report that say who it is.
_NAMES: Final = ("user", "arn")
_AWS: Final = "https://docs.aws.amazon.com"
_PAGES: Final = {
    "UG": f"{_AWS}/IAM/latest/UserGuide/{{}}.html",
    "SI": f"{_AWS}/signin/latest/userguide/{{}}.html",
    "ORG": f"{_AWS}/organizations/latest/userguide/{{}}.html",
    "SAR": f"{_AWS}/service-authorization/latest/reference/{{}}.html",
}
_OF_STS: Final = re.compile(
    "Assume.*|DecodeAuthorizationMessage|GetAccessKeyInfo|GetCallerIdentity"
    "|GetFederationToken|GetSessionToken"
)
_SOURCE: Final = re.compile(r"(UG|SI|ORG|SAR|API):([\w.-]+)(#[\w.-]+)?")


def as_text(rules: Iterable[Rule]) -> str:
    """A line each."""
    return "".join(f"{rule.id}  {rule.severity!s:8}  {rule.title}\n" for rule in rules)


def one_as_text(rule: Rule) -> str:
    """All that there is about a rule, and its examples."""
    parts = [
        f"{rule.id}: {rule.title}\nseverity {rule.severity}, confidence {rule.confidence}",
        _filled(f"Why: {rule.why}"),
        _filled(f"Fix: {rule.fix}"),
        "\n".join(f"Source: {address or name}" for name, address in links(rule.source)),
        *(f"{head}:\n\n{textwrap.indent(text, '    ')}" for head, _, text in _shown(rule)),
    ]
    return "\n\n".join(parts)


def as_json(rules: Iterable[Rule]) -> str:
    """Everything, with the examples as they stand in their files."""
    shape = {"version": 1, "rules": [_entry(rule) for rule in rules]}
    return json.dumps(shape, indent=2) + "\n"


def as_markdown(rules: Iterable[Rule]) -> str:
    """A page: a table of all, and a section each, which `#gen010` leads to."""
    rules = tuple(rules)
    rows = [
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {_cell(rule.title)} |"
        for rule in rules
    ]
    table = ["| rule | severity | finds |", "| --- | --- | --- |", *rows]
    return "\n".join(["\n".join(table), *map(_section, rules)]) + "\n"


def links(source: str) -> Iterator[tuple[str, str]]:
    """The pages that `UG:page#anchor; API:Name` means: what each is called, and its address or "".

    The prefixes are those of `generator.flows`, and `ORG:` the Organizations User Guide. An address
    is itself.
    """
    for part in source.split("; "):
        found = _SOURCE.fullmatch(part)
        if found is None:
            yield part, part if part.startswith("https://") else ""
        elif found[1] == "API":
            service = "STS" if _OF_STS.fullmatch(found[2]) else "IAM"
            yield part, f"{_AWS}/{service}/latest/APIReference/API_{found[2]}.html"
        else:
            yield f"{found[1]}:{found[2]}", _PAGES[found[1]].format(found[2]) + (found[3] or "")


def examples(rule: Rule) -> tuple[str, str] | None:
    """The texts of the example that fires and of the one that does not, if there are any."""
    found = [sorted((EXAMPLES / rule.id).glob(f"{name}.*")) for name in ("fires", "quiet")]
    if not all(found):
        return None
    fires, quiet = (paths[0].read_text(encoding="utf-8").rstrip("\n") for paths in found)
    return fires, quiet


def _shown(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """The examples, as (what it is, the language of the block, the text)."""
    found = examples(rule)
    if found is None:
        return
    fires, quiet = (list(_lines(text)) for text in found)
    changes = list(difflib.unified_diff(fires, quiet, "fires", "quiet", n=len(fires), lineterm=""))
    if len(changes) > _SHORT:
        changes = list(difflib.unified_diff(fires, quiet, "fires", "quiet", lineterm=""))
    if len(changes) <= max(_SHORT, len(fires) // 2):
        # Without the two names and the numbers of lines, which say nothing here.
        parts = "\n".join(changes[3:]).split("\n@@")
        text = "\n ...\n".join((parts[0], *(part.partition("\n")[2] for part in parts[1:])))
        yield "The lines that make it fire (-), and what does not (+)", "diff", text
    else:
        yield "Fires", "json", "\n".join(fires)
        yield "Does not fire", "json", "\n".join(quiet)


def _lines(text: str) -> Iterator[str]:
    """The lines of an example; a credential report is written out, a line for each value in it."""
    for line in text.splitlines():
        found = _CONTENT.fullmatch(line)
        if found is None:
            yield line
            continue
        space, content = found.groups()
        yield f'{space}"Content": the credential report, in base64'
        report = base64.b64decode(content).decode()
        for row in csv.DictReader(io.StringIO(report)):
            said = (f"{name} {value}" for name, value in row.items() if name not in _NAMES)
            yield from (f"{space}  {row['user']}: {each}" for each in said)


def _filled(text: str) -> str:
    return textwrap.fill(text, 79, break_long_words=False, break_on_hyphens=False)


def _entry(rule: Rule) -> dict[str, Any]:
    fires, quiet = examples(rule) or ("", "")
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": str(rule.severity),
        "confidence": rule.confidence,
        "about": rule.about,
        "why": rule.why,
        "fix": rule.fix,
        "source": rule.source,
        "links": [address for _, address in links(rule.source) if address],
        "examples": {"fires": fires, "quiet": quiet},
    }


def _section(rule: Rule) -> str:
    sources = (f"[{name}]({url})" if url else name for name, url in links(rule.source))
    parts = [
        f'\n<a id="{rule.id.lower()}"></a>\n\n## {rule.id}: {_plain(rule.title)}',
        f"Severity {rule.severity}, confidence {rule.confidence}. Source: {'; '.join(sources)}.",
        f"**Why:** {_plain(rule.why)}",
        f"**Fix:** {_plain(rule.fix)}",
        *(f"{head}:\n\n```{language}\n{text}\n```" for head, language, text in _shown(rule)),
    ]
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """Prose whose `code` stays code; `<` and `*` outside it would be markup."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([<*_\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")
