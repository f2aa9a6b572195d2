"""/metrics: figures for Prometheus, over all web processes."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from controllers.counts import NO_ROUTE
from controllers.parts import parts
from controllers.server import COUNTS
from models import Kind
from services import census
from tests.service import ROOT, Service, running
from tests.story import FLOWER, Story
from tests.waits import wait_until

DEAD = 2**22 - 1  # the id of no process: systems number them below
PREDICT = "/v1/experiments/<experiment_id>/predict"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation
        assert family.name.startswith("grove_")
    every = [sample for family in families for sample in family.samples]
    found = {(each.name, frozenset(each.labels.items())): each.value for each in every}
    assert len(found) == len(every)
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def seen(story: Story) -> Samples:
    answer = story.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return samples(answer.text)


def test_requests_and_predictions_are_counted(story: Story) -> None:
    experiment = story.make_trained()
    before = seen(story)
    assert story.predict(experiment, FLOWER, FLOWER, FLOWER).status_code == 200
    assert story.predict(experiment, {"no": 1}).status_code == 422
    table = "size,colour,wild,picked,petals\n" + "5,red,true,2024-03-01,4\n" * 7
    path = f"/v1/experiments/{experiment}/predict"
    with story.client.post(path, data=table, content_type="text/csv") as answer:
        assert answer.status_code == 200
    assert story.client.get("/nowhere").status_code == 404
    for made_up in ("BREW", "AAAB"):
        assert story.client.open("/livez", method=made_up).status_code == 405
    after = seen(story)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    requests = {"method": "POST", "route": PREDICT}
    assert more("grove_http_requests_total", **requests, status="200") == 2
    assert more("grove_http_requests_total", **requests, status="422") == 1
    nowhere = {"method": "GET", "route": NO_ROUTE, "status": "404"}
    assert more("grove_http_requests_total", **nowhere) == 1
    odd = [dict(labels).get("method") for _, labels in after]
    assert "other" in odd
    assert not {"BREW", "AAAB"} & set(odd)
    assert more("grove_http_request_duration_seconds_count", route=PREDICT) == 3
    assert more("grove_http_request_duration_seconds_bucket", route=PREDICT, le="+Inf") == 3
    assert more("grove_predictions_total", form="json") == 3
    assert more("grove_predictions_total", form="csv") == 7
    assert value(after, "grove_versions_loaded") >= 1


def test_rows_are_counted(story: Story) -> None:
    before = seen(story)
    assert value(before, "grove_database_up") == 1
    assert value(before, "grove_workers") == 1
    story.make_trained()
    after = seen(story)
    for name, labels in (
        ("grove_datasets", {}),
        ("grove_versions", {}),
        ("grove_experiments", {"status": "trained"}),
        ("grove_jobs", {"kind": "train", "state": "succeeded"}),
    ):
        assert value(after, name, **labels) == value(before, name, **labels) + 1
    kinds = {dict(labels)["kind"] for name, labels in after if name == "grove_jobs"}
    assert kinds == set(map(str, Kind))


def test_a_database_that_is_away_is_a_figure(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Any) -> None:
        raise OperationalError("SELECT 1", None, Exception("away"))

    monkeypatch.setattr(census, "taken", away)
    found = seen(story)
    assert value(found, "grove_database_up") == 0
    assert not [name for name, _ in found if name == "grove_jobs"]


def test_the_dashboard_shows_what_there_is(story: Story) -> None:
    """Every figure of deploy/grafana.json is one that the service gives, with those labels."""
    experiment = story.make_trained()
    assert story.predict(experiment, FLOWER).status_code == 200
    with story.client.application.app_context():
        parts().recorder.flush()
    known: dict[str, set[str]] = {}
    for name, labels in seen(story):
        known.setdefault(name, set()).update(dict(labels))
    panels = json.loads((ROOT / "deploy" / "grafana.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    for expression in asked:
        (name,) = re.findall(r"grove_\w+", expression)
        by = re.search(r"by \(([^)]*)\)", expression)
        assert set(re.split(", ", by[1]) if by else []) <= known[name], expression
    assert {re.findall(r"grove_\w+", each)[0] for each in asked} >= {
        name for name in known if not name.endswith(("_sum", "_count", "_created"))
    }


def test_open_metrics_for_who_asks(story: Story) -> None:
    answer = story.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.count("# EOF") == 1
    assert answer.text.endswith("# EOF\n")


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("metrics"), GROVE_WEB_WORKERS="3") as service:
        yield service


def ask(service: Service, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """A request on a connection of its own, which any process may take."""
    connection = http.client.HTTPConnection(service.address, timeout=90)
    headers = {"Content-Type": "application/json", "Prefer": "wait=60"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_all_processes_are_one(service: Service) -> None:
    for _ in range(30):
        assert ask(service, "GET", "/livez")[0] == 200
    route = {"method": "GET", "route": "/livez", "status": "200"}

    def counted() -> float:
        return value(
            samples(ask(service, "GET", "/metrics")[1]), "grove_http_requests_total", **route
        )

    wait_until(lambda: counted() == 30)  # a request is counted as its answer begins
    assert {counted() for _ in range(6)} == {30}


def test_the_counts_end_with_the_service(tmp_path: Path) -> None:
    """Those of a service that was killed go when the next one starts."""
    # A place of its own, with a short name: sockets are made there, too.
    with tempfile.TemporaryDirectory(prefix="g-") as name:
        own = Path(name)
        (own / f"{COUNTS}{DEAD}-x").mkdir()
        with running(tmp_path, TMPDIR=name):
            assert len(list(own.glob(f"{COUNTS}*"))) == 1
        assert not list(own.glob(f"{COUNTS}*"))


FORKED = """
import os
from controllers.counts import Counts
counts = Counts()
counts.predicted("json", 1)
child = os.fork()
counts.predicted("json", 2)
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(os.getpid(), child)
"""


def test_each_process_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKED]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    told = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    files = {path.name for path in tmp_path.glob("counter_*.db")}
    assert files == {f"counter_{pid}.db" for pid in told.stdout.split()}
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    assert registry.get_sample_value("grove_predictions_total", {"form": "json"}) == 5
