"""early_stopping: as many trees as change the out-of-bag score."""

from __future__ import annotations

from typing import Any

import pytest

from services.forest.batches import SCIKIT_LEARN, STEADY
from tests.downloads import pipeline_of
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers

pytestmark = pytest.mark.no_database

MANY = 6_000  # rows, of which scikit-learn-intelex would grow the trees


def test_it_stops_once_the_score_is_steady(story: Story) -> None:
    """The trees are those of a training of so many, and the score is scikit-learn's."""
    experiment = story.make_experiment(flowers(MANY))
    answer = story.train(experiment, early_stopping=True, n_estimators=300, random_state=1)
    assert answer.status_code == 201, answer.text
    version = answer.json
    manifest, trees = version["manifest"], version["hyper_parameters"]["n_estimators"]
    assert trees < 300
    stopped = {"by": "early_stopping", "n_estimators_asked": 300}
    assert manifest["stopped"] == stopped
    assert story.job(version["job"]).json["result"]["stopped"] == stopped
    scores = manifest["oob_scores"]
    assert len(scores) == len(manifest["batches"])
    assert max(scores[-STEADY:]) - min(scores[-STEADY:]) <= 0.001
    assert scores[-1] == pytest.approx(manifest["oob_score"], abs=1e-12)
    assert manifest["engine"]["name"] == SCIKIT_LEARN
    before = story.predict(experiment, FLOWER).json["predictions"]
    again = story.train(experiment, oob_score=True, n_estimators=trees, random_state=1)
    assert again.json["manifest"]["oob_score"] == manifest["oob_score"]
    assert story.predict(experiment, FLOWER).json["predictions"] == before
    assert len(pipeline_of(story, experiment)[-1].estimators_) == trees


def test_where_the_score_still_changes_all_trees_grow(story: Story) -> None:
    experiment = story.make_experiment(flowers(300), target="petals", type="regression")
    answer = story.train(experiment, early_stopping=True, tol=1e-9, n_estimators=50)
    assert answer.status_code == 201, answer.text
    manifest = answer.json["manifest"]
    assert answer.json["hyper_parameters"]["n_estimators"] == 50
    assert answer.json["hyper_parameters"]["oob_score"] is True
    assert "stopped" not in manifest
    assert [stop for _, stop in manifest["batches"]] == [10, 20, 30, 40, 50]
    assert len(manifest["oob_scores"]) == 5


def test_a_wider_tolerance_stops_sooner(story: Story) -> None:
    experiment = story.make_experiment(flowers(300))
    answer = story.train(experiment, early_stopping=True, tol=1, n_estimators=200)
    assert answer.json["hyper_parameters"]["n_estimators"] == STEADY * 10


@pytest.mark.parametrize(
    ("asked", "code", "pointer"),
    [
        ({"tol": 0.1}, "required", "/early_stopping"),
        ({"tol": 0.1, "early_stopping": False}, "required", "/early_stopping"),
        ({"tol": 0, "early_stopping": True}, "out_of_range", "/tol"),
        ({"tol": 1.1, "early_stopping": True}, "out_of_range", "/tol"),
        ({"early_stopping": 1}, "wrong_type", "/early_stopping"),
        ({"early_stopping": True, "bootstrap": False}, "needs_bootstrap", "/early_stopping"),
        ({"early_stopping": True, "oob_score": False}, "needs_oob_score", "/oob_score"),
        ({"early_stopping": True, "extend": 5}, "fixed_by_version", "/early_stopping"),
    ],
)
def test_what_does_not_go_together(
    story: Story, asked: dict[str, Any], code: str, pointer: str
) -> None:
    assert_problem(story.train(story.make_trained(), **asked), 422, code, pointer)


def test_without_it_nothing_is_said(story: Story) -> None:
    answer = story.train(story.make_experiment(), n_estimators=40, early_stopping=False)
    assert answer.json["hyper_parameters"]["oob_score"] is False
    assert "oob_scores" not in answer.json["manifest"]
