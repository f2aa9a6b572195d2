"""POST outcomes: what really happened, and the live scores."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from models import Prediction, db
from models.database import now
from services.outcomes import class_scores
from services.recording import Recorder
from tests.live import live, recorded, rows_of, tell
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, fresh, table
from tests.traces import unchanged


def test_live_scores_of_classes_are_those_of_scikit_learn(story: Story) -> None:
    experiment = story.make_trained(flowers(300, seed=81))
    assert story.test(experiment).status_code == 200
    predictions = recorded(story, experiment, *rows_of(60))
    said = [each["label"] for each in predictions]
    truth = [("rose", "tulip", "weed")[at % 7 % 3] for at in range(50)]
    answer = tell(
        story,
        experiment,
        *(
            {"prediction_id": each["prediction_id"], "label": label}
            for each, label in zip(predictions, truth, strict=False)
        ),
    )
    noted = {"outcomes": 50, "not_on_record": [], "new_labels": ["weed"]}
    assert (answer.status_code, answer.json) == (200, noted)
    (item,) = live(story, experiment)["items"]
    assert (item["version"], item["predictions"], item["outcomes"]) == (1, 60, 50)
    assert item["scores"] == {
        "accuracy": pytest.approx(accuracy_score(truth, said[:50])),
        "f1": pytest.approx(f1_score(truth, said[:50], average="macro")),
        "f1_weighted": pytest.approx(f1_score(truth, said[:50], average="weighted")),
    }
    result = story.get(experiment).json["result"]
    assert item["tested"] == {name: result[name] for name in item["scores"]}


labels = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1)


@settings(deadline=None)
@given(labels)
def test_scores_of_counted_pairs(pairs: list[tuple[str, str]]) -> None:
    counted = {pair: pairs.count(pair) for pair in pairs}
    true, said = zip(*pairs, strict=True)
    assert class_scores(counted) == {
        "accuracy": pytest.approx(accuracy_score(true, said)),
        "f1": pytest.approx(f1_score(true, said, average="macro", zero_division=0)),
        "f1_weighted": pytest.approx(f1_score(true, said, average="weighted", zero_division=0)),
    }


def test_live_scores_of_numbers(story: Story, recorder: Recorder) -> None:
    body = table(["a", "b", "price"], [[n, n % 7, n * 2.5 + n % 3] for n in range(80)])
    experiment = story.make_trained(body, target="price", type="regression")
    predictions = recorded(story, experiment, *({"a": n, "b": n % 7} for n in range(30)))
    recorder.flush()
    assert live(story, experiment)["items"][0]["scores"] == {"r2": None, "rmse": None, "mae": None}
    said = [each["value"] for each in predictions]
    truth = [n * 2.4 for n in range(30)]
    told = [
        {"prediction_id": each["prediction_id"], "value": value}
        for each, value in zip(predictions, truth, strict=True)
    ]
    assert tell(story, experiment, told[0]).status_code == 200
    (item,) = live(story, experiment)["items"]
    assert item["scores"]["r2"] is None
    assert item["scores"]["mae"] == pytest.approx(abs(said[0] - truth[0]))
    assert tell(story, experiment, *told).status_code == 200
    (item,) = live(story, experiment)["items"]
    assert item["scores"] == {
        "r2": pytest.approx(r2_score(truth, said)),
        "rmse": pytest.approx(root_mean_squared_error(truth, said)),
        "mae": pytest.approx(mean_absolute_error(truth, said)),
    }


def test_what_is_told_again_replaces_what_was_told(story: Story) -> None:
    experiment = story.make_trained(flowers(seed=82))
    (one,) = recorded(story, experiment, FLOWER)
    wrong = "tulip" if one["label"] == "rose" else "rose"
    for label, accuracy in ((wrong, 0), (one["label"], 1), (one["label"], 1)):
        outcome = {"prediction_id": one["prediction_id"], "label": label}
        assert tell(story, experiment, outcome).status_code == 200
        (item,) = live(story, experiment)["items"]
        assert (item["outcomes"], item["scores"]["accuracy"]) == (1, accuracy)


@pytest.mark.parametrize("classes", [(0, 1, 2), (0.5, 1.5, 2.0)])
def test_classes_that_are_numbers_are_told_as_numbers_or_texts(
    story: Story, classes: tuple[float, ...]
) -> None:
    body = table(["a", "kind"], [[n % 42, classes[n % 3]] for n in range(126)])
    experiment = story.make_trained(body)
    predictions = recorded(story, experiment, *({"a": at} for at in range(9)))
    ways = (lambda label: label, float, str, lambda label: f"{label:.2f}")
    outcomes = [
        {"prediction_id": each["prediction_id"], "label": ways[at % len(ways)](each["label"])}
        for at, each in enumerate(predictions)
    ]
    told = tell(story, experiment, *outcomes).json
    assert told == {"outcomes": 9, "not_on_record": [], "new_labels": []}
    assert live(story, experiment)["items"][0]["scores"]["accuracy"] == 1


def test_three_that_are_equal_have_no_r2(story: Story) -> None:
    body = table(["a", "price"], [[n, n * 0.1] for n in range(80)])
    experiment = story.make_trained(body, target="price", type="regression")
    predictions = recorded(story, experiment, *({"a": n} for n in range(3)))
    outcomes = [{"prediction_id": p["prediction_id"], "value": 0.1} for p in predictions]
    assert tell(story, experiment, *outcomes).status_code == 200
    assert live(story, experiment)["items"][0]["scores"]["r2"] is None


def test_values_at_the_ends_of_what_is_taken(story: Story) -> None:
    body = table(["a", "price"], [[n, n * 0.1] for n in range(80)])
    experiment = story.make_trained(body, target="price", type="regression")
    predictions = recorded(story, experiment, {"a": 1}, {"a": 2})
    for value, status in ((3e38, 200), (-3e38, 200), (1e200, 422)):
        outcomes = [{"prediction_id": p["prediction_id"], "value": value} for p in predictions]
        assert tell(story, experiment, *outcomes).status_code == status
    assert live(story, experiment)["items"][0]["scores"]["rmse"] == pytest.approx(3e38)
    assert story.client.get(f"/experiments/{experiment}").status_code == 200


def test_versions_and_days(story: Story, app: Flask, recorder: Recorder) -> None:
    experiment = story.make_trained(flowers(seed=83))
    old = recorded(story, experiment, *rows_of(3))
    assert story.train(experiment, n_estimators=2).status_code == 201
    recorded(story, experiment, *rows_of(2))
    recorder.flush()
    assert [each["predictions"] for each in live(story, experiment)["items"]] == [2, 3]
    ids = [each["prediction_id"] for each in old]
    earlier = sa.update(Prediction).where(Prediction.id.in_(ids))
    db.session.execute(earlier.values(created_at=now() - timedelta(days=8)))
    db.session.commit()
    assert [each["version"] for each in live(story, experiment)["items"]] == [2]
    assert [each["version"] for each in live(story, experiment, days=9)["items"]] == [2, 1]


def test_wrong_outcomes_are_all_named_and_none_is_kept(story: Story, home: Path) -> None:
    experiment, other = (story.make_trained(flowers(seed=seed)) for seed in (84, 85))
    one, two = recorded(story, experiment, FLOWER, FLOWER)
    (foreign,) = recorded(story, other, FLOWER)
    parts_of = {name: each["prediction_id"] for name, each in (("one", one), ("two", two))}
    with unchanged(story, home):
        answer = tell(
            story,
            experiment,
            {"prediction_id": parts_of["one"], "label": "rose"},
            {"prediction_id": parts_of["one"], "label": "rose"},
            {"prediction_id": parts_of["two"], "value": 1},
            {"prediction_id": foreign["prediction_id"]},
        )
        problem = assert_problem(answer, 422, "duplicate")
        assert {(each["pointer"], each["code"]) for each in problem["errors"]} == {
            ("/outcomes/1/prediction_id", "duplicate"),
            ("/outcomes/2/label", "required"),
            ("/outcomes/2/value", "unknown_field"),
            ("/outcomes/3/label", "required"),
        }
    assert live(story, experiment)["items"][0]["outcomes"] == 0


def test_what_is_not_on_record_is_passed_over(story: Story) -> None:
    """Others' predictions, and those that the service has forgotten."""
    experiment, other = (story.make_trained(flowers(seed=seed)) for seed in (94, 95))
    (one,) = recorded(story, experiment, FLOWER)
    (foreign,) = recorded(story, other, FLOWER)
    lost = [foreign["prediction_id"], "0" * 32]
    ids = [one["prediction_id"], *lost]
    told = tell(story, experiment, *({"prediction_id": each, "label": "rose"} for each in ids))
    assert (told.status_code, told.json["outcomes"]) == (200, 1)
    assert told.json["not_on_record"] == lost
    assert live(story, experiment)["items"][0]["outcomes"] == 1
    assert live(story, other)["items"][0]["outcomes"] == 0


KNOWN = {"prediction_id": "0" * 32}


@pytest.mark.parametrize(
    ("outcomes", "code", "pointer"),
    [
        ([], "bad_length", ""),
        ({}, "wrong_type", ""),
        ([{"label": "rose"}], "required", "/0/prediction_id"),
        ([{"prediction_id": "x", "label": "rose"}], "bad_pattern", "/0/prediction_id"),
        ([{**KNOWN, "label": None}], "null", "/0/label"),
        ([{**KNOWN, "label": ["rose"]}], "wrong_type", "/0/label"),
        ([{**KNOWN, "value": "1"}], "wrong_type", "/0/value"),
        ([{**KNOWN, "label": "x" * 10_001}], "bad_length", "/0/label"),
        ([{**KNOWN, "label": "rose", "more": 1}], "unknown_field", "/0/more"),
        ([{**KNOWN, "label": "rose"}] * 10_001, "bad_length", ""),
    ],
)
def test_outcomes_that_are_none(story: Story, outcomes: Any, code: str, pointer: str) -> None:
    path = f"/v1/experiments/{fresh('none')}/outcomes"
    answer = story.client.post(path, json={"outcomes": outcomes})
    assert_problem(answer, 422, code, f"/outcomes{pointer}")
