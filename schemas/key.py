"""Keys, as they are asked for and answered; a secret is told once."""

from __future__ import annotations

from marshmallow import fields as ma

from models import Scope
from schemas.base import Schema
from schemas.containers import ListOf
from schemas.fields import StrictInteger, StrictString

LONGEST = 512
LONGEST_DAYS = 3650


class KeyCreateSchema(Schema):
    """A new key."""

    name = StrictString(pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,63}", required=True)
    scope = StrictString(choices=tuple(Scope), load_default=Scope.PREDICT)
    days = StrictInteger(
        minimum=1,
        maximum=LONGEST_DAYS,
        allow_none=True,
        load_default=None,
        metadata={"description": "how long it is good for; without it, until it is revoked"},
    )


class KeySchema(Schema):
    """What is known of a key."""

    name = ma.String(required=True)
    scope = StrictString(choices=tuple(Scope), required=True)
    created_at = ma.DateTime(required=True)
    expires_at = ma.DateTime(required=True, allow_none=True)
    revoked_at = ma.DateTime(required=True, allow_none=True)


class NewKeySchema(KeySchema):
    """A key, this once with its secret."""

    key = ma.String(required=True)


class KeysSchema(Schema):
    """All keys."""

    items = ListOf(ma.Nested(KeySchema), required=True)


class LoginSchema(Schema):
    """The key that a session is to stand for."""

    key = StrictString(min_length=1, max_length=LONGEST, required=True)
