"""The values a profile takes: IAM's names, paths and ids, and the choices of this product."""

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

Partition: TypeAlias = Literal[
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
]
Archetype: TypeAlias = Literal["direct-user-deny", "role-assumption-with-mfa-trust"]
Device: TypeAlias = Literal["virtual-totp", "security-key", "hardware-totp"]
Attachment: TypeAlias = Literal["managed", "group-inline", "user-inline"]
FidoLevel: TypeAlias = Literal["L1", "L1plus", "L2", "L2plus", "L3", "L3plus"]
FipsLevel: TypeAlias = Literal["L1", "L2", "L3", "L4"]


def _lexical(
    pattern: str, rule: str, *, min_length: int | None = None, max_length: int | None = None
) -> Meta:
    """A pattern (the end is the end: no newline after it) and its rule in words.

    `patternErrorMessage` is what editors with YAML support show; our own messages use it too.
    """
    return Meta(
        pattern=f"^{pattern}$(?!\\n)",
        min_length=min_length,
        max_length=max_length,
        extra_json_schema={"patternErrorMessage": rule},
    )


# Lexical rules: botocore's IAM and STS service models (userNameType, roleNameType, pathType,
# externalIdType, tagKeyType, tagValueType). Names of profiles become folders, so they are narrower:
# some file systems fold case.
ProfileName: TypeAlias = Annotated[
    str,
    _lexical(
        r"[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        "lower-case letters, digits and hyphens, as in `product-team`",
        max_length=64,
    ),
]
AccountId: TypeAlias = Annotated[str, _lexical(r"[0-9]{12}", "12 digits, in quotes")]
RoleName: TypeAlias = Annotated[
    str, _lexical(r"[A-Za-z0-9_+=,.@-]+", "letters, digits and any of _+=,.@-", max_length=64)
]
Path: TypeAlias = Annotated[
    str,
    _lexical(
        r"/([A-Za-z0-9.,+@=_-]+/)*",
        "a path that starts and ends with `/`, as in `/platform/`",
        max_length=512,
    ),
]
# A named user as in an ARN after `user/`: the path, if there is one, and the name.
UserName: TypeAlias = Annotated[
    str,
    _lexical(
        r"([A-Za-z0-9.,+@=_-]+/)*[A-Za-z0-9_+=,.@-]{1,64}",
        "a user name, after its path if it has one, as in `alice` or `platform/alice`",
    ),
]
Duration: TypeAlias = Annotated[
    str, _lexical(r"[1-9][0-9]{0,5}[smh]", "a number with s, m or h, as in `30m` or `8h`")
]
OrganizationId: TypeAlias = Annotated[
    str, _lexical(r"o-[a-z0-9]{10,32}", "`o-` and 10 to 32 lower-case letters or digits")
]
ExternalId: TypeAlias = Annotated[
    str,
    _lexical(
        r"[A-Za-z0-9_+=,.@:/-]+",
        "letters, digits and any of _+=,.@:/-",
        min_length=2,
        max_length=1224,
    ),
]
TagKey: TypeAlias = Annotated[
    str,
    _lexical(
        r"[A-Za-z0-9_ .:/=+@-]+", "letters, digits, blank and any of _.:/=+@-", max_length=128
    ),
]
TagValue: TypeAlias = Annotated[
    str,
    _lexical(
        r"[A-Za-z0-9_ .:/=+@-]*", "letters, digits, blank and any of _.:/=+@-", max_length=256
    ),
]
Arn: TypeAlias = Annotated[
    str,
    _lexical(
        r"arn:[a-z-]+:iam::[^\s]+",
        "an ARN as in `arn:aws:iam::aws:policy/NAME` or `arn:aws:iam::111122223333:user/NAME`",
        max_length=2048,
    ),
]
ActionName: TypeAlias = Annotated[
    str,
    _lexical(r"[A-Za-z0-9-]+:[A-Za-z0-9]+", "one action without wildcards, as in `iam:ListUsers`"),
]
Line: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"\S",
        max_length=1000,
        extra_json_schema={"patternErrorMessage": "a few words"},
    ),
]
FileName: TypeAlias = Annotated[
    str, _lexical(r"[^\x00-\x1f]+", "the name of a file beside the profile", max_length=512)
]

SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def seconds(duration: str) -> int:
    """`30m` as 1800."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


def in_units(seconds_: int) -> str:
    """1800 as `30m`: in the largest unit that fits."""
    unit = next(u for u in ("h", "m", "s") if not seconds_ % SECONDS[u])
    return f"{seconds_ // SECONDS[unit]}{unit}"
