"""/v1/experiments/{id}: train, test, predict, and the parts of the split."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, url_for

from controllers.api import IDEMPOTENCY_KEY, Blueprint
from controllers.datasets import reading_of
from controllers.experiments import PARSER
from controllers.negotiation import produces, require_accepted
from controllers.parts import parts
from controllers.uploads import CSV, is_csv, received_body, sent_file
from controllers.waiting import long_body, preferred_wait, session, unfinished, waited
from models import Job
from models.errors import TooLarge, invalid
from schemas.predict import (
    EvaluateQuery,
    EvaluateSchema,
    PredictionsSchema,
    PredictQuery,
    PredictSchema,
    ResultSchema,
)
from schemas.train import TrainSchema, train_schema
from schemas.version import VersionSchema
from services import evaluating, experiments, predicting, scoring, training, versions
from services.files import remove
from services.reading import Limits
from services.splits import download

JSON = "application/json"
MOST_KEY = 255
TABLE = {"type": "string", "description": "the columns sent, then what is predicted"}
PART = {"type": "string", "description": "the rows as CSV"}
ROWS = {"type": "string", "description": "rows as CSV, the first line the names"}
TRAIN_BODY = {"content": {JSON: {"schema": TrainSchema}}}
TEST_BODY = {"content": {JSON: {"schema": EvaluateSchema}, CSV: {"schema": ROWS}}}
PREDICT_BODY = {
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

blp = Blueprint(
    "work",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>",
    description="Train, test, predict",
)


@blp.route("/train", methods=["POST"])
@blp.doc(requestBody=TRAIN_BODY)  # type: ignore[untyped-decorator]
@blp.headers(IDEMPOTENCY_KEY)
@blp.response(201, VersionSchema)
@blp.accepted
@blp.problems(404, 409, 413, 415, 422, 507)
def train_experiment(experiment_id: str) -> Response:
    """Train a forest by scikit-learn's hyper-parameters: a new version, active when done."""
    wait = preferred_wait()
    task = experiments.get(session(), experiment_id).type
    params = PARSER.parse(train_schema(task), request, location="optional_json")
    key = _idempotency_key()
    job = training.submit(session(), parts().queue, experiment_id, params, key)
    job = waited(session(), job, wait)
    return unfinished(job) or _trained(experiment_id, job)


@blp.route("/test", methods=["POST"])
@blp.doc(requestBody=TEST_BODY)  # type: ignore[untyped-decorator]
@blp.arguments(EvaluateQuery, location="query")
@blp.response(200, ResultSchema)
@blp.accepted
@blp.problems(404, 409, 413, 415, 422, 507)
def test_experiment(query: dict[str, Any], experiment_id: str) -> Response:
    """Score a version on the test split and keep the result; or score a CSV that is sent."""
    wait = preferred_wait()
    number, job = _what_to_test(query)
    job = evaluating.submit(session(), parts().queue, parts().home, experiment_id, number, job)
    job = waited(session(), job, wait)
    return unfinished(job) or jsonify(job.result)


@blp.route("/predict", methods=["POST"])
@blp.doc(requestBody=PREDICT_BODY)  # type: ignore[untyped-decorator]
@blp.arguments(PredictQuery, location="query")
@blp.response(200, PredictionsSchema)
@blp.alt_response(200, **SCORED)  # type: ignore[untyped-decorator]
@blp.problems(404, 409, 413, 415, 422, 507)
@produces(JSON, CSV)
def predict(query: dict[str, Any], experiment_id: str) -> Response:
    """Predict rows by the active version: JSON in, JSON out; CSV in, CSV out."""
    require_accepted(CSV if is_csv() else JSON)
    served = parts().models.of(session(), experiment_id)
    if is_csv():
        return _predicted_file(query, served)
    body = PARSER.parse(PredictSchema, request, location="json")
    most = parts().settings.max_rows
    if len(body["rows"]) > most:
        message = f"{len(body['rows']):,} rows were sent; at most {most:,} are taken as JSON"
        raise TooLarge(message + " (CSV has no limit)", code="too_many_rows")
    strict = body.get("strict", query.get("strict", False))
    return jsonify(predicting.predict_rows(served, body["rows"], strict=strict))


@blp.route("/splits/<any(train, test, calibration):part>")
@blp.response(200, PART, content_type=CSV)
@blp.problems(404, 409)
@produces(CSV)
def download_split(experiment_id: str, part: str) -> Response:
    """Download a part of the split as CSV."""
    blocks = download.csv_of(session(), parts().home, experiment_id, part)
    name = f"{experiment_id}-{part}.csv"
    response = Response(blocks, mimetype=CSV)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _trained(experiment_id: str, job: Job) -> Response:
    number = (job.result or {})["version"]
    version = versions.get(session(), experiment_id, number)
    schema = VersionSchema()  # type: ignore[no-untyped-call]
    response = jsonify(schema.dump(version))
    response.status_code = 201
    response.headers["Location"] = url_for(
        "versions.get_version", experiment_id=experiment_id, number=number
    )
    return response


def _what_to_test(query: dict[str, Any]) -> tuple[int | None, Job]:
    if is_csv():
        return query.get("version"), received_body(reading_of(query), (CSV,))
    body = PARSER.parse(EvaluateSchema, request, location="optional_json")
    return body.get("version", query.get("version")), Job()


def _predicted_file(query: dict[str, Any], served: predicting.Served) -> Response:
    job = received_body(reading_of(query), (CSV,))
    source, target = parts().home.upload(job.id), parts().home.scored(job.id)
    try:
        with long_body():
            notices = scoring.score_file(
                source,
                target,
                served,
                reading_of(query),
                limits(),
                strict=query.get("strict", False),
            )
    finally:
        remove(source)
    response = sent_file(target, notices)
    response.headers["Grove-Version"] = str(served.version)
    return response


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MOST_KEY:
        message = f"expected an Idempotency-Key of 1 to {MOST_KEY} characters, got {len(key)}"
        raise invalid("bad_idempotency_key", message)
    return key


def limits() -> Limits:
    """The bounds within which this service reads a CSV."""
    return Limits(max_columns=parts().settings.max_columns)
