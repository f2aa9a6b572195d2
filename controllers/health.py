"""/livez and /readyz: for whoever runs the service."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from controllers.api import Blueprint
from controllers.parts import parts
from controllers.waiting import session
from schemas.health import HealthSchema
from services import health

blp = Blueprint("health", __name__, description="Whether the service lives and can work")


@blp.route("/livez")
@blp.response(200)
def livez() -> dict[str, Any]:
    """Answer, as long as this process can."""
    return {"alive": True}


@blp.route("/readyz")
@blp.response(200, HealthSchema)
@blp.alt_response(503, schema=HealthSchema)
def readyz() -> Response:
    """Say whether database, disk and worker are there."""
    found = health.ready(session(), parts().home)
    response = jsonify({"ready": all(found.values()), **found})
    if not all(found.values()):
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return response
