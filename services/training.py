"""Training, asked for: checked against the experiment and queued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, Status, writing
from models.errors import Conflict, Invalid, invalid
from models.hyper_parameters import defaults
from services import jobs, versions
from services.experiments import get
from services.extending import base_of
from services.forest.labels import text_of
from services.forest.parameters import check
from services.queue import JobQueue
from services.repeats import Repeat, earlier
from services.searching import moved, search_of

TOL = 1e-3  # of an accuracy or an R2


@dataclass(frozen=True)
class Growth:
    """What a training is asked for beside hyper-parameters.

    Once the trees have grown for `max_minutes`, or with `early_stopping` change the out-of-bag
    score by no more than `tol`, those that there are make the forest. `extend` trees are added to
    those of a version, of the active one unless `version` says another. With `dry_run` it is only
    told what that would take. `search` has hyper-parameters tried, of which the best are taken.
    """

    max_minutes: float | None = None
    early_stopping: bool = False
    tol: float | None = None
    extend: int | None = None
    version: int | None = None
    dry_run: bool = False
    search: Mapping[str, Any] | None = None


def submit(
    session: Session,
    queue: JobQueue,
    experiment_id: str,
    params: dict[str, Any],
    growth: Growth = Growth(),
    repeat: Repeat | None = None,
) -> Job:
    """Queue the training of a new version with these hyper-parameters.

    The same job comes back for the same request. Raises NotFound, Invalid for what the experiment
    does not allow, Conflict while it is split or trained, or cannot be extended.
    """
    try:
        with writing(session):
            experiment = get(session, experiment_id, lock=True)
            if experiment.status == Status.SPLITTING:
                raise Conflict(f"experiment {experiment.id!r} is being split", code="not_split")
            job = _job(experiment)
            if same := earlier(session, repeat, job, join=True):
                return same
            jobs.refuse_while_open(session, experiment.uid, Kind.TRAIN)
            job.params = _asked(session, experiment, params, growth)
            queue.put(session, job)
            return job
    except IntegrityError:  # another request came first
        jobs.refuse_while_open(session, get(session, experiment_id).uid, Kind.TRAIN)
        raise


def _chosen(experiment: Experiment, params: dict[str, Any]) -> dict[str, Any]:
    seed = {"random_state": experiment.plan["random_state"]}
    return {**defaults(experiment.type), **seed, **params}


def _job(experiment: Experiment) -> Job:
    return Job(
        kind=Kind.TRAIN,
        experiment=experiment.id,
        experiment_uid=experiment.uid,
        dataset=experiment.dataset,
    )


def _asked(
    session: Session, experiment: Experiment, params: dict[str, Any], growth: Growth
) -> dict[str, Any]:
    """What the job is to do. Raises Invalid, NotFound, Conflict."""
    _check_stopping(params, growth)
    _check_search(params, growth)
    if growth.extend is None:
        if growth.version is not None:
            message = "version says which one to extend; say by how many trees, too"
            raise invalid("required", message, "/extend")
        _check(session, experiment, params)
        return {
            "hyper_parameters": {**_chosen(experiment, params), **_scored(growth)},
            "given": list(params),
            **_searched(session, experiment, params, growth),
            **_told(growth),
        }
    base = base_of(session, experiment, growth.version, growth.extend, params)
    trees = base.hyper_parameters["n_estimators"] + growth.extend
    return {
        "hyper_parameters": {**base.hyper_parameters, "n_estimators": trees},
        "given": list(base.hyper_parameters),
        "extends": base.number,
        "nodes_of_tree": versions.nodes_of_tree(base),
        **_told(growth),
    }


def _told(growth: Growth) -> dict[str, Any]:
    tol = (growth.tol or TOL) if growth.early_stopping else None
    return {"max_minutes": growth.max_minutes, "dry_run": growth.dry_run, "tol": tol}


def _check_search(params: dict[str, Any], growth: Growth) -> None:
    """Raise Invalid where a search and what is asked for beside it do not go together."""
    if growth.search is None:
        return
    for name in ("extend", "early_stopping", "dry_run"):
        if getattr(growth, name):
            raise invalid("not_with_search", f"{name} does not go with a search", f"/{name}")
    if both := sorted(growth.search["params"].keys() & params.keys()):
        message = f"{both[0]} is searched for; leave it out beside the search"
        raise invalid("not_with_search", message, f"/{both[0]}")


def _searched(
    session: Session, experiment: Experiment, params: dict[str, Any], growth: Growth
) -> dict[str, Any]:
    """What a search tries, each of which could be trained. Raises Invalid."""
    if growth.search is None:
        return {}
    seed = _chosen(experiment, params)["random_state"]
    search = search_of(growth.search, experiment.type, seed)
    for candidate in search.candidates:
        try:
            _check(session, experiment, {**params, **candidate})
        except Invalid as error:
            raise moved(error) from error
    return {"search": search.as_record()}


def _scored(growth: Growth) -> dict[str, bool]:
    """Who stops by the out-of-bag score asks for it."""
    return {"oob_score": True} if growth.early_stopping else {}


def _check_stopping(params: dict[str, Any], growth: Growth) -> None:
    """Raise Invalid where `early_stopping` and what is asked for beside it do not go together."""
    if growth.tol is not None and not growth.early_stopping:
        raise invalid("required", "tol is early_stopping's; ask for that, too", "/early_stopping")
    if not growth.early_stopping:
        return
    if growth.extend is not None:
        message = "early_stopping looks at all trees from the first one on; leave it out to extend"
        raise invalid("fixed_by_version", message, "/early_stopping")
    if not params.get("bootstrap", True):
        message = "early_stopping needs the rows that a tree has not drawn: bootstrap true"
        raise invalid("needs_bootstrap", message, "/early_stopping")
    if not params.get("oob_score", True):
        message = "early_stopping goes by the out-of-bag score: leave oob_score out, or true"
        raise invalid("needs_oob_score", message, "/oob_score")


def _check(session: Session, experiment: Experiment, params: dict[str, Any]) -> None:
    dataset = session.get_one(Dataset, experiment.dataset)
    columns = {column["name"]: column for column in dataset.description["columns"]}
    lowest = columns[experiment.target]["minimum"]
    faults = check(
        experiment.type,
        params,
        feature_names=[feature["name"] for feature in experiment.features],
        n_rows=experiment.train_rows or 0,
        class_texts=[text_of(label) for label in experiment.classes],
        target_negative=isinstance(lowest, int | float) and lowest < 0,
    )
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults)
