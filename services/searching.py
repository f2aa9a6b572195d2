"""Which hyper-parameters a search tries: all of a grid, or some of it drawn at random."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from models.errors import Invalid, invalid
from models.search import CV, MOST_TRIALS, SCORINGS

LARGEST_GRID = 10**12


@dataclass(frozen=True)
class Search:
    """What is tried, on how many folds, by which score; `candidates` are hyper-parameters."""

    candidates: list[dict[str, Any]]
    cv: int
    scoring: str

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))


def search_of(asked: Mapping[str, Any], task: str, random_state: int | None) -> Search:
    """What a request asks to be tried. Raises Invalid."""
    scoring = asked.get("scoring", SCORINGS[task][0])
    if scoring not in SCORINGS[task]:
        message = f"a {task} is scored by one of {', '.join(SCORINGS[task])}, not by {scoring}"
        raise invalid("unknown_choice", message, "/search/scoring")
    candidates = _candidates(asked["params"], asked.get("n_iter"), random_state)
    return Search(candidates, asked.get("cv", CV), scoring)


def _candidates(
    grid: Mapping[str, Sequence[Any]], n_iter: int | None, seed: int | None
) -> list[dict[str, Any]]:
    """All of a grid, the last name's values first, as scikit-learn's ParameterGrid; or some."""
    total = prod(len(values) for values in grid.values())
    if total > LARGEST_GRID or (n_iter is None and total > MOST_TRIALS):
        message = f"the grid has {total:,} points; {MOST_TRIALS} at most are tried: say n_iter"
        if n_iter is not None:
            message = f"the grid has {total:,} points, more than can be drawn from"
        raise invalid("too_many_candidates", message, "/search/params")
    places: Sequence[int] = range(total)
    if n_iter is not None and n_iter < total:
        places = sorted(random.Random(seed or 0).sample(places, n_iter))  # noqa: S311
    return [_point(grid, place) for place in places]


def _point(grid: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    point = {}
    for name in sorted(grid, reverse=True):
        place, at = divmod(place, len(grid[name]))
        point[name] = grid[name][at]
    return dict(sorted(point.items()))


def moved(error: Invalid) -> Invalid:
    """The refusal of a candidate, told of where the candidate came from."""
    faults = [
        type(fault)(f"/search/params{fault.pointer}", fault.code, fault.message)
        for fault in error.faults
    ]
    return Invalid(error.detail, code=error.code, faults=faults)
