"""POST /v1/experiments with JSON: an experiment on a dataset that the service keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.paths import SAMPLES
from tests.problems import assert_problem
from tests.requests import UNSPLITTABLE, WRONG_FIELDS, WRONG_JSON
from tests.story import Story, fresh
from tests.tables import PLAIN, READABLE, Read, with_column
from tests.traces import unchanged

KEYS = [
    "id",
    "type",
    "status",
    "dataset",
    "target",
    "features",
    "classes",
    "train_path",
    "test_path",
    "calibration_path",
    "train_rows",
    "test_rows",
    "calibration_rows",
    "model_path",
    "active_version",
    "result",
    "warnings",
    "description",
    "test_size",
    "calibration_size",
    "split_column",
    "random_state",
    "stratify",
    "exclude",
    "created_at",
    "updated_at",
    "links",
]


def test_an_experiment_is_split_at_once(story: Story, home: Path) -> None:
    name, given = story.make_dataset(), fresh("exp")
    answer = story.create(id=given, dataset=name, target="kind", description="flowers")
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert list(told) == KEYS
    assert answer.headers["Location"] == told["links"]["self"] == f"/v1/experiments/{given}"
    assert answer.headers["ETag"]
    assert (told["id"], told["type"], told["status"]) == (given, "classification", "ready")
    assert (told["dataset"], told["target"], told["description"]) == (name, "kind", "flowers")
    assert told["features"] == ["size", "colour", "wild", "picked", "petals"]
    assert told["classes"] == ["rose", "tulip"]
    assert (told["train_rows"], told["test_rows"], told["calibration_rows"]) == (48, 12, None)
    assert (told["active_version"], told["model_path"], told["result"]) == (None, None, None)
    assert (told["test_size"], told["calibration_size"], told["random_state"]) == (0.2, 0, 0)
    assert (told["split_column"], told["stratify"], told["exclude"]) == (None, True, [])
    assert pq.read_table(home / told["train_path"]).num_rows == 48
    assert pq.read_table(home / told["test_path"]).num_rows == 12
    assert story.get(given).json == told


def test_an_id_is_made_up(story: Story) -> None:
    name = story.make_dataset()
    ids = [story.create(dataset=name, target="kind").json["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    assert all(story.get(each).status_code == 200 for each in ids)


def test_every_option(story: Story) -> None:
    chosen: dict[str, Any] = {
        "test_size": 0.25,
        "calibration_size": 0.2,
        "random_state": 2**32 - 1,
        "stratify": False,
        "exclude": ["wild"],
        "features": ["size", "wild", "petals"],
    }
    told = story.get(story.make_experiment(**chosen)).json
    assert {name: told[name] for name in chosen} == {**chosen, "features": ["size", "petals"]}
    assert (told["train_rows"], told["calibration_rows"], told["test_rows"]) == (36, 9, 15)


def test_regression(story: Story) -> None:
    told = story.get(story.make_experiment(type="regression", target="petals")).json
    assert (told["type"], told["classes"], told["stratify"]) == ("regression", [], False)
    assert (told["train_rows"], told["test_rows"]) == (48, 12)


def test_an_id_in_use(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    name = story.get(experiment).json["dataset"]
    with unchanged(story, home):
        answer = story.create(id=experiment, dataset=name, target="kind")
        assert_problem(answer, 409, "experiment_exists")


def test_the_answer_does_not_wait_where_it_shall_not(story: Story) -> None:
    fields = {"id": fresh("exp"), "dataset": story.make_dataset(), "target": "kind"}
    answer = story.client.post("/v1/experiments", json=fields, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.json["kind"]) == (202, "split")
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    story.wait_for(answer.json["id"], "succeeded")
    assert story.get(fields["id"]).json["status"] == "ready"


@pytest.mark.parametrize("case", UNSPLITTABLE)
def test_what_cannot_be_split(story: Story, home: Path, case: str) -> None:
    body, fields, code, pointer = UNSPLITTABLE[case]
    name, given = story.make_dataset(body), fresh("exp")
    with unchanged(story, home):
        answer = story.create(**{"id": given, "dataset": name, "target": "kind", **fields})
        assert_problem(answer, 422, code, pointer)
        assert_problem(story.get(given), 404, "experiment_not_found")
    (job,) = story.client.get(f"/v1/jobs?experiment={given}").json["items"]
    assert (job["state"], job["error"]["code"]) == ("failed", code)
    assert story.create(id=given, dataset="glass", target="Type").status_code == 201


@pytest.mark.parametrize("case", [*WRONG_FIELDS, *WRONG_JSON])
def test_fields_that_are_wrong(story: Story, home: Path, case: str) -> None:
    fields, code, pointer = {**WRONG_FIELDS, **WRONG_JSON}[case]
    with unchanged(story, home):
        answer = story.create(**{"dataset": "glass", "target": "Type", **fields})
        assert_problem(answer, 422, code, pointer)


def test_all_that_is_wrong_is_told_at_once(story: Story) -> None:
    answer = story.create(dataset="../x", test_size=2, test_sise=0.1, random_state="a")
    body = assert_problem(answer, 422, "required", "/target")
    assert {fault["pointer"]: fault["code"] for fault in body["errors"]} == {
        "/test_size": "out_of_range",
        "/random_state": "wrong_type",
        "/dataset": "bad_pattern",
        "/target": "required",
        "/test_sise": "unknown_field",
    }
    assert "did you mean 'test_size'" in body["errors"][-1]["message"]


def test_all_that_does_not_fit_the_table_is_told_at_once(story: Story) -> None:
    answer = story.create(dataset="glass", target="Typ", exclude=["Si2"], split_column="RI")
    body = assert_problem(answer, 422, "target_not_found", "/target")
    assert [fault["code"] for fault in body["errors"]] == [
        "target_not_found",
        "split_value",
        "unknown_column",
    ]
    assert "did you mean 'Type'" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b'{"test_size": NaN}', 400, "invalid_json", id="C68-nan"),
        pytest.param(b'{"id": "a", "id": "b"}', 400, "duplicate_key", id="twice"),
        pytest.param(b"[]", 422, "expected_object", id="list"),
        pytest.param(b"", 400, "invalid_json", id="empty"),
    ],
)
def test_bodies_that_are_wrong(
    story: Story, home: Path, body: bytes, status: int, code: str
) -> None:
    with unchanged(story, home):
        answer = story.client.post("/v1/experiments", data=body, content_type="application/json")
        assert_problem(answer, status, code)


def test_a_body_of_another_kind(story: Story, home: Path) -> None:
    with unchanged(story, home):
        answer = story.client.post("/v1/experiments", data=PLAIN, content_type="text/csv")
        assert_problem(answer, 415, "unsupported_media_type")


def test_a_class_of_one_member_without_strata(story: Story) -> None:
    """C28."""
    body = UNSPLITTABLE["C28"][0]
    told = story.get(story.make_experiment(body, stratify=False)).json
    assert told["classes"] == ["rare", "x", "y"]
    assert told["train_rows"] + told["test_rows"] == 13


@pytest.mark.parametrize(
    ("case", "features"),
    [
        pytest.param("C29", ["size"], id="C29"),
        pytest.param("C30", ["a", "size"], id="C30"),
        pytest.param("C31", ["a", "size"], id="C31"),
        pytest.param("C48", ["a", "size"], id="C48"),
    ],
)
def test_warnings(story: Story, case: str, features: list[str]) -> None:
    told = story.get(story.make_experiment(READABLE[case].body)).json
    assert told["features"] == features
    warned = [(each["code"], each["column"]) for each in told["warnings"]]
    assert set(READABLE[case].warnings) <= set(warned)
    assert [list(each) for each in told["warnings"]] == [["code", "message", "column"]] * len(
        warned
    )


@pytest.mark.parametrize("case", READABLE.values(), ids=READABLE)
def test_whatever_is_read_can_be_split(story: Story, case: Read) -> None:
    name = story.make_dataset(case.body, **case.query)
    target = "c3" if case.first == "c1" else "kind"
    answer = story.create(dataset=name, target=target)
    assert answer.status_code == 201, answer.text
    assert answer.json["classes"] == ["x", "y"]
    assert answer.json["train_rows"] + answer.json["test_rows"] == case.rows


def test_formulas_leave_as_text(story: Story) -> None:
    """C20: a spreadsheet that opens the split runs nothing."""
    experiment = story.make_experiment(with_column("=cmd|' /C calc'!A0", "=1+1", "@x", "-3"))
    with story.get(experiment, "/splits/train") as answer:
        lines = answer.get_data(as_text=True).splitlines()
    assert lines[0] == "'=cmd|' /C calc'!A0,size,kind"
    assert {line.split(",")[0] for line in lines[1:]} == {"'=1+1", "'@x", "-3"}


@pytest.mark.parametrize(
    ("file", "target", "rows"),
    [("glass.csv", "Type", (171, 43)), ("breast_cancer.csv", "diagnosis", (456, 113))],
)
def test_the_samples(story: Story, file: str, target: str, rows: tuple[int, int]) -> None:
    told = story.get(story.make_experiment((SAMPLES / file).read_bytes(), target=target)).json
    assert abs(told["train_rows"] - rows[0]) <= 2
    assert told["train_rows"] + told["test_rows"] == sum(rows)


def test_a_split_that_was_tampered_with(story: Story, home: Path) -> None:
    """C64."""
    experiment = story.make_experiment()
    path = home / story.get(experiment).json["train_path"]
    path.write_bytes(path.read_bytes() + b"x")
    assert_problem(story.train(experiment), 409, "split_changed")
    path.unlink()
    assert_problem(story.train(experiment), 409, "split_missing")
    assert story.get(experiment).json["status"] == "ready"
