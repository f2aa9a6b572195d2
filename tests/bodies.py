"""Bodies as they come over the network, made piece by piece."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


class Pieces(io.RawIOBase):
    """A stream of pieces that are never all in memory."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        piece, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def streamed(kind: str, pieces: Iterable[bytes], length: int | None = None) -> dict[str, Any]:
    """What the server hands on for a body of so many bytes; without a length a chunked one."""
    sent = {"CONTENT_LENGTH": str(length)} if length is not None else CHUNKED
    came = {"wsgi.input": Pieces(pieces), "wsgi.input_terminated": True, "CONTENT_TYPE": kind}
    return {"environ_overrides": {**came, **sent}}
