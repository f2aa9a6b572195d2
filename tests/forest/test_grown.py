"""Trees one after the other: in the files of their batches, and out of a version's pickle."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from models.errors import Conflict, Failed
from services.columns import Feature
from services.files import sha256_of
from services.forest import export, growing, trees
from services.forest import grown as grown_module
from services.forest.batches import INTELEX, plan_of
from services.forest.fitted import assemble
from services.forest.grown import Grown, dump_trees
from services.forest.parts import deal
from services.forest.pipeline import pipeline_of
from services.worker import assembling
from tests.forest.helpers import MIXED, mixed_table, train

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3_000, 5)).astype(np.float32)
Y = RNG.integers(3, size=3_000).astype(np.float64)
KWARGS: dict[str, Any] = {"n_estimators": 12, "random_state": 1}
BATCHES = ((0, 5), (5, 10), (10, 12))


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    found = []
    for start, stop in BATCHES:
        path = tmp_path_factory.mktemp("batches") / "trees.pickle"
        with path.open("wb") as file:
            dump_trees(growing.grow("classification", KWARGS, X, Y, start, stop), file)
        found.append((path, sha256_of(path)))
    return found


@pytest.fixture(name="forest", scope="module")
def _forest() -> RandomForestClassifier:
    return RandomForestClassifier(**KWARGS).fit(X, Y)


@pytest.fixture(name="grown")
def _grown(files: list[tuple[Path, str]]) -> Any:
    """The forest whose trees stay in their files."""
    return assemble("classification", KWARGS, Grown(files), [0.0, 1.0, 2.0], X, Y)


def test_they_are_those_of_the_forest(
    files: list[tuple[Path, str]], forest: RandomForestClassifier
) -> None:
    found, own = Grown(files), forest.estimators_
    assert len(found) == 12
    assert found.node_counts == [tree.tree_.node_count for tree in own]
    for one, other in [*zip(found, own, strict=True), (found[-1], own[-1]), (found[7], own[7])]:
        np.testing.assert_array_equal(one.tree_.threshold, other.tree_.threshold)
    assert [t.random_state for t in found[3:8]] == [t.random_state for t in own[3:8]]


def test_a_forest_of_them_is_that_forest(grown: Any, forest: RandomForestClassifier) -> None:
    np.testing.assert_array_equal(grown.predict_proba(X), forest.predict_proba(X))
    np.testing.assert_array_equal(grown.feature_importances_, forest.feature_importances_)
    one, other = trees.trees_of(grown), trees.trees_of(forest)
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_its_files_are_those_of_that_forest(
    grown: Any, forest: RandomForestClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.forest.parts.MOST_NODES", 4_000)
    assert len(list(deal(forest))) > 3
    written = []
    for name, each in (("grown", grown), ("forest", forest)):
        folder = tmp_path / name
        folder.mkdir()
        written.append(
            export.write_serving(folder, "classification", each, numbers(5), ["x0"])
            | export.write_kept(folder, pipeline_of(numbers(5), each))
        )
    names = [name for name in written[0] if name != "model.pickle"]
    assert [written[0][name] for name in names] == [written[1][name] for name in names]
    again = pickle.loads((tmp_path / "grown/model.pickle").read_bytes())
    assert isinstance(again[-1].estimators_, list)
    np.testing.assert_array_equal(again[-1].predict_proba(X), forest.predict_proba(X))


def numbers(count: int) -> list[Feature]:
    return [Feature(f"x{at}", "number") for at in range(count)]


def test_a_file_that_is_another_or_gone(files: list[tuple[Path, str]], tmp_path: Path) -> None:
    path, checksum = tmp_path / "trees.pickle", files[0][1]
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(Failed) as caught:
        Grown([(path, checksum)])
    assert caught.value.code == "work_lost"
    path.unlink()
    with pytest.raises(Failed) as caught:
        Grown([(path, checksum)])
    assert caught.value.code == "work_lost"


def test_a_batch_that_an_older_version_kept_is_taken_over(
    files: list[tuple[Path, str]], tmp_path: Path
) -> None:
    path, (first, *_) = tmp_path / "trees.pickle", files
    path.write_bytes(pickle.dumps(list(Grown([first]))))
    found, own = Grown([(path, sha256_of(path)), files[1]]), Grown(files[:2])
    assert found.node_counts == own.node_counts
    for one, other in zip(found, own, strict=True):
        np.testing.assert_array_equal(one.tree_.threshold, other.tree_.threshold)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_trees_of_a_version_are_those_that_were_kept(tmp_path: Path) -> None:
    version = train(tmp_path, mixed_table(), MIXED, np.arange(400) % 2.0, ["a", "b"])
    checksums = {"model.pickle": sha256_of(tmp_path / "model.pickle")}
    rows = np.zeros((1, len(MIXED)), np.float32)
    for tree, own in zip(
        export.kept_trees(tmp_path, checksums, io.BytesIO()),
        version.forest.estimators_,
        strict=True,
    ):
        assert tree.get_params() == own.get_params()
        assert type(tree.tree_) is type(own.tree_)
        np.testing.assert_array_equal(tree.predict_proba(rows), own.predict_proba(rows))
        for state in ("nodes", "values"):
            np.testing.assert_array_equal(
                tree.tree_.__getstate__()[state], own.tree_.__getstate__()[state]
            )


def test_another_pickle_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "model.pickle").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(Conflict) as caught:
        next(export.kept_trees(tmp_path, {"model.pickle": "0" * 64}, io.BytesIO()))
    assert caught.value.code == "model_integrity_failed"
    (tmp_path / "model.pickle").unlink()
    with pytest.raises(Conflict) as caught:
        next(export.kept_trees(tmp_path, {}, io.BytesIO()))
    assert caught.value.code == "model_missing"


class Watched:
    """How many of some trees are in memory at a time, at most."""

    def __init__(self) -> None:
        self.there: weakref.WeakSet[Any] = weakref.WeakSet()
        self.most = 0

    def see(self, tree: Any) -> Any:
        """Another tree."""
        self.there.add(tree)
        self.most = max(self.most, len(self.there))
        return tree


def test_no_more_than_two_trees_are_in_memory(
    files: list[tuple[Path, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is made of the forest; of a part of the export there are as many as are in it."""
    watched, read = Watched(), grown_module._read
    monkeypatch.setattr(grown_module, "_read", lambda *place: watched.see(read(*place)))
    forest = assemble("classification", KWARGS, Grown(files), [0.0, 1.0, 2.0], X, Y)
    export.write_kept(tmp_path, pipeline_of(numbers(5), forest))
    forest.predict_proba(X[:10])
    assert 1 <= watched.most <= 2
    monkeypatch.setattr("services.forest.parts.MOST_NODES", 4_000)
    export.write_serving(tmp_path, "classification", forest, numbers(5), ["x0"])
    assert watched.most <= max(each.count for each in deal(forest)) + 1 < 12


@pytest.mark.parametrize("memo", [False, True])
def test_one_tree_of_a_pickle_is_in_memory(
    forest: RandomForestClassifier, tmp_path: Path, memo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Python sees are the arrays that are read; older pickles have every one remembered."""
    pipeline = pipeline_of(numbers(5), forest)
    export.write_kept(tmp_path, pipeline)
    if memo:
        (tmp_path / "model.pickle").write_bytes(pickle.dumps(pipeline))
    checksums = {"model.pickle": sha256_of(tmp_path / "model.pickle")}
    expected = [tree.tree_.node_count for tree in forest.estimators_]
    with (tmp_path / "aside").open("w+b") as aside:
        tracemalloc.start()
        trees = export.kept_trees(tmp_path, checksums, aside)
        assert [tree.tree_.node_count for tree in trees] == expected
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    sizes = [len(pickle.dumps(each)) for each in forest.estimators_]
    assert (peak > sum(sizes)) == memo
    assert memo or peak < 4 * max(sizes)


@pytest.mark.parametrize(("megabytes", "in_files"), [(500, False), (343, True)])
def test_a_forest_is_in_memory_where_it_has_room(
    files: list[tuple[Path, str]], tmp_path: Path, megabytes: int, *, in_files: bool
) -> None:
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y)
    spec: dict[str, Any] = {
        "work": str(tmp_path), "X": "X.npy", "memory_limit": megabytes << 20, "far": False,
        "task": "classification", "classes": [0.0, 1.0, 2.0], "batches": None, "rows": len(X),
        "nodes_of_tree": None, "threads": 1, "params": {**KWARGS, "max_features": "sqrt"},
        "features": [feature.as_record() for feature in numbers(5)],
    }  # fmt: skip
    batches = [{"path": str(path), "sha256": sha256} for path, sha256 in files]
    assert isinstance(assembling._forest(spec, batches).estimators_, Grown) == in_files


def test_the_batches_of_a_forest_made_tree_by_tree_are_small() -> None:
    spec: dict[str, Any] = {
        "batches": None, "params": {"n_estimators": 100}, "rows": 200_000, "extends": None,
        "engine": {"name": INTELEX}, "tol": None, "size": {"by_tree": True},
    }  # fmt: skip
    assert [stop - start for start, stop in plan_of(spec)] == [10] * 10
    assert len(plan_of({**spec, "size": {}})) < 10
