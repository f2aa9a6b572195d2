"""scale: forests grown by one Dask worker of one thread, by two, and by two, one of which dies."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import data, grove, stage
from benchmarks.cluster import Cluster, clustering
from benchmarks.faults import BenchError
from benchmarks.figures import ratio_of_rounds
from benchmarks.processes import free_port
from benchmarks.report import Report, Row, at_least
from benchmarks.sizes import Sizes

NEEDS = ()
LEAST_TIMES = 1.7
NAME = "many"
LEAF = 20  # small trees: to put them together is one process's work, and not what is measured
FILES = (".npz", ".onnx")  # all that answers come from


@dataclass(frozen=True)
class Trained:
    """A training: the seconds of the whole job, those of growing, the forest's engine and files."""

    seconds: float
    growing: float
    engine: str
    forest: tuple[str, ...]


@dataclass
class Compared:
    """The trainings of one kind of forest by one worker and by two, and others of it."""

    asked: dict[str, Any]
    one: list[Trained] = field(default_factory=list)
    two: list[Trained] = field(default_factory=list)
    others: list[Trained] = field(default_factory=list)

    @property
    def all(self) -> list[Trained]:
        """All trainings of this kind."""
        return [*self.one, *self.two, *self.others]


def run(sizes: Sizes) -> Report:
    """Train with one worker and with two, in turn; then kill one; then train without a cluster."""
    report = Report("scale", sizes.form)
    usual, other = forests(sizes)
    with stage.temporary() as folder:
        home = folder / "home"
        with clustering(folder) as cluster, _serving(home, cluster.address) as service:
            grove.make_experiment(service.client, NAME, data.many(sizes.scale_rows))
            for compared in (usual, other):
                for _ in range(max(1, sizes.rounds // 2)):
                    for workers, found in ((1, compared.one), (2, compared.two)):
                        cluster.resize(workers)
                        found.append(_trained(service.client, compared.asked))
            usual.others.append(_trained(service.client, usual.asked, cluster))
        with _serving(home) as service:
            usual.others.append(_trained(service.client, usual.asked))
    _tell(report, sizes, usual, other)
    return report


def forests(sizes: Sizes) -> tuple[Compared, Compared]:
    """The usual one, and one whose criterion scikit-learn alone has, of fewer trees for that."""
    usual = {
        "n_estimators": sizes.scale_trees,
        "min_samples_leaf": LEAF,
        "random_state": grove.SEED,
    }
    other = {**usual, "n_estimators": sizes.scale_slow_trees, "criterion": "entropy"}
    return Compared(usual), Compared(other)


def _serving(home: Path, scheduler: str | None = None) -> AbstractContextManager[grove.Grove]:
    chosen = {"GROVE_DASK_SCHEDULER": scheduler} if scheduler else {}
    return grove.serving(home, f"127.0.0.1:{free_port()}", **chosen)


def _trained(
    client: grove.Client, asked: dict[str, Any], breaking: Cluster | None = None
) -> Trained:
    """One training; a worker of the cluster that is given is killed while all grow trees."""
    started = time.perf_counter()
    job = grove.begun(client, NAME, asked)
    while breaking and len(breaking.busy()) < len(breaking.workers):
        if client.get(f"/v1/jobs/{job}")["state"] != "running":
            raise BenchError("the training was over before two workers grew trees at a time")
        time.sleep(0.1)
    if breaking:
        breaking.kill(0)
    done = client.finished(client.get(f"/v1/jobs/{job}"))
    seconds = time.perf_counter() - started
    version = client.get(f"/v1/experiments/{NAME}/versions/{done['result']['version']}")
    files = [name for name in version["checksums"] if name.endswith(FILES)]
    forest = tuple(version["checksums"][name] for name in sorted(files))
    engine = version["manifest"]["engine"]["name"]
    return Trained(seconds, version["fit_seconds"], engine, forest)


def _tell(report: Report, sizes: Sizes, usual: Compared, other: Compared) -> None:
    """Raises BenchError where forests of one kind are not the same, byte for byte."""
    for compared in (usual, other):
        if len({each.forest for each in compared.all}) != 1:
            raise BenchError("the forests differ")
        report.rows += _rows(sizes, compared)
    lost, here = usual.others
    report.rows.append(Row("two workers, one of them killed in mid-batch", "s", lost.seconds))
    report.rows.append(Row("without a cluster, two threads", "s", here.seconds))
    many = f"{len(usual.all)} and {len(other.all)}"
    report.notes.append(f"all forests of a kind, {many}, are the same, byte for byte")
    report.raw |= {
        f"{name}, {part}": [vars(each) for each in getattr(compared, part)]
        for name, compared in (("usual", usual), ("other", other))
        for part in ("one", "two", "others")
    }


def _rows(sizes: Sizes, compared: Compared) -> list[Row]:
    trees, engine, rows = compared.asked["n_estimators"], compared.one[0].engine, []
    told = f"{sizes.scale_rows:,} x {data.FEATURES}, {trees} trees of {engine}"
    for what, part in (("the whole job", "seconds"), ("growing alone", "growing")):
        ours, theirs = ([getattr(t, part) for t in found] for found in (compared.two, compared.one))
        rows.append(
            Row(f"{told}, {what}: two workers, times as fast as one", "s",
                statistics.median(ours), statistics.median(theirs),
                1 / ratio_of_rounds(ours, theirs),
                at_least(LEAST_TIMES) if part == "seconds" else None)
        )  # fmt: skip
    return rows
