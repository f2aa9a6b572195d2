"""Health, as it is answered."""

from __future__ import annotations

from marshmallow import fields as ma

from schemas.base import Schema


class LifeSchema(Schema):
    """That this process answers."""

    alive = ma.Boolean(required=True)


class HealthSchema(Schema):
    """Whether all is well, and each part."""

    ready = ma.Boolean(required=True)
    database = ma.Boolean(required=True)
    disk = ma.Boolean(required=True)
    worker = ma.Boolean(required=True)
