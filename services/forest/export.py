"""A fitted forest as the files of a version."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from models.experiment import Task
from services.columns import Feature
from services.forest.graph import classifier, regressor
from services.forest.serving import ONNX, SERVING
from services.forest.trees import trees_of

PICKLE = "model.pickle"
TREES = "trees.npz"


def write(
    folder: Path,
    task: str,
    pipeline: Any,
    features: Sequence[Feature],
    known_columns: Iterable[str],
) -> None:
    """Write model.pickle, model.onnx, serving.json and trees.npz into `folder`.

    `pipeline` comes from `pipeline_of`, `known_columns` are all columns of the table. Raises
    TooLarge where ONNX cannot hold the forest.
    """
    forest = pipeline[-1]
    record = describe(task, forest, features, known_columns)
    trees = trees_of(forest)
    build = classifier if task == Task.CLASSIFICATION else regressor
    about = {name: json.dumps(record[name]) for name in ("task", "features", "classes")}
    (folder / ONNX).write_bytes(build(trees, about).SerializeToString())
    (folder / SERVING).write_text(json.dumps(record), encoding="utf-8")
    trees.save(folder / TREES)
    with (folder / PICKLE).open("wb") as file:
        pickle.dump(pipeline, file, protocol=pickle.HIGHEST_PROTOCOL)


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
