"""What is no JSON, or not in UTF-8, or not said to be so."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.http.demo import JSON_LIMIT
from tests.problems import assert_problem


def post(client: FlaskClient, body: bytes, kind: str | None = "application/json") -> object:
    return client.post("/v1/things", data=body, content_type=kind)


@pytest.mark.parametrize(
    "body",
    [
        b'{"test_size": NaN}',
        b'{"test_size": Infinity}',
        b'{"test_size": -Infinity}',
        b'{"test_size": 1e400}',
        b'{"test_size": -1e400}',
        b'{"count": ' + b"9" * 5000 + b"}",
        b'{"id": "a"} x',
        b'{"id": "a"}{}',
        b'{"id": "a", // no\n}',
        b"{'id': 'a'}",
        b'{"id": "a",}',
        b'{"id": "a\nb"}',
        b'{"id": "a\x00b"}',
        b"{",
        b"",
        b"  \n",
        b"+AHs-+ACI-a+ACI-:1+AH0-",
        b'{"count": 01}',
        b'{"count": +1}',
    ],
)
def test_no_json(client: FlaskClient, body: bytes) -> None:
    assert_problem(post(client, body), 400, "invalid_json", "")


def test_place_is_told(client: FlaskClient) -> None:
    body = assert_problem(post(client, b'{\n  "id" 1}'), 400, "invalid_json")
    assert "line 2, column 8" in body["detail"]
    assert "delimiter" not in body["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "\xff"}',
        b'{"id": "\xc0\xaf"}',
        b'{"id": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"id": "a"}',
        '{"id": "a"}'.encode("utf-16"),
        '{"id": "a"}'.encode("utf-32"),
        '{"id": "é"}'.encode("latin-1"),
    ],
)
def test_not_utf8(client: FlaskClient, body: bytes) -> None:
    assert_problem(post(client, body), 400, "not_utf8", "")


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be", "utf-32-be"])
def test_wide_text_without_a_mark(client: FlaskClient, coding: str) -> None:
    assert_problem(post(client, '{"id": "a"}'.encode(coding)), 400, "invalid_json", "")


@pytest.mark.parametrize(
    "body", [b'{"id": "a", "id": "b"}', b'{"rows": [{"a": 1, "a": 1}]}', b'{"a":1,"\\u0061":2}']
)
def test_key_twice(client: FlaskClient, body: bytes) -> None:
    body = assert_problem(post(client, body), 400, "duplicate_key", "")


@pytest.mark.parametrize("depth", [65, 900, 1100, 50_000])
@pytest.mark.parametrize("ends", [(b"[", b"]"), (b'{"a":', b"}")])
def test_too_deep(client: FlaskClient, depth: int, ends: tuple[bytes, bytes]) -> None:
    if depth == 50_000 and ends[0] != b"[":
        depth = 20_000
    inner = ends[0] * depth + b"1" + ends[1] * depth
    assert_problem(post(client, b'{"rows":' + inner + b"}"), 400, "too_deep", "")


def test_deepest_that_is_read(client: FlaskClient) -> None:
    body = b'{"rows": [{"a": ' + b"[" * 61 + b"]" * 61 + b"}]}"
    assert post(client, body).status_code == 201  # type: ignore[attr-defined]


@pytest.mark.parametrize("bad", ["\\ud800", "\\udfff", "\\u0000", "\\uD83Dx"])
def test_bad_text(client: FlaskClient, bad: str) -> None:
    text = f'{{"id": "a{bad}", "rows": [{{"a/b": "{bad}"}}], "{bad}": 1}}'
    body = assert_problem(post(client, text.encode()), 422, "bad_text", "/id")
    assert [fault["pointer"] for fault in body["errors"]] == ["/id", "/rows/0/a~1b", ""]


def test_whole_pairs_are_text(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/things",
        data=b'{"target": "\\ud83d\\ude00 \\\\u0000"}',
        content_type="application/json",
    )
    assert answer.status_code == 201
    assert answer.json == {"target": "\U0001f600 \\u0000"}


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"a"', b"true", b'[{"id": "a"}]'])
def test_no_object(client: FlaskClient, body: bytes) -> None:
    assert_problem(post(client, body), 422, "expected_object", "")


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json; charset=utf-7",
    ],
)
def test_content_type(client: FlaskClient, kind: str | None) -> None:
    assert_problem(post(client, b'{"id": "a"}', kind), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON; Charset="UTF-8"',
        "application/merge-patch+json",
        "application/vnd.grove+json",
    ],
)
def test_content_types_read(client: FlaskClient, kind: str) -> None:
    assert post(client, b'{"id": "a"}', kind).status_code == 201  # type: ignore[attr-defined]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x"])
def test_content_coding(client: FlaskClient, coding: str) -> None:
    answer = client.post("/v1/things", json={}, headers={"Content-Encoding": coding})
    assert_problem(answer, 415, "unsupported_media_type")


def test_identity_coding(client: FlaskClient) -> None:
    answer = client.post("/v1/things", json={}, headers={"Content-Encoding": "identity"})
    assert answer.status_code == 201


def test_too_large(client: FlaskClient) -> None:
    fits = b'{"id": "a"}'.ljust(JSON_LIMIT)
    assert post(client, fits).status_code == 201  # type: ignore[attr-defined]
    assert_problem(post(client, fits + b" "), 413, "too_large")


def test_many_unknown_keys_are_quick(client: FlaskClient) -> None:
    body = b"{" + b",".join(b'"test_%d":1' % n for n in range(12_000)) + b"}"
    told = assert_problem(post(client, body), 422, "unknown_field", "/test_0")
    assert len(told["errors"]) == 100


def test_too_many_keys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_JSON_BYTES", 2_000_000)
    body = b'{"rows":[{' + b",".join(b'"%d":1' % n for n in range(100_000)) + b"}]}"
    assert_problem(post(app.test_client(), body), 422, "too_many_keys", "")


def test_long_lists_are_quick(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_JSON_BYTES", 10_000_000)
    body = b'{"features":[' + b"1," * 3_000_000 + b"1]}"
    assert_problem(post(app.test_client(), body), 422, "bad_length", "/features")
