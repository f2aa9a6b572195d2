"""Why a forest answers a row as it does: what each split on the way adds to the answer.

A tree's answer is its root's value, the mean of all training rows, and the differences between the
values of the nodes that the row comes by, one after the other; each belongs to the feature of the
split that made it. So the contributions of a row add up to its answer, by construction (Saabas
2014; Palczewska et al. 2013). Unlike Shapley values they depend on the order of the splits.
"""

from __future__ import annotations

import numpy as np

from services.forest.encoding import Floats, Matrix
from services.forest.trees import Trees

MOST_CELLS = 2_000_000  # values of nodes that are looked at at a time: 16 MB, a few times


def contributions(trees: Trees, X: Matrix) -> tuple[Floats, Floats]:
    """The mean answer of all training rows (values,), and for each row of `X` what is added to it.

    That is (rows, features, values); `values` are the classes, or the one number.
    """
    rows, features = X.shape
    values = trees.value.shape[1]
    at_once = max(1, MOST_CELLS // (trees.count * values))
    added = np.empty((rows, features, values))
    for start in range(0, rows, at_once):
        some = X[start : start + at_once]
        added[start : start + at_once] = _added(trees, some).reshape(len(some), features, values)
    return trees.value[trees.offsets[:-1]].mean(axis=0), added / trees.count


def _added(trees: Trees, X: Matrix) -> Floats:
    """The sums over all trees, shape (rows x features, values): all rows go down all trees."""
    rows, features = X.shape
    sums = np.zeros((rows * features, trees.value.shape[1]))
    first = np.tile(trees.offsets[:-1], rows)
    row = np.repeat(np.arange(rows), trees.count)
    node = first
    while len(node := node[inner := trees.children_left[node] >= 0]):
        first, row = first[inner], row[inner]
        feature = trees.feature[node]
        left = X[row, feature] <= trees.threshold[node]
        child = first + np.where(left, trees.children_left[node], trees.children_right[node])
        np.add.at(sums, row * features + feature, trees.value[child] - trees.value[node])
        node = child
    return sums
