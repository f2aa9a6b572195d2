"""A fitted forest as the files of a version."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from models.errors import Conflict
from models.experiment import Task
from services.columns import Feature
from services.files import sha256_of
from services.forest import trees
from services.forest.graph import classifier, regressor
from services.forest.parts import deal, name_of
from services.forest.serving import SERVING, TREES
from services.forest.unpacking import trees_in

PICKLE = "model.pickle"


def write_serving(
    folder: Path,
    task: str,
    forest: Any,
    features: Sequence[Feature],
    known_columns: Iterable[str],
) -> dict[str, str]:
    """Write what serving needs, ONNX and serving.json; returns their checksums by name.

    `known_columns` are all columns of the table. Raises TooLarge where ONNX cannot hold a tree.
    """
    record = describe(task, forest, features, known_columns)
    build = classifier if task == Task.CLASSIFICATION else regressor
    about = {name: json.dumps(record[name]) for name in ("task", "features", "classes")}
    record["parts"], names = [], []
    for number, part in enumerate(deal(forest), 1):
        names.append(name_of(number))
        (folder / names[-1]).write_bytes(build(part, about).SerializeToString())
        record["parts"].append(part.count)
    (folder / SERVING).write_text(json.dumps(record), encoding="utf-8")
    return {name: sha256_of(folder / name) for name in (*names, SERVING)}


def write_kept(folder: Path, pipeline: Any) -> dict[str, str]:
    """Write model.pickle and trees.npz of a pipeline of `pipeline_of`; their checksums by name."""
    trees.save(pipeline[-1], folder / TREES)
    with (folder / PICKLE).open("wb") as file:
        pickler = pickle.Pickler(file, protocol=pickle.HIGHEST_PROTOCOL)
        pickler.fast = True  # else it keeps each tree that it has written, to write it once
        pickler.dump(pipeline)
    return {name: sha256_of(folder / name) for name in (PICKLE, TREES)}


def kept_trees(folder: Path, checksums: Mapping[str, str], aside: BinaryIO) -> Iterator[Any]:
    """The trees that `write_kept` wrote, by these checksums; a worker's to call, no one else's.

    What waits for its turn is put `aside`. Raises Conflict, model_missing or
    model_integrity_failed, and runs nothing of such a file.
    """
    try:
        with (folder / PICKLE).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != checksums[PICKLE]:
                message = f"the version's {PICKLE} is not the file that was published"
                raise Conflict(message, code="model_integrity_failed")
            file.seek(0)
            yield from trees_in(file, aside)
    except FileNotFoundError as error:
        raise Conflict(f"the version's {PICKLE} is gone", code="model_missing") from error


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
