"""Versions: published, listed, promoted, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Experiment, Job, Version, writing
from models.errors import Conflict, NotFound, invalid
from services import active
from services.experiments import get as get_experiment
from services.files import move_folder, remove, sha256_of
from services.forest.parts import name_of
from services.paths import Home

MOST = 2**31  # version numbers stay below what every database takes as an integer
FILE_OF = {"pickle": "model.pickle", "onnx": name_of(1)}


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


def model_file(
    session: Session,
    home: Home,
    experiment_id: str,
    number: int,
    kind: str,
    part: int | None = None,
) -> Path:
    """The checked model file of a version; of an export in several parts, one of them.

    Raises NotFound, Invalid for a part of a pickle, Conflict where the file is not as it was, or
    is not all of the export.
    """
    version = get(session, experiment_id, number)
    name = FILE_OF[kind] if kind == "pickle" else name_of(_part(version, part))
    if kind == "pickle" and part is not None:
        raise invalid("unknown_field", "only an ONNX export has parts", "/part")
    file = home.absolute(version.model_path).with_name(name)
    if not file.exists():
        raise Conflict(f"the {kind} of version {number} is gone", code="model_missing")
    if sha256_of(file) != version.checksums[file.name]:
        message = f"the {kind} of version {number} is not the file that was published"
        raise Conflict(message, code="model_integrity_failed")
    return file


def _part(version: Version, part: int | None) -> int:
    """Which part of the export is meant, where there is no doubt."""
    counts = version.manifest.get("onnx_parts", [1])  # an older export is whole
    if part is None and len(counts) > 1:
        message = (
            f"the ONNX export of version {version.number} is in {len(counts)} parts: ask for "
            f"part=1 to part={len(counts)}; what the forest answers is their mean, weighed by "
            f"their trees, {', '.join(map(str, counts))}"
        )
        raise Conflict(message, code="model_in_parts")
    if (part or 1) > len(counts):
        message = f"the ONNX export of version {version.number} has no part {part}"
        raise NotFound(message, code="part_not_found")
    return part or 1


def nodes_of_tree(version: Version) -> float | None:
    """The nodes of a tree, in the mean; of an older version nobody has counted them."""
    nodes: int | None = version.manifest.get("nodes")
    return nodes / version.hyper_parameters["n_estimators"] if nodes else None
