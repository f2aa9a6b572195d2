"""How many there are of everything, for whoever watches the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, State, Status, Version, Worker
from models.database import now
from models.job import SILENT


@dataclass(frozen=True)
class Census:
    """Rows counted: jobs by kind and state, experiments by status, and the rest.

    `longest_wait` is in seconds, 0 where no job waits.
    """

    jobs: Mapping[tuple[str, str], int]
    experiments: Mapping[str, int]
    datasets: int
    versions: int
    workers: int
    longest_wait: float


def taken(session: Session) -> Census:
    """The census as of now; what there is none of is counted as 0."""
    jobs = dict.fromkeys(product(map(str, Kind), map(str, State)), 0)
    by_kind = sa.select(Job.kind, Job.state, sa.func.count()).group_by(Job.kind, Job.state)
    for kind, state, count in session.execute(by_kind):
        jobs[kind, state] = count
    experiments = dict.fromkeys(map(str, Status), 0)
    by_status = sa.select(Experiment.status, sa.func.count()).group_by(Experiment.status)
    experiments.update((status, count) for status, count in session.execute(by_status))
    beats = session.scalars(sa.select(Worker.beat_at))
    return Census(
        jobs=jobs,
        experiments=experiments,
        datasets=_count(session, Dataset),
        versions=_count(session, Version),
        workers=sum(now() - beat < SILENT for beat in beats),
        longest_wait=_longest_wait(session),
    )


def _count(session: Session, rows: type[Dataset] | type[Version]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def _longest_wait(session: Session) -> float:
    query = sa.select(sa.func.min(Job.created_at)).where(Job.state == State.QUEUED)
    oldest = session.scalar(query)
    return (now() - oldest).total_seconds() if oldest is not None else 0.0
