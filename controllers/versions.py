"""/v1/experiments/{id}/versions: what was trained, to read, download and delete."""

from __future__ import annotations

from typing import Any

from flask import Response, send_file

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.negotiation import produces
from controllers.parts import parts
from controllers.waiting import preferred_wait, session, unfinished, waited
from models import Version
from schemas.version import (
    ModelQuery,
    VerificationSchema,
    VersionListSchema,
    VersionSchema,
)
from services import verifying, versions

BYTES = "application/octet-stream"
BINARY = {"type": "string", "format": "binary"}

blp = Blueprint(
    "versions",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>/versions",
    description="Trained forests",
)


@blp.route("")
@conditional
@blp.response(200, VersionListSchema)
@blp.problems(404)
def list_versions(experiment_id: str) -> dict[str, Any]:
    """List an experiment's versions, the newest first."""
    return {"items": versions.listed(session(), experiment_id)}


@blp.route("/<int:number>")
@conditional
@blp.response(200, VersionSchema)
@blp.problems(404)
def get_version(experiment_id: str, number: int) -> Version:
    """Look at a version."""
    return versions.get(session(), experiment_id, number)


@blp.route("/<int:number>", methods=["DELETE"])
@blp.response(204)
@blp.problems(404, 409)
def delete_version(experiment_id: str, number: int) -> None:
    """Delete a version that is not the active one."""
    versions.delete(session(), parts().home, experiment_id, number)


@blp.route("/<int:number>/verify", methods=["POST"])
@blp.response(200, VerificationSchema)
@blp.accepted
@blp.problems(404, 409)
def verify_version(experiment_id: str, number: int) -> Any:
    """Grow a version again from its record, and say whether it is the same, byte for byte."""
    wait = preferred_wait()
    job = verifying.submit(session(), parts().queue, experiment_id, number)
    job = waited(session(), job, wait)
    return unfinished(job) or job.result


@blp.route("/<int:number>/model")
@blp.arguments(ModelQuery, location="query")
@blp.response(200, BINARY, content_type=BYTES)
@blp.problems(404, 409)
@produces(BYTES)
def download_model(query: dict[str, Any], experiment_id: str, number: int) -> Response:
    """Download a model: as a pickled scikit-learn Pipeline, or as ONNX.

    The ONNX export of a large forest is in parts, `manifest.onnx_parts` trees each. Each is a
    model that answers for its own trees: the forest's answer is their mean, weighed by the trees.
    """
    kind = query["format"]
    part = query["part"]
    file = versions.model_file(session(), parts().home, experiment_id, number, kind, part)
    of_several = f"-{part}" if part else ""
    name = f"{experiment_id}-{number}{of_several}{file.suffix}"
    return send_file(file, mimetype=BYTES, as_attachment=True, download_name=name)
