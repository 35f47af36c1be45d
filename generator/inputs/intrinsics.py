"""What the functions of a CloudFormation template come to, as far as the template says.

Known are the account and Region (stand-ins), parameters by their defaults, and the ARN of an IAM
resource of the template, whose name is its logical id where the template gives it none. Anything
else is not known: conditions, mappings, imports, what other services return.
Source: AWS CloudFormation Template Reference, "Intrinsic function reference".
"""

import re
from typing import Any, Final, NamedTuple

from generator.inputs.stand_ins import STAND_INS, StandIns
from generator.positions import Place
from generator.subject import PLACEHOLDER_ACCOUNT

# The fields of stand-ins, by the pseudo parameters that they are for.
_PSEUDO: Final = {
    "AWS::AccountId": "account",
    "AWS::Partition": "partition",
    "AWS::Region": "region",
    "AWS::URLSuffix": "suffix",
}
# The kind in the ARN, and the property with the name.
_IAM: Final = {
    "AWS::IAM::Group": ("group", "GroupName"),
    "AWS::IAM::ManagedPolicy": ("policy", "ManagedPolicyName"),
    "AWS::IAM::Role": ("role", "RoleName"),
    "AWS::IAM::User": ("user", "UserName"),
}
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_BEFORE_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:")
_BY_TEXT: Final = re.compile(r"(?:For(?:Any|All)Values?:)?(?:String|Arn).*")
# Longer than any policy may be; a function in a function can double a text each time.
_LONGEST: Final = 100_000


class Value(NamedTuple):
    """What a function comes to: text, or a list. What is not known has a stand-in."""

    value: Any
    known: bool = True


UNKNOWN: Final = Value("unknown", False)


def is_function(value: Any) -> bool:
    """Whether an object is a function; one beside other keys is one that adds to them."""
    if not isinstance(value, dict):
        return False
    return (len(value) == 1 and "Ref" in value) or any(key.startswith("Fn::") for key in value)


def is_nothing(value: Any) -> bool:
    """Whether it stands for leaving a property out."""
    return isinstance(value, dict) and value == {"Ref": "AWS::NoValue"}


class Template:
    """A template, asked what its functions come to."""

    def __init__(self, data: dict[str, Any], stand_ins: StandIns = STAND_INS) -> None:
        self._stand_ins = stand_ins
        self._parameters = _section(data, "Parameters")
        self._resources = _section(data, "Resources")
        # Resources whose names are being looked up: names can refer to each other.
        self._asked: set[str] = set()

    def document(self, data: Any) -> tuple[Any, tuple[Place, ...]]:
        """A document with its functions settled, and the places that are not known.

        Where only a text can stand, a stand-in does; elsewhere the function stays, so that
        whatever reads the statement does not take it for something else.
        """
        not_read: list[Place] = []
        return self._settled(data, (), not_read), tuple(not_read)

    def _settled(self, value: Any, place: Place, not_read: list[Place]) -> Any:
        if is_function(value):
            found = self.value(value)
            if not found.known:
                not_read.append(place)
            return found.value if found.known or _takes_stand_in(place) else value
        if isinstance(value, dict):
            return {
                key: self._settled(item, (*place, key), not_read)
                for key, item in value.items()
                if not is_nothing(item)
            }
        if isinstance(value, list):
            return [self._settled(item, (*place, i), not_read) for i, item in enumerate(value)]
        return value

    def value(self, value: Any) -> Value:
        """What a value comes to, if it is a function."""
        if not is_function(value):
            return Value(value)
        if len(value) != 1:
            return UNKNOWN
        [(name, argument)] = value.items()
        if name == "Ref" and isinstance(argument, str):
            return self._ref(argument)
        if name == "Fn::Sub":
            return self._sub(argument)
        if name == "Fn::Join":
            return self._join(argument)
        if name == "Fn::GetAtt":
            parts = argument if isinstance(argument, list) else str(argument).split(".", 1)
            return self._attribute(parts)
        return UNKNOWN

    def _ref(self, name: str) -> Value:
        if name in _PSEUDO:
            return Value(getattr(self._stand_ins, _PSEUDO[name]))
        if name in self._parameters:
            return _default(self._parameters[name])
        resource = self._resources.get(name)
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if kind == "AWS::IAM::ManagedPolicy":
            return self._arn(name)
        return self._name(name) if kind in _IAM else UNKNOWN

    def _attribute(self, parts: list[Any]) -> Value:
        if len(parts) == 2 and isinstance(parts[0], str) and parts[1] == "Arn":
            return self._arn(parts[0])
        return UNKNOWN

    def _arn(self, logical_id: str) -> Value:
        kind, properties = self._iam(logical_id)
        if not kind:
            return UNKNOWN
        name, path = self._name(logical_id), self._text(properties.get("Path", "/"))
        if not name.known or not path.known:
            return UNKNOWN
        start = f"arn:{self._stand_ins.partition}:iam::{self._stand_ins.account}"
        return Value(f"{start}:{_IAM[kind][0]}{path.value}{name.value}")

    def _name(self, logical_id: str) -> Value:
        kind, properties = self._iam(logical_id)
        if not kind or logical_id in self._asked:
            return UNKNOWN
        self._asked.add(logical_id)
        found = self._text(properties.get(_IAM[kind][1], logical_id))
        self._asked.discard(logical_id)
        return found

    def _iam(self, logical_id: str) -> tuple[str, dict[str, Any]]:
        """The type, "" if it is none of IAM's with an ARN, and the properties of a resource."""
        resource = self._resources.get(logical_id)
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or not isinstance(kind, str) or kind not in _IAM:
            return "", {}
        return kind, _section(resource, "Properties")

    def _text(self, value: Any) -> Value:
        found = self.value(value)
        return found if isinstance(found.value, str) else UNKNOWN

    def _sub(self, argument: Any) -> Value:
        text, given = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text = argument[0]
            given = {name: self._text(value) for name, value in argument[1].items()}
        if not isinstance(text, str):
            return UNKNOWN
        parts: list[Value] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            parts += (Value(text[end : found.start()]), self._variable(found[1], given))
            end = found.end()
        return _together([*parts, Value(text[end:])], "")

    def _variable(self, name: str, given: dict[str, Value]) -> Value:
        if name.startswith("!"):
            return Value(f"${{{name[1:]}}}")
        if name in given:
            return given[name]
        found = self._attribute(name.split(".", 1)) if "." in name else self._ref(name)
        return found if isinstance(found.value, str) else UNKNOWN

    def _join(self, argument: Any) -> Value:
        if not (
            isinstance(argument, list)
            and len(argument) == 2
            and isinstance(argument[0], str)
            and isinstance(argument[1], list)
        ):
            return UNKNOWN
        return _together([self._text(part) for part in argument[1]], argument[0])


def _together(parts: list[Value], between: str) -> Value:
    """A text of parts; where one is not known, something stands for it that can stand there."""
    text = ""
    for i, part in enumerate(parts):
        text += between if i else ""
        is_account = not part.known and _BEFORE_ACCOUNT.fullmatch(text)
        text += PLACEHOLDER_ACCOUNT if is_account else part.value
        if len(text) > _LONGEST:
            return UNKNOWN
    return Value(text, all(part.known for part in parts))


def _default(parameter: Any) -> Value:
    """The default of a parameter; not of one that is a secret, or the name of another parameter."""
    if not isinstance(parameter, dict) or "Default" not in parameter:
        return UNKNOWN
    kind, default = str(parameter.get("Type")), parameter["Default"]
    if str(parameter.get("NoEcho")).lower() == "true" or kind.startswith("AWS::SSM::"):
        return UNKNOWN
    if isinstance(default, bool):
        default = str(default).lower()
    if not isinstance(default, str):
        return UNKNOWN
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return Value([item.strip() for item in default.split(",")])
    return Value(str(default))


def _takes_stand_in(place: Place) -> bool:
    """Whether any text may stand at a place, and says nothing by itself."""
    inside = (
        [key for key in place[1:] if isinstance(key, str)] if place[:1] == ("Statement",) else []
    )
    match inside:
        case ["Sid" | "Resource" | "NotResource"] | ["Principal" | "NotPrincipal", _]:
            return True
        case ["Condition", operator, _]:
            return bool(_BY_TEXT.fullmatch(operator))
    return False


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}
