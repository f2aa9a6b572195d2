"""Query strings and forms: every parameter known, once, and of its strict grammar."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.problems import assert_problem

WRONG = [
    ("page=0", "out_of_range", "/page"),
    ("page=-1", "out_of_range", "/page"),
    ("page=1000000000000000000", "out_of_range", "/page"),
    ("page=" + "9" * 5000, "wrong_type", "/page"),
    ("page=abc", "wrong_type", "/page"),
    ("page=", "wrong_type", "/page"),
    ("page=1.0", "wrong_type", "/page"),
    ("page=%201", "wrong_type", "/page"),
    ("page=1_0", "wrong_type", "/page"),
    ("page=%2B1", "wrong_type", "/page"),
    ("page=01", "wrong_type", "/page"),
    ("page=%D9%A3", "wrong_type", "/page"),
    ("share=2", "out_of_range", "/share"),
    ("share=1e999", "out_of_range", "/share"),
    ("share=nan", "wrong_type", "/share"),
    ("share=inf", "wrong_type", "/share"),
    ("deep=1", "wrong_type", "/deep"),
    ("deep=True", "wrong_type", "/deep"),
    ("sort=nam", "unknown_choice", "/sort"),
    ("tag=aaaaaaaaaaaaaaa", "bad_length", "/tag/0"),
    ("pge=1", "unknown_parameter", "/pge"),
    ("page=1&page=1", "repeated_parameter", "/page"),
    ("tag=a%00b", "bad_text", "/tag"),
    ("tag=a&tag=a%00b", "bad_text", "/tag/1"),
    ("a%00b=1", "bad_text", ""),
]


@pytest.mark.parametrize(("query", "code", "pointer"), WRONG)
def test_wrong_queries(client: FlaskClient, query: str, code: str, pointer: str) -> None:
    assert_problem(client.get(f"/v1/things?{query}"), 422, code, pointer)


def test_good_query(client: FlaskClient) -> None:
    answer = client.get("/v1/things?page=2&share=2.5e-1&deep=false&sort=name&tag=a&tag=b")
    told = {"page": 2, "share": 0.25, "deep": False, "sort": "name", "tag": ["a", "b"]}
    assert (answer.status_code, answer.json) == (200, told)


def test_all_at_once(client: FlaskClient) -> None:
    answer = client.get("/v1/things?page=0&sort=name&sort=name&pge=1&deep=2")
    body = assert_problem(answer, 422, "out_of_range", "/page")
    told = {fault["pointer"]: fault["code"] for fault in body["errors"]}
    assert told == {
        "/page": "out_of_range",
        "/deep": "wrong_type",
        "/pge": "unknown_parameter",
        "/sort": "repeated_parameter",
    }
    messages = {fault["pointer"]: fault["message"] for fault in body["errors"]}
    assert messages["/pge"] == "unknown parameter 'pge'; did you mean 'page'?"


def multipart(body: bytes, kind: str = "multipart/form-data; boundary=x") -> dict[str, Any]:
    return {"data": body, "content_type": kind}


PART = b'--x\r\nContent-Disposition: form-data; name="target"\r\n\r\ntype\r\n'


def test_forms(client: FlaskClient) -> None:
    answer = client.post("/v1/forms", **multipart(PART + b"--x--\r\n"))
    assert (answer.status_code, answer.json) == (200, {"target": "type"})
    answer = client.post("/v1/forms", data={"target": "type", "test_size": "0.25"})
    assert answer.json == {"target": "type", "test_size": 0.25}


def test_wrong_fields_of_a_form(client: FlaskClient) -> None:
    answer = client.post("/v1/forms", data={"test_size": "2", "targt": "a"})
    body = assert_problem(answer, 422, "required", "/target")
    assert [fault["code"] for fault in body["errors"]] == [
        "required",
        "out_of_range",
        "unknown_field",
    ]
    answer = client.post("/v1/forms", **multipart(PART + PART + b"--x--\r\n"))
    assert_problem(answer, 422, "repeated_parameter", "/target")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PART + b"--x--\r\n", "multipart/form-data"),
        (PART + b"--x--\r\n", "multipart/form-data; boundary="),
        (PART + b"--x--\r\n", "multipart/form-data; boundary=" + "y" * 100_000),
        (PART, "multipart/form-data; boundary=x"),
        (PART[:-20], "multipart/form-data; boundary=x"),
    ],
)
def test_broken_forms(client: FlaskClient, body: bytes, kind: str) -> None:
    assert_problem(client.post("/v1/forms", **multipart(body, kind)), 400, "broken_form", "")


def test_empty_form(client: FlaskClient) -> None:
    kind = "multipart/form-data; boundary=x"
    answer = client.post("/v1/forms", input_stream=io.BytesIO(), content_type=kind)
    assert_problem(answer, 400, "broken_form", "")


def test_forms_of_too_much(client: FlaskClient) -> None:
    answer = client.post("/v1/forms", **multipart(PART * 1001 + b"--x--\r\n"))
    assert_problem(answer, 413, "too_large")
    answer = client.post("/v1/forms", data={"target": "a" * 600_000})
    assert_problem(answer, 413, "too_large")


def test_no_form(client: FlaskClient) -> None:
    assert_problem(client.post("/v1/forms", json={}), 415, "unsupported_media_type")
