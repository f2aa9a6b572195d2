"""The benchmarks: what they need, what they leave, what they say; never how fast anything is."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks import tools
from benchmarks.__main__ import main
from benchmarks.faults import BenchError
from benchmarks.overload import wrong_with
from benchmarks.processes import clean_environ, started
from benchmarks.proxy import SHIPPED, replaced
from benchmarks.report import Report, Row, at_least, at_most
from tests.processes import lives, of_home
from tests.service import ROOT, environ_for
from tests.waits import wait_until

pytestmark = pytest.mark.no_database

HOMES = f"{tempfile.gettempdir()}/grove-bench-"  # of the services that benchmarks start
NAMES = ("start", "predict", "ingest", "dry_run")
ROW_KEYS = {"what", "unit", "subject", "yardstick", "ratio", "target", "met"}


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", {"curl": "/usr/bin/curl"}.get)
    with pytest.raises(BenchError) as caught:
        tools.require(["wrk", "curl", "h2load", "nginx", "wrk"])
    packages = "apt-get install -y nghttp2-client nginx-light wrk"
    assert str(caught.value) == f"h2load, nginx, wrk missing; on Debian: {packages}"


def test_nothing_starts_where_a_tool_is_missing(tmp_path: Path) -> None:
    environ = {**clean_environ(), "PATH": str(tmp_path)}
    code = "from benchmarks import tools; tools.PLACES = (); from benchmarks.__main__ import main; "
    done = subprocess.run(
        [sys.executable, "-c", code + "main(['predict', '--smoke'])"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "h2load, nginx, wrk missing; on Debian: apt-get install -y" in done.stderr
    assert "..." not in done.stderr


def test_an_unknown_name_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--short", "predcit"])
    assert "no such benchmark: predcit; start, predict, overload" in capsys.readouterr().err


def test_a_refusal_is_looked_at() -> None:
    good = b'{"status": 503}'
    assert wrong_with(503, "1", good) == ""
    assert wrong_with(500, "1", good) == "status 500"
    assert wrong_with(503, None, good) == "Retry-After None"
    assert wrong_with(503, "1", b"<html>") == "no problem in the body"
    assert wrong_with(429, "1", good) == "the problem says 503, the answer 429"


def test_only_places_are_replaced_in_nginx_conf(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text()
    ours = replaced(shipped, tmp_path, 8123)
    pairs = zip(shipped.splitlines(), ours.splitlines(), strict=True)
    changed = [(old, new) for old, new in pairs if old != new]
    assert all(str(tmp_path) in new or "127.0.0.1:8123" in new for _, new in changed)
    for gone in ("listen 80 ", "/run/grove", "/var/log", "/var/lib", "/run/nginx"):
        assert gone not in ours


def test_a_place_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no 'listen 80 '"):
        replaced("listen 443;", tmp_path, 8123)


def test_a_report_is_a_table_and_a_file(tmp_path: Path) -> None:
    report = Report("predict", "short", notes=["a note"])
    report.rows = [
        Row("fast", "answers/s", 2000, 2500, 0.8, at_least(0.7)),
        Row("slow", "ms", 12.34, target=at_most(10)),
        Row("seen", "MiB", 0.5),
    ]
    table = report.text().splitlines()
    assert table[0] == "predict (short form)"
    assert table[2].split() == ["fast", "(answers/s)", "2,000", "2,500", "0.8", ">=", "0.7", "met"]
    assert table[3].split()[-1] == "MISSED"
    assert table[-1] == "  - a note"
    record = json.loads(report.write(tmp_path).read_text())
    assert_record(record, "predict", "short")
    assert [row["met"] for row in record["rows"]] == [True, False, None]


def assert_record(record: dict[str, object], name: str, form: str) -> None:
    assert (record["name"], record["form"]) == (name, form)
    assert set(record) == {"name", "form", "rows", "notes", "raw", "machine"}
    assert isinstance(record["rows"], list)
    assert all(set(row) == ROW_KEYS for row in record["rows"])
    assert isinstance(record["machine"], dict)
    assert {"cores", "memory_mib", "python", "libraries", "commit"} <= set(record["machine"])


def test_all_that_was_started_ends(tmp_path: Path) -> None:
    """Even a child that its parent leaves behind, and that hears no SIGTERM."""
    script = "trap '' TERM; sleep 1000 & echo $!; wait"
    command = ["bash", "-c", f"bash -c {shlex.quote(script)} & wait"]
    log = tmp_path / "log"
    with started(command, log, dict(os.environ)):
        wait_until(log.read_text)
    child = int(log.read_text())
    wait_until(lambda: not lives(child))


@pytest.mark.real
def test_the_benchmarks_run(tmp_path: Path) -> None:
    """All that a run does, in sizes that say nothing about speed."""
    done = subprocess.run(
        [str(ROOT / "run.sh"), "bench", "--smoke", "--out", str(tmp_path), *NAMES],
        env=environ_for(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert_record(record, name, "smoke")
        assert record["rows"]
        assert f"{name} (smoke form)" in done.stdout
    assert of_home(HOMES) == []


@pytest.mark.real
def test_a_run_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    heard = ["env", "--default-signal=INT"]  # whoever runs the tests in the background ignores it
    run = subprocess.Popen(
        [*heard, str(ROOT / "run.sh"), "bench", "--smoke", "--out", str(tmp_path), "batch"],
        env=environ_for(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: of_home(HOMES))
    run.send_signal(signal.SIGINT)
    assert "interrupted" in run.communicate(timeout=60)[1]
    assert of_home(HOMES) == []
