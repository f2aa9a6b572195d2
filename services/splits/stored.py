"""The parts of a split as they are kept, to be read piece by piece."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq


def part_file(path: str | Path) -> pq.ParquetFile:
    """A part, to be read in batches, in the memory of some of them.

    Left to itself pyarrow reads ahead to the end of the file, and keeps all of it.
    """
    return pq.ParquetFile(path, pre_buffer=False)
