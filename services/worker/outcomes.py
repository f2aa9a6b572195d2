"""What a step comes to: plain values, an error's record among them."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models import errors as problems
from models.errors import Failed, GroveError, StorageFull
from services.files import sha256_of

Outcome = dict[str, Any]
Report = Callable[[float, str], None]
Spec = dict[str, Any]
RECORD_FIELDS = ("kind", "code", "detail", "errors")
NO_THREAD = ("can't start new thread", "Failed to launch worker thread")

log = logging.getLogger(__name__)


def place(spec: Spec, name: str = "") -> Path:
    """Where a step writes: the folder of its own attempt."""
    return Path(str(spec["work"]), str(spec["attempt"]), name)


def outcome(spec: Spec, path: Path, count: int) -> Outcome:
    """What a step returns of a file that it has written."""
    relative = path.relative_to(spec["work"]).as_posix()
    return {"path": relative, "sha256": sha256_of(path), "count": count}


def attempted(work: Callable[[], Outcome]) -> Outcome:
    """What `work` returns, or the record of the error that it ends with."""
    try:
        return work()
    except GroveError as error:
        return {"error": error.as_record()}
    except Exception as error:
        log.exception("a step failed")
        return {"error": meaning_of(error).as_record()}


def error_of(record: dict[str, Any]) -> GroveError:
    """The error that a record was made from."""
    about = {name: value for name, value in record.items() if name not in RECORD_FIELDS}
    faults = [problems.Fault(**fault) for fault in record["errors"]]
    kind: type[GroveError] = getattr(problems, record["kind"])
    return kind(record["detail"], code=record["code"], faults=faults, **about)


def meaning_of(error: Exception) -> GroveError:
    """What an error means for the job that it ends."""
    if isinstance(error, GroveError):
        return error
    if _wants_memory(error):
        return out_of_memory()
    if isinstance(error, OSError):
        return _of_system(error)
    message = "an error inside the service; its log says more"
    return Failed(message, code="internal_error")


def _wants_memory(error: Exception) -> bool:
    """Is it for want of memory? pyarrow's own error is a MemoryError too.

    A thread that gets no room for its stack is refused by the system with EAGAIN, which Python
    and pyarrow tell in words of their own.
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_THREAD)


def out_of_memory() -> Failed:
    """The error of a step that got no memory."""
    return Failed("this step needs more memory than it may use", code="out_of_memory")


def _of_system(error: OSError) -> GroveError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("the disk is full")
    return Failed("the storage of the service failed", code="storage_failed")
