"""Files that no row names and no job is at work on."""

from __future__ import annotations

import time
from pathlib import Path

FOLDERS = ("uploads", "work")


def assert_no_orphans(home: Path, seconds: float = 60) -> None:
    """Uploads and scratch space are empty; the worker tidies up right after a job's end."""
    deadline = time.monotonic() + seconds
    while (left := orphans(home)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def orphans(home: Path) -> list[Path]:
    return [path for name in FOLDERS for path in (home / name).iterdir()]
