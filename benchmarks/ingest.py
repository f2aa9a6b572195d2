"""ingest: a CSV goes in and is described, kept and split; beside what pandas takes for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data, grove, stage
from benchmarks.figures import exponent
from benchmarks.processes import peaks
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.yardsticks import measured

NEEDS = ()
LEAST_RATE, LEAST_RATIO, MOST_MIB, MOST_EXPONENT = 60, 8, 1024, 1.1
MEGA = 10**6


@dataclass(frozen=True)
class Ingest:
    """How a table of `size` bytes went in: the rate in MB/s is that of the CSV."""

    rows: int
    size: int
    seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Megabytes (10^6 bytes) of CSV a second."""
        return self.size / MEGA / self.seconds


def run(sizes: Sizes) -> Report:
    """Take in tables of the same kind, each larger; pandas the one before the largest."""
    report = Report("ingest", sizes.form)
    tables = [data.many(rows) for rows in sizes.ingest_rows]
    *_, compared, _ = tables
    with stage.alone() as (folder, service):
        taken = [
            _taken(service, rows, table)
            for rows, table in zip(sizes.ingest_rows, tables, strict=True)
        ]
        theirs = measured("ingest", compared, folder)
    _tell(report, taken, theirs)
    return report


def _taken(service: grove.Grove, rows: int, table: Path) -> Ingest:
    name = f"many-{rows}"
    with peaks(service.process.pid, *grove.WORKER) as memory:
        started = time.perf_counter()
        grove.make_experiment(service.client, name, table)
        seconds = time.perf_counter() - started
    service.client.ask("DELETE", f"/v1/experiments/{name}")
    service.client.ask("DELETE", f"/v1/datasets/{name}")
    return Ingest(rows, table.stat().st_size, seconds, max(memory.values(), default=0))


def _tell(report: Report, taken: list[Ingest], theirs: dict[str, float]) -> None:
    compared, largest = taken[-2:]
    for each in taken:
        told = f"{each.rows:,} x {data.FEATURES}, {each.size / MEGA:,.0f} MB"
        target = at_least(LEAST_RATE) if each is largest else None
        report.rows.append(Row(told, "MB/s", each.rate, target=target))
    recipe = compared.size / MEGA / theirs["seconds"]
    words = f"{compared.rows:,} rows: times read_csv, train_test_split, to_csv twice"
    most = at_most(MOST_MIB)
    found = exponent([each.rows for each in taken], [each.seconds for each in taken])
    report.rows += [
        Row(words, "MB/s", compared.rate, recipe, compared.rate / recipe, at_least(LEAST_RATIO)),
        Row("largest process of the worker, peak", "MiB", largest.peak_mib, target=most),
        Row("exponent of time against rows", "of rows", found, target=at_most(MOST_EXPONENT)),
    ]
    report.notes.append(f"pandas held {theirs['peak_mib']:,.0f} MiB for {compared.rows:,} rows")
    report.raw |= {"taken": [vars(each) for each in taken], "pandas": theirs}
