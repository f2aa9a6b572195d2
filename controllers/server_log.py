"""gunicorn's own words, in the form of all that is logged."""

from __future__ import annotations

import os
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from services import logs, settings


class JsonLogger(Logger):  # type: ignore[misc]
    """Hands everything on to the log of the service."""

    def setup(self, cfg: Any) -> None:
        """Do as gunicorn wants it, and then not write by itself."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        logs.configure(settings.read(os.environ).log_level)
