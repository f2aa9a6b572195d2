"""A chunk of cells as numbers: all that can be told of it whatever came before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.columns import FLOAT32_MAX
from services.reading.cells import Markers, blanked, floats, wholes


@dataclass(frozen=True)
class Numbers:
    """`texts` that are all numbers or null, `read` as float64, and the ends of the `values` there.

    `wholes` are the values as int64, where all are whole and it was asked for.
    """

    texts: pa.Array
    read: pa.Array
    values: npt.NDArray[np.float64]
    low: float
    high: float
    wholes: pa.Array | None


def numbers_of(texts: pa.Array, markers: Markers, *, whole: bool) -> Numbers | None:
    """The numbers in cells without nulls, or None where one is not a number that a forest takes.

    Cells that are all missing give None too. With `whole`, whole numbers are read as such.
    """
    read = None if markers.hide_in_numbers else _read(texts, whole=whole)
    return read or _read(blanked(texts, markers), whole=whole)


def _read(texts: pa.Array, *, whole: bool) -> Numbers | None:
    """Trimmed texts, null where they are missing, as numbers."""
    values = floats(texts)
    if values is None or values.null_count == len(values):
        return None
    numbers = pc.drop_null(values).to_numpy() if values.null_count else values.to_numpy()
    low, high = float(numbers.min()), float(numbers.max())
    if not (low >= -FLOAT32_MAX and high <= FLOAT32_MAX):  # so that a nan fails here too
        return None
    return Numbers(texts, values, numbers, low, high, wholes(texts) if whole else None)
