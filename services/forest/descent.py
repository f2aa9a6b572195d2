"""A forest that answers from its trees' arrays as they lie in a file, whatever its size.

ONNX Runtime answers many times as fast, and takes 240 bytes a node and more in each process. Here
a node takes 44 in a file, of three classes, of which the system holds what it has room for, once
for all processes. A forest of 2.8 million nodes in 100 trees: 0.9 ms a row, 80 us each of many.
"""

from __future__ import annotations

import numpy as np

from services.forest.encoding import Floats, Matrix
from services.forest.trees import Array, Trees

PAIRS = 1 << 14  # of a row and a tree, that go down together: what they look at stays in the cache
CELLS = 1 << 18  # at most, of what their leaves say


class Descent:
    """Answers as `Sessions` does, in one thread and with hardly any memory."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees

    def mean(self, output: str, matrix: Matrix) -> Floats:
        """The mean over all trees of this output, float64, for encoded rows."""
        rows = self._pairs
        parts = [self._of(matrix[at : at + rows]) for at in range(0, len(matrix), rows)]
        means = np.concatenate(parts) if parts else self._of(matrix)
        return means if output == "probabilities" else means[:, 0]

    @property
    def _pairs(self) -> int:
        values: int = self._trees.value.shape[1]
        return max(1, min(PAIRS, CELLS // values))

    def _of(self, X: Matrix) -> Floats:
        """The mean value of the leaves, shape (rows, values)."""
        trees = self._trees
        sums = np.zeros((len(X), trees.value.shape[1]))
        at_once = max(1, self._pairs // max(1, len(X)))
        for start in range(0, trees.count, at_once):
            roots = np.asarray(trees.offsets[start : min(start + at_once, trees.count)])
            values = trees.value[_leaves(trees, roots, X)].reshape(len(roots), *sums.shape)
            # One after the other, so that a row's answer does not depend on those beside it.
            sums = np.add.accumulate(np.concatenate([sums[None], values]), axis=0)[-1]
        return sums / trees.count


def _leaves(trees: Trees, roots: Array, X: Matrix) -> Array:
    """Where each row ends in each tree, shape (roots x rows,)."""
    rows, features = X.shape
    cells = np.ascontiguousarray(X).ravel()
    root, row = np.repeat(roots, rows), np.tile(np.arange(rows) * features, len(roots))
    node = ended = root.copy()
    live = np.arange(len(root))
    while len(live):
        left = trees.children_left[node]
        inner = left >= 0
        if not inner.all():
            live, node, root, row, left = (each[inner] for each in (live, node, root, row, left))
        is_left = cells[row + trees.feature[node]] <= trees.threshold[node]
        node = root + np.where(is_left, left, trees.children_right[node])
        ended[live] = node
    return ended
