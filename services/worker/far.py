"""Batches of trees as the workers of a Dask cluster grow them.

A task is a plain specification, and the training rows are read from where all machines reach
them: the same specification gives the same trees wherever it is carried out, and however often.
"""

from __future__ import annotations

import importlib
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from services.files import remove, sha256_of
from services.shared import Shared, may_pass
from services.worker.children import TASKS
from services.worker.outcomes import Outcome, Spec, attempted, outcome, place

KEPT = 2  # trainings whose rows a process keeps at hand
ROWS = ("X.npy", "y.npy")
PAUSES = (1, 5, 15, 60)  # seconds between two tries of a storage

log = structlog.get_logger()
_one_at_a_time = threading.Lock()
_at_hand: dict[str, tempfile.TemporaryDirectory[str]] = {}


def share_rows(spec: Spec) -> dict[str, Any]:
    """Put the encoded training rows into the storage: where in it, and their checksums."""
    X, shared = Path(spec["work"], spec["X"]), Shared(spec["storage"])
    at = f"{Path(spec['work']).name}/{spec['attempt']}"
    for name in ROWS:
        _insist(partial(shared.put, X.with_name(name), f"{at}/{name}"))
    files = {name: sha256_of(X.with_name(name)) for name in ROWS}
    return {"at": at, "files": files}


def grow_far(spec: Spec, start: int, stop: int) -> Outcome:
    """Grow the trees from `start` up to `stop`, in one thread; an error comes as {"error": …}.

    Where the rows are not `shared` over a storage the job's folders are this machine's, too.
    """
    # Only here are the libraries loaded that grow trees: who sends a task need not have them.
    grow: Callable[[Spec, int, int], Outcome] = importlib.import_module(TASKS).grow_batch
    alone = {**spec, "threads": 1}
    if spec["shared"] is None:
        return attempted(lambda: _unless_over(alone, grow(alone, start, stop)))
    return attempted(lambda: _left_there(alone, grow(_near(alone), start, stop)))


def fetch_trees(spec: Spec, made: Outcome) -> Outcome:
    """Bring a batch that `grow_far` left in the storage to where the job's other files are."""
    if spec["shared"] is None or "error" in made:
        return made
    file = place(spec, made["path"])
    file.parent.mkdir(parents=True, exist_ok=True)
    Shared(spec["storage"]).fetch(f"{spec['shared']['at']}/{file.name}", made["sha256"], file)
    return {**made, **outcome(spec, file, made["count"])}


def _near(spec: Spec) -> Spec:
    """The specification with its rows in a folder of this process."""
    at, files = spec["shared"]["at"], spec["shared"]["files"]
    with _one_at_a_time:
        if at not in _at_hand:
            # In the folder that Dask clears away when this process was killed.
            own = importlib.import_module("distributed").get_worker().local_directory
            folder = tempfile.TemporaryDirectory(prefix="grove-rows-", dir=own)
            for name, sha256 in files.items():
                file = Path(folder.name, name)
                _insist(partial(Shared(spec["storage"]).fetch, f"{at}/{name}", sha256, file))
            _at_hand[at] = folder
        for older in list(_at_hand)[:-KEPT]:
            _at_hand.pop(older).cleanup()
        return {**spec, "work": _at_hand[at].name, "attempt": "", "X": ROWS[0]}


def _left_there(spec: Spec, made: Outcome) -> Outcome:
    """Put a batch of trees into the storage, and away from here."""
    at, shared = spec["shared"]["at"], Shared(spec["storage"])
    file = Path(_at_hand[at].name, made["path"])
    _insist(lambda: shared.put(file, f"{at}/{file.name}"))
    file.unlink()
    if not shared.has(f"{at}/{ROWS[0]}"):  # the job is over: it was cleared away before this came
        shared.remove(at.partition("/")[0])
    return made


def _insist(work: Callable[[], None]) -> None:
    """Do what a storage is needed for, again where it is away for a moment.

    Trees may have grown for hours, and rows are encoded for minutes.
    """
    for pause in PAUSES:
        try:
            return work()
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("the shared storage is away", error=str(error)[:200])
        time.sleep(pause)
    return work()


def _unless_over(spec: Spec, made: Outcome) -> Outcome:
    """Remove a batch again that came after its job was over and its folder cleared away."""
    if not Path(spec["work"], spec["X"]).exists():
        remove(Path(spec["work"]))
    return made
