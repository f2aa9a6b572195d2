"""Finished jobs are kept on record up to a number; so is what the job engine knows of them."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.orm import Session, sessionmaker

from models import Job, writing
from models.database import now
from models.job import OPEN

AT_ONCE = 500
# The engine notes the end of a job a moment after the job itself does.
RESTING = timedelta(minutes=1)


def forget_old_jobs(sessions: sessionmaker[Session], keep: int | None) -> int:
    """Forget the oldest of the finished jobs, all but `keep`, some hundreds at a time.

    Returns how many. The engine forgets first: what a crash leaves is done the next time.
    """
    if keep is None:
        return 0
    with sessions() as session:
        old = session.scalars(_old(keep)).all()
    if old:
        DBOS.delete_workflows(list(old))
        with sessions() as session, writing(session):
            session.execute(sa.delete(Job).where(Job.id.in_(old)))
    return len(old)


def _old(keep: int) -> sa.Select[str]:
    finished = sa.select(Job.id).where(Job.state.not_in(OPEN), Job.finished_at < now() - RESTING)
    return finished.order_by(Job.finished_at.desc()).offset(keep).limit(AT_ONCE)
