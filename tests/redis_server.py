"""A Redis for tests: the machine's own program, in memory alone, on a port of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as Unreachable

from tests.service import free_port
from tests.waits import wait_until

PASSWORD = "of-a-test"  # noqa: S105


@dataclass
class RedisServer:
    """A Redis that can be stopped and started again, and then has forgotten everything."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        return Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        own = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        kept = ["--save", "", "--appendonly", "no", "--requirepass", PASSWORD]
        log = ["--logfile", str(self.folder / "log")]
        self._process = subprocess.Popen(["redis-server", *own, *kept, *log])
        wait_until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except Unreachable:
            return False


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running Redis, empty, gone at the end."""
    made = RedisServer(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
