"""How far scores may be off for want of rows: the bootstrap (Efron 1979), by counts of cells.

To draw as many rows again with replacement is to draw how often each kind of row comes, by a
multinomial distribution. Rows of the same truth and the same answer are of one kind, so that it
costs the same whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from services.forest.encoding import Floats
from services.forest.labels import Codes

CONFIDENCE = 0.95
DRAWS, FEWEST_DRAWS = 1_000, 200
MOST_CELLS = 5_000_000  # counts that are drawn for one answer, in all draws
AT_ONCE = 1_000_000  # of these, in memory at a time
SAME = 1e-9  # of the squares' sum
GROUPS = 5_000  # of rows, where each row is a kind of its own
Counts = npt.NDArray[np.int64]
Score = Callable[[Counts], dict[str, Floats]]  # (draws, kinds) to scores, each of shape (draws,)


def intervals(counts: Counts, score: Score) -> dict[str, list[float]]:
    """The percentile intervals of scores that are functions of how often each kind comes.

    A draw of which a score is not defined, NaN, does not count for it.
    """
    drawn: dict[str, list[Floats]] = {}
    for some in draws(counts):
        for name, values in score(some).items():
            drawn.setdefault(name, []).append(values)
    every = {name: np.concatenate(values) for name, values in drawn.items()}
    return {n: interval(v[np.isfinite(v)]) for n, v in every.items() if np.isfinite(v).any()}


def interval(values: Floats) -> list[float]:
    """The ends between which CONFIDENCE of the values lie."""
    rest = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [rest, 1 - rest])
    return [float(low), float(high)]


def draws(counts: Counts) -> Iterator[Counts]:
    """How often each kind comes, draw by draw, (draws, kinds) at a time; the same each time."""
    total, kinds = int(counts.sum()), len(counts)
    left = min(DRAWS, max(FEWEST_DRAWS, MOST_CELLS // kinds))
    rng = np.random.default_rng(0)
    at_once = max(1, AT_ONCE // kinds)
    while left > 0:
        yield rng.multinomial(total, counts / total, size=min(at_once, left))
        left -= at_once


def kinds_of(*codes: Codes) -> tuple[list[Codes], Counts]:
    """The kinds of rows that there are, by codes (n,) of each; and how many rows are of each."""
    sizes = [int(each.max()) + 1 for each in codes]
    together, counts = np.unique(np.ravel_multi_index(codes, sizes), return_counts=True)
    return list(np.unravel_index(together, sizes)), counts


def of_classes(true: Codes, said: Codes, counts: Counts) -> dict[str, list[float]]:
    """The intervals of accuracy, and of macro and weighted scores, as scikit-learn has them.

    The rows come as `kinds_of` gives them.
    """
    return intervals(counts, lambda drawn: class_scores(drawn, true, said))


def class_scores(drawn: Counts, true: Codes, said: Codes) -> dict[str, Floats]:
    """The scores of each draw, from the kinds' true and predicted codes."""
    size = int(max(true.max(), said.max())) + 1
    right = _summed(drawn * (true == said), true, size)
    support, named = _summed(drawn, true, size), _summed(drawn, said, size)
    precision, recall = _share(right, named), _share(right, support)
    f1 = _share(2 * right, support + named)
    there = (support + named) > 0  # scikit-learn leaves out what neither is nor was predicted
    weights = support / support.sum(axis=1, keepdims=True)
    means = {
        name: (each * there).sum(axis=1) / there.sum(axis=1)
        for name, each in (("f1", f1), ("precision", precision), ("recall", recall))
    }
    accuracy = right.sum(axis=1) / support.sum(axis=1)
    return {"accuracy": accuracy, **means, "f1_weighted": (f1 * weights).sum(axis=1)}


def _summed(drawn: Counts, codes: Codes, size: int) -> Floats:
    """The counts of each code, shape (draws, size)."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.zeros((len(drawn), size))
    sums[:, codes[order][starts]] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return sums


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def of_numbers(y_true: Floats, y_pred: Floats) -> dict[str, list[float]]:
    """The intervals of r2, rmse and mae."""
    sums, counts = grouped(*moments(y_true, y_pred))
    return intervals(counts, lambda drawn: number_scores(drawn, sums))


def moments(y_true: Floats, y_pred: Floats) -> list[Floats]:
    """What each row adds to the scores, (n,) each: 1, y, y², the squared error, the absolute."""
    y, error = y_true - y_true.mean(), y_true - y_pred
    return [np.ones_like(y), y, y**2, error**2, np.abs(error)]


def grouped(*parts: Floats) -> tuple[list[Floats], Counts]:
    """The sums over groups of rows, and the groups' own counts: one for each.

    Rows that come one after the other go to different groups: each row is one where few are there.
    """
    groups = min(GROUPS, len(parts[0]))
    group = np.arange(len(parts[0])) % groups
    return [np.bincount(group, part).astype(np.float64) for part in parts], np.ones(
        groups, np.int64
    )


def number_scores(drawn: Counts, sums: list[Any]) -> dict[str, Floats]:
    """The scores of each draw, from the groups' sums."""
    n, y, y2, squared, absolute = (drawn @ each for each in sums)
    spread = y2 - y**2 / n
    # What is left of equal values is rounding: their r2 is not defined.
    varied = spread > SAME * y2
    r2 = 1 - np.divide(squared, spread, out=np.full_like(squared, np.nan), where=varied)
    return {"r2": r2, "rmse": np.sqrt(squared / n), "mae": absolute / n}
