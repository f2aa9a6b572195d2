"""/v1/experiments/{id}/compare: two versions on the same test rows."""

from __future__ import annotations

from typing import Any

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.parts import parts
from controllers.waiting import preferred_wait, session, unfinished, waited
from schemas.comparison import CompareQuery, ComparisonSchema
from services import comparing

blp = Blueprint(
    "comparisons",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>",
    description="Which version is better, and how sure that is",
)


@blp.route("/compare")
@blp.arguments(CompareQuery, location="query")
@conditional
@blp.response(200, ComparisonSchema)
@blp.accepted
@blp.problems(404, 409)
def compare_versions(query: dict[str, Any], experiment_id: str) -> Any:
    """Compare two versions on the same test rows: how they differ, and how sure that is."""
    wait = preferred_wait()
    job = comparing.submit(session(), parts().queue, experiment_id, query["versions"])
    job = waited(session(), job, wait)
    return unfinished(job) or (job.result or {})["comparison"]
