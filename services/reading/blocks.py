"""A stream cut into blocks of whole records, so that each can be parsed by itself.

Arrow's own streaming reader is not used: it calls back into Python from a thread of its own,
which aborts an interpreter that shuts down meanwhile, and it reads 33 blocks ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.errors import Invalid, invalid
from services.reading.options import Limits
from services.reading.pieces import too_long_a_line
from services.reading.source import Source

_COLUMNS_A_BLOCK = 512
_MOST_BLOCKS = 16


def whole_records(source: Source, delimiter: str, limits: Limits, size: int) -> Iterator[bytes]:
    """Blocks of about `size` bytes that begin and end with a record.

    Raises Invalid unclosed_quote where the stream ends within quotes, and line_too_long for a
    record that goes on for more than `max_line_bytes`, a quote left open perhaps.
    """
    parts = _parts(delimiter)
    rest, piece = b"", source.piece(size)
    while piece:
        # A record that is still open is looked at from its start again, so double what there is.
        following = source.piece(max(size, len(rest)))
        ended = not following
        if b'"' in rest or b'"' in piece:
            rest, piece = b"", rest + piece
            if ended and _is_open(piece, parts):
                raise _unclosed()
        end = len(piece) if ended else _last_end(piece, parts)
        if end:
            yield b"".join((rest, memoryview(piece)[:end]))  # the one copy, where no cell is quoted
            rest = b""
        rest += piece[end:]
        if len(rest) > limits.max_line_bytes:
            raise too_long_a_line(limits.max_line_bytes)
        piece = following


def block_size(limits: Limits, columns: int) -> int:
    """The bytes to take at a time: more for wide tables, where each column costs by itself."""
    return limits.block_bytes * max(1, min(columns // _COLUMNS_A_BLOCK, _MOST_BLOCKS))


def _parts(delimiter: str) -> re.Pattern[bytes]:
    """Matches, one after the other, all that matters for telling where records end.

    A quoted text, in which a doubled quote counts as an end and a new beginning (group 1 where
    it is still open at the end); quotes within a cell, which are characters like others; a line
    end outside of quotes (group 2 or 3). Each begins with a plain character, which makes the
    search for the next one fast, and none ever looks back far, which keeps it linear.
    """
    cell_begins = rb'(?<![^%b\r\n"]")' % re.escape(delimiter.encode())
    return re.compile(rb'"%b[^"]*(?:"|(\Z))|"+|\n()|\r()' % cell_begins)


def _last_end(data: bytes, parts: re.Pattern[bytes]) -> int:
    """The offset behind the last line end outside of quotes, or 0; data begin with a record."""
    if b'"' not in data:
        return max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    end = 0
    for part in parts.finditer(data):
        if part.lastindex and part.lastindex > 1:
            end = part.end()
    return end


def _is_open(data: bytes, parts: re.Pattern[bytes]) -> bool:
    """Whether the end of the data is within quotes."""
    return b'"' in data and any(part.lastindex == 1 for part in parts.finditer(data))


def _unclosed() -> Invalid:
    return invalid("unclosed_quote", 'A quote (") opens a cell and is never closed.')
