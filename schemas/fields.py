"""Strict fields: a value is of its type or refused, and the sentence says what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma

from models.errors import invalid
from schemas.messages import Message, hint, shown
from schemas.numbers import Bounds

INT64 = Bounds(minimum=-(2**63), maximum=2**63 - 1)
NAME = "[a-z0-9][a-z0-9._-]{0,63}"


def refused(code: str, expected: str, value: Any, near: str = "") -> ma.ValidationError:
    """The refusal of one value: what was expected, and what came."""
    return ma.ValidationError(Message(f"expected {expected}, got {shown(value)}{near}", code))


def miscounted(expected: str, came: str) -> ma.ValidationError:
    """The refusal of a string or a list for its length."""
    return ma.ValidationError(Message(f"expected {expected}, got {came}", "bad_length"))


class StrictInteger(ma.fields.Integer):
    """A JSON integer in a range; without ends given, one of 64 bits. No 1.0, "1" or true."""

    def __init__(
        self, *, minimum: int | None = None, maximum: int | None = None, **kwargs: Any
    ) -> None:
        """Take the ends, both of them in the range, and the library's own options."""
        self.bounds = Bounds(minimum=minimum, maximum=maximum)
        kwargs["metadata"] = self.bounds.openapi() | dict(kwargs.get("metadata") or {})
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        expected = f"an integer{self.bounds}"
        if not isinstance(value, int) or isinstance(value, bool):
            raise refused("wrong_type", expected, value)
        if value not in self.bounds or value not in INT64:
            raise refused("out_of_range", expected, value)
        return value


class StrictNumber(ma.fields.Float):
    """A finite JSON number in a range; `above` and `below` are open ends. No "1" or true."""

    def __init__(
        self,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        above: float | None = None,
        below: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the ends, closed or open, and the library's own options."""
        self.bounds = Bounds(minimum=minimum, maximum=maximum, above=above, below=below)
        kwargs["metadata"] = self.bounds.openapi() | dict(kwargs.get("metadata") or {})
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        expected = f"a number{self.bounds}"
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise refused("wrong_type", expected, value)
        if not _is_finite(value) or value not in self.bounds:
            raise refused("out_of_range", expected, value)
        return float(value)


def _is_finite(value: float) -> bool:
    """Whether the number is finite as a float of 64 bits; 10**400 is not."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


class StrictBoolean(ma.fields.Boolean):
    """JSON's true or false, nothing that looks like them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise refused("wrong_type", "true or false", value)
        return value


class StrictString(ma.fields.String):
    """A JSON string of a length, a pattern (for the whole of it) or out of a few choices."""

    def __init__(
        self,
        *,
        min_length: int = 0,
        max_length: int | None = None,
        pattern: str | None = None,
        choices: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        """Take what the string must be like, and the library's own options."""
        self.lengths = Bounds(minimum=min_length or None, maximum=max_length)
        self.pattern = re.compile(pattern) if pattern else None
        self.choices = tuple(choices)
        kwargs["metadata"] = self._openapi() | dict(kwargs.get("metadata") or {})
        super().__init__(**kwargs)

    def _openapi(self) -> dict[str, Any]:
        said = {
            "minLength": self.lengths.minimum,
            "maxLength": self.lengths.maximum,
            "pattern": f"^(?:{self.pattern.pattern})$" if self.pattern else None,
            "enum": list(self.choices) or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise refused("wrong_type", self._expected(), value)
        if self.choices and value not in self.choices:
            raise refused("unknown_choice", self._expected(), value, hint(value, self.choices))
        if len(value) not in self.lengths:
            raise miscounted(self._expected(), f"{len(value)} characters")
        if self.pattern and not self.pattern.fullmatch(value):
            raise refused("bad_pattern", self._expected(), value)
        return value

    def _expected(self) -> str:
        if self.choices:
            return f"one of {', '.join(map(repr, self.choices))}"
        length = f" with a length{self.lengths}" if str(self.lengths) else ""
        return f"a string{length}" + (f" like {self.pattern.pattern}" if self.pattern else "")


class Name(StrictString):
    """The id that a client gives to a dataset or an experiment."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the library's own options."""
        super().__init__(pattern=NAME, **kwargs)

    def _expected(self) -> str:
        return "1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or a digit"


def checked_name(name: str) -> str:
    """The name, if it is one that a client may give. Raises Invalid."""
    try:
        return str(Name().deserialize(name))
    except ma.ValidationError as error:
        message = str(error.messages[0])
        raise invalid("bad_name", message, "/name") from error
