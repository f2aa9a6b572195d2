"""A large forest's export, in parts that answer as the whole does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.ensemble import RandomForestClassifier

from services.forest import parity, parts
from services.forest.encoding import encode
from services.forest.trees import Trees, trees_of
from tests.forest.helpers import MIXED, Version, mixed_table, train

TREES = 20


def trained(folder: Path, classes: int, monkeypatch: pytest.MonkeyPatch, most: int) -> Version:
    monkeypatch.setattr(parts, "MOST_NODES", most)
    table = mixed_table()
    y = np.random.default_rng(1).integers(max(classes, 1_000), size=len(table)) % (classes or 1_000)
    return train(folder, table, MIXED, y * 1.0, list("abcdefg")[:classes] or None)


def counts(version: Version) -> list[int]:
    found: list[int] = json.loads((version.folder / "serving.json").read_text())["parts"]
    return found


@pytest.mark.parametrize("classes", [0, 2, 5])
def test_parts_answer_as_the_whole_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classes: int
) -> None:
    (tmp_path / "whole").mkdir()
    whole = trained(tmp_path / "whole", classes, monkeypatch, 10**9)
    (tmp_path / "parts").mkdir()
    several = trained(tmp_path / "parts", classes, monkeypatch, 1_000)
    assert counts(whole) == [TREES]
    assert len(counts(several)) > 2
    assert sum(counts(several)) == TREES
    table = mixed_table()
    rows = parity.sample(table, MIXED, trees_of(several.forest))
    parity.check(several.pipeline, several.model, rows, deviation=300.0)
    one, other = (each.model.scores(encode(table, MIXED)) for each in (whole, several))
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=2e-7)


def test_each_part_is_a_model_for_its_trees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = trained(tmp_path, 3, monkeypatch, 1_000)
    matrix = encode(mixed_table(), MIXED)
    trees, stop = version.forest.estimators_, 0
    for number, count in enumerate(counts(version), 1):
        session = onnxruntime.InferenceSession(tmp_path / parts.name_of(number))
        found = session.run(["probabilities"], {"X": matrix.astype(np.float64)})[0]
        start, stop = stop, stop + count
        expected = np.mean([tree.predict_proba(matrix) for tree in trees[start:stop]], axis=0)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_trees_are_dealt_out_in_order() -> None:
    X = np.random.default_rng(0).normal(size=(300, 4))
    forest = RandomForestClassifier(30, random_state=0).fit(X, X[:, 0] > 0.5 * X[:, 1])
    trees = trees_of(forest)
    for most in (1, 40, 100, int(trees.offsets[-1]), 10**9):
        dealt = dealt_with(forest, most)
        assert all(len(each.leaf) <= most or each.count == 1 for each in dealt)
        for name in ("threshold", "children_left", "value"):
            together = np.concatenate([getattr(each, name) for each in dealt])
            np.testing.assert_array_equal(together, getattr(trees, name))
        sizes = np.concatenate([np.diff(each.offsets) for each in dealt])
        np.testing.assert_array_equal(sizes, np.diff(trees.offsets))
    assert len(dealt_with(forest, 1)) == 30
    assert len(dealt_with(forest, int(trees.offsets[-1]))) == 1


def dealt_with(forest: Any, most: int) -> list[Trees]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "MOST_NODES", most)
        return list(parts.deal(forest))
