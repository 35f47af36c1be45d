"""The context of a request: what is known of its condition keys."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

# The value of a key, or its values; None: known to be absent.
Value: TypeAlias = str | tuple[str, ...] | None
# Keys are in lower case. A key not in the mapping is not known. `$key` is the value that stands
# for any in a policy variable, while conditions on the key stay not known.
Context: TypeAlias = Mapping[str, Value]


class Known(dict[str, Value]):
    """The whole context of a request: a key that is not there is absent."""

    __slots__ = ()

    def get(self, key: str, default: Any = None) -> Value:
        """The value of a key, None if it is absent; `default` is never needed."""
        return dict.get(self, key)


class _NotKnown:
    """The value of a key that is not settled."""


NOT_KNOWN: Final[Any] = _NotKnown()
