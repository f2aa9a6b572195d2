"""Two versions on the same test rows, asked for; and what it takes to promote the better one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from models import Job, Kind, State, Version, writing
from models.errors import Conflict, invalid
from models.job import OPEN
from services import jobs, versions
from services.experiments import get
from services.queue import JobQueue

REUSED = (*OPEN, State.SUCCEEDED)


def submit(session: Session, queue: JobQueue, experiment_id: str, numbers: Sequence[int]) -> Job:
    """The job that compares two versions: versions never change, so one that did so will do.

    Raises NotFound.
    """
    with writing(session):
        experiment = get(session, experiment_id, lock=True)
        for number in numbers:
            versions.of(session, experiment, number)
        job = Job(kind=Kind.COMPARE, experiment=experiment.id, experiment_uid=experiment.uid)
        job.dataset, job.params = experiment.dataset, {"versions": list(numbers)}
        same = jobs.latest_like(session, job, Job.state.in_(REUSED))
        if same is None:
            queue.put(session, job)
        return same or job


def evidence(
    session: Session, queue: JobQueue, experiment_id: str, number: int | None
) -> Job | None:
    """The job that tells whether a version is better than the active one.

    None where it is that, and where there is no such version, which the change then says. Raises
    NotFound for the experiment, Invalid without a number.
    """
    if number is None:
        raise invalid("required", "if_better is about active_version; say which", "/active_version")
    experiment = get(session, experiment_id)
    if experiment.active_version in (None, number):
        return None
    if number >= versions.MOST or session.get(Version, (experiment.uid, number)) is None:
        return None
    return submit(session, queue, experiment_id, [experiment.active_version, number])


def require_better(job: Job) -> int:
    """The number of the version than which the other one is better.

    Raises Conflict, not_better, where the comparison does not say so.
    """
    told = (job.result or {})["comparison"]
    first, second = job.params["versions"]
    if told["verdict"] != "better":
        low, high = told["interval"]
        message = (
            f"there is no evidence that version {second} is better than version {first}: "
            f"{told['score']} {told['scores'][1]:.4g} against {told['scores'][0]:.4g}, the "
            f"difference lies between {low:.4g} and {high:.4g}"
        )
        raise Conflict(message, code="not_better", job=job.id)
    return int(first)
