"""`./run.sh key …`: API keys from the command line of the machine that keeps them."""

from __future__ import annotations

import argparse
import os
import sys

from sqlalchemy.orm import Session

from models import Key, Scope
from models.database import connect
from models.errors import GroveError
from services import keys, setup
from services.settings import SettingError, read

DAYS = range(1, 3651)


def main(arguments: list[str] | None = None) -> None:
    """Add, list or revoke keys."""
    asked = _parser().parse_args(arguments)
    try:
        settings = read(os.environ)
        setup.prepare_tables(settings)
        with Session(connect(settings.database_url)) as session:
            _do(session, asked)
    except (SettingError, GroveError) as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run.sh key", description="API keys")
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make a key and print it, this once")
    add.add_argument("name")
    add.add_argument("--scope", choices=list(Scope), default=Scope.ADMIN, help="what it may do")
    add.add_argument("--days", type=int, choices=DAYS, metavar="N", help="how long it is good for")
    actions.add_parser("list", help="list the keys")
    actions.add_parser("revoke", help="end a key").add_argument("name")
    return parser


def _do(session: Session, asked: argparse.Namespace) -> None:
    if asked.action == "add":
        print(keys.add(session, asked.name, Scope(asked.scope), asked.days))  # noqa: T201
    elif asked.action == "revoke":
        keys.revoke(session, asked.name)
    else:
        for key in keys.listed(session):
            print(f"{key.name}\t{key.scope}\t{key.created_at:%Y-%m-%d}\t{_ends(key)}")  # noqa: T201


def _ends(key: Key) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    return f"in use until {key.expires_at:%Y-%m-%d}" if key.expires_at else "in use"


if __name__ == "__main__":
    main()
