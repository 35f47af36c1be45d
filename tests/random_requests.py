"""Random requests for differential tests, in the shape `gen simulate --jsonl` reads.

The alphabets are small so that policies and requests collide. Actions, resources and context keys
are real and fit each other, since the package the answers are compared with validates them.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Json = dict[str, Any]

HERE = "111122223333"
THERE = "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"

CALLERS = {
    "user": ("user/alice", "user/team/bob"),
    "session": ("assumed-role/dev/alice", "assumed-role/ops/s1"),
    "role": ("role/dev", "role/team/ops"),
    "federated": ("federated-user/carol",),
}

# Account-owned resources; {} is the account.
USERS = (
    "arn:aws:iam::{}:user/alice",
    "arn:aws:iam::{}:user/team/bob",
    "arn:aws:iam::{}:user/team/alice",
)
ROLES = ("arn:aws:iam::{}:role/target", "arn:aws:iam::{}:role/team/dev")
OBJECTS = ("arn:aws:s3:::data/alice/a:b", "arn:aws:s3:::data/x/report", "arn:aws:s3:::logs/x")
BUCKETS = ("arn:aws:s3:::data", "arn:aws:s3:::logs")
KEYS = (f"arn:aws:kms:us-east-1:{{}}:key/{KEY_ID}",)
QUEUES = ("arn:aws:sqs:us-east-1:{}:alice", "arn:aws:sqs:eu-west-1:{}:jobs")
INSTANCES = ("arn:aws:ec2:us-east-1:{}:instance/i-1", "arn:aws:ec2:eu-west-1:{}:instance/i-2")
MFAS = ("arn:aws:iam::{}:mfa/alice", "arn:aws:iam::{}:mfa/team/bob")
ANY = ("*",)

ACTIONS: dict[str, Sequence[str]] = {
    "iam:GetUser": USERS,
    "iam:ChangePassword": USERS,
    "iam:EnableMFADevice": USERS,
    "iam:DeactivateMFADevice": USERS,
    "iam:CreateAccessKey": USERS,
    "iam:TagUser": USERS,
    "iam:CreateVirtualMFADevice": MFAS,
    "iam:ListUsers": ANY,
    "iam:GetAccountPasswordPolicy": ANY,
    "sts:AssumeRole": ROLES,
    "sts:TagSession": ROLES,
    "sts:GetCallerIdentity": ANY,
    "sts:GetSessionToken": ANY,
    "s3:GetObject": OBJECTS,
    "s3:PutObject": OBJECTS,
    "s3:ListBucket": BUCKETS,
    "ec2:RunInstances": INSTANCES,
    "ec2:DescribeInstances": ANY,
    "kms:Decrypt": KEYS,
    "kms:DescribeKey": KEYS,
    "sqs:SendMessage": QUEUES,
}
NAMES = tuple(ACTIONS)
WEIGHTS = tuple(1 if resources is ANY else 3 for resources in ACTIONS.values())
WITH_POLICY = {"sts:AssumeRole", "sts:TagSession"}  # beside the services below
POLICY_SERVICES = {"s3", "kms", "sqs"}
TRUST_DECIDES = {"kms"}

MFA = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
IP = "aws:SourceIp"
TIME = "aws:CurrentTime"
TAGS = "aws:TagKeys"

# What each key holds in a request, and what policies compare it with.
TEXT_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aws:PrincipalTag/x": (
        ("a", "b", "alice", "A"),
        (
            "a",
            "b",
            "a*",
            "?",
            "${aws:username}",
            "${aws:PrincipalTag/y, 'a'}",
            "${aws:RequestTag/x}",
        ),
    ),
    "aws:PrincipalTag/y": (("a", "b", ""), ("a", "", "*", "${aws:PrincipalTag/x}")),
    "aws:RequestTag/x": (("a", "b", "*"), ("a", "b", "${*}", "${aws:PrincipalTag/x}")),
    "aws:RequestedRegion": (("us-east-1", "eu-west-1"), ("us-east-1", "eu-*", "??-west-1")),
    "aws:PrincipalOrgID": (("o-1", "o-2"), ("o-1", "o-*", "O-1")),
    "aws:username": ((), ("alice", "bob", "a*", "${aws:PrincipalTag/x}")),
    "aws:PrincipalAccount": ((), (HERE, THERE, "${aws:ResourceAccount}")),
    "aws:ResourceAccount": ((), (HERE, THERE, "${aws:PrincipalAccount}")),
    "aws:PrincipalType": ((), ("User", "AssumedRole", "FederatedUser", "user")),
    "s3:prefix": (("alice/", "x/", ""), ("${aws:username}/", "x/*", "", "alice/")),
    "sts:ExternalId": (("e1", "e2"), ("e1", "e?", "E1")),
}
FOR_ACTION = {"s3:prefix": {"s3:ListBucket"}, "sts:ExternalId": {"sts:AssumeRole"}}
BOOL_KEYS = (MFA, "aws:SecureTransport", "aws:ViaAWSService")
LIST_KEYS = {
    TAGS: (("a", "b", "c"), ("a", "b", "a*", "${aws:PrincipalTag/x}")),
    "aws:PrincipalOrgPaths": (("o-1/r-1/", "o-1/r-1/ou-1/"), ("o-1/*", "o-1/r-1/", "o-2/*")),
}
AGES = ("10", "3600", "99.5")
AGE_LIMITS = ("10", "99.5", "3600", "3601", "-1")
TIMES = ("2026-01-01T00:00:00Z", "2026-07-01T12:30:00Z")
TIME_LIMITS = (
    "2026-01-01T00:00:00Z",
    "2026-03-01",
    "2026-07-01T12:30Z",
    "2026-07-01T14:30:00+02:00",
    "2027-01-01T00:00:00Z",
)
RARE_TIME_LIMITS = ("2026", "1767225600")
ADDRESSES = ("203.0.113.5", "198.51.100.7", "2001:db8::5")
RANGES = (
    "203.0.113.0/24",
    "198.51.100.7",
    "203.0.113.77/25",
    "128.0.0.0/1",
    "2001:db8::/32",
    "10.0.0.0/8",
)
RARE_RANGES = ("0.0.0.0/0", "::/0", "2001:db8:0:0:0:0:0:5")
ARNS = (
    f"arn:aws:iam::{HERE}:user/*",
    f"arn:aws:iam::{HERE}:role/dev",
    "arn:aws:iam::*:user/alice",
    f"arn:aws:iam::{HERE}:user/${{aws:username}}",
    "arn:aws:iam::1111????3333:*",
    "arn:*:iam::*:role/*",
    "arn:aws:sts::*:*",
)
EQUALS = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
TEXTS = (*EQUALS, "StringLike", "StringNotLike")
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
ARN_TESTS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")

FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
RCP_FULL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.action = ""
        self.resource = ""
        self.principal = ""
        self.kind = ""
        self.denies = 0.0  # how likely a statement denies, for this request
        self.fits = 0.0  # how likely an action or a resource is written to match

    def chance(self, likelihood: float) -> bool:
        return self.rng.random() < likelihood

    def one_or_more(self, make: Callable[[], str]) -> str | list[str]:
        values = list(dict.fromkeys(make() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))))
        return values[0] if len(values) == 1 and self.chance(0.6) else values

    # Requests.

    def request(self, number: int) -> Json:
        rng = self.rng
        # Most statements in most policies must fit for anything to be allowed at all.
        self.denies, self.fits = rng.choice(((0.05, 0.93), (0.32, 0.88), (0.1, 0.5)))
        self.kind = rng.choices(tuple(CALLERS), (8, 5, 1, 1))[0]
        name = rng.choice(CALLERS[self.kind])
        service = "iam" if self.kind in ("user", "role") else "sts"
        self.principal = f"arn:aws:{service}::{HERE}:{name}"
        self.action = rng.choices(NAMES, WEIGHTS)[0]
        account = THERE if self.has_policy() and self.chance(0.25) else HERE
        if self.chance(0.02):
            account = THERE
        self.resource = rng.choice(ACTIONS[self.action]).format(account)
        if self.kind == "user" and ACTIONS[self.action] is USERS and self.chance(0.5):
            self.resource = self.principal
        made: Json = {
            "id": number,
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
        }
        if account != HERE or self.chance(0.5):
            made["account"] = account
        made["context"] = self.context()
        made["identity"] = self.policies((1, 1, 2, 3)) if self.chance(0.95) else []
        self.add_policy(made, account)
        self.add_limits(made)
        self.add_service_rules(made)
        return made

    def has_policy(self) -> bool:
        return self.action in WITH_POLICY or self.service() in POLICY_SERVICES

    def service(self) -> str:
        return self.action.partition(":")[0]

    def add_policy(self, made: Json, account: str) -> None:
        if not self.has_policy():
            return
        # A KMS key always has a policy; whether a request without one is answered is no question.
        likelihood = 0.9 if account != HERE or self.action in WITH_POLICY else 0.5
        if self.service() in TRUST_DECIDES or self.chance(likelihood):
            made["trust"] = self.document(
                lambda: self.resource_statement(), (1, 1, 2, 3), self.old_version(0.01)
            )
        elif self.chance(0.3):
            made["trust"] = None

    def add_limits(self, made: Json) -> None:
        if self.kind != "federated" and self.chance(0.25):
            made["boundary"] = self.limits() if self.chance(0.95) else []
        if self.kind == "federated" or (self.kind in ("session", "role") and self.chance(0.3)):
            made["session"] = self.limits()[0] if self.chance(0.9) else None
        if self.chance(0.25):
            made["scps"] = [
                [FULL] if self.chance(0.3) else self.limits()
                for _ in range(self.rng.choice((1, 2, 3)))
            ]
        if self.chance(0.15):
            made["rcps"] = [
                [RCP_FULL, *([self.rcp()] if self.chance(0.6) else [])]
                for _ in range(self.rng.choice((1, 2)))
            ]

    def add_service_rules(self, made: Json) -> None:
        if self.service() != "iam" or not self.chance(0.05):
            return
        made["mfa_device"] = self.rng.choice((True, False))
        made["password_policy"] = {"AllowUsersToChangePassword": self.rng.choice((True, False))}

    # Policies.

    def policies(self, sizes: Sequence[int]) -> list[Json]:
        return [
            self.document(lambda: self.statement(), (1, 1, 2, 3), self.old_version(0.02))
            for _ in range(self.rng.choice(sizes))
        ]

    def limits(self) -> list[Json]:
        fits = self.fits
        self.fits = max(fits, 0.9)
        made = self.policies((1, 1, 2))
        if self.chance(0.5):
            made[0]["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.fits = fits
        return made

    def old_version(self, likelihood: float) -> str:
        return "2008-10-17" if self.chance(likelihood) else "2012-10-17"

    def document(
        self, statement: Callable[[], Json], sizes: Sequence[int], version: str
    ) -> dict[str, Any]:
        statements = [statement() for _ in range(self.rng.choice(sizes))]
        for number, each in enumerate(statements):
            if self.chance(0.5):
                each["Sid"] = f"S{number}"
        return {"Version": version, "Statement": statements}

    def statement(self) -> Json:
        made: Json = {"Effect": "Deny" if self.chance(self.denies) else "Allow"}
        self.put(made, "Action", self.action_pattern)
        self.put(made, "Resource", self.resource_pattern)
        self.put_condition(made)
        return made

    def resource_statement(self) -> Json:
        made: Json = {"Effect": "Deny" if self.chance(self.denies) else "Allow"}
        role = self.action in WITH_POLICY
        if made["Effect"] == "Deny" and not role and self.chance(0.2):
            made["NotPrincipal"] = self.not_principal()
        else:
            made["Principal"] = self.principals()
        if role:
            made["Action"] = self.one_or_more(self.action_pattern)
        else:
            self.put(made, "Action", self.action_pattern)
            self.put(made, "Resource", self.resource_pattern)
        self.put_condition(made)
        return made

    def rcp(self) -> Json:
        def statement() -> Json:
            made: Json = {"Effect": "Deny", "Principal": "*"}
            made["Action"] = self.one_or_more(self.rcp_action)
            made["Resource"] = self.one_or_more(self.resource_pattern)
            self.put_condition(made, 0.7)
            return made

        return self.document(statement, (1, 1, 2), "2012-10-17")

    def rcp_action(self) -> str:
        if self.chance(0.15):
            return f"{self.service()}:*"
        return self.rng.choice(("s3:*", "sts:AssumeRole", "kms:*", "sqs:Send*", "s3:Put*"))

    def put(self, made: Json, element: str, pattern: Callable[[], str]) -> None:
        if self.chance(0.12):
            fits = self.fits
            self.fits = 1 - fits
            made[f"Not{element}"] = self.one_or_more(pattern)
            self.fits = fits
        else:
            made[element] = self.one_or_more(pattern)

    # Patterns.

    def action_pattern(self) -> str:
        rng = self.rng
        if not self.chance(self.fits):
            return rng.choice(NAMES)
        service, _, name = self.action.partition(":")
        cut = rng.randrange(1, len(name))
        return rng.choice(
            (
                "*",
                f"{service}:*",
                self.action,
                self.action.lower(),
                f"{service.upper()}:{name}",
                f"{service}:{name[:cut]}*",
                f"{service}:*{name[cut:]}",
                f"{service}:{name[:cut]}?{name[cut + 1:]}",
                f"{service}:{name[:cut]}?*",
            )
        )

    def resource_pattern(self) -> str:
        rng = self.rng
        if not self.chance(self.fits):
            kind = rng.choice((USERS, OBJECTS, BUCKETS, QUEUES, ROLES))
            return rng.choice(kind).format(rng.choice((HERE, THERE)))
        if self.resource == "*" or self.chance(0.35):
            return "*"
        arn, partition, service, region, account, rest = self.resource.split(":", 5)
        # Less often before the first slash, where the other evaluator reads wildcards otherwise.
        first = rest.find("/") + 1 if self.chance(0.9) else 0
        cut = rng.randrange(first + 1, len(rest) + 1)
        head = f"{arn}:{partition}:{service}:{region}:{account}"
        named = rest.replace("alice", "${aws:username}")
        tagged = rest.replace("alice", "${aws:PrincipalTag/x, 'alice'}")
        return rng.choice(
            (
                self.resource,
                f"{head}:{rest[:cut]}*",
                f"{head}:{rest[:cut]}?{rest[cut + 1:]}",
                f"{head}:{rest[:first]}*{rest[cut:]}",
                f"{head}:{named}",
                f"{head}:{tagged}",
                f"{arn}:*:{service}:*:*:{rest}",
                f"{arn}:{partition}:{service}:*",
                f"{arn}:{partition}:{service}:{region}:{account[:4]}*:{rest}",
                f"{arn}:{partition}:{service}:{region}:*",
                f"{head}:{rest.partition('/')[0]}/${{aws:PrincipalTag/y}}",
            )
        )

    # Principals.

    def principals(self) -> Any:
        rng = self.rng
        roll = rng.random()
        if roll < 0.07:
            return "*"
        if roll < 0.12:
            return {"AWS": "*"}
        if roll < 0.15:
            return {"Service": "ec2.amazonaws.com"}
        if roll < 0.17:
            return {"Federated": "cognito-identity.amazonaws.com"}
        if roll < 0.22:
            return {"AWS": self.one_or_more(self.named), "Service": "ec2.amazonaws.com"}
        return {"AWS": self.one_or_more(self.named)}

    def named(self) -> str:
        rng = self.rng
        if self.chance(self.fits):
            return rng.choice(self.own_names())
        return rng.choice(
            (
                THERE,
                f"arn:aws:iam::{THERE}:root",
                f"arn:aws:iam::{HERE}:user/zed",
                f"arn:aws:iam::{HERE}:user/alice",
                f"arn:aws:iam::{HERE}:role/zed",
                f"arn:aws:sts::{HERE}:assumed-role/dev/zed",
                f"arn:aws:iam::{THERE}:role/dev",
            )
        )

    def own_names(self) -> list[str]:
        return [*self.identities(), f"arn:aws:iam::{HERE}:root", HERE]

    def identities(self) -> list[str]:
        """The caller's ARNs below its account."""
        if self.kind != "session":
            return [self.principal]
        role = self.principal.split("/")[1]
        return [self.principal, f"arn:aws:iam::{HERE}:role/{role}"]

    def not_principal(self) -> Any:
        roll = self.rng.random()
        if roll < 0.5:
            return {"AWS": [*self.identities(), f"arn:aws:iam::{HERE}:root"]}
        if roll < 0.9:
            return {"AWS": f"arn:aws:iam::{HERE}:user/zed"}
        return {"AWS": self.one_or_more(self.named)}

    # Conditions.

    def put_condition(self, made: Json, likelihood: float = 0.0) -> None:
        # Deny statements test something more often, else nearly all requests are denied.
        if not self.chance(likelihood or (0.5 if made["Effect"] == "Deny" else 0.25)):
            return
        condition: dict[str, dict[str, Any]] = {}
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            operator, key, values = self.test()
            block = condition.setdefault(operator, {})
            if key.lower() not in (before.lower() for before in block):
                block[key] = values
        made["Condition"] = condition

    def test(self) -> tuple[str, str, Any]:
        rng = self.rng
        kind = rng.choices(
            ("text", "bool", "null", "list", "age", "time", "ip", "arn", "binary"),
            (6, 5, 3, 4, 3, 2, 3, 3, 0.2),
        )[0]
        if kind == "null":
            key = rng.choice((*TEXT_KEYS, *BOOL_KEYS, AGE, IP, TAGS))
            return "Null", key, rng.choice(("true", "false"))
        if kind == "list":
            return self.set_test()
        if kind == "text":
            key = rng.choice(tuple(TEXT_KEYS))
            operator, values = rng.choice(TEXTS), TEXT_KEYS[key][1]
        elif kind == "bool":
            key, operator, values = rng.choice((MFA, MFA, *BOOL_KEYS)), "Bool", ("true", "false")
            if self.chance(0.1):
                values = ("True", "FALSE")
        elif kind == "age":
            key, operator, values = AGE, f"Numeric{rng.choice(ORDERS)}", AGE_LIMITS
        elif kind == "time":
            key, operator, values = TIME, f"Date{rng.choice(ORDERS)}", TIME_LIMITS
            if self.chance(0.05):
                values = RARE_TIME_LIMITS
        elif kind == "ip":
            key, operator, values = IP, rng.choice(("IpAddress", "NotIpAddress")), RANGES
            if self.chance(0.05):
                values = RARE_RANGES
        elif kind == "arn":
            key, operator, values = "aws:PrincipalArn", rng.choice(ARN_TESTS), (*ARNS, *USERS[:1])
        else:
            key, operator, values = "aws:PrincipalTag/x", "BinaryEquals", ("YQ==", "Yg==")
        if self.chance(0.35):
            operator += "IfExists"
        if self.chance(0.01):
            operator = f"{rng.choice(('ForAllValues', 'ForAnyValue'))}:{operator}"
        choice = tuple(
            value.format(HERE) if kind == "arn" and "{}" in value else value for value in values
        )
        return operator, self.spelled(key), self.one_or_more(lambda: rng.choice(choice))

    def set_test(self) -> tuple[str, str, Any]:
        rng = self.rng
        key = rng.choice((TAGS, *LIST_KEYS))
        operator = f"{rng.choice(('ForAllValues', 'ForAnyValue'))}:{rng.choice(TEXTS)}"
        if self.chance(0.03):
            operator = rng.choice(TEXTS)
        if self.chance(0.1):
            operator += "IfExists"
        return operator, self.spelled(key), self.one_or_more(lambda: rng.choice(LIST_KEYS[key][1]))

    def spelled(self, key: str) -> str:
        return key.lower() if self.chance(0.1) else key

    # The context.

    def context(self) -> Json:
        rng = self.rng
        made: Json = {}
        for key, (values, _) in TEXT_KEYS.items():
            fits = self.action in FOR_ACTION.get(key, {self.action})
            if values and fits and self.chance(0.5):
                made[self.spelled(key)] = rng.choice(values)
        for key in BOOL_KEYS:
            if self.chance(0.6):
                made[self.spelled(key)] = rng.choice(("true", "false"))
        if "true" in (made.get(MFA), made.get(MFA.lower())) or self.chance(0.1):
            made[AGE] = rng.choice(AGES)
        if self.chance(0.8):
            made[IP] = rng.choice(ADDRESSES)
        if self.chance(0.9):
            made[TIME] = rng.choice(TIMES)
        for key, (values, _) in LIST_KEYS.items():
            if self.chance(0.5):
                made[key] = sorted(rng.sample(values, rng.randint(0, len(values))))
                if self.chance(0.04):
                    made[key] = [""]
        if self.chance(0.03):
            absent = rng.choice(("aws:username", "aws:PrincipalArn", MFA))
            made.pop(absent.lower(), None)
            made[absent] = None
        return made


def requests(seed: int, count: int) -> Iterator[Json]:
    """Yield `count` random requests, the same ones for the same seed."""
    maker = _Maker(random.Random(seed))  # noqa: S311 - tests need repeatable, not secret, numbers
    for number in range(count):
        yield maker.request(number)
