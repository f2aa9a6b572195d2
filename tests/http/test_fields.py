"""Values of the wrong type, size or name: all are told at once, each with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.problems import assert_problem


def post(client: FlaskClient, **fields: Any) -> Any:
    body = json.dumps(fields)
    return client.post("/v1/things", data=body, content_type="application/json")


WRONG = [
    ("test_size", 0, "out_of_range"),
    ("test_size", 1, "out_of_range"),
    ("test_size", -1, "out_of_range"),
    ("test_size", 1.5, "out_of_range"),
    ("test_size", 10**400, "out_of_range"),
    ("test_size", "0.2", "wrong_type"),
    ("test_size", True, "wrong_type"),
    ("test_size", None, "null"),
    ("test_size", [0.5], "wrong_type"),
    ("random_state", -1, "out_of_range"),
    ("random_state", 2**32, "out_of_range"),
    ("random_state", 10**400, "out_of_range"),
    ("random_state", "a", "wrong_type"),
    ("random_state", 1.5, "wrong_type"),
    ("random_state", 1.0, "wrong_type"),
    ("random_state", False, "wrong_type"),
    ("count", 2**63, "out_of_range"),
    ("count", -(2**63) - 1, "out_of_range"),
    ("stratify", 1, "wrong_type"),
    ("stratify", "true", "wrong_type"),
    ("stratify", None, "null"),
    ("type", "clasification", "unknown_choice"),
    ("type", 1, "wrong_type"),
    ("type", "a" * 10_000, "unknown_choice"),
    ("target", "", "bad_length"),
    ("target", "a" * 101, "bad_length"),
    ("target", {}, "wrong_type"),
    ("id", "", "bad_pattern"),
    ("id", "../../x", "bad_pattern"),
    ("id", "A", "bad_pattern"),
    ("id", "a\n", "bad_pattern"),
    ("id", "a" * 65, "bad_pattern"),
    ("id", "-a", "bad_pattern"),
    ("id", "ä", "bad_pattern"),
    ("id", "٣", "bad_pattern"),
    ("id", 7, "wrong_type"),
    ("features", "a", "wrong_type"),
    ("features", {}, "wrong_type"),
    ("rows", None, "null"),
]


@pytest.mark.parametrize(("name", "value", "code"), WRONG)
def test_wrong_values(client: FlaskClient, name: str, value: Any, code: str) -> None:
    body = assert_problem(post(client, **{name: value}), 422, code, f"/{name}")
    assert len(body["errors"]) == 1
    assert len(body["errors"][0]["message"]) < 200


GOOD = [
    ("test_size", 0.5),
    ("random_state", 2**32 - 1),
    ("count", -(2**63)),
    ("target", None),
    ("id", "a.b-c_9"),
    ("id", "a" * 64),
    ("rows", [{"a": 1}]),
    ("features", []),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_good_values(client: FlaskClient, name: str, value: Any) -> None:
    answer = post(client, **{name: value})
    assert (answer.status_code, answer.json) == (201, {name: value})


def test_messages(client: FlaskClient) -> None:
    body = assert_problem(post(client, test_size=1.5, type="clasification"), 422, "out_of_range")
    assert [fault["message"] for fault in body["errors"]] == [
        "expected a number over 0 and under 1, got 1.5",
        (
            "expected one of 'classification', 'regression', got 'clasification'; "
            "did you mean 'classification'?"
        ),
    ]


def test_unknown_and_read_only(client: FlaskClient) -> None:
    answer = post(client, test_sise=0.2, status="ready", qqq=1)
    body = assert_problem(answer, 422, "unknown_field", "/test_sise")
    assert [fault["message"] for fault in body["errors"]] == [
        "unknown field 'test_sise'; did you mean 'test_size'?",
        "field 'status' is set by the service",
        "unknown field 'qqq'",
    ]
    assert body["errors"][1]["code"] == "read_only_field"


@pytest.mark.parametrize("name", ["__class__", "__proto__", "a/b~c", "_schema", "", "x" * 100_000])
def test_odd_names(client: FlaskClient, name: str) -> None:
    body = assert_problem(post(client, **{name: 1}), 422, "unknown_field")
    assert len(body["detail"]) < 200


def test_all_at_once(client: FlaskClient) -> None:
    answer = post(client, test_size=2, random_state="a", nope=1, features=["a", 1, True])
    body = assert_problem(answer, 422, "out_of_range", "/test_size")
    places = [fault["pointer"] for fault in body["errors"]]
    assert places == ["/test_size", "/random_state", "/features/1", "/features/2", "/nope"]
    assert body["detail"].startswith("5 things are wrong")


def test_nested(client: FlaskClient) -> None:
    parts: list[Any] = [{"size": 1}, {"size": 0, "sise": 1}, None, {}, []]
    answer = client.post("/v1/wholes", json={"parts": parts, "main": 1})
    body = assert_problem(answer, 422, "out_of_range", "/parts/1/size")
    told = [(fault["pointer"], fault["code"]) for fault in body["errors"]]
    assert told == [
        ("/parts/1/size", "out_of_range"),
        ("/parts/1/sise", "unknown_field"),
        ("/parts/2", "null"),
        ("/parts/3/size", "required"),
        ("/parts/4", "expected_object"),
        ("/main", "expected_object"),
    ]


def test_at_most_a_hundred(client: FlaskClient) -> None:
    body = assert_problem(post(client, features=[1] * 500), 422, "wrong_type", "/features/0")
    assert len(body["errors"]) == 100
    assert body["detail"].startswith("at least 100 things")


def test_a_body_that_may_be_left_out(client: FlaskClient) -> None:
    assert client.post("/v1/train").json == {}
    assert client.post("/v1/train", data=b"", content_type="text/plain").json == {}
    assert client.post("/v1/train", json={"count": 3}).json == {"count": 3}
    assert_problem(client.post("/v1/train", data=b"x=1"), 415, "unsupported_media_type")
    assert_problem(client.post("/v1/train", json=[]), 422, "expected_object", "")
    assert_problem(client.post("/v1/train", json={"n_jobs": 1}), 422, "unknown_field", "/n_jobs")
