"""What scikit-learn and pandas do by themselves; each runs in a process of its own.

`python -m benchmarks.yardsticks NAME ARGUMENTS...` prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from benchmarks import data
from benchmarks.faults import BenchError, TooSlow
from benchmarks.processes import ROOT, clean_environ, memory_of

MOST_SECONDS = 3600


def fit(train: str, test: str, trees: str) -> dict[str, float]:
    """The seconds of RandomForestClassifier(n_jobs=-1).fit alone; accuracy on the test rows."""
    table, unseen = pd.read_csv(train), pd.read_csv(test)
    forest = RandomForestClassifier(n_estimators=int(trees), n_jobs=-1, random_state=0)
    X, y = table.drop(columns=data.TARGET), table[data.TARGET]
    started = time.perf_counter()
    forest.fit(X, y)
    seconds = time.perf_counter() - started
    accuracy = forest.score(unseen.drop(columns=data.TARGET), unseen[data.TARGET])
    return {"seconds": seconds, "accuracy": float(accuracy)}


def fit_some(train: str, test: str, rows: str, trees: str) -> dict[str, float]:
    """The seconds of reading so many rows as float32 and of fit(n_jobs=-1); accuracy on others."""
    started = time.perf_counter()
    types = {f"x{number}": "float32" for number in range(data.FEATURES)}
    table = pd.read_csv(train, nrows=int(rows), dtype=types)
    y = table.pop(data.TARGET)
    forest = RandomForestClassifier(n_estimators=int(trees), n_jobs=-1, random_state=0)
    forest.fit(table.to_numpy(), y)
    seconds = time.perf_counter() - started
    del table, y
    unseen = pd.read_csv(test, dtype=types)
    known = unseen.pop(data.TARGET)
    return {"seconds": seconds, "accuracy": float(forest.score(unseen.to_numpy(), known))}


def read(path: str) -> dict[str, float]:
    """The seconds of pandas.read_csv."""
    started = time.perf_counter()
    rows = len(pd.read_csv(path))
    return {"seconds": time.perf_counter() - started, "rows": rows}


def score(path: str, out: str) -> dict[str, float]:
    """The seconds of read_csv, predict_proba (n_jobs=-1) and to_csv, the forest being there."""
    known = pd.read_csv(data.CANCER)
    X, y = known.drop(columns=data.CANCER_TARGET), known[data.CANCER_TARGET]
    forest = RandomForestClassifier(n_estimators=100, n_jobs=-1, random_state=0).fit(X, y)
    started = time.perf_counter()
    table = pd.read_csv(path)
    found = forest.predict_proba(table)
    table["prediction"] = forest.classes_[found.argmax(axis=1)]
    for number, name in enumerate(forest.classes_):
        table[f"probability_{name}"] = found[:, number]
    table.to_csv(out, index=False)
    return {"seconds": time.perf_counter() - started, "rows": len(table)}


def ingest(path: str, folder: str) -> dict[str, float]:
    """The seconds of read_csv, train_test_split and to_csv of both parts."""
    started = time.perf_counter()
    table = pd.read_csv(path)
    parts = train_test_split(table, test_size=0.2, stratify=table[data.TARGET], random_state=0)
    for name, part in zip(("train", "test"), parts, strict=True):
        part.to_csv(Path(folder) / f"{name}.csv", index=False)
    return {"seconds": time.perf_counter() - started, "rows": len(table)}


YARDSTICKS: dict[str, Callable[..., dict[str, float]]] = {
    "fit": fit,
    "fit_some": fit_some,
    "read": read,
    "score": score,
    "ingest": ingest,
}


def measured(
    name: str, *arguments: str | Path, before: Sequence[str] = (), seconds: int = MOST_SECONDS
) -> dict[str, float]:
    """One yardstick, in a process of its own; its peak memory (MiB) too. Raises BenchError.

    `before` is put before its command; where it takes more than so many `seconds` TooSlow is
    raised.
    """
    own = [sys.executable, "-m", "benchmarks.yardsticks", name, *map(str, arguments)]
    command = [*before, *own]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=ROOT,
            env=clean_environ(),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow(f"the yardstick {name} took over {seconds:,} s") from error
    if done.returncode:
        raise BenchError(f"the yardstick {name} failed: {done.stderr[-1000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure the one that is named."""
    name, *arguments = sys.argv[1:]
    found = YARDSTICKS[name](*arguments)
    print(json.dumps({**found, "peak_mib": memory_of(os.getpid(), "VmHWM")}))


if __name__ == "__main__":
    main()
