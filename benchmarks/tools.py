"""The programs that a benchmark needs beside Python: all are there before anything starts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from benchmarks.faults import BenchError

PACKAGES = {"curl": "curl", "h2load": "nghttp2-client", "nginx": "nginx-light", "wrk": "wrk"}
# Where Debian keeps nginx is on root's path alone.
PLACES = ("/usr/sbin", "/usr/local/sbin")


def find(tool: str) -> str | None:
    """Where the program is, or None."""
    return shutil.which(tool) or shutil.which(tool, path=":".join(PLACES))


def path_of(tool: str) -> str:
    """Where the program is. Raises BenchError, which says how to install it."""
    require([tool])
    return str(find(tool))


def require(tools: Iterable[str]) -> None:
    """Raise BenchError unless all are there; it names all that are missing at once."""
    missing = sorted({tool for tool in tools if find(tool) is None})
    if missing:
        packages = " ".join(PACKAGES[tool] for tool in missing)
        raise BenchError(f"{', '.join(missing)} missing; on Debian: apt-get install -y {packages}")
