"""The processes of a running service, by what they do; one of them is killed."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

from benchmarks.processes import command_of, family

WORDS = {"-m gunicorn": "web", "-m services.worker": "worker", "forkserver": "child"}
# gunicorn's first process takes the whole service with it: that shall not happen too often.
WEIGHTS = {"first web": 1, "web": 6, "worker": 6, "child": 6}


def strike(root: int, pick: random.Random) -> str | None:
    """Kill one process under `root`; returns what it was, None where there was none."""
    living = by_role(root)
    if not living:
        return None
    roles = sorted(living)
    (role,) = pick.choices(roles, [WEIGHTS[each] for each in roles])
    with suppress(ProcessLookupError):
        os.kill(pick.choice(living[role]), signal.SIGKILL)
    return role


def by_role(root: int) -> dict[str, list[int]]:
    """The processes of the service: gunicorn's first and its others, the worker, its children."""
    found: dict[str, list[int]] = {}
    for pid in family(root):  # parents come before their children
        role = _role(command_of(pid))
        if role == "web" and "first web" not in found:
            role = "first web"
        if role is not None:
            found.setdefault(role, []).append(pid)
    return found


def _role(command: str) -> str | None:
    return next((role for words, role in WORDS.items() if words in command), None)
