"""Trees of scikit-learn-intelex: plain, the same again, told truly, and as good."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from services.forest import growing
from services.forest.batches import INTELEX
from services.forest.fitted import assemble
from services.forest.trees import trees_of

pytest.importorskip("sklearnex", reason="scikit-learn-intelex has no wheel here")
intelex = pytest.importorskip("services.forest.intelex")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1_500, 6)).astype(np.float32)
CODES = np.digitize(X[:, 0] + X[:, 1] + RNG.normal(size=1_500), [-0.7, 0.9]).astype(np.float64)
NUMBERS = X[:, 0] * 3 + RNG.normal(size=1_500) + 10
KWARGS = {"random_state": 7, "max_features": 3}
CASES = [("classification", CODES), ("regression", NUMBERS)]


def grown(task: str, y: Any, start: int = 0, stop: int = 20, n_jobs: int = 2, **more: Any) -> Any:
    return intelex.grow(task, {**KWARGS, **more}, X, y, start, stop, n_jobs)


def bytes_of(trees: Any) -> list[bytes]:
    """All that the trees are, without what lies between the fields of their nodes."""
    states = [tree.tree_.__getstate__() for tree in trees]
    return [
        b"".join(state["nodes"][name].tobytes() for name in state["nodes"].dtype.names)
        + state["values"].tobytes()
        for state in states
    ]


def forest_of(task: str, y: Any, trees: Any, **more: Any) -> Any:
    return assemble(task, {**KWARGS, **more}, trees, [0, 1, 2], X, y)


@pytest.mark.parametrize(("task", "y"), CASES)
def test_the_same_trees_again_whatever_the_threads(task: str, y: Any) -> None:
    once = bytes_of(grown(task, y, n_jobs=1))
    assert once == bytes_of(grown(task, y, n_jobs=2)) == bytes_of(grown(task, y, n_jobs=2))
    assert len(set(once)) == 20


@pytest.mark.parametrize(("task", "y"), CASES)
def test_batches_differ_by_their_seeds(task: str, y: Any) -> None:
    first, second = grown(task, y, 0, 10), grown(task, y, 10, 20)
    other = grown(task, y, 0, 10, random_state=8)
    assert len({*bytes_of(first), *bytes_of(second), *bytes_of(other)}) == 30
    seeds = [tree.random_state for tree in first + second]
    assert seeds == growing.seeds_of(7, 0, 20)


@pytest.mark.parametrize(("task", "y"), CASES)
def test_the_forest_is_plain_scikit_learn(task: str, y: Any) -> None:
    forest = forest_of(task, y, grown(task, y, max_depth=5), max_depth=5)
    kinds = {
        "classification": (RandomForestClassifier, DecisionTreeClassifier),
        "regression": (RandomForestRegressor, DecisionTreeRegressor),
    }[task]
    assert type(forest) is kinds[0]
    plain = kinds[0](**{**KWARGS, "n_estimators": 20, "max_depth": 5}).fit(X, y)
    for tree, other in zip(forest.estimators_, plain.estimators_, strict=True):
        assert type(tree) is kinds[1]
        assert tree.get_params() == other.get_params()
        assert tree.max_features_ == other.max_features_ == 3
        assert vars(tree).keys() == vars(other).keys()
        assert tree.n_outputs_ == other.n_outputs_
        assert tree.get_depth() <= 5
        assert b"sklearnex" not in pickle.dumps(tree)
    assert forest.get_params() == plain.get_params()
    assert forest.n_features_in_ == 6
    assert forest.feature_importances_.sum() == pytest.approx(1)
    assert np.abs(forest.feature_importances_ - plain.feature_importances_).max() < 0.1


@pytest.mark.parametrize(("task", "y"), CASES)
@pytest.mark.parametrize("limits", [{}, {"min_samples_leaf": 20}, {"max_depth": 4}])
def test_arrays_are_those_of_a_tree(task: str, y: Any, limits: Any) -> None:
    trees = trees_of(forest_of(task, y, grown(task, y, **limits), **limits))
    inner = ~trees.leaf
    left = (trees.offsets[trees.tree_of] + trees.children_left)[inner]
    right = (trees.offsets[trees.tree_of] + trees.children_right)[inner]
    counts = trees.n_node_samples
    np.testing.assert_array_equal(counts[left] + counts[right], counts[inner])
    np.testing.assert_array_equal(counts, trees.weighted_n_node_samples)
    assert (counts[trees.offsets[:-1]] == len(X)).all()
    assert (trees.impurity >= 0).all()
    if task == "classification":
        np.testing.assert_allclose(trees.value.sum(axis=1), 1)


def test_leaves_of_several_classes_tell_their_shares() -> None:
    tree = grown("classification", CODES, stop=1, max_depth=3)[0].tree_
    leaf = tree.apply(X)
    mixed = np.flatnonzero((tree.children_left < 0) & (tree.impurity > 0.1))
    assert len(mixed) > 3
    for node in mixed:
        shares = np.bincount(CODES[leaf == node].astype(int), minlength=3) / (leaf == node).sum()
        np.testing.assert_allclose(tree.value[node, 0], shares)
        # The rows drawn are others, but not by far.
        assert 1 - (shares**2).sum() == pytest.approx(tree.impurity[node], abs=0.1)


@pytest.mark.parametrize(
    "limits", [{"min_samples_leaf": 5}, {"min_samples_leaf": 0.02}, {"min_samples_split": 30}]
)
@pytest.mark.parametrize(("task", "y"), CASES)
def test_limits_in_rows_mean_what_they_mean_to_scikit_learn(task: str, y: Any, limits: Any) -> None:
    kwargs = {**KWARGS, **limits}
    ours = np.mean([t.tree_.node_count for t in intelex.grow(task, kwargs, X, y, 0, 40)])
    theirs = np.mean([t.tree_.node_count for t in growing.grow(task, kwargs, X, y, 0, 40)])
    assert ours == pytest.approx(theirs, rel=0.15)


@pytest.mark.parametrize(
    "refused", [{"ccp_alpha": 0.1}, {"criterion": "entropy"}, {"monotonic_cst": [1, 0, 0, 0, 0, 0]}]
)
def test_scikit_learn_never_stands_in_unsaid(refused: Any) -> None:
    with pytest.raises(RuntimeError):
        grown("classification", (CODES > 0).astype(float), **refused)


@pytest.mark.parametrize(("task", "y"), CASES)
def test_the_pickle_needs_scikit_learn_alone(task: str, y: Any, tmp_path: Path) -> None:
    forest = forest_of(task, y, grown(task, y))
    path, rows = tmp_path / "forest.pickle", tmp_path / "rows.npy"
    path.write_bytes(pickle.dumps(forest))
    np.save(rows, X[:50])
    code = """
import pickle, sys
for name in ("sklearnex", "daal4py", "onedal"):
    sys.modules[name] = None  # an import of it fails
import numpy
forest = pickle.load(open(sys.argv[1], "rb"))
told = getattr(forest, "predict_proba", forest.predict)(numpy.load(sys.argv[2]))
print(told.tolist(), forest.feature_importances_.shape)
"""
    command = [sys.executable, "-c", code, str(path), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = getattr(forest, "predict_proba", forest.predict)(X[:50])
    assert done.stdout.strip() == f"{told.tolist()} (6,)"


def test_it_is_what_it_is_called() -> None:
    assert INTELEX == "scikit-learn-intelex"
    assert intelex.ensemble.__name__ == "sklearnex.ensemble"


@pytest.mark.filterwarnings("ignore:'Threading' parallel backend:UserWarning")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_it_keeps_to_its_threads_outside_of_the_main_one(n_jobs: int) -> None:
    """So it is asked by a worker of a cluster."""
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(grown, *CASES[0], 0, 20, n_jobs).result()
    assert intelex.library.num_threads() == n_jobs
    assert bytes_of(made) == bytes_of(grown(*CASES[0]))
