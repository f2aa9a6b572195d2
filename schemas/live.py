"""What was served, as it is asked for and answered: drift, outcomes, live scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import StrictNumber, StrictString, miscounted, refused
from schemas.query import QueryInteger

MOST_DAYS, MOST_DAYS_OF_OUTCOMES = 90, 3650
LONGEST_LABEL = 10_000
MOST_VALUE = 3e38  # as far as a forest's own numbers go
DAYS = {"description": "of the last days, today's included"}
SHARES = {"description": "of the training rows and of those served"}
LABEL = {"type": ["string", "number", "boolean"]}


class DriftQuery(Schema):
    """Of which version, without it of the active one, and how far to look back."""

    days = QueryInteger(minimum=1, maximum=MOST_DAYS, load_default=7, metadata=DAYS)
    version = QueryInteger(minimum=1, load_default=None)


class DriftOfFeatureSchema(Schema):
    """How far the rows served lie from the training rows in one feature.

    `psi` is the population stability index over about ten bins, `chance` what it exceeds once in a
    thousand times where nothing has drifted. `drift` is some from 0.1 on and strong from 0.25 on,
    where that is more than chance.
    """

    feature = ma.String(required=True)
    psi = ma.Float(required=True)
    chance = ma.Float(required=True)
    drift = ma.String(required=True, metadata={"enum": ["none", "some", "strong"]})
    missing = AnyObject(required=True, metadata=SHARES)
    unseen = AnyObject(required=True, allow_none=True, metadata=SHARES)


class DriftSchema(Schema):
    """How far the rows served lie from the training rows, the feature that is farthest first."""

    experiment = ma.String(required=True)
    version = ma.Integer(required=True)
    days = ma.Integer(required=True)
    rows = ma.Integer(required=True, metadata={"description": "those counted"})
    features = ListOf(ma.Nested(DriftOfFeatureSchema), required=True)


class Label(ma.Field[Any]):
    """A class: a string, a number, true or false."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str | int | float):
            raise refused("wrong_type", "a class: a string, a number, true or false", value)
        if isinstance(value, str) and len(value) > LONGEST_LABEL:
            raise miscounted(f"at most {LONGEST_LABEL:,} characters", f"{len(value):,}")
        return value


class OutcomeSchema(Schema):
    """What really happened: a label of a classification, a value of a regression."""

    prediction_id = StrictString(required=True, pattern="[0-9a-f]{32}")
    label = Label(metadata=LABEL)
    value = StrictNumber(minimum=-MOST_VALUE, maximum=MOST_VALUE)


class OutcomesSchema(Schema):
    """What really happened, of each prediction once."""

    outcomes = ListOf(ma.Nested(OutcomeSchema), required=True, min_items=1, max_items=10_000)


class OutcomesQuery(Schema):
    """How far to look back: when the predictions were made."""

    days = QueryInteger(minimum=1, maximum=MOST_DAYS_OF_OUTCOMES, load_default=7, metadata=DAYS)


class NotedSchema(Schema):
    """Of how many predictions it is known now, and what of it is odd."""

    outcomes = ma.Integer(required=True)
    not_on_record = ListOf(
        ma.String(), required=True, metadata={"description": "ids that are not there (any more)"}
    )
    new_labels = ListOf(
        ma.String(),
        required=True,
        metadata={"description": "some that are no class of the experiment; they count as wrong"},
    )


class LiveSchema(Schema):
    """The live scores of a version, and the same ones as `tested` on the test rows."""

    version = ma.Integer(required=True)
    predictions = ma.Integer(required=True, metadata={"description": "on record"})
    outcomes = ma.Integer(required=True, metadata={"description": "predictions with an outcome"})
    scores = AnyObject(required=True)
    tested = AnyObject(required=True)


class LiveListSchema(Schema):
    """The live scores of all versions that were asked to record, the newest first."""

    experiment = ma.String(required=True)
    days = ma.Integer(required=True)
    items = ListOf(ma.Nested(LiveSchema), required=True)
