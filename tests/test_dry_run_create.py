"""dry_run of a create: what a split would make and take, told before there is an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.setup import prepare
from tests.forms import post
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, fresh, settings_for, table, worker
from tests.traces import unchanged

KEYS = [
    "rows",
    "features",
    "left_out",
    "warnings",
    "memory",
    "size",
    "seconds",
    "memory_limit",
]


def dry(story: Story, dataset: str, **fields: Any) -> Any:
    answer = story.create(dataset=dataset, **{"target": "kind", "dry_run": True, **fields})
    assert answer.status_code == 200, answer.text
    told: Any = answer.json
    assert list(told) == KEYS
    return told


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"test_size": 0.3, "calibration_size": 0.25},
        {"stratify": False, "exclude": ["wild"]},
        {"features": ["size", "colour"]},
    ],
)
def test_what_is_told_comes_true(story: Story, home: Path, plan: dict[str, Any]) -> None:
    dataset = story.make_dataset(flowers(3_000))
    with unchanged(story, home):
        told = dry(story, dataset, **plan)
    made = story.get(story.make_experiment(dataset=dataset, **plan)).json
    parts = {part: made[f"{part}_rows"] for part in ("train", "test", "calibration")}
    assert told["rows"] == {part: rows for part, rows in parts.items() if rows}
    assert [each["name"] for each in told["features"]] == made["features"]
    size = sum((home / made[f"{part}_path"]).stat().st_size for part in told["rows"])
    assert size / 2 <= told["size"] <= size * 2
    assert told["memory"] <= told["memory_limit"]


def test_it_says_why_a_column_is_left_out(story: Story) -> None:
    part = ["train", "test"] * 20
    rows = [[n, n % 3, "", part[n], "ab"[n % 2], n * n] for n in range(40)]
    dataset = story.make_dataset(table(["x", "z", "empty", "part", "kind", "other"], rows))
    told = dry(story, dataset, split_column="part", exclude=["z"], features=["x", "empty"])
    assert told["rows"] == {"train": 20, "test": 20}
    assert {each["name"]: each["reason"] for each in told["left_out"]} == {
        "z": "it is excluded",
        "empty": "it has no value at all",
        "part": "it fixes the split",
        "kind": "it is the target",
        "other": "it is not among the features asked for",
    }


def test_of_a_file_that_comes_along_nothing_is_kept(story: Story, home: Path) -> None:
    given = {"id": fresh("exp"), "dataset": fresh("data")}
    with unchanged(story, home):
        answer = post(story, flowers(500), dry_run="true", **given)
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["rows"] == {"train": 400, "test": 100}
        assert_problem(post(story, "a,b\n1,2\n3", dry_run="true"), 422, "ragged_row")
    assert post(story, flowers(500), dry_run="false", **given).status_code == 201


def test_what_create_refuses_is_refused(story: Story, home: Path) -> None:
    dataset, experiment = story.make_dataset(), story.make_experiment()
    with unchanged(story, home):
        for fields, status, code in (
            ({"target": "kidn"}, 422, "target_not_found"),
            ({"target": "size"}, 422, "target_missing_values"),
            ({"dataset": "nowhere"}, 422, "dataset_not_found"),
            ({"id": experiment}, 409, "experiment_exists"),
            ({"test_size": 2}, 422, "out_of_range"),
            ({"dry_run": "true"}, 422, "wrong_type"),
        ):
            asked = {"dataset": dataset, "target": "kind", "dry_run": True, **fields}
            assert_problem(story.create(**asked), status, code)


def test_a_part_without_a_row_is_refused(story: Story) -> None:
    rows = [[n, "ab"[n % 2]] for n in range(20)]
    asked = {"dataset": story.make_dataset(table(["x", "kind"], rows)), "target": "kind"}
    for dry_run in (True, False):
        answer = story.create(**asked, test_size=0.01, dry_run=dry_run)
        assert_problem(answer, 422, "too_few_rows")


def test_one_that_waits_holds_no_dataset(story: Story, tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        alone = Story(app.test_client())
        with worker(tmp_path):
            dataset = alone.make_dataset()
        asked = {"dataset": dataset, "target": "kind", "dry_run": True}
        ahead = {"Prefer": "respond-async"}
        assert alone.client.post("/v1/experiments", json=asked, headers=ahead).status_code == 202
        assert alone.client.delete(f"/v1/datasets/{dataset}").status_code == 204


def test_what_cannot_fit_is_refused(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        story = Story(app.test_client())
        with worker(tmp_path):
            dataset = story.make_dataset()
        with worker(tmp_path, GROVE_STEP_MEMORY=str(250 << 20)), unchanged(story, tmp_path):
            answer = story.create(dataset=dataset, target="kind", dry_run=True)
            problem = assert_problem(answer, 500, "out_of_memory")
            assert "GROVE_STEP_MEMORY" in problem["detail"]


def test_it_is_a_job_like_others(story: Story) -> None:
    asked = {"dataset": story.make_dataset(), "target": "kind", "dry_run": True}
    ahead = {"Prefer": "respond-async"}
    job = story.client.post("/v1/experiments", json=asked, headers=ahead)
    assert job.status_code == 202
    done = story.wait_for(job.json["id"], "succeeded")
    assert done["experiment"] is None
    assert done["result"]["dry_run"] is True
    assert list(done["result"]["estimate"]) == KEYS
