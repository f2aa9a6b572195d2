"""A forest so large that its export is in parts: trained, tested, served, downloaded, extended."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import onnxruntime
import pytest
from flask import Flask

from tests.downloads import fetched, pipeline_of, rows_of_split
from tests.problems import assert_problem
from tests.story import Story, table

pytestmark = pytest.mark.no_database

ROWS, TREES = 8_000, 150


@pytest.fixture(scope="module")
def large(app: Flask, _worker: None) -> str:
    """An experiment with a forest of nearly a million nodes: nobody can learn noise."""
    story, pick = Story(app.test_client()), random.Random(0)  # noqa: S311
    rows = [[pick.random(), pick.random(), pick.choice("abc")] for _ in range(ROWS)]
    experiment = story.make_experiment(table(["x", "z", "kind"], rows))
    answer = story.train(experiment, n_estimators=TREES, random_state=1)
    assert answer.status_code == 201, answer.text
    return experiment


def parts_of(story: Story, experiment: str) -> list[int]:
    version: Any = story.get(experiment, "/versions/1").json
    parts: list[int] = version["manifest"]["onnx_parts"]
    files = [name for name in version["checksums"] if name.endswith(".onnx")]
    assert len(files) == len(parts)
    return parts


def test_it_predicts_as_scikit_learn_does(story: Story, large: str) -> None:
    assert len(parts_of(story, large)) > 1
    rows = rows_of_split(story, large, "test").drop(columns="kind").head(200)
    found = story.predict(large, *rows.to_dict("records")).json["predictions"]
    expected = pipeline_of(story, large).predict_proba(rows)
    given = [list(each["probabilities"].values()) for each in found]
    np.testing.assert_allclose(given, expected, atol=1e-6)
    assert story.test(large).status_code == 200


def test_its_parts_together_answer_as_it_does(story: Story, large: str) -> None:
    counts = parts_of(story, large)
    assert sum(counts) == TREES
    X = rows_of_split(story, large, "test").drop(columns="kind").head(50)
    total = np.zeros((50, 3))
    for part, count in enumerate(counts, 1):
        content = fetched(story, large, f"/versions/1/model?format=onnx&part={part}")
        session = onnxruntime.InferenceSession(content)
        rows = {"X": X.to_numpy(np.float32).astype(np.float64)}
        total += count / TREES * session.run(["probabilities"], rows)[0]
    np.testing.assert_allclose(total, pipeline_of(story, large).predict_proba(X), atol=1e-6)


def test_a_part_is_not_taken_for_the_whole(story: Story, large: str) -> None:
    answer = story.get(large, "/versions/1/model?format=onnx")
    problem = assert_problem(answer, 409, "model_in_parts")
    assert f"part=1 to part={len(parts_of(story, large))}" in problem["detail"]


def test_parts_that_are_not_there(story: Story, large: str) -> None:
    most = len(parts_of(story, large))
    nowhere = story.get(large, f"/versions/1/model?format=onnx&part={most + 1}")
    assert_problem(nowhere, 404, "part_not_found")
    assert_problem(story.get(large, "/versions/1/model?part=1"), 422, "unknown_field")
    for wrong in ("0", "x", "1.0", ""):
        answer = story.get(large, f"/versions/1/model?format=onnx&part={wrong}")
        assert answer.status_code == 422, answer.text


def test_an_undivided_export_is_its_first_part(story: Story) -> None:
    experiment = story.make_trained()
    assert parts_of(story, experiment) == [10]
    whole = fetched(story, experiment, "/versions/1/model?format=onnx")
    assert fetched(story, experiment, "/versions/1/model?format=onnx&part=1") == whole
