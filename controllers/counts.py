"""What a web process counts: requests, predictions, loaded versions."""

from __future__ import annotations

import os
from functools import cache
from typing import cast

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
NO_ROUTE, OTHER = "none", "other"
# Whoever asks may make methods up, and each would be counted for ever.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

# The library asks for the id of the process whenever it counts, four times a request: 8 of 250 us.
_own = {"pid": os.getpid()}
os.register_at_fork(after_in_child=lambda: _own.update(pid=os.getpid()))
if values.ValueClass is not values.MutexValue:
    values.ValueClass = values.MultiProcessValue(lambda: _own["pid"])  # type: ignore[no-untyped-call]


class Counts:
    """What a process counts."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "grove_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=own,
        )
        self.seconds = Histogram(
            "grove_http_request_duration_seconds",
            "Seconds until an answer begins",
            ["route"],
            registry=own,
            buckets=SECONDS,
        )
        self.predictions = Counter(
            "grove_predictions", "Rows predicted, by how they came", ["form"], registry=own
        )
        self.loaded = Gauge(
            "grove_versions_loaded",
            "Versions that web processes have loaded",
            registry=own,
            multiprocess_mode="livesum",
        )
        # To look labels up costs more than to count; there are as many as routes and statuses.
        self._of, self._rows_of = cache(self._labelled), cache(self.predictions.labels)

    def note(self, method: str, route: str | None, status: str, seconds: float) -> None:
        """Count a request that has been answered; `route` as it is registered, None for none."""
        answered, took = self._of(method if method in METHODS else OTHER, route, status)
        answered.inc()
        took.observe(seconds)

    def predicted(self, form: str, rows: int) -> None:
        """Count rows that were predicted, by how they came."""
        self._rows_of(form).inc(rows)

    def _labelled(self, method: str, route: str | None, status: str) -> tuple[Counter, Histogram]:
        name = route or NO_ROUTE
        return self.requests.labels(method, name, status), self.seconds.labels(name)


def register(app: Flask) -> None:
    """Have `app` count."""
    app.extensions["grove_counts"] = Counts()


def of(app: Flask) -> Counts:
    """What `app` counts in this process."""
    return cast(Counts, app.extensions["grove_counts"])
