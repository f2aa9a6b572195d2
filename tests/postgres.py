"""A PostgreSQL for tests: the machine's own programs, on a folder and a port of its own.

`python -m tests.postgres URL NAME TIMES` is one of several processes that write at once.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Dataset, Seed, writing
from models.database import BUSY_SECONDS_OF_REQUESTS, ENGINE_OPTIONS, configure
from tests.service import ROOT, free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # where Debian has them
SOMEBODY = "postgres"  # it refuses to run as root
COUNTED = "counted"


@dataclass(frozen=True)
class Postgres:
    """A cluster in a folder."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://grove@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=500"
        )
        log = str(self.folder / "log")
        self.run("pg_ctl", "-w", "-D", self.data, "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-D", self.data, "-m", "fast", "stop")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def run(self, program: str, *arguments: str) -> None:
        path = shutil.which(program) or PROGRAMS[-1] / program
        user = SOMEBODY if os.geteuid() == 0 else None
        subprocess.run(
            [path, *arguments], user=user, cwd=self.folder, stdout=subprocess.DEVNULL, check=True
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running cluster, empty, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="grove-pg-") as name:
        if os.geteuid() == 0:
            os.chown(name, pwd.getpwnam(SOMEBODY).pw_uid, -1)
        made = Postgres(Path(name), free_port())
        made.run("initdb", "-D", made.data, "-U", "grove", "-A", "trust", "-E", "UTF8")
        made.start()
        try:
            yield made
        finally:
            made.stop()


def engine_of(url: str) -> sa.Engine:
    """An engine as a request has it, with no more patience."""
    engine = sa.create_engine(url, **ENGINE_OPTIONS)
    configure(engine, BUSY_SECONDS_OF_REQUESTS)
    return engine


def begin_count(engine: sa.Engine) -> None:
    """A row that the writers will count in."""
    with Session(engine) as session, writing(session):
        row = {"file": "", "sha256": "", "size": 0, "rows": 0, "reading": {}, "description": {}}
        session.add(Dataset(name=COUNTED, **row))


def written_at_once(url: str, processes: int, times: int) -> list[int]:
    """How each of so many processes ended that wrote so many times."""
    command = [sys.executable, "-m", "tests.postgres", url]
    started = [
        subprocess.Popen([*command, str(number), str(times)], cwd=ROOT)
        for number in range(processes)
    ]
    return [each.wait(timeout=600) for each in started]


def write(url: str, name: str, times: int) -> None:
    """Read, then write, each time in a transaction of its own."""
    engine = engine_of(url)
    for number in range(times):
        with Session(engine) as session, writing(session):
            row = session.get_one(Dataset, COUNTED, with_for_update=True)
            row.rows += 1
            session.add(Seed(name=f"{name}-{number}"))
    engine.dispose()


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
