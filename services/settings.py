"""Settings: the one place that reads the environment, strictly."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from services.setting_table import SETTINGS, Setting

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SettingError(ValueError):
    """A setting cannot be used; the message begins with its name."""


@dataclass(frozen=True)
class Settings:
    """The settings, parsed; a field is a variable's name without its prefix, in lower case."""

    home: Path
    bind: str
    database_url: str
    web_workers: int
    web_threads: int
    train_threads: int
    auth: str
    key: str | None
    hosts: frozenset[str]
    redis_url: str
    cdn_url: str
    max_upload: int
    max_json: int
    max_rows: int
    models_memory: int | None
    max_columns: int
    memory_limit: int
    step_memory: int | None
    dask_scheduler: str | None
    dask_storage: str | None
    max_jobs: int
    keep_jobs: int | None
    keep_versions: int | None
    keep_predictions: int | None
    job_timeout: int
    wait: int
    traces_url: str
    log_level: str

    @cached_property
    def on_socket(self) -> bool:
        """Whether the service listens at a file, not at a port."""
        return self.bind.startswith("unix:")

    @cached_property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service by itself."""
        return self.on_socket or self.bind.rpartition(":")[0] in LOOPBACK


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`.

    Raises SettingError, which names every variable that cannot be used.
    """
    problems = _unknown(environ)
    values = {}
    for setting in SETTINGS:
        try:
            values[_field(setting)] = _value(setting, environ)
        except ValueError as error:
            problems.append(f"{setting.name}: {error}")
    if problems:
        raise SettingError("\n".join(problems))
    home = values["home"] = values["home"].resolve()
    default = URL.create("sqlite", database=str(home / "grove.sqlite"))
    values["database_url"] = values["database_url"] or default.render_as_string()
    return Settings(**values)


def environment(**more: str) -> dict[str, str]:
    """The whole environment, and more: for a program that goes on with it."""
    return {**os.environ, **more}


def _value(setting: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.name)
    if text is None:
        return setting.parse(setting.default)
    if not text:
        raise ValueError("is set and empty; unset it or give it a value")
    return setting.parse(text)


def _field(setting: Setting) -> str:
    return setting.name.removeprefix("GROVE_").lower()


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = [setting.name for setting in SETTINGS]
    strange = [name for name in environ if name.startswith("GROVE_") and name not in known]
    return [f"{name}: no such setting{_hint(name, known)}" for name in strange]


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


assert {field.name for field in fields(Settings)} == {_field(setting) for setting in SETTINGS}  # noqa: S101
