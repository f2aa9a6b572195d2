"""How large a forest will be, told from a few small trees; and how it is made to fit.

Trees that grow until their leaves are pure have nodes as a power of the rows: on a table of 40
numbers and three classes, trees of 4,000 and 16,000 rows tell 30,800 nodes for 200,000 rows (there
were 33,700) and 108,500 for 800,000 (121,700).

Where all that does not fit, each tree draws fewer rows, ends in leaves of up to ten, and looks at a
third of the columns at each split. Measured on 700,000 rows of that table, 50 trees, accuracy and
log loss on 100,000 others:

    as scikit-learn does by default      108,500 nodes a tree   0.9250  0.361   42 s
    max_samples 200,000, leaves of 10     16,300                0.9213  0.315   15 s
    all rows, leaves of 40                14,700                0.9210  0.328   50 s
    max_samples 65,000, pure leaves       16,400                0.9204  0.376    7 s

and with a third of the classes drawn at random:

    as scikit-learn does by default      224,000 nodes a tree   0.7433  0.769  177 s
    max_samples 200,000, leaves of 10     25,000                0.7426  0.746   26 s
    all rows, leaves of 40                17,000                0.7433  0.750   27 s
    max_samples 65,000, pure leaves       30,200                0.7392  0.777    9 s

What more columns at a split are worth, with leaves of 10 and the square root of the columns, a
third, a half: 600,000 rows of a table of scikit-learn's make_classification (40 columns, 10 that
tell; max_samples 60,000), the same with a third of the classes drawn at random, and 180,000 rows x
120 columns of which 12 tell (max_samples 30,000):

    0.8899  0.431      0.9017  0.374      0.9029  0.362
    0.7017  0.825      0.7092  0.806      0.7090  0.803
    0.8221  0.501      0.8748  0.378      0.8766  0.366

And with more rows than trees of the usual size would fit: of the table above, 2.4 million rows,
a third of the columns or so (12), leaves of 10, beside scikit-learn's defaults on 2 million:

    as by default                        294,000 nodes a tree   0.9260  0.373
    max_samples 1,200,000                 76,800                0.9267  0.280
    max_samples 400,000                   28,300                0.9252  0.288

So rows come first, and then smaller leaves; of 2 million rows of that table, 13 columns at a split,
accuracy with 10, 30 and 50 trees on 200,000 others:

    as by default                        294,000 nodes a tree   0.9178  0.9258  0.9276
    all rows, leaves of 10                91,600                0.9250  0.9272  0.9278
    all rows, leaves of 5                134,300                0.9253  0.9281  0.9282 (40 trees)
    max_samples 1,196,000, leaves of 5    95,400                0.9242  0.9269  0.9276
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from models.errors import Failed
from models.experiment import Task
from services.forest import growing
from services.forest.drawing import distinct, draws_for, some_of, with_all_kinds
from services.forest.engines import tried
from services.forest.wanted import Size, Wanted

SAMPLES = (4_000, 16_000)
TREES = 3
LEAF = 10  # what the leaves may grow to before trees draw fewer rows
LEAST_ROWS = 1_000  # fewer make no tree worth having
LEAST_TREES = 10  # fewer make no forest worth having
# A tree whose leaves have a least size has about this share of the nodes that they allow: 0.38 to
# 0.77 in the rows above.
FILLED = 0.6
SURE = 0.9  # of the room is used, as trees that are like those to be grown fill it
DRAWN = 0.99  # of the most rows that have room to grow are drawn: a part of them is a whole number
# Rows to grow those on: 240,000 x 40 tell 3 % too many nodes of 400,000, in half the time.
ENOUGH = 300_000
COPY, COPIED_ROW = 4, 100  # bytes of a value and of a row, where rows are copied to grow trees
BOOTSTRAPPED = 0.632  # of many rows are among as many that are drawn from them: 1 - 1/e
# Nodes grow by this power of how many times smaller the leaves are, in the rows above.
FINER = 0.55
WORTH = 1.1  # times as many nodes, or it is not worth while to choose again


def fit(wanted: Wanted, limit: int, given: Collection[str], *, closely: bool = False) -> Size:
    """The size of a forest, made smaller where the step that makes it has not so many bytes.

    Where any forest of these rows fits the nodes are the most that it may have; `closely`, they
    are told all the same. The hyper-parameters that were `given` stay as they are. Raises Failed,
    out_of_memory, with what would fit, where nothing else makes it small enough.
    """
    room = wanted.room(limit)
    many = closely or wanted.at_once(wanted.most) > limit
    nodes = nodes_of_tree(wanted) if many else wanted.most
    if nodes <= room and wanted.growing(limit) <= limit:
        return wanted.size(nodes, limit)
    chosen = _chosen(wanted, room, given, limit, many=nodes > room)
    if chosen is not None:
        chosen, nodes = _filled(wanted, room, chosen, limit)
    elif "n_estimators" in given or not (chosen := _fewer(wanted, nodes, limit)):
        raise _too_large(wanted, wanted.size(nodes, limit), room)
    return wanted.changed(chosen).size(nodes, limit, chosen)


def nodes_of_tree(wanted: Wanted) -> float:
    """The nodes that a tree is expected to have, from trees on parts of the rows.

    Where it has grown before they are known.
    """
    if wanted.known is not None:
        return wanted.known
    small, large = (min(size, len(wanted.y)) for size in SAMPLES)
    if wanted.leaf > small / 50:  # larger leaves than the parts could show
        return FILLED * wanted.most
    many = _grown(wanted, large)
    if small == large:
        return many
    power = math.log(many / _grown(wanted, small)) / math.log(large / small)
    more = wanted.distinct / distinct(large, _all_drawn(wanted.kwargs))
    return float(min(wanted.most, many * more ** min(1.0, max(0.0, power))))


def _grown(wanted: Wanted, size: int) -> float:
    """The nodes of a tree on so many of the rows, in the mean."""
    drawn = some_of(len(wanted.y), size, wanted.kwargs["random_state"])
    rows = with_all_kinds(drawn, wanted.y, classes=wanted.task == Task.CLASSIFICATION)
    kwargs = _all_drawn(wanted.kwargs)
    return _nodes(growing.grow(wanted.task, kwargs, wanted.X[rows], wanted.y[rows], 0, TREES))


def _nodes(trees: list[Any]) -> float:
    return float(np.mean([tree.tree_.node_count for tree in trees]))


def _all_drawn(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**kwargs, "max_samples": None}


def _chosen(
    wanted: Wanted, room: float, given: Collection[str], limit: int, *, many: bool
) -> dict[str, int] | None:
    """The leaves and the rows to draw with which trees have room to grow, and `room` for nodes.

    `many` says that the nodes are too many for that as it is.
    """
    if room < 1:
        return None
    chosen: dict[str, int] = {}
    rows = wanted.distinct
    may_draw = "max_samples" not in given and wanted.kwargs.get("bootstrap", True)
    if many and "min_samples_leaf" not in given:
        leaf = math.ceil(2 * wanted.distinct / room)
        chosen["min_samples_leaf"] = min(leaf, LEAF) if may_draw else leaf
    if many:
        rows = room * wanted.changed(chosen).leaf / 2
    if wanted.changed(chosen).growing(limit) > limit:
        rows = min(rows, DRAWN * wanted.most_drawn(limit))
    if rows < wanted.distinct and may_draw:
        chosen["max_samples"] = draws_for(len(wanted.y), rows)
        chosen |= _more_features(wanted, given)
    smaller = wanted.changed(chosen)
    fits = (smaller.most <= room or not many) and smaller.growing(limit) <= limit
    return chosen if fits and smaller.distinct >= max(LEAST_ROWS, 2 * smaller.leaf) else None


def _fewer(wanted: Wanted, nodes: float, limit: int) -> dict[str, int]:
    """As many trees of so many nodes as there is room for; nothing where that is for too few."""

    def fits(trees: int) -> bool:
        smaller = wanted.changed({"n_estimators": trees})
        return nodes <= SURE * smaller.room(limit) and smaller.growing(limit) <= limit

    trees = bisect.bisect_left(range(wanted.trees), True, key=lambda trees: not fits(trees + 1))
    return {"n_estimators": trees} if trees >= LEAST_TREES else {}


def _more_features(wanted: Wanted, given: Collection[str]) -> dict[str, int]:
    """A third of the columns at each split, where scikit-learn would look at fewer."""
    columns = wanted.X.shape[1]
    third, usual = columns // 3, tried(wanted.kwargs.get("max_features", "sqrt"), columns)
    return {"max_features": third} if "max_features" not in given and third > usual else {}


def _filled(
    wanted: Wanted, room: float, chosen: dict[str, int], limit: int
) -> tuple[dict[str, int], float]:
    """What was chosen so that no tree can outgrow the room, moved to where its trees fill it.

    A few are grown: their nodes grow no faster than the rows that they draw. Returns the nodes
    that a tree is expected to have, too.
    """
    smaller = wanted.changed(chosen)
    # Bootstrapped from among themselves, so many rows are as many different ones; they are copied.
    rows = min(len(wanted.y), round(smaller.distinct / BOOTSTRAPPED))
    most = (limit - wanted.fixed) // (COPY * wanted.X.shape[1] + COPIED_ROW)
    shares = isinstance(wanted.kwargs.get("min_samples_leaf"), float)  # of fewer rows: other leaves
    if "max_samples" not in chosen or shares or most < min(rows, max(SAMPLES)):
        return chosen, min(room, smaller.most * FILLED)
    some = min(rows, most, ENOUGH)

    def told(changes: Mapping[str, int]) -> float:
        # Of fewer rows than there should be, they have fewer nodes by no more than that.
        return _grown(smaller.changed(changes), some) * float(rows / some)

    nodes, times = told({}), 1.0
    most_drawn = max(smaller.distinct, DRAWN * wanted.most_drawn(limit))
    more = min(room * SURE / nodes, min(wanted.distinct, most_drawn) / smaller.distinct)
    if more >= WORTH:
        times, draws = more, draws_for(len(wanted.y), smaller.distinct * more)
        chosen = {**chosen, "max_samples": draws}
    return _finer(chosen, room * SURE, nodes * times, lambda changes: times * told(changes))


def _finer(
    chosen: dict[str, int], room: float, nodes: float, told: Callable[[Mapping[str, int]], float]
) -> tuple[dict[str, int], float]:
    """The leaves smaller where no more rows can be drawn, so that the room is filled.

    `told` says how many nodes a tree has with other hyper-parameters: those are returned, too.
    """
    leaf = chosen.get("min_samples_leaf", 1)
    for power in (1 / FINER, 1):  # as in the rows above, else as many as there can be
        changes = {"min_samples_leaf": math.ceil(leaf * (nodes / room) ** power)}
        if changes["min_samples_leaf"] < leaf and (found := told(changes)) <= room:
            return {**chosen, **changes}, found
    return chosen, nodes


def _too_large(wanted: Wanted, size: Size, room: float) -> Failed:
    many = size.nodes > room * wanted.trees
    smaller = _chosen(wanted, room, (), size.memory_limit, many=many) or {}
    fewer = _fewer(wanted, size.nodes / wanted.trees, size.memory_limit)
    ways = (" and ".join(f"{k} {v:,}" for k, v in way.items()) for way in (smaller, fewer))
    fits = ", or ".join(filter(None, ways))
    memory = max(wanted.at_once(size.nodes / wanted.trees), wanted.growing(size.memory_limit))
    by_tree = ", or less tree by tree, which it is too large for, too" if size.by_tree else ""
    message = (
        f"this forest would have about {size.nodes:,} nodes and take {int(memory) >> 20:,} MiB to "
        f"make{by_tree}, of the {size.memory_limit >> 20:,} that a step may use "
        f"(GROVE_STEP_MEMORY); {fits or 'no forest of these rows'} would fit"
    )
    return Failed(message, code="out_of_memory")
