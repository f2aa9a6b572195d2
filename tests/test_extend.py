"""extend: more trees for a version, as a new one; those that there are do not grow again."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from controllers.parts import parts
from models import Version, db
from tests.downloads import pipeline_of
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers

SETTINGS: dict[str, Any] = {"oob_score": True, "random_state": 3, "max_depth": 4}


def predictions(story: Story, experiment: str) -> Any:
    answer = story.predict(experiment, FLOWER, {**FLOWER, "size": 3})
    assert answer.status_code == 200, answer.text
    return answer.json["predictions"]


def trained(story: Story, **settings: Any) -> tuple[str, TestResponse]:
    experiment = story.make_experiment(flowers(300))
    return experiment, story.train(experiment, **settings)


def test_as_if_all_trees_had_grown_at_once(story: Story) -> None:
    experiment, first = trained(story, n_estimators=12, **SETTINGS)
    before = predictions(story, experiment)
    answer = story.train(experiment, extend=8)
    assert answer.status_code == 201, answer.text
    version = answer.json
    assert version["version"] == 2
    assert version["hyper_parameters"] == {**first.json["hyper_parameters"], "n_estimators": 20}
    assert version["manifest"]["batches"] == [[0, 12], [12, 20]]
    engine = first.json["manifest"]["engine"]
    extends = {"version": 1, "n_estimators": 12, "engine": engine}
    assert version["manifest"]["extends"] == extends
    extended = predictions(story, experiment)
    whole = story.train(experiment, n_estimators=20, **SETTINGS).json
    assert predictions(story, experiment) == extended != before
    assert np.isclose(whole["manifest"]["oob_score"], version["manifest"]["oob_score"])
    assert story.patch(experiment, {"active_version": 1}).status_code == 200
    assert predictions(story, experiment) == before


def test_a_version_named_and_one_extended_before(story: Story) -> None:
    experiment, _ = trained(story, n_estimators=3)
    assert story.train(experiment, n_estimators=5, random_state=9).status_code == 201
    assert story.train(experiment, extend=2, version=1).status_code == 201
    assert story.train(experiment, extend=1).status_code == 201  # the active one: version 3
    manifest = story.get(experiment, "/versions/4").json["manifest"]
    assert manifest["extends"]["version"] == 3
    assert manifest["batches"] == [[0, 3], [3, 5], [5, 6]]
    assert len(pipeline_of(story, experiment, 4)[-1].estimators_) == 6
    extended = predictions(story, experiment)
    assert story.train(experiment, n_estimators=6).status_code == 201
    assert predictions(story, experiment) == extended


def test_the_fast_engine_goes_on_where_it_was(story: Story) -> None:
    """Its batches are what fixes its trees: with the same ones the forest is the same."""
    experiment = story.make_experiment(flowers(9_000))
    assert story.train(experiment, n_estimators=25).status_code == 201
    extended = story.train(experiment, extend=5).json
    got = predictions(story, experiment)
    trees = pipeline_of(story, experiment, 2)[-1].estimators_
    again = story.train(experiment, extend=5, version=1).json
    files = ("model.onnx", "trees.npz")
    assert [again["checksums"][each] for each in files] == [
        extended["checksums"][each] for each in files
    ]
    assert predictions(story, experiment) == got
    assert len(trees) == 30


def test_for_so_many_minutes(story: Story) -> None:
    experiment = story.make_experiment(flowers(2_000))
    assert story.train(experiment, n_estimators=4).status_code == 201
    answer = story.train(experiment, extend=1_000, max_minutes=1e-6)
    trees = answer.json["hyper_parameters"]["n_estimators"]
    assert 4 < trees < 1_004
    assert answer.json["manifest"]["stopped"]["n_estimators_asked"] == 1_004
    assert answer.json["manifest"]["batches"] == [[0, 4], [4, trees]]
    assert answer.json["fit_seconds"] > story.get(experiment, "/versions/1").json["fit_seconds"]


def test_numbers(story: Story) -> None:
    experiment = story.make_experiment(flowers(300), target="petals", type="regression")
    assert story.train(experiment, n_estimators=4).status_code == 201
    assert story.train(experiment, extend=4).status_code == 201
    row = {**FLOWER, "kind": "rose"}
    del row["petals"]
    extended = story.predict(experiment, row).json["predictions"]
    assert story.train(experiment, n_estimators=8).status_code == 201
    assert story.predict(experiment, row).json["predictions"] == extended


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"extend": 0}, 422, "out_of_range", "/extend"),
        ({"extend": 10_001}, 422, "out_of_range", "/extend"),
        ({"extend": 9_998}, 422, "out_of_range", "/extend"),
        ({"extend": 1.0}, 422, "wrong_type", "/extend"),
        ({"extend": None}, 422, "null", "/extend"),
        ({"version": 1}, 422, "required", "/extend"),
        ({"extend": 1, "version": 0}, 422, "out_of_range", "/version"),
        ({"extend": 1, "version": 7}, 404, "version_not_found", None),
        ({"extend": 1, "version": 2**63 - 1}, 404, "version_not_found", None),
        ({"extend": 1, "max_depth": 3}, 422, "fixed_by_version", "/max_depth"),
        ({"extend": 1, "n_estimators": 3}, 422, "fixed_by_version", "/n_estimators"),
    ],
)
def test_what_is_refused(
    story: Story, body: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    experiment, _ = trained(story, n_estimators=3)
    assert_problem(story.train(experiment, **body), status, code, pointer)
    assert len(story.get(experiment, "/versions").json["items"]) == 1


def test_all_that_is_wrong_at_once(story: Story) -> None:
    experiment, _ = trained(story, n_estimators=3)
    answer = story.train(experiment, extend=10_000, max_depth=3, criterion="gini")
    pointers = [error["pointer"] for error in answer.json["errors"]]
    assert pointers == ["/max_depth", "/criterion", "/extend"]


def test_nothing_to_extend(story: Story) -> None:
    assert_problem(story.train(story.make_experiment(), extend=3), 409, "not_trained")


def test_another_number_is_another_request(story: Story) -> None:
    experiment, _ = trained(story, n_estimators=3)
    address = f"/v1/experiments/{experiment}/train"
    headers = {"Idempotency-Key": "more", "Prefer": "wait=60"}
    post = story.client.post
    first, same = (post(address, json={"extend": 2}, headers=headers) for _ in range(2))
    assert first.json == same.json
    other = post(address, json={"extend": 3}, headers=headers)
    assert_problem(other, 422, "idempotency_key_reused")


class Canary:
    """Unpickled, it leaves a file: nobody may unpickle it."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sign,)


def test_a_pickle_that_is_not_ours_is_not_run(story: Story, app: Flask, tmp_path: Path) -> None:
    experiment, _ = trained(story, n_estimators=3)
    with app.app_context():
        (version,) = db.session.query(Version).join(Version.experiment).filter_by(id=experiment)
        file = parts().home.absolute(version.model_path)
    file.write_bytes(pickle.dumps(Canary(tmp_path / "ran")))
    assert_problem(story.train(experiment, extend=3), 409, "model_integrity_failed")
    assert not (tmp_path / "ran").exists()
    file.unlink()
    assert_problem(story.train(experiment, extend=3), 409, "model_missing")
    assert story.predict(experiment, FLOWER).status_code == 200
