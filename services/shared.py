"""A place that several machines share: a folder, or whatever fsspec has an address for."""

from __future__ import annotations

import errno
from pathlib import Path
from uuid import uuid4

import fsspec
import structlog

from models.errors import Failed, GroveError
from services.files import sha256_of

# What does not pass by itself: no room, no right, no such place.
LASTING = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)

log = structlog.get_logger()


def may_pass(error: Exception) -> bool:
    """Whether a storage that fails with this error may do by itself what it is asked, later on.

    Each kind of storage has errors of its own; those of Python that are not of the system are a
    mistake in a program, or want of memory.
    """
    if isinstance(error, OSError):
        return error.errno not in LASTING
    return not isinstance(error, GroveError) and type(error).__module__ != "builtins"


def clear_shared(address: str, name: str) -> None:
    """Remove what a job has left in a storage. Where that is away it stays, and the log says so."""
    try:
        Shared(address).remove(name)
    except Exception as error:  # noqa: BLE001  each kind of storage has errors of its own
        log.warning("not removed from the shared storage", name=name, error=str(error)[:200])


class Shared:
    """Files under an address, by their names."""

    def __init__(self, address: str) -> None:
        """`address` is a path or a URL such as s3://bucket/grove. Raises ValueError for no such."""
        self._files, self._root = fsspec.url_to_fs(address)

    def put(self, file: Path, name: str) -> None:
        """Copy a file there; under its name it is whole or not at all."""
        place = self._place(name)
        self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
        temporary = f"{place}.{uuid4().hex}"
        self._files.put_file(str(file), temporary)
        self._files.mv(temporary, place)

    def fetch(self, name: str, sha256: str, file: Path) -> None:
        """Copy a file from there. Raises Failed, work_lost, where it is gone or another one."""
        temporary = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            self._files.get_file(self._place(name), str(temporary))
            if sha256_of(temporary) != sha256:
                raise Failed(f"the shared file {name} is not the one written", code="work_lost")
            temporary.replace(file)
        except FileNotFoundError as error:
            raise Failed(f"the shared file {name} is gone", code="work_lost") from error
        finally:
            temporary.unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return bool(self._files.exists(self._place(name)))

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all that is in it, if it is there."""
        if self._files.exists(self._place(name)):
            self._files.rm(self._place(name), recursive=True)

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"
