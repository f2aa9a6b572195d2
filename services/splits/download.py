"""The parts of a split, given out as CSV."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from services.experiments import get
from services.paths import Home
from services.reading import csv_bytes

ROWS_AT_ONCE = 10_000


def csv_of(session: Session, home: Home, experiment_id: str, part: str) -> Iterator[bytes]:
    """A part of an experiment's split as CSV, in blocks.

    Raises NotFound where the experiment has no such part, Conflict where its file is gone.
    """
    experiment = get(session, experiment_id)
    path = getattr(experiment, f"{part}_path")
    if path is None:
        message = f"experiment {experiment_id!r} has no {part} part"
        raise NotFound(message, code="split_not_found")
    try:
        file = pq.ParquetFile(home.absolute(path))
    except FileNotFoundError as error:
        message = f"the {part} part of the split is gone"
        raise Conflict(message, code="split_missing") from error
    return csv_bytes(file.iter_batches(ROWS_AT_ONCE))
