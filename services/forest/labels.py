"""Classes: their text, their arrays, their codes, and which of them wins a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from services.forest.nearest import shortened

Codes = npt.NDArray[np.int64]

NAMED = 5
TIE = 1e-6  # probabilities nearer than this to the best are as good as the best


def text_of(label: Any) -> str:
    """A class as a CSV writes it, which is also its name in answers."""
    return str(label).lower() if isinstance(label, bool | np.bool_) else str(label)


def winners(probabilities: npt.NDArray[np.float64], tie: float = TIE) -> Codes:
    """The code of each row's class: the first within `tie` of the row's best, shape (n,)."""
    best = probabilities.max(axis=1, keepdims=True)
    return np.asarray(np.argmax(probabilities >= best - tie, axis=1))


def winner(row: Sequence[float]) -> int:
    """As `winners`, for one row."""
    least = max(row) - TIE
    return next(code for code, share in enumerate(row) if share >= least)


def codes_of(labels: Any, classes: Sequence[Any]) -> tuple[Codes, list[Any]]:
    """The code of each label, and the labels that are no class.

    `labels` is a list, an array or an Arrow array of (n,) without nulls, `classes` the labels
    with the codes 0 to k-1. A label that is no class has a code from k on, the first one of
    the second outcome k, and so forth.
    """
    encoded = _arrow(labels).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    codes = {label: code for code, label in enumerate(classes)}
    strangers = sorted((value for value in values if value not in codes), key=str)
    codes.update({label: len(classes) + at for at, label in enumerate(strangers)})
    lookup = np.array([codes[value] for value in values], dtype=np.int64)
    return lookup[np.asarray(encoded.indices)], strangers


def _arrow(labels: Any) -> pa.Array:
    if isinstance(labels, pa.ChunkedArray):
        return labels.combine_chunks()
    return labels if isinstance(labels, pa.Array) else pa.array(labels)


def listed(labels: Sequence[Any]) -> str:
    """The first labels by name, and how many more there are."""
    named = ", ".join(repr(shortened(text_of(label))) for label in labels[:NAMED])
    more = len(labels) - NAMED
    return f"{named} and {more:,} more" if more > 0 else named
