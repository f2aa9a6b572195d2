"""Training, asked for: checked against the experiment and queued."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, Status, writing
from models.errors import Conflict, Invalid
from models.hyper_parameters import defaults
from services import jobs
from services.experiments import get
from services.forest.labels import text_of
from services.forest.parameters import check
from services.queue import JobQueue


def submit(
    session: Session,
    queue: JobQueue,
    experiment_id: str,
    params: dict[str, Any],
    idempotency_key: str | None = None,
) -> Job:
    """Queue the training of a new version with these hyper-parameters.

    The same unfinished job comes back for the same idempotency key. Raises NotFound, Invalid for
    what the experiment does not allow, Conflict while it is split or trained.
    """
    try:
        with writing(session):
            experiment = get(session, experiment_id, lock=True)
            if experiment.status == Status.SPLITTING:
                raise Conflict(f"experiment {experiment.id!r} is being split", code="not_split")
            running = jobs.open_job(session, experiment.uid, Kind.TRAIN)
            if running and idempotency_key and running.idempotency_key == idempotency_key:
                return _same(running, experiment, params)
            jobs.refuse_while_open(session, experiment.uid, Kind.TRAIN)
            job = _job(session, experiment, params, idempotency_key)
            queue.put(session, job)
            return job
    except IntegrityError:  # another request came first
        jobs.refuse_while_open(session, get(session, experiment_id).uid, Kind.TRAIN)
        raise


def _same(running: Job, experiment: Experiment, params: dict[str, Any]) -> Job:
    """The job that is under way, if it does what is asked for. Raises Invalid otherwise."""
    if running.params["hyper_parameters"] != _chosen(experiment, params):
        message = "this Idempotency-Key came with other hyper-parameters before"
        raise Invalid(message, code="idempotency_key_reused")
    return running


def _chosen(experiment: Experiment, params: dict[str, Any]) -> dict[str, Any]:
    seed = {"random_state": experiment.plan["random_state"]}
    return {**defaults(experiment.type), **seed, **params}


def _job(
    session: Session, experiment: Experiment, params: dict[str, Any], idempotency_key: str | None
) -> Job:
    _check(session, experiment, params)
    return Job(
        kind=Kind.TRAIN,
        experiment=experiment.id,
        experiment_uid=experiment.uid,
        dataset=experiment.dataset,
        params={"hyper_parameters": _chosen(experiment, params)},
        idempotency_key=idempotency_key,
    )


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
