"""start: from ./run.sh to a service that is ready; what it holds while it does nothing."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks import grove, stage
from benchmarks.processes import command_of, family, free_port, shared_memory
from benchmarks.report import Report, Row, at_most
from benchmarks.sizes import Sizes

NEEDS = ()
MOST_SECONDS = 3.0
IDLE_SECONDS = 3


def run(sizes: Sizes) -> Report:
    """Start on a fresh home and again on the same, several times."""
    report = Report("start", sizes.form)
    first: list[float] = []
    second: list[float] = []
    memory: list[dict[str, float]] = []
    with stage.temporary() as folder:
        for number in range(sizes.starts):
            home = folder / f"home-{number}"
            for seconds in (first, second):
                taken, held = _started(home)
                seconds.append(taken)
            memory.append(held)
    _tell(report, first, second, memory)
    return report


def _started(home: Path) -> tuple[float, dict[str, float]]:
    """The seconds from exec until /readyz is 200, and the memory once it is idle."""
    began = time.perf_counter()
    with grove.serving(home, f"127.0.0.1:{free_port()}") as service:
        seconds = time.perf_counter() - began
        time.sleep(IDLE_SECONDS)
        web, everything = service.web(), family(service.process.pid)
        held = {"web": shared_memory(web), "all": shared_memory(everything)}
        worker = [
            each for each in everything if any(word in command_of(each) for word in grove.WORKER)
        ]
        return seconds, {**held, "worker": shared_memory(worker)}


def _tell(
    report: Report, first: list[float], second: list[float], memory: list[dict[str, float]]
) -> None:
    target = at_most(MOST_SECONDS)
    report.rows += [
        Row("first start, fresh home: exec to ready", "s", statistics.median(first), target=target),
        Row(
            "second start, same home: exec to ready", "s", statistics.median(second), target=target
        ),
    ]
    for part in ("web", "worker", "all"):
        held = statistics.median(each[part] for each in memory)
        report.rows.append(Row(f"idle memory: {part}", "MiB PSS", held))
    report.raw |= {"first_seconds": first, "second_seconds": second, "idle_mib": memory}
