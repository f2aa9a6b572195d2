"""coverage on predict: what holds the truth as often as is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from models.experiment import Task
from services.forest.coverage import Calibration, measured, strangeness
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, table
from tests.traces import unchanged

pytestmark = pytest.mark.no_database


def classes(seed: int) -> Any:
    made = make_classification(
        2_500, 12, n_informative=5, n_classes=3, flip_y=0.1, random_state=seed
    )
    return made, RandomForestClassifier(n_estimators=40, random_state=seed)


def numbers(seed: int) -> Any:
    made = make_regression(2_500, 8, n_informative=5, noise=20, random_state=seed)
    return made, RandomForestRegressor(n_estimators=20, random_state=seed)


GENERATED = {Task.CLASSIFICATION: classes, Task.REGRESSION: numbers}


def prices(rows: int = 600) -> str:
    pick = np.random.default_rng(1)
    a = pick.normal(size=rows)
    return table(["a", "price"], zip(a, a * 3 + pick.normal(size=rows), strict=True))


def test_sets_of_classes(story: Story) -> None:
    experiment = story.make_trained(flowers(800), calibration_size=0.25)
    plain = story.predict(experiment, FLOWER).json["predictions"][0]
    sizes = []
    for coverage in (0.5, 0.9, 0.999):
        (told,) = story.predict(experiment, FLOWER, coverage=coverage).json["predictions"]
        sizes.append(len(told.pop("set")))
        assert told == plain
    assert sizes == sorted(sizes)
    assert sizes[-1] == 2
    result = story.test(experiment).json["result"]
    assert [each["coverage"] for each in result["coverage"]] == [0.8, 0.9, 0.95]
    for each in result["coverage"]:
        assert abs(each["measured"] - each["coverage"]) < 0.12
        assert 0 < each["mean_size"] <= 2


def test_intervals(story: Story) -> None:
    experiment = story.make_trained(
        prices(), target="price", type="regression", calibration_size=0.3
    )
    path = f"/v1/experiments/{experiment}/predict?coverage=0.9"
    (told,) = story.client.post(path, json={"rows": [{"a": 0.5}]}).json["predictions"]
    low, high = told["interval"]
    assert low < told["value"] < high
    assert high - told["value"] == pytest.approx(told["value"] - low)
    result: Any = story.test(experiment).json["result"]
    by_share = {each["coverage"]: each for each in result["coverage"]}
    assert by_share[0.9]["mean_size"] == pytest.approx(high - low)
    assert abs(by_share[0.9]["measured"] - 0.9) < 0.1
    wide = story.predict(experiment, {"a": 0.5}, coverage=0.9999).json["predictions"][0]
    assert wide["interval"] is None


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.REGRESSION])
def test_over_twenty_seeds_they_cover_what_was_asked(task: Task) -> None:
    covered = []
    for seed in range(20):
        (X, y), forest = GENERATED[task](seed)
        grown = forest.fit(X[:800], y[:800])

        scores = grown.predict_proba(X) if task == Task.CLASSIFICATION else grown.predict(X)
        calibration = Calibration.of(strangeness(task, y[800:1_200], scores[800:1_200]))
        found = measured(task, y[1_200:], scores[1_200:], calibration, 0.9)
        covered.append(found["measured"])
    assert 0.88 < np.mean(covered) < 0.93


def test_without_calibration_rows(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    with unchanged(story, home):
        answer = story.predict(experiment, FLOWER, coverage=0.9)
        assert_problem(answer, 409, "not_calibrated")
    assert "coverage" not in story.test(experiment).json["result"]


@pytest.mark.parametrize(
    ("coverage", "code"), [(0, "out_of_range"), (1, "out_of_range"), ("x", "wrong_type")]
)
def test_what_is_no_share(story: Story, coverage: Any, code: str) -> None:
    experiment = story.make_trained(calibration_size=0.2)
    assert_problem(story.predict(experiment, FLOWER, coverage=coverage), 422, code, "/coverage")
    path = f"/v1/experiments/{experiment}/predict?coverage=0.5"
    answer = story.client.post(path, data="size\n1\n", content_type="text/csv")
    assert_problem(answer, 422, "not_for_csv")
