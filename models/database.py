"""The database: how connections are set up, how a transaction that writes begins."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.orm import DeclarativeBase, Session

# How long a transaction waits for those of others: a worker's has time, a request's has a client.
BUSY_SECONDS, BUSY_SECONDS_OF_REQUESTS = 30, 5
# What says that the database is away, or busy for too long; SQLite's own comes from where a
# transaction begins.
AWAY = (
    sqlite3.OperationalError,
    sqlalchemy_errors.OperationalError,
    sqlalchemy_errors.InterfaceError,
    sqlalchemy_errors.TimeoutError,
)
HURRIED_MS = 200
# The first releases of three branches in which a WAL that is reset under a reader stays whole
# (https://www.sqlite.org/wal.html, "the WAL-reset bug"); older ones journal by TRUNCATE.
WAL_SAFE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
TURN_SECONDS = (0.001, 0.006)  # between two tries to begin
# unixepoch('subsec') came with this release.
SUBSEC = (3, 42, 0)
# A connection that the database has closed meanwhile is replaced before it is used.
ENGINE_OPTIONS: dict[str, Any] = {"pool_pre_ping": True}
PREPARING = 0x67726F7665  # of a lock: any number, the same in every process ("grove")
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
JSON = sa.JSON(none_as_null=True)


class Base(DeclarativeBase):
    """What all rows share."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


db = SQLAlchemy(metadata=Base.metadata)


class Name(sa.types.TypeDecorator[str]):
    """What rows are looked for by. No name holds a NUL, and PostgreSQL refuses to look for one."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """To the database: another character that no name holds."""
        return value.replace("\0", "\ufffd") if value else value


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite itself forgets the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To the database: always UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """From the database: always with its zone."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def connect(url: str) -> sa.Engine:
    """An engine whose transactions begin as `writing` says."""
    engine = sa.create_engine(url, **ENGINE_OPTIONS)
    configure(engine)
    return engine


def connect_for_jobs(url: str) -> sa.Engine:
    """An engine as the job engine expects it: BEGIN IMMEDIATE before the first change."""
    engine = sa.create_engine(url, **ENGINE_OPTIONS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_for_jobs)
    return engine


def configure(engine: sa.Engine, patience: int = BUSY_SECONDS) -> None:
    """Make an engine's SQLite connections strict, durable and patient for so many seconds."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_prepare, patience))
        event.listen(engine, "begin", _begin)


@contextmanager
def hurried(session: Session) -> Iterator[None]:
    """Within it what is read does not wait for those who write: a fifth of a second at most."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":  # elsewhere a reader never waits for a writer
        yield
        return
    with _patience(connection.connection.driver_connection, HURRIED_MS):
        yield


@contextmanager
def _patience(raw: Any, milliseconds: int) -> Iterator[int]:
    """Within it a connection of SQLite's waits for so long; gives how long it did before."""
    (before,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        yield before
    finally:
        raw.execute(f"PRAGMA busy_timeout = {before}")


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """One transaction that reads and writes, committed at the end of the block.

    SQLite takes its write lock at once: a transaction that read first and then wanted to write
    would fail without waiting whenever another had written in between.
    """
    session.rollback()
    session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def prepare_alone(connection: sa.Connection) -> None:
    """Until its transaction ends no other connection that asks for this gets it.

    SQLite has one writer at any time anyway. Of two on PostgreSQL that look whether a row is
    there, both would find none.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PREPARING)))


def _prepare(patience: int, connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours to say: see _begin
    _pragmas(connection, patience)


def _prepare_for_jobs(connection: sqlite3.Connection, _record: object) -> None:
    _pragmas(connection, BUSY_SECONDS)
    connection.isolation_level = "IMMEDIATE"


def _pragmas(connection: sqlite3.Connection, patience: int) -> None:
    connection.execute(f"PRAGMA busy_timeout = {patience * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_mode = {journal_mode(sqlite3.sqlite_version_info)}")
    if sqlite3.sqlite_version_info < SUBSEC:
        # The job engine takes for granted that Python 3.12 and later come with a newer SQLite;
        # those of Debian 12, the official images among them, do not.
        connection.create_function("unixepoch", -1, _unixepoch)


def _unixepoch(*modifiers: str) -> float:
    """SQLite's function, as far as it is asked for: this moment, with fractions of a second."""
    if modifiers != ("subsec",):
        raise NotImplementedError(modifiers)
    return time.time()


def journal_mode(version: tuple[int, ...]) -> str:
    """WAL where this SQLite has the WAL-reset fix, else TRUNCATE."""
    newest = max(WAL_SAFE)
    fixed = version >= newest or any(
        version[:2] == safe[:2] and version >= safe for safe in WAL_SAFE
    )
    return "WAL" if fixed else "TRUNCATE"


def _begin(connection: sa.Connection) -> None:
    """Begin what `writing` asks for; otherwise nothing.

    Reads stand alone, each a transaction of its own: one that stayed open, while a body is
    received or a job waited for, would keep every writer from committing.
    """
    mode = connection.get_execution_options().get("sqlite_begin")
    if mode:
        _begin_in_turn(connection.connection.driver_connection, mode)


def _begin_in_turn(raw: Any, mode: str) -> None:
    """Begin as soon as nobody else writes; SQLite's own error once its busy_timeout is over.

    SQLite by itself looks again after up to a tenth of a second, and finds the next one at it
    already: of four processes that write all the time some wait for more than five seconds.
    """
    with _patience(raw, 0) as before:
        deadline = time.monotonic() + before / 1000
        while not _has_begun(raw, mode, deadline):
            time.sleep(random.uniform(*TURN_SECONDS))  # noqa: S311


def _has_begun(raw: Any, mode: str, deadline: float) -> bool:
    try:
        raw.execute(f"BEGIN {mode}")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
            raise
        return False
    return True
