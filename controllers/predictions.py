"""/v1/experiments/{id}/predict: rows in, predictions out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import orjson
from flask import Response
from sqlalchemy.orm import Session

from controllers.api import Blueprint
from controllers.datasets import reading_of
from controllers.negotiation import produces, require_accepted
from controllers.parts import Parts, parts
from controllers.uploads import CSV, is_csv, passing_body, sent_file
from controllers.waiting import long_body
from models import db
from models.errors import TooLarge, invalid
from schemas.predict import PredictionsSchema, PredictQuery, PredictSchema
from services import predicting, scoring
from services.reading import Limits

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

JSON = "application/json"
TABLE = {"type": "string", "description": "the columns sent, then what is predicted"}
ROWS = {"type": "string", "description": "rows as CSV, the first line the names"}
BODY = {
    "required": True,
    "content": {JSON: {"schema": PredictSchema}, CSV: {"schema": ROWS}},
}
SCORED: dict[str, Any] = {
    "schema": TABLE,
    "content_type": CSV,
    "success": True,
    "headers": {
        "Grove-Version": {"schema": {"type": "integer"}, "description": "which version predicted"},
        "Grove-Warnings": {"schema": {"type": "string"}, "description": "a JSON list of warnings"},
    },
}
PREDICT = PredictSchema()

blp = Blueprint(
    "predictions",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>",
    description="Predict",
)


class Predicted(Response):
    """JSON that is whole when it is made: werkzeug need not see what its headers or body lack."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(orjson.dumps(answer), content_type=JSON)

    def __call__(self, _: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it as it is: to look it through would be 9 % of the calls that a predict makes."""
        start_response(self.status, self.headers.to_wsgi_list())
        return cast(list[bytes], self.response)


@blp.route("/predict", methods=["POST"])
@blp.doc(requestBody=BODY)  # type: ignore[untyped-decorator]
@blp.arguments(PredictQuery, location="query")
@blp.response(200, PredictionsSchema)
@blp.alt_response(200, **SCORED)
@blp.problems(404, 409, 413, 415, 422, 507)
@produces(JSON, CSV)
def predict(query: dict[str, Any], experiment_id: str) -> Response:
    """Predict rows by the active version: JSON in, JSON out; CSV in, CSV out.

    With `explain` each prediction of up to 100 JSON rows says what each column added to it, with
    `coverage` what holds the truth so often: a `set` of classes, or an `interval`. With `record`
    each has a `prediction_id`, by which its outcome can be told later.
    """
    in_csv = is_csv()
    require_accepted(CSV if in_csv else JSON)
    # A session is begun where it is used, which a version that is loaded does not need.
    own = parts()
    served = own.models.of(cast(Session, db.session), experiment_id)
    return (_predicted_file if in_csv else _predicted_rows)(query, own, served)


def _predicted_rows(query: dict[str, Any], own: Parts, served: predicting.Served) -> Response:
    body = blp.ARGUMENTS_PARSER.parse(PREDICT, location="json")
    _require_few(body["rows"], own.settings.max_rows)
    strict = body.get("strict", query.get("strict", False))
    wanted = body.get("explain", query.get("explain", False))
    explain = own.explainer.explain if wanted else None
    coverage = body.get("coverage", query.get("coverage"))
    see = partial(own.recorder.took, record=body.get("record", query.get("record", False)))
    answer = predicting.predict_rows(
        served, body["rows"], explain, see=see, strict=strict, coverage=coverage
    )
    own.counts.predicted("json", len(body["rows"]))
    return Predicted(answer)


def _require_few(rows: list[Any], most: int) -> None:
    if len(rows) > most:
        message = f"{len(rows):,} rows were sent; at most {most:,} are taken as JSON"
        raise TooLarge(message + " (CSV has no limit)", code="too_many_rows")


def _predicted_file(query: dict[str, Any], own: Parts, served: predicting.Served) -> Response:
    for option in ("explain", "coverage", "record"):
        if query.get(option):
            raise invalid("not_for_csv", f"{option} is for rows sent as JSON", f"/{option}")
    reading, strict = reading_of(query), query.get("strict", False)
    target = own.home.scored(uuid4().hex)
    limits = Limits(max_columns=own.settings.max_columns)
    with passing_body() as source, long_body():
        scored = scoring.score_file(source, target, served, reading, limits, strict=strict)
    own.recorder.merge(served, scored.tally)
    own.counts.predicted("csv", scored.rows)
    response = sent_file(target, scored.notices)
    response.headers["Grove-Version"] = str(served.version)
    return response
