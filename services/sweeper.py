"""Removes at start what no row names: the leavings of processes that were killed.

The order makes it safe beside living processes. Files are listed first, then the unfinished jobs
are read, then the rows: what was there at first belongs to a job that is unfinished still, or has
finished, and then its row is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Version, Worker
from models.job import OPEN
from services import copies
from services.files import is_locked, remove
from services.paths import Home

# A body that is being received, or an answer that is being sent, has no row yet.
FRESH_SECONDS = 3600
PLACES = (
    "uploads/*",
    "work/*",
    "datasets/*",
    "experiments/*/splits/*",
    "experiments/*/versions/*",
    "experiments/*",
    "workers/*",
    "copies/*",
)

log = structlog.get_logger()


def sweep(session: Session, home: Home) -> list[str]:
    """Remove every file that nothing needs; returns what was removed, relative to `home`."""
    found = [path for pattern in PLACES for path in home.found(pattern)]
    unfinished = set(session.scalars(sa.select(Job.id).where(Job.state.in_(OPEN))))
    named = set(_named(session, home))
    gone = [path for path in found if not _is_needed(path, unfinished, named)]
    for path in gone:
        if path.parent.name == "copies":
            copies.drop(path)
        else:
            remove(path)
    removed = [home.relative(path) for path in gone]
    if removed:
        log.info("removed what no row names", files=removed)
    return removed


def _named(session: Session, home: Home) -> Iterator[Path]:
    for file in session.scalars(sa.select(Dataset.file)):
        yield home.absolute(file)
    for uid, path in session.execute(sa.select(Experiment.uid, Experiment.train_path)):
        yield home.experiment(uid)
        if path is not None:
            yield home.absolute(path).parent
    for path in session.scalars(sa.select(Version.model_path)):
        yield home.absolute(path).parent
    for executor in session.scalars(sa.select(Worker.executor)):
        yield home.lock(executor)
        yield home.copies(executor)


def _is_needed(path: Path, unfinished: set[str], named: set[Path]) -> bool:
    if path in named or _job_of(path) in unfinished:
        return True
    if path.parent.name == "workers":
        return is_locked(path)  # by a worker that has no row yet
    return path.parent.name in ("uploads", "work") and _is_fresh(path)


def _job_of(path: Path) -> str:
    """The job that files and folders are named by, also those not yet in their place."""
    return path.name.lstrip(".").split(".")[0]


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < FRESH_SECONDS
    except FileNotFoundError:
        return True  # whoever had it has removed it
