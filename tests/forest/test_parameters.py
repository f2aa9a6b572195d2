from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from models.errors import Fault
from services.forest.growing import grow, resolve
from services.forest.parameters import PARAMETERS, Parameter, check, defaults, table

FORESTS: dict[str, Any] = {
    "classification": RandomForestClassifier,
    "regression": RandomForestRegressor,
}
OURS_TO_SET = {"n_jobs", "verbose", "warm_start"}
NAMES = ["age", "height", "weight"]


def edges(parameter: Parameter) -> list[Any]:
    """The values at the edges of all that the parameter may be."""
    found: list[Any] = list(parameter.choices) + list(parameter.integers or ())
    found += [True, False] if "boolean" in parameter.kinds else []
    found += [None] if "null" in parameter.kinds else []
    if parameter.numbers:
        low, high = float(parameter.numbers.low), float(parameter.numbers.high)
        found += [
            low + 1e-9 if parameter.numbers.low_open else low,
            high - 1e-9 if parameter.numbers.high_open else high,
        ]
    objects = {"class_weight": {"a": 1.0, "b": 2.0}, "monotonic_cst": [0, 1, -1]}
    return [*found, *([objects[parameter.name]] if "object" in parameter.kinds else [])]


@pytest.mark.parametrize("task", FORESTS)
def test_the_table_has_every_parameter_and_default_of_scikit_learn(task: str) -> None:
    plain = FORESTS[task]().get_params()
    assert set(table(task)) == set(plain) - OURS_TO_SET
    expected = {name: value for name, value in plain.items() if name in table(task)}
    assert defaults(task) == {**expected, "random_state": 0}


@pytest.mark.parametrize("task", FORESTS)
@pytest.mark.parametrize("name", PARAMETERS)
def test_scikit_learn_takes_all_that_the_table_allows(task: str, name: str) -> None:
    constraints = FORESTS[task]._parameter_constraints
    parameter = table(task).get(name)
    for value in edges(parameter) if parameter else []:
        validate_parameter_constraints(constraints, {name: value}, caller_name="forest")


@pytest.mark.parametrize(
    ("name", "beyond"),
    [
        ("n_estimators", 0),
        ("max_depth", 0),
        ("min_samples_split", 1),
        ("min_samples_split", 1.1),
        ("min_samples_leaf", 1.0),
        ("min_weight_fraction_leaf", 0.6),
        ("max_features", 0.0),
        ("max_leaf_nodes", 1),
        ("min_impurity_decrease", -0.1),
        ("ccp_alpha", -0.1),
        ("max_samples", 0.0),
    ],
)
def test_the_ends_are_where_scikit_learn_ends(name: str, beyond: Any) -> None:
    parameter = PARAMETERS[name]
    with pytest.raises(InvalidParameterError):
        validate_parameter_constraints(
            RandomForestClassifier._parameter_constraints, {name: beyond}, caller_name="forest"
        )
    if isinstance(beyond, int):
        assert parameter.integers is not None
        assert not parameter.integers[0] <= beyond <= parameter.integers[1]
    else:
        assert parameter.numbers is not None
        low, high = parameter.numbers.low, parameter.numbers.high
        assert beyond <= low or beyond >= high


@pytest.mark.parametrize("task", FORESTS)
def test_scikit_learn_fits_at_every_edge_that_is_small_enough(task: str) -> None:
    X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.float64)
    for name, parameter in table(task).items():
        for value in edges(parameter):
            if name != "n_estimators" and not check(task, {name: value}, **about(rows=12)):
                kwargs = resolve({"random_state": 0, name: value}, [], [], n_rows=12)
                assert len(grow(task, kwargs, X, y, 0, 2)) == 2


def test_the_table_for_requests_takes_what_either_forest_takes() -> None:
    for task in FORESTS:
        for name, parameter in table(task).items():
            assert set(parameter.kinds) <= set(PARAMETERS[name].kinds)
            assert set(parameter.choices) <= set(PARAMETERS[name].choices)
    assert PARAMETERS["n_estimators"].integers == (1, 10_000)
    assert PARAMETERS["max_depth"].integers == (1, 10_000)
    assert PARAMETERS["max_leaf_nodes"].integers == (2, 1_000_000)


def about(rows: int = 100) -> dict[str, Any]:
    return {"feature_names": NAMES, "n_rows": rows, "class_texts": ["no", "yes"]}


def faults(params: dict[str, Any], task: str = "classification", **changes: Any) -> list[Fault]:
    return check(task, params, **{**about(), **changes})


def test_what_fits_has_no_faults() -> None:
    assert faults(defaults("classification")) == []
    assert faults(defaults("regression"), "regression", class_texts=[]) == []
    good = {
        "max_features": 3,
        "max_samples": 100,
        "class_weight": {"no": 1, "yes": 2.5},
        "monotonic_cst": {"age": 1, "weight": -1},
        "oob_score": True,
    }
    assert faults(good) == []


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"max_features": 4}, "/max_features", "out_of_range"),
        ({"max_samples": 101}, "/max_samples", "out_of_range"),
        ({"max_samples": 5, "bootstrap": False}, "/max_samples", "needs_bootstrap"),
        ({"oob_score": True, "bootstrap": False}, "/oob_score", "needs_bootstrap"),
        ({"criterion": "poisson"}, "/criterion", "wrong_task"),
        ({"monotonic_cst": {"wieght": 1}}, "/monotonic_cst/wieght", "unknown_column"),
        ({"monotonic_cst": {"age": 2}}, "/monotonic_cst/age", "out_of_range"),
        ({"monotonic_cst": {"age": True}}, "/monotonic_cst/age", "out_of_range"),
        ({"class_weight": {"no": 1, "yes": 1, "maybe": 1}}, "/class_weight/maybe", "unknown_label"),
        ({"class_weight": {"no": 1}}, "/class_weight", "missing_label"),
        ({"class_weight": {"no": 1, "yes": 0}}, "/class_weight/yes", "out_of_range"),
        ({"class_weight": {"no": 1, "yes": "1"}}, "/class_weight/yes", "out_of_range"),
        ({"class_weight": {"no": 1, "yes": 10**400}}, "/class_weight/yes", "out_of_range"),
        ({"pre_dispatch": 1}, "/pre_dispatch", "wrong_task"),
    ],
)
def test_each_fault(params: dict[str, Any], pointer: str, code: str) -> None:
    assert [(fault.pointer, fault.code) for fault in faults(params)] == [(pointer, code)]


def test_a_misspelt_column_is_told_the_nearest() -> None:
    (fault,) = faults({"monotonic_cst": {"wieght": 1}})
    assert "did you mean 'weight'" in fault.message


def test_more_than_two_classes_have_no_constraints() -> None:
    found = faults({"monotonic_cst": {"age": 1}}, class_texts=["a", "b", "c"])
    assert [fault.code for fault in found] == ["too_many_classes"]


@pytest.mark.parametrize("weight", ["balanced", {"a": 1}])
def test_regression_has_no_weights_of_classes(weight: Any) -> None:
    found = faults({"class_weight": weight}, "regression", class_texts=[])
    assert [(fault.pointer, fault.code) for fault in found] == [("/class_weight", "wrong_task")]


def test_poisson_and_negative_targets() -> None:
    assert faults({"criterion": "poisson"}, "regression", class_texts=[]) == []
    found = faults({"criterion": "poisson"}, "regression", class_texts=[], target_negative=True)
    assert [fault.code for fault in found] == ["target_negative"]


def test_all_faults_come_at_once_and_stay_few() -> None:
    found = faults({"max_features": 9, "max_samples": 999, "bootstrap": False, "oob_score": True})
    assert len(found) == 4
    many = faults({"monotonic_cst": {f"c{at}": 1 for at in range(1_000)}})
    assert len(many) == 101
