#!/usr/bin/env python3
"""Write cases/multifactor-cross.json: every state of the two MFA keys against every operator that fits, in three places.

The expectation is read off the tables below, which are written by hand from the documented rules
(UG:reference_policies_elements_condition_operators): a plain positive operator on an absent key is false, a negated one
true, ...IfExists true, Null tells presence. No evaluator is involved.
"""
import json

FLAG, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
FLAGS = [None, "false", "true"]
AGES = [None, "0", "3599", "3600"]

# operator, value, and the verdict for the flag: absent, "false", "true"
FLAG_TABLE = [
    ("Bool", "true", "001"), ("Bool", "false", "010"),
    ("BoolIfExists", "true", "101"), ("BoolIfExists", "false", "110"),
    ("Null", "true", "100"), ("Null", "false", "011"),
]
# operator, value, and the verdict for the age: absent, "0", "3599", "3600"
AGE_TABLE = [
    ("NumericLessThan", "3600", "0110"), ("NumericLessThanIfExists", "3600", "1110"),
    ("NumericLessThan", "3599", "0100"), ("NumericLessThanIfExists", "3599", "1100"),
    ("NumericLessThanEquals", "3599", "0110"), ("NumericLessThanEqualsIfExists", "3599", "1110"),
    ("NumericLessThanEquals", "3600", "0111"), ("NumericLessThanEqualsIfExists", "3600", "1111"),
    ("NumericGreaterThan", "3599", "0001"), ("NumericGreaterThanIfExists", "3599", "1001"),
    ("NumericGreaterThan", "3600", "0000"), ("NumericGreaterThanIfExists", "3600", "1000"),
    ("NumericGreaterThanEquals", "3600", "0001"), ("NumericGreaterThanEqualsIfExists", "3600", "1001"),
    ("NumericGreaterThanEquals", "3599", "0011"), ("NumericGreaterThanEqualsIfExists", "3599", "1011"),
    ("NumericEquals", "3599", "0010"), ("NumericEqualsIfExists", "3599", "1010"),
    ("NumericNotEquals", "3599", "1101"), ("NumericNotEqualsIfExists", "3599", "1101"),
    ("Null", "true", "1000"), ("Null", "false", "0111"),
]
USER = "arn:aws:iam::111122223333:user/alice"
ROLE = "arn:aws:iam::111122223333:role/team/dev"
SOURCE = "UG:reference_policies_elements_condition_operators"


def document(sid, effect, condition, trust=False):
    statement = {"Sid": sid, "Effect": effect}
    if trust:
        statement["Principal"] = {"AWS": "arn:aws:iam::111122223333:root"}
    statement["Action"] = "sts:AssumeRole" if trust else "*"
    if not trust:
        statement["Resource"] = "*"
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


policies = {"AllowAll": document("All", "Allow", None)}
cases = []
rows = [(FLAG, *row) for row in FLAG_TABLE] + [(AGE, *row) for row in AGE_TABLE]
for key, operator, value, verdicts in rows:
    label = ("Flag" if key == FLAG else "Age") + operator + value
    condition = {operator: {key: value}}
    policies["Deny" + label] = document("Test", "Deny", condition)
    policies["Allow" + label] = document("Test", "Allow", condition)
    policies["Trust" + label] = document("Test", "Allow", condition, trust=True)
    for flag in FLAGS:
        for age in AGES:
            state = FLAGS.index(flag) if key == FLAG else AGES.index(age)
            holds = verdicts[state] == "1"
            context = {k: v for k, v in ((FLAG, flag), (AGE, age)) if v is not None}
            when = f"flag {flag or 'absent'}, age {age or 'absent'}"
            what = f"{operator} {value} on the {'flag' if key == FLAG else 'age'}"
            request = {"principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::amzn-s3-demo-bucket/report.txt", "context": context}
            deny = [["identity"], [["Deny" + label, "Test"]]] if holds else [[], [["AllowAll", "All"]]]
            cases.append({"name": f"Deny {what}; {when}", "source": SOURCE, "request": dict(request, identity=["AllowAll", "Deny" + label]),
                          "outcome": "explicitly_denied" if holds else "allowed", "blocked_by": deny[0], "because": deny[1]})
            cases.append({"name": f"Allow {what}; {when}", "source": SOURCE, "request": dict(request, identity=["Allow" + label]),
                          "outcome": "allowed" if holds else "implicitly_denied", "blocked_by": [] if holds else ["identity"],
                          "because": [["Allow" + label, "Test"]] if holds else []})
            cases.append({"name": f"trust {what}; {when}", "source": SOURCE,
                          "request": {"principal": USER, "action": "sts:AssumeRole", "resource": ROLE, "context": context,
                                      "identity": ["AllowAll"], "trust": "Trust" + label},
                          "outcome": "allowed" if holds else "implicitly_denied", "blocked_by": [] if holds else ["trust"],
                          "because": [["Trust" + label, "Test"], ["AllowAll", "All"]] if holds else []})

with open("/tmp/h2/cases/multifactor-cross.json", "w", encoding="utf-8") as out:
    line = lambda thing: json.dumps(thing, ensure_ascii=False)
    out.write('{"topic": "Full cross of the two MFA keys, the operators that fit and the three places",\n "policies": {\n')
    out.write(",\n".join(f"  {line(k)}: {line(v)}" for k, v in policies.items()))
    out.write('\n },\n "cases": [\n' + ",\n".join("  " + line(c) for c in cases) + "\n ]}\n")
print(len(cases))
