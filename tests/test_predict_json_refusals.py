"""What predict refuses in JSON."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, opened, settings_for
from tests.test_predict_json import post
from tests.traces import unchanged

LONG = 20  # seconds: two, on a machine that does nothing else


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained(flowers(150, seed=4))


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
        assert_problem(story.predict(experiment, FLOWER), 409, "not_trained")
    assert_problem(story.predict("nobody", FLOWER), 404, "experiment_not_found")


WRONG = [
    pytest.param({"size": "long"}, "wrong_type", id="P4"),
    pytest.param({"colour": 7}, "wrong_type", id="P4-number"),
    pytest.param({"picked": 20240312}, "wrong_type", id="P4-date"),
    pytest.param({"wild": "true"}, "wrong_type", id="P4-boolean"),
    pytest.param({"size": [1]}, "wrong_type", id="P4-list"),
    pytest.param({"size": {"a": 1}}, "wrong_type", id="P4-object"),
    pytest.param({"picked": "2024-02-30"}, "bad_date", id="P4-no-day"),
    pytest.param({"size": "1"}, "wrong_type", id="P5"),
    pytest.param({"size": True}, "wrong_type", id="P6"),
    pytest.param({"wild": 1}, "wrong_type", id="P6-boolean"),
    pytest.param({"size": 1e39}, "number_out_of_range", id="P9"),
    pytest.param({"size": -1e39}, "number_out_of_range", id="P9-below"),
    pytest.param({"petals": 2**63}, "number_out_of_range", id="P10"),
    pytest.param({"petals": -(2**63) - 1}, "number_out_of_range", id="P10-below"),
    pytest.param({"petals": 10**400}, "number_out_of_range", id="P10-400"),
    pytest.param({"colour": ""}, "bad_text", id="P26-empty"),
    pytest.param({"colour": "x" * 10**6}, "bad_text", id="P26-long"),
]


@pytest.mark.parametrize(("change", "code"), WRONG)
def test_wrong_values(story: Story, trained: str, home: Path, change: Any, code: str) -> None:
    (name,) = change
    with unchanged(story, home):
        answer = story.predict(trained, FLOWER, {**FLOWER, **change})
        assert_problem(answer, 422, code, f"/rows/1/{name}")
        assert len(answer.text) < 2_000
    assert story.predict(trained, FLOWER).status_code == 200


@pytest.mark.parametrize("row", [pytest.param(None, id="P2")])
def test_a_column_is_missing(story: Story, trained: str, row: None) -> None:
    lacking = {name: value for name, value in FLOWER.items() if name != "size"}
    assert_problem(story.predict(trained, lacking), 422, "missing_column", "/rows/0/size")
    misspelt = {**lacking, "siez": 5.1}
    body = assert_problem(story.predict(trained, misspelt), 422, "unknown_column", "/rows/0/siez")
    assert "did you mean 'size'" in body["errors"][0]["message"]
    assert ("/rows/0/size", "missing_column") in [(e["pointer"], e["code"]) for e in body["errors"]]


def test_all_that_is_wrong_is_told_at_once(story: Story, trained: str) -> None:
    answer = story.predict(trained, {**FLOWER, "size": "1", "wild": 0}, FLOWER, None, {})
    body = assert_problem(answer, 422, "wrong_type", "/rows/2")
    pointers = {each["pointer"] for each in body["errors"]}
    assert pointers == {
        "/rows/2",
        "/rows/0/size",
        "/rows/0/wild",
        *(f"/rows/3/{name}" for name in FLOWER),
    }
    many = assert_problem(story.predict(trained, *[{}] * 1_000), 422, "missing_column")
    assert len(many["errors"]) <= 101


@pytest.mark.parametrize(
    ("literal", "code"),
    [
        pytest.param(literal, "invalid_json", id=f"{row}-{literal[:9]}")
        for row, literal in [
            ("P8", "NaN"),
            ("P8", "Infinity"),
            ("P8", "-Infinity"),
            ("P8", "1e400"),
            ("P11", "7" * 5_000),
        ]
    ],
)
def test_what_is_no_json(story: Story, trained: str, home: Path, literal: str, code: str) -> None:
    body = json.dumps({"rows": [{**FLOWER, "size": 0.125}]}).replace("0.125", literal)
    with unchanged(story, home):
        assert_problem(post(story, trained, body), 400, code)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        pytest.param({"rows": [{}]}, "missing_column", "/rows/0/size", id="P14-empty"),
        pytest.param({"rows": [None]}, "wrong_type", "/rows/0", id="P14-null"),
        pytest.param({"rows": FLOWER}, "wrong_type", "/rows", id="P14-object"),
        pytest.param({"rows": None}, "null", "/rows", id="P14-rows-null"),
        pytest.param({"rows": "x"}, "wrong_type", "/rows", id="P14-text"),
        pytest.param({"rows": []}, "no_rows", "/rows", id="P14-none"),
        pytest.param({"rows": [[1, 2]]}, "wrong_type", "/rows/0", id="P14-lists"),
        pytest.param({}, "required", "/rows", id="P14-nothing"),
        pytest.param([FLOWER], "expected_object", "", id="P14-list"),
        pytest.param({"rows": [FLOWER], "strict": 1}, "wrong_type", "/strict", id="strict"),
        pytest.param({"rows": [FLOWER], "row": 1}, "unknown_field", "/row", id="unknown"),
    ],
)
def test_bad_bodies(story: Story, trained: str, body: Any, code: str, pointer: str) -> None:
    assert_problem(post(story, trained, json.dumps(body)), 422, code, pointer)


@pytest.mark.parametrize(
    ("number", "status"), [pytest.param(5, 200, id="P16"), pytest.param(6, 413, id="P15")]
)
def test_the_most_rows(home: Path, trained: str, number: int, status: int) -> None:
    other = Story(opened(settings_for(home, GROVE_MAX_ROWS="5")).test_client())
    answer = other.predict(trained, *[FLOWER] * number)
    assert answer.status_code == status
    if status == 413:
        assert_problem(answer, 413, "too_many_rows")


@pytest.mark.parametrize("row", [pytest.param(None, id="P15")])
def test_too_many_rows_take_no_memory(story: Story, trained: str, row: None) -> None:
    """As many as a body may hold take at most 25 times its size, and that while it is read."""
    body = json.dumps({"rows": [FLOWER] * 225_000}, separators=(",", ":")).encode()
    assert 15 * 2**20 < len(body) < 16 * 2**20
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        answer = post(story, trained, body)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert_problem(answer, 413, "too_many_rows")
    assert peak - before < 25 * len(body)
    assert after - before < len(body) / 10


@pytest.mark.parametrize("row", [pytest.param(None, id="P16")])
def test_ten_thousand_rows(story: Story, trained: str, row: None) -> None:
    began = time.monotonic()
    answer = story.predict(trained, *[FLOWER] * 10_000)
    assert len(answer.json["predictions"]) == 10_000
    assert time.monotonic() - began < LONG
    assert_problem(story.predict(trained, *[FLOWER] * 10_001), 413, "too_many_rows")


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([f"k{n}" for n in range(100_000)], id="P18"),
        pytest.param([str(n * (2**61 - 1)) for n in range(20_001)], id="P18-collisions"),
    ],
)
def test_very_many_keys(story: Story, trained: str, keys: list[str]) -> None:
    body = json.dumps({"rows": [dict.fromkeys(keys, 1)]})
    began = time.monotonic()
    answer = post(story, trained, body)
    assert time.monotonic() - began < LONG
    assert_problem(answer, 422, "too_many_keys")


@pytest.mark.parametrize("row", [pytest.param(None, id="P18")])
def test_many_unknown_columns(story: Story, trained: str, row: None) -> None:
    began = time.monotonic()
    answer = story.predict(trained, *[{f"k{n}": n for n in range(10_000)}] * 5)
    assert time.monotonic() - began < LONG
    assert_problem(answer, 422, "unknown_column", "/rows/0/k0")


@pytest.mark.parametrize("row", [pytest.param(None, id="P19")])
def test_duplicate_keys(story: Story, trained: str, row: None) -> None:
    twice = '{"rows": [{"size": 1, "size": 2}]}'
    assert_problem(post(story, trained, twice), 400, "duplicate_key")
    assert_problem(post(story, trained, '{"rows": [], "rows": []}'), 400, "duplicate_key")


@pytest.mark.parametrize("text", [r"\ud800", r"\u0000", r"a\udfffb"])
@pytest.mark.parametrize("row", [pytest.param(None, id="P20")])
def test_text_that_is_none(story: Story, trained: str, text: str, row: None) -> None:
    body = json.dumps({"rows": [{**FLOWER, "colour": "@"}]})
    answer = post(story, trained, body.replace("@", text))
    assert_problem(answer, 422, "bad_text", "/rows/0/colour")
    in_a_name = body.replace('"colour"', f'"{text}"')
    assert_problem(post(story, trained, in_a_name), 422, "bad_text")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=f"P21-{kind}")
        for kind in (
            None,
            "text/plain",
            "application/xml",
            "multipart/form-data",
            "application/json; charset=utf-16",
        )
    ],
)
def test_wrong_types(story: Story, trained: str, kind: str) -> None:
    body = json.dumps({"rows": [FLOWER]})
    answer = post(story, trained, body, content_type=kind)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "accept",
    [pytest.param(a, id=f"P22-{a}") for a in ("text/html", "image/png", "text/csv", "*/*;q=0")],
)
def test_not_acceptable(story: Story, trained: str, accept: str) -> None:
    answer = post(story, trained, json.dumps({"rows": [FLOWER]}), Accept=accept)
    assert_problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["application/json", "text/html, */*;q=0.1", "application/*"])
def test_acceptable(story: Story, trained: str, accept: str) -> None:
    answer = post(story, trained, json.dumps({"rows": [FLOWER]}), Accept=accept)
    assert answer.status_code == 200
