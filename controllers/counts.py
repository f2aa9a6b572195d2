"""What a web process counts: requests, predictions, loaded versions."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
NO_ROUTE, OTHER = "none", "other"
# Whoever asks may make methods up, and each would be counted for ever.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


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

    def note(self, method: str, route: str | None, status: str, seconds: float) -> None:
        """Count a request that has been answered; `route` as it is registered, None for none."""
        name = route or NO_ROUTE
        self.requests.labels(method if method in METHODS else OTHER, name, status).inc()
        self.seconds.labels(name).observe(seconds)


def register(app: Flask) -> None:
    """Have `app` count."""
    app.extensions["grove_counts"] = Counts()


def of(app: Flask) -> Counts:
    """What `app` counts in this process."""
    return cast(Counts, app.extensions["grove_counts"])


def counts() -> Counts:
    """What the process that answers this request counts."""
    return of(current_app)
