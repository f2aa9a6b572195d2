"""Files that are there whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

BLOCK = 2**20


def sha256_of(path: Path) -> str:
    """The checksum of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Make what a file holds, or a rename inside a folder, outlast a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that becomes `path` at the end of the block, and is gone if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def keep(blocks: Iterable[bytes], path: Path) -> tuple[str, int]:
    """Write blocks to `path`, whole or not at all; returns the SHA-256 and the size in bytes.

    From the second block on another thread adds each to the checksum while it is written and the
    next one comes.
    """
    digest, size, adding = hashlib.sha256(), 0, None
    with ThreadPoolExecutor(1) as other, replacing(path) as file:  # no thread of it runs yet
        for block in blocks:
            if adding is not None:
                adding.result()  # so that blocks do not pile up
            if size:
                adding = other.submit(digest.update, block)
            else:
                digest.update(block)
            size += len(block)
            file.write(block)
    return digest.hexdigest(), size


def blocks_of(path: Path) -> Iterator[bytes]:
    """A file in blocks."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def move_folder(source: Path, target: Path) -> None:
    """Give a finished folder its place; what an earlier attempt left there gives way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    for file in source.iterdir():
        sync(file)
    sync(source)
    source.replace(target)
    sync(target.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder that may or may not be there, or that others are removing too."""
    while path.is_dir():
        with suppress(FileNotFoundError):  # others were faster with a part of it
            shutil.rmtree(path)
    path.unlink(missing_ok=True)


def is_locked(path: Path) -> bool:
    """Whether a process holds a file locked."""
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
