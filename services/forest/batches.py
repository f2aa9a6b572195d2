"""How the trees of a forest are dealt out to batches, each of them one step of a job."""

from __future__ import annotations

TREES = 10
MOST_BATCHES = 50


def plan(n_estimators: int) -> list[tuple[int, int]]:
    """The batches as (start, stop): 10 trees each, more where that made over 50 batches."""
    size = max(TREES, -(-n_estimators // MOST_BATCHES))
    starts = range(0, n_estimators, size)
    return [(start, min(start + size, n_estimators)) for start in starts]
