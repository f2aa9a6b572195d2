"""GET and DELETE /v1/datasets: listed, described, downloaded, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.problems import assert_problem
from tests.story import Story, flowers, fresh
from tests.tables import READABLE
from tests.test_put_dataset import KEYS
from tests.traces import settled, unchanged

SUMMARY_KEYS = [name for name in KEYS if name not in {"columns", "dialect"}]
UNKNOWN = [
    pytest.param(name, id=f"U1-{at}")
    for at, name in enumerate(
        ["nowhere", "0", "-1", "abc", str(10**30), "1e3", "%00", "1;drop", "a%2fb", "..%2fx"]
    )
]


def test_datasets_are_listed_by_name(story: Story) -> None:
    names = [story.make_dataset() for _ in range(3)]
    answer = story.client.get("/v1/datasets?page_size=200")
    assert answer.status_code == 200
    assert list(answer.get_json()) == ["page", "page_size", "total", "items"]
    more = range(2, answer.json["total"] // 200 + 2)  # other tests have made some, too
    pages = [answer, *(story.client.get(f"/v1/datasets?page_size=200&page={at}") for at in more)]
    items = [item for page in pages for item in page.json["items"]]
    listed = [item["name"] for item in items]
    assert listed == sorted(listed)
    assert {"breast_cancer", "glass", *names} <= set(listed)
    assert answer.json["total"] == len(items)
    assert {tuple(item) for item in items} == {tuple(SUMMARY_KEYS)}


def test_pages(story: Story) -> None:
    story.make_dataset()
    whole = [each["name"] for each in story.client.get("/v1/datasets").json["items"]]
    pages = [
        story.client.get(f"/v1/datasets?page={page}&page_size=2").json for page in (1, 2, 10**9)
    ]
    assert [len(page["items"]) for page in pages] == [2, min(2, len(whole) - 2), 0]
    assert [item["name"] for page in pages for item in page["items"]] == whole[:4]
    assert {page["page_size"] for page in pages} == {2}


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        pytest.param("page=0", "out_of_range", "/page", id="U12-0"),
        pytest.param("page=-1", "out_of_range", "/page", id="U12-negative"),
        pytest.param(f"page={10**18}", "out_of_range", "/page", id="U12-huge"),
        pytest.param("page=abc", "wrong_type", "/page", id="U12-text"),
        pytest.param("page_size=0", "out_of_range", "/page_size", id="U12-size-0"),
        pytest.param(f"page_size={10**9}", "out_of_range", "/page_size", id="U12-size-huge"),
        pytest.param("page=1&page=2", "repeated_parameter", "/page", id="U15"),
        pytest.param("pages=1", "unknown_parameter", "/pages", id="unknown"),
    ],
)
def test_queries_that_are_wrong(story: Story, query: str, code: str, pointer: str) -> None:
    assert_problem(story.client.get(f"/v1/datasets?{query}"), 422, code, pointer)


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets/glass"])
def test_what_has_not_changed_is_not_sent_again(story: Story, path: str) -> None:
    first = story.client.get(path)
    again = story.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    story.make_dataset()
    other = story.client.get(path, headers={"If-None-Match": '"x"'})
    assert other.status_code == 200


def test_a_list_that_has_changed_is_sent_again(story: Story) -> None:
    etag = story.client.get("/v1/datasets").headers["ETag"]
    story.make_dataset()
    answer = story.client.get("/v1/datasets", headers={"If-None-Match": etag})
    assert answer.status_code == 200


def test_a_description_says_what_the_columns_hold(story: Story) -> None:
    told = story.client.get(f"/v1/datasets/{story.make_dataset()}").json
    assert list(told or ()) == KEYS
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["colour"]["distinct"] == 3
    assert columns["colour"]["missing"] == 5
    assert set(columns["kind"]["examples"]) == {"rose", "tulip"}
    assert columns["petals"]["minimum"] >= 1
    assert columns["petals"]["maximum"] <= 9
    assert columns["picked"]["minimum"].startswith("2024-0")
    assert (columns["kind"]["minimum"], columns["kind"]["maximum"]) == (None, None)


@pytest.mark.parametrize("case", ["C21-script", "C21-braces", "C21-proto", "C21-where", "C56"])
def test_names_and_values_are_plain_json(story: Story, case: str) -> None:
    name = story.make_dataset(READABLE[case].body)
    answer = story.client.get(f"/v1/datasets/{name}")
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json["columns"][0]["name"] == READABLE[case].first


def test_a_file_is_given_back_as_it_came(story: Story) -> None:
    """C56: as an attachment, whatever a browser would take it for."""
    body = READABLE["C56"].body
    name = story.make_dataset(body)
    with story.client.get(f"/v1/datasets/{name}/file") as answer:
        assert answer.status_code == 200
        assert answer.get_data(as_text=True) == body
        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}.csv"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_gone(story: Story, home: Path) -> None:
    name = story.make_dataset(before := flowers(seed=99))
    (file,) = (
        path for path in (home / "datasets").iterdir() if path.read_bytes() == before.encode()
    )
    file.unlink()
    assert_problem(story.client.get(f"/v1/datasets/{name}/file"), 409, "dataset_file_missing")
    assert story.client.get(f"/v1/datasets/{name}").status_code == 200
    answer = story.create(dataset=name, target="kind")
    assert_problem(answer, 409, "dataset_file_missing")
    assert story.client.delete(f"/v1/datasets/{name}").status_code == 204


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names(story: Story, home: Path, name: str) -> None:
    with unchanged(story, home):
        path = f"/v1/datasets/{name}"
        assert_problem(story.client.get(path), 404, "dataset_not_found")
        assert_problem(story.client.delete(path), 404, "dataset_not_found")
        assert story.client.get(f"{path}/file").status_code == 404


def test_delete_takes_row_and_file(story: Story, home: Path) -> None:
    before = settled(home)
    name = story.make_dataset()
    answer = story.client.delete(f"/v1/datasets/{name}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert settled(home) == before
    assert_problem(story.client.get(f"/v1/datasets/{name}"), 404, "dataset_not_found")
    assert_problem(story.client.get(f"/v1/datasets/{name}/file"), 404, "dataset_not_found")


def test_delete_twice(story: Story) -> None:
    """U9."""
    name = story.make_dataset()
    answers = [story.client.delete(f"/v1/datasets/{name}") for _ in range(2)]
    assert answers[0].status_code == 204
    assert_problem(answers[1], 404, "dataset_not_found")


def test_delete_while_an_experiment_uses_it(story: Story, home: Path) -> None:
    name = story.make_dataset()
    experiment = story.make_experiment(dataset=name)
    with unchanged(story, home):
        body = assert_problem(story.client.delete(f"/v1/datasets/{name}"), 409, "dataset_in_use")
        assert experiment in body["detail"]
    assert story.delete(experiment).status_code == 204
    assert story.client.delete(f"/v1/datasets/{name}").status_code == 204


def test_a_name_may_be_used_again(story: Story) -> None:
    name = fresh("data")
    for seed in (1, 2):
        assert story.put(name, flowers(seed=seed)).status_code == 201
        assert story.client.delete(f"/v1/datasets/{name}").status_code == 204


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_methods(story: Story, method: str) -> None:
    answer = story.client.open("/v1/datasets/glass", method=method)
    assert_problem(answer, 405, "method_not_allowed")
