"""What one pass has read of a file, kept for another: the numbers as numbers, the rest as text.

The file is streams of Arrow's IPC format, one behind the other: a new one begins where the cells
of a column are numbers and were none before, or the other way round.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from services.reading.numbers import Numbers

# Some rows, and what is known of each column of them, if that was looked at.
Seen = tuple[pa.RecordBatch, Sequence[Numbers | None] | None]

log = logging.getLogger(__name__)


class TypedCopy:
    """Writes the batches of a first pass to `path`, up to `most` bytes of them.

    It may give up at any time, and fails nobody: without it the file itself is read once more.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.finished = False
        self._path, self._room = path, most
        self._numbers: set[int] = set()
        self._stream: pa.RecordBatchStreamWriter | None = None
        self._schema: pa.Schema | None = None
        self._open = ExitStack()
        self._sink: pa.NativeFile | None = self._open.enter_context(pa.OSFile(str(path), "wb"))

    def add(self, seen: Seen) -> None:
        """Take in the next rows."""
        texts, looks = seen
        if self._sink is None:
            return
        if looks is None:
            self.give_up()
            return
        self._numbers |= {at for at, look in enumerate(looks) if look is not None}
        batch = _batch(texts, looks)
        self._room -= batch.nbytes
        if self._room < 0:
            self.give_up()
            return
        with self._giving_up():
            self._stream_of(batch.schema).write_batch(batch)

    def finish(self, numeric: Collection[str]) -> None:
        """End it: `finished`, and of use, where no column but `numeric` ones came as numbers."""
        with self._giving_up():
            self._end_stream()
            names = {self._schema.names[at] for at in self._numbers} if self._schema else set()
            self.finished = self._sink is not None and names <= set(numeric)
        self._open.close()

    def give_up(self) -> None:
        """Keep nothing."""
        self._stream = self._sink = None
        self._open.close()
        self._path.unlink(missing_ok=True)

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Let an error of the disk, which may be full, pass: who needs it more will say so."""
        try:
            yield
        except OSError as error:
            log.warning("no copy of the file is kept: %s", error)
            self.give_up()

    def _stream_of(self, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        if self._stream is None or schema != self._schema:
            self._end_stream()
            self._stream, self._schema = pa.ipc.new_stream(self._sink, schema), schema
        return self._stream

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()


def _batch(texts: pa.RecordBatch, looks: Sequence[Numbers | None]) -> pa.RecordBatch:
    arrays = [
        column if look is None else look.read
        for column, look in zip(texts.columns, looks, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=texts.schema.names)


def copied_batches(copy: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    """The batches of a finished copy: float64 or text, as `typed` takes them."""
    size = copy.size()
    while copy.tell() < size:
        yield from pa.ipc.open_stream(copy)
