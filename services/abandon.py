"""What becomes of the rows when a job comes to nothing."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Experiment, Job, Kind


def abandon(session: Session, job: Job) -> None:
    """Undo what was reserved for a job, within the session's transaction.

    A create that fails leaves its job to read and nothing else: the id is free again. A new
    split that fails leaves the old one as it was.
    """
    if job.kind != Kind.SPLIT:
        return
    query = sa.select(Experiment).where(Experiment.uid == job.experiment_uid)
    experiment = session.scalar(query)
    if experiment is not None and experiment.train_path is None:
        session.delete(experiment)
    elif experiment is not None:
        experiment.settle()
