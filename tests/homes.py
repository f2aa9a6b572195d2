"""A home with something of everything in it, at rest; tests damage copies of it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from services import checking
from services.checking import Report
from services.paths import Home
from services.setup import prepare
from tests.story import Story, app_on, flowers, settings_for, worker


def fill(home: Path) -> None:
    """Two versions, the older one active, of experiment `trained`; experiment `split` has none."""
    prepare(settings_for(home))
    with app_on(home) as app, worker(home):
        story = Story(app.test_client())
        warm_up(story)
        for name in ("trained", "split"):
            story.make_experiment(id=name, dataset="flowers", calibration_size=0.2)
        for _ in range(2):
            assert story.train("trained", n_estimators=3).status_code == 201
        assert story.patch("trained", {"active_version": 1}).status_code == 200
        wait_until_idle(home)


def warm_up(story: Story) -> None:
    """Have the worker do a first job, dataset `flowers`, however long it takes to start."""
    answer = story.client.put(
        "/v1/datasets/flowers",
        data=flowers(),
        content_type="text/csv",
        headers={"Prefer": "wait=60"},
    )
    assert answer.status_code == 201, answer.text


def wait_until_idle(home: Path) -> None:
    deadline = time.monotonic() + 20
    while any(any((home / name).iterdir()) for name in ("uploads", "work")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def copied(home: Path, target: Path) -> Path:
    return Path(shutil.copytree(home, target, dirs_exist_ok=True))


def checked(home: Path) -> Report:
    return checking.check(settings_for(home).database_url, Home(home))


def change(home: Path, statement: str, *values: Any) -> None:
    """Change rows as nobody should: no constraint stands in the way."""
    with closing(sqlite3.connect(home / "grove.sqlite")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)
        connection.commit()


def one(home: Path, pattern: str) -> Path:
    """The first file of this pattern."""
    return min(home.glob(pattern))


def flip(file: Path) -> None:
    """Change one bit of a file, and nothing else of it."""
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
