"""/v1/experiments: created, read, listed, changed, deleted."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, jsonify, request, url_for

from controllers.api import IDEMPOTENCY_KEY, Blueprint
from controllers.caching import remembered
from controllers.compression import plain_etag
from controllers.datasets import reading_of
from controllers.parsing import StrictParser
from controllers.parts import parts
from controllers.repeats import repeat_of
from controllers.uploads import form_with_file, received_file
from controllers.uploads import register as register_uploads
from controllers.waiting import foreseen, preferred_wait, session, unfinished, waited
from models import Experiment, Job, Task
from models.experiment import new_uid
from schemas.estimate import SplitEstimateSchema
from schemas.experiment import (
    ExperimentChangeSchema,
    ExperimentCreateSchema,
    ExperimentFormSchema,
    ExperimentPageSchema,
    ExperimentQuery,
    ExperimentReplaceSchema,
    ExperimentSchema,
    ExperimentUploadSchema,
)
from services import changes, comparing, experiments
from services.experiments import Etags
from services.listing import Page
from services.splits.plan import Plan

Asked = tuple[dict[str, Any], Plan, Job]

JSON, FORM = "application/json", "multipart/form-data"
DEFAULTS = {
    "type": "classification",
    "test_size": 0.2,
    "calibration_size": 0.0,
    "split_column": None,
    "random_state": 0,
    "features": None,
    "exclude": [],
    "description": "",
}

BODY = {
    "required": True,
    "content": {
        JSON: {"schema": ExperimentCreateSchema},
        FORM: {"schema": ExperimentUploadSchema},
    },
}

blp = Blueprint(
    "experiments", __name__, url_prefix="/v1/experiments", description="From a table to a forest"
)
blp.record_once(lambda state: register_uploads(state.app))


@blp.route("", methods=["POST"])
@blp.doc(requestBody=BODY)  # type: ignore[untyped-decorator]
@blp.headers(IDEMPOTENCY_KEY)
@blp.response(201, ExperimentSchema)
@blp.alt_response(200, schema=SplitEstimateSchema)
@blp.accepted
@blp.problems(400, 409, 413, 415, 422, 503, 507)
def create_experiment() -> Response:
    """Create an experiment on a dataset, or on the CSV that comes with the form: split it.

    With `dry_run` nothing is made or kept; the answer tells what it would take, or why it cannot
    be.
    """
    wait = preferred_wait()
    fields, plan, job = _from_form() if request.mimetype == FORM else _from_json()
    if dry_run := fields.get("dry_run", False):
        job.params = {**job.params, "dry_run": True}
    repeat = repeat_of({"fields": fields, "upload": job.params})
    experiment = Experiment(
        id=fields.get("id", uuid4().hex[:12]),
        uid=new_uid(),
        dataset=None if "sha256" in job.params else fields["dataset"],
        description=fields.get("description", ""),
    )
    job.dataset = fields.get("dataset", experiment.id)
    job = experiments.create(session(), parts().queue, parts().home, experiment, plan, job, repeat)
    job = waited(session(), job, wait)
    if dry_run:
        return unfinished(job) or foreseen(job)
    return unfinished(job) or _answer(str(job.experiment), 201)


@blp.route("")
@blp.arguments(ExperimentQuery, location="query")
@remembered(lambda query: experiments.state_of_list(session(), **_listing(**query)))
@blp.response(200, ExperimentPageSchema)
def list_experiments(query: dict[str, Any]) -> Page[Experiment]:
    """List experiments."""
    return experiments.listed(session(), **_listing(**query))


@blp.route("/<experiment_id>")
@remembered(lambda experiment_id: experiments.state(session(), experiment_id))
@blp.response(200, ExperimentSchema)
@blp.problems(404)
def get_experiment(experiment_id: str) -> Response:
    """Look at an experiment."""
    return _answer(experiment_id, 200)


@blp.route("/<experiment_id>", methods=["PATCH"])
@blp.arguments(ExperimentChangeSchema)
@blp.response(200, ExperimentSchema)
@blp.accepted
@blp.problems(404, 409, 412)
def patch_experiment(fields: dict[str, Any], experiment_id: str) -> Response:
    """Change what is sent; promote or roll back by `active_version`."""
    return _changed(experiment_id, fields)


@blp.route("/<experiment_id>", methods=["PUT"])
@blp.arguments(ExperimentReplaceSchema)
@blp.response(200, ExperimentSchema)
@blp.accepted
@blp.problems(404, 409, 412)
def put_experiment(fields: dict[str, Any], experiment_id: str) -> Response:
    """Replace all that can be changed; what is not sent takes its default."""
    experiments.check_id(fields.pop("id", experiment_id), experiment_id)
    whole = {**DEFAULTS, **fields}
    by_class = whole["type"] == Task.CLASSIFICATION
    return _changed(experiment_id, {"stratify": by_class, **whole})


@blp.route("/<experiment_id>", methods=["DELETE"])
@blp.response(204)
@blp.problems(404, 412)
def delete_experiment(experiment_id: str) -> None:
    """Delete an experiment, its versions and files; running work stops."""
    experiments.delete(session(), parts().home, experiment_id, if_match())


def if_match() -> Etags:
    """The revisions that the client would change; None is any."""
    etags = request.if_match
    if not etags or etags.star_tag:
        return None
    return frozenset(plain_etag(each or "") for each in etags.as_set())  # "" is read as None


def _listing(page: int, page_size: int, sort: str, **wanted: str) -> dict[str, Any]:
    wanted_only = experiments.ExperimentFilter(**wanted)
    return {"wanted": wanted_only, "sort": sort, "page": page, "page_size": page_size}


def _changed(experiment_id: str, fields: dict[str, Any]) -> Response:
    wait = preferred_wait()
    worse = None
    if fields.pop("if_better", False) and (job := _comparison(experiment_id, fields)):
        job = waited(session(), job, wait)
        if (other := unfinished(job)) is not None:
            return other
        worse = comparing.require_better(job)
    job = changes.change(
        session(), parts().queue, parts().home, experiment_id, fields, if_match(), worse
    )
    other = unfinished(waited(session(), job, wait)) if job else None
    return other or _answer(experiment_id, 200)


def _comparison(experiment_id: str, fields: dict[str, Any]) -> Job | None:
    """What compares a version with the active one; None where there is nothing to compare."""
    number = fields.get("active_version")
    return comparing.evidence(session(), parts().queue, experiment_id, number)


def _from_json() -> Asked:
    fields = PARSER.parse(ExperimentCreateSchema, request, location="json")
    return fields, Plan.of(fields), Job()


def _from_form() -> Asked:
    with form_with_file():
        fields = PARSER.parse(ExperimentFormSchema, request, location="form")
        plan = Plan.of(fields)  # what it refuses is refused before there is a file to remove
        return fields, plan, received_file(reading_of(fields))


def _answer(experiment_id: str, status: int) -> Response:
    session().rollback()
    experiment = experiments.get(session(), experiment_id)
    schema = ExperimentSchema()  # type: ignore[no-untyped-call]
    response = jsonify(schema.dump(experiment))
    response.status_code = status
    response.set_etag(experiment.etag)
    if status == 201:  # noqa: PLR2004
        response.headers["Location"] = url_for(
            "experiments.get_experiment", experiment_id=experiment.id
        )
    return response


PARSER = StrictParser()
