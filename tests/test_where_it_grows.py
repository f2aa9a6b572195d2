"""By what memory a forest's engine is chosen: that of who grows it, less what is copied there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.hyper_parameters import defaults
from services.forest import engines
from services.forest.batches import SCIKIT_LEARN
from services.forest.engines import Case, Choice
from services.worker.forests import choose_engine, training_rows
from services.worker.trials import score_candidate

pytestmark = pytest.mark.no_database

ROWS, COLUMNS, LIMIT = 400, 5, 2**30


@pytest.fixture(name="spec")
def _spec(tmp_path: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", rng.normal(size=(ROWS, COLUMNS)).astype(np.float32))
    np.save(tmp_path / "y.npy", np.arange(ROWS, dtype=np.float64) % 2)
    return {
        "work": str(tmp_path),
        "X": "X.npy",
        "task": "classification",
        "features": [{"name": f"x{at}", "type": "number", "levels": []} for at in range(COLUMNS)],
        "classes": [0, 1],
        "rows": ROWS,
        "params": {**defaults("classification"), "n_estimators": 2},
        "given": [],
        "dry_run": False,
        "memory_limit": LIMIT,
        "models_memory": LIMIT,
        "threads": 2,
        "far": False,
        "candidate": {},
        "asked": {"random_state": 0},
        "search": {"cv": 2, "scoring": "accuracy"},
    }


@pytest.fixture(name="judged")
def _judged(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    cases: list[Case] = []
    version = engines.installed()[SCIKIT_LEARN].version

    def choose(case: Case, _: Any) -> Choice:
        cases.append(case)
        return Choice(SCIKIT_LEARN, version, "")

    monkeypatch.setattr(engines, "choose", choose)
    return cases


def test_here_by_the_memory_of_a_step(spec: dict[str, Any], judged: list[Case]) -> None:
    choose_engine(spec, *training_rows(spec))
    assert (judged[0].n_jobs, judged[0].memory_limit) == (2, LIMIT)


def test_a_cluster_is_not_judged_by_the_memory_here(
    spec: dict[str, Any], judged: list[Case]
) -> None:
    choose_engine({**spec, "far": True}, *training_rows(spec))
    assert (judged[0].n_jobs, judged[0].memory_limit) == (1, float("inf"))


@pytest.mark.parametrize("far", [False, True])
def test_a_search_grows_here_beside_the_rows_of_a_fold(
    spec: dict[str, Any], judged: list[Case], far: bool
) -> None:
    tried = score_candidate({**spec, "far": far}, lambda *_: None)
    assert len(tried["scores"]) == 2
    assert (judged[0].n_jobs, judged[0].memory_limit) == (2, LIMIT - ROWS * COLUMNS * 4)
