"""POST /v1/experiments/{id}/predict with a CSV."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.forest.labels import winners
from tests.downloads import fetched, pipeline_of, rows_of_split
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, table
from tests.traces import unchanged

pytestmark = pytest.mark.no_database

CSV = "text/csv"
HEADER = "size,colour,wild,picked,petals\n"
ROSE = "5.1,red,true,2024-03-12,4\n"


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained(flowers(200, seed=4))


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, trained: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.predict(trained, FLOWER).status_code == 200


def send(story: Story, experiment: str, body: str | bytes, query: str = "", **headers: str) -> Any:
    """The answer, read to its end."""
    address = f"/v1/experiments/{experiment}/predict{query}"
    with story.client.post(address, data=body, content_type=CSV, headers=headers) as answer:
        answer.get_data()
        return answer


def frame_of(answer: TestResponse, **options: Any) -> pd.DataFrame:
    assert answer.status_code == 200, answer.text
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(answer.data), **options)
    return frame


def warnings_of(answer: TestResponse) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads(answer.headers.get("Grove-Warnings", "[]"))
    return told


def test_a_csv_is_predicted(story: Story, trained: str, home: Path) -> None:
    with unchanged(story, home):
        answer = send(story, trained, HEADER + ROSE + ",,,,\n")
    assert answer.mimetype == CSV
    assert answer.headers["Grove-Version"] == "1"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Grove-Warnings" not in answer.headers
    frame = frame_of(answer)
    predicted = ["prediction", "probability_rose", "probability_tulip"]
    assert list(frame) == [*HEADER.strip().split(","), *predicted]
    assert frame["size"].tolist()[0] == 5.1
    assert len(frame) == 2


def test_as_the_pickle_predicts(story: Story, trained: str) -> None:
    rows = rows_of_split(story, trained, "test")
    pipeline = pipeline_of(story, trained)
    answer = frame_of(send(story, trained, fetched(story, trained, "/splits/test")))
    assert answer[list(rows)].equals(rows)
    shares = answer[["probability_rose", "probability_tulip"]].to_numpy()
    expected = pipeline.predict_proba(rows)
    assert np.abs(shares - expected).max() <= 1e-6
    assert answer["prediction"].tolist() == pipeline.classes_[winners(shares)].tolist()


def test_as_json_predicts(story: Story, trained: str) -> None:
    row = {"size": 5.1, "colour": "red", "wild": True, "picked": "2024-03-12", "petals": 4}
    (told,) = story.predict(trained, row).json["predictions"]
    frame = frame_of(send(story, trained, HEADER + ROSE))
    assert frame["prediction"][0] == told["label"]
    for name, share in told["probabilities"].items():
        assert frame[f"probability_{name}"][0] == share


def test_numbers_are_predicted(story: Story) -> None:
    body = table(["a", "y"], [[n, n * 1.5 - 7] for n in range(60)])
    experiment = story.make_trained(body, target="y", type="regression")
    rows = rows_of_split(story, experiment, "test")
    frame = frame_of(send(story, experiment, fetched(story, experiment, "/splits/test")))
    assert list(frame) == ["a", "y", "prediction"]
    expected = pipeline_of(story, experiment).predict(rows)
    assert np.abs(frame["prediction"] - expected).max() <= 1e-5 * rows["y"].std()


def test_labels_as_they_stand_in_the_table(story: Story) -> None:
    for labels in (("true", "false"), ("1", "2"), ("yes", "no"), ("0.5", "1.5")):
        body = table(["a", "kind"], [[n % 2, labels[n % 2]] for n in range(40)])
        experiment = story.make_trained(body)
        frame = frame_of(send(story, experiment, "a\n0\n1\n"), dtype=str)
        assert list(frame["prediction"]) == list(labels)
        assert set(frame.columns) >= {f"probability_{label}" for label in labels}


def test_more_columns_in_another_order_are_kept(story: Story, trained: str) -> None:
    body = "id,petals,wild,picked,size,colour\n007,4,true,2024-03-12,5.1,red\n"
    frame = frame_of(send(story, trained, body), dtype=str)
    assert list(frame)[:6] == ["id", "petals", "wild", "picked", "size", "colour"]
    assert frame["id"][0] == "007"
    assert frame["prediction"][0] == frame_of(send(story, trained, HEADER + ROSE))["prediction"][0]


def test_what_was_predicted_before_is_kept(story: Story, trained: str) -> None:
    once = send(story, trained, HEADER + ROSE)
    again = frame_of(send(story, trained, once.data))
    names = ["prediction", "probability_rose", "probability_tulip"]
    assert list(again)[5:] == [*names, *(f"{name}_" for name in names)]
    assert again["prediction"][0] == again["prediction_"][0]


def test_what_a_spreadsheet_would_run_is_disarmed(story: Story, trained: str) -> None:
    body = HEADER.replace("size", "note,size") + "=cmd|' /C calc'!A0," + ROSE
    assert frame_of(send(story, trained, body))["note"][0] == "'=cmd|' /C calc'!A0"


def test_a_csv_is_read_as_it_is_said(story: Story, trained: str) -> None:
    body = (HEADER + ROSE).replace(",", ";").replace("red", "café")
    answer = send(story, trained, body.encode("latin-1"), "?delimiter=%3B&encoding=latin-1")
    assert frame_of(answer)["colour"][0] == "café"


def test_missing_values_are_marked_as_in_the_table(story: Story) -> None:
    rows = [["" if n % 5 else "-", ("NA", "DE")[n % 2], n % 2] for n in range(60)]
    name = story.make_dataset(
        table(
            ["x", "land", "kind"],
            [[n if x else x, land, kind] for n, (x, land, kind) in enumerate(rows)],
        ),
        missing_values="-",
    )
    experiment = story.make_trained(dataset=name)
    answer = send(story, experiment, "x,land\n-,NA\n3,DE\n")
    assert frame_of(answer)["prediction"].tolist() == [0, 1]
    assert warnings_of(answer) == []
    assert_problem(
        send(story, experiment, "x,land\n-,NA\n", "?missing_values=NA"), 422, "wrong_type"
    )


@pytest.mark.parametrize("row", [pytest.param(None, id="P12")])
def test_an_unseen_category(story: Story, trained: str, home: Path, row: None) -> None:
    body = HEADER + ROSE + ROSE.replace("red", "whight")
    with unchanged(story, home):
        answer = send(story, trained, body)
        (told,) = warnings_of(answer)
        assert (told["code"], told["column"]) == ("unseen_category", "colour")
        assert "'whight'; did you mean 'white'?" in told["message"]
        strict = send(story, trained, body, "?strict=true")
        assert_problem(strict, 422, "unseen_category", "/columns/colour")
    assert send(story, trained, HEADER + ROSE, "?strict=true").status_code == 200


def test_warnings_fit_a_header(story: Story) -> None:
    names = [f"c{n}" for n in range(60)]
    rows = [[*("ab"[(n + k) % 2] for k in range(60)), n % 2] for n in range(40)]
    experiment = story.make_trained(table([*names, "kind"], rows))
    strange = ["\N{SNOWMAN}" * 1_000 + str(n) for n in range(60)]
    answer = send(story, experiment, table(names, [strange]))
    assert answer.status_code == 200
    assert len(answer.headers["Grove-Warnings"]) < 3_000
    assert "more columns" in warnings_of(answer)[-1]["message"]
