"""/v1/experiments/{id}: train, test, and the parts of the split."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, jsonify, request, url_for

from controllers.api import IDEMPOTENCY_KEY, Blueprint
from controllers.datasets import reading_of
from controllers.experiments import PARSER
from controllers.negotiation import produces
from controllers.parts import parts
from controllers.repeats import repeat_of
from controllers.uploads import CSV, is_csv, received_body
from controllers.waiting import foreseen, preferred_wait, session, unfinished, waited
from models import Job
from schemas.estimate import EstimateSchema
from schemas.predict import EvaluateQuery, EvaluateSchema, ResultSchema
from schemas.train import GROWTH, TrainSchema, train_schema
from schemas.version import VersionSchema
from services import evaluating, experiments, training, versions
from services.splits import download

JSON = "application/json"
PART = {"type": "string", "description": "the rows as CSV"}
ROWS = {"type": "string", "description": "rows as CSV, the first line the names"}
TRAIN_BODY = {"content": {JSON: {"schema": TrainSchema}}}
TEST_BODY = {"content": {JSON: {"schema": EvaluateSchema}, CSV: {"schema": ROWS}}}

blp = Blueprint(
    "work",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>",
    description="Train and test",
)


@blp.route("/train", methods=["POST"])
@blp.doc(requestBody=TRAIN_BODY)  # type: ignore[untyped-decorator]
@blp.headers(IDEMPOTENCY_KEY)
@blp.response(201, VersionSchema)
@blp.alt_response(200, schema=EstimateSchema)
@blp.accepted
@blp.problems(404, 409, 413, 415, 422, 507)
def train_experiment(experiment_id: str) -> Response:
    """Train a forest by scikit-learn's hyper-parameters: a new version, active when done.

    With `extend` trees are added to those of a version, which stays as it is. With `dry_run`
    nothing is trained; the answer tells what it would take, or why it cannot be.
    """
    wait = preferred_wait()
    task = experiments.get(session(), experiment_id).type
    params = PARSER.parse(train_schema(task), request, location="optional_json")
    repeat = repeat_of({"hyper_parameters": params})
    growth = training.Growth(**{name: params.pop(name) for name in GROWTH if name in params})
    job = training.submit(session(), parts().queue, experiment_id, params, growth, repeat)
    job = waited(session(), job, wait)
    return unfinished(job) or (foreseen(job) if growth.dry_run else _trained(experiment_id, job))


@blp.route("/test", methods=["POST"])
@blp.doc(requestBody=TEST_BODY)  # type: ignore[untyped-decorator]
@blp.headers(IDEMPOTENCY_KEY)
@blp.arguments(EvaluateQuery, location="query")
@blp.response(200, ResultSchema)
@blp.accepted
@blp.problems(404, 409, 413, 415, 422, 507)
def test_experiment(query: dict[str, Any], experiment_id: str) -> Response:
    """Score a version on the test split and keep the result; or score a CSV that is sent."""
    wait = preferred_wait()
    number, job = _what_to_test(query)
    repeat = repeat_of({**job.params, "version": number})
    job = evaluating.submit(
        session(), parts().queue, parts().home, experiment_id, number, job, repeat
    )
    job = waited(session(), job, wait)
    return unfinished(job) or jsonify(job.result)


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
    response.set_etag(experiments.get(session(), experiment_id).checksums[part])
    return cast(Response, response.make_conditional(request))


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
