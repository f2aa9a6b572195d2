"""All that a newcomer does, with nothing but the mouse and the fields of the pages."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import GLASS, created, shown_curl, trained, upload
from tests.service import Service

pytestmark = pytest.mark.real


def test_from_a_file_to_a_prediction(page: Page, service: Service) -> None:
    """All that a newcomer does, with nothing but the mouse and the fields of the pages."""
    page.goto("/")
    page.get_by_label("Drop a CSV here").set_input_files(GLASS)
    expect(page.get_by_label("Name")).to_have_value("glass")
    upload(page, GLASS, "panes")
    expect(page.get_by_role("img", name=re.compile("bins from"))).not_to_have_count(0)
    created(page, "panes")
    trained(page, 20, 1)
    page.get_by_role("button", name="Test version 1").click()
    scores = page.locator("dl").get_by_text(re.compile(r"^0\.\d{4}$"))
    expect(scores.first).to_be_visible()
    pictures = page.locator("figure img")
    pictures.first.scroll_into_view_if_needed()
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("test rows once RI is")).to_be_visible()
    page.get_by_label("Na", exact=True).fill("14.23")
    page.get_by_label("Ba", exact=True).fill("1.67")
    command = shown_curl(page, "Predict")
    page.get_by_role("button", name="Predict", exact=True).click()
    answer = page.locator(".answer strong")
    expect(answer).to_be_visible()
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)["predictions"][0]
    expect(answer).to_have_text(str(told["label"]))
    page.get_by_label("Say why").check()
    page.get_by_role("button", name="Predict", exact=True).click()
    reasons = page.get_by_text("What each column adds to the probability")
    expect(reasons).to_be_visible()


def test_two_versions_side_by_side_and_back(page: Page) -> None:
    upload(page, GLASS, "pairs")
    created(page, "pairs")
    for version, trees in ((1, 5), (2, 30)):
        trained(page, trees, version)
    for version in (1, 2):
        page.get_by_label(f"Compare version {version}").check()
    table = page.locator("#compared")
    expect(table.get_by_role("row").filter(has_text="n_estimators")).to_contain_text("25.0")
    expect(page.get_by_text("On the same 43 test rows")).to_be_visible()
    page.get_by_role("button", name="Verify version 2").click()
    expect(page.get_by_text("Grown again: the same, byte for byte.")).to_be_visible()
    page.get_by_role("button", name="Make version 1 active if it is better").click()
    expect(page.get_by_text("there is no evidence that version 1 is better")).to_be_visible()
    page.get_by_role("button", name="Make version 1 active", exact=True).click()
    expect(page.get_by_role("button", name="Make version 2 active", exact=True)).to_be_visible()
    page.get_by_role("button", name="Trees").click()
    first = page.locator("table[data-compare] tbody tr").first
    expect(first).to_contain_text("active")


def test_a_search(page: Page, service: Service) -> None:
    upload(page, GLASS, "searched")
    created(page, "searched")
    page.get_by_text("Or search").click()
    page.get_by_label("max_depth to try").fill("2, none, odd")
    page.get_by_label("n_estimators to try").fill("5")
    page.get_by_label("Folds (cv)").fill("2")
    page.get_by_role("button", name="Search and train the best").click()
    field = page.get_by_label("max_depth to try")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("1, none")
    page.get_by_role("button", name="Search and train the best").click()
    expect(page.get_by_label("Compare version 1")).to_be_visible()
    with urllib.request.urlopen(
        f"http://{service.address}/v1/experiments/searched/versions/1", timeout=60
    ) as answer:
        search = json.load(answer)["manifest"]["search"]
    assert [each["params"]["max_depth"] for each in search["trials"]] == [1, None]


def test_what_is_wrong_stands_at_its_field(page: Page) -> None:
    upload(page, GLASS, "wrongs")
    page.get_by_label("Predict Type").check()
    page.get_by_label("Id", exact=True).fill("NO GOOD")
    page.get_by_label("random_state").fill("-1")
    page.locator("form[data-send]").first.evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Create").click()
    for label in ("Id", "random_state"):
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field.locator("+ .fault")).to_be_visible()
    page.get_by_label("random_state").fill("")
    created(page, "wrongs")


def test_names_of_columns_are_only_names(page: Page, tmp_path: Path) -> None:
    """Those of a form's own, of a script, of what objects have: each is sent as it is."""
    names = ["dataset", "elements", "__proto__", "<script>alert(1)</script>", "kind"]
    rows: list[list[Any]] = [[n, n % 3, n % 5, f"<b>{n % 2}</b>", "ab"[n % 2]] for n in range(60)]
    lines = [",".join(str(each) for each in row) for row in [names, *rows]]
    file = tmp_path / "odd.csv"
    file.write_text("\n".join(lines) + "\n")
    upload(page, file, "odd")
    page.get_by_label("Predict kind").check()
    page.get_by_label("Id", exact=True).fill("odd")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/experiments/odd")
    trained(page, 5, 1)
    for name, value in zip(names[:-1], ("7", "1", "2", "<b>1</b>"), strict=True):
        page.get_by_label(name, exact=True).fill(value)
    with page.expect_request("**/predict") as sent:
        page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".answer strong")).to_have_text("b")
    (row,) = sent.value.post_data_json["rows"]
    assert row == {"dataset": 7, "elements": 1, "__proto__": 2, names[3]: "<b>1</b>"}


def test_a_bad_table_is_told_line_by_line(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("a,b\n1,2\n3\n4,5,6\n")
    page.goto("/datasets")
    page.get_by_label("Drop a CSV here").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".faults li")).to_have_count(2)
    expect(page.locator(".faults")).to_contain_text("ine 3")


def test_a_file_is_predicted(page: Page) -> None:
    upload(page, GLASS, "files")
    created(page, "files")
    trained(page, 5, 1)
    page.get_by_label("Or drop a CSV of rows").set_input_files(GLASS)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Predict the file").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert len(lines) == len(GLASS.read_text().splitlines())
    assert "prediction,probability_1" in lines[0]


def test_a_long_training_is_watched_and_cancelled(page: Page) -> None:
    upload(page, GLASS, "longs")
    created(page, "longs")
    page.get_by_label("Trees").fill("10000")
    page.get_by_role("button", name="Train a new version").click()
    work = page.locator("[data-jobs]")
    expect(work.get_by_role("progressbar")).to_be_visible()
    work.get_by_role("button", name="cancel train").click()
    expect(work.get_by_text("cancelled").first).to_be_visible()
