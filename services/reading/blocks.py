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


def whole_records(source: Source, delimiter: str, limits: Limits) -> Iterator[bytes]:
    """Blocks of about `block_bytes` that begin and end with a record.

    Raises Invalid unclosed_quote where the stream ends within quotes, and line_too_long for a
    record that goes on for more than `max_line_bytes`, a quote left open perhaps.
    """
    quotes = _Quotes(delimiter)
    rest = b""
    while piece := source.read(limits.block_bytes):
        data = rest + piece
        end = quotes.last_end(data)
        if end:
            yield data[:end]
        rest = data[end:]
        if len(rest) > limits.max_line_bytes:
            raise too_long_a_line(limits.max_line_bytes)
    if quotes.open_at(rest) >= 0:
        raise _unclosed()
    if rest:
        yield rest


class _Quotes:
    """Finds where a text that begins with a record is within quotes, and where it is not."""

    def __init__(self, delimiter: str) -> None:
        ends = re.escape(delimiter.encode()) + rb"\r\n"
        # A quote opens a cell only at its beginning; elsewhere it is a character like others.
        # Nothing is ever tried twice (`++`), so that the time is linear.
        self._closed = re.compile(
            rb'(?:[^"]++|(?<![^%b])"[^"]*+(?:""[^"]*+)*+"|(?<=[^%b])")*+' % (ends, ends)
        )

    def open_at(self, data: bytes) -> int:
        """The offset of the quote that is still open at the end of `data`, or -1."""
        if b'"' not in data:
            return -1
        found = self._closed.match(data)
        return found.end() if found and found.end() < len(data) else -1

    def last_end(self, data: bytes) -> int:
        """The offset behind the last line end outside of quotes, or 0."""
        end = len(data)
        while True:
            end = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
            opened = self.open_at(data[:end])
            if opened < 0:
                return end
            # All behind that quote is one cell; the record's end is before it.
            end = opened


def _unclosed() -> Invalid:
    return invalid("unclosed_quote", 'A quote (") opens a cell and is never closed.')
