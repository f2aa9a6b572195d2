"""A backup, put back into a home that holds nothing yet."""

from __future__ import annotations

from pathlib import Path

from services.backup import DATABASE, Refused, copy_database, database_of, url_of
from services.checking import Report, check
from services.files import blocks_of, keep
from services.paths import Home
from services.settings import Settings
from services.strays import DATABASE_ENDINGS, files_under

# Lies where the database will, until all files are in their place: no service starts on it.
NOTE = b"A backup was not put back to its end: repeat ./run.sh restore.\n"


def restore(settings: Settings, folder: Path) -> Report:
    """Put a backup into the home; returns what a check of the home said afterwards.

    Raises Refused, with nothing written, where the home has a database or the backup is damaged;
    OSError where the disk does: then it can be repeated.
    """
    file, home, source = database_of(settings), Home(settings.home), Home(folder.resolve())
    _require_none(file)
    _require_whole(source)
    home.make()
    keep([NOTE], file)
    for path in files_under(source):
        if path not in {DATABASE + ending for ending in DATABASE_ENDINGS}:
            keep(blocks_of(source.absolute(path)), home.absolute(path))
    copy_database(source.root / DATABASE, file)
    return check(settings.database_url, home)


def _require_none(file: Path) -> None:
    for ending in DATABASE_ENDINGS:
        there = file.with_name(file.name + ending)
        if there.exists() and not (there == file and file.read_bytes() == NOTE):
            raise Refused(f"there is a database already, {there}: restore into an empty GROVE_HOME")


def _require_whole(source: Home) -> None:
    if not (source.root / DATABASE).is_file():
        raise Refused(f"there is no backup in {source.root}")
    report = check(url_of(source.root), source)
    if report.problems:
        raise Refused(f"{report.text()}\nThe backup is damaged; nothing was restored.")
