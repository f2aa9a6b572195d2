"""The pages for people: what they show, to whom, and that anyone can use them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import FLOWER, ROOT, Story, app_on, flowers, fresh, settings_for, table

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EMPTY = {"input", "meta", "link", "img", "br"}


@dataclass
class Page(HTMLParser):
    """What a page is made of."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def page_of(answer: TestResponse, status: int = 200) -> Page:
    """The page, if it is one that is well formed, and fit for a keyboard and a screen reader."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    page = Page()
    page.feed(answer.text)
    assert page.open == []
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    labelled = {each["for"] for each in page.all("label")}
    for name in ("input", "select"):
        for each in page.all(name):
            assert each.get("type") == "hidden" or each.get("id") in labelled or each["aria-label"]
    for each in page.all("section"):
        assert each["aria-labelledby"] in ids
    assert all("alt" in each for each in page.all("img"))
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert not [each for _, each in page.elements if "style" in each or "onclick" in each]
    return page


def test_an_experiment_from_its_table_to_its_versions(story: Story) -> None:
    client = story.client
    name = fresh("aa")  # on the first page
    assert story.put(name, flowers()).status_code == 201
    assert f"/datasets/{name}" in client.get("/datasets?page_size=200").text
    shown = page_of(client.get(f"/datasets/{name}"))
    targets = [each["value"] for each in shown.all("input") if each.get("name") == "target"]
    assert targets == ["size", "colour", "wild", "picked", "petals", "kind"]
    assert len(shown.all("svg")) == 6
    experiment = story.make_experiment(dataset=name, description="about <b>flowers</b>")
    before = page_of(client.get(f"/experiments/{experiment}"))
    assert "about <b>flowers</b>" in before.text
    assert "Versions" not in before.text
    assert story.train(experiment, n_estimators=10).status_code == 201
    assert story.test(experiment).status_code == 200
    after = page_of(client.get(f"/experiments/{experiment}"))
    fields = [each.get("data-field") for each in after.all("input") + after.all("select")]
    assert {"size", "colour", "wild", "picked", "petals"} <= set(fields)
    accuracy = story.get(experiment).json["result"]["accuracy"]
    assert f"{accuracy:.4f}" in after.text
    assert {each.get("value") for each in after.all("option")} >= {"red", "white", "yellow"}


def test_regression_and_odd_names(story: Story) -> None:
    rows = [[n, n % 3, f"<i>{n % 2}</i>", n * 2.5] for n in range(60)]
    name = story.make_dataset(table(['a "b"', "ü&é", "x/y~z", "price"], rows))
    page_of(story.client.get(f"/datasets/{name}"))
    experiment = story.make_experiment(dataset=name, target="price", type="regression")
    assert story.train(experiment, n_estimators=5).status_code == 201
    assert story.test(experiment).status_code == 200
    shown = page_of(story.client.get(f"/experiments/{experiment}"))
    assert {"r2", "rmse", "mae"} <= set(re.findall(r"\w+", shown.text))
    assert {'a "b"', "ü&é", "x/y~z"} <= {each.get("data-field") for each in shown.all("input")}


def test_experiments_are_searched(story: Story) -> None:
    word = fresh("needle")
    first = story.make_experiment(description=f"of {word.upper()}")
    second = story.make_experiment()
    for found, others in ((word, [second]), (first, [second]), ("100%_", [first, second])):
        shown = story.client.get("/", query_string={"search": found}).text
        listed = story.client.get("/v1/experiments", query_string={"search": found}).json["items"]
        ids = {each["id"] for each in listed}
        assert not ids & set(others)
        assert all(f"/experiments/{each}" in shown for each in ids)
        assert all(f"/experiments/{each}" not in shown for each in others)
    page_of(story.client.get("/"))


def test_long_lists_have_pages(story: Story) -> None:
    for _ in range(3):
        story.make_experiment()
    shown = page_of(story.client.get("/?page=2&page_size=1"))
    places = [each["href"] for each in shown.all("a") if each.get("rel") in ("prev", "next")]
    assert places == ["?page=1", "?page=3"]


@pytest.mark.parametrize("thing", ["experiment", "dataset"])
def test_what_is_not_there_is_a_page_for_people_alone(story: Story, thing: str) -> None:
    path, code = f"/{thing}s/nothing-here", f"{thing}_not_found"
    page_of(story.client.get(path, headers=BROWSER), 404)
    assert_problem(story.client.get(path), 404, code)


def test_bad_queries_are_refused(story: Story) -> None:
    assert_problem(story.client.get("/?page=0"), 422, "out_of_range")
    page_of(story.client.get("/?serch=x", headers=BROWSER), 422)


def test_a_page_is_sent_once(story: Story) -> None:
    first = story.client.get("/keys")
    again = story.client.get("/keys", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


PAGES = ["/", "/datasets", "/keys", "/datasets/x", "/experiments/x"]


def key_made(home: Path, name: str, scope: str) -> str:
    """The secret of the first key of a service."""
    prepare(settings_for(home))
    with app_on(home) as app:
        answer = app.test_client().post("/v1/keys", json={"name": name, "scope": scope})
        return str(answer.json["key"])


def test_what_was_served_is_shown(story: Story, app: Flask) -> None:
    experiment = story.make_trained(flowers(200, seed=91))
    path = f"/experiments/{experiment}"
    assert "In service" not in page_of(story.client.get(path)).text
    odd = {**FLOWER, "colour": "never seen"}
    made = story.predict(experiment, *[odd] * 60, record=True).json["predictions"][0]
    outcome = {"prediction_id": made["prediction_id"], "label": made["label"]}
    told = story.client.post(f"/v1{path}/outcomes", json={"outcomes": [outcome]})
    assert told.status_code == 200
    text = " ".join(page_of(story.client.get(path)).text.split())
    assert "How far the 60 rows that version 1 predicted in the last 7 days lie" in text
    assert "100.0 %" in text
    assert "1 of 60 recorded predictions: accuracy 1.0000 (tested" in text


def test_protected_pages_ask_for_a_key(tmp_path: Path) -> None:
    made = key_made(tmp_path, "boss", "admin")
    with app_on(tmp_path) as app:
        client = app.test_client()
        for page in PAGES:
            answer = client.get(page, headers=BROWSER)
            assert (answer.status_code, answer.location) == (303, "/login"), page
            assert_problem(client.get(page), 401, "unauthorized")
        page_of(client.get("/login"))
        answer = client.post("/login", data={"key": made})
        assert (answer.status_code, answer.location) == (303, "/")
        assert "Sign out" in page_of(client.get("/", headers=BROWSER)).text
        assert "boss" in page_of(client.get("/keys", headers=BROWSER)).text


def test_a_small_key_sees_no_datasets_and_no_keys(tmp_path: Path) -> None:
    made = key_made(tmp_path, "eyes", "predict")
    with app_on(tmp_path) as app:
        client = app.test_client()
        assert client.post("/login", json={"key": made}).status_code == 204
        assert client.get("/", headers=BROWSER).status_code == 200
        for page in ("/datasets", "/keys", "/experiments/x"):
            page_of(client.get(page, headers=BROWSER), 403)


OURS = [ROOT / "static/grove.css", ROOT / "static/grove.svg", *Path(ROOT, "static/js").glob("*.js")]


def test_nothing_comes_from_elsewhere(story: Story) -> None:
    policy = story.client.get("/").headers["Content-Security-Policy"]
    assert {each.split()[1] for each in policy.split(";")} == {"'none'", "'self'"}
    for file in OURS:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, file
        assert "https:" not in text, file


ASKED = {
    "href": "GET",
    "data-score": "POST",
    "data-pictures": "GET",
    "data-dependence": "GET",
    "data-compare": "GET",
}


def test_forms_go_to_routes_that_there_are(story: Story, app: Flask) -> None:
    experiment = story.make_trained()
    assert story.train(experiment, n_estimators=5).status_code == 201
    dataset = story.get(experiment).json["dataset"]
    adapter: Any = app.url_map.bind("localhost")
    sent = set()
    for path in (f"/experiments/{experiment}", f"/datasets/{dataset}", "/keys", "/"):
        for _, attributes in page_of(story.client.get(path)).elements:
            if words := attributes.get("data-send"):
                sent.add(tuple(words.split()))
            places = ((method, attributes.get(name) or "") for name, method in ASKED.items())
            sent |= {each for each in places if each[1].startswith("/")}
    for method, path in sent:
        adapter.match(path.partition("?")[0], method=method)
    assert len(sent) > 20
