"""How large a forest will be, and how it is made to fit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from models.errors import Failed
from models.hyper_parameters import defaults
from services.forest import growing
from services.forest.sizing import DRAWN, LEAF, fit, nodes_of_tree
from services.forest.wanted import CLASS, FILED, Wanted

ROWS = 40_000
MEGABYTE = 1 << 20


def wanted(kind: str, **params: Any) -> Wanted:
    """A forest of ten trees on a table: of classes that can be told, or not; of numbers."""
    rng = np.random.default_rng(0)
    task = "regression" if kind == "numbers" else "classification"
    if kind == "numbers":
        X, y = make_regression(ROWS, 8, noise=5, random_state=0)
    else:
        X, y = make_classification(ROWS, 8, n_informative=5, n_classes=3, random_state=0)
    if kind == "noise":
        y = rng.integers(3, size=ROWS)
    kwargs = {**defaults(task), "n_estimators": 10, **params}
    return Wanted(task, kwargs, X.astype(np.float32), y.astype(np.float64), 3)


def nodes_in_fact(forest: Wanted, **changes: Any) -> float:
    trees = growing.grow(forest.task, {**forest.kwargs, **changes}, forest.X, forest.y, 0, 2, 2)
    return float(np.mean([tree.tree_.node_count for tree in trees]))


@pytest.mark.parametrize("kind", ["classes", "noise", "numbers"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"min_samples_leaf": 5},
        {"min_samples_leaf": 200},
        {"min_samples_leaf": 0.01},
        {"max_samples": 5_000},
        {"max_depth": 5},
        {"max_leaf_nodes": 50},
        {"min_samples_split": 40},
    ],
    ids=str,
)
def test_the_nodes_are_told_within_a_factor_of_two(kind: str, params: dict[str, Any]) -> None:
    forest = wanted(kind, **params)
    told, grown = nodes_of_tree(forest), nodes_in_fact(forest)
    assert grown / 2 <= told <= grown * 2


def test_what_fits_stays_as_it_is() -> None:
    forest = wanted("classes")
    size = fit(forest, 1024 * MEGABYTE, ())
    assert size.chosen == {}
    assert size.memory <= 1024 * MEGABYTE


ROOM = 1_500


def roomy(forest: Wanted, nodes: float = ROOM) -> int:
    """The bytes in which trees of so many nodes have room."""
    return forest.size(nodes, 1 << 40).memory + 1


@pytest.mark.parametrize("nodes", [1, 100, 24_000, 25_001, 300_000, 3_000_000])
@pytest.mark.parametrize("trees", [1, 10, 1_000])
def test_the_room_is_what_the_size_says(nodes: int, trees: int) -> None:
    forest = replace(wanted("classes", n_estimators=trees), whole=True)
    room = forest.room(forest.size(nodes, 1 << 40).memory)
    if forest.size(nodes, 1 << 40).memory > forest.size(0, 1 << 40).memory:
        assert np.isclose(room, nodes, rtol=1e-4)
    else:  # to grow any trees takes as much
        assert room >= nodes


@pytest.mark.parametrize("megabytes", [400, 600, 1_600])
@pytest.mark.parametrize("trees", [1, 100, 5_000])
def test_what_is_made_tree_by_tree_has_room_for_more(megabytes: int, trees: int) -> None:
    forest, limit = wanted("classes", n_estimators=trees, max_depth=2), megabytes * MEGABYTE
    room, at_once = forest.room(limit), replace(forest, whole=True).room(limit)
    assert room >= at_once
    size = forest.size(0.999 * room, limit)
    assert size.memory <= limit
    assert size.by_tree == (room > 1.01 * at_once)
    assert not size.by_tree or forest.at_once(0.999 * room) > limit
    # Its file has room in the memory of a step.
    assert trees * room * (FILED + CLASS * 3) <= max(limit, trees * at_once * (FILED + CLASS * 3))
    if trees > 1 and megabytes > 400:
        assert room > 1.3 * at_once


def test_room_that_rows_cannot_fill_is_filled_by_smaller_leaves() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 100)).astype(np.float32)
    y = rng.integers(3, size=ROWS).astype(np.float64)
    forest = Wanted("classification", {**defaults("classification"), "n_estimators": 4}, X, y, 3)
    limit = forest.fixed + 12 * MEGABYTE
    size = fit(forest, limit, ())
    assert 1 < size.chosen["min_samples_leaf"] < LEAF
    smaller = forest.changed(size.chosen)
    assert smaller.distinct > DRAWN * forest.most_drawn(limit)
    grown = nodes_in_fact(forest, **size.chosen)
    assert 0.7 * forest.room(limit) <= grown <= forest.room(limit)
    assert np.isclose(size.nodes / 4, grown, rtol=0.3)


@pytest.mark.parametrize("kind", ["classes", "noise", "numbers"])
@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, ["max_samples", "min_samples_leaf"]),
        ({"max_samples": 20_000}, ["min_samples_leaf"]),
        ({"bootstrap": False}, ["min_samples_leaf"]),
        ({"min_samples_leaf": 3}, ["max_samples"]),
    ],
    ids=str,
)
def test_what_does_not_fit_is_made_smaller(
    kind: str, given: dict[str, Any], chosen: list[str]
) -> None:
    """It stays within the room that there is, and most of it is used."""
    forest = wanted(kind, **given)
    limit = roomy(forest)
    size = fit(forest, limit, given)
    assert sorted(size.chosen) == chosen
    assert size.memory <= size.memory_limit == limit
    grown = nodes_in_fact(forest, **size.chosen)
    assert (0.6 if "max_samples" in size.chosen else 0.4) * ROOM <= grown <= ROOM
    assert np.isclose(size.nodes / 10, grown, rtol=0.3)


def test_little_that_is_missing_makes_the_leaves_larger_alone() -> None:
    forest = wanted("noise")
    size = fit(forest, roomy(forest, 8_000), ())
    assert list(size.chosen) == ["min_samples_leaf"]
    assert 1 < size.chosen["min_samples_leaf"] < 10


def test_no_more_rows_are_copied_to_see_than_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 100)).astype(np.float32)
    y = rng.integers(3, size=ROWS).astype(np.float64)
    forest = Wanted("classification", {**defaults("classification"), "n_estimators": 4}, X, y, 3)
    grow, seen = growing.grow, []

    def watched(task: str, kwargs: Any, X: Any, y: Any, *rest: Any) -> list[Any]:
        seen.append(len(X))
        return grow(task, kwargs, X, y, *rest)

    monkeypatch.setattr(growing, "grow", watched)
    limit = forest.fixed + 17_000 * (100 + 4 * 100)
    size = fit(forest, limit, ())
    assert seen[-1] == 17_000
    assert "max_samples" in size.chosen
    assert size.memory <= limit
    grown = nodes_in_fact(forest, **size.chosen)
    assert 0.3 * grown <= size.nodes / 4 <= 3 * grown


def test_smaller_trees_look_at_a_third_of_the_columns() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 30)).astype(np.float32)
    y = rng.integers(3, size=ROWS).astype(np.float64)
    kwargs = {**defaults("classification"), "n_estimators": 10}
    forest = Wanted("classification", kwargs, X, y, 3)
    assert fit(forest, roomy(forest), ()).chosen["max_features"] == 10
    given = replace(forest, kwargs={**kwargs, "max_features": 2})
    assert "max_features" not in fit(given, roomy(given), ("max_features",)).chosen


@pytest.mark.parametrize("megabytes", [1, 330, 346])
def test_where_nothing_fits(megabytes: int) -> None:
    with pytest.raises(Failed, match="no forest of these rows would fit") as caught:
        fit(wanted("classes", n_estimators=10_000), megabytes * MEGABYTE, ())
    assert caught.value.code == "out_of_memory"


def test_where_the_trees_stay_as_they_are_there_are_fewer() -> None:
    kept = {"min_samples_leaf": 1, "max_samples": 30_000}
    forest = replace(wanted("noise", n_estimators=100, **kept), whole=True)
    nodes = nodes_of_tree(forest)
    limit = roomy(replace(forest, kwargs={**forest.kwargs, "n_estimators": 40}), nodes)
    size = fit(forest, limit, kept)
    assert 30 <= size.chosen["n_estimators"] <= 40
    assert [*size.chosen] == ["n_estimators"]
    assert size.memory <= limit
    assert size.nodes == round(size.chosen["n_estimators"] * nodes)
    with pytest.raises(Failed, match=rf", or n_estimators {size.chosen['n_estimators']} would fit"):
        fit(forest, limit, [*kept, "n_estimators"])


def test_what_would_fit_is_said() -> None:
    forest = wanted("noise", min_samples_leaf=1, max_samples=30_000)
    limit = roomy(forest)
    with pytest.raises(Failed, match=r"min_samples_leaf 10 and max_samples [\d,]+ would fit") as e:
        fit(forest, limit, ("min_samples_leaf", "max_samples", "n_estimators"))
    told = re.search(r"take ([\d,]+) MiB to make.*, of the ([\d,]+)", str(e.value))
    assert told
    taken, allowed = (int(each.replace(",", "")) for each in told.groups())
    assert taken > allowed


def test_what_fits_at_once_is_not_made_tree_by_tree() -> None:
    """Though a forest of so many rows might have more nodes than that."""
    forest = wanted("classes", n_estimators=100)
    limit = int(forest.at_once(1.1 * nodes_of_tree(forest)))
    assert forest.at_once(forest.most) > limit
    size = fit(forest, limit, ())
    assert (size.chosen, size.by_tree) == ({}, False)


def test_of_what_has_grown_before_the_nodes_are_known() -> None:
    forest = replace(wanted("classes", n_estimators=100), known=20_000.0)
    size = fit(forest, 600 * MEGABYTE, forest.kwargs)
    assert (size.nodes, size.by_tree) == (2_000_000, True)
    held = replace(forest, held=100)
    assert held.room(512 * MEGABYTE) < forest.room(512 * MEGABYTE)
