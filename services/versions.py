"""Versions: published, listed, promoted, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Experiment, Job, Version, writing
from models.errors import Conflict, NotFound
from services import active
from services.experiments import get as get_experiment
from services.files import move_folder, remove, sha256_of
from services.paths import Home

MOST = 2**31  # version numbers stay below what every database takes as an integer
FILE_OF = {"pickle": "model.pickle", "onnx": "model.onnx"}


def listed(session: Session, experiment_id: str) -> Sequence[Version]:
    """An experiment's versions, the newest first. Raises NotFound."""
    experiment = get_experiment(session, experiment_id)
    query = sa.select(Version).where(Version.experiment_uid == experiment.uid)
    return session.scalars(query.order_by(Version.number.desc())).all()


def get(session: Session, experiment_id: str, number: int) -> Version:
    """One version. Raises NotFound."""
    return of(session, get_experiment(session, experiment_id), number)


def of(session: Session, experiment: Experiment, number: int) -> Version:
    """An experiment's version of this number. Raises NotFound."""
    version = session.get(Version, (experiment.uid, number)) if number < MOST else None
    if version is None:
        message = f"experiment {experiment.id!r} has no version {number}"
        raise NotFound(message, code="version_not_found")
    return version


def publish(
    session: Session,
    home: Home,
    experiment: Experiment,
    job: Job,
    made: dict[str, Any],
    source: Path,
) -> int:
    """Make a trained forest the experiment's newest and active version; returns its number.

    Within the session's transaction. `made` is what the training wrote down of itself, `source`
    the folder of the files.
    """
    folder = home.version(experiment.uid, job.id)
    if source.exists():  # else an earlier attempt has moved it
        move_folder(source, folder)
    version = Version(
        experiment_uid=experiment.uid,
        number=experiment.next_version,
        job=job.id,
        model_path=home.relative(folder / FILE_OF["pickle"]),
        size=sum(file.stat().st_size for file in folder.iterdir()),
        **made,
    )
    session.add(version)
    experiment.next_version += 1
    experiment.activate(version)
    session.flush()
    active.write(home, experiment, version)
    return version.number


def keep_result(
    session: Session, experiment: Experiment, number: int, result: dict[str, Any]
) -> None:
    """Keep what a version scored on the test split, within the session's transaction."""
    version = of(session, experiment, number)
    version.result = result
    if experiment.active_version == number:
        experiment.result = result


def delete(session: Session, home: Home, experiment_id: str, number: int) -> None:
    """Delete a version and its files. Raises NotFound, and Conflict for the active one."""
    with writing(session):
        experiment = get_experiment(session, experiment_id, lock=True)
        version = of(session, experiment, number)
        if experiment.active_version == number:
            message = f"version {number} is the active one; make another one active first"
            raise Conflict(message, code="version_active")
        session.delete(version)
    remove(home.version(experiment.uid, version.job))


def prune(session: Session, home: Home, uid: str, keep: int | None) -> list[str]:
    """Delete an experiment's oldest versions, all but `keep`, within the session's transaction.

    The active one stays, whichever it is. Returns the folders to be removed once all is committed.
    """
    if keep is None:
        return []
    active_one = sa.select(Experiment.active_version).where(Experiment.uid == uid)
    query = sa.select(Version).where(
        Version.experiment_uid == uid, Version.number != active_one.scalar_subquery()
    )
    old = session.scalars(query.order_by(Version.number.desc()).offset(keep - 1)).all()
    for version in old:
        session.delete(version)
    return [home.relative(home.version(uid, version.job)) for version in old]


def model_file(session: Session, home: Home, experiment_id: str, number: int, kind: str) -> Path:
    """The checked model file of a version. Raises NotFound, Conflict where it is not as it was."""
    version = get(session, experiment_id, number)
    file = home.absolute(version.model_path).with_name(FILE_OF[kind])
    if not file.exists():
        raise Conflict(f"the {kind} of version {number} is gone", code="model_missing")
    if sha256_of(file) != version.checksums[file.name]:
        message = f"the {kind} of version {number} is not the file that was published"
        raise Conflict(message, code="model_integrity_failed")
    return file
