"""Which steps of the journey a user policy is taken through, in order.

Every profile is asked the same, so that what changes is the answer: a kind of device taken out of a
profile turns a row from allowed to denied.
"""

from collections.abc import Iterator

from generator.catalog import action_case
from generator.flows import calls_of
from generator.people import Where
from generator.rows import Part
from generator.states import Terms, own_account
from generator.way_in import KINDS, devices, exemptions, first_steps
from generator.way_round import CREDENTIALS, attacks, sessions, signed_in, stale

_SIGN_IN = "signin:authorizeoauth2access"


def itinerary(terms: Terms) -> Iterator[Part]:
    """The parts for a user policy of these terms."""
    denies = terms.archetype == "direct-user-deny"
    where = Where(own_account(terms), denies, terms.has_security_keys)
    grant, flows = terms.account_allows_change, terms.flows
    yield first_steps(where, grant)
    yield devices(where, flows.intersection(KINDS), terms.certification)
    yield signed_in(where, grant, flows.intersection(CREDENTIALS), terms.max_age)
    if terms.max_age:
        yield stale(where, grant, terms.max_age)
    yield sessions(
        where, "aws-login" in flows, "console-authorization" in flows, _SIGN_IN in terms.exempt
    )
    if further := _further(terms):
        yield exemptions(where, further)
    yield attacks(where, terms.except_via_aws_service)


def _further(terms: Terms) -> tuple[tuple[str, bool], ...]:
    """Exempt actions that belong to no flow, each with whether on the own user only."""
    named = {call.action.lower() for call in calls_of(terms.flows) if call.before_mfa}
    own = {action.lower() for action in terms.on_own_user}
    return tuple((action_case(a), a in own) for a in sorted(terms.exempt - named))
