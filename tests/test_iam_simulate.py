"""Our answers against those of @cloud-copilot/iam-simulate, an evaluator by other people.

It runs in a process of its own and reads the same JSON lines. Where the two differ, `KNOWN` has the
page of AWS's documentation that ours follows. `UG:page` is the IAM User Guide's.
"""

import io
import json
import os
import re
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from generator.simulate import answers
from tests.random_requests import FULL, HERE, IP, TAGS, TIME, requests
from tests.support import ROOT, clean_environment, need

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "iam_simulate"
PACKAGE = FOLDER / "node_modules/@cloud-copilot/iam-simulate"
# One seed is new every day; what it finds can be repeated by adding it here.
SEEDS = (1, 20, 300, datetime.now(UTC).date().toordinal())
COUNT = 1_500

ABSENT = "${aws:RequestTag/never}"
NOWHERE = "arn:aws:none:::nowhere"
NOBODY = f"arn:aws:iam::{HERE}:user/nobody"


class Known(NamedTuple):
    """Something the package decides otherwise than AWS documents it, or that is not documented.

    `habit` writes the package's reading into a request, so that ours has to answer what the package
    answered to the request as it was: an entry explains one answer, not any. Requests that do not
    depend on it are left as they are. `request` is the least one, `source` what ours rests on.
    """

    name: str
    source: str
    habit: Callable[[Json], None]
    request: Json
    package: str
    ours: str


class Line(NamedTuple):
    """One line of a condition block. `found`: the request's values, None where it has none."""

    operator: str
    key: str
    wanted: list[str]
    found: list[str] | None

    @property
    def quantifier(self) -> str:
        return self.operator.rpartition(":")[0]

    @property
    def base(self) -> str:
        return self.operator.rpartition(":")[2].removesuffix("IfExists")

    def wanting(self, change: Callable[[str], str]) -> "Line":
        return self._replace(wanted=[change(value) for value in self.wanted])


# Holds for no request: none has the key.
NEVER = Line("StringEquals", "aws:RequestTag/never", ["given"], None)


def never(statement: Json) -> None:
    """Keep a statement from applying."""
    block = statement.setdefault("Condition", {})
    block.setdefault(NEVER.operator, {})[NEVER.key] = NEVER.wanted


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def service(request: Json) -> str:
    return str(request["action"]).partition(":")[0]


def documents(request: Json) -> Iterator[Json]:
    for field in ("identity", "boundary"):
        yield from request.get(field) or ()
    for field in ("trust", "session"):
        if request.get(field) is not None:
            yield request[field]
    for field in ("scps", "rcps"):
        for level in request.get(field) or ():
            yield from level


def statements(request: Json) -> Iterator[Json]:
    for document in documents(request):
        yield from document["Statement"]


def context(request: Json) -> dict[str, list[str]]:
    """The keys a request has, in lower case, with those that follow from caller and resource."""
    who = request["principal"]
    account, rest = who.split(":", 5)[4:]
    kind, name = rest.split("/")[0], rest.split("/")[-1]
    resource = request["resource"].split(":", 5)
    owner = request.get("account") or (resource[4] if len(resource) > 5 else "") or account
    found: dict[str, Any] = {
        "aws:principalarn": who,
        "aws:principalaccount": account,
        "aws:principaltype": {"user": "User", "federated-user": "FederatedUser"}.get(
            kind, "AssumedRole"
        ),
        "aws:resourceaccount": owner,
    }
    if kind == "user":
        found["aws:username"] = name
    if kind == "assumed-role":
        found["aws:principalarn"] = f"arn:aws:iam::{account}:role/{rest.split('/')[1]}"
    found.update((key.lower(), value) for key, value in (request.get("context") or {}).items())
    return {key: listed(value) for key, value in found.items() if value not in (None, [])}


# `${key}` and `${key, 'default'}`, not `${*}` and its like.
VARIABLE = re.compile(r"\$\{([^}*?$,]+)(?:, '([^']*)')?\}")


def has_no_value(text: str, keys: dict[str, list[str]]) -> bool:
    """Whether text has a variable without value and without default."""
    found = VARIABLE.finditer(text)
    return any(each[2] is None and each[1].lower() not in keys for each in found)


def of_conditions(
    change: Callable[[Line, dict[str, list[str]]], Line | None],
) -> Callable[[Json], None]:
    """A habit that concerns lines of condition blocks one by one; None leaves one as it is."""

    def habit(request: Json) -> None:
        keys = context(request)
        for statement in statements(request):
            block: Json = {}
            for operator, lines in statement.get("Condition", {}).items():
                for key, values in lines.items():
                    line = Line(operator, key, listed(values), keys.get(key.lower()))
                    new = change(line, keys) or line
                    block.setdefault(new.operator, {})[new.key] = new.wanted
            if block:
                statement["Condition"] = block

    return habit


def of_resources(
    change: Callable[[str, Json], str], elements: Sequence[str] = ("Resource", "NotResource")
) -> Callable[[Json], None]:
    """A habit that concerns resource patterns one by one."""

    def habit(request: Json) -> None:
        for statement in statements(request):
            for element in elements:
                if element in statement:
                    patterns = listed(statement[element])
                    statement[element] = [change(pattern, request) for pattern in patterns]

    return habit


def decided_by_policies(request: Json) -> None:
    """As any action of STS; which statements are about it is settled here."""
    asked = request["action"]
    if asked != "sts:GetSessionToken":
        return
    request["action"] = "sts:DecodeAuthorizationMessage"
    for statement in statements(request):
        for element in {"Action", "NotAction"} & statement.keys():
            patterns = [pattern.lower() for pattern in listed(statement[element])]
            about = any(fnmatchcase(asked.lower(), pattern) for pattern in patterns)
            statement[element] = "*" if about else "none:None"


def with_variables(request: Json) -> None:
    for document in documents(request):
        if "${" in json.dumps(document):
            document["Version"] = "2012-10-17"


def unset_where_empty(line: Line, keys: dict[str, list[str]]) -> Line | None:
    def replaced(found: re.Match[str]) -> str:
        if keys.get(found[1].lower()) != [""]:
            return found[0]
        return ABSENT if found[2] is None else found[2]

    return line.wanting(lambda value: VARIABLE.sub(replaced, value))


def special_characters_as_text(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if not line.base.startswith("String") or line.base.endswith("Like"):
        return None
    return line.wanting(lambda value: re.sub(r"\$\{([*?$])\}", r"${$}{\1}", value))


def wildcards_as_text(line: Line, keys: dict[str, list[str]]) -> Line | None:
    def replaced(found: re.Match[str]) -> str:
        return "${*}" if keys.get(found[1].lower()) == ["*"] else found[0]

    if line.base not in ("StringLike", "StringNotLike"):
        return None
    return line.wanting(lambda value: VARIABLE.sub(replaced, value))


def bytes_as_text(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if line.base != "BinaryEquals" or line.found is None or is_base64(line.found[0]):
        return None
    return line._replace(operator=line.operator.replace("Binary", "String"))


def is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False


def negated_without_value(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if line.found is None or not re.match("(String|Arn)Not", line.base):
        return None
    unset = [value for value in line.wanted if has_no_value(value, keys)]
    if line.base.startswith("Arn"):
        # Only values that could match but for the last field.
        unset = [value for value in unset if as_far_as_account(value, line.found[0])]
    return NEVER if unset else None


def as_far_as_account(pattern: str, arn: str) -> bool:
    return all(map(fnmatchcase, arn.split(":", 5)[:5], pattern.split(":", 5)[:5]))


def not_resource_without_value(request: Json) -> None:
    keys = context(request)
    for statement in statements(request):
        if any(has_no_value(pattern, keys) for pattern in listed(statement.get("NotResource", []))):
            never(statement)


def queue_as_text(pattern: str, request: Json) -> str:
    fields = pattern.split(":", 5)
    if fields[2:3] != ["sqs"]:
        return pattern
    return VARIABLE.sub(lambda found: "${$}" + found[0][1:], pattern)


def kind_as_text(pattern: str, request: Json) -> str:
    """What stands before the first slash has to be the same, letter for letter."""
    fields, asked = pattern.split(":", 5), request["resource"].split(":", 5)
    if len(fields) < 6 or len(asked) < 6 or fields[2] not in ("iam", "ec2", "kms"):
        return pattern
    kind, slash, _ = fields[5].partition("/")
    wild = slash and re.search(r"[*?]", kind)
    return NOWHERE if wild and kind != asked[5].partition("/")[0] else pattern


def short_in_rcp(request: Json) -> None:
    def change(pattern: str, _: Json) -> str:
        short = pattern != "*" and pattern.endswith("*") and pattern.count(":") < 5
        return NOWHERE if short else pattern

    of_resources(change, ("Resource",))({"rcps": request.get("rcps")})


def any_value_if_exists(line: Line, keys: dict[str, list[str]]) -> Line | None:
    absent = line.found is None and line.quantifier == "ForAnyValue"
    return NEVER if absent and line.operator.endswith("IfExists") else None


def empty_is_a_value(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if line.quantifier != "ForAllValues" or line.found != [""]:
        return None
    return line._replace(operator=line.operator.rpartition(":")[2])


LISTS = ("aws:tagkeys", "aws:principalorgpaths")


def list_without_set_operator(line: Line, keys: dict[str, list[str]]) -> Line | None:
    plain = not line.quantifier and line.base != "Null" and line.key.lower() in LISTS
    return NEVER if plain and line.found is not None else None


def no_address_in_all(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if not line.base.endswith("IpAddress"):
        return None
    return line.wanting(lambda value: "192.0.2.0/32" if value == "0.0.0.0/0" else value)


def ipv6_as_text(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if not line.base.endswith("IpAddress"):
        return None
    return line.wanting(lambda value: "100::" if value == "2001:db8:0:0:0:0:0:5" else value)


def not_address_of_other_family(line: Line, keys: dict[str, list[str]]) -> Line | None:
    if line.base != "NotIpAddress" or line.found is None:
        return None
    bare = [value for value in line.wanted if "/" not in value]
    other = any((":" in value) != (":" in line.found[0]) for value in bare)
    return NEVER if other else None


def milliseconds(line: Line, keys: dict[str, list[str]]) -> Line | None:
    def changed(value: str) -> str:
        if not value.isdigit():
            return value
        return f"{datetime.fromtimestamp(int(value) / 1000, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    return line.wanting(changed) if line.base.startswith("Date") else None


def part_of_caller(request: Json) -> None:
    """Deny with NotPrincipal spares who has one of its ARNs listed."""
    who = request["principal"]
    account = who.split(":")[4]
    own = {who, account, f"arn:aws:iam::{account}:root"}
    if ":assumed-role/" in who:
        own.add(f"arn:aws:iam::{account}:role/{who.split('/')[1]}")
    if request.get("boundary") is not None or request.get("trust") is None:
        return
    for statement in request["trust"]["Statement"]:
        if own & {*listed(statement.get("NotPrincipal", {}).get("AWS", []))}:
            never(statement)


def no_session_of_role(request: Json) -> None:
    who = request["principal"]
    if ":role/" not in who or request.get("trust") is None:
        return
    sessions = f"{who.split('/')[0].replace(':iam:', ':sts:').replace(':role', ':assumed-role')}/"
    sessions += f"{who.rpartition('/')[2]}/"
    for statement in request["trust"]["Statement"]:
        for element in {"Principal", "NotPrincipal"} & statement.keys():
            principal = statement[element]
            if isinstance(principal, dict) and "AWS" in principal:
                principal["AWS"] = [
                    NOBODY if name.startswith(sessions) else name
                    for name in listed(principal["AWS"])
                ]


def unlimited_federation(request: Json) -> None:
    if ":federated-user/" in request["principal"] and request.get("session") is None:
        request["session"] = FULL


def within_session(request: Json) -> None:
    """An SCP limits everything, and the package takes the session policy for such a limit."""
    trust, session = request.get("trust"), request.get("session")
    owner = context(request)["aws:resourceaccount"]
    if trust is None or session is None or owner != [request["principal"].split(":")[4]]:
        return
    names = [
        name
        for statement in trust["Statement"]
        if statement["Effect"] == "Allow" and "Principal" in statement
        for principal in [statement["Principal"]]
        for name in listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    ]
    if {"*", request["principal"]} & {*names}:
        request["scps"] = [*(request.get("scps") or []), [session]]


def rcps_for_all(request: Json) -> None:
    """As SCPs, which bind every service."""
    if service(request) not in ("iam", "ec2") or not request.get("rcps"):
        return
    levels = request.pop("rcps")
    for level in levels:
        for document in level:
            for statement in document["Statement"]:
                del statement["Principal"]
    request["scps"] = [*(request.get("scps") or []), *levels]


USER = f"arn:aws:iam::{HERE}:user/alice"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/dev/alice"
FEDERATED = f"arn:aws:sts::{HERE}:federated-user/carol"
OBJECT = "arn:aws:s3:::data/alice/a"
QUEUE = f"arn:aws:sqs:us-east-1:{HERE}:alice"


def policy(*statements: Json, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": [*statements]}


def allow(**more: Any) -> Json:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **more}


def asked(*statements: Json, **more: Any) -> Json:
    """Alice's request for an object, her identity policy of these statements."""
    request = {"principal": USER, "action": "s3:GetObject", "resource": OBJECT}
    return {**request, "identity": [policy(*statements)] if statements else [], **more}


def given(operator: str, key: str, value: str, **keys: Any) -> Json:
    """The same, allowed under one condition."""
    return asked(allow(Condition={operator: {key: value}}), context=keys)


def rcp(**deny: Any) -> Json:
    everybody = {"Effect": "Deny", "Principal": "*", **deny}
    return {"rcps": [[policy({**allow(), "Principal": "*"}), policy(everybody)]]}


TAG = "aws:PrincipalTag/x"
UNSET = "${aws:PrincipalTag/y}"

# In the order in which habits have to be written in: a later one may rest on an earlier one.
KNOWN = (
    Known(
        "sts:GetSessionToken is decided by policies",
        "UG:id_credentials_temp_control-access_getsessiontoken: it needs no permission, and no "
        "policy has an effect on it",
        decided_by_policies,
        asked(action="sts:GetSessionToken", resource="*"),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "policy variables in Version 2008-10-17",
        "UG:reference_policies_variables: literal text without Version 2012-10-17",
        with_variables,
        asked(
            identity=[
                policy(allow(Resource="arn:aws:s3:::data/${aws:username}/a"), version="2008-10-17")
            ]
        ),
        "allowed",
        "implicitly_denied",
    ),
    Known(
        "a variable that is empty text, in a condition, counts as one without a value",
        "UG:reference_policies_variables: a key that is absent or has no value; whether empty text "
        "is no value is not said, and ours takes it for one",
        of_conditions(unset_where_empty),
        given(
            "StringEquals",
            TAG,
            "${aws:PrincipalOrgID, 'a'}",
            **{TAG: "a", "aws:PrincipalOrgID": ""},
        ),
        "allowed",
        "implicitly_denied",
    ),
    Known(
        "${*} in StringEquals",
        "UG:reference_policies_variables: usable wherever policy variables are",
        of_conditions(special_characters_as_text),
        given("StringEquals", TAG, "${*}", **{TAG: "*"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "a variable whose value is a wildcard",
        "UG:reference_policies_variables: whether it then is one is not said, and ours has no "
        "answer",
        of_conditions(wildcards_as_text),
        given("StringLike", TAG, "${aws:RequestTag/x}", **{TAG: "a", "aws:RequestTag/x": "*"}),
        "implicitly_denied",
        "error",
    ),
    Known(
        "BinaryEquals on what is not Base64",
        "UG:reference_policies_elements_condition_operators: values are Base64; what comes of "
        "others is not said, and ours has no answer",
        of_conditions(bytes_as_text),
        given("BinaryEquals", TAG, "YQ==", **{TAG: "a"}),
        "implicitly_denied",
        "error",
    ),
    Known(
        "a variable without a value under a negated operator",
        "UG:reference_policies_variables: such a value matches nothing, so negated operators hold",
        of_conditions(negated_without_value),
        given("StringNotEquals", TAG, UNSET, **{TAG: "a"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "policy variables in the ARN of a queue",
        "UG:reference_policies_variables: allowed anywhere after the fifth colon",
        of_resources(queue_as_text),
        asked(
            allow(Resource=QUEUE.replace("alice", "${aws:username}")),
            action="sqs:SendMessage",
            resource=QUEUE,
        ),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "a variable without a value in NotResource",
        "UG:reference_policies_variables: such a pattern matches no resource, so NotResource is "
        "about every one",
        not_resource_without_value,
        asked(
            allow(), {"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:s3:::data/{UNSET}"}
        ),
        "allowed",
        "explicitly_denied",
    ),
    Known(
        "wildcards before the first slash of what IAM, EC2 and KMS have",
        "UG:reference_policies_elements_resource: wildcards may stand anywhere in a segment, and a "
        "slash ends none",
        of_resources(kind_as_text),
        asked(allow(Resource=f"arn:aws:iam::{HERE}:*/alice"), action="iam:GetUser", resource=USER),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "a last * before the fifth colon, in an RCP",
        "UG:reference_policies_elements_resource: a * that ends a segment may pass its colon; the "
        "package does so in other policies",
        short_in_rcp,
        asked(allow(), **rcp(Action="s3:*", Resource="arn:aws:s3:*")),
        "allowed",
        "explicitly_denied",
    ),
    Known(
        "a key that takes several values, without set operator",
        "UG:reference_policies_condition-single-vs-multi-valued-context-keys: a set operator is "
        "required, and what comes without one is not said; ours compares if there is one value, "
        "and else has no answer",
        of_conditions(list_without_set_operator),
        given("StringEquals", TAGS, "a", **{TAGS: ["a"]}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "ForAnyValue with IfExists, the key absent",
        "UG:reference_policies_elements_condition_operators: IfExists may end any operator but "
        "Null, and makes it hold where the key is absent, as ForAnyValue alone does not",
        of_conditions(any_value_if_exists),
        given("ForAnyValue:StringEqualsIfExists", TAGS, "a"),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "ForAllValues where the only value is empty text",
        "UG:reference_policies_elements_condition_operators: ForAllValues also holds where the "
        "values come to nothing, of which empty text is the example",
        of_conditions(empty_is_a_value),
        given("ForAllValues:StringEquals", TAGS, "a", **{TAGS: [""]}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "0.0.0.0/0",
        "UG:reference_policies_elements_condition_operators: ranges are CIDR, so it holds every "
        "IPv4 address",
        of_conditions(no_address_in_all),
        given("IpAddress", IP, "0.0.0.0/0", **{IP: "203.0.113.5"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "an IPv6 address in another spelling",
        "UG:reference_policies_elements_condition_operators: addresses are compared, and RFC 4291 "
        "has several spellings of one",
        of_conditions(ipv6_as_text),
        given("IpAddress", IP, "2001:db8:0:0:0:0:0:5", **{IP: "2001:db8::5"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "NotIpAddress with an address of the other family",
        "UG:reference_policies_elements_condition_operators: holds for all addresses but those "
        "given",
        of_conditions(not_address_of_other_family),
        given("NotIpAddress", IP, "198.51.100.7", **{IP: "2001:db8::5"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "epoch seconds and years are milliseconds",
        "UG:reference_policies_elements_condition_operators: a W3C date, of which a year is one, "
        "or epoch seconds",
        of_conditions(milliseconds),
        given("DateEquals", TIME, "1767225600", **{TIME: "2026-01-01"}),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "NotPrincipal that lists one of a caller's ARNs and not all",
        "UG:reference_policies_elements_notprincipal: account and user are listed, or account and "
        "role; what comes of one of them alone differs by service, and ours has no answer",
        part_of_caller,
        asked(
            allow(),
            trust=policy(
                {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": USER}}
            ),
        ),
        "allowed",
        "error",
    ),
    Known(
        "one session of a role is named, and which one calls is not given",
        "UG:reference_policies_elements_principal: a session's ARN names that session alone, and "
        "ours has no answer",
        no_session_of_role,
        asked(
            principal=f"arn:aws:iam::{HERE}:role/dev",
            trust=policy(allow(Principal={"AWS": SESSION})),
        ),
        "implicitly_denied",
        "error",
    ),
    Known(
        "a federated user's session without session policy",
        "UG:id_credentials_temp_control-access_getfederationtoken: it has no permissions but those "
        "a resource-based policy gives it by name; of sessions in general, another page says that "
        "none counts as one that allows",
        unlimited_federation,
        asked(allow(), principal=FEDERATED),
        "allowed",
        "implicitly_denied",
    ),
    Known(
        "a session that a resource-based policy names, and its session policy",
        "UG:reference_policies_evaluation-logic_policy-eval-denyallow: what it grants to the ARN "
        "of a session, or to everybody, neither boundary nor session policy limits",
        within_session,
        asked(
            principal=SESSION,
            session=policy(allow(Action="ec2:*")),
            trust=policy(allow(Principal={"AWS": SESSION})),
        ),
        "implicitly_denied",
        "allowed",
    ),
    Known(
        "RCPs bind every service",
        "Organizations User Guide, orgs_manage_policies_rcps: they bind the services listed there, "
        "and neither IAM nor EC2 is",
        rcps_for_all,
        asked(
            allow(), action="iam:GetUser", resource=USER, **rcp(Action="iam:GetUser", Resource="*")
        ),
        "explicitly_denied",
        "allowed",
    ),
)


def installed() -> str:
    """The path of Node.js; without the package the test is skipped, but fails where CI runs it."""
    node = need("node")
    if not PACKAGE.is_dir():
        folder = FOLDER.relative_to(ROOT)
        reason = f"{PACKAGE.name} is not installed: npm install --prefix {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return node


def lines(asked: Iterable[Json]) -> bytes:
    return "".join(f"{json.dumps(request)}\n" for request in asked).encode()


def by_package(asked: Sequence[Json]) -> list[Json]:
    """The package's answers, one for each request."""
    done = subprocess.run(
        [installed(), FOLDER / "run.mjs"],
        input=lines(asked),
        env=clean_environment(),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return as_asked(asked, done.stdout.decode().splitlines())


def by_us(asked: Sequence[Json]) -> list[Json]:
    """Our answers, one for each request."""
    return as_asked(asked, answers(io.BytesIO(lines(asked))))


def as_asked(asked: Sequence[Json], found: Iterable[str]) -> list[Json]:
    made = [json.loads(line) for line in found]
    assert [each["id"] for each in made] == [request.get("id") for request in asked]
    return made


def as_package_reads(request: Json, known: Iterable[Known] = KNOWN) -> Json:
    """The request whose documented answer is the package's to this one."""
    # Not `deepcopy`: one document may stand in several places.
    read: Json = json.loads(json.dumps(request))
    for each in known:
        each.habit(read)
    return read


@pytest.mark.parametrize("seed", SEEDS, ids=(*map(str, SEEDS[:-1]), "today"))
def test_every_difference_is_a_known_one(seed: int) -> None:
    """
    Of random requests both have the same outcome; or the package's is the one that ours comes to
    as soon as the known differences are written into the request.
    """
    made = [*requests(seed, COUNT)]
    theirs, ours = by_package(made), by_us(made)
    refused = [each for each in theirs if each["outcome"] == "error"]
    compared = [
        (request, us["outcome"], them["outcome"])
        for request, us, them in zip(made, ours, theirs, strict=True)
        if them["outcome"] != "error"
    ]

    different = [each for each in compared if each[1] != each[2]]
    read = by_us([as_package_reads(request) for request, _, _ in different])
    unexplained = [
        f"ours {us}, the package {them}, as it reads {again['outcome']}: {json.dumps(request)}"
        for (request, us, them), again in zip(different, read, strict=True)
        if again["outcome"] != them
    ]

    assert unexplained == [], f"seed {seed}:\n" + "\n".join(unexplained)
    assert len(refused) <= COUNT // 50, f"seed {seed}: {refused[:3]}"
    assert len(compared) + len(refused) == COUNT
    # Most have to be decided alike as they stand, and every outcome has to come up.
    assert len(different) <= COUNT // 10, f"seed {seed}"
    for outcome in ("allowed", "explicitly_denied", "implicitly_denied"):
        decided = [us for _, us, them in compared if us == them == outcome]
        assert len(decided) >= COUNT // 10, f"seed {seed}: {outcome}"


def test_what_is_known_is_still_so() -> None:
    """Each known difference has a least request that shows it, and it alone explains that."""
    made = [{"id": number, **known.request} for number, known in enumerate(KNOWN)]
    read = [as_package_reads(request, [known]) for request, known in zip(made, KNOWN, strict=True)]

    theirs, ours, again = by_package(made), by_us(made), by_us(read)

    found = zip(KNOWN, ours, theirs, again, strict=True)
    wrong = [
        f"{known.name}: ours {us}, the package {them}, as it reads {reads}"
        for known, us, them, reads in found
        if (us["outcome"], them["outcome"], reads["outcome"])
        != (known.ours, known.package, known.package)
    ]
    assert wrong == []
