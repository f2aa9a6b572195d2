"""/v1/experiments/{id}/versions/{n}: pictures of a version, and what its features are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.negotiation import produces
from controllers.parts import parts
from controllers.waiting import accepted, preferred_wait, session, unfinished, waited
from models import Job
from schemas.inspection import (
    DependenceQuery,
    DependenceSchema,
    ImportancesSchema,
    SlicesSchema,
    ThresholdsSchema,
)
from services import inspecting
from services.pictures.names import FORMATS, NAMES

SVG, PNG, JSON = "image/svg+xml", "image/png", "application/json"
MEDIA_TYPES = {"svg": SVG, "png": PNG}
# The colours of an SVG are styles of its own, which a browser that opens it must take.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
PICTURE = {"type": "string", "format": "binary"}
QUOTED = ", ".join(f'"{name}"' for name in NAMES)  # there are dashes in them
PLACE = f"/<int:number>/plots/<any({QUOTED}):plot>.<any({', '.join(FORMATS)}):form>"

blp = Blueprint(
    "inspections",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>/versions",
    description="Pictures and explanations of a version",
)


@blp.route(PLACE)
@conditional
@blp.response(200, PICTURE, content_type=SVG)
@blp.alt_response(200, schema=PICTURE, content_type=PNG, success=True)
@blp.accepted
@blp.problems(404, 409)
@produces(SVG, PNG, JSON)
def show_plot(experiment_id: str, number: int, plot: str, form: str) -> Response:
    """Look at how a version answers the test rows, in a picture; it is drawn when first asked for.

    Of a classification confusion-matrix, roc, precision-recall, calibration and
    feature-importance; of a regression residuals, predicted and feature-importance.
    """
    found = made(inspecting.picture, experiment_id, number, f"{plot}.{form}")
    if isinstance(found, Response):
        return found
    response = Response(found, mimetype=MEDIA_TYPES[form])
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


@blp.route("/<int:number>/importances")
@conditional
@blp.response(200, ImportancesSchema)
@blp.accepted
@blp.problems(404, 409)
def list_importances(experiment_id: str, number: int) -> Any:
    """Tell what the features are worth: by permutation on the test rows, and by impurity."""
    return made(inspecting.record, experiment_id, number)


@blp.route("/<int:number>/dependence")
@blp.arguments(DependenceQuery, location="query")
@conditional
@blp.response(200, DependenceSchema)
@blp.accepted
@blp.problems(404, 409)
def show_dependence(query: dict[str, Any], experiment_id: str, number: int) -> Any:
    """Tell how the answer goes with a feature, the others left as they are: partial dependence."""
    found = made(inspecting.record, experiment_id, number)
    if isinstance(found, Response):
        return found
    return inspecting.dependence_of(found, query["feature"])


@blp.route("/<int:number>/slices")
@conditional
@blp.response(200, SlicesSchema)
@blp.accepted
@blp.problems(404, 409)
def list_slices(experiment_id: str, number: int) -> Any:
    """Tell where the version fails: its scores by the values of each category column."""
    return made(inspecting.record, experiment_id, number)


@blp.route("/<int:number>/thresholds")
@conditional
@blp.response(200, ThresholdsSchema)
@blp.accepted
@blp.problems(404, 409)
def list_thresholds(experiment_id: str, number: int) -> Any:
    """Of two classes, tell what comes of calling the last one from a probability on."""
    found = made(inspecting.record, experiment_id, number)
    return found if isinstance(found, Response) else inspecting.thresholds_of(found)


def made(ask: Callable[..., Any], *what: Any) -> Any:
    """What is asked for, made first where it is not there; or the answer in its place."""
    wait = preferred_wait()
    found = ask(session(), parts().queue, parts().home, *what)
    if isinstance(found, Job):
        other = unfinished(waited(session(), found, wait))
        if other is not None:
            return other
        found = ask(session(), parts().queue, parts().home, *what)
    return accepted(found) if isinstance(found, Job) else found  # lost again meanwhile
