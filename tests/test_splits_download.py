"""GET /v1/experiments/{id}/splits/{part}."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from flask import Flask

from tests.downloads import fetched, rows_of_split
from tests.problems import assert_problem
from tests.story import Story, flowers, fresh, table
from tests.traces import unchanged


@pytest.fixture(scope="module")
def split(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_experiment(flowers(90))


def test_the_parts_are_the_table(story: Story, split: str, home: Path) -> None:
    with unchanged(story, home):
        parts = {part: rows_of_split(story, split, part, dtype=str) for part in ("train", "test")}
    row = story.get(split).json
    assert {part: len(rows) for part, rows in parts.items()} == {
        "train": row["train_rows"],
        "test": row["test_rows"],
    }
    whole = pd.read_csv(io.StringIO(flowers(90)), dtype=str, na_values="?")
    both = pd.concat(parts.values())
    assert list(both) == list(whole)
    order = [str(name) for name in whole]
    left, right = (each.sort_values(order, ignore_index=True) for each in (both, whole))
    left["size"], right["size"] = left["size"].astype(float), right["size"].astype(float)
    assert left.equals(right)


def test_it_is_a_csv_to_keep(story: Story, split: str) -> None:
    with story.get(split, "/splits/test") as answer:
        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={split}-test.csv"
        lines = answer.get_data(as_text=True).split("\n")
    assert lines[0] == "size,colour,wild,picked,petals,kind"
    assert lines[-1] == ""


def test_a_dataset_made_of_a_part_is_the_part(story: Story, split: str) -> None:
    """What goes out comes in again."""
    name = story.make_dataset(fetched(story, split, "/splits/train"))
    described = story.client.get(f"/v1/datasets/{name}").json
    original = story.client.get(f"/v1/datasets/{story.get(split).json['dataset']}").json
    assert described["rows"] == story.get(split).json["train_rows"]
    types = [[(c["name"], c["type"]) for c in each["columns"]] for each in (described, original)]
    assert types[0] == types[1]


def test_what_a_spreadsheet_would_run_is_disarmed(story: Story) -> None:
    rows = [[n, "=1+1" if n % 2 else "@x", "ab"[n % 2]] for n in range(20)]
    experiment = story.make_experiment(table(["n", "=note", "kind"], rows))
    frame = rows_of_split(story, experiment, "train")
    assert set(frame["'=note"]) == {"'=1+1", "'@x"}


def test_calibration_is_a_part_where_there_is_one(story: Story, split: str) -> None:
    assert_problem(story.get(split, "/splits/calibration"), 404, "split_not_found")
    experiment = story.make_experiment(flowers(90), calibration_size=0.2)
    rows = rows_of_split(story, experiment, "calibration")
    assert len(rows) == story.get(experiment).json["calibration_rows"] > 0


@pytest.mark.parametrize("part", ["validation", "Train", "", "..%2ftest", "%00", "train.parquet"])
def test_no_such_part(story: Story, split: str, part: str) -> None:
    assert_problem(story.get(split, f"/splits/{part}"), 404, "not_found")


def test_no_such_experiment(story: Story) -> None:
    assert_problem(story.get("nobody", "/splits/test"), 404, "experiment_not_found")


def test_while_it_is_split(story: Story) -> None:
    name, experiment = story.make_dataset(flowers(5_000)), fresh("exp")
    fields = {"id": experiment, "dataset": name, "target": "kind"}
    job = story.client.post(
        "/v1/experiments", json=fields, headers={"Prefer": "respond-async"}
    ).json["id"]
    answer = story.get(experiment, "/splits/test")
    if answer.status_code != 200:
        assert_problem(answer, 409, "not_split")
    answer.close()
    story.wait_for(job, "succeeded")


def test_the_file_is_gone_or_another(story: Story, home: Path) -> None:
    experiment = story.make_experiment()
    path = home / story.get(experiment).json["test_path"]
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)
    assert_problem(story.get(experiment, "/splits/test"), 409, "split_changed")
    path.write_bytes(b"PAR1 no more")
    assert_problem(story.get(experiment, "/splits/test"), 409, "split_changed")
    path.unlink()
    assert_problem(story.get(experiment, "/splits/test"), 409, "split_missing")
    assert fetched(story, experiment, "/splits/train")


def test_json_is_not_given(story: Story, split: str) -> None:
    address = f"/v1/experiments/{split}/splits/test"
    answer = story.client.get(address, headers={"Accept": "application/json"})
    assert_problem(answer, 406, "not_acceptable")


def test_columns_of_many_rows_come_in_order(story: Story) -> None:
    body = table(["n", "kind"], [[n, "ab"[n % 2]] for n in range(25_000)])
    experiment = story.make_experiment(body)
    frame = rows_of_split(story, experiment, "train")
    assert len(frame) == 20_000
    assert frame["n"].is_monotonic_increasing
