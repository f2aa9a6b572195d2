"""Versions, as they are answered."""

from __future__ import annotations

from flask_marshmallow.fields import Hyperlinks, URLFor
from flask_marshmallow.sqla import SQLAlchemyAutoSchema
from marshmallow import fields as ma

from models import Version
from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.query import QueryChoice, QueryInteger

_OWN = {"experiment_id": "<experiment.id>", "number": "<number>"}


class VersionSchema(SQLAlchemyAutoSchema):
    """One trained forest."""

    class Meta:
        """The row itself, less what is ours alone."""

        model = Version
        fields = (
            "experiment",
            "version",
            "active",
            "job",
            "hyper_parameters",
            "result",
            "size",
            "fit_seconds",
            "model_path",
            "checksums",
            "manifest",
            "created_at",
            "links",
        )

    experiment = ma.String(attribute="experiment.id")
    version = ma.Integer(attribute="number")
    active = ma.Boolean(attribute="is_active")
    job = ma.String()
    hyper_parameters = AnyObject()
    checksums = AnyObject()
    manifest = AnyObject()
    result = AnyObject(allow_none=True)
    links = Hyperlinks(
        {
            "self": URLFor("versions.get_version", values=_OWN),
            "pickle": URLFor("versions.download_model", values={**_OWN, "format": "pickle"}),
            "onnx": URLFor("versions.download_model", values={**_OWN, "format": "onnx"}),
        },
        dump_only=True,
    )


class VersionListSchema(Schema):
    """All versions of an experiment, the newest first."""

    items = ListOf(ma.Nested(VersionSchema), required=True)


class VerificationSchema(Schema):
    """Whether a version that was grown again is the same, and what differs."""

    experiment = ma.String(required=True)
    version = ma.Integer(required=True)
    identical = ma.Boolean(required=True)
    files = ListOf(ma.String(), required=True, metadata={"description": "those compared"})
    different = ListOf(ma.String(), required=True, metadata={"description": "those that differ"})
    made_with = AnyObject(required=True)


class CardQuery(Schema):
    """In which format to read a card."""

    format = QueryChoice(("markdown", "html"), load_default="markdown")


class ModelQuery(Schema):
    """In which format to download a model, and which part of an ONNX export that is in several."""

    format = QueryChoice(("pickle", "onnx"), load_default="pickle")
    part = QueryInteger(minimum=1, load_default=None)
