"""Tables made once, into a folder that git ignores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sklearn.datasets import make_classification

from benchmarks.processes import ROOT

FOLDER = Path(__file__).parent / "data"
CANCER = ROOT / "data" / "breast_cancer.csv"
CANCER_TARGET = "diagnosis"
TARGET = "class"
FEATURES = 40
CENTRES, INFORMATIVE, CLASSES, WRONG = 12, 10, 3, 0.05
BLOCK_ROWS = 100_000


def classes(rows: int) -> Path:
    """A CSV of `rows` x 40 numbers and three classes, 5 % of them wrong on purpose."""

    def make() -> pa.Table:
        X, y = make_classification(
            n_samples=rows,
            n_features=FEATURES,
            n_informative=10,
            n_classes=3,
            flip_y=0.05,
            random_state=0,
        )
        columns = {f"x{number}": np.round(X[:, number], 5) for number in range(FEATURES)}
        return pa.table({**columns, TARGET: y})

    return _kept(f"classes-{rows}.csv", make)


def many(rows: int) -> Path:
    """A CSV of the shape of `classes`, of any size: it is made block by block.

    In ten of its dimensions the rows lie around twelve centres, each of one class; of one in
    twenty rows the class is drawn.
    """
    return _kept(f"many-{rows}.csv", lambda: _blocks(rows))


def _blocks(rows: int) -> Iterator[pa.Table]:
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=1.5, size=(CENTRES, INFORMATIVE))
    for start in range(0, rows, BLOCK_ROWS):
        X = rng.normal(size=(min(BLOCK_ROWS, rows - start), FEATURES))
        drawn = rng.integers(CENTRES, size=len(X))
        X[:, :INFORMATIVE] += centres[drawn]
        y = np.where(
            rng.random(len(X)) < WRONG, rng.integers(CLASSES, size=len(X)), drawn % CLASSES
        )
        columns = {f"x{number}": np.round(X[:, number], 6) for number in range(FEATURES)}
        yield pa.table({**columns, TARGET: y})


def patients(rows: int) -> Path:
    """A CSV of Breast Cancer's 30 measurements, drawn anew with 1 % of noise; no target."""

    def make() -> pa.Table:
        known = pd.read_csv(CANCER).drop(columns=CANCER_TARGET)
        rng = np.random.default_rng(0)
        drawn = known.to_numpy()[rng.integers(len(known), size=rows)]
        noisy = np.round(drawn * rng.normal(1, 0.01, drawn.shape), 6)
        return pa.table(dict(zip(known.columns, noisy.T, strict=True)))

    return _kept(f"patients-{rows}.csv", make)


def patient() -> dict[str, float]:
    """One row to ask about."""
    row = pd.read_csv(CANCER).drop(columns=CANCER_TARGET).iloc[0]
    return {str(name): float(value) for name, value in row.items()}


def _kept(name: str, make: Callable[[], pa.Table | Iterator[pa.Table]]) -> Path:
    path = FOLDER / name
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        made = make()
        blocks = iter([made]) if isinstance(made, pa.Table) else made
        first = next(blocks)
        with pyarrow.csv.CSVWriter(partial, first.schema) as writer:
            for block in chain([first], blocks):
                writer.write_table(block)
        partial.rename(path)
    return path
