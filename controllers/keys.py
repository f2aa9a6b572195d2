"""/v1/keys: who may ask. The first key closes the service to all who have none."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.waiting import session
from models import Key, Scope
from schemas.key import KeyCreateSchema, KeySchema, KeysSchema, NewKeySchema
from services import keys

blp = Blueprint("keys", __name__, url_prefix="/v1/keys", description="Who may ask")
NEW = NewKeySchema()


@blp.route("")
@conditional
@blp.response(200, KeysSchema)
def list_keys() -> dict[str, Any]:
    """List all keys that were ever made, the oldest first."""
    return {"items": keys.listed(session())}


@blp.route("", methods=["POST"])
@blp.arguments(KeyCreateSchema)
@blp.response(201, NewKeySchema)
@blp.problems(409)
def make_key(fields: dict[str, Any]) -> Response:
    """Make a key; its secret is in this answer and nowhere else."""
    name, scope = fields["name"], Scope(fields["scope"])
    secret = keys.add(session(), name, scope, fields["days"])
    made = NEW.dump(keys.get(session(), name))
    response = jsonify({**made, "key": secret})
    response.status_code = 201
    response.headers["Location"] = url_for("keys.get_key", name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


@blp.route("/<name>")
@conditional
@blp.response(200, KeySchema)
@blp.problems(404)
def get_key(name: str) -> Key:
    """Look at a key."""
    return keys.get(session(), name)


@blp.route("/<name>", methods=["DELETE"])
@blp.response(204)
@blp.problems(404)
def revoke_key(name: str) -> None:
    """Revoke a key, and the sessions that began with it, within a second; it stays on record."""
    keys.revoke(session(), name)
