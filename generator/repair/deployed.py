"""Documents of a template, looked at as they are where it is deployed: in another account.

Functions of a template come to stand-ins. An edit that only works with those would let people in
here and lock them out there.
"""

from typing import Final

from msgspec.structs import replace

from generator.errors import GenError
from generator.found import Found
from generator.inputs.parsed import Parsed
from generator.inputs.stand_ins import ARN_START, STAND_INS, StandIns
from generator.subject import Subject

_OTHER: Final = StandIns("444455556666", "aws-us-gov", "us-gov-west-1", "amazonaws.com")


def only_here(found: Found, mended: Found, text: str) -> str:
    """Which verdict the new text of a file does not have in every account, "" if none."""
    source = found.source().text
    # Whoever has written a partition down deploys there and nowhere else.
    there = _OTHER if ARN_START not in source else _OTHER._replace(partition=STAND_INS.partition)
    before, after = (_deployed(found, each, there) for each in (source, text))
    if before is None or after is None:
        return ""
    was, now = Subject(found).verdicts, Subject(mended).verdicts
    was_there, now_there = Subject(before).verdicts, Subject(after).verdicts
    for name, verdict in now_there.items():
        if was[name] == was_there[name] and now[name] != verdict:
            return f"`{name}` would be {now[name]} or {verdict}, as the account is"
    return ""


def _deployed(found: Found, text: str, there: StandIns) -> Found | None:
    """The document at the same place of a template with that text; None if it is no template."""
    from generator.inputs import cloudformation

    try:
        parsed = _parsed(found, text)
    except GenError:
        return None
    if found.embedded or not cloudformation.is_template(parsed.data):
        return None
    for each in cloudformation.documents(parsed, there):
        if isinstance(each, Found) and each.root == found.root:
            return replace(
                each,
                kind=found.kind,
                holders=found.holders,
                form=found.form,
                account=there.account,
                partition=there.partition,
            )
    return None


def _parsed(found: Found, text: str) -> Parsed:
    if found.source().form == "yaml":
        from generator.inputs.yaml_text import parse

        return parse(text, found.file)
    from generator.inputs.json_text import parse as parse_json

    return parse_json(text, found.file)
