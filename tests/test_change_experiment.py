"""PATCH and PUT /v1/experiments/{id}: what may be changed, when, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from werkzeug.test import TestResponse

from tests.problems import assert_problem
from tests.requests import UNSPLITTABLE, WRONG_FIELDS, WRONG_JSON
from tests.story import FLOWER, Story, flowers, fresh
from tests.test_create_experiment import KEYS
from tests.traces import settled, unchanged

# An id cannot be changed at all; a stratified regression is told of as in a create.
WRONG = {
    name: case
    for name, case in {**WRONG_FIELDS, **WRONG_JSON}.items()
    if "id" not in case[0] and name != "no-dataset"
}
REFUSED = [name for name in UNSPLITTABLE if name.startswith(("C22", "C32-", "excl", "feat", "spl"))]


def put(story: Story, experiment: str, fields: Any, **headers: str) -> TestResponse:
    return story.client.put(f"/v1/experiments/{experiment}", json=fields, headers=headers)


def settings_of(told: dict[str, Any]) -> dict[str, Any]:
    """All but what any change changes."""
    return {name: value for name, value in told.items() if name not in {"updated_at", "links"}}


def test_a_description(story: Story) -> None:
    experiment = story.make_experiment(description="before")
    before = story.get(experiment)
    answer = story.patch(experiment, {"description": "after"})
    assert answer.status_code == 200, answer.text
    assert list(answer.get_json()) == KEYS
    assert settings_of(answer.get_json()) == {
        **settings_of(before.get_json()),
        "description": "after",
    }
    assert answer.headers["ETag"] != before.headers["ETag"]
    assert story.get(experiment).json == answer.get_json()


def test_the_split_is_made_anew(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    before = story.get(experiment).json
    count = len(settled(home))
    answer = story.patch(
        experiment, {"test_size": 0.5, "random_state": 9, "exclude": ["wild"], "stratify": False}
    )
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["status"], told["train_rows"], told["test_rows"]) == ("ready", 30, 30)
    assert (told["test_size"], told["random_state"], told["stratify"]) == (0.5, 9, False)
    assert told["features"] == ["size", "colour", "picked", "petals"]
    assert pq.read_table(home / told["test_path"]).num_rows == 30
    assert not (home / before["test_path"]).exists()
    assert len(settled(home)) == count


def test_another_dataset_and_target(story: Story) -> None:
    experiment = story.make_experiment()
    answer = story.patch(experiment, {"dataset": "glass", "target": "Type"})
    assert answer.status_code == 200, answer.text
    assert (answer.json["dataset"], answer.json["target"]) == ("glass", "Type")
    assert answer.json["classes"] == [1, 2, 3, 5, 6, 7]


def test_another_type_takes_its_own_default_of_stratify(story: Story) -> None:
    experiment = story.make_experiment()
    told = story.patch(experiment, {"type": "regression", "target": "petals"}).json
    assert (told["type"], told["stratify"], told["classes"]) == ("regression", False, [])
    told = story.patch(experiment, {"type": "classification", "target": "kind"}).json
    assert (told["type"], told["stratify"]) == ("classification", True)


def test_promotion_and_rollback(story: Story) -> None:
    experiment = story.make_trained()
    assert story.train(experiment, n_estimators=5).json["version"] == 2
    story.test(experiment)
    two = story.get(experiment).json
    answer = story.patch(experiment, {"active_version": 1})
    assert answer.status_code == 200, answer.text
    assert (answer.json["active_version"], answer.json["result"]) == (1, None)
    assert answer.json["model_path"] != two["model_path"]
    assert story.predict(experiment, FLOWER).json["version"] == 1
    again = story.patch(experiment, {"active_version": 2}).json
    assert (again["result"], again["model_path"]) == (two["result"], two["model_path"])
    assert story.predict(experiment, FLOWER).json["version"] == 2


@pytest.mark.parametrize("number", [2, 2**40, 2**63 - 1])
def test_a_version_that_is_not_there(story: Story, home: Path, number: int) -> None:
    experiment = story.make_trained()
    with unchanged(story, home):
        answer = story.patch(experiment, {"active_version": number, "description": "x"})
        assert_problem(answer, 422, "version_not_found", "/active_version")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"target": "wild"}, id="U2-target"),
        pytest.param({"dataset": "glass"}, id="U2-dataset"),
        pytest.param({"test_size": 0.3}, id="U2-test_size"),
        pytest.param({"random_state": 1}, id="U2-random_state"),
        pytest.param({"stratify": False}, id="U2-stratify"),
        pytest.param({"features": ["size"]}, id="U2-features"),
        pytest.param({"type": "regression", "target": "petals"}, id="U2-type"),
    ],
)
def test_the_split_under_a_version_is_fixed(
    story: Story, home: Path, trained: str, changes: dict[str, Any]
) -> None:
    with unchanged(story, home):
        answer = story.patch(trained, {"description": "x", **changes})
        assert_problem(answer, 409, "already_trained")
        whole = {"dataset": story.get(trained).json["dataset"], "target": "kind"}
        assert_problem(put(story, trained, {**whole, **changes}), 409, "already_trained")


def test_the_same_split_under_a_version_is_no_change(story: Story, trained: str) -> None:
    before = story.get(trained).json
    same = {name: before[name] for name in ("dataset", "target", "test_size", "stratify", "type")}
    assert story.patch(trained, same).json == before
    assert put(story, trained, {"dataset": before["dataset"], "target": "kind"}).json == before


@pytest.fixture(scope="module")
def _trained() -> dict[str, str]:
    return {}


@pytest.fixture
def trained(story: Story, _trained: dict[str, str]) -> str:
    """An experiment with one version, for tests that leave it as it is."""
    if not _trained:
        _trained["id"] = story.make_trained()
    return _trained["id"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(
    "body", [pytest.param("[]", id="U6-list"), pytest.param("null", id="U6-null")]
)
def test_bodies_that_are_no_object(story: Story, home: Path, method: str, body: str) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        answer = story.client.open(
            f"/v1/experiments/{experiment}",
            method=method,
            data=body,
            content_type="application/json",
        )
        assert_problem(answer, 422, "expected_object")


def test_nothing_to_change(story: Story, home: Path) -> None:
    """U6: {} is no change, and no new revision."""
    experiment = story.make_experiment()
    before = story.get(experiment)
    with unchanged(story, home):
        answer = story.patch(experiment, {})
        assert (answer.status_code, answer.json) == (200, before.json)
        assert answer.headers["ETag"] == before.headers["ETag"]


@pytest.mark.parametrize("case", WRONG)
def test_fields_that_are_wrong(story: Story, home: Path, trained: str, case: str) -> None:
    fields, code, pointer = WRONG[case]
    with unchanged(story, home):
        assert_problem(story.patch(trained, fields), 422, code, pointer)
        whole = {"dataset": "glass", "target": "Type"}
        assert_problem(put(story, trained, {**whole, **fields}), 422, code, pointer)


@pytest.mark.parametrize("case", REFUSED)
def test_a_split_that_cannot_be_made(story: Story, home: Path, case: str) -> None:
    """All of the change is refused, and the old split stays."""
    body, fields, code, pointer = UNSPLITTABLE[case]
    experiment = story.make_experiment(body)
    with unchanged(story, home):
        answer = story.patch(experiment, {"description": "x", **fields})
        assert_problem(answer, 422, code, pointer)
    assert story.train(experiment, n_estimators=5).status_code == 201


def test_a_dataset_that_is_not_there(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        answer = story.patch(experiment, {"dataset": "nowhere"})
        assert_problem(answer, 422, "dataset_not_found", "/dataset")


def test_put_takes_defaults_for_what_is_left_out(story: Story) -> None:
    experiment = story.make_experiment(
        description="x", test_size=0.5, random_state=3, stratify=False, exclude=["wild"]
    )
    name = story.get(experiment).json["dataset"]
    answer = put(story, experiment, {"id": experiment, "dataset": name, "target": "kind"})
    assert answer.status_code == 200, answer.text
    plain = story.get(story.make_experiment(dataset=name)).json
    mine = {"id", "train_path", "test_path", "created_at", "updated_at", "links"}
    assert {k: v for k, v in answer.json.items() if k not in mine} == {
        k: v for k, v in plain.items() if k not in mine
    }


def test_put_of_another_id(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        body = {"id": fresh("other"), "dataset": "glass", "target": "Type"}
        assert_problem(put(story, experiment, body), 422, "id_fixed", "/id")
        assert_problem(put(story, experiment, {"dataset": "glass"}), 422, "required", "/target")
        assert_problem(story.patch(experiment, {"id": "x"}), 422, "unknown_field", "/id")


def test_a_change_while_a_training_runs(story: Story) -> None:
    experiment = story.make_experiment(flowers(3_000))
    job = story.client.post(
        f"/v1/experiments/{experiment}/train",
        json={"n_estimators": 5_000},
        headers={"Prefer": "respond-async"},
    ).json["id"]
    answer = story.patch(experiment, {"test_size": 0.3})
    assert_problem(answer, 409, "train_running")
    assert answer.headers["Location"] == f"/v1/jobs/{job}"
    assert story.patch(experiment, {"description": "allowed"}).status_code == 200
    assert story.client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    assert story.patch(experiment, {"test_size": 0.3}).status_code == 200
