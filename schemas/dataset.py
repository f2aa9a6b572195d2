"""Datasets, as they are answered, and how a CSV is to be read."""

from __future__ import annotations

from typing import Any

from flask_marshmallow.fields import Hyperlinks, URLFor
from flask_marshmallow.sqla import SQLAlchemyAutoSchema
from marshmallow import fields as ma

from models import Dataset
from schemas.base import Schema
from schemas.containers import ListOf
from schemas.fields import StrictString
from schemas.listing import PagedSchema
from schemas.query import QueryBoolean


class ReadingSchema(Schema):
    """How to read a CSV; what is not said is detected."""

    delimiter = StrictString(min_length=1, max_length=4, metadata={"example": ";"})
    encoding = StrictString(min_length=1, max_length=40, metadata={"example": "latin-1"})
    header = QueryBoolean(metadata={"description": "whether the first line holds the names"})
    missing_values = ListOf(
        StrictString(max_length=100), metadata={"description": "markers of a missing value"}
    )


class ColumnSchema(Schema):
    """One column."""

    name = ma.String(required=True)
    type = ma.String(
        required=True, metadata={"enum": ["integer", "number", "boolean", "date", "category"]}
    )
    missing = ma.Integer(required=True)
    distinct = ma.Integer(required=True, allow_none=True)
    examples = ListOf(ma.String(), required=True)
    minimum = ma.Raw(required=True, allow_none=True)
    maximum = ma.Raw(required=True, allow_none=True)


class WarningSchema(Schema):
    """Something that a careful person would want to know."""

    code = ma.String(required=True)
    message = ma.String(required=True)
    column = ma.String(required=True, allow_none=True)


class DatasetSchema(SQLAlchemyAutoSchema):
    """A dataset, described."""

    class Meta:
        """The row itself, less what is ours alone."""

        model = Dataset
        exclude = ("file", "reading", "description")

    columns = ma.Function(lambda row: _columns(row), metadata={"type": "array"})
    dialect = ma.Function(lambda row: row.description["dialect"], metadata={"type": "object"})
    warnings = ma.Function(lambda row: row.description["warnings"], metadata={"type": "array"})
    links = Hyperlinks(
        {
            "self": URLFor("datasets.get_dataset", values={"name": "<name>"}),
            "file": URLFor("datasets.download_dataset", values={"name": "<name>"}),
        },
        dump_only=True,
    )


class DatasetSummarySchema(DatasetSchema):
    """A dataset in a list."""

    class Meta(DatasetSchema.Meta):
        """All but the columns."""

        exclude = (*DatasetSchema.Meta.exclude, "columns", "dialect")


class DatasetPageSchema(PagedSchema):
    """Some of the datasets."""

    items = ListOf(ma.Nested(DatasetSummarySchema), required=True)


def _columns(row: Dataset) -> Any:
    return ColumnSchema(many=True).dump(row.description["columns"])
