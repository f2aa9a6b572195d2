"""Tables, forests and versions for these tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from services.columns import ColumnType, Feature
from services.forest import export, growing
from services.forest.batches import SCIKIT_LEARN, plan
from services.forest.encoding import encode
from services.forest.fitted import assemble
from services.forest.pipeline import pipeline_of
from services.forest.serving import Model

DATA = Path(__file__).parents[2] / "data"

MIXED = [
    Feature("count", "integer"),
    Feature("colour", "category", ["amber", "blue", "coral"]),
    Feature("size", "number"),
    Feature("seen", "date"),
    Feature("open", "boolean"),
]


def mixed_table(rows: int = 400, seed: int = 0) -> pa.Table:
    """A table with every type, missing values in every column, and a level not in MIXED."""
    rng = np.random.default_rng(seed)

    def column(values: Any, kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=rng.random(rows) < 0.1)

    texts = np.array(["amber", "blue", "coral", "dun"])[rng.integers(4, size=rows)]
    moments = rng.integers(-(10**15), 2 * 10**15, size=rows)
    return pa.table(
        {
            "seen": column(moments, pa.int64()).cast(pa.timestamp("us")),
            "size": column(rng.normal(size=rows) * 1e3, pa.float64()),
            "count": column(rng.integers(-50, 50, size=rows), pa.int64()),
            "open": column(rng.random(rows) < 0.5, pa.bool_()),
            "colour": column(texts, pa.string()),
            "unused": pa.array(np.arange(rows)),
        }
    )


def sample_table(name: str) -> tuple[pa.Table, str]:
    """A sample CSV and its target, the last column."""
    frame = pd.read_csv(DATA / f"{name}.csv")
    return pa.Table.from_pandas(frame, preserve_index=False), frame.columns[-1]


def features_of(table: pa.Table, target: str) -> list[Feature]:
    """The columns of numbers but the target."""
    kinds: dict[str, ColumnType] = {"int64": "integer", "double": "number"}
    return [
        Feature(field.name, kinds[str(field.type)])
        for field in table.schema
        if field.name != target
    ]


@dataclass
class Version:
    """A trained version and all that it was made from."""

    forest: Any
    pipeline: Any
    model: Model
    folder: Path


def train(
    folder: Path,
    table: pa.Table,
    features: list[Feature],
    y: Any,
    classes: list[Any] | None = None,
    **params: Any,
) -> Version:
    """Grow in batches, assemble, export, load. `y` are codes where there are classes."""
    task = "classification" if classes is not None else "regression"
    given = {"n_estimators": 20, "random_state": 3, **params}
    forest = grown(task, encode(table, features), y, classes or [], features, given)
    pipeline = pipeline_of(features, forest)
    columns = [*table.column_names, "target"]
    checksums = export.write_serving(folder, task, forest, features, columns)
    checksums |= export.write_kept(folder, pipeline)
    return Version(forest, pipeline, Model.load(folder, checksums), folder)


def grown(
    task: str,
    X: Any,
    y: Any,
    classes: list[Any],
    features: list[Feature],
    params: dict[str, Any],
) -> Any:
    """The forest of batches."""
    kwargs = growing.resolve(params, features, classes, len(X))
    trees = [
        tree
        for start, stop in plan(params["n_estimators"], 40_000, SCIKIT_LEARN)
        for tree in growing.grow(task, kwargs, X, y, start, stop)
    ]
    return assemble(task, kwargs, trees, classes, X, y)
