"""train: the whole job, from the request to the version, beside scikit-learn's fit alone."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks import data, grove, stage
from benchmarks.figures import ratio_of_rounds
from benchmarks.processes import peaks
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.yardsticks import measured

NEEDS = ()
LEAST_TIMES, MOST_POINTS = 4.0, 0.3
EXPERIMENT = "classes"
TEST_SIZE = 0.2


def run(sizes: Sizes) -> Report:
    """Train in turn with scikit-learn on the same rows; then compare on the same test rows."""
    report = Report("train", sizes.form)
    ours: list[float] = []
    theirs: list[dict[str, float]] = []
    with stage.alone() as (folder, service):
        client = service.client
        table = data.classes(round(sizes.train_rows / (1 - TEST_SIZE)))
        grove.make_experiment(client, EXPERIMENT, table, test_size=TEST_SIZE)
        train, test = (_downloaded(client, folder, part) for part in ("train", "test"))
        with peaks(service.process.pid, *grove.WORKER) as memory:
            for _ in range(max(1, sizes.rounds // 2)):
                ours.append(trained(client, EXPERIMENT, sizes.train_trees))
                theirs.append(measured("fit", train, test, str(sizes.train_trees)))
        result = client.do("POST", f"/v1/experiments/{EXPERIMENT}/test")["result"]
    _tell(report, sizes, ours, theirs, result["accuracy"])
    report.raw["peak_mib"] = max(memory.values(), default=0)
    report.notes.append(
        f"peak memory of Grove's largest training process {report.raw['peak_mib']:,.0f} MiB"
    )
    return report


def trained(client: grove.Client, experiment: str, trees: int) -> float:
    """The seconds of one training, from the request until the version is active."""
    started = time.perf_counter()
    client.do("POST", f"/v1/experiments/{experiment}/train", {"n_estimators": trees})
    return time.perf_counter() - started


def _downloaded(client: grove.Client, folder: Path, part: str) -> Path:
    path = folder / f"{part}.csv"
    path.write_bytes(client.ask("GET", f"/v1/experiments/{EXPERIMENT}/splits/{part}")[2])
    return path


def _tell(
    report: Report,
    sizes: Sizes,
    ours: list[float],
    theirs: list[dict[str, float]],
    accuracy: float,
) -> None:
    seconds = [each["seconds"] for each in theirs]
    times = 1 / ratio_of_rounds(ours, seconds)
    shape = f"{sizes.train_rows:,} x {data.FEATURES}, 3 classes, {sizes.train_trees} trees"
    yardstick = theirs[0]["accuracy"]
    report.rows += [
        Row(f"{shape}: times as fast as fit(n_jobs=-1) alone", "s", statistics.median(ours),
            statistics.median(seconds), times, at_least(LEAST_TIMES)),
        Row("accuracy on the same test rows", "share", accuracy, yardstick),
        Row("difference of the accuracies", "points", abs(accuracy - yardstick) * 100,
            target=at_most(MOST_POINTS)),
    ]  # fmt: skip
    report.raw |= {"grove_seconds": ours, "scikit_learn": theirs, "accuracy": accuracy}
