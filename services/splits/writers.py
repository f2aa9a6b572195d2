"""The parts of a split as Parquet files."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from services.splits.assign import PARTS, Parts

# Of values in memory. A row group costs a kilobyte for each column in the end of the file, which
# a reader holds; and a wide table is read group by group.
GROUP_BYTES = 16 * 2**20
# Of so many first values it is tried whether they become smaller, and by how much is worth it.
TRIED, WORTH = 8192, 0.95


class Writers:
    """One Parquet file a part, opened when its first rows are written."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.rows: dict[str, int] = {}
        self._waiting: dict[str, list[pa.RecordBatch]] = {}
        self._bytes: dict[str, int] = {}
        self._files: dict[str, pq.ParquetWriter] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, dealt: tuple[pa.RecordBatch, Parts]) -> int:
        """Write each row of a batch to its part's file, now or later; tells how many have come."""
        batch, parts = dealt
        for code, part in enumerate(PARTS):
            chosen = parts == code
            if chosen.any():
                self._append(part, batch.filter(pa.array(chosen)))
        return sum(self.rows.values())

    def finish(self) -> None:
        """Write what waits for more rows."""
        for part in self._waiting:
            self._flush(part)

    def _append(self, part: str, rows: pa.RecordBatch) -> None:
        waiting = self._waiting.setdefault(part, [])
        waiting.append(rows)
        self.rows[part] = self.rows.get(part, 0) + len(rows)
        self._bytes[part] = self._bytes.get(part, 0) + rows.nbytes
        if self._bytes[part] >= GROUP_BYTES:
            self._flush(part)

    def _flush(self, part: str) -> None:
        waiting = self._waiting[part]
        if waiting:
            group = pa.Table.from_batches(waiting)
            self._file(part, group).write_table(group, row_group_size=len(group))
            waiting.clear()
            self._bytes[part] = 0

    def _file(self, part: str, group: pa.Table) -> pq.ParquetWriter:
        if part not in self._files:
            names = group.schema.names
            texts = [field.name for field in group.schema if pa.types.is_string(field.type)]
            # Of numbers nearly every one is another, and nobody asks for a group's least.
            writer = pq.ParquetWriter(
                self.folder / f"{part}.parquet",
                group.schema,
                compression={name: _compression(group[name]) for name in names},
                use_dictionary=texts,
                write_statistics=False,
            )
            self._files[part] = self.stack.enter_context(writer)
        return self._files[part]


def _compression(values: pa.ChunkedArray) -> str:
    """lz4, but none for numbers that do not become smaller: it takes as long as to write them."""
    if not pa.types.is_floating(values.type):
        return "lz4"
    first = values.slice(0, TRIED).drop_null().to_numpy().tobytes()
    return "lz4" if len(pa.compress(first, "lz4", asbytes=True)) < WORTH * len(first) else "none"
