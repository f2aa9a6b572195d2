"""What one pass has read of a file, kept for another: the numbers as numbers, the rest as text.

A copy is pieces, one for each batch of rows: a head, and the batch as a stream of Arrow's IPC
format. The last head ends it. A copy that is not whole, or not as it was written, is told.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

import pyarrow as pa
import pyarrow.ipc

from services.reading.numbers import Numbers

# The length of a piece and its CRC-32; at the end 0, and the number of all rows.
HEAD = struct.Struct("<QQ")

# Some rows, and what is known of each column of them, if that was looked at.
Seen = tuple[pa.RecordBatch, Sequence[Numbers | None] | None]

log = logging.getLogger(__name__)


class Damaged(Exception):
    """A copy is not what was written."""


class Piece(NamedTuple):
    """A batch of rows as it lies in a copy."""

    content: bytes
    checksum: int


class TypedCopy:
    """Writes the batches of a first pass to `path`, up to `most` bytes of them.

    It may give up at any time, and fails nobody: without it the file itself is read once more.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.finished = False
        self._path, self._room, self._rows = path, most, 0
        self._numbers: set[str] = set()
        self._file: BinaryIO | None = None
        with self._unless_it_fails():
            self._file = path.open("wb")

    def add(self, seen: Seen) -> None:
        """Take in the next rows."""
        texts, looks = seen
        if self._file is None:
            return
        if looks is None:
            self.give_up("a table of so many columns")
            return
        content = _packed(texts, looks)
        self._room -= len(content)
        if self._room < 0:
            self.give_up("it would be too large")
            return
        names = zip(texts.schema.names, looks, strict=True)
        self._numbers |= {name for name, look in names if look is not None}
        self._rows += len(texts)
        self._write(HEAD.pack(len(content), crc32(content)), content)

    def finish(self, numeric: Collection[str]) -> None:
        """End it: `finished`, and of use, where no column but `numeric` ones came as numbers."""
        if not self._numbers <= set(numeric):
            self.give_up("a column of numbers turned out to hold others")
        self._write(HEAD.pack(0, self._rows))
        with self._unless_it_fails():
            if self._file is not None:
                self._file.close()
                self.finished = True

    def give_up(self, why: str = "") -> None:
        """Keep nothing."""
        if why and self._file is not None:
            log.info("no copy of %s is kept: %s", self._path.name, why)
        file, self._file, self.finished = self._file, None, False
        for undo in (file.close if file is not None else None, self._path.unlink):
            try:
                if undo is not None:
                    undo()
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("what was begun of %s: %s", self._path.name, error)

    def _write(self, *some: bytes) -> None:
        with self._unless_it_fails():
            if self._file is not None:
                self._file.writelines(some)

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Let an error of the disk, which may be full, pass: who needs it more will say so."""
        try:
            yield
        except OSError as error:
            self.give_up(str(error))


def _packed(texts: pa.RecordBatch, looks: Sequence[Numbers | None]) -> pa.Buffer:
    """The rows as bytes, the columns that are numbers as such."""
    arrays = [
        column if look is None else look.read
        for column, look in zip(texts.columns, looks, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, names=texts.schema.names)
    made = pa.BufferOutputStream()
    with pa.ipc.new_stream(made, batch.schema) as stream:
        stream.write_batch(batch)
    return made.getvalue()


def pieces_of(copy: BinaryIO, rows: int) -> Iterator[Piece]:
    """The pieces of a finished copy of so many rows; raises Damaged where it is not that."""
    while True:
        length, told = HEAD.unpack(_read(copy, HEAD.size))
        if not length:
            break
        yield Piece(_read(copy, length), told)
    if told != rows:
        raise Damaged(f"a copy of {told} rows, where {rows} are expected")


def _read(copy: BinaryIO, length: int) -> bytes:
    try:
        content = copy.read(length)
    except (OSError, OverflowError, MemoryError) as error:
        raise Damaged(f"a copy cannot be read: {error}") from error
    if len(content) != length:
        raise Damaged("a copy ends too early")
    return content


def batch_of(piece: Piece) -> pa.RecordBatch:
    """The rows of a piece: float64 or text, as `typed` takes them. Raises Damaged."""
    if crc32(piece.content) != piece.checksum:
        raise Damaged("a copy is not what was written")
    return pa.ipc.open_stream(piece.content).read_next_batch()
