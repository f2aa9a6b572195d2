"""By what memory a forest's engine is chosen: that of who grows it, less what is copied there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import Failed
from models.hyper_parameters import defaults
from services.forest import engines, growing, trial
from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import Case, Choice
from services.memory import PROCESS
from services.worker.forests import (
    choose_engine,
    grow_trees,
    kwargs_of,
    size_of,
    some_rows,
    training_rows,
)
from services.worker.trials import score_candidate

pytestmark = pytest.mark.no_database

ROWS, COLUMNS, LIMIT = 400, 5, 2**30


@pytest.fixture(name="spec")
def _spec(tmp_path: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", rng.normal(size=(ROWS, COLUMNS)).astype(np.float32))
    np.save(tmp_path / "y.npy", np.arange(ROWS, dtype=np.float64) % 2)
    return {
        "work": str(tmp_path),
        "X": "X.npy",
        "task": "classification",
        "features": [{"name": f"x{at}", "type": "number", "levels": []} for at in range(COLUMNS)],
        "classes": [0, 1],
        "rows": ROWS,
        "params": {**defaults("classification"), "n_estimators": 2},
        "given": [],
        "dry_run": False,
        "memory_limit": LIMIT,
        "models_memory": LIMIT,
        "threads": 2,
        "far": False,
        "batches": None,
        "nodes_of_tree": None,
        "size": {"nodes": 0},
        "candidate": {},
        "asked": {"random_state": 0},
        "search": {"cv": 2, "scoring": "accuracy"},
    }


@pytest.fixture(name="judged")
def _judged(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    cases: list[Case] = []
    version = engines.installed()[SCIKIT_LEARN].version

    def choose(case: Case, _: Any) -> Choice:
        cases.append(case)
        return Choice(SCIKIT_LEARN, version, "")

    monkeypatch.setattr(engines, "choose", choose)
    return cases


def test_here_by_the_memory_of_a_step(spec: dict[str, Any], judged: list[Case]) -> None:
    choose_engine(spec, *training_rows(spec))
    assert (judged[0].n_jobs, judged[0].memory_limit) == (2, LIMIT)


def test_a_cluster_is_not_judged_by_the_memory_here(
    spec: dict[str, Any], judged: list[Case]
) -> None:
    choose_engine({**spec, "far": True}, *training_rows(spec))
    assert (judged[0].n_jobs, judged[0].memory_limit) == (1, float("inf"))


@pytest.mark.parametrize("far", [False, True])
def test_a_search_grows_here_beside_the_rows_of_a_fold(
    spec: dict[str, Any], judged: list[Case], far: bool
) -> None:
    tried = score_candidate({**spec, "far": far}, lambda *_: None)
    assert len(tried["scores"]) == 2
    assert (judged[0].n_jobs, judged[0].memory_limit) == (2, LIMIT - ROWS * COLUMNS * 4)


def test_rows_that_are_too_many_to_copy_are_drawn_for_each_batch(
    spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def grow(task: str, kwargs: Any, X: Any, y: Any, *_: Any) -> list[Any]:
        assert (task, kwargs["n_estimators"]) == ("classification", 2)
        seen.append((X, y))
        return []

    here = engines.Engine("anything", "1", grow)
    monkeypatch.setattr(engines, "installed", lambda: {"anything": here})
    chosen = Choice("anything", "1", "", rows=300).as_record()
    spec = {**spec, "engine": chosen, "params": {**spec["params"], "random_state": 5}}
    for start in (0, 10, 0):
        assert grow_trees(spec, start, start + 10) == []
    (first, y), (other, _), (again, _) = seen
    assert first.shape == (300, COLUMNS)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first, again)
    X, every = training_rows(spec)
    places = [np.flatnonzero((row == X).all(axis=1))[0] for row in first]
    assert places == sorted(set(places))
    np.testing.assert_array_equal(every[places], y)


@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}, {"min_samples_leaf": 0.01}])
def test_a_training_of_more_rows_than_fit(spec: dict[str, Any], params: dict[str, Any]) -> None:
    """The trees are those that scikit-learn grows on a part of the rows, which all of it fits."""
    rng, rows, work = np.random.default_rng(0), 20_000, Path(spec["work"])
    np.save(work / "X.npy", X := rng.normal(size=(rows, COLUMNS)).astype(np.float32))
    np.save(work / "y.npy", (X[:, 0] + rng.normal(size=rows) > 0).astype(np.float64))
    asked = {**spec["params"], "random_state": 0, **params}
    spec = {**spec, "rows": rows, "params": asked, "given": [*params]}
    spec["memory_limit"] = PROCESS + 70 * rows
    size = size_of(spec)
    assert size.memory <= spec["memory_limit"]
    spec["params"], spec["size"] = {**asked, **size.chosen}, size.as_record()
    spec["engine"] = choose_engine(spec, *training_rows(spec))
    part = spec["engine"]["rows"]
    assert 1_000 < size.chosen["max_samples"] < part < rows
    trees = grow_trees(spec, 4, 6)
    kwargs = kwargs_of(spec)
    first = growing.seeds_of(0, 4, 5)[0]
    some = some_rows(spec["task"], *training_rows(spec), part, first)
    own = growing.in_part(kwargs, rows, part)
    grower = engines.installed()[spec["engine"]["name"]].grow
    expected = grower(spec["task"], own, *some, 4, 6)
    assert len(some[0]) == part
    for one, other in zip(trees, expected, strict=True):
        for name in ("feature", "threshold", "children_left", "n_node_samples", "value"):
            mine, theirs = (getattr(tree.tree_, name) for tree in (one, other))
            np.testing.assert_array_equal(mine, theirs, err_msg=name)


@pytest.mark.parametrize("oob_score", [False, True])
def test_a_search_has_room_for_what_it_grows(spec: dict[str, Any], oob_score: bool) -> None:
    """It takes fewer rows where those of a fold could not be copied and grown on."""
    rng, rows, work = np.random.default_rng(0), 20_000, Path(spec["work"])
    np.save(work / "X.npy", X := rng.normal(size=(rows, COLUMNS)).astype(np.float32))
    np.save(work / "y.npy", (X[:, 0] > 0).astype(np.float64))
    params = {**spec["params"], "random_state": 0, "oob_score": oob_score, "max_depth": 5}
    spec = {**spec, "rows": rows, "params": params, "memory_limit": PROCESS + 130 * rows}
    if oob_score:  # of all rows there is no score in so little memory, of a fold none is asked for
        spec["memory_limit"] = PROCESS + 250 * rows
    tried = score_candidate(spec, lambda *_: None)
    assert (tried["rows"] < rows) == (not oob_score)
    assert len(tried["scores"]) == 2


def test_a_version_of_all_rows_is_not_grown_again_where_they_do_not_fit(
    spec: dict[str, Any],
) -> None:
    rows, X, y = 20_000, np.zeros((20_000, COLUMNS), np.float32), np.arange(20_000.0) % 2
    asked = {**spec, "rows": rows, "memory_limit": PROCESS + 70 * rows}
    asked["params"] = {**spec["params"], "max_samples": 2_000}
    with pytest.raises(Failed, match="grew on all rows at once"):
        choose_engine({**asked, "same_engine": {"name": SCIKIT_LEARN, "version": "0"}}, X, y)
    part = {"name": SCIKIT_LEARN, "version": "0", "rows": 9_000}
    assert choose_engine({**asked, "same_engine": part}, X, y)["rows"] == 9_000


def test_a_part_has_all_classes() -> None:
    X, y = np.arange(1_000.0, dtype=np.float32)[:, None], np.zeros(1_000)
    y[[3, 700]] = 1, 2
    some, classes = some_rows("classification", X, y, 5, seed=0)
    assert 5 <= len(some) <= 7
    assert set(classes) == {0, 1, 2}
    assert len(some_rows("regression", X, y + 1, 5, seed=0)[0]) == 5


@pytest.mark.parametrize("seed", range(3))
def test_a_part_has_a_number_above_zero(seed: int) -> None:
    """Criterion poisson asks for one, and finds it where all rows have one."""
    X, y = np.arange(60.0, dtype=np.float32)[:, None], np.zeros(60)
    y[17] = 4
    some, numbers = some_rows("regression", X, y, 20, seed)
    assert len(some) in {20, 21}
    assert numbers.sum() == 4
    assert len(some_rows("regression", X, -y, 20, seed)[0]) <= 21


def test_a_part_is_taken_where_it_is_more_than_trees_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    if INTELEX not in engines.installed():
        pytest.skip("scikit-learn-intelex is not installed")
    monkeypatch.setattr(trial, "worse", lambda *_: None)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200_000, 40)).astype(np.float32), np.arange(200_000.0) % 3
    kwargs = {**defaults("classification"), "n_estimators": 2}

    def chosen(room: int, **params: Any) -> Choice:
        case = Case("classification", {**kwargs, **params}, X, y, 2, PROCESS + room)
        return engines.choose(case, engines.installed())

    assert (chosen(1 << 30).name, chosen(1 << 30).rows) == (INTELEX, None)
    part = chosen(40 << 20, max_samples=20_000)
    assert part.name == INTELEX
    assert part.rows is not None
    assert 30_000 <= part.rows < 200_000
    assert chosen(40 << 20, max_samples=90_000).reason == engines.NO_ROOM
    assert chosen(40 << 20).reason == engines.NO_ROOM
    slow = chosen(12 << 20, max_samples=20_000)
    assert (slow.name, slow.reason) == (SCIKIT_LEARN, f"{engines.NO_ROOM}; {engines.IN_PARTS}")
    assert slow.rows is not None
    assert 30_000 <= slow.rows < part.rows
    with pytest.raises(Failed) as caught:
        chosen(12 << 20, max_samples=20_000, oob_score=True)
    assert caught.value.code == "out_of_memory"


def test_a_verification_of_before_knows_the_engine_by_its_name(spec: dict[str, Any]) -> None:
    record = {"name": SCIKIT_LEARN, "version": "0", "reason": "", "rows": 9}
    found = [choose_engine({**spec, "same_engine": each}, *training_rows(spec))
             for each in (SCIKIT_LEARN, record)]  # fmt: skip
    assert [each.get("rows") for each in found] == [None, 9]
    assert {each["name"] for each in found} == {SCIKIT_LEARN}
    assert found[1]["version"] == engines.installed()[SCIKIT_LEARN].version
