"""The memory that it takes to grow trees, however small they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.forest import intelex

PROCESS = 340 << 20  # what a process takes before it grows a tree
# What a row takes while scikit-learn grows trees (6.4 million of them: 89, 165, 301 bytes in 1, 2,
# 4 threads). The matrix itself is a file, of which the system holds what it has room for; only
# scikit-learn's out-of-bag score copies what a tree has not drawn, nearly all of it.
SLOW_ROW, SLOW_THREAD = 30, 70


def quickly(kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int) -> int:
    """The bytes that scikit-learn-intelex takes to grow trees on a matrix of this shape."""
    return PROCESS + intelex.memory(kwargs, shape, n_jobs)


def slowly(rows: int) -> int:
    """The bytes that scikit-learn takes to grow trees of so many rows, in one thread."""
    return PROCESS + (SLOW_ROW + SLOW_THREAD) * rows


def threads_in(limit: int, rows: int) -> int:
    """In how many threads scikit-learn may grow trees of so many rows, in so many bytes."""
    room = limit - PROCESS - SLOW_ROW * rows
    return max(1, room // (SLOW_THREAD * rows))
