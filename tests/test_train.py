"""POST /v1/experiments/{id}/train."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from controllers.main import create_app
from services.setup import prepare
from tests.downloads import pipeline_of, split_of
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, fresh, settings_for, table, worker
from tests.traces import unchanged

ASYNC = {"Prefer": "respond-async"}
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
FILES = {"model.onnx", "model.pickle", "serving.json", "trees.npz"}


@pytest.fixture(scope="module")
def ready(app: Flask, _worker: None) -> str:
    """An experiment that no test of this file trains with success."""
    return Story(app.test_client()).make_experiment()


@pytest.fixture(scope="module")
def numbers(app: Flask, _worker: None) -> str:
    """An experiment on a target of numbers, some of them below zero."""
    rows = [[n % 7, n % 3, round((n % 7) * 1.5 - 2 + n / 97, 3)] for n in range(60)]
    body = table(["a", "b", "y"], rows)
    return Story(app.test_client()).make_experiment(body, target="y", type="regression")


def begin(story: Story, experiment: str, **params: Any) -> Any:
    address = f"/v1/experiments/{experiment}/train"
    return story.client.post(address, json=params, headers=ASYNC)


def test_a_version_is_trained(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    answer = story.train(experiment, n_estimators=12, max_depth=4)
    assert answer.status_code == 201
    version = answer.json
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


BIG = 10**9
T4 = {"n_estimators": [0, -1, "10", 1.5, BIG, None, True]}
T5 = {
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
    assert [each["pointer"] for each in body["errors"]] == ["/n_estimators", "/max_depth", "/colour"]


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
        pytest.param(lambda path: path.write_bytes(path.read_bytes() + b" "), "split_changed", id="T2"),
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


def jobs_of(story: Story, experiment: str) -> list[Any]:
    answer = story.client.get(f"/v1/jobs?experiment={experiment}&kind=train")
    items: list[Any] = answer.json["items"]
    return items


# A home without a worker: jobs stay as they are.


@pytest.fixture(scope="module")
def idle_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("idle")
    prepare(settings_for(folder))
    return folder


@pytest.fixture(scope="module")
def idle_app(idle_home: Path) -> Flask:
    return create_app(settings_for(idle_home))


@pytest.fixture(scope="module")
def waiting(idle_home: Path, idle_app: Flask) -> list[str]:
    """Experiments that are ready, once their worker is gone."""
    with worker(idle_home):
        story = Story(idle_app.test_client())
        return [story.make_experiment() for _ in range(4)]


@pytest.mark.parametrize("row", [pytest.param(None, id="T8")])
def test_one_at_a_time(idle_app: Flask, waiting: list[str], row: None) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[0]
    first = begin(story, experiment)
    assert first.status_code == 202
    assert first.headers["Location"] == first.json["links"]["self"]
    second = begin(story, experiment)
    assert_problem(second, 409, "train_running")
    assert second.headers["Location"] == first.headers["Location"]
    assert len(jobs_of(story, experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T8")])
def test_the_same_key_is_the_same_job(idle_app: Flask, waiting: list[str], row: None) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[1]
    address = f"/v1/experiments/{experiment}/train"

    def send(key: str, **params: Any) -> Any:
        headers = {**ASYNC, "Idempotency-Key": key}
        return story.client.post(address, json=params, headers=headers)

    first = send("one", max_depth=2)
    assert send("one", max_depth=2).json["id"] == first.json["id"]
    assert_problem(send("two", max_depth=2), 409, "train_running")
    assert_problem(send("one", max_depth=3), 422, "idempotency_key_reused")
    assert_problem(send("x" * 256), 422, "bad_idempotency_key")
    assert len(jobs_of(story, experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T9")])
def test_fifty_at_once(idle_app: Flask, waiting: list[str], row: None) -> None:
    experiment, answers = waiting[2], []
    barrier = threading.Barrier(50)

    def send() -> None:
        story = Story(idle_app.test_client())
        barrier.wait()
        answers.append(begin(story, experiment))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [each for each in answers if each.status_code == 202]
    refused = [each for each in answers if each.status_code != 202]
    assert (len(accepted), len(refused)) == (1, 49)
    for each in refused:
        assert_problem(each, 409, "train_running")
        assert each.headers["Location"] == accepted[0].headers["Location"]
    assert len(jobs_of(Story(idle_app.test_client()), experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T11")])
def test_deleted_while_it_waits(
    idle_app: Flask, idle_home: Path, waiting: list[str], row: None
) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[3]
    job = begin(story, experiment).json["id"]
    assert story.delete(experiment).status_code == 204
    assert story.job(job).json["state"] == "cancelled"
    assert_problem(story.get(experiment), 404, "experiment_not_found")
    assert_problem(story.train(experiment), 404, "experiment_not_found")


@pytest.mark.parametrize("row", [pytest.param(None, id="T11")])
def test_deleted_while_it_trains(story: Story, home: Path, row: None) -> None:
    with unchanged(story, home):
        data = story.make_dataset(flowers(2_000))
        experiment = story.make_experiment(dataset=data)
        job = begin(story, experiment, n_estimators=10_000).json["id"]
        story.wait_for(job, "running")
        assert story.delete(experiment).status_code == 204
        assert story.job(job).json["state"] == "cancelled"
        assert story.client.delete(f"/v1/datasets/{data}").status_code == 204
    assert_problem(story.get(experiment, "/versions"), 404, "experiment_not_found")


def test_while_it_is_split(idle_app: Flask, waiting: list[str]) -> None:
    story, experiment = Story(idle_app.test_client()), fresh("exp")
    dataset = story.get(waiting[0]).json["dataset"]
    fields = {"id": experiment, "dataset": dataset, "target": "kind"}
    created = story.client.post("/v1/experiments", json=fields, headers=ASYNC)
    assert created.status_code == 202
    assert_problem(story.train(experiment), 409, "not_split")


def test_answers_hold_no_nan(story: Story, numbers: str) -> None:
    answer = story.train(numbers, n_estimators=1, oob_score=True)
    assert answer.status_code == 201, answer.text

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(answer.text, parse_constant=refuse)
