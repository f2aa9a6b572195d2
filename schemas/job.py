"""Jobs, as they are answered and asked for."""

from __future__ import annotations

from flask_marshmallow.fields import Hyperlinks, URLFor
from marshmallow import fields as ma

from models import Kind, State
from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import Name, StrictString
from schemas.listing import PagedSchema, PageQuery
from schemas.problem import FaultSchema
from schemas.query import QueryChoice


class JobErrorSchema(Schema):
    """Why a job failed."""

    code = ma.String(required=True)
    detail = ma.String(required=True)
    errors = ListOf(ma.Nested(FaultSchema), required=True)


class JobSchema(Schema):
    """One piece of long work."""

    id = ma.String(required=True)
    kind = StrictString(choices=tuple(Kind), required=True)
    state = StrictString(choices=tuple(State), required=True)
    progress = ma.Float(required=True, metadata={"minimum": 0, "maximum": 1})
    message = ma.String(required=True)
    attempt = ma.Integer(required=True, metadata={"description": "times that it was taken up"})
    experiment = ma.String(required=True, allow_none=True)
    dataset = ma.String(required=True, allow_none=True)
    result = AnyObject(required=True, allow_none=True)
    error = ma.Nested(JobErrorSchema, required=True, allow_none=True)
    created_at = ma.DateTime(required=True)
    started_at = ma.DateTime(required=True, allow_none=True)
    finished_at = ma.DateTime(required=True, allow_none=True)
    estimated_end_at = ma.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "when it ends if it goes on at its pace"},
    )
    links = Hyperlinks({"self": URLFor("jobs.get_job", values={"job_id": "<id>"})}, dump_only=True)


class JobQuery(PageQuery):
    """Which jobs to list."""

    experiment = Name()
    dataset = Name()
    kind = QueryChoice(tuple(Kind))
    state = QueryChoice(tuple(State))


class JobPageSchema(PagedSchema):
    """Some of the jobs."""

    items = ListOf(ma.Nested(JobSchema), required=True)
