"""POST /v1/experiments with a form: the CSV comes along, and is kept as a dataset."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tests.forms import post
from tests.problems import assert_problem
from tests.requests import UNSPLITTABLE, WRONG_FIELDS
from tests.story import Story, flowers, fresh
from tests.tables import PLAIN, UNREADABLE, XLSX, with_column
from tests.test_create_experiment import KEYS
from tests.traces import settled, unchanged

WRONG_TEXT: dict[str, tuple[dict[str, Any], str, str]] = {
    "C68-nan": ({"test_size": "NaN"}, "wrong_type", "/test_size"),
    "C68-true": ({"test_size": "true"}, "wrong_type", "/test_size"),
    "C68-text": ({"test_size": "0,2"}, "wrong_type", "/test_size"),
    "stratify": ({"stratify": "yes"}, "wrong_type", "/stratify"),
    "header": ({"header": "1"}, "wrong_type", "/header"),
    "stratify-regression": (
        {"type": "regression", "stratify": "true"},
        "not_for_regression",
        "/stratify",
    ),
    "U15": ({"target": ["a", "kind"]}, "repeated_parameter", "/target"),
}


def test_one_request_makes_both(story: Story, home: Path) -> None:
    given, name = fresh("exp"), fresh("data")
    answer = post(
        story,
        flowers().replace(",", ";"),
        id=given,
        dataset=name,
        description="flowers",
        delimiter=";",
        test_size="0.25",
        random_state="7",
        stratify="false",
        exclude=["wild", "picked"],
    )
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert list(told) == KEYS
    assert answer.headers["Location"] == f"/v1/experiments/{given}"
    assert (told["id"], told["dataset"], told["description"]) == (given, name, "flowers")
    assert (told["test_size"], told["random_state"], told["stratify"]) == (0.25, 7, False)
    assert told["features"] == ["size", "colour", "petals"]
    assert (told["train_rows"], told["test_rows"]) == (45, 15)
    assert story.get(given).json == told
    kept = story.client.get(f"/v1/datasets/{name}").json
    assert (kept["rows"], kept["dialect"]["delimiter"]) == (60, ";")
    assert not list((home / "uploads").iterdir())
    assert story.train(given, n_estimators=5).status_code == 201


def test_the_dataset_takes_the_experiments_id(story: Story) -> None:
    told = post(story, PLAIN).json
    assert told["dataset"] == told["id"]
    with story.client.get(f"/v1/datasets/{told['id']}/file") as file:
        assert file.get_data(as_text=True) == PLAIN


def test_features_and_exclude_may_come_many_times(story: Story) -> None:
    told = post(story, flowers(), features=["size", "colour", "wild"], exclude="wild").json
    assert (told["features"], told["exclude"]) == (["size", "colour"], ["wild"])


def test_the_same_table_again_is_kept_once(story: Story, home: Path) -> None:
    name = story.make_dataset(PLAIN)
    kept = {file for file in settled(home) if file.startswith("datasets/")}
    assert post(story, PLAIN, dataset=name).status_code == 201
    assert {file for file in settled(home) if file.startswith("datasets/")} == kept


def test_another_table_under_a_name_in_use(story: Story, home: Path) -> None:
    name = story.make_dataset()
    story.make_experiment(dataset=name)
    with unchanged(story, home):
        assert_problem(post(story, PLAIN, dataset=name), 409, "dataset_exists")


def test_an_id_in_use(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        assert_problem(post(story, PLAIN, id=experiment), 409, "experiment_exists")


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read(story: Story, home: Path, case: str) -> None:
    body, code = UNREADABLE[case]
    given = fresh("bad")
    with unchanged(story, home):
        assert_problem(post(story, body, id=given), 422, code)
    jobs = story.client.get(f"/v1/jobs?experiment={given}").json["items"]
    told = [(job["state"], job["error"]["code"]) for job in jobs]
    assert told == [("failed", code)] * bool(body)  # what holds no byte is not read at all
    assert not hasattr(builtins, "canary")


def test_archives(story: Story, home: Path) -> None:
    """C55."""
    with unchanged(story, home):
        assert_problem(post(story, XLSX), 415, "compressed_upload")


@pytest.mark.parametrize("case", UNSPLITTABLE)
def test_what_cannot_be_split(story: Story, home: Path, case: str) -> None:
    body, fields, code, pointer = UNSPLITTABLE[case]
    given = fresh("bad")
    with unchanged(story, home):
        assert_problem(post(story, body, **{"id": given, **fields}), 422, code, pointer)
    assert post(story, PLAIN, id=given).status_code == 201


@pytest.mark.parametrize("case", [*WRONG_FIELDS, *WRONG_TEXT])
def test_fields_that_are_wrong(story: Story, home: Path, case: str) -> None:
    fields, code, pointer = {**WRONG_FIELDS, **WRONG_TEXT}[case]
    with unchanged(story, home):
        assert_problem(post(story, PLAIN, **fields), 422, code, pointer)


def test_options_that_are_wrong(story: Story, home: Path) -> None:
    with unchanged(story, home):
        answer = post(story, PLAIN, delimiter="ab")
        assert_problem(answer, 422, "bad_delimiter", "/delimiter")


def test_quoted_cells_of_any_kind(story: Story) -> None:
    told = post(story, with_column('"a, or ""b"""', '"1,5"', '"say ""no"""')).json
    assert told["features"] == ['a, or "b"', "size"]


def test_a_file_replaces_no_dataset_that_nobody_named(story: Story, home: Path) -> None:
    """Not even one that no experiment uses: a PUT says that it replaces, a create does not."""
    name = story.make_dataset(flowers(seed=1))
    with unchanged(story, home):
        assert_problem(post(story, flowers(seed=2), id=name), 409, "dataset_exists")
    assert post(story, flowers(seed=1), id=name).status_code == 201
