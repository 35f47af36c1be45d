"""What a profile says of one role that cannot work."""

from collections.abc import Iterator

from generator.documents import arn_problem
from generator.lexical import seconds
from generator.pattern import glob
from generator.problem import PARTITION, Place, Problem
from generator.profile import Profile, Role


def problems_of_role(profile: Profile, role: Role, at: Place) -> Iterator[Problem]:
    """Everything that cannot work in the role at a place of the profile."""
    for check in (_basics, _trust, _session, _arns):
        yield from check(profile, role, at)


def _basics(profile: Profile, role: Role, at: Place) -> Iterator[Problem]:
    if not 3600 <= seconds(role.max_session) <= 43200:
        yield Problem(
            (*at, "max_session"),
            f"`{role.max_session}` is not between 1h and 12h",
            "write 1h to 12h",
        )
    if role.description and not all(
        c in "\t\n\r" or "\x20" <= c <= "\x7e" or "\xa1" <= c <= "\xff" for c in role.description
    ):
        yield Problem(
            (*at, "description"),
            "has characters outside Latin-1, which is all IAM takes",
            "write it another way",
        )
    if len(set(role.permissions.managed)) > 25:
        yield Problem(
            (*at, "permissions", "managed"),
            "more than 25 managed policies on a role",
            "attach 25 at most, and put the rest in `statements`",
        )


def _trust(profile: Profile, role: Role, at: Place) -> Iterator[Problem]:
    trust, at = role.trust, (*at, "trust")
    ways = [w for w in ("users_under", "principal_arn", "users") if getattr(trust, w)]
    for way in ways[1:]:
        yield Problem((*at, way), f"`{way}` and `{ways[0]}` cannot both say who", "keep one")
    if trust.users and (len(trust.accounts) > 1 or (trust.organization and not trust.accounts)):
        yield Problem(
            (*at, "users"), "named users need exactly one account", "list one under `accounts`"
        )
    if trust.principal_arn:
        problem = arn_problem(trust.principal_arn, profile.account.partition)
        *_, account, resource = ("", *trust.principal_arn.split(":", 5))
        if not problem and not resource.startswith(("user/", "role/")):
            problem = "only users and roles assume roles"
        trusted = [*trust.accounts] or ["*" if trust.organization else profile.account.id or "*"]
        if not problem and trusted != ["*"] and not any(glob(account, a) for a in trusted):
            problem = f"the role trusts {' and '.join(trusted)} only"
        if problem:
            yield Problem(
                (*at, "principal_arn"),
                f"`{trust.principal_arn}`: {problem}",
                f"write it as `arn:{profile.account.partition}:iam::ACCOUNT:user/PATTERN`",
                because=(PARTITION,),
            )
    if len(set(trust.accounts)) != len(trust.accounts):
        yield Problem((*at, "accounts"), "an account is listed twice", "list each once")


def _session(profile: Profile, role: Role, at: Place) -> Iterator[Problem]:
    if len(role.session_tags) > 50:
        yield Problem((*at, "session_tags"), "more than 50 session tags", "keep 50")
    seen: set[str] = set()
    for key in role.session_tags:
        if key.lower().startswith("aws:"):
            yield Problem(
                (*at, "session_tags", key),
                f"`{key}`: AWS reserves `aws:`",
                "rename it",
                on_key=True,
            )
        if key.lower() in seen:
            yield Problem(
                (*at, "session_tags", key),
                f"`{key}` stands twice",
                "keep one; IAM ignores the case of tag keys",
                on_key=True,
            )
        seen.add(key.lower())


def _arns(profile: Profile, role: Role, at: Place) -> Iterator[Problem]:
    arns = [((*at, "permissions", "managed", i), a) for i, a in enumerate(role.permissions.managed)]
    if role.permissions_boundary:
        arns.append(((*at, "permissions_boundary"), role.permissions_boundary))
    for place, arn in arns:
        problem = arn_problem(arn, profile.account.partition)
        if not problem and ":policy/" not in arn:
            problem = "not the ARN of a managed policy"
        if not problem and ("*" in arn or "?" in arn):
            problem = "wildcards are for patterns; name one policy"
        own = role.account or profile.account.id
        owner = arn.split(":", 5)[4] if not problem else ""
        if own and owner not in ("", "aws", own):
            text = f"`{arn}` is a policy of account {owner}, and the role is in {own}"
            yield Problem(place, text, "name a policy of AWS, or of the account the role is in")
        if problem:
            hint = f"write it as `arn:{profile.account.partition}:iam::ACCOUNT:policy/NAME`"
            yield Problem(place, f"`{arn}`: {problem}", hint, because=(PARTITION,))
