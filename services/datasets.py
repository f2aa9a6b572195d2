"""Datasets: taken in, listed, described, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, writing
from models.errors import Conflict, NotFound
from models.job import OPEN
from services.files import remove
from services.listing import Page, State, page_of, state_of_page
from services.paths import Home
from services.queue import JobQueue
from services.reading import Reading

BY_NAME = sa.select(Dataset).order_by(Dataset.name)
STATE = (Dataset.name, Dataset.file, Dataset.updated_at)  # a file bears its job's name


def get(session: Session, name: str) -> Dataset:
    """One dataset. Raises NotFound."""
    dataset = session.get(Dataset, name)
    if dataset is None:
        raise NotFound(f"there is no dataset {name[:64]!r}", code="dataset_not_found")
    return dataset


def file_of(home: Home, dataset: Dataset) -> Path:
    """Where a dataset's bytes lie. Raises Conflict where they are gone."""
    file = home.absolute(dataset.file)
    # Nobody but the service puts files there; what is no file of its own is not followed or read.
    if file.is_symlink() or not file.is_file():
        message = f"the file of dataset {dataset.name!r} is gone"
        raise Conflict(message, code="dataset_file_missing")
    return file


def listed(session: Session, page: int, page_size: int) -> Page[Dataset]:
    """Datasets by name."""
    return page_of(session, BY_NAME, page, page_size)


def state(session: Session, name: str) -> State | None:
    """Changes whenever the dataset does; None where there is none."""
    row = session.execute(sa.select(*STATE).where(Dataset.name == name)).one_or_none()
    return tuple(row) if row else None


def state_of_list(session: Session, page: int, page_size: int) -> State:
    """Changes whenever what `listed` gives does."""
    return state_of_page(session, BY_NAME, STATE, page, page_size)


def submit(
    session: Session, queue: JobQueue, home: Home, job: Job, reading: Reading
) -> Dataset | Job:
    """Have an upload read and kept; the dataset itself where it holds the same bytes already.

    `job` says the name, and in its params the upload's sha256 and size. Raises Conflict where
    an experiment uses other bytes under this name.
    """
    upload = home.upload(job.id)
    try:
        with writing(session):
            dataset = session.get(Dataset, job.dataset)
            if dataset is not None and is_same(dataset, job.params["sha256"], reading):
                remove(upload)
                return dataset
            refuse_other_bytes(session, dataset)
            job.kind, job.params = Kind.READ, {**job.params, "reading": reading.as_record()}
            queue.put(session, job)
    except BaseException:
        remove(upload)
        raise
    return job


def keep(session: Session, home: Home, job: Job, description: dict[str, Any]) -> list[str]:
    """Keep a job's upload as the dataset that it names, within the session's transaction.

    Returns the files that it replaces, to be removed once all is committed.
    """
    dataset = session.get(Dataset, job.dataset, with_for_update=True)
    reading = Reading.from_record(job.params["reading"])
    if dataset is not None and is_same(dataset, job.params["sha256"], reading):
        return []
    refuse_other_bytes(session, dataset)
    upload, file = home.upload(job.id), home.dataset(job.id)
    if upload.exists():  # else an earlier attempt has moved it
        upload.replace(file)
    replaced = _files(home, dataset.file) if dataset else []
    if dataset is None:
        dataset = Dataset(name=job.dataset)
        session.add(dataset)
    dataset.file, dataset.reading = home.relative(file), job.params["reading"]
    dataset.sha256, dataset.size = job.params["sha256"], job.params["size"]
    dataset.rows, dataset.description = description["rows"], description
    session.flush()
    return replaced


def delete(session: Session, home: Home, name: str) -> None:
    """Delete a dataset and its file. Raises NotFound, and Conflict while an experiment uses it."""
    with writing(session):
        dataset = get(session, name)
        users = _users(session, name)
        if users:
            raise Conflict(f"dataset {name!r} is used by {', '.join(users)}", code="dataset_in_use")
        file = dataset.file
        session.delete(dataset)
    for path in _files(home, file):
        remove(home.absolute(path))


def would_keep(session: Session, job: Job) -> bool:
    """Whether a job's upload would be a new dataset, or is the one of its name."""
    dataset = session.get(Dataset, job.dataset)
    reading = Reading.from_record(job.params["reading"])
    return dataset is None or is_same(dataset, job.params["sha256"], reading)


def is_same(dataset: Dataset, sha256: str, reading: Reading) -> bool:
    """Whether a dataset holds these bytes, read in this way."""
    return dataset.sha256 == sha256 and Reading.from_record(dataset.reading) == reading


def refuse_other_bytes(session: Session, dataset: Dataset | None) -> None:
    """Raise Conflict where a dataset would change under an experiment that uses it."""
    users = _users(session, dataset.name) if dataset else []
    if dataset and users:
        message = f"dataset {dataset.name!r} holds other bytes and is used by {', '.join(users)}"
        raise Conflict(message, code="dataset_in_use")


def _files(home: Home, file: str) -> list[str]:
    """A dataset's file, and the copies of it that workers have."""
    path = home.absolute(file)
    return [home.relative(each) for each in (path, *home.copies_of(path.stem))]


def _users(session: Session, name: str) -> list[str]:
    """What uses a dataset: the experiments on it, and those that are just being split on it."""
    on_it = sa.select(Experiment.id).where(Experiment.dataset == name)
    coming = sa.select(Job.experiment).where(
        Job.dataset == name,
        Job.kind == Kind.SPLIT,
        Job.experiment.is_not(None),  # else it is only told what a split would take
        Job.state.in_(OPEN),
        ~_carries_file(),
    )
    ids = session.scalars(sa.union(on_it, coming).limit(5)).all()
    return [f"experiment {used_by!r}" for used_by in sorted(ids)]


def _carries_file() -> sa.ColumnElement[bool]:
    """Whether a job brings the dataset itself: it does not use what is there."""
    checksum: sa.ColumnElement[Any] = Job.params["sha256"].as_string()
    return checksum.is_not(None)
