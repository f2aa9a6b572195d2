"""Reading CSV strictly and in a stream, and writing it safely.

`describe` reads a whole file once and says what it holds; `typed_batches` reads it again as typed
columns; `text_batches` and `typed`, or block by block `text_rows` and `PlainReader`, serve a CSV
that is to be scored; `csv_bytes` writes CSV, `lines` and what goes with it parts of one.
The rules, for users, are in docs/csv.md. Every refusal is one of models.errors.
"""

from services.reading.batches import typed_batches
from services.reading.convert import typed
from services.reading.describe import describe, text_batches, text_rows
from services.reading.description import Description, Dialect
from services.reading.options import Limits, Reading
from services.reading.plain import PlainReader
from services.reading.rows import Rows
from services.reading.typed_copy import Damaged, TypedCopy
from services.reading.writer import csv_bytes, header_of, lines, side_by_side, text_of

__all__ = [
    "Damaged",
    "Description",
    "Dialect",
    "Limits",
    "PlainReader",
    "Reading",
    "Rows",
    "TypedCopy",
    "csv_bytes",
    "describe",
    "header_of",
    "lines",
    "side_by_side",
    "text_batches",
    "text_of",
    "text_rows",
    "typed",
    "typed_batches",
]
