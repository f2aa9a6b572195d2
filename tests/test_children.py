"""Steps run in processes of their own."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import MagicMock

import psutil
import pyarrow as pa
import pytest

from services.reading import Reading
from services.worker.children import LOOK_EVERY, NICER, _died, _listen, run_in_child
from services.worker.outcomes import Spec, meaning_of
from tests.processes import lives
from tests.waits import wait_until

GIGABYTE = 2**30


def spec(tmp_path: Path) -> Spec:
    source = tmp_path / "rows.csv"
    source.write_text("a,b\n" + "1.5,x\n" * 200_000)
    reading = Reading().as_record()
    return {
        "source": str(source),
        "copies": str(tmp_path / "copies"),
        "reading": reading,
        "max_columns": 10,
        "work": str(tmp_path),
        "attempt": 1,
    }


def test_a_step_leaves_the_processor_to_others_first(tmp_path: Path) -> None:
    seen: set[int] = set()

    def look() -> None:
        for child in multiprocessing.active_children():
            assert child.pid
            seen.add(os.getpriority(os.PRIO_PROCESS, child.pid))

    made = run_in_child("describe", (spec(tmp_path),), 4 * GIGABYTE, look, lambda *_: None)
    assert made["count"] == 200_000
    assert min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICER) in seen


def test_many_reports_are_no_reason_to_look() -> None:
    """Each look asks the database, and a child may report after every few rows."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    for at in range(100):
        theirs.send(("report", (at / 100, "reading")))
    theirs.send(("outcome", {"count": 7}))
    look, report = MagicMock(), MagicMock()
    began = time.monotonic()
    assert _listen(MagicMock(), ours, look, report) == {"count": 7}
    assert 1 <= look.call_count <= 1 + (time.monotonic() - began) / LOOK_EVERY
    assert report.call_count == 100


def test_a_step_that_holds_the_interpreter_ends_with_its_worker() -> None:
    command = [sys.executable, "-m", "tests.holding"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout
        step = int(worker.stdout.readline())
        wait_until(lambda: psutil.Process(step).cpu_times().user > 0.5)
        worker.kill()
    wait_until(lambda: not lives(step))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "out_of_memory"),
        (pa.ArrowMemoryError("malloc of size 64 failed"), "out_of_memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory"),
        (RuntimeError("can't start new thread"), "out_of_memory"),
        (
            pa.ArrowException(
                "Unknown error: Failed to launch worker thread: Resource temporarily unavailable"
            ),
            "out_of_memory",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EIO, "Input/output error"), "storage_failed"),
        (ValueError("no such column"), "internal_error"),
    ],
)
def test_what_an_error_means_for_its_job(error: Exception, code: str) -> None:
    assert meaning_of(error).code == code


@pytest.mark.parametrize(
    ("exit_code", "code"), [(-9, "out_of_memory"), (127, "out_of_memory"), (-11, "child_died")]
)
def test_what_the_end_of_a_child_means(exit_code: int, code: str) -> None:
    process = MagicMock(exitcode=exit_code)
    assert _died(process)["error"]["code"] == code
