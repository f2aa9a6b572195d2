"""Which library grows the trees of a forest, and why that one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of
from typing import Any

import numpy as np

from models.errors import Failed
from services.forest import growing, intelex, trial
from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.encoding import Matrix
from services.forest.growing import Targets
from services.forest.room import rows_quickly, rows_slowly

Grow = Callable[..., list[Any]]

LEAST_ROWS = 5_000
FASTEST = "the fastest that is installed, and a trial found it as good as scikit-learn"
ABSENT = f"{INTELEX} is not installed"


@dataclass(frozen=True)
class Engine:
    """A library that grows trees: `grow` takes and gives what `growing.grow` does."""

    name: str
    version: str
    grow: Grow


@dataclass(frozen=True)
class Choice:
    """The engine of one forest, all of it; kept with the job, and in the version's record.

    Each batch of trees is grown on so many `rows`, drawn for it; on all where that is None.
    """

    name: str
    version: str
    reason: str
    rows: int | None = None

    def as_record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Case:
    """A forest to be grown: the keyword arguments of scikit-learn, the encoded rows, the means.

    `memory_limit` are the bytes that the step may use which grows the trees, in `n_jobs` threads.
    """

    task: str
    kwargs: Mapping[str, Any]
    X: Matrix
    y: Targets
    n_jobs: int = 1
    memory_limit: float = math.inf

    @property
    def rows_quickly(self) -> int:
        """On how many rows scikit-learn-intelex can grow a batch of trees; 0 where on none."""
        return rows_quickly(self.kwargs, self.X.shape, self.n_jobs, self.memory_limit)

    @property
    def rows_slowly(self) -> int:
        """On how many scikit-learn can. Raises Failed, out_of_memory, where on none."""
        rows = rows_slowly(self.kwargs, self.X.shape, self.n_jobs, self.memory_limit)
        if not rows:
            message = f"{len(self.y):,} rows are too many to grow trees on (GROVE_STEP_MEMORY)"
            raise Failed(message, code="out_of_memory")
        return rows

    def differs(self, name: str, *usual: Any) -> bool:
        """Whether a hyper-parameter is none of those."""
        return self.kwargs.get(name, usual[0]) not in usual


# What scikit-learn-intelex does not do, or not as well: found in its source and by trial. Where
# one of these holds scikit-learn itself grows the trees, and the version's record says why.
REASONS: tuple[tuple[Callable[[Case], bool], str], ...] = (
    (
        lambda case: len(case.y) < LEAST_ROWS,
        f"rows: below {LEAST_ROWS:,} of them scikit-learn is quick enough, and exact",
    ),
    (lambda case: case.differs("oob_score", False), "oob_score: its trees hide the rows drawn"),
    (
        lambda case: case.differs("criterion", "gini", "squared_error"),
        "criterion: it has gini and squared_error only",
    ),
    (
        lambda case: case.differs("class_weight", None),
        "class_weight: scikit-learn draws rows by their weight, it does not",
    ),
    (lambda case: case.differs("ccp_alpha", 0.0), "ccp_alpha: it does not prune"),
    (lambda case: case.differs("monotonic_cst", None), "monotonic_cst: it has no constraints"),
    (
        lambda case: case.differs("max_leaf_nodes", None),
        "max_leaf_nodes: its trees do not grow the best leaf first, and are worse for it",
    ),
    (
        lambda case: case.differs("bootstrap", True),
        "bootstrap: its thresholds are coarse, and do without the noise of drawn rows less well",
    ),
    (
        lambda case: tried(case.kwargs.get("max_features"), case.X.shape[1]) == 1,
        "max_features: with one column a split its coarse thresholds cost accuracy",
    ),
    (lambda case: not np.ptp(case.y), "target: it has one value only"),
)
IN_PARTS = "each batch of trees has rows of its own, for all of them are too many at once"
NO_ROOM = "memory: it copies the rows, for which a step has no room (GROVE_STEP_MEMORY)"


def tried(max_features: Any, n_features: int) -> int:
    """How many columns scikit-learn tries at a split."""
    if isinstance(max_features, str):
        return max(1, int(getattr(math, max_features)(n_features)))
    if isinstance(max_features, float):
        return max(1, int(max_features * n_features))
    return n_features if max_features is None else max_features


def installed() -> dict[str, Engine]:
    """The engines that this machine has, by name."""
    growers = {SCIKIT_LEARN: growing.grow}
    if intelex.ensemble is not None:
        growers[INTELEX] = intelex.grow
    return {name: Engine(name, version_of(name), grow) for name, grow in growers.items()}


def choose(case: Case, engines: Mapping[str, Engine]) -> Choice:
    """The engine, of those in `engines`, for this forest.

    The same case gives the same choice wherever the same engines are.
    """
    reason, rows = unsuited(case, engines), case.rows_quickly
    if reason is None and not rows:
        reason = NO_ROOM
    if reason is None:
        forest = (case.task, case.kwargs, case.X, case.y)
        slow, fast = engines[SCIKIT_LEARN].grow, engines[INTELEX].grow
        reason = trial.worse(*forest, slow, fast, case.n_jobs)
    engine, rows = (SCIKIT_LEARN, case.rows_slowly) if reason else (INTELEX, rows)
    words, whole = reason or FASTEST, rows == len(case.y)
    found = engines[engine]
    if whole:
        return Choice(found.name, found.version, words)
    return Choice(found.name, found.version, f"{words}; {IN_PARTS}", rows)


def unsuited(case: Case, engines: Mapping[str, Engine]) -> str | None:
    """What keeps scikit-learn-intelex from growing this forest, its memory aside; else None."""
    if INTELEX not in engines:
        return ABSENT
    return next((text for holds, text in REASONS if holds(case)), None)


def engine_of(record: Mapping[str, str], engines: Mapping[str, Engine]) -> Engine:
    """The engine that a job has chosen. Raises Failed, engine_missing, where it is not there."""
    engine = engines.get(record["name"])
    if engine is None or engine.version != record["version"]:
        message = (
            f"this forest's first trees grew with {record['name']} {record['version']}, and this "
            f"worker has {engine.version if engine else 'none'}; train again"
        )
        raise Failed(message, code="engine_missing")
    return engine


def require_room(case: Case, record: Mapping[str, Any]) -> None:
    """Raise Failed, out_of_memory, where the engine of a record has no room for all its rows.

    Where they grew first there was more of it.
    """
    quick = record["name"] == INTELEX
    if "rows" not in record and (case.rows_quickly if quick else case.rows_slowly) < len(case.y):
        message = "this version grew on all rows at once, for which a step has no room here"
        raise Failed(f"{message} (GROVE_STEP_MEMORY)", code="out_of_memory")


def again(made_by: Mapping[str, Any], here: Mapping[str, Engine]) -> dict[str, Any]:
    """The record of the engine that has grown a forest before, for the same forest again.

    Raises Failed, engine_missing.
    """
    name = made_by["name"]
    if name not in here:
        message = f"this version was grown by {name}, which this worker has not got"
        raise Failed(message, code="engine_missing")
    reason = "the version that is verified was grown by it"
    return {**made_by, "version": here[name].version, "reason": reason}
