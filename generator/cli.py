"""The commands: explicit arguments, no decision about IAM, an exit code.

Everything but click is imported by the command that needs it: `gen --help` pays for nothing else.
"""

import os
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator import __version__
from generator.commands import format_option
from generator.console import (
    ReaderGoneError,
    flush,
    progress_bar,
    put,
    put_json,
    red,
    say,
)
from generator.errors import (
    INTERRUPTED,
    OK,
    OUR_BUG,
    YOUR_INPUT,
    YOUR_MACHINE,
    GenError,
    GenErrors,
    MachineError,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


def _options(*decorators: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


class _Commands(click.Group):
    """Commands of this module, and those in modules of their own, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            found = getattr(import_module(f"generator.commands.{cmd_name}"), cmd_name)
            return found if isinstance(found, click.Command) else None
        return super().get_command(ctx, cmd_name)


_ELSEWHERE: Final = ("audit", "diagnose", "rules", "simulate")


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 yes, 1 no, 2 your input, 3 a bug in gen, 4 your machine.",
)
@click.version_option(__version__, "--version", prog_name="gen", message="%(prog)s %(version)s")
def cli() -> None:
    """Generate AWS policies that force MFA on IAM users and never lock one out."""


@cli.command()
@_options(_profiles_argument, _all_option, _out_option, _templates_option, format_option)
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
    from generator import batch, report
    from generator.build import build
    from generator.find import profile_files

    if to_stdout:
        bundles = (
            [build(_from_stdin(), templates=templates)]
            if profiles == ("-",)
            else batch.build_files(profile_files(profiles, every), templates=templates)
        )
        return report.documents(bundles, form)
    if profiles == ("-",):
        found = batch.render_source(_from_stdin(), out=out, templates=templates)
        return report.rendered(found, out, form)
    paths = profile_files(profiles, every)
    with progress_bar(len(paths), "rendering") as progress:
        found = batch.render_files(paths, out=out, templates=templates, progress=progress)
    return report.rendered(found, out, form)


@cli.command()
@_options(_profiles_argument, _all_option, _out_option, _templates_option, format_option)
def check(
    profiles: tuple[str, ...], every: bool, out: Path, templates: Path | None, form: str
) -> int:
    """Exit 1 if out/ is not what the profiles render to.

    Shows every document that differs, is missing or is left over. Writes nothing.
    """
    from generator import batch, outputs, report
    from generator.find import orphans, profile_files

    paths = profile_files(profiles, every)
    with progress_bar(len(paths), "checking") as progress:
        found = batch.check_files(paths, out=out, templates=templates, progress=progress)
    strays = outputs.staged(out)
    if every:
        strays += sorted(orphans(out, {outcome.name for outcome in found}))
    return report.checked(found, strays, out, form)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
def init(directory: Path) -> int:
    """Start a policy repository in DIRECTORY, ready to commit."""
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
@_options(_profiles_argument, _all_option, _templates_option, format_option)
@click.option("--brief", is_flag=True, help="Only the numbers, and what does not hold.")
def verify(
    profiles: tuple[str, ...], every: bool, templates: Path | None, form: str, brief: bool
) -> int:
    """Show that nobody is locked out and nothing gets round MFA.

    Walks a new user of each profile from the first sign-in to work, and goes through every action
    AWS has. Exits with 1 if something does not hold. Without PROFILE, does so for every profile in
    profiles/.
    """
    from generator import verify as proof
    from generator.find import profile_files

    found = proof.verify(profile_files(profiles, every or not profiles), templates)
    return proof.report(found, form, brief=brief)


@cli.command()
def schema() -> int:
    """Print the JSON Schema of a profile, for editors."""
    from generator.schema import schema_text

    put(schema_text(), newline=False)
    return OK


def run(arguments: "Sequence[str]") -> int:
    """Run a command line; the one place where errors become messages and exit codes.

    Raises:
        ReaderGoneError: nobody reads what is said any more.
    """
    stdout = sys.stdout
    try:
        code = cli.main(list(arguments), prog_name="gen", standalone_mode=False)
        flush()
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return YOUR_INPUT
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        problem = error.format_message().rstrip(".")
        hint = f"see {context.command_path if context else 'gen'} --help"
        _report_errors(GenError(problem[:1].lower() + problem[1:], hint=hint), arguments)
        return YOUR_INPUT
    except GenError as error:
        _report_errors(error, arguments)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        if "render" in arguments:
            say("interrupted; out/ is as it was, or wholly as rendered")
        else:
            say("interrupted; no file is half written")
        return INTERRUPTED
    except ReaderGoneError:
        raise
    except SystemExit as error:
        # How click ends a completion. If the reader of a help page has gone, it also wraps streams.
        if sys.stdout is not stdout:
            raise ReaderGoneError from error
        return int(error.code or OK)
    except OSError as error:
        problem = f"cannot be used: {error.strerror}"
        where = Where(str(error.filename)) if error.filename else None
        _report_errors(MachineError(problem, where=where), arguments)
        return YOUR_MACHINE
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
