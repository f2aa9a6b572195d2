"""Predictions and tests, as they are asked for and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.dataset import ReadingSchema
from schemas.fields import StrictBoolean, StrictInteger, StrictNumber, refused
from schemas.query import QueryBoolean, QueryInteger, QueryNumber

STRICT = {"description": "refuse categories unseen in training"}
COVERAGE = {"description": "add to each JSON row's prediction what holds the truth so often"}
RECORD = {"description": "keep each JSON row's prediction, so that its outcome can be told later"}
EXPLAIN = {"description": "say of each JSON row, 100 at most, what each column added to the answer"}


class Rows(ma.Field[list[Any]]):
    """A list of rows; what is in them is checked against the model, all at once."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise refused("wrong_type", "a list of rows", value)
        if not value:
            raise refused("no_rows", "one row or more", value)
        return value


class PredictSchema(Schema):
    """Rows to predict, each an object of column to value; null is a missing value."""

    rows = Rows(
        required=True,
        metadata={"type": "array", "minItems": 1, "items": {"type": "object"}},
    )
    strict = StrictBoolean(metadata=STRICT)
    explain = StrictBoolean(metadata=EXPLAIN)
    coverage = StrictNumber(above=0, below=1, metadata=COVERAGE)
    record = StrictBoolean(metadata=RECORD)

    def load(self, data: Any, **kwargs: Any) -> Any:
        """As any schema does; rows and nothing else, as most requests are, are known at sight."""
        if isinstance(data, dict) and data.keys() == {"rows"}:
            rows = data["rows"]
            if isinstance(rows, list) and rows:
                return data
        return super().load(data, **kwargs)


class PredictQuery(ReadingSchema):
    """Options of a predict; those on reading are for CSV bodies."""

    strict = QueryBoolean(metadata=STRICT)
    explain = QueryBoolean(metadata=EXPLAIN)
    coverage = QueryNumber(above=0, below=1, metadata=COVERAGE)
    record = QueryBoolean(metadata=RECORD)


class FaultNoticeSchema(Schema):
    """A warning about one value of one row."""

    pointer = ma.String(required=True)
    code = ma.String(required=True)
    message = ma.String(required=True)


class ExplanationSchema(Schema):
    """The base, and what each column adds to it: what they add up to is the answer.

    Each is a number, or an object with one for each class.
    """

    base = ma.Raw(required=True, metadata={"type": ["number", "object"]})
    contributions = AnyObject(required=True)


class PredictionSchema(Schema):
    """What is predicted for one row: a class with all probabilities, or a number."""

    label = ma.Raw(metadata={"description": "of the type that it has in the CSV"})
    probabilities = AnyObject()
    value = ma.Float()
    explanation = ma.Nested(ExplanationSchema)
    set = ListOf(ma.Raw(metadata={"type": ["string", "number", "boolean"]}))
    interval = ListOf(ma.Float(), allow_none=True)
    prediction_id = ma.String()


class PredictionsSchema(Schema):
    """What is predicted for all rows, in their order, by which version."""

    experiment = ma.String(required=True)
    version = ma.Integer(required=True)
    predictions = ListOf(ma.Nested(PredictionSchema), required=True)
    warnings = ListOf(ma.Nested(FaultNoticeSchema))


class EvaluateSchema(Schema):
    """Which version to test; the active one if it is not said."""

    version = StrictInteger(minimum=1)


class EvaluateQuery(ReadingSchema):
    """The same for a CSV body, and how to read it."""

    version = QueryInteger(minimum=1)


class ResultSchema(Schema):
    """What a version scored, on which rows."""

    experiment = ma.String(required=True)
    version = ma.Integer(required=True)
    result = AnyObject(required=True)
