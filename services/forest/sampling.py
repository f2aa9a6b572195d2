"""Rows on which an export is most likely to differ from its forest, if it does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from services.columns import Feature
from services.forest.encoding import DAY, MISSING
from services.forest.trees import Trees

REAL, WITHOUT, STRANGE, AT_THRESHOLDS = 300, 200, 100, 400
MOST_DAYS = 700_000  # from 1970, within the years 1 to 3886
STRANGER = "\N{REPLACEMENT CHARACTER} unseen"

Places = npt.NDArray[np.int64]


def sample(
    train: pa.RecordBatch | pa.Table, features: Sequence[Feature], trees: Trees, seed: int = 0
) -> pa.Table:
    """At most 1,000 rows, of the features alone, typed as in `train`.

    Rows of `train` as they are; with one column missing, each column in turn; with a category
    that is unknown; and with a number at a threshold of a tree, and one float32 step above and
    below it. `train` may be any part of the training rows, and has one row at least.
    """
    rng = np.random.default_rng(seed)
    table = pa.table({feature.name: train[feature.name] for feature in features})
    parts = [_real(table, rng)]
    parts += _without(table, features, rng)
    parts += _strange(table, features, rng)
    parts += _at_thresholds(table, features, trees, rng)
    return pa.concat_tables(parts).combine_chunks()


def _real(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    count = min(REAL, len(table))
    return table.take(pa.array(rng.choice(len(table), count, replace=False)))


def _rows(table: pa.Table, count: int, rng: np.random.Generator) -> pa.Table:
    return table.take(pa.array(rng.integers(len(table), size=count)))


def _with(table: pa.Table, feature: Feature, values: pa.Array) -> pa.Table:
    at = table.schema.get_field_index(feature.name)
    return table.set_column(at, feature.name, values.cast(table.schema.field(at).type))


def _without(
    table: pa.Table, features: Sequence[Feature], rng: np.random.Generator
) -> list[pa.Table]:
    each = max(1, WITHOUT // len(features))
    return [
        _with(_rows(table, each, rng), feature, pa.nulls(each)) for feature in features[:WITHOUT]
    ]


def _strange(
    table: pa.Table, features: Sequence[Feature], rng: np.random.Generator
) -> list[pa.Table]:
    categories = [feature for feature in features if feature.type == "category"][:STRANGE]
    each = STRANGE // max(1, len(categories))
    values = pa.array([STRANGER] * each)
    return [_with(_rows(table, each, rng), feature, values) for feature in categories]


def _at_thresholds(
    table: pa.Table, features: Sequence[Feature], trees: Trees, rng: np.random.Generator
) -> list[pa.Table]:
    nodes = _telling_nodes(trees, AT_THRESHOLDS // 3, rng)
    parts = []
    for code in np.unique(trees.feature[nodes]):
        feature = features[code]
        values = _typed(_beside(trees.threshold[nodes[trees.feature[nodes] == code]]), feature)
        if values is not None:
            parts.append(_with(_rows(table, len(values), rng), feature, values))
    return parts


def _telling_nodes(trees: Trees, count: int, rng: np.random.Generator) -> Places:
    """Nodes that split: half of them those which most rows reach, half any others."""
    splits = np.flatnonzero(~trees.leaf)
    order = np.argsort(-trees.n_node_samples[splits], kind="stable")
    top, others = splits[order[: count // 2]], splits[order[count // 2 :]]
    chosen = rng.choice(others, min(count - len(top), len(others)), replace=False)
    return np.concatenate([top, chosen])


def _beside(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each threshold as float32, and its neighbours; missing is no neighbour."""
    at = thresholds.astype(np.float32)
    below, above = np.nextafter(at, -np.float32(np.inf)), np.nextafter(at, np.float32(np.inf))
    near = np.concatenate([below, at, above])
    return np.unique(near[np.isfinite(near) & (near > np.float32(MISSING))]).astype(np.float64)


def _typed(values: npt.NDArray[np.float64], feature: Feature) -> pa.Array | None:
    """Numbers of the encoding as values of the column, as near as its type allows."""
    if feature.type == "number":
        return pa.array(values)
    if feature.type == "integer":
        whole = np.unique(np.concatenate([np.floor(values), np.ceil(values)]))
        return pa.array(whole[np.abs(whole) < 2**53].astype(np.int64))
    if feature.type == "date":
        moments = values[np.abs(values) < MOST_DAYS] * DAY
        return pa.array(np.rint(moments).astype(np.int64)).cast(pa.timestamp("us"))
    return None  # the levels of the real rows stand on both sides of every threshold
