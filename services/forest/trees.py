"""The trees of a forest as a few long arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, tree after tree; tree t has the nodes offsets[t] to offsets[t+1].

    A child is the place of a node within its tree, -1 where the node is a leaf. Rows with
    feature <= threshold go left. `value` is (nodes, classes), the shares of the classes, or
    (nodes, 1), the mean of the target.
    """

    offsets: Array
    children_left: Array
    children_right: Array
    feature: Array
    threshold: Array
    value: Array
    n_node_samples: Array
    weighted_n_node_samples: Array
    impurity: Array

    @property
    def count(self) -> int:
        """How many trees there are."""
        return len(self.offsets) - 1

    @cached_property
    def leaf(self) -> npt.NDArray[np.bool_]:
        """Which nodes are leaves, shape (nodes,)."""
        return np.asarray(self.children_left < 0)

    @cached_property
    def tree_of(self) -> npt.NDArray[np.int64]:
        """The tree of each node, shape (nodes,)."""
        return np.repeat(np.arange(self.count), np.diff(self.offsets))

    @cached_property
    def place(self) -> npt.NDArray[np.int64]:
        """The place of each node within its tree, shape (nodes,)."""
        return np.asarray(np.arange(self.offsets[-1]) - self.offsets[self.tree_of])

    def part(self, start: int, stop: int) -> Trees:
        """The trees from `start` up to `stop`, as if there were no others."""
        first, last = self.offsets[start], self.offsets[stop]
        arrays = {field.name: getattr(self, field.name)[first:last] for field in fields(self)}
        return Trees(**{**arrays, "offsets": self.offsets[start : stop + 1] - first})

    def save(self, path: Path) -> None:
        """Write the arrays to an .npz that holds no objects."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, file: Path | BinaryIO) -> Trees:
        """The trees that `save` wrote."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(**arrays)


def trees_of(forest: Any) -> Trees:
    """The arrays of a fitted scikit-learn forest with one output."""
    trees = [tree.tree_ for tree in forest.estimators_]
    names = ("n_node_samples", "weighted_n_node_samples", "impurity", "threshold")
    links = ("children_left", "children_right", "feature")
    return Trees(
        offsets=np.cumsum([0, *(tree.node_count for tree in trees)], dtype=np.int64),
        value=np.concatenate([tree.value[:, 0, :] for tree in trees]),
        **{name: np.concatenate([getattr(tree, name) for tree in trees]) for name in names},
        **{
            name: np.concatenate([getattr(tree, name).astype(np.int32) for tree in trees])
            for name in links
        },
    )
