"""`./run.sh check`: whether all that the service keeps is there, whole, and in agreement."""

from __future__ import annotations

import os
import sys

from services import checking
from services.paths import Home
from services.settings import SettingError, read


def main() -> None:
    """Print every problem, and end with 1 where there is one."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    report = checking.check(settings.database_url, Home(settings.home))
    print(report.text())  # noqa: T201
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
