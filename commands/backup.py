"""`./run.sh backup DIR`: a copy of all that the service keeps, made while it runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from services.backup import Refused, backup
from services.settings import SettingError, read


def main(arguments: list[str] | None = None) -> None:
    """Make a backup and say what is in it, or end with 1 and the reason."""
    parser = argparse.ArgumentParser(prog="./run.sh backup", description="make a backup")
    parser.add_argument("folder", type=Path, help="a new folder, outside of GROVE_HOME")
    folder = parser.parse_args(arguments).folder
    try:
        report = backup(read(os.environ), folder)
    except (SettingError, Refused, OSError) as error:
        sys.exit(str(error))
    print(f"{report.text()}\nThe backup is in {folder}.")  # noqa: T201


if __name__ == "__main__":
    main()
