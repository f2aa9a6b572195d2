"""How the trees of a forest are dealt out to batches, each of them one step of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCIKIT_LEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
# The trees of a batch at least, and the rows times trees that make one worth a step: a step
# costs a tenth of a second, and scikit-learn-intelex sorts the columns anew in each.
TREES = {SCIKIT_LEARN: 10, INTELEX: 25}
WORTH = {SCIKIT_LEARN: 400_000, INTELEX: 8_000_000}
MOST_BATCHES = 50


def plan(n_estimators: int, n_rows: int, engine: str, first: int = 0) -> list[tuple[int, int]]:
    """The batches as (start, stop): of one size, but for the last one, and 50 at most.

    They begin at the tree `first`: those before it are there already.
    """
    size = max(TREES[engine], WORTH[engine] // n_rows, -(-(n_estimators - first) // MOST_BATCHES))
    starts = range(first, n_estimators, size)
    return [(start, min(start + size, n_estimators)) for start in starts]


def trees_before(extends: Mapping[str, Any] | None) -> int:
    """How many trees the version that is extended has; without one there are none."""
    return int(extends["n_estimators"]) if extends is not None else 0


def is_time_for_more(seconds: Sequence[float], max_minutes: float | None) -> bool:
    """Whether a batch more would end in time, as long as those before it took in the mean.

    One batch is always grown. Of the times of finished batches alone, so that whoever takes a
    job over decides as the one before did.
    """
    if max_minutes is None or not seconds:
        return True
    return sum(seconds) * (len(seconds) + 1) / len(seconds) <= max_minutes * 60
