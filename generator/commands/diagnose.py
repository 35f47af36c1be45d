"""`gen diagnose`: why somebody cannot change the password, or sign in."""

from pathlib import Path
from typing import Any

import click

from generator.commands import format_option

_file = click.Path(path_type=Path)


@click.command()
@click.argument("more", nargs=-1, type=_file, metavar="[FILE]...")
@click.option(
    "--policy",
    "policies",
    type=_file,
    metavar="FILE",
    multiple=True,
    help="An identity policy, as FILE is.",
)
@click.option(
    "--boundary", type=_file, metavar="FILE", multiple=True, help="The permissions boundary."
)
@click.option("--scp", "scps", multiple=True, metavar="FILE[,FILE]...", help="SCPs of one level.")
@click.option(
    "--account-details",
    type=_file,
    metavar="FILE",
    help="As get-account-authorization-details prints it; with --user.",
)
@click.option("--user", metavar="NAME", help="Whom it is about.")
@click.option("--user-arn", metavar="ARN", help="Whom it is about, with the path.")
@click.option("--user-path", metavar="PATH", help="The user's path, as /team/; / is none.")
@click.option(
    "--password-policy",
    metavar="FILE",
    help="As get-account-password-policy prints it; none if it answers NoSuchEntity.",
)
@click.option(
    "--event",
    type=_file,
    metavar="FILE",
    multiple=True,
    help="CloudTrail's record of the failure, or many records, also gzipped.",
)
@click.option("--message", metavar="TEXT", help="What AWS showed.")
@click.option("--has-device", is_flag=True, help="There is an MFA device.")
@click.option("--no-device", is_flag=True, help="There is none.")
@click.option("--expired", is_flag=True, help="The password has expired.")
@click.option("--first-sign-in", is_flag=True, help="It is the first sign-in, with a reset.")
@click.option("--ask-password", is_flag=True, help="Ask for the new password, and check it here.")
@click.option(
    "--password-fd", type=click.IntRange(0), metavar="N", help="Read it from a descriptor."
)
@click.option("--account-name", metavar="NAME", help="What a password must not be.")
@click.option("--account-email", metavar="ADDRESS", help="What a password must not be either.")
@format_option
def diagnose(more: tuple[Path, ...], policies: tuple[Path, ...], form: str, **given: Any) -> int:
    """Say why somebody cannot change the password or sign in.

    The console says that either the permission or the password is wrong. Give whatever there is;
    a FILE without an option is an identity policy. One FILE, of any option, may be -, which is
    standard input. Nothing is asked of AWS, and a password is never shown or kept. Exits with 1
    unless nothing stands in the way.
    """
    from generator.diagnose.gather import diagnosis
    from generator.diagnose.show import report

    return report(diagnosis({**given, "policies": (*policies, *more)}), form)
