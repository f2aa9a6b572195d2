"""What is done to every piece of a file as it streams by: decoding, and the checks on raw text."""

from __future__ import annotations

import codecs

import numpy as np

from models.errors import Invalid, invalid
from services.reading.encoding import undecodable, without_mark
from services.reading.options import Limits


class Decoder:
    """Bytes of a codec in, UTF-8 out; keeps the offset, to say where a bad byte is.

    Raises Invalid encoding_not_utf8 or encoding_wrong.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._taken = 0

    def __call__(self, raw: bytes) -> bytes:
        """The UTF-8 of the next bytes; an empty piece says that the file ends here."""
        waiting = len(self._decoder.getstate()[0])
        if self._codec == "utf_8" and not waiting and raw.isascii():
            self._taken += len(raw)
            return raw
        try:
            utf8 = self._decoder.decode(raw, final=not raw).encode()
        except UnicodeDecodeError as error:
            offset = self._taken - waiting + error.start
            raise undecodable(self._codec, offset, error.object[error.start]) from None
        except UnicodeEncodeError:  # a codec that lets half a surrogate pair through
            raise undecodable(self._codec, self._taken, raw[0] if raw else 0) from None
        except UnicodeError:  # UTF-16 and UTF-32 say by a mark at the start in which order they are
            raise without_mark(self._codec) from None
        self._taken += len(raw)
        return utf8


class LineEnds:
    """Counts the line ends (LF, CR or CRLF) of a text that comes in pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._after_cr = False

    def add(self, piece: bytes) -> None:
        """Count those of the next piece."""
        self.count += _count(piece, b"\n")
        if b"\r" in piece:
            self.count += _count(piece, b"\r") - piece.count(b"\r\n")
        if self._after_cr and piece.startswith(b"\n"):
            self.count -= 1
        self._after_cr = piece.endswith(b"\r") or (not piece and self._after_cr)


def _count(piece: bytes, byte: bytes) -> int:
    """How often a byte is there; bytes.count looks at one after the other, numpy at many."""
    return int(np.count_nonzero(np.frombuffer(piece, np.uint8) == byte[0]))


class Lines:
    """Sees that no physical line of a text that comes in pieces is over the limit."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.max_line_bytes
        self._open = 0

    def check(self, piece: bytes) -> None:
        """Take in the next piece of UTF-8; raises Invalid line_too_long."""
        piece = piece.replace(b"\r", b"\n")
        first = piece.find(b"\n")
        longest = self._open + (len(piece) if first < 0 else first)
        if len(piece) > self._limit:
            longest = max(longest, *(len(line) for line in piece.split(b"\n")[1:]), 0)
        if longest > self._limit:
            raise too_long_a_line(self._limit)
        self._open = longest if first < 0 else len(piece) - piece.rfind(b"\n") - 1


def nul_byte(line: int) -> Invalid:
    """The refusal of a text with a NUL in it."""
    return invalid("nul_byte", f"Line {line} holds a NUL character; a CSV is text and has none.")


def too_long_a_line(limit: int) -> Invalid:
    """The refusal of a line, or of one record over several lines, that is over the limit."""
    return invalid("line_too_long", f"A line is longer than {limit:,} bytes, the limit.")
