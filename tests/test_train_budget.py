"""max_minutes: a forest of the trees that there was time for."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from services.forest.batches import is_time_for_more, seconds_left
from tests.downloads import pipeline_of
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers

A_MOMENT = 1e-6  # minutes: after one batch there is no time left


@pytest.mark.parametrize(
    ("seconds", "minutes", "more"),
    [
        ([], 0.01, True),
        ([30.0], 1, True),
        ([31.0], 1, False),
        ([10.0, 30.0], 1, True),
        ([10.0, 30.1], 1, False),
        ([1e9], None, True),
    ],
)
def test_a_batch_more_must_end_in_time(
    seconds: list[float], minutes: float | None, more: bool
) -> None:
    assert is_time_for_more(seconds, minutes) is more


@pytest.mark.parametrize(
    ("seconds", "minutes", "left"),
    [
        ([], 0.01, np.inf),
        ([30.0, 0.0, 0.0], 1, 30),
        ([50.0, 20.0], 1, 0),
        ([1e9], None, np.inf),
    ],
)
def test_batches_that_grow_side_by_side_are_waited_for(
    seconds: list[float], minutes: float | None, left: float
) -> None:
    assert seconds_left(seconds, minutes) == left


def test_the_trees_that_there_are_make_the_forest(story: Story) -> None:
    """It predicts as the first trees of the forest that was asked for, and says that it is less."""
    experiment = story.make_experiment(flowers(2_000))  # of fewer rows all trees are one batch
    settings = {"oob_score": True, "random_state": 3}
    answer = story.train(experiment, n_estimators=1_000, max_minutes=A_MOMENT, **settings)
    assert answer.status_code == 201
    version = answer.json
    trees = version["hyper_parameters"]["n_estimators"]
    assert trees == version["manifest"]["batches"][-1][1] < 1_000
    stopped = {"by": "max_minutes", "n_estimators_asked": 1_000}
    assert version["manifest"]["stopped"] == stopped
    assert story.job(version["job"]).json["result"]["stopped"] == stopped
    before = story.predict(experiment, FLOWER).json["predictions"]
    assert story.train(experiment, n_estimators=trees, **settings).status_code == 201
    assert story.predict(experiment, FLOWER).json["predictions"] == before
    forest = pipeline_of(story, experiment)[-1]
    assert isinstance(forest, RandomForestClassifier)
    assert len(forest.estimators_) == trees
    assert np.isclose(forest.oob_score_, version["manifest"]["oob_score"])


def test_where_there_is_time_nothing_is_said(story: Story) -> None:
    answer = story.train(story.make_experiment(), n_estimators=5, max_minutes=5)
    assert answer.json["hyper_parameters"]["n_estimators"] == 5
    assert "max_minutes" not in answer.json["hyper_parameters"]
    assert "stopped" not in answer.json["manifest"]
    assert "stopped" not in story.job(answer.json["job"]).json["result"]


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        (0, "out_of_range"),
        (-1, "out_of_range"),
        (100_001, "out_of_range"),
        ("5", "wrong_type"),
        (True, "wrong_type"),
        (None, "null"),
    ],
)
def test_times_that_are_none(story: Story, minutes: object, code: str) -> None:
    answer = story.train(story.make_experiment(), max_minutes=minutes)
    assert_problem(answer, 422, code, "/max_minutes")


def test_another_time_is_another_request(story: Story) -> None:
    address = f"/v1/experiments/{story.make_experiment()}/train"
    headers = {"Idempotency-Key": "one", "Prefer": "wait=60"}
    first, second = (
        story.client.post(address, json={"n_estimators": 3, "max_minutes": each}, headers=headers)
        for each in (1, 2)
    )
    assert first.status_code == 201
    assert_problem(second, 422, "idempotency_key_reused")
