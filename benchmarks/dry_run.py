"""dry_run: does what it tells come true, of seconds, memory and size?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import data, grove, stage
from benchmarks.processes import peaks
from benchmarks.report import Report, Row, at_most
from benchmarks.sizes import Sizes

NEEDS = ()
NAME = "rows"
TREES = 100
MOST_TIMES = 2.0
UNITS = {"seconds": "s", "memory": "MiB", "size": "MiB"}
MIB = 2**20


@dataclass(frozen=True)
class Compared:
    """What was told of one step of one table, and what came."""

    step: str
    rows: int
    figure: str
    told: float
    came: float

    @property
    def times(self) -> float:
        """How far off that is, to whichever side."""
        return max(self.told / self.came, self.came / self.told)


def run(sizes: Sizes) -> Report:
    """Ask what a create and a training would take, then do them, on tables of several sizes."""
    report = Report("dry_run", sizes.form)
    found: list[Compared] = []
    with stage.alone() as (_, service):
        for rows in sizes.growth_rows:
            found += _create(service, rows)
            found += _train(service, rows)
            service.client.ask("DELETE", f"/v1/experiments/{NAME}")
            service.client.ask("DELETE", f"/v1/datasets/{NAME}")
    for step in ("create", "train"):
        for figure in UNITS:
            report.rows.append(_worst([f for f in found if (f.step, f.figure) == (step, figure)]))
    report.notes.append(f"trees: {TREES}; of each figure the table where it is farthest off")
    report.raw["compared"] = [vars(each) for each in found]
    return report


def _create(service: grove.Grove, rows: int) -> list[Compared]:
    table, client = data.classes(rows), service.client
    client.do("PUT", f"/v1/datasets/{NAME}", table)
    fields = {"id": NAME, "dataset": NAME, "target": data.TARGET}

    def do(**more: Any) -> Any:
        return client.do("POST", "/v1/experiments", {**fields, **more})

    told = _estimate(do(dry_run=True))
    seconds, peak = _done(service, do)
    splits = service.home.glob("experiments/*/splits/*/*")
    return _compared("create", rows, told, seconds, peak, sum(map(_size, splits)))


def _train(service: grove.Grove, rows: int) -> list[Compared]:
    def do(**more: Any) -> Any:
        asked = {"n_estimators": TREES, "random_state": grove.SEED, **more}
        return service.client.do("POST", f"/v1/experiments/{NAME}/train", asked)

    told = _estimate(do(dry_run=True))
    seconds, peak = _done(service, do)
    size = service.client.get(f"/v1/experiments/{NAME}/versions/1")["size"]
    return _compared("train", rows, {**told, "size": told["model_size"]}, seconds, peak, size)


def _estimate(answer: Any) -> Any:
    """What was told: as the answer, or by the job where that took longer."""
    return answer["result"]["estimate"] if "result" in answer else answer


def _done(service: grove.Grove, do: Callable[[], Any]) -> tuple[float, float]:
    """The seconds of some work, and the most bytes of its own that a process of it held."""
    with peaks(service.process.pid, *grove.WORKER, figure="RssAnon") as memory:
        started = time.perf_counter()
        do()
        seconds = time.perf_counter() - started
    return seconds, max(memory.values(), default=0.0) * MIB


def _size(path: Path) -> int:
    return path.stat().st_size


def _compared(
    step: str, rows: int, told: dict[str, float], seconds: float, peak: float, size: float
) -> list[Compared]:
    came = {"seconds": seconds, "memory": peak, "size": size}
    return [Compared(step, rows, figure, told[figure], came[figure]) for figure in UNITS]


def _worst(found: list[Compared]) -> Row:
    worst = max(found, key=lambda each: each.times)
    per = 1 if UNITS[worst.figure] == "s" else MIB
    told, came = worst.told / per, worst.came / per
    what = f"{worst.step} of {worst.rows:,} rows: {worst.figure} told, and what came"
    return Row(what, UNITS[worst.figure], told, came, worst.times, at_most(MOST_TIMES))
