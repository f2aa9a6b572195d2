"""The way into the job engine: a job's row and its place in the queue are one transaction."""

from __future__ import annotations

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy.orm import Session

from models import Job, Kind
from models.database import connect_for_jobs
from models.errors import Busy
from models.job import GROWING, OPEN

APPLICATION = "grove"
# Raised only when the order of a workflow's steps changes: workflows of another version stay.
APPLICATION_VERSION = "1"
SHORT, TRAIN = "short", "train"
RETRY_AFTER = 10  # seconds
QUEUE_OF = {kind: TRAIN if kind in GROWING else SHORT for kind in Kind}


class JobQueue:
    """Puts jobs into the queues. One for each process: its connections do not outlive a fork."""

    def __init__(self, database_url: str, most: int) -> None:
        self._most = most
        self._engine = connect_for_jobs(database_url)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def put(self, session: Session, job: Job) -> None:
        """Add a job and queue it, within the session's transaction.

        Raises Busy, queue_full, where enough of them wait already.
        """
        waiting = session.scalar(sa.select(sa.func.count()).where(Job.state.in_(OPEN))) or 0
        if waiting >= self._most:
            message = f"{waiting:,} jobs wait or run already; try again later"
            raise Busy(message, code="queue_full", retry_after=RETRY_AFTER)
        session.add(job)
        session.flush()
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": job.kind,
                "queue_name": QUEUE_OF[Kind(job.kind)],
                "workflow_id": job.id,
                "app_version": APPLICATION_VERSION,
            },
            job.id,
        )

    def park(self, job_id: str) -> None:
        """Have no worker take a job up, now that its row says that it is paused.

        What a crash leaves undone of this, and of `wake`, the workers do: see engine.follow_rows.
        """
        self._client.cancel_workflow(job_id)

    def wake(self, job: Job) -> None:
        """Have a worker take a parked job up again, to go on with it or to clear it away."""
        self._client.resume_workflow(job.id, queue_name=QUEUE_OF[Kind(job.kind)])

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        self._engine.dispose()
