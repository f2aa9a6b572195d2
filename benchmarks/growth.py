"""growth: does the time of a training grow as its rows do?"""

from __future__ import annotations

import time

from benchmarks import data, grove, stage
from benchmarks.figures import exponent
from benchmarks.processes import peaks
from benchmarks.report import Report, Row, at_most
from benchmarks.sizes import Sizes
from benchmarks.train import trained

NEEDS = ()
TREES = 20
MOST_EXPONENT = 1.15


def run(sizes: Sizes) -> Report:
    """Train on tables of the same kind, each larger than the one before."""
    report = Report("growth", sizes.form)
    with stage.alone() as (_, service):
        seconds = [_trained(report, service, rows) for rows in sizes.growth_rows]
    _tell(report, sizes, seconds)
    return report


def _trained(report: Report, service: grove.Grove, rows: int) -> float:
    """The seconds of a training on a table of so many rows; its ingest and memory go beside."""
    client, name, table = service.client, f"rows-{rows}", data.classes(rows)
    started = time.perf_counter()
    grove.make_experiment(client, name, table)
    ingest = time.perf_counter() - started
    with peaks(service.process.pid, *grove.WORKER) as memory:
        seconds = trained(client, name, TREES)
    peak = max(memory.values(), default=0)
    report.raw[name] = {"train_seconds": seconds, "ingest_seconds": ingest, "peak_mib": peak}
    report.rows.append(Row(f"{rows:,} x {data.FEATURES}, {TREES} trees", "s", seconds))
    report.notes.append(f"{rows:,} rows: ingest {ingest:.1f} s, largest process {peak:,.0f} MiB")
    client.ask("DELETE", f"/v1/experiments/{name}")
    client.ask("DELETE", f"/v1/datasets/{name}")
    return seconds


def _tell(report: Report, sizes: Sizes, seconds: list[float]) -> None:
    found = exponent(sizes.growth_rows, seconds)
    report.rows.append(
        Row("exponent of time against rows", "of rows", found, target=at_most(MOST_EXPONENT))
    )
