"""The steps of a training: rows to a matrix, batches of trees, the published files."""

from __future__ import annotations

import json
import pickle
import platform
import time
from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from services.columns import Feature
from services.files import keep, remove, replacing, sha256_of
from services.forest import export, growing, parity
from services.forest.encoding import encode
from services.forest.pipeline import pipeline_of
from services.forest.serving import Model
from services.splits.dealer import positions

LIBRARIES = ("scikit-learn", "numpy", "pandas", "pyarrow", "onnx", "onnxruntime")
SAMPLE_ROWS = 2_000
Spec = dict[str, Any]


def encode_rows(spec: Spec, report: Callable[[float], None]) -> int:
    """Write the training part as X.npy, float32 (rows, features), and y.npy; returns the rows."""
    work, features = Path(spec["work"]), features_of(spec)
    work.mkdir(parents=True, exist_ok=True)
    shape = (spec["rows"], len(features))
    X = np.lib.format.open_memmap(work / "X.npy", "w+", np.float32, shape)
    y = np.empty(spec["rows"], dtype=np.float64)
    done = 0
    for batch in pq.ParquetFile(spec["train"]).iter_batches():
        rows = slice(done, done := done + len(batch))
        X[rows], y[rows] = encode(batch, features), _target(spec, batch[spec["target"]])
        report(done / spec["rows"])
    X.flush()
    np.save(work / "y.npy", y)
    return done


def grow_batch(spec: Spec, start: int, stop: int) -> dict[str, Any]:
    """Grow the trees from `start` up to `stop` and keep them in a file of their own."""
    X, y, began = *_training_rows(spec), time.perf_counter()
    trees = growing.grow(
        spec["task"], _kwargs(spec), X, y, start, stop, spec["params"]["random_state"], spec["threads"]
    )
    seconds = time.perf_counter() - began
    path = Path(spec["work"]) / f"trees-{start}.pickle"
    with replacing(path) as file:
        growing.dump_trees(trees, file)
    return {"path": path.name, "sha256": sha256_of(path), "count": len(trees), "seconds": seconds}
