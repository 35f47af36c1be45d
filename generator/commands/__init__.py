"""Commands that are loaded when they are called, and the option that all have."""

import click

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people or for machines.  [default: text]",
)
