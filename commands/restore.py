"""`./run.sh restore DIR`: a backup, put back into a GROVE_HOME that holds nothing yet."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from services.backup import Refused
from services.restoring import restore
from services.settings import SettingError, read


def main(arguments: list[str] | None = None) -> None:
    """Restore and say what is there now, or end with 1 and the reason."""
    parser = argparse.ArgumentParser(prog="./run.sh restore", description="put a backup back")
    parser.add_argument("folder", type=Path, help="the folder of the backup")
    folder = parser.parse_args(arguments).folder
    try:
        settings = read(os.environ)
        report = restore(settings, folder)
    except (SettingError, Refused, OSError) as error:
        sys.exit(str(error))
    print(f"{report.text()}\n{folder} was restored into {settings.home}.")  # noqa: T201
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
