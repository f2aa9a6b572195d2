"""Which version serves: a small file beside each experiment's row.

A predict must not wait for a writer of the database, so it asks this file, which is replaced
whole, with a `stat`. The file is written within the transaction that changes the row, while the
row is locked; should a crash come between the two, `mend` makes the file follow the row again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Experiment, Version, writing
from services.files import keep, remove
from services.paths import Home

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Active:
    """What serves an experiment: the version, its folder and the checksums of its files.

    `reading` is how to read a CSV of which nothing else is said: as the table was read.
    """

    experiment: str
    uid: str
    version: int
    folder: str
    checksums: dict[str, str]
    reading: dict[str, Any]


def stamp(file: str) -> Stamp | None:
    """Of an active file, by its path: changes whenever the version does; None where there is none.

    It is asked for once a request: hence a path that is ready, and os.stat.
    """
    try:
        stat = os.stat(file)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


def read(home: Home, experiment_id: str) -> Active | None:
    """What serves an experiment now, if anything."""
    try:
        return Active(**json.loads(home.active(experiment_id).read_bytes()))
    except FileNotFoundError:
        return None


def of_row(home: Home, experiment: Experiment, version: Version) -> Active:
    """What the file says where `version` serves."""
    folder = home.version(experiment.uid, version.job)
    return Active(
        experiment=experiment.id,
        uid=experiment.uid,
        version=version.number,
        folder=home.relative(folder),
        checksums=version.checksums,
        reading=version.manifest["reading"],
    )


def write(home: Home, experiment: Experiment, version: Version) -> None:
    """Make the file say that `version` serves."""
    _put(home, of_row(home, experiment, version))


def erase(home: Home, experiment_id: str) -> None:
    """Make the file say nothing."""
    remove(home.active(experiment_id))


def mend(session: Session, home: Home) -> None:
    """Make every file follow its row, and remove what processes that were killed have left."""
    with writing(session):
        # Nobody publishes or promotes meanwhile, also where only rows are locked.
        session.execute(sa.select(Experiment.id).with_for_update()).all()
        serving = session.execute(_serving().with_for_update(of=Experiment)).all()
        records = {e.id: of_row(home, e, version) for e, version in serving}
        for experiment_id, record in records.items():
            if read(home, experiment_id) != record:
                _put(home, record)
        known = {home.active(experiment_id) for experiment_id in records}
        for file in set((home.root / "active").iterdir()) - known:
            remove(file)


def mend_one(session: Session, home: Home, experiment_id: str) -> None:
    """Make one file follow its row, after a transaction that wrote it came to nothing."""
    with writing(session):
        query = _serving().where(Experiment.id == experiment_id)
        found = session.execute(query.with_for_update(of=Experiment)).one_or_none()
        if found is None:
            erase(home, experiment_id)
        else:
            _put(home, of_row(home, *found))


@contextmanager
def following(session: Session, home: Home, experiment_id: str) -> Iterator[None]:
    """A transaction in the block may write the file; should it fail, the file is mended."""
    try:
        yield
    except (SQLAlchemyError, OSError):
        mend_one(session, home, experiment_id)
        raise


def _serving() -> sa.Select[Experiment, Version]:
    same = (Version.experiment_uid == Experiment.uid) & (
        Version.number == Experiment.active_version
    )
    return sa.select(Experiment, Version).join(Version, same)


def _put(home: Home, record: Active) -> None:
    keep([json.dumps(asdict(record)).encode()], home.active(record.experiment))
