"""Executor ids are leased: a worker beats, and the jobs of one that fell silent are taken over.

The job engine itself gives a job back only to the executor that had it, and only when that one
starts again. So every worker looks after the others: one that has been silent for SILENT seconds,
or whose lock file nobody holds locked any more, is dead, and what it held goes back to the queue.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from models import Worker, writing
from models.database import now
from models.job import SILENT
from services.copies import drop
from services.paths import Home

BEAT_EVERY = 10.0
LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass
class Lease:
    """One worker's lease on its executor id, a name that no one has had before."""

    sessions: sessionmaker[Session]
    home: Home
    executor: str = field(default_factory=lambda: uuid4().hex)
    lock: IO[str] | None = None

    def begin(self) -> None:
        """Take the lease; the lock file says to workers on this machine that we live."""
        self.lock = _locked(self.home.lock(self.executor), create=True)
        with self.sessions() as session, writing(session):
            session.add(Worker(executor=self.executor))

    def beat(self) -> bool:
        """Say that we live; False where others took us for dead."""
        with self.sessions() as session, writing(session):
            row = session.get(Worker, self.executor)
            if row is None:
                return False
            row.beat_at = now()
            return True

    def end(self) -> None:
        """Give the lease back: say that we have been silent for ever."""
        with self.sessions() as session, writing(session):
            ours = sa.update(Worker).where(Worker.executor == self.executor)
            session.execute(ours.values(beat_at=LONG_AGO))

    def take_over(self, requeue: Callable[[str], None]) -> None:
        """Have the jobs of every dead worker queued again by `requeue(executor)`."""
        with ExitStack() as locks:
            for dead in self._claimed(locks):
                requeue(dead)
                with self.sessions() as session, writing(session):
                    session.execute(sa.delete(Worker).where(Worker.executor == dead))
                self.home.lock(dead).unlink(missing_ok=True)
                drop(self.home.copies(dead))

    def _claimed(self, locks: ExitStack) -> list[str]:
        """The dead workers that are ours to bury.

        Claiming one is holding its lock and beating in its name: to others it lives, and should
        we die before its jobs are queued again, it falls silent once more and is claimed anew.
        """
        with self.sessions() as session, writing(session):
            others = sa.select(Worker).where(Worker.executor != self.executor)
            dead = [row for row in session.scalars(others) if self._is_dead(row, locks)]
            for row in dead:
                row.beat_at = now()
            return [row.executor for row in dead]

    def _is_dead(self, row: Worker, locks: ExitStack) -> bool:
        lock = _locked(self.home.lock(row.executor))
        if lock is not None:
            locks.enter_context(lock)
        return lock is not None or now() - row.beat_at > SILENT


def _locked(path: Path, *, create: bool = False) -> IO[str] | None:
    """The file, locked until it is closed or the process ends; None if another holds it.

    None too if it is not there: a worker on another machine has its own.
    """
    try:
        file = path.open("w" if create else "r")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
