"""Copies of datasets as their first reading found them: a split need not read the CSV again.

Each worker has its own, which go when it goes; no row names them, and whoever finds none reads the
CSV. So they need not outlast a loss of power, and nothing waits until they are on the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from services.files import remove
from services.reading import TypedCopy

MOST_BYTES = 2**32  # of all copies of a worker
PART_OF_FREE = 4  # one takes no more than this part of the disk that is free


@contextmanager
def begun(folder: Path, source: Path) -> Iterator[TypedCopy]:
    """A copy of the CSV `source` to be written in the block; it is kept if it was finished then.

    The oldest others go where all together would be more than MOST_BYTES.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _place(folder, source)
    unfinished = path.with_name(f".{path.name}")
    copy = TypedCopy(unfinished, min(MOST_BYTES, shutil.disk_usage(folder).free // PART_OF_FREE))
    try:
        yield copy
        if copy.finished:
            unfinished.replace(path)
            _make_room(folder)
    finally:
        copy.give_up()


def opened(folder: Path, source: Path) -> pa.NativeFile | None:
    """The copy of the CSV `source`, where there is one, to be read and closed."""
    try:
        return pa.OSFile(str(_place(folder, source)), "rb")
    except FileNotFoundError:
        return None


def _place(folder: Path, source: Path) -> Path:
    return folder / f"{source.stem}.arrow"


def _make_room(folder: Path) -> None:
    found = []
    for file in folder.glob("[!.]*"):
        with suppress(FileNotFoundError):  # its dataset has just been deleted
            found.append((file.stat().st_mtime_ns, file.stat().st_size, file))
    left = MOST_BYTES
    for _, size, file in sorted(found, reverse=True):
        left -= size
        if left < 0:
            remove(file)
