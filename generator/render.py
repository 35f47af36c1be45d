"""Profile and template to policy. Only this and `sandbox` know Jinja."""

import re
from pathlib import Path
from typing import Final

import jinja2
from jinja2.exceptions import SecurityError

from generator.errors import GenError, MachineError, Where
from generator.grammar import loads_run, parse_statement
from generator.policy import Policy, PolicyError
from generator.sandbox import TemplateError, environment

MAX_RENDERED: Final = 1_000_000
NAMES: Final = "docs/templates.md lists the names and filters"


def render(template: str, *, templates: Path | None, **values: object) -> Policy:
    """Render `template` (a name such as `direct-user-deny/user-policy.json.j2`) into a policy.

    A template is a run of statements as JSON objects, with no commas between them and no
    `Version`; the order and the form of what it writes do not matter.

    Raises:
        TemplateError: it fails, or its text is not a run of statements that IAM's grammar allows.
    """
    return _parsed(_text(template, templates, values), _label(template, templates))


def _text(template: str, templates: Path | None, values: dict[str, object]) -> str:
    where = Where(_label(template, templates))
    try:
        text = environment(templates).get_template(template).render(values)
    except GenError as error:
        raise TemplateError(error.problem, where=error.where, hint=error.hint) from error
    except jinja2.TemplateSyntaxError as error:
        where = Where(_label(error.name or template, templates), error.lineno, 1)
        problem = f"not a Jinja template: {error.message}"
        raise TemplateError(problem, where=where, hint=NAMES) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"there is no template `{error.name}`", where=where) from error
    except jinja2.UndefinedError as error:
        raise TemplateError(
            _undefined(error), where=_line(error, where, templates), hint=NAMES
        ) from error
    except SecurityError as error:
        raise TemplateError(
            _refused(error), where=_line(error, where, templates), hint=NAMES
        ) from error
    except RecursionError as error:
        problem = "the template is nested too deeply, or includes itself without end"
        raise TemplateError(problem, where=where) from error
    except OSError as error:
        problem = f"the template cannot be read: {error.strerror}"
        raise MachineError(problem, where=Where(str(error.filename))) from error
    # A template's own mistake can surface as whatever Python makes of it.
    except Exception as error:
        raise TemplateError(
            f"the template fails: {error}", where=_line(error, where, templates)
        ) from error
    if len(text) > MAX_RENDERED:
        raise TemplateError("the template renders to more than a policy can hold", where=where)
    return text


def _parsed(text: str, label: str) -> Policy:
    where = Where(label)
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
            hint="write every value as `{{ value | tojson }}`, and no commas between statements",
        ) from error


def _undefined(error: jinja2.UndefinedError) -> str:
    """Jinja's words for an undefined name without Python's class names."""
    names = re.findall(r"'([^']*)'", str(error))
    return f"the template uses `{names[-1] if names else ''}`, which does not exist"


def _refused(error: SecurityError) -> str:
    """What the sandbox says, about the template."""
    said = str(error)
    return said if "template" in said or "tojson" in said else f"the template goes too far: {said}"


def _label(template: str, templates: Path | None) -> str:
    """A template's file as the user knows it: theirs where they have one of that name, or ours."""
    if templates and (templates / template).is_file():
        return (templates / template).as_posix()
    return f"templates/{template}"


def _line(error: BaseException, where: Where, templates: Path | None) -> Where:
    """The template line an error was raised on: Jinja rewrites tracebacks to template files."""
    trace, found = error.__traceback__, where
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            name = "/".join(Path(file).parts[-2:])
            found = Where(_label(name, templates), trace.tb_lineno, 1)
        trace = trace.tb_next
    return found
