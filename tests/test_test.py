"""POST /v1/experiments/{id}/test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask
from sklearn import metrics
from werkzeug.test import TestResponse

from models import Version, db, writing
from tests.downloads import fetched, pipeline_of, split_of
from tests.problems import assert_problem
from tests.story import Story, flowers, table
from tests.traces import unchanged

CSV = "text/csv"
KEYS = [
    "rows",
    "accuracy",
    "f1",
    "f1_weighted",
    "precision",
    "recall",
    "roc_auc",
    "log_loss",
    "confusion_matrix",
    "report",
    "undefined",
    "warnings",
]
HEADER = "size,colour,wild,picked,petals,kind\n"
ROSE = "5.1,red,true,2024-03-12,4,rose\n"
TULIP = "7.3,yellow,false,2024-05-20,8,tulip\n"


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    """An experiment with a version that tests of CSVs leave as it is."""
    return Story(app.test_client()).make_trained(flowers(150, seed=4))


def send(story: Story, experiment: str, body: str | bytes, query: str = "") -> TestResponse:
    address = f"/v1/experiments/{experiment}/test{query}"
    return story.client.post(address, data=body, content_type=CSV)


def codes_of(answer: TestResponse) -> list[str]:
    return [each["code"] for each in answer.json["result"]["warnings"]]


def strict(answer: TestResponse) -> Any:
    """The body, which holds neither NaN nor an infinity."""
    assert answer.status_code == 200, answer.text

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(answer.text, parse_constant=refuse)


def test_a_version_is_tested(story: Story) -> None:
    experiment = story.make_trained(flowers(100))
    answer = story.test(experiment)
    assert list(strict(answer)) == ["experiment", "version", "result"]
    assert (answer.json["experiment"], answer.json["version"]) == (experiment, 1)
    result = answer.json["result"]
    assert list(result) == KEYS
    assert result["rows"] == 20
    assert story.get(experiment).json["result"] == result
    assert story.get(experiment, "/versions/1").json["result"] == result
    jobs = story.client.get(f"/v1/jobs?experiment={experiment}&kind=test").json["items"]
    assert [(job["state"], job["result"]) for job in jobs] == [("succeeded", answer.json)]
    assert story.test(experiment).json == answer.json


def test_the_scores_are_scikit_learns(story: Story) -> None:
    experiment = story.make_trained(flowers(200, seed=9))
    result = story.test(experiment).json["result"]
    rows, kinds = split_of(story, experiment, "test")
    pipeline = pipeline_of(story, experiment)
    shares, predicted = pipeline.predict_proba(rows), pipeline.predict(rows)
    macro = {"average": "macro"}
    expected = {
        "accuracy": metrics.accuracy_score(kinds, predicted),
        "f1": metrics.f1_score(kinds, predicted, **macro),
        "f1_weighted": metrics.f1_score(kinds, predicted, average="weighted"),
        "precision": metrics.precision_score(kinds, predicted, **macro),
        "recall": metrics.recall_score(kinds, predicted, **macro),
        "roc_auc": metrics.roc_auc_score(kinds, shares[:, 1]),
        "log_loss": metrics.log_loss(kinds, shares),
    }
    assert {name: result[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    confusion = metrics.confusion_matrix(kinds, predicted).tolist()
    assert result["confusion_matrix"] == {"labels": ["rose", "tulip"], "matrix": confusion}
    told = metrics.classification_report(kinds, predicted, output_dict=True)
    assert list(result["report"]) == ["rose", "tulip"]
    for name, each in result["report"].items():
        assert list(each) == ["precision", "recall", "f1", "support"]
        assert list(each.values()) == pytest.approx(list(told[name].values()))


def test_three_classes(story: Story) -> None:
    rows = [[n % 10 + n / 50, "abc"[n % 3] if n % 7 else "a"] for n in range(120)]
    experiment = story.make_trained(table(["x", "kind"], rows))
    result = strict(story.test(experiment))["result"]
    frame, kinds = split_of(story, experiment, "test")
    # Seven digits: the eighth and further ones of a mean over trees are noise that breaks ties.
    shares = pipeline_of(story, experiment).predict_proba(frame).round(7)
    expected = metrics.roc_auc_score(kinds, normalized(shares), multi_class="ovr")
    assert result["roc_auc"] == pytest.approx(expected, abs=1e-6)
    assert result["log_loss"] == pytest.approx(
        metrics.log_loss(kinds, normalized(shares)), abs=1e-6
    )


def normalized(shares: Any) -> Any:
    return shares / shares.sum(axis=1, keepdims=True)


def test_numbers(story: Story) -> None:
    rows = [[n % 7, n % 3, round((n % 7) * 1.5 - 2 + n / 97, 3)] for n in range(80)]
    body = table(["a", "b", "y"], rows)
    experiment = story.make_trained(body, target="y", type="regression")
    result = strict(story.test(experiment))["result"]
    assert list(result) == ["rows", "r2", "rmse", "mae", "undefined", "warnings"]
    frame, y = split_of(story, experiment, "test", "y")
    predicted = pipeline_of(story, experiment).predict(frame)
    expected = {
        "rows": len(y),
        "r2": metrics.r2_score(y, predicted),
        "rmse": metrics.root_mean_squared_error(y, predicted),
        "mae": metrics.mean_absolute_error(y, predicted),
    }
    assert {name: result[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert story.get(experiment).json["result"] == result


def test_a_version_by_its_number(story: Story) -> None:
    experiment = story.make_trained()
    story.train(experiment, n_estimators=1, max_depth=1, random_state=5)
    first = story.test(experiment, version=1)
    assert (first.status_code, first.json["version"]) == (200, 1)
    assert story.get(experiment).json["result"] is None  # the active one's is not known yet
    address = f"/v1/experiments/{experiment}/test?version=2"
    second = story.client.post(address)
    assert second.json["version"] == 2
    assert story.get(experiment).json["result"] == second.json["result"]
    assert story.get(experiment, "/versions/1").json["result"] == first.json["result"]


def test_a_csv_changes_nothing(story: Story, trained: str, home: Path) -> None:
    body = fetched(story, trained, "/splits/test")
    with unchanged(story, home):
        sent = send(story, trained, body)
        assert list(strict(sent)) == ["experiment", "version", "result"]
    assert story.get(trained, "/versions/1").json["result"] is None
    kept = story.test(trained).json
    assert sent.json["result"] == kept["result"]
    assert send(story, trained, body, "?version=1").json == sent.json


def test_a_csv_may_hold_more_columns_in_any_order(story: Story, trained: str) -> None:
    rows = [line.split(",") for line in (HEADER + ROSE + TULIP).split()]
    body = "\n".join(",".join([*reversed(row), "more"]) for row in rows) + "\n"
    assert send(story, trained, body).json == send(story, trained, HEADER + ROSE + TULIP).json


def test_a_csv_is_read_as_it_is_said(story: Story, trained: str) -> None:
    body = (HEADER + ROSE + TULIP).replace(",", ";").replace("red", "rouge-café")
    query = "?delimiter=%3B&encoding=latin-1"
    answer = send(story, trained, body.encode("latin-1"), query)
    assert answer.status_code == 200, answer.text


def test_missing_values_are_marked_as_in_the_table(story: Story) -> None:
    body = table(["x", "land", "kind"], [[n, ("NA", "DE")[n % 2], n % 2] for n in range(40)])
    name = story.make_dataset(body, missing_values="-")
    experiment = story.make_trained(dataset=name)
    answer = send(story, experiment, "x,land,kind\n1,NA,0\n-,DE,1\n")
    assert strict(answer)["result"]["accuracy"] == 1.0
    levels = pipeline_of(story, experiment)[0].transformers_[1][1][-1].categories[0].tolist()
    assert levels == ["", "DE", "NA"]


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


@pytest.mark.parametrize("row", [pytest.param(None, id="E4")])
def test_a_class_is_not_there(story: Story, home: Path, row: None) -> None:
    rows = [[n % 3, "abc"[n % 3]] for n in range(60)]
    experiment = story.make_trained(table(["x", "kind"], rows))
    with unchanged(story, home):
        answer = send(story, experiment, "x,kind\n0,a\n1,b\n0,a\n")
    result = strict(answer)["result"]
    assert result["report"]["c"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert result["roc_auc"] is None
    assert "'c'" in result["undefined"]["roc_auc"]
    assert "absent_classes" in codes_of(answer)
    assert result["accuracy"] == 1.0


@pytest.mark.parametrize("row", [pytest.param(None, id="E5")])
def test_one_class_only(story: Story, trained: str, home: Path, row: None) -> None:
    with unchanged(story, home):
        result = strict(send(story, trained, HEADER + ROSE * 3))["result"]
    assert result["roc_auc"] is None
    assert "one class only" in result["undefined"]["roc_auc"]


@pytest.mark.parametrize("row", [pytest.param(None, id="E6")])
def test_a_label_unseen_in_training(story: Story, trained: str, home: Path, row: None) -> None:
    with unchanged(story, home):
        answer = send(story, trained, HEADER + ROSE + TULIP.replace("tulip", "dandelion"))
    result = strict(answer)["result"]
    assert result["accuracy"] == 0.5
    assert result["confusion_matrix"]["labels"] == ["rose", "tulip", "dandelion"]
    (told,) = [each for each in result["warnings"] if each["code"] == "unseen_labels"]
    assert "'dandelion'" in told["message"]
    assert result["roc_auc"] is None
    assert result["log_loss"] is None


@pytest.mark.parametrize("row", [pytest.param(None, id="E6")])
def test_a_number_unseen_in_training(story: Story, row: None) -> None:
    body = table(["x", "kind"], [[n % 2, n % 2 + 1] for n in range(40)])
    experiment = story.make_trained(body)
    answer = send(story, experiment, "x,kind\n0,1\n1,2\n1,3\n")
    (told,) = [e for e in strict(answer)["result"]["warnings"] if e["code"] == "unseen_labels"]
    assert "'3'" in told["message"]
    assert answer.json["result"]["confusion_matrix"]["labels"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", "csv_empty", id="E8-nothing"),
        pytest.param("\n\n", "csv_empty", id="E8-blank"),
        pytest.param(HEADER, "csv_empty", id="E8-header"),
        pytest.param("size,colour,wild,picked,petals\n1,red,true,2024-01-01,3\n", "missing_column", id="E8"),
        pytest.param(HEADER + ROSE.replace(",rose", ","), "target_missing_values", id="E8-no-label"),
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
    body = HEADER + ROSE + ROSE.replace("5.1", "tall").replace("true", "maybe") + TULIP.replace("8", "x")
    problem = assert_problem(send(story, trained, body), 422, "wrong_type", "/rows/1/size")
    pointers = [each["pointer"] for each in problem["errors"]]
    assert pointers == ["/rows/1/size", "/rows/1/wild", "/rows/2/petals"]


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        pytest.param(Path.unlink, "model_missing", id="E10-missing"),
        pytest.param(lambda path: path.write_bytes(b"other"), "model_integrity_failed", id="E10-hash"),
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


@pytest.mark.parametrize("row", [pytest.param(None, id="E11")])
def test_another_scikit_learn(story: Story, app: Flask, row: None) -> None:
    """Neither predict nor test look at the pickle."""
    experiment = story.make_trained()
    version = story.get(experiment, "/versions/1").json
    libraries = {**version["manifest"]["libraries"], "scikit-learn": "0.1"}
    change_manifest(app, version["job"], {**version["manifest"], "libraries": libraries})
    assert story.get(experiment, "/versions/1").json["manifest"]["libraries"] == libraries
    assert story.test(experiment).status_code == 200
    row_sent = {"size": 5, "colour": "red", "wild": True, "picked": None, "petals": 3}
    assert story.predict(experiment, row_sent).status_code == 200


def change_manifest(app: Flask, job: str, manifest: dict[str, Any]) -> None:
    with app.app_context(), writing(db.session()):
        version = db.session.scalars(sa.select(Version).where(Version.job == job)).one()
        version.manifest = manifest


@pytest.mark.parametrize("row", [pytest.param(None, id="E12")])
def test_rows_on_both_sides(story: Story, row: None) -> None:
    rows = [[n % 5, "ab"[n % 5 > 2]] for n in range(60)]
    experiment = story.make_trained(table(["x", "kind"], rows))
    answer = story.test(experiment)
    assert strict(answer)["result"]["accuracy"] == 1.0
    assert "identical_rows" in codes_of(answer)


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


def test_scores_of_few_rows(story: Story) -> None:
    """With one row, or one number in all, r2 is not defined: null, and the reason."""
    body = table(["a", "y"], [[n, n / 2] for n in range(40)])
    experiment = story.make_trained(body, target="y", type="regression")
    for sent in ("a,y\n3,2\n", "a,y\n3,2\n4,2\n"):
        result = strict(send(story, experiment, sent))["result"]
        assert result["r2"] is None
        assert result["undefined"]["r2"]
        assert np.isfinite(result["rmse"])
