"""A fitted forest as the files of a version."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from models.experiment import Task
from services.columns import Feature
from services.files import sha256_of
from services.forest.graph import classifier, regressor
from services.forest.serving import ONNX, SERVING
from services.forest.trees import Trees

PICKLE = "model.pickle"
TREES = "trees.npz"


def write_serving(
    folder: Path,
    task: str,
    forest: Any,
    trees: Trees,
    features: Sequence[Feature],
    known_columns: Iterable[str],
) -> dict[str, str]:
    """Write what serving needs, model.onnx and serving.json; returns their checksums by name.

    `trees` are those of `forest`, `known_columns` all columns of the table. Raises TooLarge
    where ONNX cannot hold the forest.
    """
    record = describe(task, forest, features, known_columns)
    build = classifier if task == Task.CLASSIFICATION else regressor
    about = {name: json.dumps(record[name]) for name in ("task", "features", "classes")}
    (folder / ONNX).write_bytes(build(trees, about).SerializeToString())
    (folder / SERVING).write_text(json.dumps(record), encoding="utf-8")
    return {name: sha256_of(folder / name) for name in (ONNX, SERVING)}


def write_kept(folder: Path, pipeline: Any, trees: Trees) -> dict[str, str]:
    """Write model.pickle and trees.npz; returns their checksums by name.

    `pipeline` comes from `pipeline_of`, `trees` are those of its forest.
    """
    trees.save(folder / TREES)
    with (folder / PICKLE).open("wb") as file:
        pickle.dump(pipeline, file, protocol=pickle.HIGHEST_PROTOCOL)
    return {name: sha256_of(folder / name) for name in (PICKLE, TREES)}


def describe(
    task: str, forest: Any, features: Sequence[Feature], known_columns: Iterable[str]
) -> dict[str, Any]:
    """What serving needs to know beside the trees, as JSON values."""
    return {
        "task": str(task),
        "features": [feature.as_record() for feature in features],
        "classes": forest.classes_.tolist() if task == Task.CLASSIFICATION else [],
        "known_columns": sorted(known_columns),
    }
