"""dry_run: what a training would take, told before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, settings_for, worker

pytestmark = pytest.mark.no_database

KEYS = [
    "rows",
    "features",
    "hyper_parameters",
    "engine",
    "nodes",
    "memory",
    "memory_limit",
    "chosen",
    "model_size",
    "seconds",
]


@pytest.fixture(name="many", scope="module")
def _many() -> str:
    return flowers(20_000)


def dry(story: Story, experiment: str, **params: Any) -> Any:
    answer = story.train(experiment, dry_run=True, **params)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("params", [{"n_estimators": 40}, {"n_estimators": 20, "oob_score": True}])
def test_what_is_told_comes_true(story: Story, many: str, params: dict[str, Any]) -> None:
    """Within a factor of two; of the time no test tells."""
    experiment = story.make_experiment(many)
    told = dry(story, experiment, **params)
    assert list(told) == KEYS
    assert story.get(experiment).json["status"] == "ready"
    assert story.get(experiment, "/versions").json == {"items": []}
    version = story.train(experiment, **params).json
    assert told["rows"] == version["manifest"]["train_rows"]
    assert [each["name"] for each in told["features"]] == version["manifest"]["features"]
    assert told["hyper_parameters"] == version["hyper_parameters"]
    assert told["engine"] == version["manifest"]["engine"]
    assert version["manifest"]["nodes"] / 2 <= told["nodes"] <= version["manifest"]["nodes"] * 2
    assert version["size"] / 2 <= told["model_size"] <= version["size"] * 2
    assert told["seconds"] >= 0
    assert told["memory"] <= told["memory_limit"]


def test_of_numbers_and_of_more_trees(story: Story) -> None:
    experiment = story.make_experiment(flowers(300), target="petals", type="regression")
    told = dry(story, experiment, n_estimators=10)
    version = story.train(experiment, n_estimators=10).json
    assert version["size"] / 2 <= told["model_size"] <= version["size"] * 2
    more = dry(story, experiment, extend=10)
    assert more["hyper_parameters"]["n_estimators"] == 20
    assert len(story.get(experiment, "/versions").json["items"]) == 1


def test_what_cannot_fit_is_refused_and_what_would_is_chosen(tmp_path: Path, many: str) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        story = Story(app.test_client())
        with worker(tmp_path):
            experiment = story.make_experiment(many)
        with worker(tmp_path, GROVE_STEP_MEMORY=str(390 << 20)):
            assert set(dry(story, experiment)["chosen"]) == {"min_samples_leaf", "max_samples"}
            fixed = {"min_samples_leaf": 1, "max_samples": 15_000}
            assert set(dry(story, experiment, **fixed)["chosen"]) == {"n_estimators"}
            answer = story.train(experiment, dry_run=True, n_estimators=100, **fixed)
            assert_problem(answer, 500, "out_of_memory")


def test_it_is_a_job_like_others(story: Story) -> None:
    experiment = story.make_experiment()
    address, ahead = f"/v1/experiments/{experiment}/train", {"Prefer": "respond-async"}
    job = story.client.post(address, json={"dry_run": True}, headers=ahead)
    assert job.status_code == 202
    done = story.wait_for(job.json["id"], "succeeded")
    assert done["result"]["dry_run"] is True
    assert list(done["result"]["estimate"]) == KEYS
    assert story.train(experiment, dry_run=False, n_estimators=2).status_code == 201


@pytest.mark.parametrize("value", [1, "true", None])
def test_what_is_no_boolean(story: Story, value: object) -> None:
    answer = story.train(story.make_experiment(), dry_run=value)
    assert_problem(answer, 422, "null" if value is None else "wrong_type", "/dry_run")
