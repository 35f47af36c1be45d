"""A profile as its bundle, in memory: no clock, no environment, no disk but the templates.

Reading `build` from top to bottom is reading the product.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from generator.canonical import Json, billable_size, canonical, json_text, to_text
from generator.documents import ATTACHED, ROLE_PERMISSIONS, TRUST, Kind
from generator.errors import GenError, GenErrors, Where
from generator.guarantees import broken_by_role_permissions, broken_by_user_policy
from generator.load import Source
from generator.policy import Policy, PolicyError
from generator.profile import Role, seconds
from generator.render import render
from generator.role_view import role_view
from generator.states import Broken, Terms
from generator.trust import TrustTerms, broken_by_trust_policy
from generator.view import View, flows_of, view_of


class Document(Struct, frozen=True):
    """One rendered policy. `path` is relative to the profile's folder under `out/`."""

    path: str
    kind: Kind
    policy: Policy
    text: str
    size: int


class Bundle(Struct, frozen=True):
    """Everything a profile renders to: `files` maps a path below `out/<name>/` to its text."""

    source: Source
    documents: tuple[Document, ...]
    files: dict[str, str]

    @property
    def name(self) -> str:
        """The profile's name, which is its folder under `out/`."""
        return self.source.profile.name


def build(source: Source, *, templates: Path | None = None) -> Bundle:
    """Render a profile and check every guarantee.

    Raises:
        GenErrors: every guarantee that is broken, naming document, Sid and action.
        TemplateError: a template does not work.
    """
    profile = source.profile
    view, facts = view_of(profile, source.password_policy)
    folder, partition = profile.archetype, view.partition
    user = render(f"{folder}/user-policy.json.j2", templates=templates, p=view, facts=facts)
    user = _canonical(user, partition)
    documents = [_document("user-policy.json", ATTACHED[profile.attach], user)]
    mine = frozenset(arn for _, _, arns in view.assume_roles for arn in arns)
    checked = broken_by_user_policy(user, documents[0].kind, _terms(source, view), mine)
    broken = [(documents[0], b) for b in checked]
    files: dict[str, str] = {}
    for role in profile.roles:
        seen, at = role_view(profile, role), f"roles/{role.name}"
        name = f"{folder}/trust-policy.json.j2"
        trust = render(name, templates=templates, p=view, facts=facts, role=seen)
        trust = _canonical(trust, partition)
        document = _document(f"{at}/trust-policy.json", TRUST, trust)
        documents.append(document)
        terms = TrustTerms(partition, seen.mfa_max_age)
        broken += [(document, b) for b in broken_by_trust_policy(trust, terms)]
        if role.name in source.permissions:
            document = _permissions(source, role, f"{at}/permissions-policy.json")
            documents.append(document)
            checked = broken_by_role_permissions(document.policy, partition)
            broken += [(document, b) for b in checked]
        files[f"{at}/role.json"] = json_text(role_settings(role))
    if broken:
        raise GenErrors(_refusals(source, broken))
    files |= {document.path: document.text for document in documents}
    return Bundle(source, tuple(documents), dict(sorted(files.items())))


def role_settings(role: Role) -> dict[str, Json]:
    """What a role has besides its documents, in CloudFormation's words for `AWS::IAM::Role`."""
    settings: dict[str, Json] = {"RoleName": role.name, "Path": role.path}
    if role.description:
        settings["Description"] = role.description
    settings["MaxSessionDuration"] = seconds(role.max_session)
    if role.permissions.managed:
        settings["ManagedPolicyArns"] = [*sorted(set(role.permissions.managed))]
    if role.permissions_boundary:
        settings["PermissionsBoundary"] = role.permissions_boundary
    return settings


@lru_cache(maxsize=512)
def _canonical(policy: Policy, partition: str) -> Policy:
    return canonical(policy, partition=partition)


def _document(path: str, kind: Kind, policy: Policy) -> Document:
    return Document(path, kind, policy, *_text_and_size(policy))


@lru_cache(maxsize=512)
def _text_and_size(policy: Policy) -> tuple[str, int]:
    return to_text(policy), billable_size(policy)


def _permissions(source: Source, role: Role, path: str) -> Document:
    try:
        policy = _canonical(source.permissions[role.name], source.profile.account.partition)
    except PolicyError as error:
        where = Where(f"{source.label}: {path}")
        raise GenError(error.problem, where=where, hint=error.hint) from error
    return _document(path, ROLE_PERMISSIONS, policy)


def _terms(source: Source, view: View) -> Terms:
    profile = source.profile
    return Terms(
        archetype=profile.archetype,
        partition=view.partition,
        flows=flows_of(profile),
        account_allows_change=not view.allow_password_change,
        exempt=frozenset(action.lower() for action in view.exempt_before_mfa),
        certification=tuple((key, tuple(levels)) for key, levels in view.devices.certification),
        max_age=view.max_age,
        except_via_aws_service=view.except_via_aws_service,
    )


def _refusals(source: Source, broken: list[tuple[Document, Broken]]) -> Iterator[GenError]:
    for document, b in broken:
        where = Where(f"{source.label}: {document.path}")
        yield GenError(b.problem, where=where, hint=b.hint)
