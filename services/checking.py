"""Is a home whole? Every row has its files, every file has its row, and the rows agree.

It only looks, also while the service runs: what seems wrong is looked at again, and what has
changed by then is no problem.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services import active, agreement
from services.files import sha256_of
from services.paths import Home
from services.stock import Kept, Stock, reader, take
from services.strays import files_under, strays

LOOKS_AGAIN, PAUSE_SECONDS = 3, 0.3
# What a row raises that is not as the service wrote it.
UNREADABLE = (SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: of what kind, with which file or row, and what it is."""

    kind: str
    place: str
    what: str

    def line(self) -> str:
        """The problem for people."""
        return f"PROBLEM {self.kind}: {self.place}: {self.what}"


@dataclass(frozen=True)
class Report:
    """What a check found, and how much it has looked at."""

    problems: list[Problem]
    rows: int = 0
    files: int = 0
    bytes: int = 0

    def text(self) -> str:
        """A line for each problem, and one that sums up."""
        counts = f"{self.rows:,} rows, {self.files:,} files, {self.bytes:,} bytes"
        summary = f"checked {counts}; problems: {len(self.problems):,}"
        return "\n".join([*(problem.line() for problem in self.problems), summary])


def check(url: str, home: Home) -> Report:
    """Look at a whole home and its database; nothing in them is changed."""
    engine = reader(url)
    try:
        report = _look(engine, url, home)
        problems = report.problems
        for _ in range(LOOKS_AGAIN):
            if problems:
                time.sleep(PAUSE_SECONDS)
                again = _look(engine, url, home, {problem.place for problem in problems})
                problems = [problem for problem in problems if problem in again.problems]
        return replace(report, problems=problems)
    finally:
        engine.dispose()


def _look(engine: sa.Engine, url: str, home: Home, places: Container[str] | None = None) -> Report:
    """Look once; of the files that rows name only those of `places` are read, or all."""
    problems: list[Problem] = []
    found = files_under(home)  # before the rows are read: a file is there before its row is
    try:
        problems += _of_database(engine)
        stock = take(engine)
        problems += [Problem("row", *fault) for fault in agreement.faults(stock, home)]
        problems += _of_active(home, stock)
        strangers = list(strays(home, url, stock, found))
    except UNREADABLE as error:
        return Report([*problems, Problem("database", "rows", _why_unreadable(error))])
    read = [_read(home, kept) for kept in stock.files() if places is None or kept.path in places]
    problems += [problem for _, problem in read if problem]
    problems += [Problem("orphan", path, "no row names it") for path in strangers]
    return Report(problems, stock.rows, len(read), sum(size for size, _ in read))


def _of_database(engine: sa.Engine) -> Iterator[Problem]:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
                if said != "ok":
                    what = " ".join(said.split())  # it may be of several lines
                    yield Problem("database", "integrity_check", what)
            for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                what = f"it names a row of {parent} that is not there"
                yield Problem("database", f"row {row} of {table}", what)


def _why_unreadable(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlite_errorname", None) == "SQLITE_READONLY_ROLLBACK":
        return "a crash has cut a write short: start the service, which takes it back"
    return f"they cannot be read: {cause!r}"


def _of_active(home: Home, stock: Stock) -> Iterator[Problem]:
    for path, record in stock.serving(home).items():
        row = f"experiment {record.experiment!r}"
        try:
            found = active.read(home, record.experiment)
        except (OSError, ValueError, TypeError):
            yield Problem("active", path, f"it cannot be read, and says what serves {row}")
            continue
        if found is None:
            yield Problem("missing", path, f"it says what serves {row}, and it is not there")
        elif found != record:
            yield Problem("active", path, f"it does not say what the row of {row} says")


def _read(home: Home, kept: Kept) -> tuple[int, Problem | None]:
    """A file, read to its end: its size, and what is wrong with it."""
    file = home.absolute(kept.path)
    try:
        found, size = sha256_of(file), file.stat().st_size
    except FileNotFoundError:
        return 0, Problem("missing", kept.path, f"{kept.row} names it, and it is not there")
    except OSError as error:
        return 0, Problem("unreadable", kept.path, f"{kept.row} names it: {error.strerror}")
    if found == kept.sha256:
        return size, None
    return size, Problem("changed", kept.path, f"it is not the file that {kept.row} was given")
