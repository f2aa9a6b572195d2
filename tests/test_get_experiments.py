"""GET /v1/experiments: one of them, or all, in pages, filtered and sorted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.problems import assert_problem
from tests.story import Story
from tests.test_create_experiment import KEYS

UNKNOWN = [
    pytest.param(name, id=f"U1-{at}")
    for at, name in enumerate(
        ["nowhere", "0", "-1", "abc", str(10**30), "1e3", "%00", "1;drop", "A", "..%2f..%2fx"]
    )
]


def listed(story: Story, **query: Any) -> list[dict[str, Any]]:
    answer = story.client.get("/v1/experiments", query_string=query)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def test_one(story: Story) -> None:
    experiment = story.make_trained()
    told = story.get(experiment).json
    assert list(told or ()) == KEYS
    assert (told["status"], told["active_version"], told["result"]) == ("trained", 1, None)
    assert told["model_path"].startswith("experiments/")
    assert set(told["links"]) >= {"self", "versions", "train", "test", "predict"}
    assert story.client.get(told["links"]["versions"]).status_code == 200
    story.test(experiment)
    assert 0 <= story.get(experiment).json["result"]["accuracy"] <= 1


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_unknown_ids(story: Story, name: str, method: str) -> None:
    body = {"dataset": "glass", "target": "Type"} if method[0] == "P" else None
    answer = story.client.open(f"/v1/experiments/{name}", method=method, json=body)
    code = "not_found" if "%2f" in name else "experiment_not_found"
    assert_problem(answer, 404, code)


def test_what_has_not_changed_is_not_sent_again(story: Story) -> None:
    experiment = story.make_experiment()
    path = f"/v1/experiments/{experiment}"
    etag = story.get(experiment).headers["ETag"]
    again = story.client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert story.patch(experiment, {"description": "other"}).status_code == 200
    changed = story.client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_a_list_that_has_not_changed_is_not_sent_again(story: Story) -> None:
    experiment = story.make_experiment()
    etag = story.client.get("/v1/experiments").headers["ETag"]
    sent = {"headers": {"If-None-Match": etag}}
    assert story.client.get("/v1/experiments", **sent).status_code == 304
    assert story.delete(experiment).status_code == 204
    assert story.client.get("/v1/experiments", **sent).status_code == 200


@pytest.fixture
def three(story: Story) -> list[str]:
    """Experiments on one dataset, in the order of their making."""
    name = story.make_dataset()
    one, two = (story.make_experiment(dataset=name) for _ in range(2))
    return [one, two, story.make_experiment(dataset=name, type="regression", target="petals")]


def test_pages(story: Story, three: list[str]) -> None:
    name = story.get(three[0]).json["dataset"]
    path = f"/v1/experiments?dataset={name}&page_size=2"
    first, second = (story.client.get(f"{path}&page={page}").json for page in (1, 2))
    assert list(first or ()) == ["page", "page_size", "total", "items"]
    assert (first["page"], first["page_size"], first["total"]) == (1, 2, 3)
    ids = [item["id"] for page in (first, second) for item in page["items"]]
    assert ids == three[::-1]
    assert list(first["items"][0]) == KEYS
    assert story.client.get(f"{path}&page=3").json["items"] == []


def test_filters(story: Story, three: list[str]) -> None:
    name = story.get(three[0]).json["dataset"]
    found = listed(story, dataset=name, type="regression")
    assert [each["id"] for each in found] == three[2:]
    assert listed(story, dataset=name, status="trained") == []
    assert len(listed(story, dataset=name, status="ready")) == 3
    assert listed(story, dataset="nowhere") == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", lambda ids: ids),
        ("-created_at", lambda ids: ids[::-1]),
        ("id", sorted),
        ("-id", lambda ids: sorted(ids, reverse=True)),
        ("updated_at", lambda ids: [ids[1], ids[2], ids[0]]),
        ("-updated_at", lambda ids: [ids[0], ids[2], ids[1]]),
    ],
)
def test_sorts(
    story: Story, three: list[str], sort: str, order: Callable[[list[str]], list[str]]
) -> None:
    assert story.patch(three[0], {"description": "later"}).status_code == 200
    name = story.get(three[0]).json["dataset"]
    assert [each["id"] for each in listed(story, dataset=name, sort=sort)] == order(three)


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        pytest.param("page=0", "out_of_range", "/page", id="U12-0"),
        pytest.param("page=-1", "out_of_range", "/page", id="U12-negative"),
        pytest.param(f"page={10**18}", "out_of_range", "/page", id="U12-huge"),
        pytest.param("page=abc", "wrong_type", "/page", id="U12-text"),
        pytest.param("page_size=0", "out_of_range", "/page_size", id="U12-size-0"),
        pytest.param(f"page_size={10**9}", "out_of_range", "/page_size", id="U12-size-huge"),
        pytest.param("type=a&type=b", "repeated_parameter", "/type", id="U15"),
        pytest.param("type=cluster", "unknown_choice", "/type", id="type"),
        pytest.param("status=done", "unknown_choice", "/status", id="status"),
        pytest.param("sort=target", "unknown_choice", "/sort", id="sort"),
        pytest.param("dataset=../x", "bad_pattern", "/dataset", id="dataset"),
        pytest.param("filter=x", "unknown_parameter", "/filter", id="unknown"),
    ],
)
def test_queries_that_are_wrong(story: Story, query: str, code: str, pointer: str) -> None:
    answer = story.client.get(f"/v1/experiments?{query}")
    faults = assert_problem(answer, 422, answer.json["code"])["errors"]
    assert (pointer, code) in [(fault["pointer"], fault["code"]) for fault in faults]
