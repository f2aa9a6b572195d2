"""A forest that is to be grown, and the memory that it will take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from services.forest import room
from services.forest.batches import size_of_small
from services.forest.drawing import distinct
from services.forest.encoding import Matrix
from services.forest.growing import Targets
from services.forest.parts import MOST_NODES
from services.memory import PROCESS

# What a node of a tree takes, and a class of it: scikit-learn's own node, its value. In the file
# that large forests answer from it takes less.
NODE, FILED, CLASS = 80, 44, 8
# The export is made and checked part by part: what a node of the part in hand takes besides.
PART, PART_CLASS = 420, 50
LOOKED_AT = 60  # a row, where scikit-learn looks at all of them again: for out-of-bag scores
WEIGHED = 8  # a row where classes are weighed: the forest keeps the weight of each


def bytes_of_node(classes: int) -> int:
    """The bytes that a node of a tree takes; of numbers there are no classes, or one."""
    return NODE + CLASS * max(1, classes)


@dataclass(frozen=True)
class Size:
    """What a forest is expected to be: its nodes, the bytes to make it, and what was chosen so.

    `by_tree` says that it is made tree by tree, for all of them are too many at once.
    """

    nodes: int
    memory: int
    memory_limit: int
    chosen: dict[str, int] = field(default_factory=dict)
    by_tree: bool = False

    def as_record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """A forest to be sized: `kwargs` as `growing.grow` takes them, the encoded rows.

    `classes` is how many there are, 1 for numbers; its trees grow in `n_jobs` threads, `fast`
    where scikit-learn-intelex may grow them, `far` where others do, in memory of their own.
    `whole` says that all of them are held at once, whatever that takes; `known` are the nodes of
    a tree where it has grown before, `held` the trees of the largest batch where that is settled.
    """

    task: str
    kwargs: Mapping[str, Any]
    X: Matrix
    y: Targets
    classes: int
    n_jobs: int = 1
    fast: bool = False
    far: bool = False
    whole: bool = False
    known: float | None = None
    held: int | None = None

    @property
    def trees(self) -> int:
        """How many trees there are to be."""
        return int(self.kwargs["n_estimators"])

    @property
    def leaf(self) -> float:
        """The least rows of a leaf."""
        least: float = self.kwargs.get("min_samples_leaf", 1)
        return least * len(self.y) if isinstance(least, float) else least

    @property
    def distinct(self) -> float:
        """How many different rows a tree draws, on the average."""
        return distinct(len(self.y), self.kwargs)

    @property
    def most(self) -> float:
        """The nodes that a tree cannot exceed: by its rows, its leaves, its depth."""
        leaves = self.distinct / self.leaf, self.kwargs.get("max_leaf_nodes") or math.inf
        return max(1.0, 2 * min(*leaves, 2.0 ** min(self.kwargs.get("max_depth") or 64, 64)))

    @property
    def each(self) -> int:
        """The bytes that a node takes."""
        return bytes_of_node(self.classes)

    @property
    def part(self) -> int:
        """The bytes that a node takes besides, of a part of the export."""
        return PART + PART_CLASS * self.classes

    @property
    def fixed(self) -> int:
        """The bytes that are taken before there is a node."""
        rows = len(self.y)
        weighed = WEIGHED * rows if self.kwargs.get("class_weight") is not None else 0
        copied = self.X.nbytes + (LOOKED_AT + 24 + 16 * self.classes) * rows
        return PROCESS + weighed + (copied if self.kwargs.get("oob_score") else 0)

    def growing(self, limit: int) -> int:
        """The bytes that are taken while trees grow, however small they are.

        That is what scikit-learn-intelex takes, where it may grow them and has room, else what
        scikit-learn does in one thread, which must have room in any case: a trial may prefer it.
        A part of the rows takes what there is.
        """
        if self.far:
            return 0
        rows, means = len(self.y), (self.kwargs, self.X.shape, self.n_jobs)
        slow, quick = room.rows_slowly(*means, limit), room.rows_quickly(*means, limit)
        if self.fast and slow and quick:
            return room.quickly(*means) if quick == rows else limit
        return limit if 0 < slow < rows else room.slowly(self.kwargs, rows)

    def most_drawn(self, limit: int) -> float:
        """The most different rows that a tree may draw where it grows on a part of the rows."""
        if self.far:
            return math.inf
        columns = self.X.shape[1]
        slow = room.slow(columns).most_drawn(limit)
        fast = room.fast(columns, self.n_jobs).most_drawn(limit) if self.fast else math.inf
        return min(slow, fast)

    def room(self, limit: int) -> float:
        """The nodes of a tree for which there are so many bytes.

        Where trees are made one after the other the file that such a forest answers from is no
        larger than the memory of a step, for which the system has room to hold it. A batch that
        grows on a part of the rows has what that leaves.
        """
        at_once = self._room(limit, self.trees)
        if self.whole:
            return at_once
        filed = limit / (self.trees * (FILED + CLASS * self.classes))
        by_tree = min(self._room(limit, self._batch), filed)
        beside = (1 - room.COPIED) * (limit - self.fixed) / (self._batch * self.each)
        return min(max(at_once, by_tree), beside if self._in_parts(limit) else math.inf)

    def _in_parts(self, limit: int) -> bool:
        """Whether all rows are too many for what grows the trees, if that may draw fewer."""
        means = (self.kwargs, self.X.shape, self.n_jobs)
        taken = room.quickly(*means) if self.fast else room.slowly(self.kwargs, len(self.y))
        return not self.far and taken > limit

    def _room(self, limit: int, held: int) -> float:
        """The same where so many trees are held at a time: what is `_taken`, backwards."""
        free, trees = limit - self.fixed, held * self.each
        several = (free - MOST_NODES * self.part) / trees
        few = free / (trees + self.trees * self.part)
        return min(max(several, few), free / (trees + self.part))

    @property
    def _batch(self) -> int:
        """How many trees are held where one is made after the other: those of a batch."""
        return min(self.trees, self.held or size_of_small(self.trees))

    def changed(self, changes: Mapping[str, Any]) -> Wanted:
        """The forest with other hyper-parameters."""
        return replace(self, kwargs={**self.kwargs, **changes})

    def at_once(self, nodes: float) -> float:
        """The bytes to put together, check and export a forest of such trees, all in memory."""
        return self._taken(nodes, self.trees)

    def _taken(self, nodes: float, held: int) -> float:
        exported = max(nodes, min(self.trees * nodes, MOST_NODES))
        return self.fixed + held * nodes * self.each + exported * self.part

    def size(self, nodes: float, limit: int, chosen: dict[str, int] | None = None) -> Size:
        """The size that so many nodes a tree make."""
        by_tree = self.at_once(nodes) > limit and not self.whole
        made = self._taken(nodes, self._batch if by_tree else self.trees)
        memory = int(max(made, self.growing(limit)))
        return Size(round(self.trees * nodes), memory, limit, chosen or {}, by_tree)
