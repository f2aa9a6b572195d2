"""Jobs: long work, on record from the moment it was accepted; and the workers that do it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base, UtcDateTime, now
from models.errors import Conflict, GroveError

ATTEMPTS = 3
WAITING, PAUSED = "waiting for a worker", "paused"
SILENT = timedelta(seconds=60)  # a worker that has not beaten for so long is dead


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a job does."""

    READ = "read"
    SPLIT = "split"
    TRAIN = "train"
    TEST = "test"
    INSPECT = "inspect"
    COMPARE = "compare"
    VERIFY = "verify"


GROWING = (Kind.TRAIN, Kind.VERIFY)  # they grow trees
OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)
_IS_OPEN_SPLIT_OR_TRAIN = sa.text(
    "state IN ('queued', 'running', 'paused') AND kind IN ('split', 'train')"
)


class Job(Base):
    """One piece of work.

    `attempt` counts the times that a worker took it up, `stalled` those since a step of it was
    last finished. `executor` is the worker that has it now; no other may write to the row.
    `paused_seconds` is how long it was paused altogether since it started, up to `paused_at`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        # The database itself allows one split or one training of an experiment at a time.
        sa.Index(
            "uq_jobs_open",
            "experiment_uid",
            "kind",
            unique=True,
            sqlite_where=_IS_OPEN_SPLIT_OR_TRAIN,
            postgresql_where=_IS_OPEN_SPLIT_OR_TRAIN,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=State.QUEUED, index=True)
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(default=WAITING)
    attempt: Mapped[int] = mapped_column(default=0)
    stalled: Mapped[int] = mapped_column(default=0)
    executor: Mapped[str | None]
    experiment: Mapped[str | None] = mapped_column(index=True)
    experiment_uid: Mapped[str | None] = mapped_column(index=True)
    dataset: Mapped[str | None] = mapped_column(index=True)
    params: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    idempotency_key: Mapped[str | None] = mapped_column(index=True, unique=True)
    fingerprint: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_seconds: Mapped[float] = mapped_column(sa.Double, default=0.0)
    estimated_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __init__(self, **fields: Any) -> None:
        """A job has its id from the start: files that come with it are named by it."""
        super().__init__(**{"id": uuid4().hex, "params": {}, **fields})

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in OPEN

    def start(self, executor: str) -> None:
        """A worker takes the job up."""
        self.state, self.executor = State.RUNNING, executor
        self.attempt += 1
        self.stalled += 1
        self.started_at = self.started_at or now()

    def put_back(self) -> None:
        """The worker stops, politely; another one goes on."""
        self._leave(State.QUEUED, WAITING)

    def pause(self) -> None:
        """Nothing is done until `resume`. Raises Conflict where the job is over; twice is once."""
        self._refuse_if_over()
        if self.state != State.PAUSED:
            self._leave(State.PAUSED, PAUSED)
            self.paused_at = now()

    def resume(self) -> None:
        """Go on where `pause` found it. Raises Conflict where the job is over; twice is once."""
        self._refuse_if_over()
        if self.state == State.PAUSED:
            self.state, self.message = State.QUEUED, WAITING
            self._end_pause()

    def report(self, progress: float, message: str) -> None:
        """Tell how far the work has come, and when it ends if it goes on at the same pace."""
        self.progress, self.message = progress, message
        if self.started_at is not None and progress > 0:
            left = self.worked * (1 - progress) / progress
            self.estimated_end_at = now() + timedelta(seconds=left)

    def step_done(self, progress: float, message: str) -> None:
        """A step was finished, and stays finished: the count of failed attempts starts anew."""
        self.report(progress, message)
        self.stalled = 0

    @property
    def worked(self) -> float:
        """The seconds since the job was started, but for those in which it was paused."""
        if self.started_at is None:
            return 0.0
        return (now() - self.started_at).total_seconds() - self.paused_seconds

    def succeed(self, result: dict[str, Any]) -> None:
        """The work is done."""
        self._finish(State.SUCCEEDED, "done")
        self.progress, self.result = 1.0, result

    def fail(self, error: GroveError) -> None:
        """The work cannot be done."""
        self._finish(State.FAILED, error.detail)
        self.error = error.as_record()

    def cancel(self) -> None:
        """Nobody wants the work any more. Raises Conflict where it is over; twice is once."""
        if self.state == State.CANCELLED:
            return
        self._refuse_if_over()
        self._finish(State.CANCELLED, "cancelled")

    def _finish(self, state: State, message: str) -> None:
        self.state, self.message, self.finished_at = state, message, now()
        self.estimated_end_at = None
        self._end_pause()

    def _leave(self, state: State, message: str) -> None:
        """Have no worker any more; that is not held against the job."""
        if self.state == State.RUNNING:
            self.stalled = max(self.stalled - 1, 0)
        self.state, self.executor, self.message = state, None, message
        self.estimated_end_at = None

    def _end_pause(self) -> None:
        if self.paused_at is not None and self.started_at is not None:
            self.paused_seconds += (now() - self.paused_at).total_seconds()
        self.paused_at = None

    def _refuse_if_over(self) -> None:
        if not self.is_open:
            raise Conflict(f"job {self.id} is over: it {self.state}", code="job_finished")


class Worker(Base):
    """A living worker's lease on its executor id: it beats, or others take its jobs over."""

    __tablename__ = "workers"

    executor: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
