"""The forests are as good as they should be: the worker's own steps, over twenty splits."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from models.hyper_parameters import defaults
from services.paths import SAMPLES
from services.reading import Reading
from services.splits.plan import Plan
from services.worker import tasks

pytestmark = pytest.mark.no_database

SEEDS = range(20)


def done(work: Path, name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((work / name).read_text())
    return record


def quiet(share: float, message: str) -> None:
    assert 0 <= share <= 1
    assert message


def accuracy(work: Path, sample: str, target: str, seed: int) -> float:
    """The accuracy on the test part with default hyper-parameters."""
    common = {
        "work": str(work.parent),
        "attempt": work.name,
        "max_columns": 100,
        "source": str(SAMPLES / f"{sample}.csv"),
        "copies": str(work / "copies"),
    }
    tasks.describe({**common, "reading": Reading().as_record()}, quiet)
    description = done(work, "description.json")
    plan = Plan.of({"target": target, "random_state": seed}).as_record()
    tasks.split({**common, "description": description, "plan": plan}, quiet)
    made = done(work, "split.json")
    spec = {
        **common,
        **{name: made[name] for name in ("features", "classes", "checksums", "warnings")},
        "task": "classification",
        "target": target,
        "columns": [column["name"] for column in description["columns"]],
        "dataset_sha256": "",
        "learned_reading": {},
        "plan": plan,
        "extends": None,
        "given": [],
        "dry_run": False,
        "tol": None,
        "search": None,
        "calibration": None,
        "storage": None,
        "memory_limit": 8 << 30,
        "models_memory": 1 << 30,
        "params": {**defaults("classification"), "random_state": seed},
        "threads": 2,
        "far": False,
        "batches": None,
        "nodes_of_tree": None,
        "train": str(work / "split" / "train.parquet"),
        "test": str(work / "split" / "test.parquet"),
        "rows": made["rows"]["train"],
        "upload": None,
    }
    encoded = tasks.encode(spec, quiet)
    spec |= {"X": encoded["path"]} | {name: encoded[name] for name in ("engine", "size", "params")}
    grown = [tasks.grow(spec, 0, 100, "", quiet)]
    tasks.assemble(spec, grown, quiet)
    model = {
        "model": str(work / "version"),
        "model_checksums": done(work, "version.json")["checksums"],
    }
    tasks.evaluate({**spec, **model}, quiet)
    return float(done(work, "result.json")["accuracy"])


@pytest.mark.parametrize(
    ("sample", "target", "least"),
    [("glass", "Type", 0.74), ("breast_cancer", "diagnosis", 0.955)],
)
def test_mean_accuracy_over_twenty_splits(
    sample: str, target: str, least: float, tmp_path: Path
) -> None:
    found = [accuracy(tmp_path / str(seed), sample, target, seed) for seed in SEEDS]
    print(f"{sample}: mean accuracy {mean(found):.4f}")
    assert mean(found) >= least
