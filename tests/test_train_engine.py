"""POST …/train: which library grows the trees, and what the record says of it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import ABSENT, FASTEST, installed
from tests.downloads import pipeline_of
from tests.story import FLOWER, Story, flowers

pytestmark = pytest.mark.no_database

LIMITS = {"n_estimators": 12, "min_samples_leaf": 20}


@pytest.fixture(scope="module")
def many(app: Flask, _worker: None) -> str:
    """An experiment with as many rows as the faster engine is for."""
    return Story(app.test_client()).make_experiment(flowers(7_000))


def manifest_of(story: Story, experiment: str, **params: Any) -> Any:
    answer = story.train(experiment, **{**LIMITS, **params})
    assert answer.status_code == 201, answer.text
    manifest = answer.get_json()["manifest"]
    assert set(manifest["engine"]) == {"name", "version", "reason"}
    assert manifest["engine"]["version"] == installed()[manifest["engine"]["name"]].version
    return manifest


def test_few_rows_are_for_scikit_learn(story: Story) -> None:
    manifest = manifest_of(story, story.make_experiment())
    assert manifest["engine"]["name"] == SCIKIT_LEARN
    assert manifest["engine"]["reason"].startswith("rows: " if INTELEX in installed() else INTELEX)
    assert manifest["batches"] == [[0, 12]]


def test_many_rows_are_for_the_fastest_that_is_there(story: Story, many: str) -> None:
    engine = manifest_of(story, many)["engine"]
    fastest = INTELEX in installed()
    assert engine["name"] == (INTELEX if fastest else SCIKIT_LEARN)
    assert engine["reason"] == (FASTEST if fastest else ABSENT)


def test_what_the_fastest_cannot_do_has_its_reason(story: Story, many: str) -> None:
    engine = manifest_of(story, many, oob_score=True)["engine"]
    assert engine["name"] == SCIKIT_LEARN
    assert "oob_score" in engine["reason"] or engine["reason"] == ABSENT


def test_the_same_forest_again_and_it_is_scikit_learns(story: Story, many: str) -> None:
    forests = []
    for _ in range(2):
        version = story.train(many, **LIMITS, random_state=5).get_json()
        pipeline = pipeline_of(story, many, version["version"])
        assert type(pipeline[-1]).__module__ == "sklearn.ensemble._forest"
        told = story.predict(many, FLOWER, {**FLOWER, "size": None}).json["predictions"]
        forests.append((told, [tree.tree_.threshold.tolist() for tree in pipeline[-1].estimators_]))
    assert forests[0] == forests[1]
