from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.errors import Failed
from services.columns import Feature
from services.forest import parity
from services.forest.encoding import MISSING, encode
from services.forest.sessions import Forest
from services.forest.trees import trees_of
from tests.forest.helpers import MIXED, Version, features_of, mixed_table, sample_table, train


class Altered:
    """An export that answers a little otherwise."""

    def __init__(self, forest: Forest, change: Any) -> None:
        self.forest, self.change = forest, change

    def mean(self, output: str, matrix: Any) -> Any:
        return self.change(self.forest.mean(output, matrix))


def mixed_version(folder: Path, classes: int = 3) -> Version:
    table = mixed_table()
    y = np.random.default_rng(1).integers(classes, size=len(table)) * 1.0
    return train(folder, table, MIXED, y, list("abcdefg")[:classes])


@pytest.mark.parametrize("classes", range(2, 8))
def test_a_true_export_agrees(tmp_path: Path, classes: int) -> None:
    version = mixed_version(tmp_path, classes)
    rows = parity.sample(mixed_table(), MIXED, trees_of(version.forest))
    parity.check(version.pipeline, version.model, rows)


@pytest.mark.parametrize("name", ["glass", "breast_cancer"])
def test_the_samples_agree(tmp_path: Path, name: str) -> None:
    table, target = sample_table(name)
    features = features_of(table, target)
    classes = sorted(set(table[target].to_pylist()))
    y = np.array([classes.index(label) for label in table[target].to_pylist()], dtype=float)
    version = train(tmp_path, table, features, y, classes)
    parity.check(
        version.pipeline, version.model, parity.sample(table, features, trees_of(version.forest))
    )


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1e6, 1.0), (0.0, 1e-6)])
def test_regression_agrees(tmp_path: Path, mean: float, deviation: float) -> None:
    table = mixed_table()
    y = mean + deviation * np.random.default_rng(0).normal(size=len(table))
    version = train(tmp_path, table, MIXED, y)
    rows = parity.sample(table, MIXED, trees_of(version.forest))
    parity.check(version.pipeline, version.model, rows, deviation)
    off = Altered(version.model.forest, lambda values: values + 2e-5 * deviation)
    assert mismatch(version, rows, off, deviation)


def test_the_sample_holds_what_is_hard(tmp_path: Path) -> None:
    version, table = mixed_version(tmp_path), mixed_table()
    rows = parity.sample(table, MIXED, trees_of(version.forest))
    assert rows.column_names == [feature.name for feature in MIXED]
    assert 500 < rows.num_rows <= 1_000
    matrix = encode(rows, MIXED)
    missing = [MISSING, 0, MISSING, MISSING, MISSING]
    assert all((matrix[:, at] == value).sum() > 30 for at, value in enumerate(missing))
    assert (matrix[:, 1] == -1).sum() >= 100
    sizes = set(matrix[:, 2].tolist())
    thresholds = [
        np.float32(t)
        for tree in version.forest.estimators_
        for t in tree.tree_.threshold[tree.tree_.feature == 2]
        if t > -1e30
    ]
    beside = [
        t for t in thresholds if {float(t), float(np.nextafter(t, np.float32(1e30)))} <= sizes
    ]
    assert len(beside) > 20


def test_a_sample_of_few_rows_and_of_many_columns(tmp_path: Path) -> None:
    table = pa.table({f"c{at}": pa.array([0.5, 1.5]) for at in range(300)})
    features = [Feature(f"c{at}", "number") for at in range(300)]
    version = train(tmp_path, table, features, np.array([0.0, 1.0]), ["a", "b"])
    rows = parity.sample(table, features, trees_of(version.forest))
    assert rows.num_rows <= 1_000
    parity.check(version.pipeline, version.model, rows)


def test_the_largest_numbers_agree(tmp_path: Path) -> None:
    most = float(np.finfo(np.float32).max)
    values = [most, -0.999 * most, None, 0, 1e-45, 1e-38, most, None] * 5
    table = pa.table({"x": pa.array(values), "z": pa.array(values[4:] + values[:4])})
    features = [Feature("x", "number"), Feature("z", "number")]
    version = train(tmp_path, table, features, np.arange(40) % 4.0, list("abcd"))
    rows = parity.sample(table, features, trees_of(version.forest))
    parity.check(version.pipeline, version.model, rows)


def mismatch(version: Version, rows: pa.Table, forest: Forest, deviation: float = 1.0) -> bool:
    model = replace(version.model, forest=forest)
    with pytest.raises(Failed) as caught:
        parity.check(version.pipeline, model, rows, deviation)
    return caught.value.code == "export_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p + np.float32(3e-6),
        lambda p: p[:, ::-1],
        lambda p: p * np.nan,
        lambda p: p[:, :2],
        lambda p: np.where(np.arange(len(p))[:, None] == 0, 1 - p, p),
    ],
)
def test_an_export_that_differs_is_found(tmp_path: Path, change: Any) -> None:
    version = mixed_version(tmp_path)
    rows = parity.sample(mixed_table(), MIXED, trees_of(version.forest))
    assert mismatch(version, rows, Altered(version.model.forest, change))


def test_other_classes_are_found(tmp_path: Path) -> None:
    version = mixed_version(tmp_path)
    rows = parity.sample(mixed_table(), MIXED, trees_of(version.forest))
    model = replace(version.model, classes=["a", "b", "d"])
    with pytest.raises(Failed):
        parity.check(version.pipeline, model, rows)
