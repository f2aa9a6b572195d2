"""Two versions on the same test rows, and promotion that asks for evidence."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, root_mean_squared_error

from services import comparing
from services.forest.resampling import CONFIDENCE
from services.worker import comparison
from services.worker.answers import Answers
from tests.downloads import rows_of_split
from tests.problems import assert_problem
from tests.story import PATIENT, Story, flowers, table
from tests.traces import unchanged


def compare(story: Story, experiment: str, versions: str) -> Any:
    path = f"/v1/experiments/{experiment}/compare"
    return story.client.get(path, query_string={"versions": versions}, headers=PATIENT)


def two(story: Story, body: str, weak: dict[str, Any], **fields: Any) -> str:
    """An experiment with a weak version and one that is not."""
    experiment = story.make_experiment(body, **fields)
    for params in (weak, {"n_estimators": 30}):
        assert story.train(experiment, **params).status_code == 201
    return experiment


WEAK = {"n_estimators": 1, "max_depth": 1, "max_features": 1, "random_state": 3}


def said(story: Story, experiment: str, number: int, rows: pd.DataFrame) -> Any:
    """What a version predicts of rows."""
    assert story.patch(experiment, {"active_version": number}).status_code == 200
    path = f"/v1/experiments/{experiment}/predict"
    sent = rows.to_csv(index=False)
    with story.client.post(path, data=sent, content_type="text/csv") as answer:
        return pd.read_csv(io.BytesIO(answer.get_data()))["prediction"].to_numpy()


def test_classes_are_compared_row_by_row(story: Story) -> None:
    experiment = two(story, flowers(800), WEAK)
    told = compare(story, experiment, "1,2").json
    rows = rows_of_split(story, experiment, "test")
    truth = rows["kind"].to_numpy()
    one, other = (said(story, experiment, number, rows) for number in (1, 2))
    assert told["rows"] == len(rows) == 160
    assert (told["versions"], told["confidence"]) == ([1, 2], CONFIDENCE)
    assert told["scores"] == pytest.approx(
        [accuracy_score(truth, one), accuracy_score(truth, other)]
    )
    f1 = [f1_score(truth, each, average="macro") for each in (one, other)]
    assert told["differences"]["f1"]["scores"] == pytest.approx(f1)
    assert told["verdict"] == "better"
    assert 0 < told["interval"][0] < told["difference"] < told["interval"][1]
    only = [
        int(((one == truth) & (other != truth)).sum()),
        int(((other == truth) & (one != truth)).sum()),
    ]
    assert told["test"]["right_only"] == only
    wanted = stats.binomtest(only[0], sum(only)).pvalue
    assert told["test"]["p_value"] == pytest.approx(wanted)
    assert compare(story, experiment, "2,1").json["verdict"] == "worse"


def test_numbers_are_compared_row_by_row(story: Story) -> None:
    pick = np.random.default_rng(0)
    a, b = pick.normal(size=400), pick.normal(size=400)
    body = table(["a", "b", "price"], zip(a, b, a * 3 + b, strict=True))
    experiment = two(story, body, WEAK, target="price", type="regression")
    told = compare(story, experiment, "1,2").json
    rows = rows_of_split(story, experiment, "test")
    truth = rows["price"].to_numpy()
    both = [said(story, experiment, number, rows) for number in (1, 2)]
    wanted = [root_mean_squared_error(truth, each) for each in both]
    assert told["scores"] == pytest.approx(wanted)
    assert told["interval"][0] < told["difference"] < told["interval"][1] < 0
    assert (told["score"], told["verdict"]) == ("rmse", "better")
    errors = [np.abs(truth - each) for each in both]
    p_value = stats.wilcoxon(errors[0] - errors[1], method="approx").pvalue
    assert told["test"]["p_value"] == pytest.approx(p_value, rel=1e-3)


def test_the_same_forest_is_not_better(story: Story) -> None:
    experiment = story.make_trained()
    assert story.train(experiment, n_estimators=10).status_code == 201
    told = compare(story, experiment, "1,2").json
    assert (told["difference"], told["interval"], told["verdict"]) == (0, [0, 0], "undecided")
    assert told["test"]["p_value"] == 1


def test_few_rows_are_no_evidence() -> None:
    """The interval of the bootstrap alone would say so of four rows that one version has right."""
    truth = np.zeros(43, np.int64)
    answers = []
    for wrong in (4, 0):
        scores = np.tile([1.0, 0.0], (43, 1))
        scores[:wrong] = [0.0, 1.0]
        rows = np.empty((0, 2), np.float32)
        answers.append(Answers(pa.chunked_array([truth]), truth, scores, rows, 1, rows))
    told = comparison._of_classes(*answers)
    assert told["interval"][0] > 0
    assert told["test"]["p_value"] == pytest.approx(0.125)
    assert comparison._verdict(told) == "undecided"


def test_it_is_done_once(story: Story) -> None:
    experiment = two(story, flowers(), WEAK)
    assert compare(story, experiment, "1,2").json == compare(story, experiment, "1,2").json
    jobs = story.client.get(f"/v1/jobs?kind=compare&experiment={experiment}").json["items"]
    assert len(jobs) == 1


def test_promotion_by_evidence(story: Story) -> None:
    experiment = two(story, flowers(800), WEAK)
    assert story.patch(experiment, {"active_version": 1}).status_code == 200
    told = story.patch(experiment, {"active_version": 2, "if_better": True}, **PATIENT).json
    assert told["active_version"] == 2
    again = story.patch(experiment, {"active_version": 2, "if_better": True}, **PATIENT)
    assert again.json["active_version"] == 2
    refused = story.patch(experiment, {"active_version": 1, "if_better": True}, **PATIENT)
    assert_problem(refused, 409, "not_better")
    assert "accuracy" in refused.json["detail"]
    assert story.get(experiment).json["active_version"] == 2
    assert story.patch(experiment, {"active_version": 1}, **PATIENT).status_code == 200


def test_evidence_is_about_what_serves(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version became active while the two were compared."""
    experiment = two(story, flowers(800), WEAK)
    assert story.patch(experiment, {"active_version": 1}).status_code == 200
    real = comparing.require_better

    def slow(job: Any) -> int:
        assert story.train(experiment, n_estimators=5).status_code == 201
        return real(job)

    monkeypatch.setattr(comparing, "require_better", slow)
    answer = story.patch(experiment, {"active_version": 2, "if_better": True}, **PATIENT)
    assert (answer.status_code, answer.json["code"]) == (409, "changed_meanwhile")
    assert story.get(experiment).json["active_version"] == 3


def test_the_first_version_needs_no_evidence(story: Story) -> None:
    experiment = story.make_trained()
    told = story.patch(experiment, {"active_version": 1, "if_better": True}, **PATIENT)
    assert told.status_code == 200


@pytest.mark.parametrize("versions", ["1", "1,1", "a,b", "1,2,3", "0,1", ""])
def test_what_is_no_pair(story: Story, home: Path, versions: str) -> None:
    experiment = story.make_trained()
    with unchanged(story, home):
        assert_problem(compare(story, experiment, versions), 422, "wrong_type")


def test_versions_that_are_not_there(story: Story) -> None:
    experiment = story.make_trained()
    assert_problem(compare(story, experiment, "1,2"), 404, "version_not_found")
    bad = story.patch(experiment, {"if_better": True})
    assert_problem(bad, 422, "required", "/active_version")
    none = story.patch(experiment, {"active_version": 9, "if_better": True})
    assert_problem(none, 422, "version_not_found", "/active_version")
