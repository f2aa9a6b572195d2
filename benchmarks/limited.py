"""Processes under a limit of memory that the kernel holds: a control group of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks.faults import BenchError

OLD, NEW = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
LOOK_EVERY = 0.25
MEBIBYTE = 2**20


@dataclass
class Limited:
    """A group; what is started by `before` a command is in it, with all that this starts."""

    folder: Path
    peak_mib: float = 0.0  # of what is no file's: the system cannot take that back
    ended_with: int = 0  # processes that the kernel killed, once all is over

    @property
    def before(self) -> list[str]:
        """What to put before a command."""
        enter = f'echo $$ > {self.folder}/cgroup.procs && exec "$@"'
        return ["bash", "-c", enter, "limited"]

    def killed(self) -> int:
        """How many processes the kernel has killed for their memory."""
        for name in ("memory.events", "memory.oom_control"):
            if (self.folder / name).exists():
                return self._number(name, "oom_kill")
        return 0

    def look(self) -> None:
        """See how much is in use now."""
        held = self._number("memory.stat", "total_rss", "anon")
        self.peak_mib = max(self.peak_mib, held / MEBIBYTE)

    def _number(self, file: str, *names: str) -> int:
        lines = (line.split() for line in (self.folder / file).read_text().splitlines())
        found = {line[0]: int(line[1]) for line in lines}
        return next((found[name] for name in names if name in found), 0)


@contextmanager
def limited(mib: int) -> Iterator[Limited]:
    """A group of at most so many MiB, its pages of files among them.

    Raises BenchError where none can be made: that takes root, and a kernel with control groups.
    """
    old = OLD.exists()
    folder = (OLD if old else NEW) / f"grove-bench-{uuid4().hex[:8]}"
    limit = "memory.limit_in_bytes" if old else "memory.max"
    try:
        folder.mkdir()
        (folder / limit).write_text(str(mib * MEBIBYTE))
    except OSError as error:
        if folder.exists():
            folder.rmdir()
        raise BenchError(f"no control group for a limit of memory: {error}") from error
    group, over = Limited(folder), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_EVERY):
            group.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield group
    finally:
        over.set()
        watcher.join()
        group.ended_with = group.killed()
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a group that the last process has just left."""
    for _ in range(50):
        try:
            folder.rmdir()
        except OSError:
            threading.Event().wait(0.1)
        else:
            return
