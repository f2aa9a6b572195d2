"""Verification: a version is grown again from its record, and compared with what is kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import Job, Kind, Version, writing
from models.errors import Conflict
from services import versions
from services.experiments import get
from services.queue import JobQueue

# All that answers come from, with all parts of an export.
FILES = ("trees.npz", "serving.json", "calibration.json")
MADE_WITH = ("engine", "python", "libraries")


def submit(session: Session, queue: JobQueue, experiment_id: str, number: int) -> Job:
    """Queue the verification of a version. Raises NotFound, and Conflict where it cannot be."""
    with writing(session):
        experiment = get(session, experiment_id, lock=True)
        version = versions.of(session, experiment, number)
        _require_one_engine(version)
        job = Job(kind=Kind.VERIFY, experiment=experiment.id, experiment_uid=experiment.uid)
        job.dataset = experiment.dataset
        job.params = {
            "version": number,
            "hyper_parameters": version.hyper_parameters,
            "given": list(version.hyper_parameters),  # nothing is chosen anew
            "batches": version.manifest.get("batches"),  # an older record has none: as planned
            "engine": version.manifest["engine"],
            "nodes_of_tree": versions.nodes_of_tree(version),
        }
        queue.put(session, job)
        return job


def _require_one_engine(version: Version) -> None:
    manifest = version.manifest
    before, after = manifest.get("extends", manifest)["engine"], manifest["engine"]
    if (before["name"], before.get("rows")) != (after["name"], after.get("rows")):
        message = f"the trees of version {version.number} were grown in two ways"
        raise Conflict(message, code="engines_differ")


def verdict(version: Version, made: dict[str, Any]) -> dict[str, Any]:
    """Whether a version that was made again is the same, byte for byte, and what differs.

    `made` is what the training wrote down. `made_with` has what the two were made with, where that
    is not the same: it may be why the files differ.
    """
    kept, again = version.checksums, made["checksums"]
    # An older version may lack a file that is made by now; the parts of its export it has all.
    both = kept.keys() | {name for name in again if name.endswith(".onnx")}
    names = [name for name in sorted(both) if _answers(name)]
    different = [name for name in names if kept.get(name) != again.get(name)]
    return {
        "version": version.number,
        "identical": not different,
        "files": names,
        "different": different,
        "made_with": {
            name: {"kept": version.manifest[name], "again": made["manifest"][name]}
            for name in MADE_WITH
            if not _same(version.manifest[name], made["manifest"][name])
        },
    }


def _answers(name: str) -> bool:
    return name in FILES or name.endswith(".onnx")


def _same(kept: Any, again: Any) -> bool:
    """Whether two were made with the same; why a library was chosen is no difference."""
    if isinstance(kept, dict) and "reason" in kept:
        return {**kept, "reason": ""} == {**again, "reason": ""}
    return bool(kept == again)
