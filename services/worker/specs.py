"""What the steps of a job need to know, gathered from the rows into plain values."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job
from models.errors import Conflict
from services import datasets, memory, versions
from services.worker.bench import Bench, experiment_of
from services.worker.outcomes import Spec


def reading(bench: Bench, job: Job) -> Spec:
    """For reading the CSV that came with a job."""
    upload, kept = bench.home.upload(job.id), bench.home.dataset(job.id)
    return {
        **_common(bench, job),
        # An earlier attempt may have moved the upload to where the dataset's file lies.
        "source": str(kept if kept.exists() else upload),
        "copies": None if job.params.get("dry_run") else str(bench.home.copies(bench.executor)),
        "reading": job.params["reading"],
    }


def splitting(bench: Bench, job: Job, description: dict[str, Any] | None) -> Spec:
    """For splitting the CSV that came with a job, or a dataset that was there."""
    limit = memory.of_step(bench.settings, job.kind)
    spec = {
        **_common(bench, job),
        "copies": str(bench.home.copies(bench.executor)),
        "plan": job.params["plan"],
        "memory_limit": limit,
    }
    if description is not None:
        came = {"source": reading(bench, job)["source"], "dataset_sha256": job.params["sha256"]}
        return {**spec, **came, "description": description}

    def gather(session: Session, _: Job) -> Spec:
        dataset = session.get(Dataset, job.dataset)
        if dataset is None:
            raise Conflict(f"dataset {job.dataset!r} was deleted", code="dataset_deleted")
        return {
            **spec,
            "source": str(datasets.file_of(bench.home, dataset)),
            "description": dataset.description,
            "dataset_sha256": dataset.sha256,
        }

    return bench.hold(job, gather)


def training(bench: Bench, job: Job) -> Spec:
    """For growing a forest on an experiment's training part."""

    def gather(session: Session, row: Job) -> Spec:
        experiment = experiment_of(session, row)
        dataset = session.get_one(Dataset, experiment.dataset)
        return {
            **_common(bench, job),
            "task": experiment.type,
            "target": experiment.target,
            "features": experiment.features,
            "classes": experiment.classes,
            "columns": [column["name"] for column in dataset.description["columns"]],
            "dataset_sha256": dataset.sha256,
            "learned_reading": _reading(dataset),
            "plan": experiment.plan,
            "params": job.params["hyper_parameters"],
            "extends": _extended(session, bench, experiment, job.params.get("extends")),
            "given": job.params.get("given", []),
            "dry_run": job.params.get("dry_run", False),
            "tol": job.params.get("tol"),
            "search": job.params.get("search"),
            "batches": job.params.get("batches"),
            "nodes_of_tree": job.params.get("nodes_of_tree"),
            "same_engine": job.params.get("engine"),
            "memory_limit": memory.of_step(bench.settings, job.kind),
            "models_memory": memory.of_loaded(bench.settings, job.kind),
            "threads": bench.settings.train_threads,
            "far": bench.settings.dask_scheduler is not None,
            "storage": bench.settings.dask_storage if bench.settings.dask_scheduler else None,
            "train": str(bench.home.absolute(experiment.train_path or "")),
            "rows": experiment.train_rows,
            "calibration": _calibration(bench, experiment),
            "checksums": experiment.checksums,
        }

    return bench.hold(job, gather)


def testing(bench: Bench, job: Job) -> Spec:
    """For scoring a version on the test part, or on the CSV that came with the job."""

    def gather(session: Session, row: Job) -> Spec:
        experiment = experiment_of(session, row)
        version = versions.of(session, experiment, job.params["version"])
        dataset = session.get_one(Dataset, experiment.dataset)
        sent = "sha256" in job.params
        return {
            **_common(bench, job),
            "task": experiment.type,
            "target": experiment.target,
            "version": version.number,
            "model": str(bench.home.absolute(version.model_path).parent),
            "model_checksums": version.checksums,
            "models_memory": memory.of_loaded(bench.settings, job.kind),
            "memory_limit": memory.of_step(bench.settings, job.kind),
            "description": dataset.description,
            "warnings": experiment.warnings,
            "test": str(bench.home.absolute(experiment.test_path or "")),
            "checksums": experiment.checksums,
            "upload": str(bench.home.upload(job.id)) if sent else None,
            "reading": job.params.get("reading"),
            "learned_reading": version.manifest["reading"],
        }

    return bench.hold(job, gather)


def comparing(bench: Bench, job: Job) -> Spec:
    """For scoring two versions on the test part."""

    def gather(session: Session, row: Job) -> Spec:
        experiment = experiment_of(session, row)
        two = [versions.of(session, experiment, number) for number in job.params["versions"]]
        return {
            **_common(bench, job),
            "task": experiment.type,
            "target": experiment.target,
            "versions": job.params["versions"],
            "models": [str(bench.home.absolute(each.model_path).parent) for each in two],
            "models_checksums": [each.checksums for each in two],
            "models_memory": memory.of_loaded(bench.settings, job.kind),
            "memory_limit": memory.of_step(bench.settings, job.kind),
            "test": str(bench.home.absolute(experiment.test_path or "")),
            "checksums": experiment.checksums,
        }

    return bench.hold(job, gather)


def _extended(
    session: Session, bench: Bench, experiment: Experiment, number: int | None
) -> Spec | None:
    if number is None:
        return None
    version = versions.of(session, experiment, number)
    return {
        "version": number,
        "n_estimators": version.hyper_parameters["n_estimators"],
        "folder": str(bench.home.absolute(version.model_path).parent),
        "checksums": version.checksums,
        "manifest": version.manifest,
        "fit_seconds": version.fit_seconds,
    }


def _calibration(bench: Bench, experiment: Experiment) -> str | None:
    path = experiment.calibration_path
    return str(bench.home.absolute(path)) if path is not None else None


def _reading(dataset: Dataset) -> dict[str, Any]:
    """How a CSV like this one is read; one without a header may come with or without."""
    dialect = dataset.description["dialect"]
    header = True if dialect["header"] else None
    return {"header": header, "missing_values": list(dialect["missing_values"])}


def _common(bench: Bench, job: Job) -> Spec:
    return {
        "work": str(bench.home.work(job.id)),
        # Each attempt writes into a folder of its own: the child of a worker that was taken for
        # dead may still be at work.
        "attempt": str(job.attempt),
        "max_columns": bench.settings.max_columns,
    }
