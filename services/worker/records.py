"""What finished steps have left for those after them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models import Job
from models.errors import Failed
from services.files import sha256_of
from services.worker.bench import Bench
from services.worker.outcomes import Outcome


def outcome_of(bench: Bench, job: Job, made: Outcome) -> dict[str, Any]:
    """What a step wrote down, if it is still what the step wrote."""
    file = bench.home.work(job.id) / made["path"]
    if not file.exists() or sha256_of(file) != made["sha256"]:
        raise Failed(f"the outcome {made['path']} of a finished step is gone", code="work_lost")
    record: dict[str, Any] = json.loads(file.read_bytes())
    return record


def beside(bench: Bench, job: Job, made: Outcome, name: str) -> Path:
    """The folder that a step left beside its outcome."""
    return bench.home.work(job.id).joinpath(str(made["path"])).with_name(name)
