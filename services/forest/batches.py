"""How the trees of a forest are dealt out to batches, each of them one step of a job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

SCIKIT_LEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
# The trees of a batch at least, and the rows times trees that make one worth a step: a step
# costs a tenth of a second, and scikit-learn-intelex sorts the columns anew in each.
TREES = {SCIKIT_LEARN: 10, INTELEX: 25}
SMALL = 10  # the trees of a batch where it is to be over soon, whatever grows them
WORTH = {SCIKIT_LEARN: 400_000, INTELEX: 8_000_000}
MOST_BATCHES = 50
STEADY = 3  # scores of so many batches in a row, all alike: more trees change nothing


def plan(
    n_estimators: int, n_rows: int, engine: str, first: int = 0, *, small: bool = False
) -> list[tuple[int, int]]:
    """The batches as (start, stop): of one size, but for the last one, and 50 at most.

    They begin at the tree `first`: those before it are there already. `small` ones have the
    fewest trees, whatever grows them and however few rows there are.
    """
    worth = max(TREES[engine], WORTH[engine] // n_rows)
    many = n_estimators - first
    size = size_of_small(many) if small else max(worth, -(-many // MOST_BATCHES))
    starts = range(first, n_estimators, size)
    return [(start, min(start + size, n_estimators)) for start in starts]


def size_of_small(trees: int) -> int:
    """The trees of a small batch, of so many."""
    return max(SMALL, -(-trees // MOST_BATCHES))


def plan_of(spec: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The batches of a training, by what its steps are told: those of a version made before."""
    if spec.get("batches") is not None:
        return [(start, stop) for start, stop in spec["batches"]]
    return plan(
        spec["params"]["n_estimators"],
        spec["rows"],
        spec["engine"]["name"],
        trees_before(spec["extends"]),
        small=_are_soon_over(spec),
    )


def _are_soon_over(spec: Mapping[str, Any]) -> bool:
    """Whether the batches are small: for their scores, their rows' sake, or that of their nodes."""
    by_tree = spec["size"].get("by_tree", False)
    return spec["tol"] is not None or spec["engine"].get("rows") is not None or by_tree


def is_steady(scores: Sequence[float | None], tol: float) -> bool:
    """Whether the last scores, each of all trees until then, differ by `tol` at most."""
    last = [score for score in scores[-STEADY:] if score is not None]
    return len(last) == STEADY and max(last) - min(last) <= tol


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


def seconds_left(seconds: Sequence[float], max_minutes: float | None) -> float:
    """How long a batch may still be waited for, after those that took so many seconds.

    One batch is always waited for.
    """
    if max_minutes is None or not seconds:
        return math.inf
    return max(0.0, max_minutes * 60 - sum(seconds))
