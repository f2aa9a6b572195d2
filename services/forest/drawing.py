"""Rows drawn at random, with replacement as trees do and without: how many, how often, which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


def distinct(n_rows: int, kwargs: Mapping[str, Any]) -> float:
    """How many different rows of n a tree draws on the average: n (1 - (1 - 1/n)^draws)."""
    if n_rows < 2 or not kwargs.get("bootstrap", True):  # noqa: PLR2004
        return float(n_rows)
    draws = kwargs.get("max_samples") or n_rows
    return -n_rows * math.expm1(draws * math.log1p(-1 / n_rows))


def draws_for(n_rows: int, rows: float) -> int:
    """How often to draw for so many different ones of n rows, not more: `distinct` backwards.

    Raises ValueError where `rows` is not below n: no number of draws is sure to have them all.
    """
    if rows >= n_rows:
        raise ValueError(f"{n_rows} rows have not more than {rows:.0f} different ones")
    return max(1, int(math.log1p(-rows / n_rows) / math.log1p(-1 / n_rows)))


def some_of(n_rows: int, most: int, seed: int) -> Places:
    """The places of so many of the rows at most, in their order; few of many take no memory."""
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, most, replace=False))
