"""A worker's hands on a job's row: it writes only to jobs that are its own and still wanted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import sqlalchemy as sa
import structlog
from dbos import DBOS
from dbos import error as engine_errors
from sqlalchemy.orm import Session, sessionmaker

from models import Experiment, Job, Kind, State, Worker, writing
from models.errors import Failed, GroveError
from models.job import ATTEMPTS, GROWING
from services import active, memory, traces
from services.abandon import abandon
from services.files import remove
from services.paths import Home
from services.settings import Settings
from services.shared import clear_shared
from services.worker.children import run_in_child
from services.worker.outcomes import Outcome, Report, error_of
from services.worker.patience import patient

T = TypeVar("T")

# Work that looks a few times a second whether it is still wanted, and reports its progress.
Work = Callable[[Callable[[], None], Report], Outcome]
REPORT_EVERY = 0.5
LOST = 75  # the exit code of a worker that lost its lease

log = structlog.get_logger()


class Unwanted(Exception):
    """The job was cancelled, or what it works for was deleted."""


class TimeIsUp(Exception):
    """The job has run as long as a job may."""


class StoodDown(engine_errors.DBOSWorkflowCancelledError):
    """This attempt at the job is over, but the job is not: it was paused, or others have it.

    Of this error the engine notes nothing: neither the step nor the workflow has an outcome.
    """


class Bench:
    """One worker's means: its name, its settings, its sessions."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], executor: str) -> None:
        self.settings, self.sessions, self.executor = settings, sessions, executor
        self.home = Home(settings.home)
        self.traces = traces.of(settings, "worker")
        self.closing = False

    def take(self, job_id: str) -> Job | None:
        """Take a job up: None if there is nothing to do, or after too many attempts."""
        return patient(lambda: self._take(job_id))

    def _take(self, job_id: str) -> Job | None:
        self._wait_if_closing()
        with self.sessions(expire_on_commit=False) as session, writing(session):
            job = session.get(Job, job_id, with_for_update=True)
            if session.get(Worker, self.executor) is None:
                self.surrender()
            if job is None or not job.is_open:
                return None
            if job.state == State.PAUSED:
                raise StoodDown(job_id)
            if job.stalled >= ATTEMPTS:
                self._end(session, job, _worker_lost())
                return None
            job.start(self.executor)
            return job

    def hold(self, job: Job, change: Callable[[Session, Job], T]) -> T:
        """What `change` returns, in one transaction on the row of a job that is ours and wanted.

        A database that is away is waited for, and `change` done again: it must bear that.
        Raises Unwanted where the job is not wanted any more, StoodDown where not from us, now.
        """
        try:
            return patient(lambda: self._hold(job, change))
        except (Unwanted, StoodDown):
            self._wait_if_closing()
            raise

    def _hold(self, job: Job, change: Callable[[Session, Job], T]) -> T:
        with self.sessions() as session, writing(session):
            row = session.get(Job, job.id, with_for_update=True)
            return change(session, self._check(session, job, row))

    def step(self, job: Job, name: str, task: str, args: tuple[Any, ...], share: range) -> Outcome:
        """Run a task in a child as a durable step; the rest is as `durable` has it."""
        return self.durable(job, name, self.in_child(job, task, args), share)

    def durable(self, job: Job, name: str, work: Work, share: range) -> Outcome:
        """Do some work as a durable step: once finished, it is never done again.

        `share` is the part of the job's progress, in percent, that this step makes. Raises the
        error that the work came to, or Unwanted.
        """

        def watched() -> Outcome:
            outcome = self._watched(job, work, share)
            self._wait_if_closing()
            if "error" not in outcome:
                self.hold(job, lambda _, row: row.step_done(share.stop / 100, name))
            return outcome

        outcome = DBOS.run_step({"name": name}, watched)
        if "error" in outcome:
            raise error_of(outcome["error"])
        return outcome

    def in_child(self, job: Job, task: str, args: tuple[Any, ...]) -> Work:
        """A task of services.worker.tasks, run in a child."""
        limit = memory.of_step(self.settings, job.kind)
        return lambda look, report: run_in_child(task, args, limit, look, report)

    def fail(self, job: Job, error: GroveError) -> None:
        """Write down that a job came to nothing, and undo what was reserved for it."""
        try:
            self.hold(job, lambda session, row: self._end(session, row, error))
        except Unwanted:
            return

    def clear(self, job_id: str) -> None:
        """Remove what a job leaves behind once it is over, however it ended."""
        remove(self.home.work(job_id))
        remove(self.home.upload(job_id))
        kept = self.home.dataset(job_id).exists()
        for copy in self.home.copies_of(job_id):
            if not kept or copy.name.startswith("."):  # this one was not finished
                remove(copy)
        if patient(lambda: self._mend(job_id)) and self.settings.dask_storage is not None:
            clear_shared(self.settings.dask_storage, job_id)

    def _mend(self, job_id: str) -> bool:
        """A training may have written the active file, and then not come to its commit.

        Returns whether it grew trees.
        """
        with self.sessions() as session:
            job = session.get(Job, job_id)
            trained = job is not None and job.kind == Kind.TRAIN
            if job is not None and trained and job.experiment is not None:
                active.mend_one(session, self.home, job.experiment)
            return job is not None and job.kind in GROWING

    def _end(self, session: Session, job: Job, error: GroveError) -> None:
        job.fail(error)
        abandon(session, job)

    def _watched(self, job: Job, work: Work, share: range) -> Outcome:
        reporter = Reporter(lambda part, message: self._report(job, share, part, message))

        def look() -> None:
            self._wait_if_closing()
            if job.worked > self.settings.job_timeout:
                raise TimeIsUp
            patient(lambda: self._look(job))

        try:
            return work(look, reporter)
        except TimeIsUp:
            message = f"the job ran longer than {self.settings.job_timeout} seconds"
            return {"error": Failed(message, code="timeout").as_record()}

    def _look(self, job: Job) -> None:
        with self.sessions() as session:
            self._check(session, job, session.get(Job, job.id))

    def _check(self, session: Session, job: Job, row: Job | None) -> Job:
        """The row, if it still says that this attempt at the job is what is wanted."""
        if row is None or not row.is_open:
            raise Unwanted(job.id)
        if (row.state, row.executor, row.attempt) != (State.RUNNING, self.executor, job.attempt):
            if session.get(Worker, self.executor) is None:
                self.surrender()
            raise StoodDown(job.id)
        return row

    def paused(self) -> list[str]:
        """The jobs that wait until they are resumed."""
        with self.sessions() as session:
            return list(session.scalars(sa.select(Job.id).where(Job.state == State.PAUSED)))

    def put_back(self) -> None:
        """Put all that is under way back into the queue, and note nothing more from here on.

        A worker that stops politely is not lost: its attempt is not held against the job.
        """
        self.closing = True
        with self.sessions() as session, writing(session):
            ours = sa.select(Job).where(Job.executor == self.executor, Job.state == State.RUNNING)
            for job in session.scalars(ours.with_for_update()):
                job.put_back()

    def _wait_if_closing(self) -> None:
        """Never return once the process is about to end: this step shall leave no trace."""
        while self.closing:
            time.sleep(1)

    def surrender(self) -> NoReturn:
        """End this process at once: it was taken for dead, and others do its jobs now.

        Nothing may unwind from here, or the engine would note a step as failed that another
        worker is doing. The children end with their parent.
        """
        log.error("worker lost its lease", executor=self.executor)
        os._exit(LOST)

    def _report(self, job: Job, share: range, part: float, message: str) -> None:
        progress = (share.start + part * (share.stop - share.start)) / 100
        self.hold(job, lambda _, row: row.report(progress, message))


class Reporter:
    """Passes reports on, at most two a second."""

    def __init__(self, tell: Callable[[float, str], None]) -> None:
        self.tell, self.last = tell, 0.0

    def __call__(self, part: float, message: str) -> None:
        """Pass a report on, or swallow it."""
        if time.monotonic() - self.last >= REPORT_EVERY:
            self.last = time.monotonic()
            self.tell(part, message)


def experiment_of(session: Session, job: Job) -> Experiment:
    """The experiment that a job works for. Raises Unwanted where it is gone."""
    query = session.query(Experiment).where(Experiment.uid == job.experiment_uid)
    experiment = query.with_for_update().one_or_none()
    if experiment is None:
        raise Unwanted(job.id)
    return experiment


def _worker_lost() -> Failed:
    message = f"{ATTEMPTS} workers in a row were lost before they finished a step of this job"
    return Failed(message, code="worker_lost")
