from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from models.errors import Conflict
from services.columns import Feature
from services.files import sha256_of
from services.forest.descent import Descent
from services.forest.encoding import encode
from services.forest.labels import codes_of
from services.forest.serving import Model
from services.forest.sessions import Sessions
from tests.forest.helpers import MIXED, Version, features_of, mixed_table, sample_table, train

ROOT = Path(__file__).parents[2]


def two_classes(folder: Path, classes: list[Any]) -> Version:
    table = mixed_table()
    return train(folder, table, MIXED, np.arange(len(table)) % len(classes) * 1.0, classes)


@pytest.mark.parametrize(
    ("classes", "texts"),
    [
        ([1, 2, 7], ["1", "2", "7"]),
        ([0.5, 2.0], ["0.5", "2.0"]),
        ([False, True], ["false", "true"]),
        (["no", "yes"], ["no", "yes"]),
    ],
)
def test_labels_keep_their_type(tmp_path: Path, classes: list[Any], texts: list[str]) -> None:
    version = two_classes(tmp_path, classes)
    matrix = encode(mixed_table(), MIXED)
    expected = version.pipeline.predict_proba(mixed_table().to_pandas())
    for answer, row in zip(version.model.predictions(matrix), expected, strict=True):
        assert list(answer) == ["label", "probabilities"]
        assert list(answer["probabilities"]) == texts
        np.testing.assert_allclose(list(answer["probabilities"].values()), row, atol=1e-6)
        assert answer["label"] == classes[np.argmax(row > row.max() - 1e-6)]
        assert type(answer["label"]) is type(classes[0])


def test_scores_are_short_numbers(tmp_path: Path) -> None:
    scores = two_classes(tmp_path, ["a", "b"]).model.scores(encode(mixed_table(), MIXED))
    assert scores.dtype == np.float64
    assert all(len(repr(score)) <= 9 for score in scores.ravel().tolist())


def test_ties_go_to_the_first_class(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([0.0] * 6)})
    features = [Feature("x", "number")]
    y = np.array([0.0, 1.0, 2.0] * 2)
    version = train(tmp_path, table, features, y, ["a", "b", "c"], bootstrap=False)
    (answer,) = version.model.predictions(encode(table.slice(0, 1), features))
    assert answer == {
        "label": "a",
        "probabilities": {"a": 0.3333333, "b": 0.3333333, "c": 0.3333333},
    }


def test_columns_for_csv(tmp_path: Path) -> None:
    version = two_classes(tmp_path, [False, True])
    matrix = encode(mixed_table(), MIXED)
    table = version.model.tables(matrix)
    assert table.column_names == ["prediction", "probability_false", "probability_true"]
    assert table.schema.types == [pa.bool_(), pa.float64(), pa.float64()]
    answers = version.model.predictions(matrix)
    assert table["prediction"].to_pylist() == [answer["label"] for answer in answers]
    assert version.model.tables(matrix[:0]).num_rows == 0


def test_regression(tmp_path: Path) -> None:
    table = mixed_table()
    y = 1e6 + np.random.default_rng(0).normal(size=len(table))
    version = train(tmp_path, table, MIXED, y)
    matrix = encode(table, MIXED)
    expected = version.pipeline.predict(table.to_pandas())
    answers = version.model.predictions(matrix)
    np.testing.assert_allclose([a["value"] for a in answers], expected, rtol=0, atol=1e-6)
    assert version.model.tables(matrix).column_names == ["prediction"]
    assert answers[0].keys() == {"value"}


@pytest.mark.parametrize(("name", "least"), [("glass", 0.7), ("breast_cancer", 0.92)])
def test_the_samples(tmp_path: Path, name: str, least: float) -> None:
    table, target = sample_table(name)
    features, classes = features_of(table, target), sorted(set(table[target].to_pylist()))
    codes, _ = codes_of(table[target], classes)
    kept, tested = train_test_split(np.arange(len(table)), random_state=0, stratify=codes)
    version = train(
        tmp_path, table.take(kept), features, codes[kept] * 1.0, classes, n_estimators=100
    )
    rest = table.take(tested)
    labels = [answer["label"] for answer in version.model.predictions(encode(rest, features))]
    found = accuracy_score(rest[target].to_pylist(), labels)
    assert found > least
    assert found == accuracy_score(
        rest[target].to_pylist(), version.pipeline.predict(rest.to_pandas())
    )


def test_one_feature(tmp_path: Path) -> None:
    table = pa.table({"c": pa.array(["a", "b", None] * 10)})
    features = [Feature("c", "category", ["a", "b"])]
    version = train(tmp_path, table, features, np.array([0.0, 1.0, 1.0] * 10), ["n", "y"])
    answers = version.model.predictions(encode(table.slice(0, 3), features))
    assert [answer["label"] for answer in answers] == ["n", "y", "y"]


@pytest.mark.parametrize("name", ["model.onnx", "serving.json"])
def test_files_that_are_not_as_they_were(tmp_path: Path, name: str) -> None:
    two_classes(tmp_path, ["a", "b"])
    checksums = {file.name: sha256_of(file) for file in tmp_path.iterdir()}
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content + b" ")
    assert refusal(tmp_path, checksums) == "model_integrity_failed"
    (tmp_path / name).unlink()
    assert refusal(tmp_path, checksums) == "model_missing"
    (tmp_path / name).write_bytes(content)
    assert Model.load(tmp_path, checksums).classes == ["a", "b"]
    assert refusal(tmp_path, {}) == "model_integrity_failed"


def refusal(folder: Path, checksums: dict[str, str], most_bytes: float = math.inf) -> str:
    with pytest.raises(Conflict) as caught:
        Model.load(folder, checksums, most_bytes)
    return caught.value.code


def test_an_export_that_has_no_room_leaves_the_answers_to_the_trees(tmp_path: Path) -> None:
    version = two_classes(tmp_path, ["a", "b"])
    checksums = {file.name: sha256_of(file) for file in tmp_path.iterdir()}
    needed = version.model.size
    assert isinstance(Model.load(tmp_path, checksums, needed).forest, Sessions)
    small = Model.load(tmp_path, checksums, needed - 1)
    assert isinstance(small.forest, Descent)
    assert small.size == 0
    rows = encode(mixed_table(), small.features)
    assert small.predictions(rows) == version.model.predictions(rows)
    trees = tmp_path / "trees.npz"
    trees.write_bytes(trees.read_bytes() + b" ")
    assert refusal(tmp_path, checksums, 0) == "model_integrity_failed"
    trees.unlink()
    assert refusal(tmp_path, checksums, 0) == "model_missing"


def test_serving_loads_no_training_library(tmp_path: Path) -> None:
    two_classes(tmp_path, ["a", "b"])
    code = """
import sys
from pathlib import Path
from services.files import sha256_of
from services.forest import batches, parameters, rows, serving
folder = Path(sys.argv[1])
sums = {file.name: sha256_of(file) for file in folder.iterdir()}
model = serving.Model.load(folder, sums)
row = {"count": 1, "colour": "blue", "size": 1, "seen": None, "open": True}
encoded = model.rows.encode([row])
assert model.predictions(encoded.matrix)[0]["label"] in ("a", "b"), encoded
heavy = {"sklearn", "pandas", "onnx", "scipy", "joblib", "skl2onnx"}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
model.tables(encoded.matrix)
heavy -= {"pandas"}  # Arrow looks for it by itself
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True)
