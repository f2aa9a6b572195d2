"""Steps run in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

from services.reading import Reading
from services.worker.children import NICER, Spec, run_in_child

GIGABYTE = 2**30


def spec(tmp_path: Path) -> Spec:
    source = tmp_path / "rows.csv"
    source.write_text("a,b\n" + "1.5,x\n" * 200_000)
    reading = Reading().as_record()
    return {
        "source": str(source),
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
