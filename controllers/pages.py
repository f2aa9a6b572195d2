"""/: the pages for people. They show what the API answers, and ask it alone for what they do."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from controllers import sessions
from controllers.conditional import conditional
from controllers.negotiation import accepts, produces, takes_anything
from controllers.parsing import StrictParser
from controllers.parts import parts
from controllers.problems import problem_from_error
from controllers.statics import policy
from controllers.waiting import session
from models.errors import Conflict, GroveError, Unauthorized
from schemas.dataset import DatasetPageSchema, DatasetSchema
from schemas.experiment import ExperimentPageSchema, ExperimentSchema
from schemas.key import KeysSchema
from schemas.listing import PageQuery
from schemas.page import SearchQuery
from schemas.version import VersionListSchema
from services import datasets, drifting, experiments, jobs, keys, outcomes, versions
from services.experiments import ExperimentFilter
from services.inputs import inputs
from services.jobs import JobFilter
from services.pictures.names import OF_TASK

HTML = "text/html"
MOST_COLUMNS, MOST_VERSIONS = 300, 200
DAYS, MOST_DRIFTS = 7, 20  # of what was served
JOBS_SHOWN = 5  # as many as js/jobs.js looks at
NEWEST = "-created_at"
POLICY = (
    "default-src 'none'; script-src {files}; style-src {files}; img-src {files}; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PARSER = StrictParser()

log = structlog.get_logger()
blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@produces(HTML)
@conditional
def home() -> Response:
    """All experiments, and where to drop a CSV."""
    query = PARSER.parse(SearchQuery(), request, location="query")
    wanted = ExperimentFilter(search=query.pop("search") or None)
    page = experiments.listed(session(), wanted, NEWEST, **query)
    return _page("home.html", page=ExperimentPageSchema().dump(page), search=wanted.search or "")


@blueprint.get("/datasets")
@produces(HTML)
@conditional
def list_datasets() -> Response:
    """All datasets."""
    query = PARSER.parse(PageQuery(), request, location="query")
    page = datasets.listed(session(), **query)
    return _page("datasets.html", page=DatasetPageSchema().dump(page))


@blueprint.get("/datasets/<name>")
@produces(HTML)
@conditional
def show_dataset(name: str) -> Response:
    """A dataset's columns, and an experiment to be made of them."""
    dataset = _dumped(DatasetSchema, datasets.get(session(), name))
    return _page("dataset.html", dataset=dataset, most=MOST_COLUMNS)


@blueprint.get("/experiments/<experiment_id>")
@produces(HTML)
@conditional
def show_experiment(experiment_id: str) -> Response:
    """An experiment: its work, its versions, and a form to predict with."""
    experiment = experiments.get(session(), experiment_id)
    newest = jobs.listed(session(), JobFilter(experiment=experiment_id), 1, JOBS_SHOWN)
    listed = {"items": versions.listed(session(), experiment_id)[:MOST_VERSIONS]}
    shown = VersionListSchema().dump(listed)["items"]
    return _page(
        "experiment.html",
        experiment=_dumped(ExperimentSchema, experiment),
        versions=shown,
        compared=[_scalars(each) for each in shown],
        most=MOST_COLUMNS,
        columns=inputs(session(), experiment),
        plots=OF_TASK[experiment.type],
        drift=_drift(experiment_id),
        live=outcomes.live(session(), experiment_id, DAYS, experiment.active_version or 0),
        most_drifts=MOST_DRIFTS,
        over=[job.id for job in newest.items if not job.is_open],
    )


@blueprint.get("/keys")
@produces(HTML)
@conditional
def list_keys() -> Response:
    """All keys, and a new one to be made."""
    return _page("keys.html", keys=KeysSchema().dump({"items": keys.listed(session())})["items"])


@blueprint.errorhandler(GroveError)
def _explain(error: GroveError) -> Any:
    """What is wrong, as a page to who asked for one; who is not known is asked for a key."""
    problem = problem_from_error(error)
    if takes_anything() or not accepts(HTML):
        return problem
    if isinstance(error, Unauthorized):
        return redirect(url_for("login.show_login"), 303)
    response = _page("problem.html", problem=problem.get_json())
    response.status_code = problem.status_code
    return response


def _page(template: str, **shown: Any) -> Response:
    signed_in = bool(sessions.digest_sent())
    response = make_response(
        render_template(template, here=request.path, signed_in=signed_in, **shown)
    )
    response.headers["Content-Security-Policy"] = policy(POLICY)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _scalars(version: dict[str, Any]) -> dict[str, Any]:
    """What two versions are compared by, side by side: numbers and words."""
    kept: dict[str, Any] = {"version": version["version"]}
    for part in ("result", "hyper_parameters"):
        values = (version[part] or {}).items()
        kept[part] = {name: each for name, each in values if not isinstance(each, dict | list)}
    return kept


def _drift(experiment_id: str) -> dict[str, Any] | None:
    """How the active version's rows have drifted, where there is one that can tell."""
    try:
        return drifting.drift(session(), parts().home, experiment_id, None, DAYS)
    except Conflict as error:
        if error.code not in ("not_trained", "no_baseline"):
            log.warning("no drift", experiment=experiment_id, error=str(error))
        return None


def _dumped(schema: Any, row: object) -> Any:
    return schema().dump(row)
