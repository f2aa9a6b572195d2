"""PUT /v1/datasets/{name} that is refused before the CSV is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.setup import prepare_tables
from tests.bodies import streamed
from tests.problems import assert_problem
from tests.story import Story, fresh, opened, settings_for
from tests.tables import PLAIN
from tests.traces import files_of, unchanged

BAD_NAMES = [
    pytest.param("..%2f..%2fx", id="C58-encoded"),
    pytest.param("%252e%252e%252f", id="C58-twice-encoded"),
    pytest.param("..\\..\\x", id="C58-backslashes"),
    pytest.param("etc%2fpasswd", id="C59"),
    pytest.param("dev%2fzero", id="C60"),
    pytest.param("..", id="U8"),
    pytest.param("Data", id="capitals"),
    pytest.param("-a", id="hyphen"),
    pytest.param("a" * 65, id="long"),
    pytest.param("a%00", id="nul"),
    pytest.param("a b", id="space"),
    pytest.param("file:%2f%2f%2fetc%2fpasswd", id="C62"),
    pytest.param("ä", id="umlaut"),
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_none(story: Story, home: Path, name: str) -> None:
    with unchanged(story, home):
        body = assert_problem(story.put(name, PLAIN), 422, "bad_name", "/name")
    assert "1 to 64 of a-z" in body["detail"]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ({"delimiter": "ab"}, "bad_delimiter", "/delimiter"),
        ({"delimiter": "é"}, "bad_delimiter", "/delimiter"),
        ({"delimiter": '"'}, "bad_delimiter", "/delimiter"),
        ({"delimiter": ""}, "bad_length", "/delimiter"),
        ({"encoding": "utf-99"}, "unknown_encoding", "/encoding"),
        ({"encoding": "os"}, "unknown_encoding", "/encoding"),
        ({"header": "yes"}, "wrong_type", "/header"),
        ({"delimitr": ";"}, "unknown_parameter", "/delimitr"),
    ],
)
def test_options_that_are_wrong(
    story: Story, home: Path, query: dict[str, str], code: str, pointer: str
) -> None:
    with unchanged(story, home):
        assert_problem(story.put(fresh("bad"), PLAIN, **query), 422, code, pointer)


def test_an_option_given_twice(story: Story, home: Path) -> None:
    """U15."""
    with unchanged(story, home):
        answer = story.client.put(
            f"/v1/datasets/{fresh('bad')}?header=true&header=true", data=PLAIN
        )
        assert_problem(answer, 422, "repeated_parameter", "/header")


def test_bodies_of_another_kind(story: Story, home: Path) -> None:
    path = f"/v1/datasets/{fresh('bad')}"
    with unchanged(story, home):
        answer = story.client.put(path, json={"a": 1})
        assert_problem(answer, 415, "unsupported_media_type")
        answer = story.client.put(path, data=PLAIN, headers={"Content-Encoding": "gzip"})
        assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("row", [pytest.param(None, id="C1-at-once")])
def test_a_body_of_no_bytes_is_no_job(tmp_path: Path, row: None) -> None:
    """Without a worker: whoever does not wait for an answer hears of it all the same."""
    settings = settings_for(tmp_path)
    prepare_tables(settings)
    story = Story(opened(settings).test_client())
    async_ = {"Prefer": "respond-async"}
    for sent in ({}, {"data": b""}, streamed("", [])):
        answer = story.client.put("/v1/datasets/none", headers=async_, **sent)
        assert_problem(answer, 422, "csv_empty")
    assert files_of(tmp_path) == set()
    assert story.client.get("/v1/jobs").json["total"] == 0


@pytest.mark.parametrize("declared", [True, False])
def test_bodies_over_the_limit(tmp_path: Path, declared: bool) -> None:
    settings = settings_for(tmp_path, GROVE_MAX_UPLOAD="1K")
    prepare_tables(settings)
    story = Story(opened(settings).test_client())
    body = PLAIN.encode() * 20
    if declared:
        answer = story.put("big", body)
    else:
        answer = story.client.put("/v1/datasets/big", **streamed("", [body[:500], body[500:]]))
    assert_problem(answer, 413, "too_large")
    assert files_of(tmp_path) == set()
    assert story.client.get("/v1/jobs").json["total"] == 0
