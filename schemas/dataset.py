"""Datasets, as they are answered, and how a CSV is to be read."""

from __future__ import annotations

from itertools import islice

from flask_marshmallow.fields import Hyperlinks, URLFor
from flask_marshmallow.sqla import SQLAlchemyAutoSchema
from marshmallow import fields as ma

from models import Dataset
from schemas.base import Schema
from schemas.containers import ListOf
from schemas.fields import StrictString
from schemas.listing import PagedSchema
from schemas.query import QueryBoolean

MOST_FREQUENT = 12


class ReadingSchema(Schema):
    """How to read a CSV; what is not said is detected."""

    delimiter = StrictString(min_length=1, max_length=4, metadata={"example": ";"})
    encoding = StrictString(min_length=1, max_length=40, metadata={"example": "latin-1"})
    header = QueryBoolean(metadata={"description": "whether the first line holds the names"})
    missing_values = ListOf(
        StrictString(max_length=100), metadata={"description": "markers of a missing value"}
    )


class HistogramSchema(Schema):
    """How the numbers of a column lie between edges, of which there is one more than of counts."""

    edges = ListOf(ma.Float(), required=True)
    counts = ListOf(ma.Integer(), required=True)


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
    histogram = ma.Nested(HistogramSchema, required=True, allow_none=True)
    most_frequent = ma.Function(
        lambda column: [
            {"value": value, "count": count}
            for value, count in islice((column["levels"] or {}).items(), MOST_FREQUENT)
        ],
        metadata={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"value": {"type": "string"}, "count": {"type": "integer"}},
            },
            "description": "the most frequent values, where not too many differ to be counted",
        },
    )


class DialectSchema(Schema):
    """How the CSV was read, whether the client said so or it was found out."""

    delimiter = ma.String(required=True)
    encoding = ma.String(required=True)
    header = ma.Boolean(required=True)
    missing_values = ListOf(ma.String(), required=True)


class WarningSchema(Schema):
    """Something that a careful person would want to know."""

    code = ma.String(required=True)
    message = ma.String(required=True)
    column = ma.String(required=True, allow_none=True)


class DatasetSummarySchema(SQLAlchemyAutoSchema):
    """A dataset in a list."""

    class Meta:
        """The row itself, less what is ours alone."""

        model = Dataset
        fields: tuple[str, ...] = (
            "name",
            "rows",
            "size",
            "sha256",
            "warnings",
            "created_at",
            "updated_at",
            "links",
        )

    size = ma.Integer(metadata={"description": "bytes"})
    warnings = ListOf(ma.Nested(WarningSchema), attribute="description.warnings")
    links = Hyperlinks(
        {
            "self": URLFor("datasets.get_dataset", values={"name": "<name>"}),
            "file": URLFor("datasets.download_dataset", values={"name": "<name>"}),
        },
        dump_only=True,
    )


class DatasetSchema(DatasetSummarySchema):
    """A dataset, described."""

    class Meta(DatasetSummarySchema.Meta):
        """The row itself, and what its columns hold."""

        fields = (
            "name",
            "rows",
            "size",
            "sha256",
            "columns",
            "dialect",
            "warnings",
            "created_at",
            "updated_at",
            "links",
        )

    columns = ListOf(ma.Nested(ColumnSchema), attribute="description.columns")
    dialect = ma.Nested(DialectSchema, attribute="description.dialect")


class DatasetPageSchema(PagedSchema):
    """Some of the datasets."""

    items = ListOf(ma.Nested(DatasetSummarySchema), required=True)
