"""What each kind of job does, step by step; the last step changes the rows, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, Status
from models.errors import Conflict, Failed
from services import datasets, versions
from services.files import move_folder, remove, sha256_of
from services.forest.batches import plan as batches_of
from services.worker import specs
from services.worker.bench import Bench, experiment_of
from services.worker.children import Outcome


def read(bench: Bench, job: Job) -> None:
    """Read and describe an uploaded CSV, then keep it as a dataset."""
    described = bench.step(job, "read", "describe", (specs.reading(bench, job),), range(95))
    description = outcome_of(bench, job, described)
    with bench.holding(job.id) as (session, row):
        replaced = datasets.keep(session, bench.home, row, description)
        row.succeed({"dataset": row.dataset})
    if replaced:
        remove(bench.home.absolute(replaced))


def split(bench: Bench, job: Job) -> None:
    """Split a dataset for an experiment; the CSV may have come with the request."""
    description, replaced = None, None
    if "sha256" in job.params:
        spec = specs.reading(bench, job)
        described = bench.step(job, "read", "describe", (spec,), range(45))
        description = outcome_of(bench, job, described)
    spec = specs.splitting(bench, job, description)
    made = outcome_of(bench, job, bench.step(job, "split", "split", (spec,), range(45, 95)))
    with bench.holding(job.id) as (session, row):
        experiment = experiment_of(session, row)
        if description is not None:
            replaced = datasets.keep(session, bench.home, row, description)
        _keep_split(bench, session, experiment, row, made)
        row.succeed({"experiment": experiment.id})
    if replaced:
        remove(bench.home.absolute(replaced))


def train(bench: Bench, job: Job) -> None:
    """Grow a forest in batches of trees and publish it as a new version."""
    spec = specs.training(bench, job)
    bench.step(job, "training rows encoded", "encode", (spec,), range(5))
    grown, trees = [], spec["params"]["n_estimators"]
    for start, stop in batches_of(trees):
        share = range(5 + 85 * start // trees, 5 + 85 * stop // trees)
        name = f"tree {stop} of {trees}"
        grown.append(bench.step(job, name, "grow", (spec, start, stop), share))
    made = bench.step(job, "forest checked", "assemble", (spec, grown), range(90, 99))
    with bench.holding(job.id) as (session, row):
        experiment = experiment_of(session, row)
        record = outcome_of(bench, job, made)
        number = versions.publish(session, bench.home, experiment, row, record)
        row.succeed({"experiment": experiment.id, "version": number})


def test(bench: Bench, job: Job) -> None:
    """Score a version on the test split, and keep the result; or on a CSV that was sent."""
    spec = specs.testing(bench, job)
    made = bench.step(job, "scored", "evaluate", (spec,), range(95))
    result, number = outcome_of(bench, job, made), job.params["version"]
    with bench.holding(job.id) as (session, row):
        experiment = experiment_of(session, row)
        if spec["upload"] is None:
            versions.keep_result(session, experiment, number, result)
        row.succeed({"experiment": experiment.id, "version": number, "result": result})


RECIPES: dict[Kind, Callable[[Bench, Job], None]] = {
    Kind.READ: read,
    Kind.SPLIT: split,
    Kind.TRAIN: train,
    Kind.TEST: test,
}


def outcome_of(bench: Bench, job: Job, made: Outcome) -> dict[str, Any]:
    """What a step wrote down, if it is still what the step wrote."""
    file = bench.home.work(job.id) / made["path"]
    if not file.exists() or sha256_of(file) != made["sha256"]:
        raise Failed(f"the outcome {made['path']} of a finished step is gone", code="work_lost")
    record: dict[str, Any] = json.loads(file.read_bytes())
    return record


def _keep_split(
    bench: Bench, session: Session, experiment: Experiment, job: Job, made: dict[str, Any]
) -> None:
    if session.get(Dataset, job.dataset) is None:
        raise Conflict(f"dataset {job.dataset!r} was deleted", code="dataset_deleted")
    folder, old = bench.home.split(experiment.uid, job.id), experiment.train_path
    source = bench.home.work(job.id) / "split"
    if source.exists():  # else an earlier attempt has moved it
        move_folder(source, folder)
    for part in ("train", "test", "calibration"):
        path = bench.home.relative(folder / f"{part}.parquet") if part in made["rows"] else None
        setattr(experiment, f"{part}_path", path)
        setattr(experiment, f"{part}_rows", made["rows"].get(part))
    experiment.plan, experiment.dataset = job.params["plan"], job.dataset
    experiment.type, experiment.target = job.params["plan"]["type"], job.params["plan"]["target"]
    for name in ("features", "classes", "warnings", "checksums"):
        setattr(experiment, name, made[name])
    experiment.status = Status.READY
    if old:
        remove(bench.home.absolute(old).parent)
