"""A part of a split is read in the memory of some of its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.splits import stored
from services.splits.stored import part_file

GROUPS, ROWS, COLUMNS = 40, 10_000, 20


def test_a_part_is_read_piece_by_piece(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    group = pa.table({f"x{at}": rng.normal(size=ROWS) for at in range(COLUMNS)})
    path = tmp_path / "train.parquet"
    with pq.ParquetWriter(path, group.schema) as writer:
        for _ in range(GROUPS):
            writer.write_table(group)
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    for batch in part_file(path).iter_batches(ROWS):
        rows += len(batch)
        most = max(most, pa.total_allocated_bytes() - before)
    assert rows == GROUPS * ROWS
    assert most < 8 * group.nbytes
    assert path.stat().st_size > 20 * group.nbytes


def test_a_part_comes_in_batches_of_so_many_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "CELLS", 100)
    table = pa.table({name: range(95) for name in "abcd"})
    pq.write_table(table, tmp_path / "part.parquet")
    batches = list(stored.part_batches(tmp_path / "part.parquet"))
    assert max(map(len, batches)) == 25
    assert pa.Table.from_batches(batches) == table
