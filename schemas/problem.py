"""The body of every error answer (RFC 9457), as it is documented."""

from __future__ import annotations

import marshmallow as ma

from schemas.base import Schema
from schemas.containers import ListOf


class FaultSchema(Schema):
    """One thing that is wrong with the input."""

    pointer = ma.fields.String(
        required=True,
        metadata={"description": "JSON Pointer (RFC 6901) into the input", "example": "/test_size"},
    )
    code = ma.fields.String(
        required=True, metadata={"description": "stable word", "example": "out_of_range"}
    )
    message = ma.fields.String(
        required=True,
        metadata={"description": "what was expected, what came, the nearest known name"},
    )


class ProblemSchema(Schema):
    """What went wrong with a request."""

    type = ma.fields.String(
        required=True, metadata={"format": "uri-reference", "example": "/problems/invalid"}
    )
    title = ma.fields.String(
        required=True, metadata={"description": "the same for every occurrence of the code"}
    )
    status = ma.fields.Integer(required=True, metadata={"minimum": 400, "maximum": 599})
    detail = ma.fields.String(required=True, metadata={"description": "this occurrence"})
    instance = ma.fields.String(
        required=True, metadata={"format": "uri", "description": "the request's id"}
    )
    code = ma.fields.String(required=True, metadata={"description": "stable word for programs"})
    errors = ListOf(
        ma.fields.Nested(FaultSchema),
        required=True,
        max_items=101,  # a hundred, and how many more there are
        metadata={"description": "every single fault of the input; empty where there is none"},
    )
