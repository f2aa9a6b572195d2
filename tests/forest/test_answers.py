"""A test of more rows than there is memory for looks at one of so many, evenly over the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.errors import Invalid
from services.memory import PROCESS
from services.reading import line_ends
from services.worker import answers as module
from services.worker.answers import Answers, answers_to, step_for
from tests.forest.helpers import MIXED, Version, mixed_table, train

pytestmark = pytest.mark.no_database

ROWS = 400
TASKS = ["classification", "regression"]


@pytest.fixture(name="version", params=TASKS)
def _version(request: pytest.FixtureRequest, tmp_path: Path) -> Version:
    classes = ["a", "b", "c"] if request.param == "classification" else None
    y = np.arange(ROWS) % 3 if classes else np.linspace(0, 9, ROWS)
    return train(tmp_path, mixed_table(ROWS), MIXED, y.astype(np.float64), classes)


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST", 1)


def table(version: Version, missing: int | None = None) -> pa.Table:
    labels: list[Any] = [(n % 7) / 7 for n in range(ROWS)]
    if version.model.classes:
        labels = ["abcd"[n % 4] for n in range(ROWS)]
    if missing is not None:
        labels[missing] = None
    return mixed_table(ROWS, seed=1).append_column("target", pa.array(labels))


def answered(version: Version, most: int, size: int = ROWS, **changed: Any) -> Answers:
    """The answers where so many rows have room, of batches of that size."""
    task = version.model.task
    each = module.ROW[task] + module.CLASS * max(1, len(version.model.classes))
    spec = {"task": task, "target": "target", "memory_limit": PROCESS + most * each}
    batches: Iterator[pa.RecordBatch] = iter(table(version, **changed).to_batches(size))
    return answers_to(spec, version.model, batches, ROWS, 3, [1])


def test_all_rows_that_fit_are_answered(version: Version) -> None:
    found = answered(version, ROWS)
    assert (found.step, len(found.truth), len(found.scores)) == (1, ROWS, ROWS)


@pytest.mark.parametrize("size", [1, 7, ROWS])
@pytest.mark.parametrize(("most", "step"), [(ROWS - 1, 2), (100, 4), (99, 5), (1, ROWS)])
def test_of_more_every_so_many_are(version: Version, most: int, step: int, size: int) -> None:
    whole, found = answered(version, ROWS), answered(version, most, size)
    assert found.step == step
    assert len(found.truth) <= most
    assert found.labels.to_pylist() == whole.labels.to_pylist()[::step]
    np.testing.assert_array_equal(found.truth, whole.truth[::step])
    np.testing.assert_allclose(found.scores, whole.scores[::step])
    np.testing.assert_array_equal(found.columns, whole.columns[::step])
    assert len(found.y) == len(found.X)
    if step == 2:  # every third of every second is every second of every third
        np.testing.assert_array_equal(found.X, whole.X[::step])


def test_a_target_that_is_missing_in_a_row_left_out_is_refused_too(version: Version) -> None:
    with pytest.raises(Invalid, match=f"no value in 1 of {ROWS} rows"):
        answered(version, 100, missing=1)


def test_some_rows_are_answered_however_little_memory_there_is(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEWEST", 250)
    spec = {"task": version.model.task, "memory_limit": 0}
    assert step_for(spec, version.model, ROWS) == 2
    assert step_for(spec, version.model, 250) == 1


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
def test_a_file_has_no_more_rows_than_line_ends(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(ends.join(["x", "1", "2", "3"]).encode())
    assert line_ends(path) == 3
