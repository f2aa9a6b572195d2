"""What predict refuses in CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, opened, settings_for
from tests.test_predict_csv import HEADER, ROSE, frame_of, send
from tests.traces import unchanged

pytestmark = pytest.mark.no_database


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained(flowers(200, seed=4))


@pytest.fixture(autouse=True)
def _nothing_is_left(story: Story, home: Path, trained: str) -> Iterator[None]:
    """After every refusal: no orphan file, and the next request is answered."""
    yield
    assert_no_orphans(home)
    assert story.predict(trained, FLOWER).status_code == 200


@pytest.mark.parametrize("row", [pytest.param(None, id="P1")])
def test_before_train(story: Story, home: Path, row: None) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        assert_problem(send(story, experiment, HEADER + ROSE), 409, "not_trained")
        assert_problem(send(story, "nobody", HEADER + ROSE), 404, "experiment_not_found")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        pytest.param(HEADER.replace("size", "siez") + ROSE, "missing_column", "/columns", id="P2"),
        pytest.param(
            HEADER + ROSE + ROSE.replace("5.1", "tall"), "wrong_type", "/rows/1/size", id="P4"
        ),
        pytest.param(HEADER + ROSE.replace("true", "2"), "wrong_type", "/rows/0/wild", id="P6"),
        pytest.param(HEADER + ROSE.replace("5.1", "NaN5"), "wrong_type", "/rows/0/size", id="P8"),
        pytest.param(
            HEADER + ROSE.replace("5.1", "Infinity"), "non_finite", "/rows/0/size", id="P8-inf"
        ),
        pytest.param(
            HEADER + ROSE.replace("5.1", "1e39"), "number_out_of_range", "/rows/0/size", id="P9"
        ),
        pytest.param(
            HEADER + ROSE.replace("5.1", "9" * 400), "non_finite", "/rows/0/size", id="P10"
        ),
        pytest.param("", "csv_empty", None, id="P14"),
        pytest.param(HEADER, "csv_empty", None, id="P14-header"),
        pytest.param(HEADER + "5.1,red\n", "ragged_row", None, id="C8"),
        pytest.param(HEADER + ROSE.replace("red", "r\0d"), "nul_byte", None, id="P20"),
        pytest.param(
            HEADER.encode() + b"5.1,r\xe9d,true,2024-03-12,4\n", "encoding_not_utf8", None, id="C12"
        ),
        pytest.param(HEADER.replace("colour", "size") + ROSE, "duplicate_column", None, id="P19"),
    ],
)
def test_bad_csvs(
    story: Story, trained: str, home: Path, body: Any, code: str, pointer: str | None
) -> None:
    with unchanged(story, home):
        assert_problem(send(story, trained, body), 422, code, pointer)
    assert send(story, trained, HEADER + ROSE).status_code == 200


def test_the_last_row_of_many_is_looked_at(story: Story, trained: str, home: Path) -> None:
    """An answer that has begun could not be taken back: nothing is sent before all is read."""
    body = HEADER + ROSE * 30_000 + ROSE.replace("4\n", "four\n")
    with unchanged(story, home):
        assert_problem(send(story, trained, body), 422, "wrong_type", "/rows/30000/petals")
        assert len(frame_of(send(story, trained, HEADER + ROSE * 30_000))) == 30_000


def test_the_faults_told_are_bounded(story: Story, trained: str) -> None:
    body = HEADER + ROSE.replace("5.1", "tall") * 5_000
    problem = assert_problem(send(story, trained, body), 422, "wrong_type", "/rows/0/size")
    assert len(problem["errors"]) <= 100


@pytest.mark.parametrize(
    "accept", [pytest.param(a, id=f"P22-{a}") for a in ("text/html", "application/json")]
)
def test_not_acceptable(story: Story, trained: str, accept: str) -> None:
    answer = send(story, trained, HEADER + ROSE, Accept=accept)
    assert_problem(answer, 406, "not_acceptable")


def test_compressed(story: Story, trained: str) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = send(story, trained, HEADER + ROSE, **headers)
    assert_problem(answer, 415, "unsupported_media_type")
    answer = send(story, trained, b"\x1f\x8b\x08\x00" + bytes(30))
    assert_problem(answer, answer.status_code, "compressed_upload")
    assert answer.status_code in {415, 422}


def test_over_the_limit(home: Path, trained: str, story: Story) -> None:
    small = Story(opened(settings_for(home, GROVE_MAX_UPLOAD="1K")).test_client())
    with unchanged(story, home):
        assert_problem(send(small, trained, HEADER + ROSE * 100), 413, "too_large")
    assert send(small, trained, HEADER + ROSE).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?strict=yes", "wrong_type"),
        ("?strict=true&strict=true", "repeated_parameter"),
        ("?srtict=true", "unknown_parameter"),
    ],
)
def test_bad_queries(story: Story, trained: str, home: Path, query: str, code: str) -> None:
    with unchanged(story, home):
        assert_problem(send(story, trained, HEADER + ROSE, query), 422, code)


@pytest.mark.parametrize("row", [pytest.param(None, id="P25")])
def test_the_export_is_another(story: Story, home: Path, row: None) -> None:
    experiment = story.make_trained()
    (home / story.get(experiment).json["model_path"]).with_name("model.onnx").write_bytes(b"x")
    with unchanged(story, home):
        assert_problem(send(story, experiment, HEADER + ROSE), 409, "model_integrity_failed")
