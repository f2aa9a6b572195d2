"""nginx as it is shipped: deploy/nginx.conf, with nothing but its places replaced."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import BenchError
from benchmarks.processes import ROOT, clean_environ, family, started, wait_until
from benchmarks.tools import path_of

SHIPPED = ROOT / "deploy" / "nginx.conf"
PASSABLE = 0o755  # nginx works as another user, who must get to its folders and the socket


@dataclass(frozen=True)
class Proxy:
    """A running nginx: where it listens, and its first process."""

    address: str
    pid: int

    def processes(self) -> list[int]:
        """All of nginx's processes."""
        return family(self.pid)


def replaced(shipped: str, folder: Path, port: int) -> str:
    """The text of nginx.conf with these places instead: address, socket, pid, logs, bodies.

    Raises BenchError where one of them is no longer in the text.
    """
    places = {
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "/run/grove/web.sock": f"{folder}/web.sock",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/",
        "/var/lib/nginx/": f"{folder}/",
    }
    for old in places:
        if old not in shipped:
            raise BenchError(f"{SHIPPED.name} has no {old!r}: benchmarks/proxy.py must follow it")
    pattern = "|".join(map(re.escape, places))
    return re.sub(pattern, lambda match: places[match[0]], shipped)


@contextmanager
def proxying(folder: Path, port: int) -> Iterator[Proxy]:
    """nginx in front of the socket `web.sock` of the folder, which is to be in /tmp or the like."""
    folder.chmod(PASSABLE)
    path, log = folder / "nginx.conf", folder / "nginx.out"
    path.write_text(replaced(SHIPPED.read_text(), folder, port))
    command = [path_of("nginx"), "-c", str(path), "-e", "stderr", "-g", "daemon off;"]
    with started(command, log, clean_environ()) as process:
        wait_until(lambda: _answers(port), process, log)
        yield Proxy(f"127.0.0.1:{port}", process.pid)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return bool(connection.getresponse().status)
    except OSError:
        return False
    finally:
        connection.close()
