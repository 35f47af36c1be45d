"""Profile and template to policy: the only place that knows Jinja.

Templates are not trusted: they run in Jinja's sandbox, see plain values only, and load only from
the template directories.
"""

import operator
import os
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from generator import __version__
from generator.errors import GenError, Where
from generator.policy import Policy, PolicyError, loads_run, parse_statement
from generator.resources import PACKAGE, data_dir

MAX_RENDERED: Final = 1_000_000


class TemplateError(GenError):
    """A template that does not work, or whose text is not a run of statements."""


class _Loader(jinja2.FileSystemLoader):
    """Loads templates below one directory; a link that leads out of it is not there."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        source, filename, uptodate = super().get_source(environment, template)
        root = Path(self.searchpath[0]).resolve()
        if not Path(filename).resolve().is_relative_to(root):
            raise jinja2.TemplateNotFound(template)
        return source, filename, uptodate


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, and no text or number that grows out of all proportion."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Any, op: str, left: Any, right: Any) -> Any:
        if op == "**" or not (isinstance(left, int) and isinstance(right, int)):
            raise SecurityError(f"`{op}` is not available in templates")
        return operator.mul(left, right)


@cache
def environment(templates: Path | None) -> jinja2.Environment:
    """The Jinja environment: our templates, and before them the user's directory if given."""
    places = ([templates] if templates else []) + [data_dir("templates")]
    found = _Environment(
        loader=jinja2.ChoiceLoader([_Loader(place) for place in places]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_only_json,
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=None if templates else _bytecode_cache(),
    )
    found.globals.clear()
    return found


def _bytecode_cache() -> jinja2.FileSystemBytecodeCache | None:
    """Our own compiled templates, kept where Python keeps our compiled modules.

    The same people can write to both places, so nobody gains by changing one. As with modules, a
    directory that cannot be written means compiling every time.
    """
    directory = PACKAGE / "__pycache__"
    if not directory.is_dir():
        return None
    return _Compiled(str(directory), f"{__version__}-%s.j2c")


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Reads what is there; writes where Python would write compiled modules."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode and os.access(self.directory, os.W_OK):
            super().dump_bytecode(bucket)


def render(template: str, *, templates: Path | None, **values: object) -> Policy:
    """Render `template` (a name such as `direct-user-deny/user-policy.json.j2`) into a policy.

    A template is a run of statements as JSON objects, with no commas between them and no
    `Version`; the order and the form of what it writes do not matter.

    Raises:
        TemplateError: it fails, or its text is not a run of statements that IAM's grammar allows.
    """
    return _parsed(_text(template, templates, values), template)


def _text(template: str, templates: Path | None, values: dict[str, object]) -> str:
    where = Where(f"templates/{template}")
    try:
        text = environment(templates).get_template(template).render(values)
    except jinja2.TemplateSyntaxError as error:
        where = Where(f"templates/{error.name or template}", error.lineno, 1)
        raise TemplateError(f"not a Jinja template: {error.message}", where=where) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"there is no template `{error.name}`", where=where) from error
    except jinja2.UndefinedError as error:
        raise TemplateError(
            _plain(str(error)), where=_line(error, where), hint="docs/templates.md lists the names"
        ) from error
    except RecursionError as error:
        raise TemplateError("the template includes itself without end", where=where) from error
    except (SecurityError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise TemplateError(f"the template fails: {error}", where=_line(error, where)) from error
    if len(text) > MAX_RENDERED:
        raise TemplateError("the template renders to more than a policy can hold", where=where)
    return text


@lru_cache(maxsize=512)
def _parsed(text: str, template: str) -> Policy:
    """Equal texts are equal policies; users of many profiles render the same text often."""
    where = Where(f"templates/{template}")
    try:
        statements = loads_run(text)
        return Policy(
            tuple(parse_statement(s, f"statement {i}") for i, s in enumerate(statements, 1))
        )
    except PolicyError as error:
        raise TemplateError(f"renders {error.problem}", where=where, hint=error.hint) from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(
            f"does not render to JSON objects: {error}",
            where=where,
            hint="write every value as `{{ value | tojson }}`",
        ) from error


def _only_json(value: object) -> object:
    """Let nothing into a document that did not go through `tojson`."""
    if isinstance(value, (Markup, jinja2.Undefined)):
        return value
    raise TypeError(f"`{value}` is written without `tojson`")


def _plain(message: str) -> str:
    """Jinja's words for an undefined name without Python's class names."""
    if "has no attribute" in message:
        name = message.rsplit("'", 2)[1]
        return f"the template uses `{name}`, which does not exist"
    return f"the template uses a name that does not exist: {message}"


def _line(error: BaseException, where: Where) -> Where:
    """The template line an error was raised on: Jinja rewrites tracebacks to template files."""
    trace, found = error.__traceback__, where
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            name = "/".join(Path(file).parts[-2:])
            found = Where(f"templates/{name}", trace.tb_lineno, 1)
        trace = trace.tb_next
    return found
