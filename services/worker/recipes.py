"""What each kind of job does, step by step; the last step changes the rows, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, Status
from models.errors import Conflict
from services import datasets, versions
from services.files import move_folder, remove
from services.forest.batches import is_steady, plan_of, trees_before
from services.verifying import verdict
from services.worker import specs, studies
from services.worker.bench import Bench, experiment_of
from services.worker.growers import grower
from services.worker.outcomes import Outcome, Spec
from services.worker.records import beside, outcome_of
from services.worker.search import best_of

BEGIN = 6  # percent of a training that are done before its first tree grows


def read(bench: Bench, job: Job) -> None:
    """Read and describe an uploaded CSV, then keep it as a dataset."""
    described = bench.step(job, "read", "describe", (specs.reading(bench, job),), range(95))
    description = outcome_of(bench, job, described)

    def finish(session: Session, row: Job) -> list[str]:
        replaced = datasets.keep(session, bench.home, row, description)
        row.succeed({"dataset": row.dataset})
        return replaced

    _remove(bench, bench.hold(job, finish))


def split(bench: Bench, job: Job) -> None:
    """Split a dataset for an experiment; the CSV may have come with the request."""
    description = None
    if "sha256" in job.params:
        spec = specs.reading(bench, job)
        described = bench.step(job, "read", "describe", (spec,), range(45))
        description = outcome_of(bench, job, described)
    spec = specs.splitting(bench, job, description)
    if job.params.get("dry_run"):
        _foresee(bench, job, "foresee_split", spec)
        return
    made = bench.step(job, "split", "split", (spec,), range(45, 95))

    def finish(session: Session, row: Job) -> list[str]:
        experiment, replaced = experiment_of(session, row), []
        if description is not None:
            replaced = datasets.keep(session, bench.home, row, description)
        _check_dataset(session, row, spec)
        old = _keep_split(bench, experiment, row, made)
        row.succeed({"experiment": experiment.id})
        return [*replaced, *([old] if old is not None else [])]

    _remove(bench, bench.hold(job, finish))


def train(bench: Bench, job: Job) -> None:
    """Grow a forest in batches of trees and publish it as a new version."""
    spec = _encoded(bench, job)
    if spec["dry_run"]:
        _foresee(bench, job, "foresee_training", spec)
        return
    if spec["search"] is not None:
        spec = best_of(bench, job, spec)
    made = _assembled(bench, job, spec)
    record, files = outcome_of(bench, job, made), beside(bench, job, made, "version")

    def finish(session: Session, row: Job) -> list[str]:
        experiment = experiment_of(session, row)
        number = versions.publish(session, bench.home, experiment, row, record, files)
        row.succeed({"experiment": experiment.id, "version": number, **_stopped(record)})
        return versions.prune(session, bench.home, experiment.uid, bench.settings.keep_versions)

    _remove(bench, bench.hold(job, finish))


def verify(bench: Bench, job: Job) -> None:
    """Make a version again from its record, and say whether it is the same."""
    record = outcome_of(bench, job, _assembled(bench, job, _encoded(bench, job)))
    number = job.params["version"]

    def finish(session: Session, row: Job) -> None:
        experiment = experiment_of(session, row)
        version = versions.of(session, experiment, number)
        row.succeed({"experiment": experiment.id, **verdict(version, record)})

    bench.hold(job, finish)


def _encoded(bench: Bench, job: Job) -> Spec:
    """What a training is told, once its rows are encoded."""
    spec = specs.training(bench, job)
    encoded = bench.step(job, "training rows encoded", "encode", (spec,), range(5))
    found = {name: encoded[name] for name in ("size", "params", "engine", "shared")}
    return {**spec, "X": encoded["path"], "asked": spec["params"], "begin": BEGIN, **found}


def _assembled(bench: Bench, job: Job, spec: Spec) -> Outcome:
    """The forest that is told of, grown, put together and checked."""
    before = _before(bench, job, spec)
    grown, scores = _grown(bench, job, spec)
    spec, grown = {**spec, "oob_scores": scores}, [*before, *grown]
    return bench.step(job, "forest checked", "assemble", (spec, grown), range(90, 99))


def _foresee(bench: Bench, job: Job, task: str, spec: Spec) -> None:
    """Only tell what the job would take."""
    made = bench.step(job, "foreseen", task, (spec,), range(45, 99))
    estimate = outcome_of(bench, job, made)
    result = {"experiment": job.experiment, "dry_run": True, "estimate": estimate}
    bench.hold(job, lambda _, row: row.succeed(result))


def _before(bench: Bench, job: Job, spec: Spec) -> list[Outcome]:
    """The trees of the version that is extended, where one is."""
    if spec["extends"] is None:
        return []
    return [bench.step(job, "trees taken over", "unpack", (spec,), range(5, 6))]


def _grown(bench: Bench, job: Job, spec: Spec) -> tuple[list[Outcome], list[float | None]]:
    """The batches of trees, all of them or as many as are wanted, and their scores until then."""
    grown: list[Outcome] = []
    scored: list[Outcome] = []
    scores: list[float | None] = []
    trees, tol = spec["params"]["n_estimators"], spec["tol"]
    with grower(bench, job, spec) as grow:
        for start, stop in plan_of(spec):
            if (work := grow(start, stop, grown)) is None:
                break
            share = _share(spec, start, stop)
            made = bench.durable(job, f"tree {stop} of {trees}", work, share)
            if "late" in made:
                break
            grown.append(made)
            if tol is not None:
                end = range(share.stop, share.stop)
                scored.append(bench.step(job, "votes", "vote", (spec, grown[-1], scored), end))
                scores = [each["oob_score"] for each in scored]
                if is_steady(scores, tol):
                    break
    return grown, scores


def _share(spec: Spec, start: int, stop: int) -> range:
    """The percents of a training in which the trees from `start` up to `stop` grow."""
    first, begin = trees_before(spec["extends"]), spec["begin"]
    done = ((tree - first) / (spec["params"]["n_estimators"] - first) for tree in (start, stop))
    return range(*(int(begin + (90 - begin) * part) for part in done))


def _stopped(record: dict[str, Any]) -> dict[str, Any]:
    """What the job says of a forest that has fewer trees than were asked for."""
    return {key: record["manifest"][key] for key in ("stopped",) if key in record["manifest"]}


RECIPES: dict[Kind, Callable[[Bench, Job], None]] = {
    Kind.READ: read,
    Kind.SPLIT: split,
    Kind.TRAIN: train,
    Kind.TEST: studies.test,
    Kind.INSPECT: studies.inspect,
    Kind.COMPARE: studies.compare,
    Kind.VERIFY: verify,
}


def _remove(bench: Bench, paths: list[str]) -> None:
    """Remove what no row names any more, now that this is committed."""
    for path in paths:
        remove(bench.home.absolute(path))


def _check_dataset(session: Session, job: Job, spec: Spec) -> None:
    """Raise Conflict where the dataset is not the one that was split."""
    dataset = session.get(Dataset, job.dataset)
    if dataset is None or dataset.sha256 != spec["dataset_sha256"]:
        message = f"dataset {job.dataset!r} was replaced or deleted while it was split"
        raise Conflict(message, code="dataset_changed")


def _keep_split(bench: Bench, experiment: Experiment, job: Job, done: Outcome) -> str | None:
    """Have the experiment name the new split; returns the folder of the old one, if it had one."""
    made, source = outcome_of(bench, job, done), beside(bench, job, done, "split")
    folder, old = bench.home.split(experiment.uid, job.id), experiment.train_path
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
    before = bench.home.absolute(old).parent if old else folder
    return bench.home.relative(before) if before != folder else None
