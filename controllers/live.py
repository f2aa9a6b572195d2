"""/v1/experiments/{id}/drift and outcomes: how a forest does once it serves."""

from __future__ import annotations

from typing import Any

from controllers.api import Blueprint
from controllers.parts import parts
from controllers.waiting import session
from schemas.live import (
    DriftQuery,
    DriftSchema,
    LiveListSchema,
    NotedSchema,
    OutcomesQuery,
    OutcomesSchema,
)
from services import drifting, outcomes

blp = Blueprint(
    "live",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>",
    description="How a forest does once it serves",
)


@blp.route("/drift")
@blp.arguments(DriftQuery, location="query")
@blp.response(200, DriftSchema)
@blp.problems(404, 409)
def show_drift(query: dict[str, Any], experiment_id: str) -> dict[str, Any]:
    """Tell how far the rows that a version predicts lie from those that it was trained on.

    Of many rows at once, a body's or a block's of a CSV, a thousand count. The counts are some
    seconds old.
    """
    number, days = query["version"], query["days"]
    return drifting.drift(session(), parts().home, experiment_id, number, days)


@blp.route("/outcomes", methods=["POST"])
@blp.arguments(OutcomesSchema)
@blp.response(200, NotedSchema)
@blp.problems(404, 413, 415, 422)
def tell_outcomes(body: dict[str, Any], experiment_id: str) -> outcomes.Noted:
    """Tell what really happened, of predictions that were asked to `record`.

    A prediction is on record a second after it is answered. What is told again replaces what was
    told before; where one outcome is wrong, none is kept. Of predictions that are not on record
    (any more) the ids are told.
    """
    parts().recorder.flush()
    return outcomes.note(session(), experiment_id, body["outcomes"])


@blp.route("/outcomes")
@blp.arguments(OutcomesQuery, location="query")
@blp.response(200, LiveListSchema)
@blp.problems(404)
def list_outcomes(query: dict[str, Any], experiment_id: str) -> dict[str, Any]:
    """Tell the live scores: of predictions on record whose outcomes are known."""
    items = outcomes.live(session(), experiment_id, query["days"])
    return {"experiment": experiment_id, "days": query["days"], "items": items}
