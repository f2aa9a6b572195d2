"""The strict fields for query strings and forms, where every value comes as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.fields import StrictBoolean, StrictInteger, StrictNumber, StrictString

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,29})")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
BOOLEANS = {"true": True, "false": False}


class QueryInteger(StrictInteger):
    """An integer in plain decimal digits: no sign but '-', no blanks, no leading zeros."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        read = int(value) if isinstance(value, str) and INTEGER.fullmatch(value) else value
        return super()._deserialize(read, attr, data, **kwargs)


class QueryNumber(StrictNumber):
    """A number as JSON writes it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        read = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        return super()._deserialize(read, attr, data, **kwargs)


class QueryBoolean(StrictBoolean):
    """The word true or the word false."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        read = BOOLEANS.get(value, value) if isinstance(value, str) else value
        return super()._deserialize(read, attr, data, **kwargs)


class QueryChoice(StrictString):
    """One word out of a few."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        """Take the words, and the library's own options."""
        super().__init__(choices=choices, **kwargs)
