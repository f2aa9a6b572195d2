"""Which version serves: a small file beside each experiment's row.

A predict must not wait for a writer of the database, so it asks this file, which is replaced
whole, with a `stat`. The file is written within the transaction that changes the row, while the
row is locked; should a crash come between the two, `mend` makes the file follow the row again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Experiment, Version
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


def stamp(home: Home, experiment_id: str) -> Stamp | None:
    """Changes whenever the active version does; None where there is none."""
    try:
        stat = home.active(experiment_id).stat()
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
    record = asdict(of_row(home, experiment, version))
    keep([json.dumps(record).encode()], home.active(experiment.id))


def erase(home: Home, experiment_id: str) -> None:
    """Make the file say nothing."""
    remove(home.active(experiment_id))


def mend(session: Session, home: Home) -> None:
    """Make every file follow its row."""
    rows = sa.select(Experiment, Version).join(
        Version,
        (Version.experiment_uid == Experiment.uid) & (Version.number == Experiment.active_version),
    )
    known = set()
    for experiment, version in session.execute(rows):
        known.add(home.active(experiment.id))
        if read(home, experiment.id) != of_row(home, experiment, version):
            write(home, experiment, version)
    for file in set((home.root / "active").glob("*.json")) - known:
        remove(file)
