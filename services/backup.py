"""A copy of all that the service keeps, made while it runs: there whole, or not at all.

The database is copied first, as of one moment; then the files that its rows name. No file changes
once a row names it, but it may be deleted before it is copied: then the database is copied anew.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models.database import BUSY_SECONDS
from services import active
from services.checking import Report, check
from services.files import blocks_of, is_locked, keep, remove, sync
from services.paths import Home
from services.settings import Settings
from services.stock import Stock, reader, take
from services.strays import FLEETING, files_under, of_open_job, strays

DATABASE = "grove.sqlite"
SNAPSHOTS, PAUSE_SECONDS = 10, 0.2


class Refused(Exception):
    """A backup cannot be made or put back; the message says why."""


def backup(settings: Settings, target: Path) -> Report:
    """Copy all that the service keeps to a new folder; returns what a check of the copy said.

    Raises Refused, and OSError where the disk does; then there is no such folder.
    """
    source, home, target = database_of(settings), Home(settings.home), target.resolve()
    _require_free(home, target)
    with _unfinished(target) as folder:
        copy = Home(folder)
        _fill(source, home, copy)
        report = check(url_of(folder), copy)
        if report.problems:
            raise Refused(f"{report.text()}\nThe copy is not whole; it was removed again.")
        for each in (*folder.rglob("*/"), folder):
            sync(each)
        folder.rename(target)
        sync(target.parent)
    return report


def database_of(settings: Settings) -> Path:
    """The file of the database. Raises Refused where it is not a file."""
    address = sa.make_url(settings.database_url)
    if address.get_backend_name() != "sqlite":
        message = (
            "the database is PostgreSQL: dump it by pg_dump, then copy the files of GROVE_HOME"
        )
        raise Refused(f"{message}; this command knows SQLite alone")
    return Path(str(address.database))


def url_of(folder: Path) -> str:
    """The address of a backup's database."""
    return sa.URL.create("sqlite", database=str(folder / DATABASE)).render_as_string()


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, also while others write to it, in one file.

    Raises Refused where it cannot be read.
    """
    temporary = target.with_name(f".{target.name}.{uuid4().hex}")
    uri = f"{source.as_uri()}?mode=rw"  # after a crash SQLite first takes back what was half done
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as live,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # no file beside it
        temporary.replace(target)
        sync(target.parent)
    except sqlite3.Error as error:
        raise Refused(f"{source}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _require_free(home: Home, target: Path) -> None:
    if target.is_relative_to(home.root):
        raise Refused(f"{target} lies within GROVE_HOME: choose a folder outside of it")
    if not target.parent.is_dir():
        raise Refused(f"there is no folder {target.parent}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is there and not empty: choose a new folder")
    if target.is_mount():
        raise Refused(f"{target} is a disk of its own: choose a new folder in it")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A folder to fill beside the target; those that killed backups have left are removed."""
    start = f".{target.name}.unfinished-"
    for left in list(target.parent.iterdir()):
        if left.name.startswith(start) and not is_locked(left / "lock"):
            remove(left)
    place = target.with_name(start + uuid4().hex)
    place.mkdir(mode=0o700)
    try:
        with (place / "lock").open("w") as lock:  # held for as long as we live
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder = place / "copy"
            folder.mkdir(mode=0o700)
            yield folder
    finally:
        remove(place)


def _fill(source: Path, home: Home, copy: Home) -> None:
    gone: Sequence[str] = ()
    for _ in range(SNAPSHOTS):
        copy_database(source, copy.root / DATABASE)
        gone = _copy_files(home, copy)
        if not gone:
            return
        time.sleep(PAUSE_SECONDS)
    raise Refused(f"rows name files that are not there, {gone[0]} for one: see ./run.sh check")


def _copy_files(home: Home, copy: Home) -> list[str]:
    """Copy what the copied rows name; returns what was not there."""
    engine = reader(url_of(copy.root))
    try:
        stock = take(engine)
        _copy_open_work(home, copy, stock)
        gone = [kept.path for kept in stock.files() if not _copy(home, copy, kept.path)]
        with Session(engine) as session:
            active.mend(session, copy)  # as the rows say, not as the home has it by now
        _tidy(copy, stock)
        return gone
    finally:
        engine.dispose()


def _copy_open_work(home: Home, copy: Home, stock: Stock) -> None:
    """Copy what open jobs are at work on, as far as it is there: a job may end at any time."""
    for name in FLEETING:
        remove(copy.root / name)  # it may have changed since an earlier snapshot
    copy.make()
    for _ in range(2):  # what has moved to its place while it was looked for is found there
        for path in files_under(home):
            if of_open_job(path, stock):
                _copy(home, copy, path)


def _tidy(copy: Home, stock: Stock) -> None:
    """Remove what an earlier snapshot named and this one does not, and folders left empty."""
    for path in list(strays(copy, url_of(copy.root), stock, files_under(copy))):
        remove(copy.absolute(path))
    for folder in sorted(copy.root.rglob("*/"), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    copy.make()


def _copy(home: Home, copy: Home, path: str) -> bool:
    """Copy a file, unless that is done; False where it is not there."""
    place = copy.absolute(path)
    try:
        if not place.exists():
            keep(blocks_of(home.absolute(path)), place)
    except FileNotFoundError:
        return False
    return True
