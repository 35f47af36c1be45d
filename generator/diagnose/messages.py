"""What the texts that AWS shows to people mean, in every wording that is on record.

Texts are compared without case, punctuation at the ends and line breaks. `UG:`, `SI:` and `API:`
are as in `generator.flows`. Where a text says "either", it says nothing about which.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from typing import Final

from msgspec.structs import replace

from generator.diagnose.evidence import How, Meaning, Symptom

# The console's texts for a failed change of a password, oldest first. The oldest was shown for a
# password that was too short, too, so that it says no more than the later ones.
_EITHER: Final = (
    "User is not authorized to perform iam:ChangePassword.",
    "iam:ChangePassword の実行権がありません",
    "Either user is not authorized to perform iam:ChangePassword or entered password does not "
    "comply with account password policy set by administrator",
    "ユーザーに iam:ChangePassword を実行する権限がないか、入力されたパスワードが管理者によって"
    "設定されたアカウントパスワードポリシーに準拠していません",
    "You may not be authorized to perform this action, or the new password does not comply with "
    "the account password policy set by your administrator.",
)
# The Security credentials page.
_OR_OLD: Final = (
    "パスワードを変更できません。古いパスワードが正しいこと、新しいパスワードがアカウントパスワード"
    "ポリシーに準拠していること、パスワードを変更するアクセス許可があることを確認します。",
)
_TEXTS: Final[tuple[tuple[str, Meaning], ...]] = (
    *((text, "either") for text in _EITHER),
    *((text, "either-or-old-password") for text in _OR_OLD),
    # Seen in the console, also of a password that was used before, and from the API.
    ("Password does not conform to the account password policy.", "not-conform"),
    # SI:console-access-control, troubleshooting.
    ("Your authentication information is incorrect. Please try again.", "sign-in-refused"),
    ("Authentication failed Invalid request", "sign-in-refused"),
    (
        "Authentication failed: To access this account, sign in from a different network, or "
        "contact your administrator for more information",
        "sign-in-policy",
    ),
    ("Authorization denied because of a resource-based policy", "sign-in-policy"),
    ("Authorization denied because of a resource control policy", "sign-in-policy"),
    ("MultiFactorAuthentication failed with invalid MFA one time pass code", "bad-code"),
    ("MultiFactorAuthentication failed, unable to validate MFA code", "bad-code"),
    # UG:troubleshoot_roles.
    ("Invalid information in one or more fields", "switch-role"),
    ("Failed authentication", "failed-sign-in"),
)
# API:ChangePassword and the other operations: their errors, by the code on the wire; some SDKs
# add `Exception`.
CODES: Final[dict[str, Meaning]] = {
    "AccessDenied": "denied",
    "PasswordPolicyViolation": "not-compliant",
    "EntityTemporarilyUnmodifiable": "recreated",
    "InvalidUserType": "not-a-user",
    "NoSuchEntity": "no-password",
    "InvalidClientTokenId": "bad-token",
    "InvalidAuthenticationCode": "bad-code",
    "EntityAlreadyExists": "exists",
}
# These codes say what they say here only of some operations.
_ONLY: Final[dict[Meaning, tuple[str, ...]]] = {
    "no-password": ("iam:changepassword",),
    "exists": ("iam:createvirtualmfadevice",),
    "not-a-user": ("iam:changepassword",),
}
# As botocore and the CLI write an error.
_ERROR: Final = re.compile(
    r"an error occurred \((\w{1,64})\) when calling the (\w{1,64}) operation"
)
_CODE_ALONE: Final = re.compile(rf"\b({'|'.join(CODES)})(?:Exception)?\b", re.IGNORECASE)
LAYERS: Final = (
    "identity-based",
    "service control",
    "resource control",
    "permissions boundary",
    "session",
    "resource-based",
    "vpc endpoint",
    "role trust",
)
# UG:troubleshoot_access-denied, "Access denied error message examples": who, then why.
_WHO: Final = re.compile(
    r"user:? (?P<user>arn:\S+) is not authorized to perform:? (?P<action>[a-z0-9-]+:[a-z0-9]+)",
    re.IGNORECASE,
)
_ON: Final = re.compile(r"\bon (?:resource:? )?(arn:\S+)", re.IGNORECASE)
_LAYER: Final = rf"(?P<layer>{'|'.join(LAYERS)})(?: polic(?:y|ies))?"
_DENYING: Final = re.compile(
    rf"\bexplicit deny in (?:an?|the) {_LAYER}(?:: ?(?P<policy>arn:\S+))?", re.IGNORECASE
)
_LACKING: Final = re.compile(
    rf"\bbecause no {_LAYER} allows the (?P<action>[a-z0-9-]+:[a-z0-9]+) action", re.IGNORECASE
)
_DENY_ALONE: Final = re.compile(r"\bwith an explicit deny\b", re.IGNORECASE)
# Of what AWS names in its texts and its events. The names are of what IAM takes in one; a path may
# have more, but nothing that is shown does. API:CreateUser, API:CreatePolicy, API:CreateRole.
ARN: Final = re.compile(
    r"arn:aws[a-z-]{0,16}:(?:iam|sts|organizations)::(?:[0-9]{12}|aws):"
    r"(?:root|[a-z0-9-]{1,32}(?:/[A-Za-z0-9_+=,.@-]{1,128}){1,64})"
)
_LIKE: Final = 0.9
# Of a text that is cut off: so many characters say which it is, without white space.
_BEGINNING: Final = 20


def read_message(text: str) -> Symptom | None:
    """What a text that somebody pasted means; None if it is none that is known."""
    found = denial(text, "the message")
    if found is not None:
        return found
    error = _error(text)
    if error is not None and error.meaning != "denied":
        return error
    meaning = meaning_of(text)
    if meaning is not None:
        return Symptom(meaning=meaning, said=_SAID[meaning].format("the message"))
    return error


def denial(text: str, source: str) -> Symptom | None:
    """An authorization failure that a text tells of, in AWS's format."""
    line = _one_line(text)
    who, denying, lacking = _WHO.search(line), _DENYING.search(line), _LACKING.search(line)
    why = denying or lacking
    if who is None and why is None:
        return None
    how: How = "explicit" if denying or _DENY_ALONE.search(line) else ""
    named, on = who or lacking, _ON.search(line)
    symptom = Symptom(
        meaning="denied",
        said="",
        action=named["action"].lower() if named else "",
        how="implicit" if lacking and not denying else how,
        layer=why["layer"].lower() if why else "",
        policy=_arn(denying["policy"] if denying else ""),
        resource=_arn(on[1] if on else ""),
        user=_arn(who["user"] if who else ""),
    )
    return replace(symptom, said=_said(symptom, source))


def meaning_of(text: str) -> Meaning | None:
    """The meaning of a text that stands in the table, word for word or nearly, or cut off."""
    line = _plain(text)
    known = [(_plain(entry), meaning) for entry, meaning in _TEXTS]
    # The longest that it contains: one text begins like another.
    inside = [(len(entry), meaning) for entry, meaning in known if entry in line]
    if inside:
        return max(inside, key=lambda found: found[0])[1]
    begun = {meaning for entry, meaning in known if entry.startswith(line)}
    if len(line) >= _BEGINNING and len(begun) == 1:
        return begun.pop()
    if len(line) > 1000:
        return None
    near = [(SequenceMatcher(None, entry, line).ratio(), meaning) for entry, meaning in known]
    ratio, best = max(near, key=lambda found: found[0])
    return best if ratio >= _LIKE else None


def of_code(code: str, action: str, source: str) -> Symptom | None:
    """What the code of an error means of an operation."""
    meaning = CODES.get(code.removesuffix("Exception"))
    if meaning is None or action not in _ONLY.get(meaning, (action,)):
        return None
    said = _SAID[meaning].format(source)
    return Symptom(meaning=meaning, said=said, action=action)


def _error(text: str) -> Symptom | None:
    line, codes = _one_line(text), {name.lower(): name for name in CODES}
    if found := _ERROR.search(line.lower()):
        code = codes.get(found[1].removesuffix("exception"), "")
        return of_code(code, f"iam:{found[2]}", "the message")
    if found := _CODE_ALONE.search(line):
        code = codes[found[1].lower()]
        action = next(iter(_ONLY.get(CODES[code], ("",))))
        return of_code(code, action, "the message")
    return None


def _said(s: Symptom, source: str) -> str:
    what = ACTIONS.get(s.action, s.action) or "the call"
    of = f" ({s.policy})" if s.policy else ""
    kind = s.layer if s.layer == "permissions boundary" else f"{s.layer} policy"
    if s.how == "explicit":
        a = "an" if s.layer.startswith("i") else "a"
        why = f", by an explicit Deny in {a} {kind}{of}" if s.layer else ", by an explicit Deny"
    elif s.how == "implicit":
        why = f", because no {kind} allows it"
    else:
        why = ", without saying by which policy"
    return f"{source} says that {what} was denied{why}"


ACTIONS: Final = {
    "iam:changepassword": "iam:ChangePassword",
    "iam:enablemfadevice": "iam:EnableMFADevice",
    "iam:createvirtualmfadevice": "iam:CreateVirtualMFADevice",
    "iam:deletevirtualmfadevice": "iam:DeleteVirtualMFADevice",
    "signin:consolelogin": "the sign-in",
}
_SAID: Final[dict[Meaning, str]] = {
    "denied": "{} says that the call was denied, without saying by which policy",
    "either": "{} is the one that is shown for a missing permission and for a password alike",
    "either-or-old-password": (
        "{} is the one that is shown for a missing permission, for a new password that does not "
        "comply and for an old one that is wrong"
    ),
    "not-compliant": "{} has the error PasswordPolicyViolation: the new password was refused",
    "not-conform": "{} says that the password does not conform to the account's password policy",
    "recreated": "{} has the error EntityTemporarilyUnmodifiable",
    "not-a-user": "{} has the error InvalidUserType",
    "no-password": "{} has the error NoSuchEntity",
    "bad-token": "{} has the error InvalidClientTokenId",
    "bad-code": "{} says that the MFA code was refused",
    "exists": "{} has the error EntityAlreadyExists: a virtual device of that name is there",
    "failed-sign-in": "{} says `Failed authentication`: the password or the MFA code was wrong",
    "sign-in-refused": (
        "{} is shown for wrong credentials, and where a policy of the account or of the "
        "organization refuses the sign-in"
    ),
    "sign-in-policy": "{} says that a policy on the sign-in itself refused it",
    "switch-role": "{} is shown where a role cannot be switched to",
}


def _arn(text: str | None) -> str:
    """An ARN out of a text, and nothing else of it."""
    found = (text or "").strip().rstrip(".,;\"'`)")
    return found if ARN.fullmatch(found) else ""


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _plain(text: str) -> str:
    """A text without case and white space, which people lose and add, nor the end's full stop."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return "".join(folded.split()).strip("\"'`\u201c\u201d\u300c\u300d.\u3002")
