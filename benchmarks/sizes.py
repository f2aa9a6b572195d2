"""How much each benchmark does, in each form of the run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes of one form; seconds are those of one measurement, not of the whole run."""

    form: str
    rounds: int
    load_seconds: int
    steady_seconds: int
    steady_rate: int
    lowest_rate: int
    highest_rate: int
    precision: float
    crowd: int
    train_rows: int
    train_trees: int
    batch_rows: int
    growth_rows: tuple[int, ...]
    ingest_rows: tuple[int, ...]
    scale_rows: int
    scale_trees: int
    scale_slow_trees: int  # an even number of scikit-learn's batches
    large_rows: int
    in_memory_rows: tuple[int, ...]
    unseen_rows: int
    starts: int
    yardstick_mlflow: bool = True


FULL = Sizes(
    form="full",
    rounds=5,
    load_seconds=5,
    steady_seconds=60,
    steady_rate=1_000,
    lowest_rate=250,
    highest_rate=16_000,
    precision=1.08,
    crowd=1_000,
    train_rows=160_000,
    train_trees=100,
    batch_rows=1_000_000,
    growth_rows=(100_000, 400_000, 1_600_000),
    ingest_rows=(200_000, 800_000, 8_000_000),
    scale_rows=400_000,
    scale_trees=100,
    scale_slow_trees=20,
    large_rows=8_000_000,
    in_memory_rows=(2_000_000, 1_500_000, 1_000_000),
    unseen_rows=200_000,
    starts=5,
)
SHORT = Sizes(
    form="short",
    rounds=3,
    load_seconds=3,
    steady_seconds=10,
    steady_rate=1_000,
    lowest_rate=250,
    highest_rate=16_000,
    precision=1.1,
    crowd=500,
    train_rows=20_000,
    train_trees=100,
    batch_rows=100_000,
    growth_rows=(10_000, 40_000, 160_000),
    ingest_rows=(20_000, 80_000, 320_000),
    scale_rows=100_000,
    scale_trees=400,
    scale_slow_trees=20,
    large_rows=320_000,
    in_memory_rows=(100_000,),
    unseen_rows=20_000,
    starts=3,
)
# Only shows that everything runs: its figures say nothing.
SMOKE = Sizes(
    form="smoke",
    rounds=1,
    load_seconds=1,
    steady_seconds=1,
    steady_rate=50,
    lowest_rate=50,
    highest_rate=100,
    precision=2.0,
    crowd=50,
    train_rows=2_000,
    train_trees=10,
    batch_rows=2_000,
    growth_rows=(1_000, 2_000, 4_000),
    ingest_rows=(1_000, 2_000, 4_000),
    scale_rows=20_000,
    scale_trees=2_000,
    scale_slow_trees=80,
    large_rows=4_000,
    in_memory_rows=(2_000,),
    unseen_rows=500,
    starts=1,
    yardstick_mlflow=False,
)
