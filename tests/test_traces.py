"""Traces: whom GROVE_TRACES_URL names is told of requests and jobs, and nobody else is."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services import traces
from services.settings import SettingError
from tests.service import Service, running
from tests.story import settings_for


class Collector(BaseHTTPRequestHandler):
    """Takes spans as OTLP over HTTP."""

    taken: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers["Content-Encoding"] == "gzip"
        self.taken.append(gzip.decompress(body) if packed else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(name="collector")
def _collector() -> Iterator[tuple[str, list[bytes]]]:
    taken: list[bytes] = []
    handler = type("Handler", (Collector,), {"taken": taken})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", taken
        server.shutdown()
        thread.join()


def ask(service: Service, path: str, sent: Any, **more: str) -> Any:
    headers = {**more, "Content-Type": "application/json", "Prefer": "wait=60"}
    body = json.dumps(sent).encode()
    request = urllib.request.Request(f"http://{service.address}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)


def test_requests_and_jobs_are_told(collector: tuple[str, list[bytes]], tmp_path: Path) -> None:
    address, taken = collector
    with running(tmp_path / "home", GROVE_TRACES_URL=address) as service:
        fields = {"id": "panes", "dataset": "glass", "target": "Type"}
        assert ask(service, "/v1/experiments?secret=1", fields)["status"] == "ready"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(service, "/v1/datasets/x", {}, Origin="http://elsewhere.example")
    told = [ExportTraceServiceRequest.FromString(each) for each in taken]
    spans = {
        (attribute.value.string_value, span.name): span
        for each in told
        for part in each.resource_spans
        for attribute in part.resource.attributes
        if attribute.key == "service.name"
        for scope in part.scope_spans
        for span in scope.spans
    }
    request = spans["grove-web", "POST /v1/experiments"]
    kept = {each.key: each.value for each in request.attributes}
    assert kept["http.status_code"].int_value == 201
    assert kept["http.target"].string_value == "/v1/experiments"
    assert not [each for each in taken if b"secret" in each]
    assert spans["grove-web", "POST /v1/datasets/x"].attributes  # of what was refused at the door
    job = spans["grove-worker", "job split"]
    assert {each.key for each in job.attributes} == {"grove.job.kind", "grove.job.id"}
    assert job.end_time_unix_nano > job.start_time_unix_nano


def test_without_an_address_nothing_is_loaded(tmp_path: Path) -> None:
    none = traces.of(settings_for(tmp_path), "web")
    assert none.provider is None
    with none.job("train", "x"):
        none.end()


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(traces, "import_module", missing)
    chosen = settings_for(tmp_path, GROVE_TRACES_URL="http://localhost:4318/v1/traces")
    with pytest.raises(SettingError, match=r"GROVE_TRACES_URL: pip install .*traces\.txt"):
        traces.of(chosen, "web")


@pytest.mark.parametrize("address", ["localhost:4318", "grpc://x/y", "http://x"])
def test_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingError, match="GROVE_TRACES_URL"):
        settings_for(tmp_path, GROVE_TRACES_URL=address)
