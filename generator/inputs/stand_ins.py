"""What stands for what a document leaves open, and messages that do not pass it off as known."""

import re
from typing import Final, NamedTuple

from generator.found import Found
from generator.subject import PLACEHOLDER_ACCOUNT


class StandIns(NamedTuple):
    """What stands for where a template is deployed, which it does not say."""

    account: str = PLACEHOLDER_ACCOUNT
    partition: str = "aws"
    region: str = "us-east-1"
    suffix: str = "amazonaws.com"


STAND_INS: Final = StandIns()
ARN_START: Final = f"arn:{STAND_INS.partition}:"
_ARN: Final = re.compile(rf"{ARN_START}([a-z0-9-]*):([a-z0-9-]*):{STAND_INS.account}:")


def told(found: Found, text: str) -> str:
    """A message without stand-ins: with what the template has for them."""
    source = "" if found.account else found.source().text
    if not source or STAND_INS.account in source:
        return text
    if "AWS::" not in source:
        return text.replace(f"account {STAND_INS.account}", "the account")
    is_filled_in = "AWS::Partition" in source and ARN_START not in source
    partition = "${AWS::Partition}" if is_filled_in else STAND_INS.partition
    text = _ARN.sub(rf"arn:{partition}:\1:\2:${{AWS::AccountId}}:", text)
    return text.replace(STAND_INS.account, "${AWS::AccountId}")
