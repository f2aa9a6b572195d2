"""Which database the homes of a run have: SQLite in the home, or one each in a PostgreSQL cluster.

`pytest --postgres` runs on PostgreSQL the very tests that SQLite has, but those about no database.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

CLUSTER = "TESTS_POSTGRES"  # handed on to processes that tests start
PATTERN = "postgresql+psycopg://grove@127.0.0.1:{port}/{name}"


@contextmanager
def on_postgres(port: int) -> Iterator[None]:
    """For this long, every home has a database of its own in the cluster at this port."""
    os.environ[CLUSTER] = str(port)
    try:
        yield
    finally:
        del os.environ[CLUSTER]


def database_of(home: Path) -> dict[str, str]:
    """The setting that a home's database takes, which is made where it is not there yet."""
    port = os.environ.get(CLUSTER)
    if port is None:
        return {}
    name = "t" + hashlib.sha256(str(home).encode()).hexdigest()[:20]
    _make(PATTERN.format(port=port, name="postgres"), name)
    return {"GROVE_DATABASE_URL": PATTERN.format(port=port, name=name)}


@contextmanager
def transaction(home: Path) -> Iterator[tuple[sa.Connection, str]]:
    """A transaction on a home's database, and what stands before the job engine's tables."""
    url = database_of(home).get("GROVE_DATABASE_URL", f"sqlite:///{home}/grove.sqlite")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection, engine_prefix(connection)


def engine_prefix(connection: sa.Connection) -> str:
    """The job engine has a schema of its own where there are schemas."""
    return "dbos." if connection.dialect.name == "postgresql" else ""


def _make(server: str, name: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        known = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(known, {"name": name}) is None:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
