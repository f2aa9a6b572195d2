"""Inspections: pictures of a version, what its features are worth, how it goes with each.

They are made of the version and the test split, when they are first asked for, and kept beside
the version's files. No row names them: what is lost is made again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Job, Kind, State, writing
from models.database import now
from models.errors import NotFound
from models.job import OPEN
from services import jobs, versions
from services.experiments import get
from services.paths import Home
from services.pictures.names import OF_TASK
from services.queue import JobQueue

RECORD = "record.json"
NOT_AGAIN = timedelta(minutes=5)


def picture(
    session: Session, queue: JobQueue, home: Home, experiment_id: str, number: int, file: str
) -> bytes | Job:
    """A picture of a version, by its file's name; or the job that draws it.

    Raises NotFound, also where a version of this kind has no such picture.
    """
    task, name = get(session, experiment_id).type, file.partition(".")[0]
    if name not in OF_TASK[task]:
        message = f"a {task} has no picture {name}; it has {', '.join(OF_TASK[task])}"
        raise NotFound(message, code="plot_not_found")
    return _content(session, queue, home, experiment_id, number, file)


def record(
    session: Session, queue: JobQueue, home: Home, experiment_id: str, number: int
) -> dict[str, Any] | Job:
    """What an inspection has found, or the job that does it. Raises NotFound."""
    found = _content(session, queue, home, experiment_id, number, RECORD)
    return found if isinstance(found, Job) else dict(json.loads(found))


def dependence_of(found: dict[str, Any], feature: str) -> dict[str, Any]:
    """How the answer goes with a feature, out of what was found. Raises NotFound."""
    for each in found["dependence"]:
        if each["feature"] == feature:
            return {"rows": found["rows_averaged"], "classes": found["classes"], **each}
    known = ", ".join(each["feature"] for each in found["dependence"][:10])
    message = f"there is no partial dependence of {feature[:100]!r}; there is one of {known}"
    raise NotFound(message, code="feature_not_found")


def thresholds_of(found: dict[str, Any]) -> dict[str, Any]:
    """What comes of each threshold, out of what was found. Raises NotFound but for two classes."""
    if found["thresholds"] is None:
        message = "thresholds are for two classes, of which the last is called from one on"
        raise NotFound(message, code="thresholds_not_found")
    return {"version": found["version"], "label": found["classes"][-1],
            "thresholds": found["thresholds"]}  # fmt: skip


def _content(
    session: Session, queue: JobQueue, home: Home, experiment_id: str, number: int, name: str
) -> bytes | Job:
    version = versions.get(session, experiment_id, number)
    file = home.inspection(version.experiment_uid, version.job) / name
    content = _read(file)
    return content if content is not None else _submit(session, queue, file, experiment_id, number)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _submit(
    session: Session, queue: JobQueue, file: Path, experiment_id: str, number: int
) -> bytes | Job:
    """The job that makes the file: the one that is at it already, or has just failed at it."""
    with writing(session):
        experiment = get(session, experiment_id, lock=True)
        version = versions.of(session, experiment, number)
        content = _read(file)  # it may have been made in between
        if content is not None:
            return content
        job = Job(kind=Kind.INSPECT, experiment=experiment.id, experiment_uid=experiment.uid)
        job.dataset, job.params = experiment.dataset, {"version": version.number}
        same = jobs.latest_like(session, job, _will_do())
        if same is None:
            queue.put(session, job)
        return same or job


def _will_do() -> sa.ColumnElement[bool]:
    """Jobs that are at it, or have just failed: each look at a page would try them again."""
    failed = sa.and_(Job.state == State.FAILED, Job.finished_at > now() - NOT_AGAIN)
    return sa.or_(Job.state.in_(OPEN), failed)
