"""The parts of a split as they are kept, to be read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CELLS = 2**19  # of a batch: what is made of it takes several times its own 4 MiB


def part_file(path: str | Path) -> pq.ParquetFile:
    """A part, to be read in batches, in the memory of some of them.

    Left to itself pyarrow reads ahead to the end of the file, and keeps all of it.
    """
    return pq.ParquetFile(path, pre_buffer=False)


def part_rows(path: str | Path) -> tuple[Iterator[pa.RecordBatch], int]:
    """The rows of a part as `part_batches` gives them, and how many there are."""
    file = part_file(path)
    return _batches(file), int(file.metadata.num_rows)


def part_batches(path: str | Path) -> Iterator[pa.RecordBatch]:
    """The rows of a part in batches of about CELLS cells, whatever the number of columns."""
    return _batches(part_file(path))


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(max(1, CELLS // len(file.schema_arrow)))
