"""The parts of a split, given out as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from models import Status
from models.errors import Conflict, NotFound
from services.experiments import get
from services.files import sha256_of
from services.paths import Home
from services.reading import csv_bytes
from services.splits.stored import part_file

ROWS_AT_ONCE = 10_000


def csv_of(session: Session, home: Home, experiment_id: str, part: str) -> Iterator[bytes]:
    """A part of an experiment's split as CSV, in blocks.

    Raises NotFound where the experiment has no such part, Conflict where its
    file is not as it was written.
    """
    experiment = get(session, experiment_id)
    path = getattr(experiment, f"{part}_path")
    if path is None and experiment.status == Status.SPLITTING:
        raise Conflict(f"experiment {experiment_id!r} is being split", code="not_split")
    if path is None:
        message = f"experiment {experiment_id!r} has no {part} part"
        raise NotFound(message, code="split_not_found")
    file = home.absolute(path)
    check_part(file, experiment.checksums[part])
    return csv_bytes(part_file(file).iter_batches(ROWS_AT_ONCE))


def check_part(file: Path, sha256: str) -> None:
    """Raise Conflict where a part of a split is not the file that was written."""
    try:
        found = sha256_of(file)
    except FileNotFoundError as error:
        message = f"the {file.stem} part of the split is gone"
        raise Conflict(message, code="split_missing") from error
    if found != sha256:
        message = f"the {file.stem} part of the split is not the file that was written"
        raise Conflict(message, code="split_changed")
