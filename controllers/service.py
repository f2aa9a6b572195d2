"""The application's class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask


class Service(Flask):
    """Flask, for views that are all plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask asks of each function, at each call, whether it is async."""
        return func
