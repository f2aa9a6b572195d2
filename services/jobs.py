"""Jobs as clients see them: looked up, listed, waited for, cancelled, paused."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Job, Kind, State, writing
from models.errors import Conflict, NotFound
from models.job import OPEN
from services.abandon import abandon
from services.listing import Page, page_of
from services.queue import JobQueue

ID = re.compile("[0-9a-f]{32}")
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; None is any."""

    experiment: str | None = None
    dataset: str | None = None
    kind: str | None = None
    state: str | None = None


def get(session: Session, job_id: str, *, lock: bool = False) -> Job:
    """One job; with `lock` nobody else changes it before this transaction ends. Raises NotFound."""
    job = session.get(Job, job_id, with_for_update=lock or None) if ID.fullmatch(job_id) else None
    if job is None:
        raise NotFound(f"there is no job {job_id[:64]!r}", code="job_not_found")
    return job


def listed(session: Session, wanted: JobFilter, page: int, page_size: int) -> Page[Job]:
    """Jobs, the newest first."""
    query = sa.select(Job).order_by(Job.created_at.desc(), Job.id)
    for name, value in vars(wanted).items():
        if value is not None:
            query = query.where(getattr(Job, name) == value)
    return page_of(session, query, page, page_size)


def wait(session: Session, job_id: str, seconds: float) -> Job:
    """The job as it is when it is over, or after so many seconds."""
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        session.rollback()  # each look is a transaction of its own
        job = get(session, job_id)
        left = deadline - time.monotonic()
        if not job.is_open or left <= 0:
            return job
        time.sleep(min(pause, left))
        pause = min(pause * 1.2, LONGEST_PAUSE)


def cancel(session: Session, queue: JobQueue, job_id: str) -> Job:
    """Cancel a job: its worker ends the child that does it. Raises NotFound, Conflict."""
    with writing(session):
        job = get(session, job_id, lock=True)
        was_parked = job.state == State.PAUSED
        job.cancel()
        abandon(session, job)
    if was_parked:
        queue.wake(job)
    return job


def pause(session: Session, queue: JobQueue, job_id: str) -> Job:
    """Have a job wait, with the steps that it has finished. Raises NotFound, Conflict."""
    with writing(session):
        job = get(session, job_id, lock=True)
        job.pause()
    queue.park(job.id)
    return job


def resume(session: Session, queue: JobQueue, job_id: str) -> Job:
    """Have a job go on that was paused. Raises NotFound, Conflict."""
    with writing(session):
        job = get(session, job_id, lock=True)
        was_parked = job.state == State.PAUSED
        job.resume()
    if was_parked:
        queue.wake(job)
    return job


def open_job(session: Session, uid: str, *kinds: Kind) -> Job | None:
    """The unfinished job of one of these kinds that an experiment has, if any."""
    return session.scalar(
        sa.select(Job).where(Job.experiment_uid == uid, Job.kind.in_(kinds), Job.state.in_(OPEN))
    )


def latest_like(session: Session, job: Job, will_do: sa.ColumnElement[bool]) -> Job | None:
    """The newest job of the same kind, experiment and params, of those that `will_do`."""
    query = sa.select(Job).where(
        Job.experiment_uid == job.experiment_uid, Job.kind == job.kind, will_do
    )
    newest_first = session.scalars(query.order_by(Job.created_at.desc()))
    return next((each for each in newest_first if each.params == job.params), None)


def refuse_while_open(session: Session, uid: str, kind: Kind) -> None:
    """Raise Conflict, naming the job, while an experiment has an unfinished one of this kind."""
    job = open_job(session, uid, kind)
    if job:
        raise Conflict(
            f"{kind} job {job.id} of experiment {job.experiment!r} is {job.state}",
            code=f"{kind}_running",
            job=job.id,
        )
