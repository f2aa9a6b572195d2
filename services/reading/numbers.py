"""A chunk of cells as numbers: all that can be told of it whatever came before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.columns import FLOAT32_MAX
from services.reading.cells import Markers, blanked, floats, wholes
from services.reading.histogram import Histogram


@dataclass(frozen=True)
class Numbers:
    """`cells` that are all numbers or null, `read` as float64, and the ends of those there are.

    The cells are texts, or float64 where they were read so at once. `histogram` has counted them;
    `wholes` are the values as int64, where all are whole and it was asked for.
    """

    cells: pa.Array
    read: pa.Array
    low: float
    high: float
    histogram: Histogram
    wholes: pa.Array | None


def numbers_of(cells: pa.Array, markers: Markers, *, whole: bool) -> Numbers | None:
    """The numbers in cells, or None where one is not a number that a forest takes.

    The cells are texts without nulls, or float64 where they were read so, null where one is
    missing. If all are missing that gives None too. With `whole`, whole numbers are read as such.
    """
    if pa.types.is_floating(cells.type):
        return _of(cells, cells, whole=False)
    read = None if markers.hide_in_numbers else _of(cells, floats(cells), whole=whole)
    if read is None:
        texts = blanked(cells, markers)
        read = _of(texts, floats(texts), whole=whole)
    return read


def _of(texts: pa.Array, values: pa.Array | None, *, whole: bool) -> Numbers | None:
    """The numbers in trimmed texts, null where they are missing, that read as `values`."""
    if values is None or values.null_count == len(values):
        return None
    numbers = pc.drop_null(values).to_numpy() if values.null_count else values.to_numpy()
    low, high = float(numbers.min()), float(numbers.max())
    if not (low >= -FLOAT32_MAX and high <= FLOAT32_MAX):  # so that a nan fails here too
        return None
    # Numbers with fractions are the quicker to tell from the others by their values.
    whole = whole and bool((numbers == np.floor(numbers)).all())
    histogram = Histogram.of(numbers, low, high)
    return Numbers(texts, values, low, high, histogram, wholes(texts) if whole else None)
