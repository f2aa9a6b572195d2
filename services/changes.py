"""Changes to an experiment: its description, its active version, its split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, Status, Version, writing
from models.errors import Conflict, Fault, Invalid
from services import active, jobs, versions
from services.experiments import Etags, check_dataset, check_match, get, queue_split
from services.paths import Home
from services.queue import JobQueue
from services.reading import Description
from services.splits.plan import Plan, choose


def change(
    session: Session,
    queue: JobQueue,
    home: Home,
    experiment_id: str,
    changes: Mapping[str, Any],
    if_match: Etags,
    worse: int | None = None,
) -> Job | None:
    """Change the fields named in `changes`; a job is given back where the split is made anew.

    With `worse` the active version must still be the one that the new one is better than.

    Raises NotFound, PreconditionFailed, Invalid for what is not there to be chosen, and Conflict
    where a version was trained on the split, or a split is being made.
    """
    with active.following(session, home, experiment_id), writing(session):
        experiment = get(session, experiment_id, lock=True)
        check_match(experiment, if_match)
        if worse is not None and experiment.active_version != worse:
            message = f"version {worse}, which was compared with, is not the active one any more"
            raise Conflict(message, code="changed_meanwhile")
        if "description" in changes:
            experiment.description = changes["description"]
        if changes.get("active_version") is not None:
            _promote(session, home, experiment, changes["active_version"])
        return _split_anew(session, queue, experiment, changes)


def _promote(session: Session, home: Home, experiment: Experiment, number: int) -> None:
    version = session.get(Version, (experiment.uid, number)) if number < versions.MOST else None
    if version is None:
        message = f"experiment {experiment.id!r} has no version {number}"
        fault = Fault("/active_version", "version_not_found", message)
        raise Invalid(message, code=fault.code, faults=[fault])
    experiment.activate(version)
    session.flush()
    active.write(home, experiment, version)


def _split_anew(
    session: Session, queue: JobQueue, experiment: Experiment, changes: Mapping[str, Any]
) -> Job | None:
    before = dict(experiment.plan)
    if changes.get("type", experiment.type) != experiment.type:
        del before["stratify"]  # takes the default of the new type
    plan = Plan.of({**before, **changes})
    dataset = changes.get("dataset", experiment.dataset)
    if plan == Plan.from_record(experiment.plan) and dataset == experiment.dataset:
        return None
    _refuse_trained(session, experiment)
    jobs.refuse_while_open(session, experiment.uid, Kind.SPLIT)
    jobs.refuse_while_open(session, experiment.uid, Kind.TRAIN)
    check_dataset(session, dataset)
    _check_plan(session.get_one(Dataset, dataset), plan)
    experiment.status = Status.SPLITTING
    return queue_split(session, queue, experiment, plan, Job(dataset=dataset))


def _check_plan(dataset: Dataset, plan: Plan) -> None:
    """Raise Invalid now for what the split would: a change is made as a whole or not at all."""
    description = Description.from_record(dataset.description)
    choose(description.columns, description.rows, plan)


def _refuse_trained(session: Session, experiment: Experiment) -> None:
    trained = sa.select(Version.number).where(Version.experiment_uid == experiment.uid).limit(1)
    if session.scalar(trained) is not None:
        message = f"experiment {experiment.id!r} has versions, trained on the split that it has"
        raise Conflict(message, code="already_trained")
