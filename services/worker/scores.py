"""The step of a test: scores on the test part, or on a CSV with the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.errors import Fault, Invalid
from services.columns import Column
from services.forest.coverage import Calibration, measured
from services.forest.evaluation import evaluate
from services.forest.serving import Model
from services.reading import Limits, Reading, text_batches, typed
from services.scoring import MOST_FAULTS, as_column, as_learned, check_columns
from services.splits.stored import part_rows
from services.worker.answers import Answers, answers_to, most_rows
from services.worker.outcomes import Spec

LEAK = "identical_rows"
COVERAGES = (0.8, 0.9, 0.95)


def score_split(spec: Spec) -> dict[str, Any]:
    """The result on the test part, with what the split said about rows on both sides."""
    batches, rows = part_rows(spec["test"])
    result = _scored(spec, lambda _: batches, rows)
    leaks = [notice for notice in spec["warnings"] if notice["code"] == LEAK]
    return {**result, "warnings": [*leaks, *result["warnings"]]}


def score_csv(spec: Spec) -> dict[str, Any]:
    """The result on a CSV that holds the features and the target.

    Raises Invalid with the faults of all rows, or where it has no row or no target.
    """
    return _scored(spec, lambda model: _typed_rows(spec, model))


def _scored(
    spec: Spec, batches_for: Callable[[Model], Iterator[pa.RecordBatch]], rows: int | None = None
) -> dict[str, Any]:
    model = model_of(spec)
    classes, calibration = model.classes, model.calibration
    most = most_rows(spec, model, stays=False)
    answers = answers_to(spec, model, batches_for(model), most, rows)
    del model  # of many rows the scores want the memory that it takes
    result = evaluate(spec["task"], classes, answers.labels, answers.scores)
    if answers.share > 1:
        result["warnings"] = [*result["warnings"], _left_out(answers.share)]
    return {**result, **_coverage(spec["task"], calibration, answers)}


def _left_out(share: int) -> dict[str, str]:
    message = (
        f"one row of {share} was scored, evenly over the table: for more of them a step has no "
        "room (GROVE_STEP_MEMORY)"
    )
    return {"code": "rows_left_out", "message": message}


def _coverage(
    task: str, calibration: Calibration | None, answers: Answers
) -> dict[str, list[dict[str, float]]]:
    """How often answers that are to hold the truth do so, where the version is calibrated."""
    if calibration is None:
        return {}
    rows = (answers.truth, answers.scores, calibration)
    return {"coverage": [measured(task, *rows, each) for each in COVERAGES]}


def _typed_rows(spec: Spec, model: Model) -> Iterator[pa.RecordBatch]:
    reading = as_learned(Reading.from_record(spec["reading"]), spec["learned_reading"])
    limits = Limits(max_columns=spec["max_columns"])
    dialect, batches = text_batches(Path(spec["upload"]), reading, limits)
    wanted = [*map(as_column, model.features), _target(spec)]
    check_columns([column.name for column in wanted], dialect.names)
    faults: list[Fault] = []
    rows = 0
    for batch in batches:
        values, found = typed(batch, wanted, dialect.missing_values, rows, MOST_FAULTS)
        rows, faults = rows + len(batch), faults + found
        if not faults:
            yield values
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults[:MOST_FAULTS])


def _target(spec: Spec) -> Column:
    columns = spec["description"]["columns"]
    (record,) = (column for column in columns if column["name"] == spec["target"])
    return Column(**record)


def model_of(spec: Spec) -> Model:
    """The version that a specification names. Raises Conflict where its files have changed."""
    return Model.load(Path(spec["model"]), spec["model_checksums"], spec["models_memory"])
