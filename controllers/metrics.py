"""/metrics: figures for Prometheus, over all of this service's web processes.

Each process writes what it counts to files that they share (PROMETHEUS_MULTIPROC_DIR); what the
database knows is asked for when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog
from flask import Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from controllers.api import Blueprint
from controllers.negotiation import produces
from controllers.parts import parts
from controllers.waiting import session
from services import census, drifting
from services.census import Census

log = structlog.get_logger()
DAYS = 7  # that drift is told of
TEXT, OPEN_METRICS = "text/plain", "application/openmetrics-text"

blp = Blueprint("metrics", __name__, description="Figures for Prometheus")


class FromDatabase(Collector):
    """What the rows say."""

    def __init__(self, counted: Census | None, drifts: Mapping[str, float]) -> None:
        self.counted, self.drifts = counted, drifts

    def collect(self) -> Iterator[Metric]:
        """The figures, but for all but the first where the database is away."""
        up = self.counted is not None
        yield GaugeMetricFamily("grove_database_up", "Whether the database answers", int(up))
        if self.counted is not None:
            yield from _of_rows(self.counted)
        drift = GaugeMetricFamily(
            "grove_drift_psi",
            "Largest population stability index of a feature of the active version, 0 if chance",
            labels=["experiment"],
        )
        for experiment, psi in self.drifts.items():
            drift.add_metric([experiment], psi)
        yield drift


@blp.route("/metrics")
@blp.response(200, {"type": "string"}, content_type=TEXT)
@blp.alt_response(200, schema={"type": "string"}, content_type=OPEN_METRICS, success=True)
@produces(TEXT, OPEN_METRICS)
def show_metrics() -> Response:
    """Tell Prometheus of requests, predictions, jobs, versions."""
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    registry = _of_all_processes(parts().counts.registry)
    blocks = encode(registry), encode(_of_database())
    ending = b"# EOF\n"  # of OpenMetrics, once
    first = blocks[0].removesuffix(ending)
    return Response(first + blocks[1], content_type=kind)


def _of_all_processes(own: CollectorRegistry) -> CollectorRegistry:
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # no folder for it: this process is the only one
        return own
    return registry


def _of_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    counted, drifts = None, {}
    try:
        counted = census.taken(session())
        drifts = drifting.worst(session(), parts().home, DAYS)
    except SQLAlchemyError as error:
        log.warning("figures are missing", error=str(error)[:200])
    registry.register(FromDatabase(counted, drifts))
    return registry


def _of_rows(counted: Census) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("grove_jobs", "Jobs on record", labels=["kind", "state"])
    for (kind, state), count in counted.jobs.items():
        jobs.add_metric([kind, state], count)
    experiments = GaugeMetricFamily("grove_experiments", "Experiments", labels=["status"])
    for status, count in counted.experiments.items():
        experiments.add_metric([status], count)
    yield from (jobs, experiments)
    yield GaugeMetricFamily("grove_datasets", "Datasets", counted.datasets)
    yield GaugeMetricFamily("grove_versions", "Versions", counted.versions)
    yield GaugeMetricFamily("grove_workers", "Workers that live", counted.workers)
    waiting = "Seconds that the job has waited that waits the longest"
    yield GaugeMetricFamily("grove_queue_wait_seconds", waiting, counted.longest_wait)
