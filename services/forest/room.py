"""On how many rows a batch of trees can grow, in the memory that there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from services.forest import intelex
from services.forest.drawing import distinct
from services.memory import PROCESS

# What a row takes while scikit-learn grows trees, in each thread too, and one of those that a tree
# draws: of 6.4 million rows 89, 165, 301 bytes in 1, 2, 4 threads that draw them all, 60 and 102
# in 1 and 2 that draw a million. The matrix itself is a file, of which the system holds what it has
# room for; only scikit-learn's out-of-bag score copies what a tree has not drawn, nearly all of it.
SLOW_ROW, SLOW_THREAD, SLOW_DRAWN = 30, 45, 40
# Times the different rows that a tree has: of so few it draws as many as there are, and
# scikit-learn-intelex draws no more.
LEAST_PART = 1 / (1 - math.exp(-1))
CELL = 4  # bytes: a part of the rows is a copy
COPIED = 0.85  # of what is left for a part of the rows: its matrix, its copy, what it takes to grow


class Taken(NamedTuple):
    """The bytes that each row of a part takes, and each of the different ones that a tree draws."""

    row: float
    drawn: float

    def part(self, kwargs: Mapping[str, Any], n_rows: int, limit: float) -> int:
        """How many of the rows can be copied and grown on, in so many bytes.

        0 where trees would be more alike than bootstrap samples of that part are, which have two
        rows of three. A score of what a tree has not drawn is one of all rows.
        """
        rows = distinct(n_rows, kwargs)
        part = int((limit - PROCESS - self.drawn * rows) * COPIED / self.row)
        return part if part >= LEAST_PART * rows and not kwargs.get("oob_score") else 0

    def most_drawn(self, limit: float) -> float:
        """The most different rows that a tree may draw of such a part."""
        return (limit - PROCESS) * COPIED / (LEAST_PART * self.row + COPIED * self.drawn)


def fast(n_columns: int, n_jobs: int) -> Taken:
    """What scikit-learn-intelex takes of a part."""
    row = intelex.memory_of_row(n_columns, n_jobs) + CELL * n_columns
    return Taken(row, intelex.DRAWN * n_jobs * LEAST_PART)


def slow(n_columns: int, n_jobs: int = 1) -> Taken:
    """What scikit-learn takes of a part."""
    return Taken(SLOW_ROW + SLOW_THREAD * n_jobs + CELL * n_columns, SLOW_DRAWN * n_jobs)


def quickly(kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int) -> int:
    """The bytes that scikit-learn-intelex takes to grow trees on a matrix of this shape."""
    return PROCESS + intelex.memory(kwargs, shape, n_jobs)


def slowly(kwargs: Mapping[str, Any], n_rows: int) -> int:
    """The bytes that scikit-learn takes to grow trees on so many rows, in one thread."""
    drawn = SLOW_DRAWN * distinct(n_rows, kwargs)
    return PROCESS + (SLOW_ROW + SLOW_THREAD) * n_rows + round(drawn)


def rows_quickly(
    kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int, limit: float
) -> int:
    """On how many of the rows scikit-learn-intelex can grow a batch: all, a part, or none."""
    n_rows, n_columns = shape
    if quickly(kwargs, shape, n_jobs) <= limit:
        return n_rows
    return fast(n_columns, n_jobs).part(kwargs, n_rows, limit)


def rows_slowly(
    kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int, limit: float
) -> int:
    """The same of scikit-learn: in as many of the threads as a part leaves room for."""
    n_rows, n_columns = shape
    if slowly(kwargs, n_rows) <= limit:
        return n_rows
    parts = (slow(n_columns, jobs).part(kwargs, n_rows, limit) for jobs in range(n_jobs, 0, -1))
    return next(filter(None, parts), 0)


def threads_in(limit: int, rows: int, drawn: int | None = None) -> int:
    """In how many threads scikit-learn may grow trees of so many rows, in so many bytes.

    A tree draws `drawn` of them, or as many as there are: two thirds are different ones.
    """
    room = limit - PROCESS - SLOW_ROW * rows
    each = SLOW_THREAD * rows + SLOW_DRAWN * min(drawn or rows, rows * 2 // 3)
    return max(1, int(room // each))
