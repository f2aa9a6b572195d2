"""Rows drawn at random, with replacement as trees do and without: how many, how often, which."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 1 << 20
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
    """The places of so many of the rows at most, in their order: each choice is as likely.

    How many come from each block of rows is drawn first, so that no array of all rows is made.
    """
    if n_rows <= most:
        return np.arange(n_rows)
    rng, places, left = np.random.default_rng(seed), [], most
    for start in range(0, n_rows, BLOCK_ROWS):
        size = min(BLOCK_ROWS, n_rows - start)
        count = int(rng.hypergeometric(left, n_rows - start - left, size))
        places.append(start + np.sort(rng.choice(size, count, replace=False)))
        left -= count
    return np.concatenate(places)


def with_all_kinds(rows: Places, y: npt.NDArray[np.float64], *, classes: bool) -> Places:
    """Rows and, where they lack a class, a row of it; of numbers, one above 0 where none is.

    Without such a one criterion poisson grows no tree. `y` (n,) are the codes of the classes or
    the numbers of all rows.
    """
    if classes:
        others = one_of_each(y)
        others = others[~np.isin(y[others], y[rows])]
    else:
        others = np.array([] if (y[rows] > 0).any() else [y.argmax()], dtype=np.int64)
    return np.sort(np.append(rows, others))


def one_of_each(codes: npt.NDArray[np.float64]) -> Places:
    """The place of the first row of each code that occurs in `codes` (n,)."""
    places, done = np.full(int(codes.max()) + 1, len(codes)), 0
    for block in blocks_of(codes):
        np.minimum.at(places, block, np.arange(done, done := done + len(block)))
    return places[places < len(codes)]


def blocks_of(codes: npt.NDArray[np.float64]) -> Iterator[npt.NDArray[np.intp]]:
    """The codes as whole numbers, a block at a time: all of them at once may be a lot."""
    for start in range(0, len(codes), BLOCK_ROWS):
        yield codes[start : start + BLOCK_ROWS].astype(np.intp)
