"""The steps of a training before the last one: rows to a matrix, batches of trees, their votes."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from models.experiment import Task
from services.columns import Feature
from services.extending import require_same_library
from services.files import remove, replacing
from services.forest import engines, export, growing
from services.forest.batches import SCIKIT_LEARN
from services.forest.drawing import some_of, with_all_kinds
from services.forest.encoding import Matrix, encode
from services.forest.growing import Targets
from services.forest.grown import Grown, dump_trees
from services.forest.room import threads_in
from services.forest.sizing import fit
from services.forest.stopping import Votes, votes_of
from services.forest.wanted import Size, Wanted, bytes_of_node
from services.splits.dealer import positions
from services.splits.stored import part_batches
from services.worker.outcomes import Spec, outcome, place


def encode_rows(spec: Spec, report: Callable[[float], None]) -> int:
    """Write the training part as X.npy, float32 (rows, features), and y.npy; returns the rows."""
    features = features_of(spec)
    place(spec).mkdir(parents=True, exist_ok=True)
    X = _array(place(spec, "X.npy"), np.float32, (spec["rows"], len(features)))
    y, done = _array(place(spec, "y.npy"), np.float64, (spec["rows"],)), 0
    for batch in part_batches(spec["train"]):
        rows = slice(done, done := done + len(batch))
        X[rows], y[rows] = encode(batch, features), _targets(spec, batch[spec["target"]])
        report(done / spec["rows"])
    X.flush()
    y.flush()
    return done


def size_of(spec: Spec, *, whole: bool = False) -> Size:
    """How large the forest will be, and what makes it fit. Raises Failed, out_of_memory.

    `whole` says that all its trees grow at once.
    """
    wanted = replace(wanted_of(spec), whole=whole)
    return fit(wanted, spec["memory_limit"], spec["given"], closely=spec["dry_run"])


def wanted_of(spec: Spec) -> Wanted:
    """The forest that a spec is of."""
    classes = max(1, len(spec["classes"]))
    case = _case(spec, *training_rows(spec))
    fast = engines.unsuited(case, engines.installed()) is None
    forest = (case.task, case.kwargs, case.X, case.y, classes)
    wanted = Wanted(*forest, case.n_jobs, fast, far=spec["far"])
    held = [stop - start for start, stop in spec["batches"] or ()]
    return replace(wanted, known=spec["nodes_of_tree"], held=max(held, default=None))


def choose_engine(spec: Spec, X: Matrix, y: Targets) -> dict[str, Any]:
    """What grows the trees of a job on these rows, all of them, and why: the record of a Choice.

    It is kept as the outcome of a step: whoever goes on with the job grows them with the same.
    """
    here = engines.installed()
    if (same := spec.get("same_engine")) is not None:
        # A job that was queued before engines grew trees on parts of the rows has the name alone.
        record = engines.again(same if isinstance(same, dict) else {"name": same}, here)
        engines.require_room(_case(spec, X, y), record)
        return record
    return engines.choose(_case(spec, X, y), here).as_record()


def _case(spec: Spec, X: Matrix, y: Targets) -> engines.Case:
    """The forest, and where it grows: here, or with workers of a cluster.

    Those grow a batch in one thread each, and the memory that they have is their own affair.
    """
    means = (1, math.inf) if spec["far"] else (spec["threads"], spec["memory_limit"])
    return engines.Case(spec["task"], kwargs_of(spec), X, y, *means)


def unpack_trees(spec: Spec) -> dict[str, Any]:
    """Keep the trees of the version that the spec `extends` as `grow_batch` keeps those it grows.

    Raises Conflict, model_version_mismatch, where another scikit-learn pickled them.
    """
    base = spec["extends"]
    require_same_library(base["version"], base["manifest"])
    place(spec).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=place(spec)) as aside:
        trees = export.kept_trees(Path(base["folder"]), base["checksums"], aside)
        return _kept(spec, 0, trees, base["fit_seconds"])


def grow_batch(spec: Spec, start: int, stop: int) -> dict[str, Any]:
    """Grow the trees from `start` up to `stop`, and keep them in a file of their own."""
    began = time.perf_counter()
    trees = grow_trees(spec, start, stop)
    return _kept(spec, start, trees, time.perf_counter() - began)


def grow_trees(spec: Spec, start: int, stop: int) -> list[Any]:
    """The trees from `start` up to `stop`, in as many threads as there is memory for."""
    engine = engines.engine_of(spec["engine"], engines.installed())
    X, y = training_rows(spec)
    kwargs = kwargs_of(spec)
    if (part := spec["engine"].get("rows")) is not None:
        kwargs = growing.in_part(kwargs, len(y), part)
        seed = growing.seeds_of(spec["params"]["random_state"], start, start + 1)[0]
        X, y = some_rows(spec["task"], X, y, part, seed)
        spec = {**spec, "memory_limit": spec["memory_limit"] - X.nbytes}
    own = int((stop - start) * spec["size"]["nodes"] / spec["params"]["n_estimators"])
    left = spec["memory_limit"] - own * bytes_of_node(len(spec["classes"]))
    threads = threads_for({**spec, "memory_limit": left}, engine, len(y))
    return engine.grow(spec["task"], kwargs, X, y, start, stop, threads)


def some_rows(task: str, X: Matrix, y: Targets, count: int, seed: int) -> tuple[Matrix, Targets]:
    """So many rows, drawn at random, in memory; and one of each class that is not among them."""
    rows = with_all_kinds(some_of(len(y), count, seed), y, classes=task == Task.CLASSIFICATION)
    return X[rows], y[rows]


def threads_for(spec: Spec, engine: engines.Engine, rows: int) -> int:
    """In how many threads an engine grows trees of so many rows: as many as have memory."""
    if engine.name != SCIKIT_LEARN:
        return int(spec["threads"])
    drawn = kwargs_of(spec).get("max_samples")
    return min(int(spec["threads"]), threads_in(spec["memory_limit"], rows, drawn))


def score_so_far(spec: Spec, batch: dict[str, Any], scored: list[dict[str, Any]]) -> dict[str, Any]:
    """Have the trees of a `batch` vote on the rows that they have not drawn.

    `scored` are the outcomes of the batches before, each with its trees' votes and those before.
    """
    trees = Grown([(Path(spec["work"]) / batch["path"], batch["sha256"])])
    X, y = training_rows(spec)
    votes = votes_of(spec["task"], kwargs_of(spec), trees, X, y)
    if scored:
        votes = votes.plus(Votes.load(Path(spec["work"]) / scored[-1]["path"]))
    path = place(spec, f"votes-{len(scored)}.npz")
    votes.save(path)
    for older in scored[:-1]:  # the last one's are asked for again where this step is done again
        remove(Path(spec["work"]) / older["path"])
    return {**outcome(spec, path, len(trees)), "oob_score": votes.score(spec["task"], y)}


def _kept(spec: Spec, start: int, trees: Iterable[Any], seconds: float) -> dict[str, Any]:
    # A name for each time that it is done: a cluster may do it twice at a time, and the same trees
    # are not always the same bytes.
    path = place(spec, f"trees-{start}-{uuid4().hex[:12]}.pickle")
    with replacing(path) as file:
        count = dump_trees(trees, file)
    return {**outcome(spec, path, count), "seconds": seconds}


def features_of(spec: Spec) -> list[Feature]:
    """What the forest learns from."""
    return [Feature.from_record(record) for record in spec["features"]]


def kwargs_of(spec: Spec) -> dict[str, Any]:
    """The hyper-parameters as scikit-learn takes them."""
    return growing.resolve(spec["params"], features_of(spec), spec["classes"], spec["rows"])


def training_rows(spec: Spec) -> tuple[Matrix, Targets]:
    """The encoded training rows: memory maps that all readers share, and none writes to.

    scikit-learn asks for one that can be written to. A private one of that kind would count as
    memory in use, the whole of it; these are the files.
    """
    path = Path(spec["work"]) / spec["X"]
    return np.load(path, mmap_mode="r+"), np.load(path.with_name("y.npy"), mmap_mode="r+")


def _array(path: Path, kind: type[np.floating[Any]], shape: tuple[int, ...]) -> Any:
    """A new array in a file. Raises OSError where the disk has no room for the whole of it."""
    array = np.lib.format.open_memmap(path, "w+", kind, shape)
    with path.open("r+b") as file:
        # To write where the disk turns out to be full would end the process without a word.
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _targets(spec: Spec, values: Any) -> Targets:
    if spec["task"] == Task.REGRESSION:
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    return positions(values, spec["classes"]).astype(np.float64)
