"""Copies of datasets as their first reading found them: a split need not read the CSV again.

Each worker has its own, which go when it goes; no row names them, and whoever finds none reads the
CSV. So they need not outlast a loss of power, and nothing waits until they are on the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog

from services.files import remove
from services.reading import Damaged, TypedCopy

MOST_BYTES = 2**32  # of all copies of a worker
PART_OF_FREE = 4  # they take no more than this part of the disk that is free but for them

T = TypeVar("T")

log = structlog.get_logger()


@contextmanager
def begun(folder: Path, source: Path) -> Iterator[TypedCopy]:
    """A copy of the CSV `source` to be written in the block; it is kept if it was finished then.

    The oldest others go first where all together could be too many bytes.
    """
    path = _place(folder, source)
    unfinished = path.with_name(f".{path.name}")
    copy = TypedCopy(unfinished, _make_room(folder, source.stat().st_size))
    try:
        yield copy
        if copy.finished:
            with suppress(OSError):  # another worker took this one for dead, and tidied up
                unfinished.replace(path)
                _make_room(folder, 0)  # another one may have been written meanwhile
    finally:
        copy.give_up()


def opened(folder: Path, source: Path) -> BinaryIO | None:
    """The copy of the CSV `source`, where there is one, to be read and closed."""
    try:
        return _place(folder, source).open("rb")
    except OSError:  # most often it is not there; what else may be is no reason not to read the CSV
        return None


def through(folder: Path | None, source: Path, read: Callable[[BinaryIO | None], T]) -> T:
    """What `read` makes of the copy of the CSV `source`, or of None where none is there and whole.

    It may be asked twice: that a copy is damaged shows where it is read.
    """
    copy = opened(folder, source) if folder is not None else None
    if folder is None or copy is None:
        return read(None)
    with copy:
        try:
            return read(copy)
        except Damaged as error:
            log.warning("the CSV is read again", file=source.name, error=str(error))
    drop(folder, source)
    return read(None)


def drop(folder: Path, source: Path | None = None) -> None:
    """Remove all copies of a worker, or that of one CSV. What cannot be removed is told, and left.

    A step that still runs may write there meanwhile.
    """
    try:
        remove(folder if source is None else _place(folder, source))
    except OSError as error:
        log.warning("copies are left", folder=folder.name, error=str(error))


def _place(folder: Path, source: Path) -> Path:
    return folder / f"{source.stem}.arrow"


def _make_room(folder: Path, wanted: int) -> int:
    """Remove the oldest copies until one more may have `wanted` bytes, about what its CSV has.

    Returns how many it may have, so that all together, those that are being written too, have no
    more than copies may: none where there is no place for them.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free, found = shutil.disk_usage(folder).free, _found(folder)
        taken = sum(size for _, size, _ in found)
        left = min(MOST_BYTES, (free + taken) // PART_OF_FREE) - taken
        for _, size, file in sorted(found):
            if left < wanted and not file.name.startswith("."):
                remove(file)
                left += size
    except OSError as error:
        log.warning("there is no place for copies", folder=folder.name, error=str(error))
        return 0
    return max(0, left)


def _found(folder: Path) -> list[tuple[int, int, Path]]:
    """The copies, finished and not: when each was last written to, its size, its place."""
    found = []
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # its dataset has just been deleted
            facts = file.stat()
            found.append((facts.st_mtime_ns, facts.st_size, file))
    return found
