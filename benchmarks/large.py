"""large: the whole journey of a CSV of 3 GB, all processes together in 4 GiB."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import data, grove, stage
from benchmarks.faults import BenchError, TooSlow
from benchmarks.limited import Limited, limited
from benchmarks.processes import command_of, family, free_port
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.yardsticks import measured

NEEDS = ()
MOST_MIB = 4096
MOST_SECONDS = 3600
PATIENCE = 3 * 3600  # seconds for scikit-learn
KILL_EVERY = 120  # seconds
MOST_TIMES = 1.1
ONE_BY_ONE = 200
NAME = "large"


def run(sizes: Sizes) -> Report:
    """The journey, its training again under kills, and the most that scikit-learn does in 4 GiB."""
    report = Report("large", sizes.form)
    with stage.temporary() as folder:
        with limited(MOST_MIB) as group, _serving(folder, group) as service:
            table = data.many(sizes.large_rows)
            seconds = _journey(service.client, table, sizes)
            one_row = _one_by_one(service.client)
            _say(f"the journey took {seconds}, {group.peak_mib:,.0f} MiB at most")
            again, kills = _under_kills(service, sizes)
            versions = _same_forests(service.client)
            _say(f"trained again in {again:.0f} s, under {kills} kills, the same forest")
            parts = _downloaded(service.client, folder, sizes)
            told = _scored(service.client, parts["test"])
        _say(f"accuracy on {sizes.unseen_rows:,} rows that it has not seen: {told:.5f}")
        _say(f"processes that the kernel killed for memory: {group.ended_with}")
        theirs = _largest(parts, sizes)
    _tell_journey(report, sizes, seconds, group)
    report.rows.append(Row("predict, one row after the other: median", "ms", one_row))
    _tell_kills(report, seconds["train"], again, kills, versions)
    _tell_beside(report, told, theirs)
    report.raw |= {"seconds": seconds, "under_kills": again, "kills": kills, "theirs": theirs,
                   "size": versions[-1]["manifest"]["size"]}  # fmt: skip
    return report


def _say(text: str) -> None:
    """Tell how far this is: it takes hours."""
    print(f"large: {text}", file=sys.stderr, flush=True)


def _serving(folder: Path, group: Limited) -> Any:
    bind = f"127.0.0.1:{free_port()}"
    limit = f"{MOST_MIB}M"
    return grove.serving(folder / "home", bind, before=group.before, GROVE_MEMORY_LIMIT=limit)


def _journey(client: grove.Client, table: Path, sizes: Sizes) -> dict[str, float]:
    """The seconds of each step."""
    steps: dict[str, Callable[[], Any]] = {
        "create": lambda: grove.make_experiment(client, NAME, table, random_state=grove.SEED),
        "train": lambda: _train(client, sizes),
        "test": lambda: client.do("POST", f"/v1/experiments/{NAME}/test"),
        "predict": lambda: _predict(client, 0.5),
    }
    seconds = {}
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - started
    return seconds


def _predict(client: grove.Client, number: float) -> None:
    rows = [{f"x{at}": number + at / data.FEATURES for at in range(data.FEATURES)}]
    client.do("POST", f"/v1/experiments/{NAME}/predict", {"rows": rows})


def _one_by_one(client: grove.Client) -> float:
    """The milliseconds of a predict, its connection among them: the median of different rows."""
    took = []
    for at in range(ONE_BY_ONE):
        started = time.perf_counter()
        _predict(client, at / ONE_BY_ONE - 1)
        took.append(time.perf_counter() - started)
    return 1000 * statistics.median(took)


def _train(client: grove.Client, sizes: Sizes) -> None:
    asked = {"n_estimators": sizes.train_trees, "random_state": grove.SEED}
    client.do("POST", f"/v1/experiments/{NAME}/train", asked)


def _under_kills(service: grove.Grove, sizes: Sizes) -> tuple[float, int]:
    """The same training while the worker is killed every two minutes: seconds, and how often."""
    over, kills = threading.Event(), []

    def kill() -> None:
        while not over.wait(KILL_EVERY):
            for pid in family(service.process.pid):
                if command_of(pid).strip().endswith("-m services.worker"):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        kills.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        started = time.perf_counter()
        _train(service.client, sizes)
        return time.perf_counter() - started, len(kills)
    finally:
        over.set()
        killer.join()


def _same_forests(client: grove.Client) -> list[Any]:
    """Both versions, the newest first. Raises BenchError where a byte of what answers differs."""
    versions: list[Any] = client.get(f"/v1/experiments/{NAME}/versions")["items"]
    newest, first = (version["checksums"] for version in versions)
    if any(newest[name] != first[name] for name in first if name.endswith((".npz", ".onnx"))):
        raise BenchError("the forest that was trained under kills is another one")
    return versions


def _downloaded(client: grove.Client, folder: Path, sizes: Sizes) -> dict[str, Path]:
    """The first rows of both parts of the split, as CSV."""
    rows = {"train": max(sizes.in_memory_rows), "test": sizes.unseen_rows}
    for part, most in rows.items():
        client.save(f"/v1/experiments/{NAME}/splits/{part}", folder / f"{part}.csv", most + 1)
    return {part: folder / f"{part}.csv" for part in rows}


def _scored(client: grove.Client, unseen: Path) -> float:
    """The accuracy of Grove's forest on these rows."""
    result = client.do("POST", f"/v1/experiments/{NAME}/test", unseen)
    accuracy: float = result["accuracy"] if "accuracy" in result else result["result"]["accuracy"]
    return accuracy


def _largest(parts: dict[str, Path], sizes: Sizes) -> dict[str, float] | None:
    """scikit-learn's forest on as many rows as it can have in the same memory.

    None where that takes too long: what was measured before is told all the same.
    """
    for rows in sizes.in_memory_rows:
        arguments = (parts["train"], parts["test"], str(rows), str(sizes.train_trees))
        with limited(MOST_MIB) as group:
            try:
                found = measured("fit_some", *arguments, before=group.before, seconds=PATIENCE)
            except TooSlow as error:
                _say(f"{rows:,} rows: {error}")
                return None
            except BenchError:
                if not group.killed():
                    raise
                _say(f"scikit-learn cannot do {rows:,} rows in that memory")
            else:
                return {**found, "rows": rows}
    raise BenchError(f"scikit-learn can do none of {sizes.in_memory_rows} rows in that memory")


def _tell_journey(report: Report, sizes: Sizes, seconds: dict[str, float], group: Limited) -> None:
    shape = f"{sizes.large_rows:,} x {data.FEATURES}, {sizes.train_trees} trees"
    report.rows += [Row(f"{shape}: {name}", "s", took) for name, took in seconds.items()]
    total = sum(seconds.values())
    report.rows.append(Row("the whole journey", "s", total, target=at_most(MOST_SECONDS)))
    report.rows += [
        Row("memory of all processes, less pages of files: peak", "MiB", group.peak_mib,
            target=at_most(MOST_MIB)),
        Row("processes that the kernel killed for memory", "", group.ended_with, target=at_most(0)),
    ]  # fmt: skip


def _tell_kills(report: Report, once: float, again: float, kills: int, versions: list[Any]) -> None:
    batch = versions[-1]["fit_seconds"] / len(versions[-1]["manifest"]["batches"])
    allowed = MOST_TIMES * once + kills * batch
    words = f"train under {kills} kills of the worker, the same forest"
    report.rows += [
        Row(f"{words}: times as long", "s", again, once, again / once),
        Row(f"{words}: of {MOST_TIMES:g} times, and {batch:,.0f} s of a batch for each kill", "s",
            again, allowed, again / allowed, at_most(1) if kills else None),
    ]  # fmt: skip


def _tell_beside(report: Report, accuracy: float, theirs: dict[str, float] | None) -> None:
    if theirs is None:
        report.rows.append(Row("accuracy; scikit-learn's took too long", "share", accuracy))
        return
    words = f"accuracy; scikit-learn's on {theirs['rows']:,} rows, the most that it can"
    ratio = accuracy / theirs["accuracy"]
    report.rows.append(Row(words, "share", accuracy, theirs["accuracy"], ratio, at_least(1)))
    report.notes.append(
        f"scikit-learn: {theirs['seconds']:,.0f} s to read and fit, {theirs['peak_mib']:,.0f} MiB"
    )
