"""The file as a stream of clean UTF-8, checked on the way: for Arrow and for Python's csv alike."""

from __future__ import annotations

import io
from pathlib import Path

from services.reading.options import Limits
from services.reading.pieces import Decoder, LineEnds, Lines, nul_byte

_BOM = b"\xef\xbb\xbf"
_LEAST_PIECE = 4096


class Source(io.RawIOBase):
    """A readable stream over `path`, decoded with `codec` and given out as UTF-8 without a BOM.

    `skip` bytes of that UTF-8 are left out at the start. Reading raises Invalid: nul_byte,
    line_too_long, encoding_not_utf8 or encoding_wrong.
    """

    def __init__(self, path: Path, codec: str, limits: Limits, *, skip: int = 0) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._codec = codec
        self._decode = Decoder(codec)
        self._lines = Lines(limits)
        self._skip = skip
        self._ready = b""
        self._begun = False
        self._ended = False
        self._taken = 0

    @property
    def fraction(self) -> float:
        """The part of the file read so far, 0 to 1."""
        return self._taken / self._size if self._size else 1.0

    def readable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._file.close()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the stream goes; returns the number of bytes, 0 at the end."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes, fewer only at the end of the stream."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._fill(max(size, _LEAST_PIECE))
        if size < 0:
            size = len(self._ready)
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece

    def piece(self, size: int) -> bytes:
        """The next bytes, as many as come of `size` bytes of the file; none at the end alone."""
        while not self._ended and not self._ready:
            self._fill(size)
        piece, self._ready = self._ready, b""
        return piece

    def _fill(self, size: int) -> None:
        raw = self._file.read(size)
        piece = self._decode(raw)
        if 0 in piece:
            raise nul_byte(self._line_of_nul())
        self._taken += len(raw)
        if piece and not self._begun:
            piece = piece.removeprefix(_BOM)
            self._begun = True
        self._lines.check(piece)
        piece = self._without_start(piece)
        self._ended = not raw
        self._ready = self._ready + piece if self._ready else piece

    def _line_of_nul(self) -> int:
        """The line of the first NUL, found by a second look; lines are counted for nothing else."""
        decode, ends, at = Decoder(self._codec), LineEnds(), -1
        self._file.seek(0)
        while at < 0 and (raw := self._file.read(_LEAST_PIECE)):
            piece = decode(raw)
            at = piece.find(0)
            ends.add(piece if at < 0 else piece[:at])
        return ends.count + 1

    def _without_start(self, piece: bytes) -> bytes:
        left_out = min(self._skip, len(piece))
        self._skip -= left_out
        return piece[left_out:] if left_out else piece
