"""POST /v1/experiments/{id}/test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from sklearn import metrics

from tests.downloads import fetched, pipeline_of, split_of
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, table
from tests.tested import change_manifest, codes_of, normalized, send, strict
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
    "intervals",
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


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, trained: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.predict(trained, FLOWER).status_code == 200


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


def test_numbers(story: Story) -> None:
    rows = [[n % 7, n % 3, round((n % 7) * 1.5 - 2 + n / 97, 3)] for n in range(80)]
    body = table(["a", "b", "y"], rows)
    experiment = story.make_trained(body, target="y", type="regression")
    result = strict(story.test(experiment))["result"]
    assert list(result) == ["rows", "r2", "rmse", "mae", "intervals", "undefined", "warnings"]
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


@pytest.mark.parametrize("row", [pytest.param(None, id="E11")])
def test_another_scikit_learn(story: Story, app: Flask, row: None) -> None:
    """Neither predict nor test look at the pickle; what needs it says so."""
    experiment = story.make_trained()
    version = story.get(experiment, "/versions/1").json
    libraries = {**version["manifest"]["libraries"], "scikit-learn": "0.1"}
    change_manifest(app, version["job"], {**version["manifest"], "libraries": libraries})
    assert story.get(experiment, "/versions/1").json["manifest"]["libraries"] == libraries
    assert story.test(experiment).status_code == 200
    row_sent = {"size": 5, "colour": "red", "wild": True, "picked": None, "petals": 3}
    assert story.predict(experiment, row_sent).status_code == 200
    assert_problem(story.train(experiment, extend=1), 409, "model_version_mismatch")


@pytest.mark.parametrize("row", [pytest.param(None, id="E12")])
def test_rows_on_both_sides(story: Story, row: None) -> None:
    rows = [[n % 5, "ab"[n % 5 > 2]] for n in range(60)]
    experiment = story.make_trained(table(["x", "kind"], rows))
    answer = story.test(experiment)
    assert strict(answer)["result"]["accuracy"] == 1.0
    assert "identical_rows" in codes_of(answer)


def test_scores_of_few_rows(story: Story) -> None:
    """With one row, or one number in all, r2 is not defined: null, and the reason."""
    body = table(["a", "y"], [[n, n / 2] for n in range(40)])
    experiment = story.make_trained(body, target="y", type="regression")
    for sent in ("a,y\n3,2\n", "a,y\n3,2\n4,2\n"):
        result = strict(send(story, experiment, sent))["result"]
        assert (result["r2"], bool(result["undefined"]["r2"])) == (None, True)
        assert np.isfinite(result["rmse"])
