"""What must be true before web and worker start: folders, tables, samples, a key."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from dbos import DBOS
from sqlalchemy.orm import Session

from models.database import connect, prepare_alone
from services import active, keys, samples, sweeper
from services.paths import Home
from services.settings import SettingError, Settings, read

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def prepare(settings: Settings) -> None:
    """Bring GROVE_HOME and the database up to date. Any number of processes may do so at once."""
    prepare_tables(settings)
    engine, home = connect(settings.database_url), Home(settings.home)
    try:
        with Session(engine) as session:
            samples.plant(session, home)
            active.mend(session, home)
            sweeper.sweep(session, home)
            _announce_key(session, settings)
    finally:
        engine.dispose()


def prepare_tables(settings: Settings) -> None:
    """Make the folders, and bring our own tables and the job engine's up to date."""
    Home(settings.home).make()
    engine = connect(settings.database_url)
    try:
        migrate(engine)
    finally:
        engine.dispose()
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS.migrate(settings.database_url)


def migrate(engine: sa.Engine) -> None:
    """Bring the tables up to date, one process at a time, in one transaction.

    Alembic reads the version once: between two migrations, each committed by itself, another
    process would get its turn and make what is made here next.
    """
    immediate = engine.connect().execution_options(sqlite_begin="IMMEDIATE")
    with immediate as connection, connection.begin():
        prepare_alone(connection)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "head")


def _announce_key(session: Session, settings: Settings) -> None:
    secret = keys.first_key(session, settings)
    if secret:
        print(f"The one admin key of this service, shown only now: {secret}", flush=True)  # noqa: T201


def main() -> None:
    """`python3 -m services.setup`: prepare by the environment's settings."""
    try:
        prepare(read(os.environ))
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
