from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from models.errors import Failed
from models.hyper_parameters import defaults
from services.columns import Feature
from services.forest import growing
from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import Case, Choice, Engine, choose, engine_of, installed
from services.forest.growing import resolve
from services.forest.room import quickly

RNG = np.random.default_rng(0)
ROWS = 6_000
FEATURES = [Feature(name, "number") for name in "abcdef"]
X = RNG.normal(size=(ROWS, 6)).astype(np.float32)
CODES = np.digitize(X[:, 0] + X[:, 1] + RNG.normal(size=ROWS) / 2, [-0.7, 0.9]).astype(np.float64)
NUMBERS = X[:, 0] * 3 + RNG.normal(size=ROWS)
ALONE = {SCIKIT_LEARN: Engine(SCIKIT_LEARN, "1.0", growing.grow)}


def coarse(task: str, kwargs: Any, X: Any, *rest: Any) -> list[Any]:
    """Trees that see two values of a column."""
    kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    y, start, stop, _ = rest
    return [kind(max_depth=1, random_state=seed).fit(X > 9, y) for seed in range(start, stop)]


# Hand-written: what is chosen must not hang on what this machine has.
BOTH = {**ALONE, INTELEX: Engine(INTELEX, "2.0", growing.grow)}
WORSE = {**ALONE, INTELEX: Engine(INTELEX, "2.0", coarse)}


def chosen(engines: Any = BOTH, task: str = "classification", **params: Any) -> Choice:
    given = {**defaults(task), "random_state": 1, **params}
    y = CODES if task == "classification" else NUMBERS
    return choose(Case(task, resolve(given, FEATURES, [0, 1, 2], ROWS), X, y, 2), engines)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_faster_engine_where_it_is_as_good(task: str) -> None:
    params = {} if task == "classification" else {"max_features": 0.5}
    choice = chosen(task=task, **params)
    assert (choice.name, choice.version) == (INTELEX, "2.0")
    assert "trial" in choice.reason


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_slower_engine_where_the_faster_is_not_there(task: str) -> None:
    choice = chosen(ALONE, task)
    assert choice.as_record() == {
        "name": SCIKIT_LEARN,
        "version": "1.0",
        "reason": f"{INTELEX} is not installed",
    }


@pytest.mark.parametrize(
    ("params", "about"),
    [
        ({"oob_score": True}, "oob_score"),
        ({"criterion": "entropy"}, "criterion"),
        ({"criterion": "log_loss"}, "criterion"),
        ({"class_weight": "balanced"}, "class_weight"),
        ({"class_weight": "balanced_subsample"}, "class_weight"),
        ({"class_weight": {"0": 1, "1": 2, "2": 3}}, "class_weight"),
        ({"ccp_alpha": 0.01}, "ccp_alpha"),
        ({"monotonic_cst": {"a": 1}}, "monotonic_cst"),
        ({"max_leaf_nodes": 50}, "max_leaf_nodes"),
        ({"bootstrap": False}, "bootstrap"),
        ({"max_features": 1}, "max_features"),
        ({"max_features": 0.2}, "max_features"),
    ],
)
def test_what_the_faster_engine_does_not_do_as_well(params: Any, about: str) -> None:
    choice = chosen(**params)
    assert choice.name == SCIKIT_LEARN
    assert choice.reason.startswith(f"{about}: ")


@pytest.mark.parametrize("criterion", ["absolute_error", "poisson"])
def test_criteria_of_regression(criterion: str) -> None:
    assert chosen(task="regression", criterion=criterion).reason.startswith("criterion: ")


@pytest.mark.parametrize(
    "params",
    [
        {"max_depth": 6},
        {"min_samples_leaf": 5},
        {"min_samples_leaf": 0.01},
        {"min_samples_split": 20},
        {"min_impurity_decrease": 0.001},
        {"min_weight_fraction_leaf": 0.01},
        {"max_samples": 0.3},
        {"max_features": None},
        {"n_estimators": 3},
    ],
)
def test_what_the_faster_engine_does_as_well(params: Any) -> None:
    assert chosen(**params).name == INTELEX


def test_few_rows_and_one_value_are_for_scikit_learn() -> None:
    kwargs = {"random_state": 1}
    few = choose(Case("regression", kwargs, X[:4_999], NUMBERS[:4_999]), BOTH)
    flat = choose(Case("regression", kwargs, X, np.ones(ROWS)), BOTH)

    assert few.name == flat.name == SCIKIT_LEARN
    assert few.reason.startswith("rows: ")
    assert flat.reason.startswith("target: ")


def test_where_the_rows_have_no_room_to_be_copied_scikit_learn_grows() -> None:
    case = Case("classification", {"random_state": 1}, X, CODES, 2)
    needed = quickly(case.kwargs, X.shape, 2)
    enough = replace(case, memory_limit=needed)
    scarce = replace(case, memory_limit=needed - 1)

    assert choose(enough, BOTH).name == INTELEX
    assert choose(scarce, BOTH).name == SCIKIT_LEARN
    assert choose(scarce, BOTH).reason.startswith("memory: ")


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_trial_finds_the_faster_engine_worse(task: str) -> None:
    choice = chosen(WORSE, task)
    assert choice.name == SCIKIT_LEARN
    assert choice.reason.startswith("trial: on 2,000 rows its squared error was ")


def test_what_is_installed_has_its_versions() -> None:
    for name, engine in installed().items():
        assert name == engine.name
        assert engine.version[0].isdigit()
    assert SCIKIT_LEARN in installed()


def test_a_job_goes_on_with_the_engine_it_has_begun_with() -> None:
    record = chosen().as_record()
    assert engine_of(record, BOTH).name == INTELEX
    other = {**BOTH, INTELEX: Engine(INTELEX, "2.1", growing.grow)}
    for engines, has in ((ALONE, "none"), (other, "2.1")):
        with pytest.raises(Failed) as caught:
            engine_of(record, engines)
        assert caught.value.code == "engine_missing"
        assert has in caught.value.detail
