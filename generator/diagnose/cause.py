"""A cause of a failure: how sure it is, what speaks for it, what to do."""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from generator.diagnose.remedies import Remedy

Standing: TypeAlias = Literal["certain", "likely", "possible", "ruled out"]
Side: TypeAlias = Literal["permission", "password", "other"]
STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)

_PERMISSION: Final = frozenset(
    "explicit-deny user-path scp boundary no-allow account-setting-reset other-policy "
    "unnamed-policy enrolment-denied console-authorization".split()
)
# What each cause is, as it is called in the answer.
TITLES: Final = {
    "explicit-deny": "a Deny in a policy of the person's does not spare iam:ChangePassword",
    "user-path": "the policies' own-user ARN misses a user with a path",
    "scp": "a service control policy stands in the way of iam:ChangePassword",
    "boundary": "the permissions boundary stands in the way of iam:ChangePassword",
    "no-allow": "nothing allows iam:ChangePassword",
    "account-setting-reset": (
        "an update of the account's password policy has silently taken "
        "AllowUsersToChangePassword away"
    ),
    "other-policy": "a policy of another type stands in the way",
    "unnamed-policy": "AWS denied the call, and does not say because of which policy",
    "enrolment-denied": "the enrolment of an MFA device is denied",
    "console-authorization": "a policy on the sign-in itself refuses it",
    "password": "the new password does not comply with the account's password policy",
    "old-password": "the old password was wrong",
    "not-an-iam-user": "whoever called is not an IAM user, and has no IAM password to change",
    "no-password": "the user has no console password",
    "hard-expiry": "the password has expired, and only an administrator may set a new one",
    "just-recreated": "the user was deleted and made again a moment ago",
    "abandoned-device": "an enrolment that was broken off left a virtual device behind",
    "mfa-code": "the MFA code, or the MFA device, is the problem",
    "wrong-credentials": "the password or the MFA code of the sign-in was wrong",
    "session-without-mfa": "credentials of a session without MFA cannot call IAM",
    "switch-role": "it is a role that could not be switched to, not a password",
}


class Cause(Struct, frozen=True):
    """A cause. `evidence` are sentences; `settle` says what would settle it, "" where it is."""

    cause: str
    standing: Standing
    evidence: tuple[str, ...]
    remedy: Remedy | None = None
    settle: str = ""

    @property
    def side(self) -> Side:
        """What it is about."""
        if self.cause == "password":
            return "password"
        return "permission" if self.cause in _PERMISSION else "other"

    @property
    def title(self) -> str:
        return TITLES[self.cause]

    @property
    def counts(self) -> bool:
        """Whether it is found, and not just thinkable."""
        return self.standing in ("certain", "likely")


def cause(
    name: str,
    standing: Standing,
    evidence: str | tuple[str, ...],
    remedy: Remedy | None = None,
    settle: str = "",
) -> Cause:
    """A cause; of one that is ruled out there is nothing to do, nor of a certain one to settle."""
    words = (evidence,) if isinstance(evidence, str) else evidence
    if standing == "ruled out":
        remedy = None
    return Cause(name, standing, words, remedy, settle if standing in _OPEN else "")


_OPEN: Final = ("likely", "possible")
