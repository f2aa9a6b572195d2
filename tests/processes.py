"""Processes of this machine, any of which may end while it is looked at."""

from __future__ import annotations

from contextlib import suppress

import psutil

from benchmarks.processes import command_of, family


def lives(pid: int) -> bool:
    """Whether a process runs: neither gone nor only not yet reaped."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def children(pid: int) -> list[int]:
    """The processes that one has started itself."""
    with suppress(psutil.NoSuchProcess):
        return [each.pid for each in psutil.Process(pid).children()]
    return []


def descendants(pid: int) -> list[int]:
    """The processes that one has started, and those that these have started."""
    return family(pid)[1:]


def of_forkserver(root: int) -> list[int]:
    """The processes that do steps: children of fork servers under a process."""
    servers = [each for each in descendants(root) if "forkserver" in command_of(each)]
    return [each for server in servers for each in children(server)]


def of_home(home: str, word: str = "") -> list[int]:
    """The processes whose GROVE_HOME begins so and whose command has a word."""
    return [
        each.pid
        for each in psutil.process_iter()
        if _home(each).startswith(home) and word in command_of(each.pid)
    ]


def _home(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return process.environ().get("GROVE_HOME", "")
    return ""
