"""What the steps of a job need to know, gathered from the rows into plain values."""

from __future__ import annotations

from typing import Any

from models import Dataset, Job
from models.errors import Conflict
from services import datasets, versions
from services.worker.bench import Bench, experiment_of
from services.worker.children import Spec


def reading(bench: Bench, job: Job) -> Spec:
    """For reading the CSV that came with a job."""
    upload, kept = bench.home.upload(job.id), bench.home.dataset(job.id)
    return {
        **_common(bench, job),
        # An earlier attempt may have moved the upload to where the dataset's file lies.
        "source": str(kept if kept.exists() else upload),
        "reading": job.params["reading"],
    }


def splitting(bench: Bench, job: Job, description: dict[str, Any] | None) -> Spec:
    """For splitting the CSV that came with a job, or a dataset that was there."""
    spec = {**_common(bench, job), "plan": job.params["plan"]}
    if description is not None:
        return {**spec, "source": reading(bench, job)["source"], "description": description}
    with bench.sessions() as session:
        dataset = session.get(Dataset, job.dataset)
        if dataset is None:
            raise Conflict(f"dataset {job.dataset!r} was deleted", code="dataset_deleted")
        source = str(datasets.file_of(bench.home, dataset))
        return {**spec, "source": source, "description": dataset.description}


def training(bench: Bench, job: Job) -> Spec:
    """For growing a forest on an experiment's training part."""
    with bench.holding(job.id) as (session, row):
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
            "threads": bench.settings.train_threads,
            "train": str(bench.home.absolute(experiment.train_path or "")),
            "rows": experiment.train_rows,
            "checksums": experiment.checksums,
        }


def testing(bench: Bench, job: Job) -> Spec:
    """For scoring a version on the test part, or on the CSV that came with the job."""
    with bench.holding(job.id) as (session, row):
        experiment = experiment_of(session, row)
        version = versions.of(session, experiment, job.params["version"])
        dataset = session.get_one(Dataset, experiment.dataset)
        sent = "sha256" in job.params
        return {
            **_common(bench, job),
            "task": experiment.type,
            "target": experiment.target,
            "model": str(bench.home.absolute(version.model_path).parent),
            "model_checksums": version.checksums,
            "description": dataset.description,
            "warnings": experiment.warnings,
            "test": str(bench.home.absolute(experiment.test_path or "")),
            "checksums": experiment.checksums,
            "upload": str(bench.home.upload(job.id)) if sent else None,
            "reading": job.params.get("reading"),
            "learned_reading": version.manifest["reading"],
        }


def _reading(dataset: Dataset) -> dict[str, Any]:
    """How a CSV like this one is read; one without a header may come with or without."""
    dialect = dataset.description["dialect"]
    header = True if dialect["header"] else None
    return {"header": header, "missing_values": list(dialect["missing_values"])}


def _common(bench: Bench, job: Job) -> Spec:
    return {
        "work": str(bench.home.work(job.id)),
        "max_columns": bench.settings.max_columns,
    }
