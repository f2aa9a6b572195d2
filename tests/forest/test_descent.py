"""Forests that answer from the file of their trees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from services.forest import descent, trees
from services.forest.descent import Descent
from services.forest.trees import Trees, trees_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 6)).astype(np.float32)
CLASSES = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
NUMBERS = 1e6 * X[:, 0] + X[:, 3] ** 2

Load = Callable[[Any], Descent]


@pytest.fixture(name="load")
def _load(tmp_path: Path) -> Load:
    def load(forest: Any) -> Descent:
        trees.save(forest, tmp_path / "trees.npz")
        with (tmp_path / "trees.npz").open("rb") as file:
            return Descent(Trees.mapped(file))

    return load


@pytest.mark.parametrize("rows", [1, 2, 30, 499])
@pytest.mark.parametrize("pairs", [1, 64, 1 << 14])
def test_it_answers_as_scikit_learn_does(
    load: Load, monkeypatch: pytest.MonkeyPatch, rows: int, pairs: int
) -> None:
    monkeypatch.setattr(descent, "PAIRS", pairs)
    for_classes = RandomForestClassifier(25, random_state=0).fit(X, CLASSES)
    found = load(for_classes).mean("probabilities", X[:rows])
    np.testing.assert_allclose(found, for_classes.predict_proba(X[:rows]), atol=1e-15)
    for_numbers = RandomForestRegressor(25, random_state=0).fit(X, NUMBERS)
    found = load(for_numbers).mean("value", X[:rows])
    np.testing.assert_allclose(found, for_numbers.predict(X[:rows]), rtol=1e-14)


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_at_the_thresholds(load: Load, step: int) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, CLASSES)
    every = trees_of(forest)
    inner = np.flatnonzero(~every.leaf)
    rows = np.repeat(X[:1], len(inner), axis=0)
    at = every.threshold[inner].astype(np.float32)
    beside = np.nextafter(at, np.float32(step * np.inf)) if step else at
    rows[np.arange(len(inner)), every.feature[inner]] = beside
    np.testing.assert_allclose(
        load(forest).mean("probabilities", rows), forest.predict_proba(rows), atol=1e-15
    )


def test_many_classes_are_looked_at_in_small_pieces(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "CELLS", 40)
    forest = RandomForestClassifier(6, random_state=0).fit(X, np.arange(len(X)) % 50)
    found = load(forest).mean("probabilities", X[:30])
    np.testing.assert_allclose(found, forest.predict_proba(X[:30]), atol=1e-15)


def test_trees_of_one_leaf_and_no_rows(load: Load) -> None:
    stump = RandomForestRegressor(3, random_state=0).fit(X, np.full(len(X), 7.0))
    assert load(stump).mean("value", X[:2]).tolist() == [7.0, 7.0]
    forest = RandomForestClassifier(3, random_state=0).fit(X, CLASSES)
    assert load(forest).mean("probabilities", X[:0]).shape == (0, 3)


def test_a_row_is_answered_alike_alone_and_among_others(load: Load) -> None:
    for forest in (
        RandomForestClassifier(40, max_depth=4, random_state=0).fit(X, CLASSES),
        RandomForestRegressor(40, max_depth=4, random_state=0).fit(X, NUMBERS),
    ):
        output = "probabilities" if hasattr(forest, "classes_") else "value"
        loaded = load(forest)
        alone = [loaded.mean(output, X[at : at + 1])[0] for at in range(50)]
        np.testing.assert_array_equal(loaded.mean(output, X)[:50], alone)


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_the_file_is_what_numpy_makes_of_the_arrays(tmp_path: Path, kind: Any) -> None:
    forest = kind(7, random_state=0).fit(X, CLASSES)
    trees.save(forest, tmp_path / "ours.npz")
    np.savez(tmp_path / "theirs.npz", **vars(trees_of(forest)))
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "theirs.npz").read_bytes()


def test_mapped_or_read_the_trees_are_the_same(tmp_path: Path) -> None:
    forest = RandomForestClassifier(7, random_state=0).fit(X, CLASSES)
    trees.save(forest, tmp_path / "trees.npz")
    with (tmp_path / "trees.npz").open("rb") as file:
        mapped, read = Trees.mapped(file), Trees.load(tmp_path / "trees.npz")
    for name, array in vars(read).items():
        np.testing.assert_array_equal(getattr(mapped, name), array)
    with pytest.raises(ValueError, match="read-only"):
        mapped.threshold[0] = 0
