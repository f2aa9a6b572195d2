"""What test refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers
from tests.test_test import HEADER, ROSE, TULIP
from tests.tested import send
from tests.traces import unchanged


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    """An experiment with a version that tests of CSVs leave as it is."""
    return Story(app.test_client()).make_trained(flowers(150, seed=4))


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, trained: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.predict(trained, FLOWER).status_code == 200


@pytest.mark.parametrize("row", [pytest.param(None, id="E1")])
def test_before_train(story: Story, home: Path, row: None) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        assert_problem(story.test(experiment), 409, "not_trained")
        assert_problem(send(story, experiment, HEADER + ROSE), 409, "not_trained")
        assert_problem(story.test(experiment, version=1), 404, "version_not_found")
    assert story.client.get(f"/v1/jobs?experiment={experiment}&kind=test").json["total"] == 0


@pytest.mark.parametrize("row", [pytest.param(None, id="E2")])
def test_while_training(story: Story, row: None) -> None:
    experiment = story.make_experiment(flowers(2_000))
    address = f"/v1/experiments/{experiment}"
    slow = {"json": {"n_estimators": 10_000}, "headers": {"Prefer": "respond-async"}}
    job = story.client.post(f"{address}/train", **slow).json["id"]
    story.wait_for(job, "running")
    assert_problem(story.test(experiment), 409, "not_trained")
    assert story.client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    assert story.train(experiment, n_estimators=5).status_code == 201
    job = story.client.post(f"{address}/train", **slow).json["id"]
    story.wait_for(job, "running")
    assert story.test(experiment).json["version"] == 1
    assert story.job(job).json["state"] == "running"
    assert story.delete(experiment).status_code == 204


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", "csv_empty", id="E8-nothing"),
        pytest.param("\n\n", "csv_empty", id="E8-blank"),
        pytest.param(HEADER, "csv_empty", id="E8-header"),
        pytest.param(
            "size,colour,wild,picked,petals\n1,red,true,2024-01-01,3\n", "missing_column", id="E8"
        ),
        pytest.param(
            HEADER + ROSE.replace(",rose", ","), "target_missing_values", id="E8-no-label"
        ),
        pytest.param(HEADER.replace("size,", "") + ROSE[4:], "missing_column", id="E8-feature"),
        pytest.param(HEADER + ROSE.replace("5.1", "tall"), "wrong_type", id="E9"),
        pytest.param(HEADER + ROSE.replace("true", "maybe"), "wrong_type", id="E9-boolean"),
        pytest.param(HEADER + ROSE.replace("2024-03-12", "12.3.24"), "wrong_type", id="E9-date"),
        pytest.param(HEADER + ROSE.replace("5.1", "1e39"), "number_out_of_range", id="E9-range"),
        pytest.param(HEADER + ROSE.replace("5.1", "inf"), "non_finite", id="E9-infinite"),
        pytest.param(HEADER + ROSE.replace(",rose", ",rose,x"), "ragged_row", id="C6"),
        pytest.param(b"\x80\x04\x95" + bytes(40), "not_csv", id="C55"),
    ],
)
def test_bad_csvs(story: Story, trained: str, home: Path, body: Any, code: str) -> None:
    with unchanged(story, home):
        answer = send(story, trained, body)
        assert_problem(answer, answer.status_code, code)
        assert answer.status_code in {415, 422}
    assert send(story, trained, HEADER + ROSE).status_code == 200


def test_every_fault_of_a_csv_is_told(story: Story, trained: str) -> None:
    body = (
        HEADER
        + ROSE
        + ROSE.replace("5.1", "tall").replace("true", "maybe")
        + TULIP.replace("8", "x")
    )
    problem = assert_problem(send(story, trained, body), 422, "wrong_type", "/rows/1/size")
    pointers = [each["pointer"] for each in problem["errors"]]
    assert pointers == ["/rows/1/size", "/rows/1/wild", "/rows/2/petals"]


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        pytest.param(Path.unlink, "model_missing", id="E10-missing"),
        pytest.param(
            lambda path: path.write_bytes(b"other"), "model_integrity_failed", id="E10-hash"
        ),
    ],
)
@pytest.mark.parametrize("name", ["model.onnx", "serving.json"])
def test_the_model_is_not_as_it_was(
    story: Story, home: Path, harm: Any, code: str, name: str
) -> None:
    experiment = story.make_trained()
    harm((home / story.get(experiment).json["model_path"]).with_name(name))
    with unchanged(story, home):
        assert_problem(story.test(experiment), 409, code)
    assert story.get(experiment).json["result"] is None
    assert story.train(experiment, n_estimators=2).status_code == 201
    assert story.test(experiment).status_code == 200


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (Path.unlink, "split_missing"),
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "split_changed"),
    ],
)
def test_the_split_is_not_as_it_was(story: Story, home: Path, harm: Any, code: str) -> None:
    experiment = story.make_trained()
    harm(home / story.get(experiment).json["test_path"])
    with unchanged(story, home):
        assert_problem(story.test(experiment), 409, code)
    assert send(story, experiment, HEADER + ROSE + TULIP).status_code == 200


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"version": 0}, "out_of_range", "/version"),
        ({"version": "1"}, "wrong_type", "/version"),
        ({"version": True}, "wrong_type", "/version"),
        ({"version": None}, "null", "/version"),
        ({"versoin": 1}, "unknown_field", "/versoin"),
    ],
)
def test_bad_fields(story: Story, trained: str, fields: Any, code: str, pointer: str) -> None:
    assert_problem(story.test(trained, **fields), 422, code, pointer)


@pytest.mark.parametrize("number", [2, 2**31, 2**63 - 1])
def test_no_such_version(story: Story, trained: str, number: int) -> None:
    assert_problem(story.test(trained, version=number), 404, "version_not_found")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?version=x", "wrong_type"),
        ("?version=1&version=2", "repeated_parameter"),
        ("?verison=1", "unknown_parameter"),
        ("?delimiter=ab", "bad_delimiter"),
    ],
)
def test_bad_queries(story: Story, trained: str, home: Path, query: str, code: str) -> None:
    with unchanged(story, home):
        assert_problem(send(story, trained, HEADER + ROSE, query), 422, code)


@pytest.mark.parametrize(
    ("kind", "body"), [("text/plain", b"x"), (None, b"{}"), ("application/x-parquet", b"x")]
)
def test_bad_types(story: Story, trained: str, home: Path, kind: str | None, body: bytes) -> None:
    with unchanged(story, home):
        address = f"/v1/experiments/{trained}/test"
        answer = story.client.post(address, data=body, content_type=kind)
        assert_problem(answer, 415, "unsupported_media_type")


def test_no_such_experiment(story: Story, home: Path) -> None:
    with unchanged(story, home):
        assert_problem(story.test("nobody"), 404, "experiment_not_found")
        assert_problem(send(story, "nobody", HEADER + ROSE), 404, "experiment_not_found")
