"""Traces for OpenTelemetry, where GROVE_TRACES_URL says whom to tell; else there are none.

The libraries are asked for only then (requirements-traces.txt), and read more settings by
themselves, under the names that they share with all other programs: OTEL_TRACES_SAMPLER and so on.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

from services.settings import SettingError, Settings

QUERIED = ("http.target", "http.url", "url.full")


class Traces:
    """What a process tells of what it does."""

    def __init__(self, provider: Any = None) -> None:
        """Without a provider, nothing."""
        self.provider = provider

    def job(self, kind: str, job_id: str) -> AbstractContextManager[Any]:
        """A span for as long as one attempt at a job takes."""
        if self.provider is None:
            return nullcontext()
        tracer = self.provider.get_tracer("grove.jobs")
        span: AbstractContextManager[Any] = tracer.start_as_current_span(
            f"job {kind}", attributes={"grove.job.kind": kind, "grove.job.id": job_id}
        )
        return span

    def requests(self, app: Any) -> None:
        """A span for each request of a Flask application, under the name of its route."""
        if self.provider is not None:
            flask = import_module("opentelemetry.instrumentation.flask")
            flask.FlaskInstrumentor.instrument_app(
                app, tracer_provider=self.provider, response_hook=_without_query
            )
            hooks = app.before_request_funcs[None]
            hooks.insert(0, hooks.pop())  # before those that may refuse the request

    def end(self) -> None:
        """Send what has not been sent."""
        if self.provider is not None:
            self.provider.shutdown()


def of(settings: Settings, part: str) -> Traces:
    """The traces of a part of the service, `web` or `worker`; begun after a fork, never before.

    Raises SettingError where the libraries are not installed.
    """
    if not settings.traces_url:
        return Traces()
    try:
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        http = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        resources = import_module("opentelemetry.sdk.resources")
        import_module("opentelemetry.instrumentation.flask")
    except ImportError as error:
        message = "GROVE_TRACES_URL: pip install -r requirements-traces.txt"
        raise SettingError(message) from error
    resource = resources.Resource.create({"service.name": f"grove-{part}"})
    provider = sdk.TracerProvider(resource=resource)
    exporter = http.OTLPSpanExporter(endpoint=settings.traces_url)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return Traces(provider)


def _without_query(span: Any, _status: str, _headers: Any) -> None:
    """Say of a request's address its path alone: a key may stand in the query by mistake."""
    known = getattr(span, "attributes", None) or {}
    for name in QUERIED:
        if name in known:
            span.set_attribute(name, str(known[name]).partition("?")[0])
    if "url.query" in known:
        span.set_attribute("url.query", "")
