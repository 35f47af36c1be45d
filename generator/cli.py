"""The commands: explicit arguments, no decision about IAM, an exit code.

Everything but click is imported by the command that needs it: `gen --help` pays for nothing else.
"""

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import __version__
from generator.console import (
    ReaderGoneError,
    bold,
    coloured,
    progress_bar,
    put,
    put_json,
    red,
    say,
    yellow,
)
from generator.errors import (
    CLOSED_PIPE,
    INTERRUPTED,
    NO,
    OK,
    OUR_BUG,
    YOUR_INPUT,
    GenError,
    GenErrors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.batch import Outcome

_profiles_argument = click.argument("profiles", nargs=-1, metavar="[PROFILE|DIR]...")
_all_option = click.option("--all", "every", is_flag=True, help="Every profile in profiles/.")
_out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    help="Where rendered documents are.  [default: out]",
)
_templates_option = click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A directory whose templates replace the ones of the same name.",
)
_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people or for machines.  [default: text]",
)


def _options(*decorators: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 yes, 1 no (out/ differs), 2 your input, 3 a bug in gen, 4 your machine.",
)
@click.version_option(__version__, "--version", prog_name="gen", message="%(prog)s %(version)s")
def cli() -> None:
    """Generate AWS policies that force MFA on IAM users and never lock one out."""


@cli.command()
@_options(_profiles_argument, _all_option, _out_option, _templates_option, _format_option)
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the documents, write nothing.")
def render(
    profiles: tuple[str, ...],
    every: bool,
    out: Path,
    templates: Path | None,
    form: str,
    to_stdout: bool,
) -> int:
    """Render profiles into policy documents under out/.

    PROFILE is a YAML file, DIR a directory of them, - is standard input. Either everything is
    written or, if anything is wrong, nothing is.
    """
    from generator import batch
    from generator.find import profile_files

    if to_stdout:
        return _print_documents(profiles, every, templates, form)
    if profiles == ("-",):
        source = _from_stdin()
        return _report_render(batch.render_source(source, out=out, templates=templates), out, form)
    paths = profile_files(profiles, every)
    with progress_bar(len(paths), "rendering") as progress:
        found = batch.render_files(paths, out=out, templates=templates, progress=progress)
    return _report_render(found, out, form)


@cli.command()
@_options(_profiles_argument, _all_option, _out_option, _templates_option, _format_option)
def check(
    profiles: tuple[str, ...], every: bool, out: Path, templates: Path | None, form: str
) -> int:
    """Exit 1 if out/ is not what the profiles render to.

    Shows every document that differs, is missing or is left over. Writes nothing.
    """
    from generator import batch, outputs
    from generator.find import orphans, profile_files

    paths = profile_files(profiles, every)
    with progress_bar(len(paths), "checking") as progress:
        found = batch.check_files(paths, out=out, templates=templates, progress=progress)
    strays = outputs.staged(out)
    if every:
        strays += sorted(orphans(out, {outcome.name for outcome in found}))
    return _report_check(found, strays, out, form)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
def init(directory: Path) -> int:
    """Make a new policy repository in DIRECTORY, rendered and ready to commit."""
    from generator.init import create

    for name in create(directory):
        put(f"wrote  {(directory / name).as_posix()}")
    say("")
    say("next:")
    say(f"  1. cd {directory.as_posix()}; edit profiles/team.yaml: your account id, your devices")
    say("  2. gen render --all; git init; commit profiles/ and out/ together")
    say("  3. requirements.txt names what CI installs; point it at where you keep the package")
    return OK


@cli.command()
def schema() -> int:
    """Print the JSON Schema of a profile, for editors."""
    from generator.schema import schema_text

    put(schema_text(), newline=False)
    return OK


def run(arguments: "Sequence[str]") -> int:
    """Run a command line; the one place where errors become messages and exit codes."""
    try:
        code = cli.main(list(arguments), prog_name="gen", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        problem = error.format_message().rstrip(".")
        say(f"{red('error')}: {problem[:1].lower()}{problem[1:]}")
        say(f"  hint: see {context.command_path if context else 'gen'} --help")
        return YOUR_INPUT
    except GenError as error:
        _report_errors(error, arguments)
        return error.exit_code
    except (BrokenPipeError, ReaderGoneError):
        # The reader has gone; what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except (KeyboardInterrupt, click.Abort):
        say("interrupted; out/ is as it was, or wholly as rendered")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("GEN_DEBUG"):
            import traceback

            traceback.print_exc()
        say(f"error: this is a bug in gen: {type(error).__name__}: {error}")
        say("  hint: run it again with GEN_DEBUG=1 to see where, and report it")
        return OUR_BUG
    return code if isinstance(code, int) else OK


def _from_stdin() -> Any:
    from generator.load import STDIN, load_text
    from generator.text import MAX_BYTES, decode

    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    return load_text(decode(data, STDIN), STDIN, Path())


def _print_documents(
    profiles: tuple[str, ...], every: bool, templates: Path | None, form: str
) -> int:
    from generator import batch, show
    from generator.build import build
    from generator.find import profile_files

    sources = [_from_stdin()] if profiles == ("-",) else None
    bundles = (
        [build(source, templates=templates) for source in sources]
        if sources
        else batch.build_files(profile_files(profiles, every), templates=templates)
    )
    files = {
        f"{bundle.name}/{path}": text for bundle in bundles for path, text in bundle.files.items()
    }
    if form == "json":
        put_json({"version": show.FORMAT_VERSION, "files": files})
    elif len(files) == 1:
        put(next(iter(files.values())), newline=False)
    else:
        for path, text in files.items():
            put(f"==> {path} <==")
            put(text)
    return OK


def _report_render(outcomes: "Sequence[Outcome]", out: Path, form: str) -> int:
    from generator import show

    if form == "json":
        put_json(show.as_json(outcomes, out))
        return OK
    if any(outcome.bundle is None for outcome in outcomes):
        changed = sum(bool(outcome.drifts) for outcome in outcomes)
        documents = sum(outcome.documents for outcome in outcomes)
        put(f"{len(outcomes):,} profiles, {documents:,} files: {changed:,} profiles changed")
        return OK
    for outcome in outcomes:
        bundle = outcome.bundle
        assert bundle is not None
        say(bold(f"{bundle.name} ({bundle.source.profile.archetype})"))
        for line in show.written(outcome, out):
            put(f"  {line}")
        for line in show.decided(bundle):
            say(f"  {line}")
        for line in show.warnings(bundle):
            say(f"  {yellow('warning')}: {line}")
    if len(outcomes) == 1 and outcomes[0].bundle is not None:
        account = outcomes[0].bundle.source.profile.account.id
        say(bold("next, in the console" + (f" of account {account}:" if account else ":")))
        for line in show.steps(outcomes[0].bundle, out):
            say(f"  {line}")
    return OK


def _report_check(outcomes: "Sequence[Outcome]", strays: list[str], out: Path, form: str) -> int:
    from generator import show
    from generator.outputs import STAGING

    code = NO if strays or any(outcome.drifts for outcome in outcomes) else OK
    if form == "json":
        put_json({**show.as_json(outcomes, out), "strays": strays})
        return code
    for outcome in outcomes:
        for line in show.drifted(outcome, out):
            put(coloured(line))
    for name in strays:
        put(f"leftover  {(out / name).as_posix()}/")
    drifted = [outcome for outcome in outcomes if outcome.drifts]
    if drifted:
        labels = " ".join(o.label for o in drifted) if len(drifted) <= 5 else "--all"
        say(f"run `gen render {labels}` and commit the result")
    if any(not name.startswith(STAGING) for name in strays):
        say(f"no profile renders into those folders; delete what {out.as_posix()}/ no longer needs")
    elif strays:
        say("an interrupted render left them; the next gen render removes them")
    if not code:
        plural = "" if len(outcomes) == 1 else "s"
        say(f"{out.as_posix()}/ is as rendered from {len(outcomes):,} profile{plural}")
    return code


def _report_errors(error: GenError, arguments: "Sequence[str]") -> None:
    if "--format=json" in arguments or ("--format", "json") in pairwise(arguments):
        from generator.show import errors_json

        put_json(errors_json(error.each()))
        return
    for one in error.each():
        say(f"{red('error')}: {one}")
    if isinstance(error, GenErrors) and len(error.errors) > 1:
        written = "; nothing was written" if "render" in arguments else ""
        say(f"{len(error.errors)} errors{written}")
