"""What an inspection of a version has found, as it is answered."""

from __future__ import annotations

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import StrictString

SHUFFLED = "what the score loses once the column is shuffled in the test rows, on average"
IMPURITY = "scikit-learn's feature_importances_: what the splits on it do for the training rows"


class ImportanceSchema(Schema):
    """What a feature is worth."""

    feature = ma.String(required=True)
    mean = ma.Float(required=True, metadata={"description": SHUFFLED})
    std = ma.Float(required=True, metadata={"description": "its standard deviation"})
    impurity = ma.Float(required=True, metadata={"description": IMPURITY})


class ImportancesSchema(Schema):
    """What the features of a version are worth, the most important first."""

    version = ma.Integer(required=True)
    score = ma.String(required=True, metadata={"enum": ["accuracy", "r2"]})
    rows_shuffled = ma.Integer(required=True)
    importances = ListOf(ma.Nested(ImportanceSchema), required=True)


class DependenceQuery(Schema):
    """Of which feature."""

    feature = StrictString(required=True, min_length=1, max_length=256)


class DependenceSchema(Schema):
    """The mean answer to some test rows once all have the same value of a feature."""

    feature = ma.String(required=True)
    type = ma.String(required=True)
    rows = ma.Integer(required=True)
    classes = ListOf(ma.String(), required=True, allow_none=True)
    values = ListOf(ma.Raw(metadata={"type": ["number", "boolean", "string"]}), required=True)
    means = ListOf(
        ma.Raw(metadata={"anyOf": [{"type": "number"}, {"type": "array"}]}),
        required=True,
        metadata={"description": "one for each value: a number, or one for each class"},
    )


class SliceSchema(Schema):
    """A column by whose values the test rows were told apart; `more` values are left out."""

    feature = ma.String(required=True)
    values = ListOf(AnyObject(), required=True)
    more = ma.Integer(required=True)


class SlicesSchema(Schema):
    """The scores by category: of classes accuracy and its interval, of numbers rmse and bias.

    `of` says whether a `value` that is null is one that is missing, or unseen in training.
    """

    version = ma.Integer(required=True)
    rows = ma.Integer(required=True)
    slices = ListOf(ma.Nested(SliceSchema), required=True)


class ThresholdSchema(Schema):
    """What comes of calling a row `label` from this probability on."""

    threshold = ma.Float(required=True)
    precision = ma.Float(required=True, allow_none=True)
    recall = ma.Float(required=True, allow_none=True)
    f1 = ma.Float(required=True, allow_none=True)
    share = ma.Float(required=True, metadata={"description": "of the rows that are called so"})


class ThresholdsSchema(Schema):
    """What comes of each threshold."""

    version = ma.Integer(required=True)
    label = ma.String(required=True)
    thresholds = ListOf(ma.Nested(ThresholdSchema), required=True)
