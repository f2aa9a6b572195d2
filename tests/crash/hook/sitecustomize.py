"""Python itself loads this into each process of a crash test: it counts what outlasts a process.

Each rename, removal, new folder and file opened for writing under CRASH_HOME is an event, and so
is the moment before and after each commit that changed a row. While the file CRASH_COUNTER is
there, an event is a line of it: the file says in its first line at which event to die, and the
process that comes to this one kills itself, as `kill -9` would. Each event is noted before it
takes place, so that to die at the next one is to die right after it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR
DIALECTS = "sqlalchemy.engine.default"


class Killer:
    """Counts the events of one process, together with those of all others."""

    def __init__(self, home: str, counter: str) -> None:
        self.inside, self.counter = home + "/", counter
        self.watches_commits = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at an audit event."""
        if event == "open":
            self.opened(*args)
        elif event in ("os.remove", "os.rmdir", "os.mkdir"):
            self.changed(event, args[0], args[-1])
        elif event == "os.rename":
            self.changed(event, args[1], args[3])
        elif event == "sqlite3.connect" and not self.watches_commits and DIALECTS in sys.modules:
            self.watches_commits = True
            watch_commits(sys.modules[DIALECTS].DefaultDialect, self)

    def opened(self, path: Any, _mode: str | None, flags: int) -> None:
        if flags & WRITING:
            self.changed("open", path, -1)

    def changed(self, event: str, path: Any, folder: int) -> None:
        if isinstance(path, int):
            return
        whole = os.fsdecode(path)
        if folder >= 0:  # shutil.rmtree names what it removes from within its folder
            whole = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), whole)  # noqa: PTH115, PTH118
        if whole.startswith(self.inside):
            self.note(f"{event} {whole.removeprefix(self.inside)}")

    def note(self, event: str) -> None:
        """Count an event, and die where it is the one."""
        try:
            counter = os.open(self.counter, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return
        fcntl.flock(counter, fcntl.LOCK_EX)
        lines = os.pread(counter, 2**20, 0).splitlines()
        os.write(counter, f"{os.getpgid(0)} {os.getpid()} {event}\n".encode())
        if len(lines) == int(lines[0]):
            os.kill(os.getpid(), signal.SIGKILL)
        os.close(counter)


def watch_commits(dialect: Any, killer: Killer) -> None:
    """Note the commits that change a row; the job engine makes many others."""
    commit = dialect.do_commit

    def do_commit(self: Any, connection: Any) -> None:
        before = connection.info.get("crash_changes", 0)
        changes = connection.info["crash_changes"] = connection.total_changes
        if not connection.in_transaction or changes == before:
            commit(self, connection)
        else:
            killer.note("before a commit")
            commit(self, connection)
            killer.note("after a commit")

    dialect.do_commit = do_commit


if "CRASH_COUNTER" in os.environ:
    sys.addaudithook(Killer(os.environ["CRASH_HOME"], os.environ["CRASH_COUNTER"]))
