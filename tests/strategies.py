"""Random policy documents and profiles, and the ways to respell them or to change what they mean.

Alphabets are small, so that things collide: most mistakes need two equal names to show.
"""

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Statement = dict[str, Any]

# Documented, made-up and wildcard actions, each in AWS's case; no two cover the same.
ACTIONS = (
    "iam:GetUser",
    "iam:Get*",
    "iam:*AccessKey?",
    "iam:ListUsers",
    "s3:GetObject",
    "made-up:thing",
    "*",
)
RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::B",
    "arn:aws:s3:::a?*b",
    "arn:aws:s3:::${*}*",
    "arn:aws:sqs:*:*:*",
    "arn:aws:iam::*:user/${aws:username}",
)
PRINCIPALS = {
    "AWS": ("*", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice"),
    "CanonicalUser": ("79a59df9", "79a59df8"),
    "Federated": ("accounts.google.com", "arn:aws:iam::111122223333:saml-provider/x"),
    "Service": ("ec2.amazonaws.com", "lambda.amazonaws.com"),
}
KEYS = ("aws:MultiFactorAuthPresent", "aws:username", "aws:ResourceTag/team", "s3:prefix", "x:y")
VALUES = {
    "Bool": ("true", "false"),
    "Null": ("true", "false"),
    "NumericLessThan": ("5", "3600", "1.50"),
    "DateGreaterThan": ("2026-01-01T00:00:00Z",),
    "StringEquals": ("a*", "A*", "a**", "true", "3600", "${aws:username}"),
    "StringLike": ("a*", "A*", "?*", "${*}*", "${aws:username}/*"),
    "ForAnyValue:StringNotLike": ("a", "a?"),
    "ArnLike": ("arn:aws:iam::*:user/*", "arn:aws:iam::*:user/a"),
}
GLOB_OPERATORS = re.compile(r"(For\w+:)?(String|Arn)(Not)?Like(IfExists)?")


# Much faster than `st.randoms()`, which draws every number.
randoms = st.integers(0, 2**32 - 1).map(Random)


@cache
def one_of(*items: Any) -> st.SearchStrategy[Any]:
    """One of `items`. Cached: building a strategy costs more than drawing from it."""
    return st.sampled_from(items)


@cache
def some(items: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """A few of `items`, each at most once."""
    return st.lists(one_of(*items), min_size=1, max_size=3, unique=True)


@st.composite
def conditions(draw: st.DrawFn) -> Document:
    """A `Condition` block."""
    block: Document = {}
    for plain in draw(st.just([]) | some(tuple(VALUES))):
        if_exists = plain != "Null" and draw(st.booleans())
        block[plain + "IfExists" * if_exists] = {
            key: draw(some(VALUES[plain])) for key in draw(some(KEYS))
        }
    return block


@st.composite
def statements(draw: st.DrawFn, kind: str) -> Statement:
    """A statement of an identity, trust or bucket policy; every element in its long form."""
    found: Statement = {"Effect": draw(one_of("Allow", "Deny"))}
    if sid := draw(one_of("", "", "Read", "Write")):
        found["Sid"] = sid
    if kind != "identity":
        kinds = draw(some(tuple(PRINCIPALS)))
        who: Any = {k: draw(some(PRINCIPALS[k])) for k in kinds}
        name = draw(one_of("Principal", "Principal", "NotPrincipal"))
        found[name] = "*" if draw(st.integers(0, 4)) == 0 else who
    found[draw(one_of("Action", "NotAction"))] = draw(some(ACTIONS))
    if kind != "trust":
        found[draw(one_of("Resource", "NotResource"))] = draw(some(RESOURCES))
    if block := draw(conditions()):
        found["Condition"] = block
    return found


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A policy document of any kind. One statement has the Sid `Edited`, which no other has."""
    kind = draw(one_of("identity", "trust", "bucket"))
    found = draw(st.lists(statements(kind), min_size=1, max_size=4))
    found[0]["Sid"] = "Edited"
    document = {
        "Version": draw(one_of("2012-10-17", "2008-10-17")),
        "Statement": found,
    }
    if kind == "bucket" and draw(st.booleans()):
        document["Id"] = draw(one_of("One", "one"))
    return document


def respelled(document: Document, random: Random) -> str:
    """A document's text as another person might have written it, with the same meaning."""
    found = [_respelled_statement(s, random) for s in document["Statement"]]
    if random.random() < 0.3:
        found.append(random.choice(found))
    data = {**document, "Statement": _one_or_list(found, random)}
    if data["Version"] == "2008-10-17" and random.random() < 0.5:
        del data["Version"]
    return json.dumps(
        shuffled(data, random), indent=random.choice((None, 1)), ensure_ascii=random.random() < 0.5
    )


def shuffled(data: Any, random: Random) -> Any:
    """JSON data with the keys of every object and the items of every list in another order."""
    if isinstance(data, dict):
        keys = random.sample(list(data), len(data))
        return {key: shuffled(data[key], random) for key in keys}
    if isinstance(data, list):
        return [shuffled(item, random) for item in random.sample(data, len(data))]
    return data


def _respelled_statement(statement: Statement, random: Random) -> Statement:
    found: Statement = {}
    for name, value in statement.items():
        if name.endswith("Action"):
            found[name] = _items([_any_case(_globs(a, random), random) for a in value], random)
        elif name.endswith("Resource"):
            globs = [_globs(item, random) for item in value]
            if "Principal" not in statement and "NotPrincipal" not in statement:
                globs = [_shortened(item, random) for item in globs]
            found[name] = _items(globs, random)
        elif name.endswith("Principal") and isinstance(value, dict):
            found[name] = {
                kind: _items([_account(i, random) for i in ids], random)
                for kind, ids in value.items()
            }
        elif name == "Condition":
            found[name] = {
                operator: {
                    _any_case(key, random): _items(_values(operator, values, random), random)
                    for key, values in keys.items()
                }
                for operator, keys in value.items()
            }
        else:
            found[name] = value
    for name, nothing in (("Sid", ""), ("Condition", {})):
        if name not in found and random.random() < 0.3:
            found[name] = nothing
    return found


def _items(items: list[Any], random: Random) -> Any:
    return _one_or_list(items + random.sample(items, random.randint(0, len(items))), random)


def _one_or_list(items: list[Any], random: Random) -> Any:
    return items[0] if len(items) == 1 and random.random() < 0.5 else items


def _any_case(text: str, random: Random) -> str:
    return "".join(random.choice((c.lower(), c.upper())) for c in text)


def _globs(pattern: str, random: Random) -> str:
    """Runs of wildcards that match the same texts, anywhere but in a variable."""
    pieces = re.split(r"(\$\{[^}]*\}|\*)", pattern)
    return "".join(random.choice(("*", "**", "***")) if p == "*" else p for p in pieces)


def _shortened(arn: str, random: Random) -> str:
    return "arn:aws:sqs" if arn == "arn:aws:sqs:*:*:*" and random.random() < 0.5 else arn


def _account(principal: str, random: Random) -> str:
    account = re.fullmatch(r"arn:aws:iam::(\d{12}):root", principal)
    return account[1] if account and random.random() < 0.5 else principal


def _values(operator: str, values: list[str], random: Random) -> list[Any]:
    """Values with or without quotation marks, where JSON has a word or a number for them."""
    if GLOB_OPERATORS.fullmatch(operator):
        return [_globs(value, random) for value in values]
    bare = {"true": True, "false": False, "5": 5, "3600": 3600}
    return [bare.get(v, v) if random.random() < 0.5 else v for v in values]


def edited(document: Document, random: Random) -> tuple[str, Document]:
    """The name of an edit that changes what a document means, and the document after it."""
    for edit in random.sample(EDITS, len(EDITS)):
        copy: Document = json.loads(json.dumps(document))
        if edit(copy, copy["Statement"][0], random):
            return edit.__name__.strip("_"), copy
    raise AssertionError("no edit applies to this document")


def _effect(_: Document, s: Statement, __: Random) -> bool:
    s["Effect"] = "Deny" if s["Effect"] == "Allow" else "Allow"
    return True


def _negation(_: Document, s: Statement, random: Random) -> bool:
    name = random.choice([n for n in s if n.endswith(("Action", "Resource", "Principal"))])
    return _renamed(s, name, name[3:] if name.startswith("Not") else f"Not{name}")


def _one_item_more(_: Document, s: Statement, random: Random) -> bool:
    random.choice(_lists(s)).append("something:new")
    return True


def _one_item_less(_: Document, s: Statement, random: Random) -> bool:
    long = [items for items in _lists(s) if len(items) > 1]
    if long:
        random.choice(long).pop()
    return bool(long)


def _case_of_an_item(_: Document, s: Statement, random: Random) -> bool:
    cased = [items for items in _lists(s, actions=False) if _has_case(items[0])]
    if cased:
        items = random.choice(cased)
        items[0] = items[0].swapcase()
    return bool(cased)


def _operator(_: Document, s: Statement, random: Random) -> bool:
    block = s.get("Condition", {})
    free = [o for o in ("IpAddress", "StringNotEquals", "NumericEquals") if o not in block]
    return bool(block) and _renamed(block, random.choice(list(block)), random.choice(free))


def _if_exists(_: Document, s: Statement, random: Random) -> bool:
    block = s.get("Condition", {})
    operators = [o for o in block if o != "Null"]
    if not operators:
        return False
    name = random.choice(operators)
    without = name.removesuffix("IfExists")
    return _renamed(block, name, without if without != name else f"{name}IfExists")


def _condition_key(_: Document, s: Statement, random: Random) -> bool:
    block = s.get("Condition", {})
    return bool(block) and _renamed(block[random.choice(list(block))], None, "aws:userid")


def _no_condition(_: Document, s: Statement, __: Random) -> bool:
    return s.pop("Condition", None) is not None


def _principal_type(_: Document, s: Statement, __: Random) -> bool:
    who = s.get("Principal", s.get("NotPrincipal"))
    free = [kind for kind in PRINCIPALS if who and kind not in who]
    return isinstance(who, dict) and bool(free) and _renamed(who, None, free[0])


def _anyone(_: Document, s: Statement, __: Random) -> bool:
    name = "Principal" if "Principal" in s else "NotPrincipal"
    if name in s:
        s[name] = {"AWS": ["*"]} if s[name] == "*" else "*"
    return name in s


def _sid(_: Document, s: Statement, random: Random) -> bool:
    s["Sid"] = random.choice(("", "edited", "Edited2"))
    return True


def _version(document: Document, _: Statement, __: Random) -> bool:
    document["Version"] = "20" + {"12": "08", "08": "12"}[document["Version"][2:4]] + "-10-17"
    return True


def _one_statement_less(document: Document, _: Statement, __: Random) -> bool:
    return len(document["Statement"]) > 1 and bool(document["Statement"].pop(0))


EDITS: tuple[Callable[[Document, Statement, Random], bool], ...] = (
    _effect,
    _negation,
    _one_item_more,
    _one_item_less,
    _case_of_an_item,
    _operator,
    _if_exists,
    _condition_key,
    _no_condition,
    _principal_type,
    _anyone,
    _sid,
    _version,
    _one_statement_less,
)


def _lists(s: Statement, *, actions: bool = True) -> list[list[str]]:
    """Every list of a statement whose items mean something each."""
    found = [v for n, v in s.items() if n.endswith("Resource") or (actions and "Action" in n)]
    for name in ("Principal", "NotPrincipal"):
        found += s[name].values() if isinstance(s.get(name), dict) else ()
    return found + [v for keys in s.get("Condition", {}).values() for v in keys.values()]


def _has_case(item: str) -> bool:
    """Whether the case of an item counts: not of truth values, nor of the name of a variable."""
    return item not in ("true", "false") and item.swapcase() != item and "${aws" not in item


def _renamed(data: Document, old: str | None, new: str) -> bool:
    """Give one key of an object another name, unless that is there already."""
    if new in data:
        return False
    data[new] = data.pop(old if old is not None else next(iter(data)))
    return True


PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-f")
ACCOUNTS = ("111122223333", "012345670123", "000000000000")
DEVICES = ("virtual-totp", "security-key", "hardware-totp")
PATHS = ("/", "/team/", "/team/a.b+c=d@e/")
OPTIONS = ("access_keys", "ssh_public_keys", "signing_certificates", "service_specific_credentials")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, or None for a key that is left out."""
    return st.none() | strategy


def given_keys(**keys: Any) -> Document:
    """A mapping without the keys that are left out."""
    return {key: value for key, value in keys.items() if value is not None}


@st.composite
def password_policies(draw: st.DrawFn) -> Any:
    """What a profile can say of the account's password policy, in all its forms."""
    inline = st.fixed_dictionaries(
        {},
        optional={
            "MinimumPasswordLength": st.integers(6, 128),
            "RequireSymbols": st.booleans(),
            "AllowUsersToChangePassword": st.booleans(),
            "ExpirePasswords": st.booleans(),
            "MaxPasswordAge": st.integers(0, 1095),
            "PasswordReusePrevention": st.integers(1, 24),
            "HardExpiry": st.booleans(),
        },
    )
    return draw(maybe(st.just("none") | st.just("password-policies/production.json") | inline))


@st.composite
def mfas(draw: st.DrawFn, partition: str) -> Document:
    """The `mfa` of a profile that works in a partition."""
    devices = ["virtual-totp"] if partition == "aws-cn" else draw(some(DEVICES))
    levels = st.sampled_from((["L1"], ["L2", "L3"], ["L1", "L2", "L3"]))
    certification = given_keys(
        fido=draw(maybe(levels)), fips_140_2=draw(maybe(levels)), fips_140_3=draw(maybe(levels))
    )
    return given_keys(
        devices=devices,
        certification=(certification or None) if "security-key" in devices else None,
        max_age=draw(maybe(st.sampled_from(("1s", "90m", "12h")))),
    )


@st.composite
def trusts(draw: st.DrawFn) -> Document:
    """Who may assume a role, in each of the ways that go together."""
    organization = draw(maybe(st.just("o-a1b2c3d4e5")))
    accounts = draw(maybe(some(ACCOUNTS)))
    ways: list[Document] = [{}, {"users_under": draw(st.sampled_from(PATHS))}]
    if len(accounts or ()) == 1 or (not accounts and not organization):
        ways.append({"users": draw(some(("alice", "team/bob", "a.b+c=d@e/eve")))})
    way = draw(st.sampled_from(ways))
    return given_keys(accounts=accounts, organization=organization, **way)


@st.composite
def roles(draw: st.DrawFn, name: str, partition: str) -> Document:
    """One role of a profile in a partition."""
    policy = f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"
    statements_file = maybe(st.just("permissions/deploy.json")) if partition == "aws" else st.none()
    tags = maybe(st.sampled_from(({"Project": ["blue", "green"]}, {"a b": [], "C": ["x"]})))
    return given_keys(
        name=name,
        description=draw(maybe(st.just("Läuft."))),
        path=draw(maybe(st.sampled_from(PATHS))),
        account=draw(maybe(st.sampled_from(ACCOUNTS))),
        trust=draw(maybe(trusts())),
        mfa_max_age=draw(maybe(st.sampled_from(("59s", "1h")))),
        max_session=draw(maybe(st.sampled_from(("1h", "90m", "43200s")))),
        session_name_is_username=draw(maybe(st.booleans())),
        external_id=draw(maybe(st.just("ex:ternal/1"))),
        source_identity_is_username=draw(maybe(st.booleans())),
        session_tags=draw(tags),
        permissions=given_keys(
            managed=draw(maybe(st.just([policy]))), statements=draw(statements_file)
        ),
        permissions_boundary=draw(maybe(st.just(f"arn:{partition}:iam::aws:policy/b"))),
    )


@st.composite
def denies(draw: st.DrawFn) -> Document:
    """The `deny` of a profile."""
    actions = draw(some(("iam:ListUsers", "IAM:getloginprofile", "sts:GetCallerIdentity")))
    exempt = [{"action": action, "reason": "needed"} for action in actions]
    return given_keys(
        except_via_aws_service=draw(maybe(st.booleans())),
        exempt_before_mfa=draw(maybe(st.just(exempt))),
    )


@st.composite
def profiles(draw: st.DrawFn) -> Document:
    """The data of a profile that works, using any part of the format."""
    partition = draw(st.sampled_from(PARTITIONS))
    direct = draw(st.booleans())
    mfa = draw(mfas(partition))
    names = draw(st.lists(st.sampled_from(("dev", "Ops", "a.b+c", "x_=,@-")), unique=True))
    cli = given_keys(
        mfa_session=draw(maybe(st.booleans())) if mfa["devices"] != ["security-key"] else None,
        aws_login=draw(maybe(st.booleans())),
    )
    return given_keys(
        name=draw(one_of("a", "team-1", "0")),
        description=draw(one_of("Für alle: „x“", "no", "1")),
        archetype="direct-user-deny" if direct else "role-assumption-with-mfa-trust",
        account=given_keys(
            id=draw(st.sampled_from(ACCOUNTS)),
            partition=partition,
            password_policy=draw(password_policies()),
            console_authorization=draw(maybe(st.booleans())) if partition == "aws" else None,
        ),
        users=draw(maybe(st.fixed_dictionaries({"path": st.sampled_from(PATHS)}))),
        mfa=mfa,
        self_service={option: draw(st.booleans()) for option in draw(some(OPTIONS))},
        cli=cli,
        deny=draw(maybe(denies())) if direct else None,
        attach=draw(maybe(st.sampled_from(("managed", "group-inline", "user-inline")))),
        roles=[draw(roles(name, partition)) for name in names],
    )


# What people and editors leave where something else belongs.
ODD_TEXT = ("", " ", "\n", "no", "none", "aws", "12", "1h", "x\n", "é", "/", "//", "..", "*")
ODD_NAMES = ("arn:aws:iam::111122223333:user/x", "111122223333\n", "iam:GetUser", "o-a1b2c3d4e5")
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53,
    [],
    {},
    [None],
    [[]],
    ["x"],
    {"x": 1},
    [{}],
)
ODD = one_of(*ODD_TEXT, *ODD_NAMES) | st.sampled_from(ODD_VALUES).map(copy.deepcopy)


def mutated(profile: Document, data: st.DataObject) -> Any:
    """A profile with a few values dropped, added, replaced or bent."""
    profile = copy.deepcopy(profile)
    for _ in range(data.draw(st.integers(1, 3))):
        places: list[tuple[Any, Any]] = (
            [(profile, key) for key in profile] if isinstance(profile, dict) else []
        )
        for container, key in places:
            inner = container[key]
            if isinstance(inner, (dict, list)):
                keys = list(inner) if isinstance(inner, dict) else range(len(inner))
                places += [(inner, k) for k in keys]
        if not places:
            return data.draw(ODD)
        container, key = data.draw(st.sampled_from(places))
        value = container[key]
        bent = [value * 2, f"{value}\n", f" {value}", value.upper()] if type(value) is str else []
        how = data.draw(st.sampled_from(("drop", "add", "replace", "bend", "repeat")))
        if how == "drop":
            del container[key]
        elif how == "add" and isinstance(container, dict):
            name = data.draw(one_of("x", "Name", "<<", "users", "account"))
            container[name] = copy.deepcopy(value)
        elif how == "repeat" and isinstance(value, list):
            container[key] = value * data.draw(st.sampled_from((2, 30)))
        elif how == "bend" and bent:
            container[key] = data.draw(st.sampled_from(bent))
        else:
            container[key] = data.draw(ODD)
    return profile
