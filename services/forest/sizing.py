"""How large a forest will be, told from a few small trees; and how it is made to fit.

Trees that grow until their leaves are pure have nodes as a power of the rows: on a table of 40
numbers and three classes, trees of 4,000 and 16,000 rows tell 30,800 nodes for 200,000 rows (there
were 33,700) and 108,500 for 800,000 (121,700).

Where all that does not fit, each tree draws fewer rows and ends in leaves of up to ten. Measured on
700,000 rows of that table, 50 trees, accuracy and log loss on 100,000 others:

    as scikit-learn does by default      108,500 nodes a tree   0.9250  0.361   42 s
    max_samples 200,000, leaves of 10     16,300                0.9213  0.315   15 s
    all rows, leaves of 40                14,700                0.9210  0.328   50 s
    max_samples 65,000, pure leaves       16,400                0.9204  0.376    7 s

and with a third of the classes drawn at random:

    as scikit-learn does by default      224,000 nodes a tree   0.7433  0.769  177 s
    max_samples 200,000, leaves of 10     25,000                0.7426  0.746   26 s
    all rows, leaves of 40                17,000                0.7433  0.750   27 s
    max_samples 65,000, pure leaves       30,200                0.7392  0.777    9 s
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from models.errors import Failed
from services.forest import growing
from services.forest.encoding import Matrix
from services.forest.growing import Targets
from services.forest.room import PROCESS, quickly, slowly

SAMPLES = (4_000, 16_000)
TREES = 3
LEAF = 10  # what the leaves may grow to before trees draw fewer rows
LEAST_ROWS = 1_000  # fewer make no tree worth having
# A tree whose leaves have a least size has about this share of the nodes that they allow: 0.47 to
# 0.77 in the rows above.
FILLED = 0.6
# What a node of the finished forest takes while it is put together, exported and the export loaded:
# 537 bytes with three classes, measured with 1.4 million nodes as what RLIMIT_DATA counts. A class
# takes 8 in each of the tree's copies.
NODE, CLASS = 420, 50
ROW = 10  # what a row takes meanwhile
# What a node takes in a web process that has loaded the export, and a class that a leaf may hold:
# 288 bytes with three classes.
SERVED, SERVED_CLASS = 240, 16


@dataclass(frozen=True)
class Size:
    """What a forest is expected to be: its nodes, the bytes to make it, and what was chosen so."""

    nodes: int
    memory: int
    memory_limit: int
    chosen: dict[str, int] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """A forest to be sized: `kwargs` as `growing.grow` takes them, the encoded rows.

    `classes` is how many there are, 1 for numbers; its trees grow in `n_jobs` threads, `fast`
    where scikit-learn-intelex may grow them.
    """

    task: str
    kwargs: Mapping[str, Any]
    X: Matrix
    y: Targets
    classes: int
    n_jobs: int = 1
    fast: bool = False

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
        return NODE + CLASS * self.classes

    @property
    def fixed(self) -> int:
        """The bytes that are taken before there is a node."""
        copied = self.X.nbytes + (24 + 16 * self.classes) * len(self.y)
        return PROCESS + ROW * len(self.y) + (copied if self.kwargs.get("oob_score") else 0)

    def growing(self, limit: int) -> int:
        """The bytes that are taken while trees grow, however small they are.

        That is what scikit-learn-intelex takes, where it may grow them and has room; else what
        scikit-learn does in one thread.
        """
        fast = quickly(self.kwargs, self.X.shape, self.n_jobs)
        return fast if self.fast and fast <= limit else slowly(len(self.y))

    @property
    def served(self) -> int:
        """The bytes that a node takes in a web process."""
        return int(SERVED + SERVED_CLASS * min(self.classes, max(3, 2 * self.leaf)))

    def changed(self, changes: Mapping[str, Any]) -> Wanted:
        """The forest with other hyper-parameters."""
        return replace(self, kwargs={**self.kwargs, **changes})

    def size(self, nodes: float, limit: int, chosen: dict[str, int] | None = None) -> Size:
        """The size that so many nodes a tree make."""
        memory = max(self.fixed + self.trees * nodes * self.each, self.growing(limit))
        return Size(round(self.trees * nodes), int(memory), limit, chosen or {})


def fit(
    wanted: Wanted,
    limit: int,
    given: Collection[str],
    *,
    serving: float = math.inf,
    closely: bool = False,
) -> Size:
    """The size of a forest, made smaller where it would not fit into so many bytes.

    `limit` are those of the step that makes it, `serving` those of a process that serves it.
    Where any forest of these rows fits the nodes are the most that it may have; `closely`, they
    are told all the same. The hyper-parameters that were `given` stay as they are. Raises Failed,
    out_of_memory, with what would fit, where nothing else makes it small enough.
    """
    room = min((limit - wanted.fixed) / wanted.each, serving / wanted.served) / wanted.trees
    if wanted.growing(limit) > limit:
        room = 0
    nodes = nodes_of_tree(wanted) if closely or wanted.most > room else wanted.most
    if nodes <= room:
        return wanted.size(nodes, limit)
    chosen = _chosen(wanted, room, given)
    if chosen is None:
        raise _too_large(wanted, wanted.size(nodes, limit), room)
    smaller = wanted.changed(chosen)
    return smaller.size(min(nodes, smaller.most * FILLED), limit, chosen)


def nodes_of_tree(wanted: Wanted) -> float:
    """The nodes that a tree is expected to have, from trees on parts of the rows."""
    small, large = (min(size, len(wanted.y)) for size in SAMPLES)
    if wanted.leaf > small / 50:  # larger leaves than the parts could show
        return FILLED * wanted.most
    many = _grown(wanted, large)
    if small == large:
        return many
    power = math.log(many / _grown(wanted, small)) / math.log(large / small)
    more = wanted.distinct / distinct(large, _all_drawn(wanted.kwargs))
    return float(min(wanted.most, many * more ** min(1.0, max(0.0, power))))


def distinct(n_rows: int, kwargs: Mapping[str, Any]) -> float:
    """How many different rows of n a tree draws on the average: n (1 - (1 - 1/n)^draws)."""
    if n_rows < 2 or not kwargs.get("bootstrap", True):  # noqa: PLR2004
        return float(n_rows)
    draws = kwargs.get("max_samples") or n_rows
    return -n_rows * math.expm1(draws * math.log1p(-1 / n_rows))


def _grown(wanted: Wanted, size: int) -> float:
    """The nodes of a tree on so many of the rows, in the mean."""
    rng = np.random.default_rng(wanted.kwargs["random_state"])
    rows = np.sort(rng.permutation(len(wanted.y))[:size])
    kwargs = _all_drawn(wanted.kwargs)
    trees = growing.grow(wanted.task, kwargs, wanted.X[rows], wanted.y[rows], 0, TREES)
    return float(np.mean([tree.tree_.node_count for tree in trees]))


def _all_drawn(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**kwargs, "max_samples": None}


def _chosen(wanted: Wanted, room: float, given: Collection[str]) -> dict[str, int] | None:
    """The leaves and the rows to draw with which a tree has no more nodes than `room`."""
    if room < 1:
        return None
    chosen: dict[str, int] = {}
    may_draw = "max_samples" not in given and wanted.kwargs.get("bootstrap", True)
    if "min_samples_leaf" not in given:
        leaf = math.ceil(2 * wanted.distinct / room)
        chosen["min_samples_leaf"] = min(leaf, LEAF) if may_draw else leaf
    rows = room * wanted.changed(chosen).leaf / 2
    if rows < wanted.distinct and may_draw:
        chosen["max_samples"] = _draws(len(wanted.y), rows)
    smaller = wanted.changed(chosen)
    fits = smaller.most <= room and smaller.distinct >= max(LEAST_ROWS, 2 * smaller.leaf)
    return chosen if fits else None


def _draws(n_rows: int, rows: float) -> int:
    """How often to draw for so many different rows: the inverse of `distinct`."""
    return max(1, int(math.log1p(-rows / n_rows) / math.log1p(-1 / n_rows)))


def _too_large(wanted: Wanted, size: Size, room: float) -> Failed:
    free = _chosen(wanted, room, ()) or {}
    fits = " and ".join(f"{name} {value:,}" for name, value in free.items())
    message = (
        f"this forest would have about {size.nodes:,} nodes and take {size.memory >> 20:,} MiB to "
        f"make, of the {size.memory_limit >> 20:,} that a step may use (GROVE_STEP_MEMORY), and "
        f"{size.nodes * wanted.served >> 20:,} MiB to serve (GROVE_MODELS_MEMORY); "
        f"{fits or 'no forest of so many trees'} would fit"
    )
    return Failed(message, code="out_of_memory")
