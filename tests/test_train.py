"""POST /v1/experiments/{id}/train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from tests.downloads import pipeline_of, split_of
from tests.story import Story, flowers, table

KEYS = [
    "experiment",
    "version",
    "active",
    "job",
    "hyper_parameters",
    "result",
    "size",
    "fit_seconds",
    "model_path",
    "checksums",
    "manifest",
    "created_at",
    "links",
]
FILES = {"baseline.json", "model.onnx", "model.pickle", "serving.json", "trees.npz"}


@pytest.fixture(scope="module")
def numbers(app: Flask, _worker: None) -> str:
    """An experiment on a target of numbers, some of them below zero."""
    rows = [[n % 7, n % 3, round((n % 7) * 1.5 - 2 + n / 97, 3)] for n in range(60)]
    body = table(["a", "b", "y"], rows)
    return Story(app.test_client()).make_experiment(body, target="y", type="regression")


def test_a_version_is_trained(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    answer = story.train(experiment, n_estimators=12, max_depth=4)
    assert answer.status_code == 201
    version = answer.get_json()
    assert list(version) == KEYS
    assert answer.headers["Location"] == version["links"]["self"]
    assert (version["experiment"], version["version"], version["active"]) == (experiment, 1, True)
    assert version["result"] is None
    assert version["hyper_parameters"]["n_estimators"] == 12
    assert version["hyper_parameters"]["min_samples_leaf"] == 1
    assert set(version["checksums"]) == FILES
    assert (home / version["model_path"]).stat().st_size < version["size"]
    assert story.client.get(version["links"]["self"]).json == version
    row = story.get(experiment).json
    assert (row["status"], row["active_version"]) == ("trained", 1)
    assert row["model_path"] == version["model_path"]
    job = story.job(version["job"]).json
    assert (job["kind"], job["state"], job["progress"]) == ("train", "succeeded", 1.0)
    assert job["result"] == {"experiment": experiment, "version": 1}
    assert not list((home / "work").glob(version["job"]))


@pytest.mark.parametrize("given", [{}, {"json": {}}], ids=["no body", "an empty object"])
def test_everything_may_be_left_out(story: Story, given: dict[str, Any]) -> None:
    experiment = story.make_experiment(random_state=7)
    answer = story.client.post(f"/v1/experiments/{experiment}/train", **given)
    assert answer.status_code == 201
    chosen = answer.json["hyper_parameters"]
    assert chosen["n_estimators"] == 100
    assert chosen["random_state"] == 7  # the experiment's own seed
    forest = pipeline_of(story, experiment)[-1]
    assert (len(forest.estimators_), forest.random_state) == (100, 7)


def test_every_hyper_parameter_reaches_the_classifier(story: Story) -> None:
    experiment = story.make_experiment(flowers(120))
    given = {
        "n_estimators": 17,
        "max_depth": 5,
        "min_samples_split": 4,
        "min_samples_leaf": 2,
        "min_weight_fraction_leaf": 0.01,
        "max_leaf_nodes": 9,
        "min_impurity_decrease": 0.001,
        "bootstrap": True,
        "oob_score": True,
        "random_state": 2**32 - 1,
        "ccp_alpha": 0.0001,
        "max_samples": 50,
        "max_features": "log2",
        "criterion": "entropy",
        "class_weight": {"rose": 2.0, "tulip": 1},
    }
    answer = story.train(experiment, **given)
    assert answer.status_code == 201, answer.text
    assert answer.json["hyper_parameters"] == {**given, "monotonic_cst": None}
    forest = pipeline_of(story, experiment)[-1]
    assert type(forest) is RandomForestClassifier
    assert {name: forest.get_params()[name] for name in given} == given
    assert answer.json["manifest"]["oob_score"] == forest.oob_score_


def test_every_hyper_parameter_reaches_the_regressor(story: Story, numbers: str) -> None:
    given = {
        "n_estimators": 11,
        "max_features": 0.5,
        "criterion": "absolute_error",
        "bootstrap": False,
        "max_depth": None,
        "min_samples_split": 0.2,
        "min_samples_leaf": 0.05,
        "monotonic_cst": {"a": 1},
    }
    answer = story.train(numbers, **given)
    assert answer.status_code == 201, answer.text
    forest = pipeline_of(story, numbers, answer.json["version"])[-1]
    assert type(forest) is RandomForestRegressor
    told = {name: forest.get_params()[name] for name in given}
    assert told == {**given, "monotonic_cst": [1, 0]}


def test_a_share_of_the_rows_is_their_number(story: Story, numbers: str) -> None:
    answer = story.train(numbers, max_samples=0.5, n_estimators=2)
    forest = pipeline_of(story, numbers, answer.json["version"])[-1]
    assert forest.max_samples == 24
    assert answer.json["hyper_parameters"]["max_samples"] == 0.5


@pytest.mark.parametrize("params", [{}, {"max_depth": 3, "max_features": 2}])
def test_the_forest_is_scikit_learns_own(story: Story, params: dict[str, Any]) -> None:
    experiment = story.make_experiment(flowers(150))
    for _ in range(2):
        story.train(experiment, n_estimators=25, random_state=11, **params)
    rows, kinds = split_of(story, experiment, "train")
    others, _ = split_of(story, experiment, "test")
    first, second = (pipeline_of(story, experiment, version) for version in (1, 2))
    X, X_test = first[:-1].transform(rows), first[:-1].transform(others)
    by_hand = RandomForestClassifier(n_estimators=25, random_state=11, **params)
    by_hand.fit(np.asarray(X, dtype=np.float32), kinds)
    expected = by_hand.predict_proba(X_test)
    assert first[-1].predict_proba(X_test).tobytes() == expected.tobytes()
    assert second.predict_proba(others).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((1, 2), [1, 2]),
        (("rose", "tulip"), ["rose", "tulip"]),
        (("true", "false"), [False, True]),
        ((0.5, 1.5), [0.5, 1.5]),
        (("01", "1x"), ["01", "1x"]),
    ],
    ids=["int", "str", "bool", "float", "digits"],
)
def test_labels_keep_their_type(story: Story, labels: Any, expected: list[Any]) -> None:
    body = table(["a", "kind"], [[n, labels[n % 2]] for n in range(40)])
    experiment = story.make_trained(body)
    classes = pipeline_of(story, experiment).classes_.tolist()
    assert (classes, list(map(type, classes))) == (expected, list(map(type, expected)))
    label = story.predict(experiment, {"a": 3}).json["predictions"][0]["label"]
    assert label in expected
    assert type(label) is type(expected[0])


def jobs_of(story: Story, experiment: str) -> list[Any]:
    answer = story.client.get(f"/v1/jobs?experiment={experiment}&kind=train")
    items: list[Any] = answer.json["items"]
    return items


def test_answers_hold_no_nan(story: Story, numbers: str) -> None:
    answer = story.train(numbers, n_estimators=1, oob_score=True)
    assert answer.status_code == 201, answer.text

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(answer.text, parse_constant=refuse)
