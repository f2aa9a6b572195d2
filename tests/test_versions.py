"""/v1/experiments/{id}/versions."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from flask import Flask

from models import db
from services import active
from services.paths import Home
from tests.downloads import fetched, pipeline_of, rows_of_split
from tests.problems import assert_problem
from tests.story import FLOWER, Story, opened, settings_for
from tests.test_train import KEYS
from tests.traces import unchanged


@pytest.fixture(scope="module")
def twice(app: Flask, _worker: None) -> str:
    """An experiment with two versions, the second one active."""
    story = Story(app.test_client())
    experiment = story.make_experiment()
    story.train(experiment, n_estimators=3, random_state=1)
    story.train(experiment, n_estimators=4, random_state=2)
    return experiment


def delete(story: Story, experiment: str, number: Any) -> Any:
    return story.client.delete(f"/v1/experiments/{experiment}/versions/{number}")


def test_the_newest_comes_first(story: Story, twice: str) -> None:
    listed = story.get(twice, "/versions").get_json()
    assert list(listed) == ["items"]
    assert [each["version"] for each in listed["items"]] == [2, 1]
    assert [each["active"] for each in listed["items"]] == [True, False]
    for each in listed["items"]:
        assert list(each) == KEYS
        assert story.client.get(each["links"]["self"]).json == each
        assert list(each["links"]) == ["self", "pickle", "onnx"]


def test_none_yet(story: Story) -> None:
    assert story.get(story.make_experiment(), "/versions").json == {"items": []}
    assert_problem(story.get("nobody", "/versions"), 404, "experiment_not_found")


NOWHERE = ["0", "-1", "abc", "3", "10000000000", "1e3", "1.0", "%00", "9" * 30, "9" * 4_000, "1;x"]


@pytest.mark.parametrize("number", [pytest.param(n, id=f"U1-{n[:12]}") for n in NOWHERE])
def test_no_such_version(story: Story, twice: str, number: str) -> None:
    known = ("not_found", "version_not_found")
    for rest in (f"/versions/{number}", f"/versions/{number}/model"):
        answer = story.get(twice, rest)
        assert_problem(answer, 404, answer.json["code"])
        assert answer.json["code"] in known
    assert_problem(delete(story, twice, number), 404, answer.json["code"])


def test_one_is_deleted(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    story.train(experiment, n_estimators=2)
    folder = (home / story.get(experiment, "/versions/1").json["model_path"]).parent
    assert folder.exists()
    assert delete(story, experiment, 1).status_code == 204
    assert not folder.exists()
    assert_problem(delete(story, experiment, 1), 404, "version_not_found")
    assert [each["version"] for each in story.get(experiment, "/versions").json["items"]] == [2]
    assert story.predict(experiment, FLOWER).json["version"] == 2
    third = story.train(experiment, n_estimators=2)
    assert third.json["version"] == 3  # a number is never used again
    assert delete(story, experiment, 2).status_code == 204


def test_the_active_one_stays(story: Story, twice: str, home: Path) -> None:
    with unchanged(story, home):
        assert_problem(delete(story, twice, 2), 409, "version_active")
    assert story.predict(twice, FLOWER).json["version"] == 2


def test_the_pickle_takes_raw_rows(story: Story, twice: str) -> None:
    with story.get(twice, "/versions/1/model") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "application/octet-stream"
        assert f"{twice}-1.pickle" in answer.headers["Content-Disposition"]
        assert answer.headers["Content-Disposition"].startswith("attachment")
        pipeline = pickle.loads(answer.data)
    assert type(pipeline).__module__ == "sklearn.pipeline"
    rows = rows_of_split(story, twice, "test")
    assert pipeline.predict_proba(rows).shape == (len(rows), 2)
    assert fetched(story, twice, "/versions/1/model?format=pickle")


def test_the_onnx_answers_alike(story: Story, twice: str) -> None:
    content = fetched(story, twice, "/versions/1/model?format=onnx")
    session = onnxruntime.InferenceSession(content)
    pipeline, rows = pipeline_of(story, twice), rows_of_split(story, twice, "test")
    X = np.asarray(pipeline[:-1].transform(rows), dtype=np.float32)
    shares = session.run(["probabilities"], {"X": X.astype(np.float64)})[0]
    assert np.abs(shares - pipeline.predict_proba(rows)).max() <= 1e-6


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?format=joblib", "unknown_choice"),
        ("?format=onnx&format=pickle", "repeated_parameter"),
        ("?fromat=onnx", "unknown_parameter"),
    ],
)
def test_bad_queries(story: Story, twice: str, query: str, code: str) -> None:
    assert_problem(story.get(twice, f"/versions/1/model{query}"), 422, code)


@pytest.mark.parametrize("kind", ["pickle", "onnx"])
def test_files_that_are_not_as_they_were(story: Story, home: Path, kind: str) -> None:
    experiment = story.make_trained()
    address = f"/versions/1/model?format={kind}"
    path = (home / story.get(experiment).json["model_path"]).with_name(f"model.{kind}")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert_problem(story.get(experiment, address), 409, "model_integrity_failed")
    path.unlink()
    assert_problem(story.get(experiment, address), 409, "model_missing")


def test_promoted_and_rolled_back(story: Story, home: Path) -> None:
    """The very next predict answers from the chosen one, in every process."""
    experiment = story.make_trained()
    story.train(experiment, n_estimators=1, random_state=9)
    tested = story.test(experiment, version=1).json["result"]
    other = Story(opened(settings_for(home)).test_client())
    rows = [{**FLOWER, "size": size} for size in range(12)]
    given: dict[int, Any] = {}
    for number in (1, 2, 1, 2):
        answer = story.patch(experiment, {"active_version": number})
        assert answer.status_code == 200, answer.text
        assert answer.json["active_version"] == number
        assert (
            answer.json["model_path"]
            == story.get(experiment, f"/versions/{number}").json["model_path"]
        )
        assert answer.json["result"] == (tested if number == 1 else None)
        one, two = (each.predict(experiment, *rows).json for each in (story, other))
        assert one == two
        assert one["version"] == number
        assert given.setdefault(number, one) == one
        active = [
            e["version"] for e in story.get(experiment, "/versions").json["items"] if e["active"]
        ]
        assert active == [number]
    assert given[1]["predictions"] != given[2]["predictions"]


def test_a_new_one_serves_everywhere_at_once(story: Story, home: Path) -> None:
    other = Story(opened(settings_for(home)).test_client())
    experiment = story.make_trained()
    assert other.predict(experiment, FLOWER).json["version"] == 1
    story.train(experiment, n_estimators=2)
    assert other.predict(experiment, FLOWER).json["version"] == 2
    story.delete(experiment)
    assert_problem(other.predict(experiment, FLOWER), 404, "experiment_not_found")


@pytest.mark.parametrize("number", [0, 3, 2**40, "1", True])
def test_what_cannot_be_promoted(story: Story, twice: str, home: Path, number: Any) -> None:
    with unchanged(story, home):
        answer = story.patch(twice, {"active_version": number})
        assert_problem(answer, 422, answer.json["code"], "/active_version")
    assert story.predict(twice, FLOWER).json["version"] == 2


def test_the_file_is_mended_from_the_row(story: Story, home: Path, twice: str) -> None:
    """A crash between the row and the file that says which version serves loses nothing."""
    expected = story.predict(twice, FLOWER).json
    uid = story.get(twice).json["model_path"].split("/")[1]
    (file,) = [f for f in (home / "active").glob("*.json") if uid in f.read_text()]
    file.unlink()
    assert story.predict(twice, FLOWER).json == expected
    with app_context(home):
        active.mend(db.session(), Home(home))
    assert uid in file.read_text()
    assert story.predict(twice, FLOWER).json == expected


def app_context(home: Path) -> Any:
    return opened(settings_for(home)).app_context()
