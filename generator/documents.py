"""The kinds of document a bundle has, their quotas, and what makes one acceptable to IAM."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from generator.canonical import billable_size
from generator.policy import Policy, Statement


class Kind(Struct, frozen=True):
    """A kind of document. `quota` counts characters without white space.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """

    name: str
    quota: int
    has_principal: bool = False


MANAGED: Final = Kind("managed policy", 6144)
GROUP_INLINE: Final = Kind("inline policy of a group", 5120)
USER_INLINE: Final = Kind("inline policy of a user", 2048)
ROLE_PERMISSIONS: Final = Kind("inline policy of a role", 10240)
TRUST: Final = Kind("trust policy", 2048, has_principal=True)
ATTACHED: Final = {"managed": MANAGED, "group-inline": GROUP_INLINE, "user-inline": USER_INLINE}

# Source: live behaviour as modelled by moto's policy validation.
_IAM_RESOURCES: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
# Source: IAM User Guide, "IAM JSON policy elements: Action"; the catalogue's own names.
_ACTION: Final = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?-]+")
# ISO 8601 as W3C profiles it, or seconds since 1970.
# Source: IAM User Guide, "Condition operators", date condition operators.
_DATE: Final = re.compile(
    r"[0-9]+|[0-9]{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])(?:T(?:[01][0-9]|2[0-3])"
    r":[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))?)?"
)
_DATE_OPERATOR: Final = re.compile("(?:For(?:Any|All)Values:)?Date")
# Source: botocore, IAM service model, policyDocumentType.
_LATIN_1: Final = re.compile("[\t\n\r\x20-\xff]*")
_ACCOUNT: Final = re.compile(r"[0-9]{12}|\*|aws|")
_DANGLING: Final = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")


def lexical_problems(policy: Policy, kind: Kind, partition: str) -> Iterator[tuple[str, str]]:
    """What IAM, or a reviewer, would refuse in the text of a document: (problem, hint) pairs."""
    yield from _whole_problems(policy, kind)
    seen: set[str] = set()
    for number, s in enumerate(policy.statements, 1):
        yield from statement_problems(s, number, seen, kind, partition)


def statement_problems(
    s: Statement, number: int, seen: set[str], kind: Kind, partition: str
) -> Iterator[tuple[str, str]]:
    """The same for one statement; `seen` are the Sids of those before it, and gains its own."""
    yield from _sid_problems(s, number, seen)
    s = s if s.sid else replace(s, sid=str(number))
    yield from _element_problems(s, kind)
    yield from _action_problems(s)
    yield from _date_problems(s)
    yield from _text_problems(s)
    yield from _arn_problems(s, partition)


def _whole_problems(policy: Policy, kind: Kind) -> Iterator[tuple[str, str]]:
    if not policy.statements:
        yield "the document has no statements", ""
    if policy.version != "2012-10-17":
        yield f"`Version` is {policy.version}, which leaves policy variables as text", ""
    size = billable_size(policy)
    if size > kind.quota:
        hint = "attach it as a managed policy" if kind in (GROUP_INLINE, USER_INLINE) else ""
        yield f"has {size:,} characters, and the quota ({kind.name}) is {kind.quota:,}", hint


def _sid_problems(s: Statement, number: int, seen: set[str]) -> Iterator[tuple[str, str]]:
    if not s.sid:
        yield f"statement {number} has no `Sid`", "name it; proofs and reviews cite Sids"
    elif not (s.sid.isascii() and s.sid.isalnum()):
        yield f"the Sid `{s.sid}` is not letters and digits only", "IAM refuses it"
    elif s.sid in seen:
        yield f"the Sid `{s.sid}` stands twice", "IAM refuses it"
    seen.add(s.sid)


def _element_problems(s: Statement, kind: Kind) -> Iterator[tuple[str, str]]:
    if kind.has_principal:
        if s.principals is None:
            yield f"statement `{s.sid}` has no `Principal`", "a trust policy names who it trusts"
        if s.resources is not None:
            yield f"statement `{s.sid}` has a `Resource`", "a trust policy has none"
    else:
        if s.principals is not None:
            yield f"statement `{s.sid}` has a `Principal`", "an identity policy has none"
        if s.resources is None:
            yield f"statement `{s.sid}` has neither `Resource` nor `NotResource`", ""


def is_action_pattern(text: str) -> bool:
    """Whether IAM takes text for an action: `*`, or a service and a pattern of a name."""
    return bool(_ACTION.fullmatch(text))


def _action_problems(s: Statement) -> Iterator[tuple[str, str]]:
    for item in s.actions.items:
        if not is_action_pattern(item):
            yield (
                f"statement `{s.sid}` names `{item}`, which cannot be an action",
                "write it as `service:Action`; wildcards are for the part after the colon",
            )


def _date_problems(s: Statement) -> Iterator[tuple[str, str]]:
    for c in s.conditions:
        for value in c.values if _DATE_OPERATOR.match(c.operator) else ():
            if not _DATE.fullmatch(value):
                yield (
                    f"statement `{s.sid}` compares `{c.key}` with `{value}`, which is not a date",
                    "write it as in `2026-12-31T00:00:00Z`",
                )


def _text_problems(s: Statement) -> Iterator[tuple[str, str]]:
    texts = [s.sid, *s.actions.items]
    texts += s.resources.items if s.resources else ()
    texts += [i for _, ids in s.principals.entries for i in ids] if s.principals else ()
    for c in s.conditions:
        texts += (c.key, *c.values)
    for text in texts:
        if not _LATIN_1.fullmatch(text):
            yield f"statement `{s.sid}` has characters outside Latin-1", "IAM refuses them"
            return


def _arn_problems(s: Statement, partition: str) -> Iterator[tuple[str, str]]:
    for c in s.conditions:
        for item in c.values if "Arn" in c.operator else ():
            found = item.split(":")[1] if item.count(":") > 1 else partition
            if found not in (partition, "*"):
                text = f"the partition is `{found}`, and the profile's is `{partition}`"
                yield f"statement `{s.sid}` names `{item}`: {text}", ""
    for item in s.resources.items if s.resources else ():
        if item != "*" and (problem := arn_problem(item, partition)):
            yield f"statement `{s.sid}` names `{item}`: {problem}", ""
    for kind, ids in s.principals.entries if s.principals else ():
        for item in ids:
            if kind == "AWS" and _DANGLING.fullmatch(item):
                yield f"statement `{s.sid}` trusts `{item}`, a deleted principal", ""
            elif (
                kind == "AWS"
                and item != "*"
                and (problem := arn_problem(item, partition, principal=True))
            ):
                yield f"statement `{s.sid}` trusts `{item}`: {problem}", ""
            elif kind == "AWS" and item != "*" and ("*" in item or "?" in item):
                yield f"statement `{s.sid}` trusts `{item}`: a principal has no wildcards", ""


def arn_problem(arn: str, partition: str, *, principal: bool = False) -> str:
    """What is wrong with an ARN (or pattern of one) in a partition, "" if nothing is."""
    fields = arn.split(":", 5)
    if fields[0] != "arn" or len(fields) < 6:
        return "not an ARN, which has six fields and starts with `arn:`"
    _, found, service, region, account, resource = fields
    if found != partition:
        return f"the partition is `{found}`, and the profile's is `{partition}`"
    if not service:
        return "names no service"
    if service in ("iam", "sts"):
        if region:
            return "an IAM ARN has no region"
        if not _ACCOUNT.fullmatch(account):
            return f"`{account}` is not an account id"
        starts = _IAM_RESOURCES if service == "iam" else ("assumed-role/", "federated-user/")
        whole = ("*", "root") if principal else ("*",)
        if resource not in whole and not resource.startswith(starts):
            return f"`{resource}` is not a kind of resource that IAM has"
    return "" if resource else "names no resource"
