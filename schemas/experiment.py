"""Experiments, as they are asked for and answered."""

from __future__ import annotations

from typing import Any

from flask_marshmallow.fields import Hyperlinks, URLFor
from flask_marshmallow.sqla import SQLAlchemyAutoSchema
from marshmallow import fields as ma

from models import Experiment, Status, Task
from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.dataset import ReadingSchema, WarningSchema
from schemas.fields import Name, StrictBoolean, StrictInteger, StrictNumber, StrictString
from schemas.listing import PagedSchema, PageQuery
from schemas.query import QueryBoolean, QueryChoice, QueryInteger, QueryNumber

SEED: dict[str, Any] = {"minimum": 0, "maximum": 2**32 - 1}
COLUMN: dict[str, Any] = {"min_length": 1, "max_length": 256}
MOST_TEXT = 10_000
DRY_RUN = {"description": "create and keep nothing; tell what the split would take"}
SORTS = ("id", "created_at", "updated_at", "-id", "-created_at", "-updated_at")


class PlanSchema(Schema):
    """How to split."""

    type = StrictString(choices=tuple(Task))
    target = StrictString(**COLUMN)
    test_size = StrictNumber(above=0, below=1)
    calibration_size = StrictNumber(minimum=0, below=1)
    split_column = StrictString(**COLUMN, allow_none=True)
    random_state = StrictInteger(**SEED)
    stratify = StrictBoolean()
    features = ListOf(StrictString(**COLUMN), min_items=1, allow_none=True)
    exclude = ListOf(StrictString(**COLUMN))  # type: ignore[assignment]


class ExperimentChangeSchema(PlanSchema):
    """What may be changed; dataset, target and split only while no version exists."""

    dataset = Name()
    description = StrictString(max_length=MOST_TEXT)
    active_version = StrictInteger(minimum=1)
    if_better = StrictBoolean(
        metadata={"description": "make active_version active only if it is better, by evidence"}
    )


class ExperimentCreateSchema(PlanSchema):
    """A new experiment on a dataset that the service keeps."""

    id = Name()
    dataset = Name(required=True)
    target = StrictString(**COLUMN, required=True)
    description = StrictString(max_length=MOST_TEXT)
    dry_run = StrictBoolean(metadata=DRY_RUN)


class ExperimentReplaceSchema(ExperimentChangeSchema):
    """A whole experiment: what is left out takes its default."""

    id = Name()
    dataset = Name(required=True)
    target = StrictString(**COLUMN, required=True)


class ExperimentFormSchema(ReadingSchema):
    """The fields of a new experiment beside its CSV; `dataset` names what is kept of that."""

    id = Name()
    dataset = Name()
    description = StrictString(max_length=MOST_TEXT)
    type = QueryChoice(tuple(Task))
    target = StrictString(**COLUMN, required=True)
    test_size = QueryNumber(above=0, below=1)
    calibration_size = QueryNumber(minimum=0, below=1)
    split_column = StrictString(**COLUMN)
    random_state = QueryInteger(**SEED)
    stratify = QueryBoolean()
    features = ListOf(StrictString(**COLUMN), min_items=1)
    exclude = ListOf(StrictString(**COLUMN))  # type: ignore[assignment]
    dry_run = QueryBoolean(metadata=DRY_RUN)


class ExperimentUploadSchema(ExperimentFormSchema):
    """The whole form, as it is documented; its file is not read as a field."""

    file = ma.Raw(required=True, metadata={"type": "string", "format": "binary"})


class ExperimentQuery(PageQuery):
    """Which experiments to list, in which order."""

    type = QueryChoice(tuple(Task))
    status = QueryChoice(tuple(Status))
    dataset = Name()
    search = StrictString(
        min_length=1,
        max_length=256,
        metadata={"description": "what the id, description, dataset or target holds"},
    )
    sort = QueryChoice(SORTS, load_default="-created_at")


class FeatureSchema(Schema):
    """A column that the forests learn from."""

    name = ma.String(required=True)


class ExperimentSchema(SQLAlchemyAutoSchema):
    """An experiment: the row, how it was split, and the active version's result."""

    class Meta:
        """The row itself, less what is ours alone."""

        model = Experiment
        fields = (
            "id",
            "type",
            "status",
            "dataset",
            "target",
            "features",
            "classes",
            "train_path",
            "test_path",
            "calibration_path",
            "train_rows",
            "test_rows",
            "calibration_rows",
            "model_path",
            "active_version",
            "result",
            "warnings",
            "description",
            "test_size",
            "calibration_size",
            "split_column",
            "random_state",
            "stratify",
            "exclude",
            "created_at",
            "updated_at",
            "links",
        )

    type = ma.String(metadata={"enum": list(Task)})
    status = ma.String(metadata={"enum": list(Status)})
    dataset = ma.String(allow_none=True)
    features = ListOf(ma.Pluck(FeatureSchema, "name"))
    classes = ListOf(ma.Raw(metadata={"type": ["string", "number", "boolean"]}))
    result = AnyObject(allow_none=True)
    warnings = ListOf(ma.Nested(WarningSchema))
    test_size = ma.Float(attribute="plan.test_size")
    calibration_size = ma.Float(attribute="plan.calibration_size")
    split_column = ma.String(attribute="plan.split_column", allow_none=True)
    random_state = ma.Integer(attribute="plan.random_state")
    stratify = ma.Boolean(attribute="plan.stratify")
    exclude = ListOf(ma.String(), attribute="plan.exclude")  # type: ignore[assignment]
    links = Hyperlinks(
        {
            name: URLFor(endpoint, values={"experiment_id": "<id>"})
            for name, endpoint in {
                "self": "experiments.get_experiment",
                "versions": "versions.list_versions",
                "train": "work.train_experiment",
                "test": "work.test_experiment",
                "predict": "predictions.predict",
            }.items()
        },
        dump_only=True,
    )


class ExperimentPageSchema(PagedSchema):
    """Some of the experiments."""

    items = ListOf(ma.Nested(ExperimentSchema), required=True)
