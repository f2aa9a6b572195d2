"""The last step of a training: batches of trees put together, exported, checked, described."""

from __future__ import annotations

import json
import math
import platform
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np

from services.columns import Feature
from services.files import remove, sha256_of
from services.forest import export, parity
from services.forest.batches import is_steady, plan_of
from services.forest.binning import baseline_of
from services.forest.coverage import Calibration, strangeness
from services.forest.drawing import BLOCK_ROWS
from services.forest.fitted import assemble
from services.forest.growing import Targets
from services.forest.grown import Grown
from services.forest.parts import deal
from services.forest.pipeline import pipeline_of
from services.forest.serving import BASELINE, CALIBRATION, SERVING, Model
from services.forest.trees import node_counts
from services.splits.download import check_part
from services.splits.stored import part_file, part_rows
from services.worker.answers import answers_to, most_rows
from services.worker.forests import features_of, kwargs_of, training_rows, wanted_of
from services.worker.outcomes import Spec, place

LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "pyarrow", "onnx", "onnxruntime")
SAMPLE_ROWS = 2_000


def assemble_version(spec: Spec, grown: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the files of a version, checked against each other; returns what its row will say.

    Raises Failed, export_mismatch, where the export does not answer as the forest does.
    """
    asked, spec = spec, _as_grown(spec, grown)
    folder, features = place(spec, "version"), features_of(spec)
    remove(folder)
    folder.mkdir(parents=True)
    forest = _forest(spec, grown)
    checksums = _write(spec, folder, forest, features)
    manifest = {**_manifest(spec, forest, folder), **_growth(asked, grown)}
    del forest  # a calibration wants the memory that it takes
    checksums |= _calibrate(spec, folder, checksums)
    return {
        "hyper_parameters": spec["params"],
        "fit_seconds": round(sum(batch["seconds"] for batch in grown), 3),
        "checksums": dict(sorted(checksums.items())),
        "manifest": manifest,
    }


def _write(spec: Spec, folder: Path, forest: Any, features: list[Feature]) -> dict[str, str]:
    """Write what answers come from and what is kept, and check both; the checksums by name."""
    pipeline = pipeline_of(features, forest)
    with ThreadPoolExecutor(1) as pool:  # to write and to load an export takes as long as the rest
        keeping = pool.submit(export.write_kept, folder, pipeline)
        served = export.write_serving(folder, spec["task"], forest, features, spec["columns"])
        checksums = served | keeping.result()
        checking = pool.submit(_check, spec, pipeline, Model.mapped(folder, checksums))
        watching = pool.submit(_watch, spec, folder, features)
        _check(spec, pipeline, Model.passing(folder, served))
        checking.result()
        return checksums | watching.result()


def _as_grown(spec: Spec, grown: list[dict[str, Any]]) -> Spec:
    """With as many trees as there are: the first ones of a forest are a forest."""
    trees = sum(batch["count"] for batch in grown)
    return {**spec, "params": {**spec["params"], "n_estimators": trees}}


def _growth(asked: Spec, grown: list[dict[str, Any]]) -> dict[str, Any]:
    """In which batches the trees were grown, and that they are fewer than were asked for."""
    batches, base = plan_of(asked), asked["extends"]
    told: dict[str, Any] = {"batches": []}
    if base is not None:
        told = {"batches": base["manifest"]["batches"], "extends": _extended(base)}
        grown = grown[1:]
    told["batches"] = [*told["batches"], *batches[: len(grown)]]
    if len(grown) < len(batches):
        enough = asked["tol"] is not None and is_steady(asked["oob_scores"], asked["tol"])
        told["stopped"] = {
            "by": "early_stopping" if enough else "max_minutes",
            "n_estimators_asked": asked["params"]["n_estimators"],
        }
    if asked["search"] is not None:
        told["search"] = asked["search"]
    if asked["tol"] is not None:
        told["oob_scores"] = asked["oob_scores"]
    return told


def _extended(base: dict[str, Any]) -> dict[str, Any]:
    """The version whose trees were there already, and what had grown them."""
    manifest = base["manifest"]
    return {
        "version": base["version"],
        "n_estimators": base["n_estimators"],
        "engine": manifest["engine"],
    }


def _forest(spec: Spec, grown: list[dict[str, Any]]) -> Any:
    work = Path(spec["work"])
    trees = Grown((work / batch["path"], batch["sha256"]) for batch in grown)
    fit = wanted_of(spec).at_once(sum(trees.node_counts) / len(trees)) <= spec["memory_limit"]
    X, y = training_rows(spec)
    own = list(trees) if fit else trees
    return assemble(spec["task"], kwargs_of(spec), own, spec["classes"], X, y)


def _check(spec: Spec, pipeline: Any, model: Model) -> None:
    rows = next(part_file(spec["train"]).iter_batches(SAMPLE_ROWS))
    sample = parity.sample(rows, model.features, next(deal(pipeline[-1])))
    parity.check(pipeline, model, sample, _deviation(training_rows(spec)[1]))


def _deviation(y: Targets) -> float:
    """The standard deviation of many numbers: numpy's own takes as much memory as they do."""
    mean = y.mean()
    blocks = (y[start : start + BLOCK_ROWS] for start in range(0, len(y), BLOCK_ROWS))
    return math.sqrt(sum(float(np.square(block - mean).sum()) for block in blocks) / len(y))


def _calibrate(spec: Spec, folder: Path, checksums: dict[str, str]) -> dict[str, str]:
    """Write down how strange the rows of the calibration part look; the file's checksum by name."""
    if spec["calibration"] is None:
        return {}
    check_part(Path(spec["calibration"]), spec["checksums"]["calibration"])
    model = Model.load(folder, checksums, spec["models_memory"])
    batches, rows = part_rows(spec["calibration"])
    answers = answers_to(spec, model, batches, most_rows(spec, model), rows)
    found = Calibration.of(strangeness(spec["task"], answers.truth, answers.scores))
    return _written(folder / CALIBRATION, found.as_record())


def _watch(spec: Spec, folder: Path, features: list[Feature]) -> dict[str, str]:
    """Write down how the features of the training rows lie; the file's checksum by name."""
    X, _ = training_rows(spec)
    return _written(folder / BASELINE, baseline_of(features, X).as_record())


def _written(path: Path, record: dict[str, Any]) -> dict[str, str]:
    path.write_text(json.dumps(record))
    return {path.name: sha256_of(path)}


def _manifest(spec: Spec, forest: Any, folder: Path) -> dict[str, Any]:
    """All that it takes to grow the same forest again."""
    manifest = {
        "dataset_sha256": spec["dataset_sha256"],
        "split": {**spec["plan"], "checksums": spec["checksums"]},
        "features": [feature["name"] for feature in spec["features"]],
        "classes": spec["classes"],
        "reading": spec["learned_reading"],
        "train_rows": spec["rows"],
        "engine": spec["engine"],
        "size": {name: spec["size"][name] for name in ("memory_limit", "chosen")},
        "onnx_parts": json.loads((folder / SERVING).read_text())["parts"],
        "nodes": sum(node_counts(forest.estimators_)),
        "python": platform.python_version(),
        "libraries": {name: version_of(name) for name in LIBRARIES},
    }
    if spec["params"]["oob_score"]:
        score = float(forest.oob_score_)
        manifest["oob_score"] = score if math.isfinite(score) else None  # of one row there is no R2
    return manifest
