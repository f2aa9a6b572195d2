"""The steps of a training: rows to a matrix, batches of trees, the published files."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from models.experiment import Task
from services.columns import Feature
from services.extending import require_same_library
from services.files import remove, replacing
from services.forest import engines, export, growing, parity
from services.forest.batches import is_steady, plan_of
from services.forest.encoding import Matrix, encode
from services.forest.growing import Targets
from services.forest.pipeline import pipeline_of
from services.forest.serving import Model
from services.forest.sizing import Size, Wanted, fit
from services.forest.stopping import Votes, votes_of
from services.forest.trees import Trees, trees_of
from services.splits.dealer import positions
from services.worker.outcomes import Spec, outcome, place

LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "pyarrow", "onnx", "onnxruntime")
SAMPLE_ROWS = 2_000


def encode_rows(spec: Spec, report: Callable[[float], None]) -> int:
    """Write the training part as X.npy, float32 (rows, features), and y.npy; returns the rows."""
    features = features_of(spec)
    place(spec).mkdir(parents=True, exist_ok=True)
    X = _matrix(place(spec, "X.npy"), (spec["rows"], len(features)))
    y, done = np.empty(spec["rows"]), 0
    for batch in pq.ParquetFile(spec["train"]).iter_batches():
        rows = slice(done, done := done + len(batch))
        X[rows], y[rows] = encode(batch, features), _targets(spec, batch[spec["target"]])
        report(done / spec["rows"])
    X.flush()
    np.save(place(spec, "y.npy"), y)
    return done


def size_of(spec: Spec) -> Size:
    """How large the forest will be, and what makes it fit. Raises Failed, out_of_memory."""
    classes = max(1, len(spec["classes"]))
    wanted = Wanted(spec["task"], kwargs_of(spec), *training_rows(spec), classes)
    return fit(wanted, spec["memory_limit"], spec["given"], closely=spec["dry_run"])


def choose_engine(spec: Spec) -> dict[str, str]:
    """What grows the trees of a job, all of them, and why: {name, version, reason}.

    It is kept as the outcome of a step: whoever goes on with the job grows them with the same.
    """
    X, y = training_rows(spec)
    here = engines.installed()
    choice = engines.choose(spec["task"], kwargs_of(spec), X, y, here, spec["threads"])
    return choice.as_record()


def unpack_trees(spec: Spec) -> dict[str, Any]:
    """Keep the trees of the version that the spec `extends` as `grow_batch` keeps those it grows.

    Raises Conflict, model_version_mismatch, where another scikit-learn pickled them.
    """
    base = spec["extends"]
    require_same_library(base["version"], base["manifest"])
    trees = export.load_kept(Path(base["folder"]), base["checksums"])[-1].estimators_
    place(spec).mkdir(parents=True, exist_ok=True)
    return _kept(spec, 0, trees, base["fit_seconds"])


def grow_batch(spec: Spec, start: int, stop: int) -> dict[str, Any]:
    """Grow the trees from `start` up to `stop`, and keep them in a file of their own."""
    engine = engines.engine_of(spec["engine"], engines.installed())
    X, y = training_rows(spec)
    began = time.perf_counter()
    trees = engine.grow(spec["task"], kwargs_of(spec), X, y, start, stop, spec["threads"])
    return _kept(spec, start, trees, time.perf_counter() - began)


def score_so_far(spec: Spec, batch: dict[str, Any], scored: list[dict[str, Any]]) -> dict[str, Any]:
    """Have the trees of a `batch` vote on the rows that they have not drawn.

    `scored` are the outcomes of the batches before, each with its trees' votes and those before.
    """
    trees = growing.load_trees(Path(spec["work"]) / batch["path"], batch["sha256"])
    X, y = training_rows(spec)
    votes = votes_of(spec["task"], kwargs_of(spec), trees, X, y)
    if scored:
        votes = votes.plus(Votes.load(Path(spec["work"]) / scored[-1]["path"]))
    path = place(spec, f"votes-{len(scored)}.npz")
    votes.save(path)
    for older in scored[:-1]:  # the last one's are asked for again where this step is done again
        remove(Path(spec["work"]) / older["path"])
    return {**outcome(spec, path, len(trees)), "oob_score": votes.score(spec["task"], y)}


def _kept(spec: Spec, start: int, trees: Sequence[Any], seconds: float) -> dict[str, Any]:
    path = place(spec, f"trees-{start}.pickle")
    with replacing(path) as file:
        growing.dump_trees(trees, file)
    return {**outcome(spec, path, len(trees)), "seconds": seconds}


def assemble_version(spec: Spec, grown: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the files of a version, checked against each other; returns what its row will say.

    Raises Failed, export_mismatch, where the export does not answer as the forest does.
    """
    asked, spec = spec, _as_grown(spec, grown)
    folder, features = place(spec, "version"), features_of(spec)
    remove(folder)
    folder.mkdir(parents=True)
    forest = _forest(spec, grown)
    pipeline, trees = pipeline_of(features, forest), trees_of(forest)
    served = export.write_serving(folder, spec["task"], forest, trees, features, spec["columns"])
    with ThreadPoolExecutor(1) as pool:  # to load an export takes as long as to write the rest
        loading = pool.submit(Model.load, folder, served)
        kept = export.write_kept(folder, pipeline, trees)
        model = loading.result()
    _check(spec, pipeline, model, trees)
    return {
        "hyper_parameters": spec["params"],
        "fit_seconds": round(sum(batch["seconds"] for batch in grown), 3),
        "checksums": dict(sorted((served | kept).items())),
        "manifest": {
            **_manifest(spec, forest),
            "onnx_parts": model.forest.counts,
            **_growth(asked, grown),
        },
    }


def features_of(spec: Spec) -> list[Feature]:
    """What the forest learns from."""
    return [Feature.from_record(record) for record in spec["features"]]


def kwargs_of(spec: Spec) -> dict[str, Any]:
    """The hyper-parameters as scikit-learn takes them."""
    return growing.resolve(spec["params"], features_of(spec), spec["classes"], spec["rows"])


def training_rows(spec: Spec) -> tuple[Matrix, Targets]:
    """The encoded training rows: a memory map that all readers share, and none writes to."""
    path = Path(spec["work"]) / spec["X"]
    return np.load(path, mmap_mode="c"), np.load(path.with_name("y.npy"))


def _matrix(path: Path, shape: tuple[int, int]) -> Any:
    """A new matrix in a file. Raises OSError where the disk has no room for the whole of it."""
    X = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    with path.open("r+b") as file:
        # To write where the disk turns out to be full would end the process without a word.
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return X


def _targets(spec: Spec, values: Any) -> Targets:
    if spec["task"] == Task.REGRESSION:
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    return positions(values, spec["classes"]).astype(np.float64)


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
    batches = [growing.load_trees(work / batch["path"], batch["sha256"]) for batch in grown]
    trees = [tree for batch in batches for tree in batch]
    X, y = training_rows(spec)
    return growing.assemble(spec["task"], kwargs_of(spec), trees, spec["classes"], X, y)


def _check(spec: Spec, pipeline: Any, model: Model, trees: Trees) -> None:
    rows = next(pq.ParquetFile(spec["train"]).iter_batches(SAMPLE_ROWS))
    _, y = training_rows(spec)
    sample = parity.sample(rows, model.features, trees)
    parity.check(pipeline, model, sample, deviation=float(np.std(y)))


def _manifest(spec: Spec, forest: Any) -> dict[str, Any]:
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
        "nodes": sum(int(tree.tree_.node_count) for tree in forest.estimators_),
        "python": platform.python_version(),
        "libraries": {name: version_of(name) for name in LIBRARIES},
    }
    if spec["params"]["oob_score"]:
        manifest["oob_score"] = float(forest.oob_score_)
    return manifest
