"""The card of a version, and the note that an export bears."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

from services.forest.usage import NOTE
from tests.downloads import fetched
from tests.problems import assert_problem
from tests.story import FLOWER, PATIENT, Story, flowers, table
from tests.test_pages import Page

pytestmark = pytest.mark.no_database

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def card(story: Story, experiment: str, **query: str) -> Any:
    path = f"/v1/experiments/{experiment}/versions/1/card"
    return story.client.get(path, query_string=query, headers=PATIENT)


def rows_of(text: str) -> dict[str, list[str]]:
    """The cells of all tables, by the first one of each row."""
    lines = [line.strip("| ") for line in text.splitlines() if line.startswith("|")]
    return {line.split(" | ")[0]: line.split(" | ") for line in lines}


def test_what_a_card_tells(story: Story) -> None:
    experiment = story.make_trained(
        flowers(400), calibration_size=0.2, description="Of gardens.", random_state=7
    )
    before = card(story, experiment)
    assert (before.status_code, before.mimetype) == (200, "text/markdown")
    assert "It has not been tested." in before.text
    result = story.test(experiment).json["result"]
    text = card(story, experiment).text
    version = story.get(experiment, "/versions/1").json
    assert text.startswith(f"# {experiment}, version 1\n\nOf gardens.\n")
    rows = rows_of(text)
    assert rows["accuracy"][1] == f"{result['accuracy']:.4g}"
    low, high = result["intervals"]["accuracy"]
    assert rows["accuracy"][2] == f"{low:.4g} to {high:.4g}"
    assert {"size", "colour", "petals"} <= set(rows)
    for sha256 in version["checksums"].values():
        assert sha256 in text
    assert version["manifest"]["dataset_sha256"] in text
    assert "the answers did so in" in text
    assert "random_state 7" in text
    assert NOTE in text
    links = re.findall(r"\]\((/[^)]*)\)", text)
    assert len(links) == 5
    for link in links:
        assert story.client.get(link).mimetype == "image/svg+xml"


def test_as_one_file_with_its_pictures(story: Story) -> None:
    experiment = story.make_trained(flowers(200), description="<b>bold</b>")
    story.test(experiment)
    answer = card(story, experiment, format="html")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    page = Page()
    page.feed(answer.text)
    assert "<b>bold</b>" in page.text
    sources = [str(each["src"]) for each in page.all("img")]
    assert len(sources) == 5
    assert all(each.startswith("data:image/svg+xml;base64,") for each in sources)
    policy = answer.headers["Content-Security-Policy"]
    assert "script" not in policy
    assert "sha256-" in policy
    assert not page.all("link")
    assert "default-src 'none'" in policy


def test_of_a_regression_with_odd_names(story: Story) -> None:
    rows = [[n, f"k|{n % 2}<script>x`", n * 2.5] for n in range(80)]
    made = table(["a|b", "[c](javascript:x)", "price"], rows)
    experiment = story.make_trained(made, target="price", type="regression")
    story.test(experiment)
    text = card(story, experiment).text
    assert r"| a\|b |" in text
    assert r"| k\|1\<script\>x\` |" in text
    assert r"| \[c\](javascript:x) |" in text
    assert "<script>" not in text
    assert card(story, experiment, format="html").status_code == 200


def test_what_there_is_not(story: Story) -> None:
    experiment = story.make_experiment()
    assert_problem(card(story, experiment), 404, "version_not_found")
    assert_problem(card(story, experiment, format="pdf"), 422, "unknown_choice")


@pytest.mark.parametrize("regression", [False, True])
def test_the_note_of_an_export_is_all_that_it_takes(
    story: Story, tmp_path: Path, regression: bool
) -> None:
    fields = {"target": "petals", "type": "regression"} if regression else {}
    experiment = story.make_trained(flowers(300), **fields)
    content = fetched(story, experiment, "/versions/1/model?format=onnx")
    (tmp_path / "model.onnx").write_bytes(content)
    note = onnx.load_from_string(content).doc_string
    assert note == NOTE
    assert len(note.splitlines()) <= 12
    odd = {**FLOWER, "size": None, "colour": "never seen"}
    for flower in (FLOWER, odd, {}):
        row = {name: flower.get(name) for name in story.get(experiment).json["features"]}
        code = note.replace("row = {}", f"row = {row!r}")
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        (wanted,) = story.predict(experiment, row).json["predictions"]
        numbers = [float(each) for each in NUMBER.findall(done.stdout)]
        if regression:
            assert numbers[-1] == pytest.approx(wanted["value"], rel=1e-5)
        else:
            assert numbers[-2:] == pytest.approx(list(wanted["probabilities"].values()), abs=1e-6)
