"""batch: a CSV goes in, the CSV with its predictions comes out, by curl."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

from benchmarks import data, grove, stage
from benchmarks.faults import BenchError
from benchmarks.figures import ratio_of_rounds
from benchmarks.processes import peaks
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.tools import path_of
from benchmarks.yardsticks import measured

NEEDS = ("curl",)
MOST_TIMES_READ, LEAST_TIMES_SCORE, MOST_MIB = 6.0, 3.0, 400
ENDS = "prediction,probability_benign,probability_malignant"


def run(sizes: Sizes) -> Report:
    """Score the table in turn with the yardsticks; look at what came, and at the memory.

    Each process that serves has scored a file before: its first one it maps its memory for.
    """
    report = Report("batch", sizes.form)
    table = data.patients(sizes.batch_rows)
    ours: list[float] = []
    reads: list[dict[str, float]] = []
    scores: list[dict[str, float]] = []
    with stage.alone() as (folder, service):
        grove.make_cancer(service.client)
        with peaks(service.process.pid, *grove.WEB) as memory:
            for _ in service.web():  # as many as there are, and one more
                _scored(service.client, table, folder / "ours.csv")
            for _ in range(max(1, sizes.rounds // 2)):
                ours.append(_scored(service.client, table, folder / "ours.csv"))
                require_whole(folder / "ours.csv", sizes.batch_rows)
                reads.append(measured("read", table))
                scores.append(measured("score", table, folder / "theirs.csv"))
    _tell(report, sizes, ours, reads, scores)
    _tell_memory(report, memory, scores)
    return report


def _scored(client: grove.Client, table: Path, out: Path) -> float:
    """The seconds from curl's start to its end. Raises BenchError unless the answer is a 200."""
    url = f"http://{client.address}/v1/experiments/{grove.CANCER}/predict"
    headers = {**client.headers, "Content-Type": "text/csv", "Expect": ""}
    words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    asks = [
        "-s",
        "-S",
        "-X",
        "POST",
        "-T",
        str(table),
        "-o",
        str(out),
        "-w",
        "%{http_code}",
        *words,
    ]
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [path_of("curl"), *asks, url], capture_output=True, text=True, check=False, timeout=3600
    )
    seconds = time.perf_counter() - started
    if done.stdout != "200":
        raise BenchError(f"curl: {done.stdout} {done.stderr} {out.read_bytes()[:500]!r}")
    return seconds


def require_whole(path: Path, rows: int) -> None:
    """Raise BenchError unless all rows came back, with the columns that predictions have."""
    with path.open() as file:
        head = next(file).rstrip()
        found = sum(1 for _ in file)
    if found != rows or not head.endswith(ENDS):
        raise BenchError(f"{found:,} of {rows:,} rows came back, under {head[-100:]!r}")


def _tell(
    report: Report,
    sizes: Sizes,
    ours: list[float],
    reads: list[dict[str, float]],
    scores: list[dict[str, float]],
) -> None:
    middle = statistics.median(ours)
    read, score = ([each["seconds"] for each in those] for those in (reads, scores))
    shape = f"{sizes.batch_rows:,} x 30 CSV"
    report.rows += [
        Row(f"{shape}: times pandas.read_csv alone", "s", middle, statistics.median(read),
            ratio_of_rounds(ours, read), at_most(MOST_TIMES_READ)),
        Row(f"{shape}: times as fast as read_csv + predict_proba + to_csv", "s", middle,
            statistics.median(score), ratio_of_rounds(score, ours), at_least(LEAST_TIMES_SCORE)),
    ]  # fmt: skip
    report.raw |= {"grove_seconds": ours, "read": reads, "score": scores}


def _tell_memory(report: Report, memory: dict[int, float], scores: list[dict[str, float]]) -> None:
    largest, theirs = max(memory.values()), max(each["peak_mib"] for each in scores)
    target = at_most(MOST_MIB)
    report.rows.append(Row("largest web process, peak", "MiB", largest, theirs, None, target))
    report.notes.append(f"the peaks of all web processes add up to {sum(memory.values()):,.0f} MiB")
    report.raw["peak_mib"] = sorted(memory.values())
