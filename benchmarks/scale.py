"""scale: a forest grown by one Dask worker of one thread, by two, and by two, one of which dies."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

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
    """A training: the seconds of the whole job, those of growing, the files of the forest."""

    seconds: float
    growing: float
    forest: tuple[str, ...]


def run(sizes: Sizes) -> Report:
    """Train with one worker and with two, in turn; then kill one; then train without a cluster."""
    report = Report("scale", sizes.form)
    one: list[Trained] = []
    two: list[Trained] = []
    with stage.temporary() as folder:
        home = folder / "home"
        with clustering(folder) as cluster, _serving(home, cluster.address) as service:
            grove.make_experiment(service.client, NAME, data.many(sizes.scale_rows))
            for _ in range(max(1, sizes.rounds // 2)):
                for workers, found in ((1, one), (2, two)):
                    cluster.resize(workers)
                    found.append(_trained(service.client, sizes.scale_trees))
            lost = _trained(service.client, sizes.scale_trees, cluster)
        with _serving(home) as service:
            here = _trained(service.client, sizes.scale_trees)
    _tell(report, sizes, one, two, (lost, here))
    return report


def _serving(home: Path, scheduler: str | None = None) -> AbstractContextManager[grove.Grove]:
    chosen = {"GROVE_DASK_SCHEDULER": scheduler} if scheduler else {}
    return grove.serving(home, f"127.0.0.1:{free_port()}", **chosen)


def _trained(client: grove.Client, trees: int, breaking: Cluster | None = None) -> Trained:
    """One training; a worker of the cluster that is given is killed while all grow trees."""
    asked = {"n_estimators": trees, "min_samples_leaf": LEAF, "random_state": grove.SEED}
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
    return Trained(seconds, version["fit_seconds"], forest)


def _tell(
    report: Report,
    sizes: Sizes,
    one: list[Trained],
    two: list[Trained],
    others: tuple[Trained, Trained],
) -> None:
    """Raises BenchError where not all of these forests are the same, byte for byte."""
    lost, here = others
    everything = [*one, *two, *others]
    if len({each.forest for each in everything}) != 1:
        raise BenchError("the forests differ")
    shape = f"{sizes.scale_rows:,} x {data.FEATURES}, {sizes.scale_trees} trees"
    for what, part in (("the whole job", "seconds"), ("growing alone", "growing")):
        ours, theirs = ([getattr(each, part) for each in found] for found in (two, one))
        target = at_least(LEAST_TIMES) if part == "seconds" else None
        report.rows.append(
            Row(f"{shape}, {what}: two workers, times as fast as one", "s",
                statistics.median(ours), statistics.median(theirs),
                1 / ratio_of_rounds(ours, theirs), target)
        )  # fmt: skip
    report.rows.append(Row("two workers, one of them killed in mid-batch", "s", lost.seconds))
    report.rows.append(Row("without a cluster, two threads", "s", here.seconds))
    report.notes.append(f"all {len(everything)} forests are the same, byte for byte")
    report.raw |= {"one": [vars(each) for each in one], "two": [vars(each) for each in two],
                   "lost": vars(lost), "here": vars(here)}  # fmt: skip
