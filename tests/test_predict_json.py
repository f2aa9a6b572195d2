"""POST /v1/experiments/{id}/predict with JSON rows."""

from __future__ import annotations

import json
import os
import pickle
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask import Flask

from services.forest.labels import winners
from tests.downloads import fetched, pipeline_of, rows_of_split, split_of
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, opened, settings_for, table
from tests.traces import unchanged

MOST_ANSWERS = 20_000


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained(flowers(150, seed=4))


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, trained: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.predict(trained, FLOWER).status_code == 200


def post(story: Story, experiment: str, body: str | bytes, **headers: str) -> Any:
    address = f"/v1/experiments/{experiment}/predict"
    kind = headers.pop("content_type", "application/json")
    return story.client.post(address, data=body, content_type=kind, headers=headers)


def as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON: null for missing."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def test_rows_are_predicted(story: Story, trained: str) -> None:
    answer = story.predict(trained, FLOWER, {**FLOWER, "size": None, "colour": None})
    assert answer.status_code == 200
    assert list(answer.get_json()) == ["experiment", "version", "predictions"]
    assert (answer.json["experiment"], answer.json["version"]) == (trained, 1)
    assert len(answer.json["predictions"]) == 2
    for each in answer.json["predictions"]:
        assert list(each) == ["label", "probabilities"]
        shares = each["probabilities"]
        assert list(shares) == ["rose", "tulip"]
        assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
        assert shares[each["label"]] == max(shares.values())


@pytest.mark.parametrize("trees", [1, 2, 3, 50])
def test_as_the_pickle_predicts(story: Story, trees: int) -> None:
    """Missing values, unseen categories, dates, booleans and numbers, as CSV and as JSON."""
    experiment = story.make_experiment(flowers(300, seed=trees), test_size=0.4)
    assert story.train(experiment, n_estimators=trees).status_code == 201
    frame, _ = split_of(story, experiment, "test")
    strange = frame.head(30).assign(colour="ultraviolet")
    holes = frame.head(40).assign(size=None, picked=None, wild=None)
    rows = pd.concat([frame, strange, holes.astype(object)], ignore_index=True)
    pipeline = pipeline_of(story, experiment)
    expected = pipeline.predict_proba(rows)
    answer = story.predict(experiment, *as_rows(rows)).json["predictions"]
    shares = np.array([list(each["probabilities"].values()) for each in answer])
    assert np.abs(shares - expected).max() <= 1e-6
    labels = np.array([each["label"] for each in answer])
    assert labels.tolist() == pipeline.classes_[winners(shares)].tolist()
    apart = np.abs(expected[:, 0] - expected[:, 1]) > 1e-6
    assert (labels == pipeline.predict(rows))[apart].all()


def test_numbers_as_the_pickle_predicts(story: Story) -> None:
    pick = random.Random(3)  # noqa: S311
    rows = [(pick.gauss(0, 1e6), pick.choice("abc")) for _ in range(200)]
    body = table(["x", "kind", "y"], [[x, kind, x * 2 + ord(kind)] for x, kind in rows])
    experiment = story.make_trained(body, target="y", type="regression")
    frame, y = split_of(story, experiment, "test", "y")
    answer = story.predict(experiment, *as_rows(frame))
    assert list(answer.json["predictions"][0]) == ["value"]
    values = [each["value"] for each in answer.json["predictions"]]
    expected = pipeline_of(story, experiment).predict(frame)
    assert np.abs(np.array(values) - expected).max() <= 1e-5 * y.std()


def test_the_sent_split_is_the_split(story: Story, trained: str) -> None:
    """The columns of the table that are no feature, the target among them, are passed over."""
    rows = as_rows(rows_of_split(story, trained, "test"))
    answer = story.predict(trained, *rows)
    assert answer.status_code == 200
    assert len(answer.json["predictions"]) == len(rows)


@pytest.mark.parametrize("row", [pytest.param(None, id="P12")])
def test_an_unseen_category(story: Story, trained: str, row: None) -> None:
    rows = [FLOWER, {**FLOWER, "colour": "whight"}]
    answer = story.predict(trained, *rows)
    assert answer.status_code == 200
    assert list(answer.get_json()) == ["experiment", "version", "predictions", "warnings"]
    (told,) = answer.json["warnings"]
    assert (told["pointer"], told["code"]) == ("/rows/1/colour", "unseen_category")
    assert "'whight'" in told["message"]
    assert "did you mean 'white'" in told["message"]
    for refused in (
        story.predict(trained, *rows, strict=True),
        post(story, f"{trained}", json.dumps({"rows": rows, "strict": True})),
        story.client.post(f"/v1/experiments/{trained}/predict?strict=true", json={"rows": rows}),
    ):
        assert_problem(refused, 422, "unseen_category", "/rows/1/colour")
    assert story.predict(trained, FLOWER, strict=True).status_code == 200


@pytest.mark.parametrize("row", [pytest.param(None, id="P24")])
def test_replaced_and_deleted_while_predicting(story: Story, app: Flask, row: None) -> None:
    """An answer is of one version, which is named, or says that the experiment is gone."""
    experiment = story.make_experiment()
    story.train(experiment, n_estimators=1, random_state=1)
    story.train(experiment, n_estimators=1, random_state=2)
    known = {}
    for version in (1, 2):
        story.patch(experiment, {"active_version": version})
        known[version] = story.predict(experiment, *[FLOWER] * 20).json["predictions"]

    def ask(client: Story) -> Any:
        return client.predict(experiment, *[FLOWER] * 20)

    with asking(app, ask) as answers:
        for turn in range(20):
            assert story.patch(experiment, {"active_version": turn % 2 + 1}).status_code == 200
        assert story.client.delete(f"/v1/experiments/{experiment}/versions/1").status_code == 204
        assert story.delete(experiment).status_code == 204
        time.sleep(0.1)
    assert {each.status_code for each in answers} == {200, 404}
    for each in answers:
        if each.status_code == 200:
            assert each.json["predictions"] == known[each.json["version"]]
    assert_problem(answers[-1], 404, "experiment_not_found")


@contextmanager
def asking(app: Flask, ask: Callable[[Story], Any]) -> Iterator[list[Any]]:
    """The answers that three clients get who ask again and again during the block."""
    answers: list[Any] = []
    stop = threading.Event()

    def repeat() -> None:
        client = Story(app.test_client())
        while not stop.is_set() and len(answers) < MOST_ANSWERS:
            answers.append(ask(client))

    threads = [threading.Thread(target=repeat, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class Canary:
    """What unpickling it would do can be seen."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.sign),)


@pytest.mark.parametrize("row", [pytest.param(None, id="P25")])
def test_a_canary_in_the_pickles_place(story: Story, home: Path, tmp_path: Path, row: None) -> None:
    experiment = story.make_trained()
    path = home / story.get(experiment).json["model_path"]
    path.write_bytes(pickle.dumps(Canary(tmp_path / "run")))
    assert story.predict(experiment, FLOWER).status_code == 200
    assert story.test(experiment).status_code == 200
    answer = story.get(experiment, "/versions/1/model")
    assert_problem(answer, 409, "model_integrity_failed")
    assert fetched(story, experiment, "/versions/1/model?format=onnx")
    fresh_app = Story(opened(settings_for(home)).test_client())
    assert fresh_app.predict(experiment, FLOWER).status_code == 200
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("row", [pytest.param(None, id="P25")])
@pytest.mark.parametrize("name", ["model.onnx", "serving.json"])
def test_another_export(story: Story, home: Path, name: str, row: None) -> None:
    experiment = story.make_trained()
    (home / story.get(experiment).json["model_path"]).with_name(name).write_bytes(b"other")
    with unchanged(story, home):
        assert_problem(story.predict(experiment, FLOWER), 409, "model_integrity_failed")
        assert_problem(story.predict(experiment, FLOWER), 409, "model_integrity_failed")
    assert story.train(experiment, n_estimators=2).status_code == 201
    assert story.predict(experiment, FLOWER).json["version"] == 2


def test_the_export_is_gone(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    (home / story.get(experiment).json["model_path"]).with_name("model.onnx").unlink()
    assert_problem(story.predict(experiment, FLOWER), 409, "model_missing")


def test_nothing_is_kept(story: Story, trained: str, home: Path) -> None:
    with unchanged(story, home):
        assert story.predict(trained, FLOWER).status_code == 200
    assert story.client.get(f"/v1/jobs?experiment={trained}").json["total"] == 2
