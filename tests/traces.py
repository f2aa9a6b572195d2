"""What a refused request may leave behind: nothing but the record of its job."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from tests.story import Story

FOLDERS = ("uploads", "datasets", "experiments", "work", "copies")
SETTLED = 240  # seconds; a machine may have much else to do


def files_of(home: Path) -> set[str]:
    """The files and the folders that the service keeps now."""
    # os.walk bears that a folder is gone meanwhile; pathlib does not.
    walks = [walk for name in FOLDERS for walk in os.walk(home / name)]
    found = [Path(folder, name) for folder, *names in walks for name in chain(*names)]
    return {path.relative_to(home).as_posix() for path in found}


def rows_of(story: Story) -> dict[str, list[dict[str, Any]]]:
    """All datasets and experiments, as they are listed."""
    lists = ("datasets?page_size=200", "experiments?page_size=200&sort=id")
    answers = {name: story.client.get(f"/v1/{name}") for name in lists}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.json["items"] for name, answer in answers.items()}


@contextmanager
def unchanged(story: Story, home: Path) -> Iterator[None]:
    """Whatever is asked in the block: the rows and the files are as before, and it answers."""
    files = settled(home)
    rows = rows_of(story)
    yield
    assert rows_of(story) == rows
    deadline = time.monotonic() + SETTLED
    while files_of(home) != files and time.monotonic() < deadline:
        time.sleep(0.02)  # the worker tidies up right after it has written the job's end
    left = files_of(home)
    assert left == files, f"new: {sorted(left - files)}, gone: {sorted(files - left)}"


def settled(home: Path) -> set[str]:
    """The files and the folders kept, once the worker has tidied up after the jobs before."""
    deadline = time.monotonic() + SETTLED
    while [*(home / "work").iterdir(), *(home / "uploads").iterdir()]:
        assert time.monotonic() < deadline, f"still there: {sorted(files_of(home))}"
        time.sleep(0.02)
    return files_of(home)
