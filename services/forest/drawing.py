"""How many different rows a tree has that draws them with replacement, and how often it draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


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
