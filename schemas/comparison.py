"""Comparisons of two versions, as they are asked for and answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import refused

TWO = re.compile("([1-9][0-9]{0,8}),([1-9][0-9]{0,8})")


class Pair(ma.Field[list[int]]):
    """Two version numbers with a comma between, as in 1,2."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[int]:
        found = TWO.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[1] == found[2]:
            raise refused("wrong_type", "two different version numbers, as in 1,2", value)
        return [int(found[1]), int(found[2])]


class CompareQuery(Schema):
    """Which two versions."""

    versions = Pair(
        required=True,
        metadata={"type": "string", "pattern": TWO.pattern, "example": "1,2"},
    )


class ComparisonSchema(Schema):
    """How the second version differs from the first, on the same rows.

    `scores` and `difference` are of `score`; `interval` holds the difference with the `confidence`
    given; `differences` has the same of all scores. `test` says how likely such differences are
    where there is none.
    """

    versions = ListOf(ma.Integer(), required=True)
    rows = ma.Integer(required=True)
    score = ma.String(required=True, metadata={"enum": ["accuracy", "rmse"]})
    scores = ListOf(ma.Float(), required=True)
    difference = ma.Float(required=True)
    interval = ListOf(ma.Float(), required=True)
    confidence = ma.Float(required=True)
    verdict = ma.String(required=True, metadata={"enum": ["better", "worse", "undecided"]})
    differences = AnyObject(required=True)
    test = AnyObject(required=True)
