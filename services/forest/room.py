"""The memory that it takes to grow trees, however small they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from services.forest import intelex
from services.forest.drawing import distinct, draws_for
from services.memory import PROCESS

# What a row takes while scikit-learn grows trees, in each thread too, and one of those that a tree
# draws: of 6.4 million rows 89, 165, 301 bytes in 1, 2, 4 threads that draw them all, 60 and 102
# in 1 and 2 that draw a million. The matrix itself is a file, of which the system holds what it has
# room for; only scikit-learn's out-of-bag score copies what a tree has not drawn, nearly all of it.
SLOW_ROW, SLOW_THREAD, SLOW_DRAWN = 30, 45, 40
LEAST_PART = 1.5  # times the different rows that a tree has
COPIED = 0.85  # of what is left for a part of the rows: its matrix, its copy, what it takes to grow


def quickly(kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int) -> int:
    """The bytes that scikit-learn-intelex takes to grow trees on a matrix of this shape."""
    return PROCESS + intelex.memory(kwargs, shape, n_jobs)


def part_for(
    kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int, limit: float
) -> int | None:
    """How many of the rows scikit-learn-intelex can grow a batch of trees on, in so many bytes.

    None where that is not half as many again as a tree has: of a batch that saw few others the
    trees would be more alike than bootstrap samples are, which have two rows of three.
    """
    n_rows, n_columns = shape
    rows = distinct(n_rows, kwargs)
    least = LEAST_PART * rows
    drawn = draws_for(math.ceil(least), rows)  # of a larger part fewer rows are drawn twice
    of_row = intelex.memory_of_row(n_columns, n_jobs) + 4 * n_columns
    part = int((limit - PROCESS - intelex.DRAWN * n_jobs * drawn) * COPIED / of_row)
    return part if part >= least else None


def slowly(rows: int) -> int:
    """The bytes that scikit-learn takes to grow trees of so many rows, in one thread."""
    return PROCESS + (SLOW_ROW + SLOW_THREAD + SLOW_DRAWN * 2 // 3) * rows


def threads_in(limit: int, rows: int, drawn: int | None = None) -> int:
    """In how many threads scikit-learn may grow trees of so many rows, in so many bytes.

    A tree draws `drawn` of them, or as many as there are: two thirds are different ones.
    """
    room = limit - PROCESS - SLOW_ROW * rows
    each = SLOW_THREAD * rows + SLOW_DRAWN * min(drawn or rows, rows * 2 // 3)
    return max(1, int(room // each))
