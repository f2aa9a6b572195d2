"""Reads that are kept, tagged and compressed, and right after every write."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import brotli
import pytest
from backports import zstd
from flask import Flask, Response
from flask.testing import FlaskClient

from controllers import caching
from controllers.caching import MOST_BYTES
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, opened, settings_for

UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained(flowers(120, seed=8))


def reads(story: Story, experiment: str) -> list[str]:
    one = f"/v1/experiments/{experiment}"
    dataset = story.client.get(one).json["dataset"]
    job = story.client.get("/v1/jobs").json["items"][0]["id"]
    return [
        "/v1/experiments",
        one,
        f"{one}/versions",
        f"{one}/versions/1",
        f"{one}/splits/train",
        f"{one}/versions/1/model?format=onnx",
        "/v1/datasets",
        f"/v1/datasets/{dataset}",
        f"/v1/datasets/{dataset}/file",
        "/v1/jobs",
        f"/v1/jobs/{job}",
        "/openapi.json",
    ]


def test_every_read_has_an_etag_and_a_304(story: Story, trained: str) -> None:
    for address in reads(story, trained):
        with story.client.get(address) as first:
            assert first.status_code == 200, address
            etag = first.headers["ETag"]
        with story.client.get(address, headers={"If-None-Match": etag}) as again:
            assert (again.status_code, again.data) == (304, b""), address
            assert again.headers["ETag"] == etag
        with story.client.get(address, headers={"If-None-Match": '"other"'}) as other:
            assert other.status_code == 200, address


def other_process(home: Path) -> FlaskClient:
    """Another application on the same folder: another process, as far as a cache can tell."""
    return opened(settings_for(home)).test_client()


def test_a_write_elsewhere_is_seen_by_the_next_read(story: Story, home: Path) -> None:
    experiment = story.make_trained(flowers(80, seed=9))
    address = f"/v1/experiments/{experiment}"
    other = other_process(home)
    for told in ("one", "two", "three"):
        for client in (story.client, other):  # both now keep an answer
            client.get(address), client.get("/v1/experiments")
        assert other.patch(address, json={"description": told}).status_code == 200
        assert story.client.get(address).json["description"] == told
        (mine,) = [
            each
            for each in story.client.get("/v1/experiments?page_size=100").json["items"]
            if each["id"] == experiment
        ]
        assert mine["description"] == told
    assert other.delete(address).status_code == 204
    assert_problem(story.client.get(address), 404, "experiment_not_found")
    assert all(e["id"] != experiment for e in story.client.get("/v1/experiments").json["items"])


def test_a_replaced_dataset_is_seen_at_once(story: Story, home: Path) -> None:
    other = other_process(home)
    for rows in (30, 40, 50):
        body = flowers(rows, seed=rows)
        assert other.put("/v1/datasets/changing", data=body).status_code in (200, 201)
        described = story.client.get("/v1/datasets/changing").json
        assert described["rows"] == rows
        listed = {e["name"]: e for e in story.client.get("/v1/datasets").json["items"]}
        assert listed["changing"]["rows"] == rows
    other.delete("/v1/datasets/changing")
    assert_problem(story.client.get("/v1/datasets/changing"), 404, "dataset_not_found")


def asked(states: list[str | None], made: str) -> Response:
    """The answer of a view whose rows are in these states before and after it."""
    seen = iter(states)

    def view() -> Response:
        return Response(made)

    answer: Response = caching.remembered(lambda: next(seen))(view)()
    return answer


@pytest.mark.parametrize("after", [None, "one", "two"])
@pytest.mark.parametrize("before", [None, "one"])
def test_what_was_made_of_another_state_is_not_kept(
    app: Flask, before: str | None, after: str | None
) -> None:
    """A thing comes, goes or changes while it is read: the answer may be of either state."""
    with app.test_request_context("/"):
        caching.cache.clear()
        assert asked([before, after], "made").data == b"made"
        is_kept = before == after == "one"
        assert asked([before, before], "anew").data == (b"made" if is_kept else b"anew")


def test_the_second_read_is_not_made_again(
    story: Story, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    keep = caching._keep

    def kept(key: str, answer: Response) -> None:
        made.append(key)
        keep(key, answer)

    monkeypatch.setattr(caching, "_keep", kept)
    address = f"/v1/experiments/{trained}"
    story.client.patch(address, json={"description": "changed"})
    first, second = story.client.get(address), story.client.get(address)
    assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])
    assert len(made) == 1


def test_a_long_answer_is_made_each_time(app: Flask) -> None:
    long = b'"' + b"x" * MOST_BYTES + b'"'
    with app.test_request_context("/"):
        caching._keep("long", app.response_class(long))
        assert caching.cache.get("long") is None
        caching._keep("short", app.response_class(b"{}"))
        assert caching.cache.get("short")[0] == b"{}"


@pytest.mark.parametrize("coding", list(UNPACK))
def test_long_answers_are_compressed(story: Story, trained: str, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    for address in reads(story, trained):
        with story.client.get(address) as plain, story.client.get(address, headers=headers) as sent:
            pays = len(plain.data) >= 1_000 and plain.mimetype != "application/octet-stream"
            assert sent.headers.get("Content-Encoding") == (coding if pays else None), address
            if pays:
                assert UNPACK[coding](sent.data) == plain.data
                assert "Accept-Encoding" in sent.headers["Vary"]
                assert len(sent.data) < len(plain.data)


def test_a_predict_is_never_compressed(story: Story, trained: str) -> None:
    address = f"/v1/experiments/{trained}/predict"
    sent: Any = story.client.post(
        address, json={"rows": [FLOWER]}, headers={"Accept-Encoding": "gzip, br, zstd"}
    )
    assert "Content-Encoding" not in sent.headers
    assert "Vary" not in sent.headers
    many = story.client.post(
        address, json={"rows": [FLOWER] * 100}, headers={"Accept-Encoding": "gzip"}
    )
    assert len(json.loads(gzip.decompress(many.data))["predictions"]) == 100


def test_the_etag_of_a_compressed_answer_may_be_matched(story: Story, trained: str) -> None:
    address = f"/v1/experiments/{trained}"
    for coding in UNPACK:
        headers = {"Accept-Encoding": coding}
        etag = story.client.get(address, headers=headers).headers["ETag"]
        assert etag.endswith(f':{coding}"')
        again = story.client.get(address, headers={**headers, "If-None-Match": etag})
        assert again.status_code == 304
        answer = story.client.patch(
            address, json={"description": coding}, headers={"If-Match": etag}
        )
        assert answer.status_code == 200
        stale = story.client.patch(address, json={"description": "x"}, headers={"If-Match": etag})
        assert_problem(stale, 412, "precondition_failed")


def test_a_part_of_a_file_is_sent_as_it_is(story: Story, trained: str) -> None:
    dataset = story.client.get(f"/v1/experiments/{trained}").json["dataset"]
    headers = {"Range": "bytes=0-1999", "Accept-Encoding": "gzip"}
    with story.client.get(f"/v1/datasets/{dataset}/file", headers=headers) as part:
        assert part.status_code == 206
        assert "Content-Encoding" not in part.headers
        assert len(part.data) == 2_000
