"""Reading CSV strictly and in a stream, and writing it safely.

`describe` reads a whole file once and says what it holds; `typed_batches` reads it again as typed
columns; `text_batches` and `typed` serve a CSV that is to be scored; `csv_bytes` writes CSV.
The rules, for users, are in docs/csv.md. Every refusal is one of models.errors.
"""

from services.reading.convert import typed, typed_batches
from services.reading.describe import describe, text_batches
from services.reading.description import Description, Dialect
from services.reading.options import Limits, Reading
from services.reading.writer import csv_bytes

__all__ = [
    "Description",
    "Dialect",
    "Limits",
    "Reading",
    "csv_bytes",
    "describe",
    "text_batches",
    "typed",
    "typed_batches",
]
