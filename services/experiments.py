"""Experiments: created, looked up, listed, changed, deleted."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, writing
from models.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed, invalid
from models.job import OPEN
from services import active, datasets
from services.files import remove
from services.listing import Page, State, page_of, state_of_page
from services.paths import Home
from services.queue import JobQueue
from services.repeats import Repeat, earlier
from services.splits.plan import Plan, nearest

SORTS = {
    "id": Experiment.id,
    "created_at": Experiment.created_at,
    "updated_at": Experiment.updated_at,
}
SEARCHED = (Experiment.id, Experiment.description, Experiment.dataset, Experiment.target)
STATE = (Experiment.uid, Experiment.revision)

Etags = frozenset[str] | None


@dataclass(frozen=True)
class ExperimentFilter:
    """Which experiments to list; None is any.

    `search` stands in the id, the description, the dataset's name or the target, in small letters
    or large.
    """

    type: str | None = None
    status: str | None = None
    dataset: str | None = None
    search: str | None = None


def get(session: Session, experiment_id: str, *, lock: bool = False) -> Experiment:
    """One experiment; with `lock` nobody else changes it before this transaction ends.

    Raises NotFound.
    """
    experiment = session.get(Experiment, experiment_id, with_for_update=lock or None)
    if experiment is None:
        message = f"there is no experiment {experiment_id[:64]!r}"
        raise NotFound(message, code="experiment_not_found")
    return experiment


def state(session: Session, experiment_id: str) -> State | None:
    """Changes whenever the experiment does; None where there is none."""
    query = sa.select(*STATE).where(Experiment.id == experiment_id)
    row = session.execute(query).one_or_none()
    return tuple(row) if row else None


def listed(
    session: Session, wanted: ExperimentFilter, sort: str, page: int, page_size: int
) -> Page[Experiment]:
    """Experiments in the order of `sort`: a key of SORTS, with a - before it for descending."""
    return page_of(session, _wanted(wanted, sort), page, page_size)


def state_of_list(
    session: Session, wanted: ExperimentFilter, sort: str, page: int, page_size: int
) -> State:
    """Changes whenever what `listed` gives does."""
    return state_of_page(session, _wanted(wanted, sort), STATE, page, page_size)


def _wanted(wanted: ExperimentFilter, sort: str) -> sa.Select[Experiment]:
    column = SORTS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    query = sa.select(Experiment).order_by(order, Experiment.id)
    for name in ("type", "status", "dataset"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Experiment, name) == value)
    if wanted.search is not None:
        found = [each.icontains(wanted.search, autoescape=True) for each in SEARCHED]
        query = query.where(sa.or_(*found))
    return query


def create(
    session: Session,
    queue: JobQueue,
    home: Home,
    experiment: Experiment,
    plan: Plan,
    job: Job,
    repeat: Repeat | None = None,
) -> Job:
    """Take in an experiment and queue its split; `job` may carry the CSV that came with it.

    A job with `dry_run` is only to tell what the split would take, and no experiment comes of it.
    The job of the same request comes back once it is over. Raises Conflict for an id in use, a
    file whose name other bytes have, or while the same request is under way; Invalid for a dataset
    that is not there.
    """
    experiment.plan, experiment.type = plan.as_record(), plan.type
    experiment.target = plan.target
    try:
        with writing(session):
            if same := earlier(session, repeat, job):
                remove(home.upload(job.id))
                return same
            _check_free(session, experiment, job)
            if job.params.get("dry_run"):
                job.kind, job.params = Kind.SPLIT, {**job.params, "plan": plan.as_record()}
                queue.put(session, job)
                return job
            session.add(experiment)
            session.flush()
            queue_split(session, queue, experiment, plan, job)
    except BaseException as error:
        remove(home.upload(job.id))
        if isinstance(error, IntegrityError):  # another request came first, with this id or key
            earlier(session, repeat, job)
            raise _id_in_use(experiment.id) from error
        raise
    return job


def _check_free(session: Session, experiment: Experiment, job: Job) -> None:
    if session.get(Experiment, experiment.id) is not None:
        raise _id_in_use(experiment.id)
    if "sha256" not in job.params:
        check_dataset(session, experiment.dataset)
    elif not datasets.would_keep(session, job):
        message = (
            f"there is a dataset {job.dataset!r} already, with other bytes: give the file another "
            "name by the field dataset, or PUT it there"
        )
        raise Conflict(message, code="dataset_exists")


def delete(session: Session, home: Home, experiment_id: str, if_match: Etags) -> None:
    """Delete an experiment, its versions and files; running work stops. Raises NotFound."""
    with active.following(session, home, experiment_id), writing(session):
        experiment = get(session, experiment_id, lock=True)
        check_match(experiment, if_match)
        work = sa.select(Job).where(Job.experiment_uid == experiment.uid, Job.state.in_(OPEN))
        for job in session.scalars(work.with_for_update()):
            job.cancel()
        uid = experiment.uid
        session.delete(experiment)
        session.flush()
        active.erase(home, experiment_id)
    remove(home.experiment(uid))


def check_match(experiment: Experiment, if_match: Etags) -> None:
    """Raise PreconditionFailed where the client read none but other revisions; None is any."""
    if if_match is not None and experiment.etag not in if_match:
        message = f"experiment {experiment.id!r} has changed since it was read: read it again"
        raise PreconditionFailed(message)


def queue_split(
    session: Session, queue: JobQueue, experiment: Experiment, plan: Plan, job: Job
) -> Job:
    """Queue the split of an experiment by `plan`, within the session's transaction."""
    job.kind, job.experiment, job.experiment_uid = Kind.SPLIT, experiment.id, experiment.uid
    job.dataset = job.dataset or experiment.dataset
    job.params = {**job.params, "plan": plan.as_record()}
    queue.put(session, job)
    return job


def check_id(given: str, experiment_id: str) -> None:
    """Raise Invalid where a body names another experiment than its address does."""
    if given != experiment_id:
        message = f"an id cannot be changed: this is {experiment_id!r}, not {given!r}"
        raise invalid("id_fixed", message, "/id")


def _id_in_use(experiment_id: str) -> Conflict:
    return Conflict(f"experiment {experiment_id!r} exists already", code="experiment_exists")


def check_dataset(session: Session, name: str | None) -> None:
    """Raise Invalid where there is no such dataset, with the nearest name that there is."""
    if name is not None and session.get(Dataset, name) is not None:
        return
    hint = nearest(name or "", session.scalars(sa.select(Dataset.name).limit(1000)))
    message = f"there is no dataset {name!r}{hint}"
    fault = Fault("/dataset", "dataset_not_found", message)
    raise Invalid(message, code=fault.code, faults=[fault])
