"""The heavy steps, as they run in a child: files in, files out, no database.

Each takes a plain specification and a way to report its progress, writes its outcome under the
job's work folder, and returns {path, sha256, count}, the path relative to that folder. A step
that is done again after a crash writes the same files again, in the folder of the new attempt.
"""

from __future__ import annotations

import importlib
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from services import copies
from services.files import keep
from services.inspecting import RECORD
from services.reading import Description, Limits, Reading
from services.reading import describe as describe_csv
from services.splits.download import check_part
from services.splits.foresight import check_room, foresee
from services.splits.plan import Plan
from services.splits.split import split as split_csv
from services.worker.assembling import assemble_version
from services.worker.comparison import compare_versions
from services.worker.estimates import estimate
from services.worker.far import share_rows
from services.worker.forests import (
    choose_engine,
    encode_rows,
    grow_batch,
    score_so_far,
    size_of,
    training_rows,
    unpack_trees,
)
from services.worker.outcomes import Outcome, Report, Spec, outcome, place
from services.worker.scores import score_csv, score_split
from services.worker.trials import score_candidate

INSPECTION = "services.worker.inspection"


def describe(spec: Spec, report: Report) -> Outcome:
    """Read a whole CSV and write down what is in it."""
    reading, limits = Reading.from_record(spec["reading"]), Limits(max_columns=spec["max_columns"])
    source = Path(spec["source"])
    with copies.begun(Path(spec["copies"]), source) if spec["copies"] else nullcontext() as copy:
        description = describe_csv(
            source, reading, limits, lambda share: report(share, "reading the CSV"), copy
        )
    return write_down(spec, "description.json", description.as_record(), description.rows)


def split(spec: Spec, report: Report) -> Outcome:
    """Deal a CSV's rows out to train and test."""
    made = split_csv(
        Path(spec["source"]),
        Description.from_record(spec["description"]),
        Plan.from_record(spec["plan"]),
        place(spec, "split"),
        Limits(max_columns=spec["max_columns"]),
        lambda share: report(share, "dealing rows to train and test"),
        Path(spec["copies"]),
    )
    return write_down(spec, "split.json", made.as_record(), sum(made.rows.values()))


def foresee_split(spec: Spec, report: Report) -> Outcome:
    """Tell what the split would make and take. Raises what the split would, and where it cannot be.

    Those are Failed, out_of_memory, and StorageFull.
    """
    report(0.0, "dealing out the first rows")
    description = Description.from_record(spec["description"])
    told = foresee(
        Path(spec["source"]),
        description,
        Plan.from_record(spec["plan"]),
        place(spec, "split"),
        Limits(max_columns=spec["max_columns"]),
        Path(spec["copies"]),
    )
    check_room(told, spec["memory_limit"], Path(spec["work"]))
    told["memory_limit"] = spec["memory_limit"]
    return write_down(spec, "estimate.json", told, description.rows)


def encode(spec: Spec, report: Report) -> Outcome:
    """Write the training rows as the matrix that the trees are grown from; choose what grows them.

    The outcome says besides what the forest will be, `size`, with which hyper-parameters, `params`,
    by which `engine`, as `choose_engine` does, and where a cluster finds the rows, `shared`.
    """
    check_part(Path(spec["train"]), spec["checksums"]["train"])
    rows = encode_rows(spec, lambda share: report(share, "encoding the training rows"))
    made = outcome(spec, place(spec, "X.npy"), rows)
    spec = {**spec, "X": made["path"]}
    shared = share_rows(spec) if spec["storage"] is not None and not spec["dry_run"] else None
    return {**made, **_chosen(spec), "shared": shared}


def _chosen(spec: Spec) -> dict[str, Any]:
    # A search has its candidates' trees grown at once, and the best is grown as it was tried.
    size = size_of(spec, whole=spec["search"] is not None).as_record()
    params = {**spec["params"], **size["chosen"]}
    engine = choose_engine({**spec, "params": params}, *training_rows(spec))
    return {"size": size, "params": params, "engine": engine}


def try_out(spec: Spec, report: Report) -> Outcome:
    """Score a search's candidate on all folds, and write it down."""
    tried = score_candidate(spec, report)
    return {**write_down(spec, f"trial-{spec['trial']}.json", tried, len(tried["scores"])),
            "mean": tried["mean"]}  # fmt: skip


def choose(spec: Spec, report: Report) -> Outcome:
    """Choose anew, for the best candidate, what `encode` chose for what was asked."""
    report(0.0, "the best candidate")
    chosen = _chosen(spec)
    return {**write_down(spec, "chosen.json", chosen, 1), **chosen}


def foresee_training(spec: Spec, report: Report) -> Outcome:
    """Tell what the training would take, and grow none of it."""
    report(0.0, "growing a few trees to see how long they take")
    return write_down(spec, "estimate.json", estimate(spec), spec["rows"])


def unpack(spec: Spec, report: Report) -> Outcome:
    """Put the trees of the version that is extended into a file, as if this job had grown them."""
    report(0.0, "taking over the trees that there are")
    return unpack_trees(spec)


def grow(spec: Spec, start: int, stop: int, pace: str, report: Report) -> Outcome:
    """Grow the trees from `start` up to `stop`; `pace` tells how fast those before them grew."""
    report(0.0, f"tree {start} of {spec['params']['n_estimators']}{pace}")
    return grow_batch(spec, start, stop)


def vote(spec: Spec, batch: Outcome, scored: list[Outcome], report: Report) -> Outcome:
    """Score all trees so far on the rows that they have not drawn: `oob_score`."""
    return score_so_far(spec, batch, scored)


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
        check_part(Path(spec["test"]), spec["checksums"]["test"])
        result = score_split(spec)
    return write_down(spec, "result.json", result, result["rows"])


def inspect(spec: Spec, report: Report) -> Outcome:
    """Draw a version's pictures, and find out what its features are worth."""
    check_part(Path(spec["test"]), spec["checksums"]["test"])
    folder = place(spec, "inspection")
    folder.mkdir(parents=True, exist_ok=True)
    # Only here is matplotlib loaded, which takes half a second and 40 MB.
    found = importlib.import_module(INSPECTION).inspect_version(spec, folder, report)
    return write_down(spec, f"inspection/{RECORD}", found, found["rows"])


def compare(spec: Spec, report: Report) -> Outcome:
    """Score two versions on the same test rows, and say how sure it is which is better."""
    check_part(Path(spec["test"]), spec["checksums"]["test"])
    found = compare_versions(spec, report)
    return write_down(spec, "comparison.json", found, found["rows"])


def write_down(spec: Spec, name: str, record: dict[str, Any], count: int) -> Outcome:
    """Write a record where the step writes."""
    keep([json.dumps(record).encode()], place(spec, name))
    return outcome(spec, place(spec, name), count)
