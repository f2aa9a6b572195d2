"""The heavy steps, as they run in a child: files in, files out, no database.

Each takes a plain specification and a way to report its progress, writes its outcome under the
job's work folder, and returns {path, sha256, count}. A step that is done again after a crash
writes the same files again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.errors import Conflict
from services.files import keep, sha256_of
from services.reading import Description, Limits, Reading
from services.reading import describe as describe_csv
from services.splits.plan import Plan
from services.splits.split import split as split_csv
from services.worker.children import Outcome, Report, Spec
from services.worker.forests import assemble_version, encode_rows, grow_batch
from services.worker.scores import score_csv, score_split


def describe(spec: Spec, report: Report) -> Outcome:
    """Read a whole CSV and write down what is in it."""
    reading, limits = Reading.from_record(spec["reading"]), Limits(max_columns=spec["max_columns"])
    description = describe_csv(
        Path(spec["source"]), reading, limits, lambda share: report(share, "reading the CSV")
    )
    return write_down(spec, "description.json", description.as_record(), description.rows)


def split(spec: Spec, report: Report) -> Outcome:
    """Deal a CSV's rows out to train and test."""
    made = split_csv(
        Path(spec["source"]),
        Description.from_record(spec["description"]),
        Plan.from_record(spec["plan"]),
        Path(spec["work"]) / "split",
        Limits(max_columns=spec["max_columns"]),
        lambda share: report(share, "dealing rows to train and test"),
    )
    return write_down(spec, "split.json", made.as_record(), sum(made.rows.values()))


def encode(spec: Spec, report: Report) -> Outcome:
    """Write the training rows as the matrix that the trees are grown from."""
    check_split(spec["train"], spec["checksums"]["train"])
    rows = encode_rows(spec, lambda share: report(share, "encoding the training rows"))
    return {"path": "X.npy", "sha256": sha256_of(Path(spec["work"]) / "X.npy"), "count": rows}


def grow(spec: Spec, start: int, stop: int, report: Report) -> Outcome:
    """Grow the trees from `start` up to `stop`."""
    report(0.0, f"tree {start} of {spec['params']['n_estimators']}")
    return grow_batch(spec, start, stop)


def assemble(spec: Spec, grown: list[Outcome], report: Report) -> Outcome:
    """Put the batches together, export the forest, and check the export."""
    report(0.0, "exporting the forest and checking the export")
    made = assemble_version(spec, grown)
    return write_down(spec, "version.json", made, len(grown))


def evaluate(spec: Spec, report: Report) -> Outcome:
    """Score a version on the test split, or on a CSV that came with the request."""
    report(0.0, "scoring")
    if spec["upload"] is not None:
        result = score_csv(spec)
    else:
        check_split(spec["test"], spec["checksums"]["test"])
        result = score_split(spec)
    return write_down(spec, "result.json", result, result["rows"])


def write_down(spec: Spec, name: str, record: dict[str, Any], count: int) -> Outcome:
    """Write a record into the job's work folder."""
    sha256, _ = keep([json.dumps(record).encode()], Path(spec["work"]) / name)
    return {"path": name, "sha256": sha256, "count": count}


def check_split(path: str, sha256: str) -> None:
    """Raise Conflict where a part of the split is not the file that was written."""
    file = Path(path)
    if not file.exists():
        raise Conflict(f"the {file.stem} part of the split is gone", code="split_missing")
    if sha256_of(file) != sha256:
        message = f"the {file.stem} part of the split is not the file that was written"
        raise Conflict(message, code="split_changed")
