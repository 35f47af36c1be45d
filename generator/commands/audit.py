"""`gen audit`: policies that people have already, judged."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from generator.audit.result import Audit
    from generator.audit.run import Watch
    from generator.found import Found

_file = click.Path(path_type=Path)
_FORMS: Final = ("text", "json", "sarif", "markdown", "github", "csv")
_SUPPRESSIONS: Final = ".gen-audit.yaml"


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--scp", "scps", multiple=True, metavar="FILE", help="Another PATH, of SCPs.")
@click.option(
    "--credential-report",
    type=_file,
    metavar="FILE",
    help="As get-credential-report prints it, or its CSV.",
)
@click.option(
    "--password-policy",
    type=_file,
    metavar="FILE",
    help="As get-account-password-policy prints it, or `none` where the account has none.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["low", "medium", "high", "critical", "never"]),
    default="low",
    help="Exit with 1 for findings as bad as this.  [default: low]",
)
@click.option(
    "--suppressions",
    type=_file,
    metavar="FILE",
    help="Findings to live with, and why.  [default: .gen-audit.yaml, if there is one]",
)
@click.option("--baseline", type=_file, metavar="FILE", help="Findings that are known already.")
@click.option("--write-baseline", type=_file, metavar="FILE", help="Write what is found as one.")
@click.option("--diff", is_flag=True, help="Show the edits that mend what is found.")
@click.option("--fix", is_flag=True, help="Make those edits in place.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    default="text",
    help="For people, machines, code scanning, pull requests, workflows, sheets.  [default: text]",
)
def audit(paths: tuple[str, ...], fail_on: str, form: str, **given: Any) -> int:
    """Judge the policies that you have, and mend them.

    Says who is locked out, and what gets round MFA. PATH is a policy, a folder of them, an account
    dump (get-account-authorization-details), a plan (terraform show -json), a CloudFormation
    template; - is standard input. Exits with 1 if something is found, with 2 if something could not
    be read.
    """
    from generator.console import put

    _check(paths, given)
    if given["diff"] or given["fix"]:
        return _mend(paths, given, fail_on, form)
    found = _judged(paths, given)
    if given["write_baseline"]:
        return _start(given["write_baseline"], found)
    for piece in _shown(found, form):
        put(piece, newline=False)
    return _code(found, fail_on)


def _check(paths: "Sequence[str]", given: dict[str, Any]) -> None:
    """Refuse what cannot be meant, before anything is read.

    Raises:
        GenError: it is not clear what to do.
    """
    from generator.errors import GenError

    named = (*paths, *given["scps"])
    if not any(named):
        hint = "name a policy or a folder, or - for standard input"
        raise GenError("no PATH is given", hint=hint)
    if "" in named:
        raise GenError("a PATH is empty", hint="is a variable not set? the current folder is .")
    if given["fix"] and given["diff"]:
        raise GenError("--fix and --diff do not go together", hint="look at --diff first")
    for name in ("suppressions", "baseline", "write_baseline", "credential_report"):
        # An empty path is the current folder.
        if given[name] == Path():
            option = f"--{name.replace('_', '-')}"
            raise GenError(f"{option} names no file", hint="is a variable not set?")
    if given["fix"] and "-" in named:
        hint = "name a file, or use --diff"
        raise GenError("standard input is not edited in place", hint=hint)
    if given["write_baseline"] and (given["diff"] or given["fix"]):
        raise GenError("--write-baseline stands without --diff and --fix", hint="do one first")


def _start(path: Path, found: "Audit") -> int:
    """Write the baseline that people start from; nothing, if something could not be read."""
    from generator.audit import settled
    from generator.audit.summary import number
    from generator.console import say
    from generator.errors import OK, GenErrors

    if found.errors:
        raise GenErrors(found.errors)
    findings = (*found.findings, *found.known)
    settled.write_baseline(path, findings)
    say(f"wrote {path.as_posix()}: {number(len(findings), 'finding')}")
    return OK


def _judged(paths: "Sequence[str]", given: dict[str, Any], watch: "Watch | None" = None) -> "Audit":
    from generator.audit import run, settled
    from generator.console import bytes_bar

    with bytes_bar("reading") as read:
        found = run.audit(
            paths,
            scps=given["scps"],
            given=run.Given(
                settled.labelled(given["credential_report"]),
                settled.password_policy(given["password_policy"]),
            ),
            watch=watch or run.Watch(read=read),
        )
    default = Path(_SUPPRESSIONS)
    suppressions = given["suppressions"] or (default if default.exists() else None)
    return settled.settle(found, suppressions=suppressions, baseline=given["baseline"])


def _mend(paths: "Sequence[str]", given: dict[str, Any], fail_on: str, form: str) -> int:
    """Show or make edits. The exit code is of what was found before, or of what is left after."""
    from msgspec.structs import replace

    from generator.audit.run import Watch
    from generator.console import coloured, put, say
    from generator.repair.files import in_words, mended, save

    documents: list[Found] = []

    def keep(found: "Found") -> None:
        # While its file is open: the text of a dump is read where somebody asks.
        found.source()
        documents.append(found)

    before = _judged(paths, given, Watch(found=keep))
    accepted = (*(each.finding for each in before.suppressed), *before.known)
    files = list(mended(documents, accepted))
    for each in files:
        for line in in_words(each):
            say(line)
        if given["diff"] and each.diff:
            for line in each.diff.removesuffix("\n").split("\n"):
                put(coloured(line))
    if not given["fix"]:
        return _code(before, fail_on)
    errors = tuple(save(files))
    after = _judged(paths, given)
    after = replace(after, errors=(*errors, *after.errors))
    for piece in _shown(after, form):
        put(piece, newline=False)
    return _code(after, fail_on)


def _shown(found: "Audit", form: str) -> "Iterable[str]":
    """What is printed, in one piece or many."""
    if form == "json":
        from generator.audit.machine import pieces

        return pieces(found)
    return (_text(found, form),)


def _text(found: "Audit", form: str) -> str:
    folder = Path.cwd().as_posix()
    if form == "sarif":
        from generator.audit.sarif import as_sarif

        return as_sarif(found, folder)
    if form == "markdown":
        from generator.audit.markdown import as_markdown

        return as_markdown(found, folder)
    if form == "github":
        from generator.audit.annotations import as_annotations

        return as_annotations(found, folder)
    if form == "csv":
        from generator.audit.csv_rows import as_csv
        from generator.errors import GenErrors

        if found.errors and not found.accounts:
            raise GenErrors(found.errors)
        return as_csv(found)
    from generator.audit.table import on_terminal

    return on_terminal(found)


def _code(found: "Audit", fail_on: str) -> int:
    """2 or 4 if something could not be read, 1 if something as bad as `fail_on` was found."""
    from generator.errors import NO, OK
    from generator.findings import SEVERITIES

    if found.errors:
        return min(error.exit_code for error in found.errors)
    if fail_on != "never" and any(f.severity >= SEVERITIES[fail_on] for f in found.findings):
        return NO
    return OK
