"""The files that lie in a home, and those of them that nothing names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from services import samples
from services.paths import SAMPLES, Home
from services.stock import Stock
from services.sweeper import FRESH_SECONDS

DATABASE_ENDINGS = ("", "-journal", "-wal", "-shm")
# A body that is being received, or an answer that is being sent, has no row yet; what a job has
# just left is about to be removed.
FLEETING = ("uploads/", "work/")
# The home may be a disk of its own, or the folder that the samples came in. Copies of datasets are
# nothing to be kept.
LEFT_OUT = {"lost+found", "copies"}
OF_SAMPLES = {"README.md", *(f"{name}.csv" for name in samples.NAMES)}


def files_under(home: Home) -> list[str]:
    """All files in the home but foreign ones and copies, relative to it."""
    found = []
    for folder, folders, names in os.walk(home.root):
        foreign: set[str] = set()
        if Path(folder) == home.root:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
            foreign = OF_SAMPLES if home.root == SAMPLES.resolve() else foreign
        found += [home.relative(Path(folder, name)) for name in names if name not in foreign]
    return sorted(found)


def strays(home: Home, url: str, stock: Stock, found: Iterable[str]) -> Iterator[str]:
    """Those of the files that no row names, no open job is at work on, and nobody just wrote."""
    known = {kept.path for kept in stock.files()} | stock.serving(home).keys()
    known |= {home.relative(home.lock(executor)) for executor in stock.workers}
    known |= _of_database(home, url)
    inspections = {
        home.relative(home.inspection(version.experiment_uid, version.job))
        for version in stock.versions
    }
    for path in found:
        if path in known or path.rpartition("/")[0] in inspections:
            continue
        if not of_open_job(path, stock) and not _is_fleeting(home, path):
            yield path


def of_open_job(path: str, stock: Stock) -> bool:
    """Whether an open job is at work on a file: it, or a folder that it is in, bears its name."""
    names = (part.lstrip(".").split(".")[0] for part in path.split("/"))
    return not stock.open_jobs.isdisjoint(names)


def _of_database(home: Home, url: str) -> set[str]:
    file = Path(sa.make_url(url).database or "")
    if not file.is_relative_to(home.root):
        return set()
    return {home.relative(file) + ending for ending in DATABASE_ENDINGS}


def _is_fleeting(home: Home, path: str) -> bool:
    """Whether it is gone by now, or may soon be by itself."""
    try:
        age = time.time() - home.absolute(path).lstat().st_mtime
    except FileNotFoundError:
        return True
    return path.startswith(FLEETING) and age < FRESH_SECONDS
