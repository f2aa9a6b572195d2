"""What is kept on record up to a number: finished jobs, with what the engine knows; predictions."""

from __future__ import annotations

import time
from datetime import timedelta

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.orm import Session, sessionmaker

from models import Inputs, Job, Prediction, writing
from models.database import now
from models.job import OPEN

AT_ONCE, MOST_AT_ONCE = 500, 5_000
MOST_SECONDS = 5
# The engine notes the end of a job a moment after the job itself does.
RESTING = timedelta(minutes=1)
INPUTS_KEPT = timedelta(days=90)  # as far as anyone may look back


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


def forget_old_predictions(sessions: sessionmaker[Session], keep: int | None) -> None:
    """Forget the oldest recorded predictions, all but `keep`, some thousands at a time.

    It takes seconds at the most: what is left then is for the next time. What drift is told by
    goes after 90 days.
    """
    with sessions() as session, writing(session):
        session.execute(sa.delete(Inputs).where(Inputs.day <= now().date() - INPUTS_KEPT))
    until = time.monotonic() + MOST_SECONDS
    while keep is not None and time.monotonic() < until:
        with sessions() as session:
            newest_first = (Prediction.created_at.desc(), Prediction.id)
            ids = sa.select(Prediction.id).order_by(*newest_first)
            old = session.scalars(ids.offset(keep).limit(MOST_AT_ONCE)).all()
            if not old:
                return
            with writing(session):
                session.execute(sa.delete(Prediction).where(Prediction.id.in_(old)))
