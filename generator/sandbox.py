"""The Jinja environment: a small part of the language, over plain values, in a sandbox.

Templates are not trusted. They read no file but templates and reach no Python, and what could make
a value grow out of all proportion, or reach a document without `tojson`, is not in the language.
"""

import json
import operator
import os
import sys
from collections.abc import Callable
from functools import cache
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any, Final

import jinja2
import jinja2.compiler
from jinja2 import nodes
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from msgspec import Struct

from generator import __version__
from generator.errors import GenError, Where
from generator.resources import PACKAGE, data_dir

# Filters that take and give plain values of about the same size.
FILTERS: Final = frozenset(
    "count default dictsort first int items join last length list lower map max min reject "
    "rejectattr reverse select selectattr sort string trim unique upper".split()
)
MAX_VALUE: Final = 100_000

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "*": operator.mul,
    "%": operator.mod,
}


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox. Attributes are fields of the values given, and `loop`; there are no methods."""

    intercepted_binops = frozenset(["*", "**", "+", "%"])

    def call_binop(self, context: Any, op: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int) and isinstance(right, int)
        lists = op == "+" and type(left) is type(right) and isinstance(left, (list, str))
        if op == "**" or not (numbers or lists):
            raise SecurityError(f"`{op}` is not available in templates for such values")
        if lists and len(left) + len(right) > MAX_VALUE:
            raise SecurityError("the template makes a value that is too large")
        if numbers and max(abs(left), abs(right)) > MAX_VALUE:
            raise SecurityError("the template makes a number that is too large")
        return _OPERATORS[op](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, jinja2.Undefined):
            str(obj)
        if isinstance(obj, Struct):
            if attribute in obj.__struct_fields__:
                return getattr(obj, attribute)
        elif isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        elif isinstance(obj, LoopContext) and not attribute.startswith("_"):
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, (list, tuple, dict)):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        if isinstance(argument, str) or isinstance(obj, jinja2.Undefined):
            return self.getattr(obj, str(argument))
        return self.undefined(obj=obj, name=argument)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all(nodes.Concat):
            message = "`~` is not available in templates"
            raise jinja2.TemplateSyntaxError(message, node.lineno, name, filename)
        return tree


class _Loader(jinja2.FileSystemLoader):
    """Loads templates below one directory; a link that leads out of it is refused."""

    def __init__(self, place: Path, label: str) -> None:
        super().__init__(place)
        self.label = label

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        try:
            source, filename, uptodate = super().get_source(environment, template)
        except UnicodeDecodeError as error:
            where = Where(f"{self.label}/{template}")
            raise GenError("is not UTF-8 text", where=where, hint="save it as UTF-8") from error
        root = Path(self.searchpath[0]).resolve()
        if not Path(filename).resolve().is_relative_to(root):
            where = Where(f"{self.label}/{template}")
            raise TemplateError(
                "is a link that leads out of the directory of templates",
                where=where,
                hint="put the template itself there",
            )
        return source.removeprefix("\ufeff"), filename, uptodate


class TemplateError(GenError):
    """A template that does not work, or whose text is not a run of statements."""


@cache
def environment(templates: Path | None) -> jinja2.Environment:
    """The Jinja environment: our templates, and before them the user's directory if given."""
    loaders = [_Loader(data_dir("templates"), "templates")]
    if templates:
        _check_names(templates)
        loaders.insert(0, _Loader(templates.absolute(), templates.as_posix()))
    found = Environment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_only_json,
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=None if templates else _bytecode_cache(),
    )
    found.globals.clear()
    found.filters = {name: found.filters[name] for name in FILTERS} | {"tojson": _to_json}
    return found


def _check_names(templates: Path) -> None:
    """A directory that replaces no template is a mistake that would go unnoticed."""
    ours = data_dir("templates")
    names = sorted(path.relative_to(ours).as_posix() for path in ours.rglob("*.j2"))
    there = [name for name in names if (templates / name).exists()]
    for name in there:
        if not (templates / name).is_file():
            raise TemplateError("is not a file", where=Where(f"{templates.as_posix()}/{name}"))
    if not there:
        raise TemplateError(
            "replaces no template",
            where=Where(templates.as_posix()),
            hint=f"the names are {', '.join(names)}",
        )


def _to_json(value: object) -> Markup:
    """A value as JSON, and the only way into a document."""
    if isinstance(value, str):
        return Markup(quoted(value))  # noqa: S704 - JSON documents, not HTML
    if isinstance(value, list) and all(type(item) is str for item in value):
        return Markup(f"[{', '.join(map(quoted, value))}]")  # noqa: S704
    if isinstance(value, jinja2.Undefined):
        str(value)
    try:
        return Markup(json.dumps(value))  # noqa: S704 - JSON documents, not HTML
    except TypeError:
        kind = type(value).__name__
        raise SecurityError(
            f"a value of type {kind} is not JSON; write one of its fields"
        ) from None


def _only_json(value: object) -> object:
    """Let nothing into a document that did not go through `tojson`."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, jinja2.Undefined):
        str(value)
    raise SecurityError("a value is written without `tojson`")


def _bytecode_cache() -> jinja2.FileSystemBytecodeCache | None:
    """Our own compiled templates, kept where Python keeps our compiled modules.

    The same people can write to both places, so nobody gains by changing one. As with modules, a
    directory that cannot be written means compiling every time.
    """
    directory = PACKAGE / "__pycache__"
    if not directory.is_dir():
        return None
    # Compiled code depends on this file and on Jinja's compiler as much as on the template.
    made_by = [Path(str(file)).stat() for file in (__file__, jinja2.compiler.__file__)]
    stamp = "-".join(f"{s.st_mtime_ns:x}{s.st_size:x}" for s in made_by)
    return _Compiled(str(directory), f"{__version__}-{stamp}-%s.j2c")


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Reads what is there; writes where Python would write compiled modules."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode and os.access(self.directory, os.W_OK):
            super().dump_bytecode(bucket)
