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
from services.forest.room import COPIED, LEAST_PART, rows_quickly, rows_slowly, slowly
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
    with pytest.raises(Failed, match="no forest of so many trees would fit") as caught:
        fit(wanted("classes", n_estimators=10_000), megabytes * MEGABYTE, ())
    assert caught.value.code == "out_of_memory"


def test_what_would_fit_is_said() -> None:
    forest = wanted("noise", min_samples_leaf=1, max_samples=30_000)
    limit = roomy(forest)
    with pytest.raises(Failed, match=r"min_samples_leaf 10 and max_samples [\d,]+ would fit") as e:
        fit(forest, limit, ("min_samples_leaf", "max_samples"))
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


def test_a_batch_on_a_part_of_the_rows_has_what_that_leaves() -> None:
    forest, limit = replace(tall(n_estimators=30), fast=True), 700 * MEGABYTE
    beside = (1 - COPIED) * (limit - forest.fixed) / (10 * forest.each)
    assert forest.room(limit) <= beside < replace(forest, far=True).room(limit)


def least_for(forest: Wanted) -> int:
    """The bytes in which scikit-learn has room to grow its trees on all rows."""
    return slowly(forest.kwargs, len(forest.y))


def test_where_a_row_too_many_is_drawn_fewer_are() -> None:
    forest = wanted("classes", max_depth=2)
    least = least_for(forest)
    assert fit(forest, least, ()).memory == least
    size = fit(forest, least - 1, ())
    assert list(size.chosen) == ["max_samples"]
    assert size.memory == slowly({**forest.kwargs, **size.chosen}, ROWS) < least


def test_where_all_rows_are_too_many_trees_draw_fewer_of_a_part() -> None:
    forest, limit = wanted("classes", max_depth=2), slowly({"max_samples": 1}, ROWS) - MEGABYTE
    size = fit(forest, limit, ())
    assert list(size.chosen) == ["max_samples"]
    assert size.memory == limit
    smaller = forest.changed(size.chosen)
    assert LEAST_PART * smaller.distinct <= rows_slowly(smaller.kwargs, (ROWS, 8), 1, limit) < ROWS
    assert smaller.distinct == pytest.approx(DRAWN * forest.most_drawn(limit), rel=1e-3)


def test_rows_that_are_too_many_change_no_leaves_that_fit() -> None:
    forest = tall(n_estimators=100, max_depth=None)
    size = fit(forest, 900 * MEGABYTE, ())  # all of one class: a tree is a leaf
    assert list(size.chosen) == ["max_samples"]


@pytest.mark.parametrize("given", [{"bootstrap": False}, {"max_samples": 30_000}])
def test_rows_that_leave_no_room_to_grow_are_refused(given: dict[str, Any]) -> None:
    forest = wanted("classes", max_depth=2, **given)
    with pytest.raises(Failed) as caught:
        fit(forest, least_for(forest) - 1, given)
    assert caught.value.code == "out_of_memory"


def test_of_rows_that_are_too_many_it_is_said_what_would_fit() -> None:
    forest = wanted("classes", max_depth=2, max_samples=30_000)
    with pytest.raises(Failed, match=r"; max_samples [\d,]+ would fit"):
        fit(forest, least_for(forest) - 1, ["max_samples"])


def test_a_cluster_grows_in_memory_of_its_own() -> None:
    forest = wanted("classes", max_depth=2)
    size = fit(replace(forest, far=True), least_for(forest) - 1, ())
    assert size.chosen == {}
    assert size.memory < least_for(forest)


def test_the_faster_engine_takes_more_for_each_column_and_is_counted_where_it_has_room() -> None:
    slow = wanted("classes", max_depth=2)
    forest, limit, least = replace(slow, fast=True), 2 * 1024 * MEGABYTE, least_for(slow)
    assert fit(slow, limit, ()).memory == least
    assert fit(forest, limit, ()).memory == forest.growing(limit) > least
    assert fit(forest, forest.growing(limit) - 1, ()).memory == least


def tall(**params: Any) -> Wanted:
    """A forest on ten million rows, which take no memory here."""
    rows = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (10_000_000, 5), (0, 0))
    kwargs = {"n_estimators": 2, "max_depth": 2, "random_state": 0, **params}
    y = np.lib.stride_tricks.as_strided(np.zeros(1), (10_000_000,), (0,))
    return Wanted("classification", kwargs, rows, y, 3, 2)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("megabytes", [500, 700, 1_000])
def test_a_tall_table_is_grown_on_parts(fast: bool, megabytes: int) -> None:
    forest, limit = replace(tall(), fast=fast), megabytes * MEGABYTE
    size = fit(forest, limit, ())
    smaller = forest.changed(size.chosen)
    rows = (rows_quickly(smaller.kwargs, forest.X.shape, 2, limit) if fast
            else rows_slowly(smaller.kwargs, forest.X.shape, 2, limit))  # fmt: skip
    assert LEAST_PART * smaller.distinct <= rows < 10_000_000
    assert size.memory == limit


def test_the_out_of_bag_score_needs_the_rows_in_memory() -> None:
    plain, scored = wanted("classes"), wanted("classes", oob_score=True)
    assert scored.fixed - plain.fixed > scored.X.nbytes
