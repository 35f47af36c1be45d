"""Small ways to break the evaluator, each of which a test has to notice.

`python tests/mutations.py [--only N]` breaks a copy of the package in one way at a time and says
which test noticed. What nothing notices is a decision without a test: add the case that is missing.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TABLES = "tests/test_cases.py"
MATCH = "tests/test_match.py"
GLOB = f"{MATCH}::test_glob_agrees_with_the_reference"
SHAPES = f"{MATCH}::test_resources_of_a_shape"
ARNS = "tests/test_evaluate_laws.py::test_patterns_of_resources_agree_with_the_reference"
ACTIONS = "tests/test_evaluate_laws.py::test_classes_of_actions_are_all_there_are"
RESOURCES = "tests/test_evaluate_laws.py::test_classes_of_resources_are_all_there_are"
BROKEN = "tests/test_guarantees.py::test_a_template_that_breaks_a_guarantee_is_refused"
JOURNEY = "tests/test_mutations.py::test_the_journey_notices_by_itself"
STEPS = "tests/test_journey.py::test_every_step_says_why_and_where_that_stands"


class Mutation(NamedTuple):
    """One way to break a module: `old` stands in it once. `test` is who has to notice."""

    module: str
    old: str
    new: str
    why: str
    test: str = TABLES


MUTATIONS: tuple[Mutation, ...] = (
    # Patterns.
    Mutation(
        "pattern",
        'return all(c == "*" for c in pattern[p:])',
        'return all(c in "*?" for c in pattern[p:])',
        "a question mark stands for nothing",
    ),
    Mutation(
        "pattern",
        'return all(c == "*" for c in pattern[p:])',
        "return not pattern[p:]",
        "an asterisk at the end needs a character",
    ),
    Mutation(
        "pattern",
        "        elif star >= 0:\n",
        '        elif star >= 0 and text[t] != "\\n":\n',
        "an asterisk stops at a line end",
        GLOB,
    ),
    Mutation(
        "pattern",
        "        elif star >= 0:\n",
        "        elif star >= 0 and p == star + 1:\n",
        "an asterisk gives up after the first try",
    ),
    Mutation(
        "pattern",
        "            return pattern == text\n",
        "            return text.startswith(pattern)\n",
        "a pattern without wildcards matches what begins with it",
    ),
    Mutation(
        "pattern",
        'return text.translate(_LITERAL) if "*" in text or "?" in text else text',
        "return text",
        "an asterisk in a request's text is no character of its own",
    ),
    Mutation(
        "pattern",
        "return Automaton([steps_of_arn(pattern)]).accepts(literal(resource)) == 1",
        "return False",
        "no asterisk of an ARN runs on past the colon",
    ),
    Mutation(
        "pattern",
        'runs_on = c == "*" and at == len(field) - 1',
        'runs_on = c == "*"',
        "an asterisk inside a field runs on past the colon",
        ARNS,
    ),
    Mutation(
        "pattern",
        'steps.append(("" if c in "*?" else c, c == "*", not runs_on))',
        'steps.append(("" if c in "*?" else c, c == "*", c == "*" and not runs_on))',
        "a question mark takes a colon between fields",
        ARNS,
    ),
    Mutation(
        "pattern",
        'return fields + ["*"] * (6 - len(fields))',
        'return fields + [""] * (6 - len(fields))',
        "fields that an ARN leaves out are empty",
    ),
    Mutation(
        "pattern",
        'found = literal(resource).split(":", 5)',
        'found = literal(resource).split(":")',
        "a colon in the last field of an ARN begins another",
    ),
    Mutation(
        "pattern",
        "new = (new & self._stars) << 1 & ~state",
        "new = 0",
        "an asterisk of several patterns read at once needs a character",
        ACTIONS,
    ),
    Mutation(
        "pattern",
        "        if b in _RUNS:\n",
        '        if b == "*":\n',
        "two patterns share no text where only one of them has a name of any length",
        SHAPES,
    ),
    # Classes.
    Mutation(
        "classes",
        "for character in (*automaton.characters(state), OTHER):",
        "for character in automaton.characters(state):",
        "names that no pattern has are not looked at",
        RESOURCES,
    ),
    Mutation(
        "classes",
        'return (f"{OTHER}:{OTHER}", *(p for p in lower if p != "*"))',
        'return tuple(p for p in lower if p != "*")',
        "actions that nobody has named are not looked at",
        ACTIONS,
    ),
    Mutation(
        "classes",
        "lower = sorted({pattern.lower() for pattern in patterns})",
        "lower = sorted(patterns)",
        "action patterns that differ in case are two",
        ACTIONS,
    ),
    Mutation(
        "classes",
        "return tuple(found.values())",
        "return tuple(found.values())[1:]",
        "the class of what no pattern matches is left out",
        RESOURCES,
    ),
    # Operators.
    Mutation(
        "operators",
        "if_exists=rest != base,",
        "if_exists=False,",
        "IfExists means nothing",
    ),
    Mutation(
        "operators",
        '"StringNotEquals": (True,',
        '"StringNotEquals": (False,',
        "StringNotEquals holds for what is equal",
    ),
    Mutation(
        "operators",
        "return wanted.lower() == value.lower()",
        "return wanted == value",
        "StringEqualsIgnoreCase heeds case",
    ),
    Mutation(
        "operators",
        "return glob(wanted, literal(value))",
        "return glob(wanted.lower(), literal(value.lower()))",
        "StringLike ignores case",
    ),
    Mutation(
        "operators",
        "ours, theirs = wanted.lower(), value.lower()",
        "ours, theirs = wanted, value",
        "Bool heeds case",
    ),
    Mutation(
        "operators",
        "return ours == theirs if ours in _BOOLS and theirs in _BOOLS else None",
        "return ours == theirs",
        "Bool compares what is no boolean",
    ),
    Mutation(
        "operators",
        '"LessThan": (False, lambda value, wanted: bool(value < wanted))',
        '"LessThan": (False, lambda value, wanted: bool(value <= wanted))',
        "LessThan holds at the limit",
    ),
    Mutation(
        "operators",
        "bool(value <= wanted)",
        "bool(value < wanted)",
        "LessThanEquals does not hold at the limit",
    ),
    Mutation(
        "operators",
        "bool(value > wanted)",
        "bool(value >= wanted)",
        "GreaterThan holds at the limit",
    ),
    Mutation(
        "operators",
        "bool(value >= wanted)",
        "bool(value > wanted)",
        "GreaterThanEquals, which is what asks for recent MFA, lets the limit through",
    ),
    Mutation(
        "operators",
        '"NotEquals": (True,',
        '"NotEquals": (False,',
        "NumericNotEquals and DateNotEquals hold for what is equal",
    ),
    Mutation(
        "operators",
        'return int(whole + part.ljust(18, "0"))',
        'return int(whole + "0" * 18)',
        "decimals do not count",
    ),
    Mutation(
        "operators",
        '* (-1 if zone[0] == "-" else 1)',
        '* (1 if zone[0] == "-" else -1)',
        "offsets of dates count the wrong way",
    ),
    Mutation(
        "operators",
        "(hours * 3600 + minutes * 60)",
        "(hours * 3600)",
        "minutes of an offset do not count",
    ),
    Mutation(
        "operators",
        'int((part or ".")[1:].ljust(18, "0"))',
        "0",
        "fractions of a second do not count",
    ),
    Mutation(
        "operators",
        'r"-?(?:[0-9]{1,3}|[0-9]{5,18})"',
        'r"-?[0-9]{1,18}"',
        "a year is taken for seconds since 1970",
    ),
    Mutation(
        "operators",
        "network.version == address.version and bool(",
        "network.version != address.version or bool(",
        "addresses of the other family are in every range",
    ),
    Mutation(
        "operators",
        "ipaddress.ip_network(text, strict=False)",
        "ipaddress.ip_network(text, strict=True)",
        "a range whose address has host bits is none",
    ),
    Mutation(
        "operators",
        'or address is None or "/" in value:',
        "or address is None:",
        "a request may come from a whole range",
    ),
    Mutation(
        "operators",
        '"NotIpAddress": (True,',
        '"NotIpAddress": (False,',
        "NotIpAddress holds inside the range",
    ),
    Mutation(
        "operators",
        "return all(map(glob, fields, found))",
        "return glob(wanted, literal(value))",
        "an asterisk of an ARN operator runs over fields",
    ),
    Mutation(
        "operators",
        'if len(fields) < 6 or fields[0] != "arn":\n        return None',
        'if len(fields) < 6 or fields[0] != "arn":\n        return False',
        "what is no ARN is compared as one",
    ),
    Mutation(
        "operators",
        'if len(found) < 6 or found[0] != "arn":\n        return False',
        'if len(found) < 6 or found[0] != "arn":\n        return None',
        "what is no ARN is not settled to be another",
    ),
    Mutation(
        "operators",
        '"ArnNotLike": (True,',
        '"ArnNotLike": (False,',
        "ArnNotLike holds for what matches",
    ),
    Mutation(
        "operators",
        'patterns="Like" in base or base.startswith("Arn"),',
        'patterns="Like" in base,',
        "an escaped asterisk of ArnEquals is a wildcard",
    ),
    Mutation(
        "operators",
        'texts=base.startswith(("String", "Arn")),',
        "texts=True,",
        "policy variables stand in numbers",
    ),
    # What a statement covers.
    Mutation("match", "name = action.lower()", "name = action", "actions heed case"),
    Mutation(
        "match",
        "return found != patterns.negated",
        "return found",
        "NotAction is taken for Action",
    ),
    Mutation(
        "match",
        "            return not patterns.negated\n",
        "            return True\n",
        "NotResource covers what it lists",
    ),
    Mutation(
        "match",
        "return None if found is None else patterns.negated",
        "return None if found is None else False",
        "NotResource does not cover what it leaves out",
    ),
    Mutation(
        "match",
        "    if patterns is None:\n        return True\n",
        "    if patterns is None:\n        return False\n",
        "a trust policy, which has no Resource, is about nothing",
        f"{BROKEN}[trust-denies-after-a-while]",
    ),
    Mutation(
        "match",
        "    for condition in conditions:\n",
        "    for condition in [*conditions][:1]:\n",
        "one condition of several is enough",
    ),
    # Conditions.
    Mutation("match", "key = condition.key.lower()", "key = condition.key", "keys heed case"),
    Mutation(
        "match",
        "    if value == ():\n        value = None\n",
        "    if value == ():\n        value = ('',)\n",
        "a key without values is there",
    ),
    Mutation(
        "match",
        'if asked.quantifier == "ForAllValues" or asked.if_exists:',
        "if asked.if_exists:",
        "ForAllValues does not hold for an absent key",
    ),
    Mutation(
        "match",
        'if asked.quantifier == "ForAllValues" or asked.if_exists:',
        'if asked.quantifier == "ForAllValues":',
        "IfExists does not hold for an absent key",
    ),
    Mutation(
        "match",
        "return asked.negated and not asked.quantifier",
        "return asked.negated",
        "ForAnyValue with a negated operator holds for an absent key",
    ),
    Mutation(
        "match",
        "return asked.negated and not asked.quantifier",
        "return False",
        "a negated operator does not hold for an absent key",
    ),
    Mutation(
        "match",
        "return asked.negated and not asked.quantifier",
        "return True",
        "a plain operator holds for an absent key, so access keys pass a test for MFA",
    ),
    Mutation(
        "match",
        'return value == ("",) or _all(',
        "return _all(",
        "ForAllValues does not hold for nothing but an empty text",
    ),
    Mutation(
        "match",
        "_all(_one(condition",
        "_any(_one(condition",
        "ForAllValues is content with one value",
    ),
    Mutation(
        "match",
        "return _any(_one(condition",
        "return _all(_one(condition",
        "ForAnyValue wants all values",
    ),
    Mutation(
        "match",
        "    if len(value) != 1:\n        return None\n    return _one(",
        "    return _one(",
        "a plain operator looks at the first of several values",
    ),
    Mutation(
        "match",
        'if ("true" if value is None else "false") in wanted:',
        'if ("false" if value is None else "true") in wanted:',
        "Null is the wrong way round",
    ),
    Mutation(
        "match",
        "            return not asked.negated\n",
        "            return True\n",
        "a negated operator holds for what it lists",
    ),
    Mutation(
        "match",
        "return None if found is None else asked.negated",
        "return None if found is None else False",
        "a negated operator never holds",
    ),
    Mutation(
        "match",
        "strict = key in _TYPES and not isinstance(context, Known)",
        "strict = False",
        "guarantees trust operators that do not suit the MFA keys",
        f"{BROKEN}[deny-arn-operator]",
    ),
    # Policy variables.
    Mutation(
        "match",
        'if not variables or "${" not in wanted:',
        'if "${" not in wanted:',
        "policies of 2008 have policy variables in conditions",
    ),
    Mutation(
        "match",
        'if variables and "${" in pattern:',
        'if "${" in pattern:',
        "policies of 2008 have policy variables in resources",
    ),
    Mutation(
        "match",
        "return None if text is None else False",
        "return None if text is None else asked.negated",
        "a negated operator does not hold where a variable has no value",
    ),
    Mutation(
        "variables",
        "value = ABSENT if default is None else default",
        'value = "" if default is None else default',
        "a variable without a value is empty text",
    ),
    Mutation(
        "variables",
        "value = ABSENT if default is None else default",
        "value = ABSENT",
        "defaults of variables do not count",
    ),
    Mutation(
        "variables",
        "return _ESCAPES[name] if pattern else name",
        "return name",
        "an escaped asterisk is a wildcard",
    ),
    Mutation(
        "variables",
        "    if pattern and literal(value) is not value:\n",
        "    if not pattern and literal(value) is not value:\n",
        "an asterisk in a tag's value is a wildcard",
    ),
    Mutation(
        "variables",
        "        if len(value) != 1:\n            return None\n        value = value[0]",
        "        value = value[0]",
        "a variable stands for the first of several values",
    ),
    Mutation(
        "variables",
        "key, default = named.group(1).lower(), named.group(2)",
        "key, default = named.group(1), named.group(2)",
        "names of variables heed case",
    ),
    Mutation(
        "variables",
        '*fields, rest = pattern.split(":", 5)',
        '*fields, rest = pattern.split(":", 4)',
        "a variable may stand for the account of an ARN",
    ),
    # Principals.
    Mutation(
        "principals",
        'return Caller("AssumedRole", arn, partition, account, role, role_arn)',
        'return Caller("AssumedRole", arn, partition, account, role, arn)',
        "aws:PrincipalArn of a session is the session's",
    ),
    Mutation(
        "principals",
        'return Named.ROLE if ":role/" in i and who.kind == "AssumedRole" else Named.DIRECTLY',
        "return Named.DIRECTLY",
        "a role's ARN names its session, so the boundary does not limit it",
    ),
    Mutation(
        "principals",
        "return Named.ACCOUNT if i == who.account else Named.NOT",
        "return Named.DIRECTLY if i == who.account else Named.NOT",
        "an account's number names each of its users",
    ),
    Mutation(
        "principals",
        "return Named.ACCOUNT if i == who.account else Named.NOT",
        "return Named.ACCOUNT",
        "any account's number names the caller's",
    ),
    Mutation(
        "principals",
        'rest == "root":\n        return Named.ACCOUNT',
        'rest == "root":\n        return Named.DIRECTLY',
        "an account's root ARN names each of its users",
    ),
    Mutation(
        "principals",
        "a namesake has another id.\n        return Named.NOT",
        "a namesake has another id.\n        return Named.DIRECTLY",
        "what a deleted user leaves behind names everybody",
    ),
    Mutation(
        "principals",
        "if (partition, account) != (who.partition, who.account):",
        "if partition != who.partition:",
        "a root ARN of another account names the caller's",
    ),
    Mutation(
        "principals",
        "if (partition, account) != (who.partition, who.account):",
        "if account != who.account:",
        "partitions of principals do not count",
    ),
    Mutation(
        "principals",
        'return Named.ROLE if rest.rpartition("/")[2] == who.name else Named.NOT',
        "return Named.ROLE",
        "a role's ARN names sessions of every role",
    ),
    Mutation(
        "principals",
        'return Named.ROLE if rest.rpartition("/")[2] == who.name else Named.NOT',
        'return Named.DIRECTLY if rest.rpartition("/")[2] == who.name else Named.NOT',
        "a role's ARN in a resource policy skips boundary and session policy",
    ),
    Mutation(
        "principals",
        'return Named.ROLE if rest.rpartition("/")[2] == who.name else Named.NOT',
        "return Named.ROLE if rest == f'role/{who.name}' else Named.NOT",
        "a role with a path is not found by its session",
    ),
    Mutation(
        "principals",
        'or "*" in i or "?" in i:\n        return None',
        'or "*" in i or "?" in i:\n        return Named.NOT',
        "a wildcard inside a principal, which AWS refuses, names nobody for sure",
    ),
    Mutation(
        "principals",
        "# One session of the role, and which one calls is not known.\n        return None",
        "# One session of the role, and which one calls is not known.\n        return Named.NOT",
        "one session of a role is for sure not the one that calls",
    ),
    Mutation(
        "principals",
        "return Named.NOT, Named.ACCOUNT",
        "return Named.NOT, Named.NOT",
        "a CanonicalUser is for sure not the caller's account",
    ),
    Mutation(
        "principals",
        "return Named.DIRECTLY, Named.DIRECTLY",
        "return Named.ACCOUNT, Named.ACCOUNT",
        "a resource policy for everybody needs an identity policy in its own account",
    ),
    Mutation(
        "principals",
        "return Named.DIRECTLY if {possible",
        "return Named.NOT if {possible",
        "NotPrincipal covers nobody",
    ),
    Mutation(
        "principals",
        "== {Named.NOT} else None",
        "== {Named.NOT} else Named.NOT",
        "NotPrincipal spares whom it lists in part",
    ),
    Mutation(
        "principals",
        'enough = {Named.ACCOUNT, Named.ROLE if who.kind == "AssumedRole" else Named.DIRECTLY}',
        "enough = {Named.ACCOUNT, Named.DIRECTLY}",
        "NotPrincipal has to list the session as well",
    ),
    # Keys that follow from caller and resource.
    Mutation(
        "request",
        '"aws:principalaccount": who.account,',
        '"aws:principalaccount": owner,',
        "aws:PrincipalAccount is the resource's",
    ),
    Mutation(
        "request",
        '"aws:resourceaccount": owner,',
        '"aws:resourceaccount": who.account,',
        "aws:ResourceAccount is the caller's",
    ),
    Mutation(
        "request",
        '"aws:principaltype": who.kind,',
        '"aws:principaltype": "User",',
        "everybody is a user",
    ),
    Mutation(
        "request",
        '    if who.kind == "User":\n',
        '    if who.kind != "FederatedUser":\n',
        "a role's session has a user name",
    ),
    Mutation(
        "request",
        "known.update(context)",
        "known = {**context, **known}",
        "a context cannot take a key away",
    ),
    Mutation(
        "request",
        "owner = account or named or who.account",
        "owner = account or who.account",
        "the account in a resource's ARN does not count",
    ),
    # Rules of the services.
    Mutation(
        "service_rules",
        'if name == "sts:getcalleridentity":',
        'if action == "sts:getcalleridentity":',
        "GetCallerIdentity needs a permission",
    ),
    Mutation(
        "service_rules",
        '        if who.kind == "User":\n            return "allowed"',
        '        if who.kind != "FederatedUser":\n            return "allowed"',
        "a role's session gets a session token",
    ),
    Mutation(
        "service_rules",
        'name == "iam:changepassword" and resource == who.arn',
        'name == "iam:changepassword"',
        "AllowUsersToChangePassword is for another user's password",
    ),
    Mutation(
        "service_rules",
        'return name == "iam:getaccountpasswordpolicy" or (',
        "return (",
        "AllowUsersToChangePassword does not show what a password needs",
    ),
    Mutation(
        "service_rules",
        '    if who.kind != "User":\n        return False\n',
        "",
        "AllowUsersToChangePassword is for roles",
    ),
    Mutation(
        "service_rules",
        'who.kind != "User" or resource != who.arn or action',
        'who.kind != "User" or action',
        "an administrator with a device needs MFA to change another user's",
    ),
    Mutation(
        "service_rules",
        '(flag or "").lower() != "true"',
        '(flag or "").lower() == "false"',
        "an access key, which has no MFA, changes devices",
    ),
    Mutation(
        "service_rules",
        '{"iam:enablemfadevice", "iam:deactivatemfadevice"}',
        '{"iam:enablemfadevice"}',
        "devices are disabled without MFA",
    ),
    # The decision.
    Mutation(
        "evaluate",
        "    if any(look.denies for look in looks):\n",
        "    if any(look.denies and not look.allows for look in looks):\n",
        "an Allow beats the Deny beside it",
    ),
    Mutation(
        "evaluate",
        "tuple(r for look in denying for r in look.denies)",
        "tuple(r for look in denying[:1] for r in look.denies)",
        "only the first type's Denies are named",
    ),
    Mutation(
        "evaluate",
        "kinds = dict.fromkeys(look.kind for look in denying)",
        "kinds = dict.fromkeys(look.kind for look in denying[:1])",
        "only the first type that denies is in the way",
    ),
    Mutation(
        "evaluate",
        "    for look in looks:\n        if look.open_denies:\n",
        "    for look in looks[:0]:\n        if look.open_denies:\n",
        "a Deny that may apply is passed over",
    ),
    Mutation(
        "evaluate",
        "if hopeful.outcome != decision.outcome:",
        'if hopeful.outcome == "explicitly_denied":',
        "an Allow that may apply is passed over",
    ),
    Mutation(
        "evaluate",
        'return decision if decision.outcome == "allowed" else hopeful',
        "return decision",
        "what may not be in the way is said to be",
    ),
    Mutation(
        "evaluate",
        "    if not request.caller.is_service_linked:\n",
        "    if request.caller:\n",
        "SCPs bind service-linked roles",
    ),
    Mutation(
        "evaluate",
        "    if not who.is_service_linked:\n",
        "    if who:\n",
        "SCPs without a level bind service-linked roles",
    ),
    Mutation(
        "evaluate",
        'and action.partition(":")[0].lower() in rcp_services()',
        "",
        "RCPs bind every service",
    ),
    Mutation(
        "evaluate",
        "allowed[look.kind] = allowed.get(look.kind, True) and allows",
        "allowed[look.kind] = allowed.get(look.kind, False) or allows",
        "one level of the organization is enough",
    ),
    Mutation(
        "evaluate",
        '            allowed["scps"] = False\n',
        '            allowed["scps"] = True\n',
        "SCPs without a level allow everything",
    ),
    Mutation(
        "evaluate",
        "if policies.rcps == () and _binds_rcps(request.action):",
        "if policies.rcps == ():",
        "RCPs without a level bind every service",
    ),
    Mutation(
        "evaluate",
        '        variables = policy.version != "2008-10-17"\n        for',
        "        variables = True\n        for",
        "policies of 2008 are read as those of 2012",
    ),
    Mutation(
        "evaluate",
        "if s.principals.negated and s.effect is Effect.DENY and policies.boundary is not None:",
        "if s.principals.negated and s.effect is Effect.ALLOW and policies.boundary is not None:",
        "a Deny with NotPrincipal spares whoever has a boundary",
    ),
    Mutation(
        "evaluate",
        "look.grade = max(look.grade, sure)",
        "look.grade = sure",
        "the last statement that names the caller decides how directly",
    ),
    Mutation(
        "evaluate",
        "grade = max(look.grade, look.open_grade) if hopeful else look.grade",
        "grade = max(look.grade, look.open_grade)",
        "a statement that may name the caller does",
    ),
    Mutation(
        "evaluate",
        "policies.change_password and granted_by_account(",
        "granted_by_account(",
        "AllowUsersToChangePassword counts where it is off",
    ),
    Mutation(
        "evaluate",
        '        allowed["session"] = False\n',
        '        allowed["session"] = True\n',
        "a federated user needs no session policy",
    ),
    Mutation(
        "evaluate",
        '    "identity",\n    "boundary",\n',
        '    "boundary",\n    "identity",\n',
        "types of policy in the way are named in another order",
    ),
    Mutation(
        "evaluate",
        'blocked = tuple(kind for kind in _ORDER if kind in (*blocked, "trust"))',
        "blocked = tuple(blocked)",
        "another account's resource needs no policy of its own",
    ),
    Mutation(
        "evaluate",
        'blocked += ("service",)',
        'blocked = ("service",)',
        "the rule for devices hides which policies are in the way",
    ),
    Mutation(
        "evaluate",
        "because = [r for look in looks if look.kind in needed for r in look.allows]",
        "because = [r for look in looks for r in look.allows]",
        "Allows that were not needed are among the reasons",
    ),
    Mutation(
        "evaluate",
        "because.insert(before, ",
        "because.insert(0, ",
        "the account's setting is named before the organization's policies",
    ),
    Mutation(
        "evaluate",
        "if request.account != request.caller.account:",
        "if not request.account:",
        "another account is as good as the own",
    ),
    Mutation(
        "evaluate",
        "    if grade < Named.ROLE:\n",
        "    if grade < Named.DIRECTLY:\n",
        "a role named by a resource policy needs an identity policy",
    ),
    Mutation(
        "evaluate",
        "    if grade < Named.DIRECTLY:\n",
        "    if grade < Named.ROLE:\n",
        "a role named by a resource policy is not limited by its boundary",
    ),
    Mutation(
        "evaluate",
        "    if grade < Named.DIRECTLY:\n",
        "    if grade <= Named.DIRECTLY:\n",
        "a user named by a resource policy is limited by the boundary",
    ),
    Mutation(
        "evaluate",
        'needed |= {"boundary", "session"}',
        'needed |= {"boundary"}',
        "session policies limit nothing",
    ),
    Mutation(
        "evaluate",
        "(policies.trust is not None and _must_be_trusted(request))",
        "policies.trust is not None",
        "every resource policy has to allow, in the same account as well",
    ),
    Mutation(
        "evaluate",
        "return action in ROLE_ACTIONS",
        "return False",
        "a trust policy need not allow in the same account",
    ),
    Mutation(
        "evaluate",
        'return ":key/" in request.on',
        "return True",
        "what is no key needs a key policy",
    ),
    Mutation(
        "evaluate",
        "    if not request.mfa_device:\n",
        "    if request.mfa_device is None:\n",
        "nobody enables a first device without MFA",
    ),
    # Requests as lines.
    Mutation(
        "wire",
        '            _levels_by_name(data.get("scps")),\n',
        "",
        "policies by name are taken for those of another request",
    ),
    Mutation(
        "wire",
        '            _change_password(data.get("password_policy")),\n        )\n',
        "        )\n",
        "the account's setting is taken from another request",
    ),
    Mutation(
        "wire",
        "boundary=None if boundary is None else",
        "boundary=None if not boundary else",
        "an empty boundary is none",
    ),
    Mutation(
        "wire",
        'scps=_levels(data.get("scps"), "scps", defined),',
        'scps=_levels(data.get("scps") or None, "scps", defined),',
        "SCPs without a level are none",
    ),
    Mutation(
        "wire",
        "account=_account(data),",
        'account="",',
        "the account of a request does not count",
    ),
    Mutation(
        "wire",
        'return "true" if value else "false"',
        'return "false" if value else "true"',
        "booleans of a request are the wrong way round",
    ),
    # Everything there is.
    Mutation(
        "exhaustive",
        "open_ &= asked & ~masks.own if declared[action] else 0",
        "open_ &= 0",
        "what is exempt on the own user is exempt on others",
        f"{BROKEN}[deny-others-bool]",
    ),
    Mutation(
        "exhaustive",
        "denied |= applied",
        "denied |= applied | unsettled",
        "a Deny that may not apply counts as one",
        f"{BROKEN}[deny-arn-operator]",
    ),
    Mutation(
        "exhaustive",
        "allowed |= applied | unsettled",
        "allowed |= applied",
        "an Allow that may apply lets nobody through",
        f"{BROKEN}[grant-from-office]",
    ),
    Mutation(
        "exhaustive",
        "every = (tuple(without_mfa()), tuple(with_stale_mfa(max_age, near)))",
        "every = (tuple(without_mfa()), ())",
        "MFA that is too old is not looked at",
        f"{BROKEN}[deny-stale-equals]",
    ),
    Mutation(
        "exhaustive",
        'return f"{start}{USER}", f"{start}*/{USER}"',
        'return f"{start}*{USER}", f"{start}*/{USER}"',
        "users whose names end like the own are the own",
        f"{BROKEN}[deny-others-by-suffix]",
    ),
    Mutation(
        "exhaustive",
        "                own |= bit\n",
        "                own |= bit << 1\n",
        "the request after one on the own user counts as one",
        f"{BROKEN}[allow-another-account]",
    ),
    Mutation(
        "exhaustive",
        "if not is_arn or matches_arn(is_user, resource):",
        "if not matches_arn(_ARN, resource):",
        "other users are no resources",
        f"{BROKEN}[deny-others-by-prefix]",
    ),
    # The journey.
    Mutation(
        "journey",
        "problem = problem or _problem(step, action, ask, answer, policies)",
        "problem = problem and _problem(step, action, ask, answer, policies)",
        "no step of the journey has a problem",
        JOURNEY,
    ),
    Mutation(
        "journey",
        'step.must == "denied" and answer.outcome != "allowed"',
        'step.must == "denied"',
        "what must be denied may be allowed",
        JOURNEY,
    ),
    Mutation(
        "journey",
        "            if step.may_depend:\n",
        "            if step:\n",
        "a step may depend on anything",
        JOURNEY,
    ),
    Mutation(
        "journey",
        "identity=(document, ADMINISTRATOR) if step.administrator else (document,),",
        "identity=(document,),",
        "no step is taken beside AdministratorAccess",
        STEPS,
    ),
    Mutation(
        "journey",
        "change_password=step.account_grant,",
        "change_password=False,",
        "the account's setting is never on",
        STEPS,
    ),
    Mutation(
        "journey",
        "device=step.device)",
        "device=False)",
        "nobody has a device already",
        STEPS,
    ),
    Mutation(
        "evaluate",
        'action.lower() != "kms:retiregrant" and ',
        "",
        "what RCPs do not restrict would be bound by them",
    ),
    Mutation(
        "evaluate",
        "    if request.action.lower() in BY_IDENTITY_PROVIDERS:\n",
        "    if False:\n",
        "a call without AWS credentials would be decided like one with",
    ),
    Mutation(
        "request",
        " and fields[4].isdigit() else",
        " else",
        "AWS's own managed policies would be of another account",
    ),
    Mutation(
        "match",
        'text.replace("?", "\\uffff")',
        "text",
        "one character would stand for names of any length",
        "tests/test_match.py::test_resources_of_a_shape",
    ),
)


class Unusable(Exception):
    """A mutation whose tests did not run, so that nothing is known."""


def mutated(mutation: Mutation) -> str:
    """The text of a module, broken."""
    text = (ROOT / "generator" / f"{mutation.module}.py").read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise Unusable(f"{mutation.module}: {mutation.old!r} stands {text.count(mutation.old)} x")
    return text.replace(mutation.old, mutation.new)


def noticed_by(mutation: Mutation | None, tests: Sequence[str]) -> str:
    """The first of some tests that fails with a mutation, or with none at all; "" if none does.

    Raises:
        Unusable: they did not run.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        copy = folder / "generator"
        shutil.copytree(ROOT / "generator", copy, ignore=shutil.ignore_patterns("*.pyc.*"))
        for data in ("templates", "profiles"):
            (folder / data).symlink_to(ROOT / data)
        if mutation:
            # Compiled code counts as up to date by size and second of its source.
            for compiled in copy.glob(f"__pycache__/{mutation.module}.*"):
                compiled.unlink()
            (copy / f"{mutation.module}.py").write_text(mutated(mutation), encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
        more = {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
        }
        done = subprocess.run(
            [sys.executable, __file__, "--inside", str(folder), *tests],
            cwd=folder,
            env=kept | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    if done.returncode:
        raise Unusable(done.stderr[-4000:])
    return done.stdout.strip()


def run_inside(folder: Path, tests: Sequence[str]) -> None:
    """Print the first of some tests that fails with the package of a folder; a process's work."""
    with contextlib.redirect_stdout(sys.stderr):
        failed = _failed_table() if [*tests] == [TABLES] else _failed_test(tests)
        loaded = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "generator"}
        # The package is also installed, and pytest puts the checkout first.
        assert "generator" in loaded
        for module in loaded.values():
            assert Path(str(module.__file__)).is_relative_to(folder), module
    print(failed)


def _failed_table() -> str:
    """The first decision table that is not met, without pytest's help."""
    import generator  # noqa: F401 - before the checkout's
    from tests.test_cases import TOPICS, test_decisions_are_as_documented

    for path in TOPICS:
        try:
            test_decisions_are_as_documented(path)
        except AssertionError:
            return f"{TABLES}[{path.stem}]"
    return ""


def _failed_test(tests: Sequence[str]) -> str:
    import pytest

    import generator  # noqa: F401 - before the checkout's

    failed: list[str] = []

    class Watcher:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

    options = "-x -q -p no:cacheprovider -p _hypothesis_pytestplugin --hypothesis-seed=0".split()
    where = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    code = pytest.main(
        [*options, *where, *(str(ROOT / test) for test in tests)], plugins=[Watcher()]
    )
    assert code == (1 if failed else 0)
    return failed[0] if failed else ""


def main() -> int:
    """Try every mutation, on all cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, metavar="N", help="try one mutation")
    parser.add_argument("--inside", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        run_inside(Path(options.inside[0]), options.inside[1:])
        return 0
    if failed := noticed_by(None, sorted({TABLES, MATCH, *(m.test for m in MUTATIONS)})):
        print(f"fails without any mutation: {failed}")
        return 1
    numbers = range(len(MUTATIONS)) if options.only is None else [options.only]

    def tried(number: int) -> tuple[int, str, float]:
        begun = time.monotonic()
        mutation = MUTATIONS[number]
        try:
            found = noticed_by(mutation, [mutation.test])
        except Unusable as unusable:
            found = f"UNUSABLE {unusable}"
        return number, found, time.monotonic() - begun

    bad = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, found, seconds in pool.map(tried, numbers):
            mutation = MUTATIONS[number]
            if not found:
                found = f"SURVIVES: {mutation.why}"
            bad += found.startswith(("SURVIVES", "UNUSABLE"))
            print(f"{number:3}  {mutation.module:13}  {seconds:4.1f} s  {found}", flush=True)
    print(f"{len(numbers) - bad} of {len(numbers)} mutations are noticed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
