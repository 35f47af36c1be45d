"""Every state of the two MFA keys against every operator that fits them, in three places.

Expected answers are read off the tables below, which are written by hand from the documented rules
(UG:reference_policies_elements_condition_operators): a plain operator on an absent key does not
hold, a negated one does, IfExists makes either hold, and Null tells presence. No evaluator is
involved. `python tests/multifactor_cross.py > tests/cases/multifactor-cross.json` writes the table.
"""

import json
from collections.abc import Iterator
from typing import Any

FLAG, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
FLAGS = (None, "false", "true")
AGES = (None, "0", "3599", "3600")

# operator, value, and the verdict for the flag: absent, "false", "true"
FLAG_TABLE = (
    ("Bool", "true", "001"),
    ("Bool", "false", "010"),
    ("BoolIfExists", "true", "101"),
    ("BoolIfExists", "false", "110"),
    ("Null", "true", "100"),
    ("Null", "false", "011"),
)
# operator, value, and the verdict for the age: absent, "0", "3599", "3600"
AGE_TABLE = (
    ("NumericLessThan", "3600", "0110"),
    ("NumericLessThanIfExists", "3600", "1110"),
    ("NumericLessThan", "3599", "0100"),
    ("NumericLessThanIfExists", "3599", "1100"),
    ("NumericLessThanEquals", "3599", "0110"),
    ("NumericLessThanEqualsIfExists", "3599", "1110"),
    ("NumericLessThanEquals", "3600", "0111"),
    ("NumericLessThanEqualsIfExists", "3600", "1111"),
    ("NumericGreaterThan", "3599", "0001"),
    ("NumericGreaterThanIfExists", "3599", "1001"),
    ("NumericGreaterThan", "3600", "0000"),
    ("NumericGreaterThanIfExists", "3600", "1000"),
    ("NumericGreaterThanEquals", "3600", "0001"),
    ("NumericGreaterThanEqualsIfExists", "3600", "1001"),
    ("NumericGreaterThanEquals", "3599", "0011"),
    ("NumericGreaterThanEqualsIfExists", "3599", "1011"),
    ("NumericEquals", "3599", "0010"),
    ("NumericEqualsIfExists", "3599", "1010"),
    ("NumericNotEquals", "3599", "1101"),
    ("NumericNotEqualsIfExists", "3599", "1101"),
    ("Null", "true", "1000"),
    ("Null", "false", "0111"),
)

USER = "arn:aws:iam::111122223333:user/alice"
ROLE = "arn:aws:iam::111122223333:role/team/dev"
SOURCE = "UG:reference_policies_elements_condition_operators"
ALLOW_ALL = ["AllowAll", "All"]


def table() -> str:
    """The text of the table: a line a policy, a line a case."""
    policies = {"AllowAll": document("All", "Allow", {})}
    cases: list[dict[str, Any]] = []
    rows = [(FLAG, FLAGS, *row) for row in FLAG_TABLE] + [(AGE, AGES, *row) for row in AGE_TABLE]
    for key, values, operator, value, verdicts in rows:
        short = "Flag" if key == FLAG else "Age"
        label, condition = f"{short}{operator}{value}", {operator: {key: value}}
        policies[f"Deny{label}"] = document("Test", "Deny", condition)
        policies[f"Allow{label}"] = document("Test", "Allow", condition)
        policies[f"Trust{label}"] = document("Test", "Allow", condition, trust=True)
        for flag in FLAGS:
            for age in AGES:
                holds = verdicts[values.index(flag if key == FLAG else age)] == "1"
                what = f"{operator} {value} on the {short.lower()}"
                cases += three_cases(label, what, flag, age, holds=holds)
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(p)}" for name, p in policies.items())
    topic = "Full cross of the two MFA keys, the operators that fit and the three places"
    rest = ",\n".join(f"  {json.dumps(case)}" for case in cases)
    head = f'{{"topic": {json.dumps(topic)},\n "policies": {{\n{lines}\n }},\n'
    return f'{head} "cases": [\n{rest}\n ]}}\n'


def document(
    sid: str, effect: str, condition: dict[str, Any], *, trust: bool = False
) -> dict[str, Any]:
    """A policy of one statement."""
    statement: dict[str, Any] = {"Sid": sid, "Effect": effect}
    if trust:
        statement["Principal"] = {"AWS": "arn:aws:iam::111122223333:root"}
    statement["Action"] = "sts:AssumeRole" if trust else "*"
    if not trust:
        statement["Resource"] = "*"
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def three_cases(
    label: str, what: str, flag: str | None, age: str | None, *, holds: bool
) -> Iterator[dict[str, Any]]:
    """A condition in a Deny beside an Allow, in an Allow, and in a trust policy."""
    when = f"flag {flag or 'absent'}, age {age or 'absent'}"
    context = {k: v for k, v in ((FLAG, flag), (AGE, age)) if v is not None}
    request = {
        "principal": USER,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::amzn-s3-demo-bucket/report.txt",
        "context": context,
    }
    assume = {"principal": USER, "action": "sts:AssumeRole", "resource": ROLE, "context": context}
    deny, allow, trust = f"Deny{label}", f"Allow{label}", f"Trust{label}"
    yield {
        "name": f"Deny {what}; {when}",
        "source": SOURCE,
        "request": {**request, "identity": ["AllowAll", deny]},
        "outcome": "explicitly_denied" if holds else "allowed",
        "blocked_by": ["identity"] if holds else [],
        "because": [[deny, "Test"] if holds else ALLOW_ALL],
    }
    yield {
        "name": f"Allow {what}; {when}",
        "source": SOURCE,
        "request": {**request, "identity": [allow]},
        "outcome": "allowed" if holds else "implicitly_denied",
        "blocked_by": [] if holds else ["identity"],
        "because": [[allow, "Test"]] if holds else [],
    }
    yield {
        "name": f"trust {what}; {when}",
        "source": SOURCE,
        "request": {**assume, "identity": ["AllowAll"], "trust": trust},
        "outcome": "allowed" if holds else "implicitly_denied",
        "blocked_by": [] if holds else ["trust"],
        "because": [[trust, "Test"], ALLOW_ALL] if holds else [],
    }


if __name__ == "__main__":
    print(table(), end="")
