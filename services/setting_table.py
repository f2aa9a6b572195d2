"""All settings: how each is called, what it is without being set, what it means."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.setting_values import (
    UNSET,
    address,
    all_or_number,
    bind,
    choice,
    dask_scheduler,
    database_url,
    hosts,
    key,
    memory,
    redis_url,
    site,
    size,
    size_or_none,
    web_address,
    whole,
)

LONGEST_WAIT = 60  # seconds that an answer waits for its job at the most


@dataclass(frozen=True)
class Setting:
    """One environment variable: what it is called, what it is without being set, what it means."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]


SETTINGS = (
    Setting("GROVE_HOME", "./data", "folder of all that the service keeps", Path),
    Setting("GROVE_BIND", "127.0.0.1:5000", "`HOST:PORT` or `unix:/PATH` to listen on", bind),
    Setting(
        "GROVE_DATABASE_URL",
        UNSET,
        "the database; without it SQLite in GROVE_HOME",
        database_url,
    ),
    Setting("GROVE_WEB_WORKERS", "2", "processes that answer requests", whole(1, 256)),
    Setting("GROVE_WEB_THREADS", "4", "threads in each of them", whole(2, 256)),
    Setting(
        "GROVE_TRAIN_THREADS",
        str(os.cpu_count() or 1),
        "threads that grow trees (default: one a core)",
        whole(1, 1024),
    ),
    Setting(
        "GROVE_AUTH",
        "on",
        "`off` lets everyone in, whatever the address and the keys; it is warned about",
        choice("on", "off"),
    ),
    Setting("GROVE_KEY", UNSET, "the admin key, 32 characters or more; else one is made", key),
    Setting(
        "GROVE_HOSTS",
        UNSET,
        "names that the service goes by, with commas between; a request for another is refused",
        hosts,
    ),
    Setting(
        "GROVE_REDIS_URL",
        UNSET,
        "where failed keys are counted for all web processes; without it each counts its share",
        redis_url,
    ),
    Setting(
        "GROVE_CDN_URL",
        UNSET,
        "`https://HOST` of a CDN that asks this service for `/static/…`, for the pages to name",
        site,
    ),
    Setting("GROVE_MAX_UPLOAD", "10G", "largest CSV taken", size),
    Setting("GROVE_MAX_JSON", "16M", "largest JSON body taken", size),
    Setting("GROVE_MAX_ROWS", "10000", "JSON rows in one predict", whole(1, 10**7)),
    Setting(
        "GROVE_MODELS_MEMORY",
        UNSET,
        "memory for loaded versions in each web process (default: its share of 15 % of "
        "GROVE_MEMORY_LIMIT)",
        size_or_none,
    ),
    Setting("GROVE_MAX_COLUMNS", "10000", "columns of a CSV", whole(1, 10**6)),
    Setting(
        "GROVE_MEMORY_LIMIT",
        UNSET,
        "memory of the whole service, kept to from about 2 GiB on (default: three quarters of the "
        "machine's)",
        memory,
    ),
    Setting(
        "GROVE_STEP_MEMORY",
        UNSET,
        "memory of one step of a job (default: of what the service itself leaves of its limit a "
        "training's half, another's quarter, 512M at least)",
        size_or_none,
    ),
    Setting(
        "GROVE_DASK_SCHEDULER",
        UNSET,
        "`tcp://HOST:PORT` or `tls://HOST:PORT` of a Dask scheduler whose workers grow the trees",
        dask_scheduler,
    ),
    Setting(
        "GROVE_DASK_STORAGE",
        UNSET,
        "folder or fsspec address where they find the training rows; without it they must have "
        "GROVE_HOME under the same path",
        address,
    ),
    Setting("GROVE_MAX_JOBS", "1000", "jobs that may wait or run at a time", whole(1, 10**6)),
    Setting(
        "GROVE_KEEP_JOBS",
        "10000",
        "finished jobs kept on record, the newest, or `all`",
        all_or_number,
    ),
    Setting(
        "GROVE_KEEP_VERSIONS",
        "all",
        "versions kept of each experiment, the newest and the active one, or `all`",
        all_or_number,
    ),
    Setting(
        "GROVE_KEEP_PREDICTIONS",
        "1000000",
        "recorded predictions kept, the newest, or `all`",
        all_or_number,
    ),
    Setting("GROVE_JOB_TIMEOUT", "86400", "seconds that one job may run", whole(1, 10**8)),
    Setting(
        "GROVE_WAIT",
        "10",
        "seconds that an answer waits for its job where the client does not say",
        whole(0, LONGEST_WAIT),
    ),
    Setting(
        "GROVE_TRACES_URL",
        UNSET,
        "`http://HOST:4318/v1/traces` of an OpenTelemetry collector (OTLP over HTTP) to tell of "
        "all requests and jobs",
        web_address,
    ),
    Setting(
        "GROVE_LOG_LEVEL",
        "info",
        "`debug`, `info`, `warning` or `error`",
        choice("debug", "info", "warning", "error"),
    ),
)
