"""Rules about elements and what stands in them: what AWS refuses in a statement."""

import re
from collections.abc import Iterator
from typing import Final

from generator.documents import is_action_pattern
from generator.findings import Severity
from generator.rules.rule import Hit, Rule
from generator.rules.texts import items, variable_before_name
from generator.subject import Subject

# Documents whose principal is whom they are attached to.
WITHOUT_PRINCIPAL: Final = ("identity", "boundary", "session", "scp")
_WILD: Final = re.compile(r"[*?$]")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}|aws|")
# Source: moto's policy validation, which is modelled on live answers, and the Service Authorization
# Reference of IAM and STS. `u2f` is left to the rule about devices.
IAM_RESOURCES: Final = frozenset(
    "access-report assumed-role contextProvider delegation-request federated-user group "
    "instance-profile mfa oidc-provider policy report role role-template root saml-provider self "
    "server-certificate sms-mfa u2f user".split()
)


def misplaced_elements(subject: Subject) -> Iterator[Hit]:
    """An element that this kind of policy does not have, or lacks

    Why: a policy of an identity has resources and no principal, for the principal is whom it is
    attached to; a trust policy names principals and has no resource, for the resource is the role.
    AWS refuses the document otherwise.

    Fix: take the element out, or add the one that is missing.
    """
    named = {"trust": "a trust policy", "scp": "an SCP"}.get(subject.kind, "an identity policy")
    wrong, needed = ("Principal", "Resource")
    if subject.kind == "trust":
        wrong, needed = needed, wrong
    elif subject.kind not in WITHOUT_PRINCIPAL:
        return
    for place, _ in subject.statements():
        data = subject.data(place)
        for name in (wrong, f"Not{wrong}"):
            if name in data:
                yield Hit((*place, name), f"{named} has no `{name}`", on_key=True)
        if needed not in data and f"Not{needed}" not in data:
            what = f"`{needed}` or `Not{needed}`" if needed == "Resource" else f"`{needed}`"
            yield Hit(place, f"the statement has no {what}, which {named} needs")


def arns(subject: Subject) -> Iterator[Hit]:
    """A resource that IAM refuses, or that cannot exist in this partition

    Why: a resource is `*` or an ARN. ARNs of IAM and STS have no region, an account of 12 digits,
    and after it a kind of resource that IAM has. IAM refuses the document otherwise. An ARN of
    another partition is accepted, and matches nothing.

    Fix: write the ARN as `arn:PARTITION:iam::ACCOUNT:user/NAME`, with `*` for what may be anything.
    """
    if subject.kind not in ("identity", "boundary", "session"):
        return
    for place, s in subject.statements():
        if s.resources is None:
            continue
        element = subject.element(place, "Resource")
        for at, item in items(subject, element):
            if problem := _arn_problem(item):
                yield Hit(at, f"`{item}`: {problem}")
        here = subject.found.partition if subject.is_known(element) else ""
        partitions = {item.split(":")[1] if ":" in item else "*" for item in s.resources.items}
        if here and partitions and not any(p == here or _WILD.search(p) for p in partitions):
            yield Hit(
                element,
                f"the partition is `{here}`, and every resource is in `{min(partitions)}`, so it "
                "matches nothing",
                f"write the ARNs with `arn:{here}:`",
            )


def _arn_problem(item: str) -> str:
    """What IAM refuses in a resource, "" if nothing is known."""
    if variable_before_name(item):
        # Told of for itself.
        return ""
    # Variables, of a template too, have colons in them.
    fields = _VARIABLE.sub("$", item).split(":", 5)
    if not item.strip("*") or "$" in fields[0] or (len(fields) > 1 and _WILD.search(fields[0])):
        return ""
    if fields[0] != "arn":
        return "a resource is `*` or an ARN"
    service, region, account, rest = (*fields[2:], *"****")[:4]
    if service not in ("iam", "sts"):
        return ""
    if region and not _WILD.search(region):
        return f"an ARN of {service.upper()} has no region"
    if not _WILD.search(account) and not _ACCOUNT.fullmatch(account):
        return f"`{account}` is not an account id"
    kind = rest.partition("/")[0]
    if kind and not _WILD.search(kind) and kind not in IAM_RESOURCES:
        return f"`{kind}` is not a kind of resource that {service.upper()} has"
    return ""


def action_texts(subject: Subject) -> Iterator[Hit]:
    """Something that cannot be an action

    Why: an action is `*`, or a service, a colon, and a name; wildcards are for the name. IAM
    refuses the document otherwise.

    Fix: write it as `service:Action`.
    """
    for place, _ in subject.statements():
        for at, item in items(subject, subject.element(place, "Action")):
            if item.startswith("*:") and item != "*:*" and is_action_pattern(f"s3{item[1:]}"):
                # Whether IAM refuses it is not documented, and not what it matches.
                yield Hit(
                    at,
                    f"`{item}` has a wildcard for its service, and AWS documents wildcards for the "
                    "name only",
                    severity=Severity.MEDIUM,
                    confidence="low",
                )
            elif not is_action_pattern(item):
                yield Hit(at, f"`{item}` cannot be an action")


RULES: Final = (
    Rule("GEN007", Severity.HIGH, misplaced_elements, "UG:reference_policies_grammar"),
    Rule("GEN008", Severity.HIGH, arns, "UG:reference_identifiers#identifiers-arns"),
    Rule("GEN009", Severity.HIGH, action_texts, "UG:reference_policies_elements_action"),
)
