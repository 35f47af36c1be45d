"""A profile as its bundle, in memory: no clock, no environment, no disk but the templates.

Reading `build` from top to bottom is reading the product.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from generator.canonical import Json, billable_size, canonical, json_text, to_text
from generator.documents import ATTACHED, ROLE_PERMISSIONS, TRUST, Kind
from generator.errors import GenError, GenErrors, Where
from generator.exhaustive import extent, is_about_roles
from generator.flows import has_security_keys
from generator.guarantees import broken_by_role_permissions, broken_by_user_policy
from generator.itinerary import itinerary
from generator.journey import failing, walk
from generator.lexical import seconds
from generator.load import Source
from generator.policy import Policy, PolicyError
from generator.profile import Role
from generator.proof import Proof, proof_text
from generator.render import render
from generator.role_journey import walk_role
from generator.role_terms import role_terms
from generator.role_view import role_view
from generator.states import Broken, Terms
from generator.trust import broken_by_trust_policy, trust_terms
from generator.view import Facts, View, flows_of, view_of


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
    proof: Proof
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
    bundle, broken = examine(source, templates=templates)
    if broken:
        raise GenErrors(broken)
    return bundle


def examine(source: Source, *, templates: Path | None = None) -> tuple[Bundle, list[GenError]]:
    """Render a profile, and find every guarantee that is broken, naming document, Sid and action.

    Raises:
        TemplateError: a template does not work.
        GenError: a document cannot be one.
    """
    profile = source.profile
    view, facts = view_of(profile, source.password_policy)
    folder, partition = profile.archetype, view.partition
    user = render(f"{folder}/user-policy.json.j2", templates=templates, p=view, facts=facts)
    documents = [_document(source, "user-policy.json", ATTACHED[profile.attach], user)]
    user = documents[0].policy
    terms = _terms(source, view, facts, user)
    opening = {action: arns for _, calls, arns in view.assume_roles for action in calls}
    checked = broken_by_user_policy(user, documents[0].kind, terms, opening)
    broken = [(documents[0], b) for b in checked]
    walked = [(documents[0], tuple(walk(user, partition, itinerary(terms))))]
    files: dict[str, str] = {}
    for role in sorted(profile.roles, key=lambda role: role.name):
        seen, at = role_view(profile, role), f"roles/{role.name}"
        name = f"{folder}/trust-policy.json.j2"
        trust = render(name, templates=templates, p=view, facts=facts, role=seen)
        document = _document(source, f"{at}/trust-policy.json", TRUST, trust)
        documents.append(document)
        checked = broken_by_trust_policy(document.policy, trust_terms(seen, partition))
        broken += [(document, b) for b in checked]
        mine = role_terms(seen, partition, str(profile.account.id), document.policy, user)
        walked.append((document, (walk_role(role.name, mine),)))
        if role.name in source.permissions:
            own = source.permissions[role.name]
            document = _document(source, f"{at}/permissions-policy.json", ROLE_PERMISSIONS, own)
            documents.append(document)
            checked = broken_by_role_permissions(document.policy, partition)
            broken += [(document, b) for b in checked]
        files[f"{at}/role.json"] = json_text(role_settings(role))
    journey = tuple(part for _, parts in walked for part in parts)
    proof = Proof(terms, journey, extent(user.statements, terms))
    files |= {document.path: document.text for document in documents}
    files[PROOF] = proof_text(profile.name, proof)
    # Whatever breaks a guarantee makes steps fail too, and is said better than by them.
    if not broken:
        broken = [(d, Broken(row.problem)) for d, parts in walked for row in failing(parts)]
    bundle = Bundle(source, tuple(documents), proof, dict(sorted(files.items())))
    return bundle, list(_refusals(source, broken))


PROOF: Final = "proof.md"


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


def _document(source: Source, path: str, kind: Kind, policy: Policy) -> Document:
    try:
        policy = canonical(policy, partition=source.profile.account.partition)
    except PolicyError as error:
        raise GenError(error.problem, where=_place(source, path), hint=error.hint) from error
    return Document(path, kind, policy, to_text(policy), billable_size(policy))


def _terms(source: Source, view: View, facts: Facts, user: Policy) -> Terms:
    profile = source.profile
    # Where a document names accounts, it must work in the profile's own; else it does in any.
    named = any(
        _is_of_an_account(item)
        for s in user.statements
        if s.resources and not is_about_roles(s)
        for item in s.resources.items
    )
    return Terms(
        archetype=profile.archetype,
        partition=view.partition,
        has_security_keys=has_security_keys(view.partition),
        account=(profile.account.id or "") if named else "",
        flows=flows_of(profile),
        account_allows_change=not view.allow_password_change,
        exempt=frozenset(action.lower() for action in view.exempt_before_mfa),
        certification=tuple((key, tuple(levels)) for key, levels in view.devices.certification),
        max_age=view.max_age,
        except_via_aws_service=view.except_via_aws_service,
        on_own_user=frozenset(facts.exempt_on_own_user),
        account_is_known=profile.account.id is not None,
    )


def _is_of_an_account(pattern: str) -> bool:
    fields = pattern.split(":", 5)
    return len(fields) == 6 and fields[4] not in ("", "*")


def _refusals(source: Source, broken: list[tuple[Document, Broken]]) -> Iterator[GenError]:
    for document, b in broken:
        yield GenError(b.problem, where=_place(source, document.path), hint=b.hint)


def _place(source: Source, path: str) -> Where:
    """The file to mend: the statements that somebody wrote, else the profile and its document."""
    for role in source.profile.roles:
        if role.permissions.statements and path == f"roles/{role.name}/permissions-policy.json":
            return Where((Path(source.label).parent / role.permissions.statements).as_posix())
    return Where(f"{source.label}: {path}")
