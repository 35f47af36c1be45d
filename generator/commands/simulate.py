"""`gen simulate`: one request, or a stream of them, decided."""

import sys
from pathlib import Path
from typing import Any

import click

from generator.commands import format_option

_file = click.Path(path_type=Path)


@click.command()
@click.option(
    "--policy", "policies", type=_file, metavar="FILE", multiple=True, help="An identity policy."
)
@click.argument("more", nargs=-1, type=_file, metavar="[FILE]...")
@click.option(
    "--boundary", type=_file, metavar="FILE", multiple=True, help="The permissions boundary."
)
@click.option("--session", type=_file, metavar="FILE", help="The session policy.")
@click.option(
    "--trust",
    type=_file,
    metavar="FILE",
    help="The resource's own policy; of a role, its trust policy.",
)
@click.option("--scp", "scps", multiple=True, metavar="FILE[,FILE]...", help="SCPs of one level.")
@click.option("--rcp", "rcps", multiple=True, metavar="FILE[,FILE]...", help="RCPs of one level.")
@click.option("--principal", help="Who calls: the ARN of a user, a role or a session.")
@click.option("--action", help="What is called, as iam:GetUser.")
@click.option("--resource", help="On what.  [default: the own user, or *]")
@click.option("--account", help="The resource's account.  [default: the ARN's, else the caller's]")
@click.option("--context", multiple=True, metavar="KEY=VALUE", help="A condition key; repeatable.")
@click.option(
    "--password-policy",
    type=_file,
    metavar="FILE",
    help="As get-account-password-policy prints it.",
)
@click.option("--mfa-device", is_flag=True, help="The calling user has an MFA device.")
@click.option("--jsonl", is_flag=True, help="Requests on standard input, one JSON object a line.")
@format_option
def simulate(
    more: tuple[Path, ...], policies: tuple[Path, ...], jsonl: bool, form: str, **given: Any
) -> int:
    """Decide a request as AWS would, and say which statements decided.

    FILE is an identity policy too. A condition key that is not given is absent from the request.
    Exits with 1 if the request is denied. With --jsonl, writes one answer a line.
    """
    from generator import simulation

    if jsonl:
        simulation.only_jsonl((*policies, *more), given)
        return simulation.stream(sys.stdin.buffer)
    return simulation.report(simulation.decide((*policies, *more), given), form)
