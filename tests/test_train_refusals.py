"""What train refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, table
from tests.test_train import jobs_of
from tests.traces import unchanged


@pytest.fixture(scope="module")
def ready(app: Flask, _worker: None) -> str:
    """An experiment that no test of this file trains with success."""
    return Story(app.test_client()).make_experiment()


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, ready: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.get(ready, "/versions").get_json() == {"items": []}


@pytest.fixture(scope="module")
def numbers(app: Flask, _worker: None) -> str:
    """An experiment on a target of numbers, some of them below zero."""
    rows = [[n % 7, n % 3, round((n % 7) * 1.5 - 2 + n / 97, 3)] for n in range(60)]
    body = table(["a", "b", "y"], rows)
    return Story(app.test_client()).make_experiment(body, target="y", type="regression")


BIG = 10**9
T4: dict[str, list[Any]] = {"n_estimators": [0, -1, "10", 1.5, BIG, None, True]}
T5: dict[str, list[Any]] = {
    "max_depth": [0, -1, BIG, "3", True],
    "min_samples_split": [1, 0, 1.5, None],
    "max_features": [0, 2.0, 99, "auto", -1],
    "min_samples_leaf": [0, 1.0, -0.5],
    "max_samples": [0, 1.5, 10_000],
    "max_leaf_nodes": [1, 2**40],
    "random_state": [-1, 2**32, "a", 1.5, None],
    "ccp_alpha": [-0.1],
    "criterion": ["mse", "squared_error", 1],
    "bootstrap": ["true", 1],
}
T6 = ["n_estimatorz", "n_jobs", "__class__", "pre_dispatch", "warm_start", "verbose"]


def cases(row: str, table: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(name, value, id=f"{row}-{name}={value}")
        for name, values in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("name", "value"), cases("T4", T4) + cases("T5", T5))
def test_values_out_of_place(story: Story, ready: str, home: Path, name: str, value: Any) -> None:
    with unchanged(story, home):
        answer = story.train(ready, **{name: value})
        code = answer.json["code"]
        assert_problem(answer, 422, code, f"/{name}")
    assert jobs_of(story, ready) == []


@pytest.mark.parametrize("name", [pytest.param(name, id=f"T6-{name}") for name in T6])
def test_unknown_hyper_parameters(story: Story, ready: str, home: Path, name: str) -> None:
    with unchanged(story, home):
        body = assert_problem(story.train(ready, **{name: BIG}), 422, "unknown_field", f"/{name}")
    if name == "n_estimatorz":
        assert "did you mean 'n_estimators'" in body["errors"][0]["message"]


def test_all_that_is_wrong_is_told_at_once(story: Story, ready: str) -> None:
    answer = story.train(ready, n_estimators=0, max_depth="3", colour=1)
    body = assert_problem(answer, 422, "out_of_range", "/n_estimators")
    assert [each["pointer"] for each in body["errors"]] == [
        "/n_estimators",
        "/max_depth",
        "/colour",
    ]


@pytest.mark.parametrize(
    ("params", "code", "pointer"),
    [
        ({"oob_score": True, "bootstrap": False}, "needs_bootstrap", "/oob_score"),
        ({"max_samples": 5, "bootstrap": False}, "needs_bootstrap", "/max_samples"),
        ({"class_weight": {"rose": 1}}, "missing_label", "/class_weight"),
        ({"class_weight": {"rose": 1, "tulip": 1, "dandelion": 1}}, "unknown_label", None),
        ({"class_weight": {"rose": 0, "tulip": 1}}, "out_of_range", "/class_weight/rose"),
        ({"class_weight": "unfair"}, "unknown_choice", "/class_weight"),
        ({"monotonic_cst": {"sise": 1}}, "unknown_column", "/monotonic_cst/sise"),
        ({"monotonic_cst": {"size": 2}}, "out_of_range", "/monotonic_cst/size"),
    ],
)
def test_what_does_not_go_together(
    story: Story, ready: str, home: Path, params: Any, code: str, pointer: str | None
) -> None:
    with unchanged(story, home):
        assert_problem(story.train(ready, **params), 422, code, pointer)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"class_weight": "balanced"}, "unknown_field"),
        ({"criterion": "gini"}, "unknown_choice"),
        ({"criterion": "poisson"}, "target_negative"),
    ],
)
def test_what_is_not_for_numbers(story: Story, numbers: str, params: Any, code: str) -> None:
    assert_problem(story.train(numbers, **params), 422, code)


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 422, "expected_object"),
        (b'{"n_estimators": NaN}', "application/json", 400, "invalid_json"),
        (b'{"max_depth": 1, "max_depth": 2}', "application/json", 400, "duplicate_key"),
        (b'{"ccp_alpha": 1e400}', "application/json", 400, "invalid_json"),
        (b"n_estimators=3", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", None, 415, "unsupported_media_type"),
    ],
)
def test_bad_bodies(
    story: Story, ready: str, body: bytes, kind: str | None, status: int, code: str
) -> None:
    address = f"/v1/experiments/{ready}/train"
    assert_problem(story.client.post(address, data=body, content_type=kind), status, code)
    assert jobs_of(story, ready) == []


def test_no_such_experiment(story: Story) -> None:
    assert_problem(story.train("nobody"), 404, "experiment_not_found")


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        pytest.param(Path.unlink, "split_missing", id="T1"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes() + b" "), "split_changed", id="T2"
        ),
    ],
)
def test_the_split_is_not_as_it_was(story: Story, home: Path, harm: Any, code: str) -> None:
    experiment = story.make_experiment()
    harm(home / story.get(experiment).json["train_path"])
    with unchanged(story, home):
        answer = story.train(experiment)
        assert_problem(answer, 409, code)
    job = story.client.get(answer.headers["Location"]).json
    assert (job["state"], job["error"]["code"]) == ("failed", code)
    assert story.get(experiment).json["status"] == "ready"
    assert story.get(experiment, "/versions").json == {"items": []}


@pytest.mark.parametrize("row", [pytest.param(None, id="T20")])
def test_what_was_trained_outlives_a_failure(story: Story, home: Path, row: None) -> None:
    experiment = story.make_trained()
    before = story.predict(experiment, FLOWER).json
    (home / story.get(experiment).json["train_path"]).unlink()
    with unchanged(story, home):
        assert_problem(story.train(experiment), 409, "split_missing")
    assert story.predict(experiment, FLOWER).json == before
    assert story.get(experiment).json["active_version"] == 1
    assert story.test(experiment).status_code == 200
