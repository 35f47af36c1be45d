"""`gen rules`: what an audit looks for, and why."""

import click

from generator.console import put
from generator.errors import OK, GenError


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="For people, for machines or for a page.  [default: text]",
)
def rules(ids: tuple[str, ...], form: str) -> int:
    """Print the rules of gen audit, or one with its examples.

    ID is as in GEN010. Each rule says what it finds, why it matters and how to mend it.
    """
    from generator.rules import RULES, rule_of
    from generator.rules.show import as_json, as_markdown, as_text, one_as_text

    unknown = [name for name in ids if rule_of(name) is None]
    if unknown:
        names = ", ".join(f"`{name}`" for name in unknown)
        raise GenError(f"no rule is called {names}", hint="gen rules lists them all")
    chosen = tuple(rule for name in ids if (rule := rule_of(name))) or RULES
    if form == "json":
        put(as_json(chosen), newline=False)
    elif form == "markdown":
        put(as_markdown(chosen), newline=False)
    elif ids:
        for rule in chosen:
            put(one_as_text(rule))
    else:
        put(as_text(chosen), newline=False)
    return OK
