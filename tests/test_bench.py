"""The benchmarks: their arithmetic, what they read, what they say; never how fast anything is."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import tools
from benchmarks.__main__ import main
from benchmarks.faults import BenchError
from benchmarks.figures import exponent, percentile, ratio_of_rounds
from benchmarks.load import answers_of, spacing, wrk_rate
from benchmarks.overload import wrong_with
from benchmarks.processes import clean_environ, started
from benchmarks.proxy import SHIPPED, replaced
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sustained import is_sustained, search
from tests.service import ROOT, environ_for

WRK = {"requests": 600, "microseconds": 2_000_000}
FINE = {"status": 0, "connect": 0, "read": 0, "write": 0, "timeout": 0}
ROW_KEYS = {"what", "unit", "subject", "yardstick", "ratio", "target", "met"}


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_is_taken_round_by_round() -> None:
    """The machine was three times as slow in the second round, for both."""
    assert ratio_of_rounds([10, 30, 11], [20, 60, 20]) == 0.5


def test_rounds_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio_of_rounds([1, 2], [1])


@pytest.mark.parametrize("power", [0.5, 1.0, 1.15, 2.0])
def test_the_exponent_is_found(power: float) -> None:
    sizes = [100, 400, 1600]
    assert math.isclose(exponent(sizes, [3 * size**power for size in sizes]), power)


def test_wrk_counts() -> None:
    assert wrk_rate("Running 2s test\n" + json.dumps(WRK | FINE) + "\n") == 300


@pytest.mark.parametrize("kind", FINE)
def test_no_figure_is_made_of_errors(kind: str) -> None:
    with pytest.raises(BenchError, match="1 of 600 answers"):
        wrk_rate(json.dumps(WRK | FINE | {kind: 1}))


def test_no_figure_is_made_of_nothing() -> None:
    with pytest.raises(BenchError, match="nothing that can be read"):
        wrk_rate("unable to connect")
    with pytest.raises(BenchError, match="0 of 0"):
        wrk_rate(json.dumps(WRK | FINE | {"requests": 0}))


def test_the_log_of_h2load_is_read() -> None:
    lines = ["1000000\t200\t1500", "1500000\t503\t900", "2000000\t200\t2500", "2000000\t-1\t0"]
    found = answers_of(lines, 2)
    assert found.milliseconds == {200: [1.5, 2.5], 503: [0.9], -1: [0.0]}
    assert (found.total, found.failed, found.offered) == (4, 2, 3.0)
    assert found.p(0.99) == 2.5
    assert found.of(429, 503) == [0.9]


def test_an_empty_log_is_no_answer() -> None:
    with pytest.raises(BenchError, match="no answers"):
        answers_of([""], 2)


@pytest.mark.parametrize("rate", [50, 300, 999, 1000, 3000, 16000])
def test_connections_open_about_as_often_as_requests_are_due(rate: int) -> None:
    together, apart = (int("".join(filter(str.isdigit, word))) for word in spacing(rate))
    assert math.isclose(together * 1000 / apart, rate, rel_tol=0.34)


def steady(milliseconds: dict[int, list[float]], offered: float = 100) -> bool:
    lines = [
        f"{number * 1_000_000 / offered:.0f}\t{status}\t{each * 1000:.0f}"
        for number, (status, each) in enumerate(
            (status, each) for status, those in milliseconds.items() for each in those
        )
    ]
    return is_sustained(answers_of(lines, 100))


def test_what_sustained_means() -> None:
    assert steady({200: [5.0] * 200})
    assert not steady({200: [5.0] * 199, 503: [1.0]})
    assert not steady({200: [5.0] * 199, -1: [0.0]})
    assert not steady({200: [5.0] * 197 + [51.0] * 3})
    assert not steady({200: [5.0] * 200}, offered=98)


@pytest.mark.parametrize("limit", [250, 251, 1777, 3999, 20_000])
def test_the_search_ends_just_below_the_limit(limit: int) -> None:
    found = search(lambda rate: rate <= limit, 250, 16_000, 1.05)
    assert found <= limit
    assert found * 1.05 >= min(limit, 16_000)


def test_one_hiccup_is_not_the_limit() -> None:
    tried: list[int] = []

    def holds(rate: int) -> bool:
        tried.append(rate)
        return rate <= 2000 and tried.count(rate) > 1

    assert search(holds, 250, 16_000, 1.05) >= 1900


def test_a_service_that_sustains_nothing_is_said() -> None:
    with pytest.raises(BenchError, match="not even 250"):
        search(lambda _: False, 250, 16_000, 1.05)


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
        deadline = time.monotonic() + 20
        while not log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    child = Path("/proc", log.read_text().strip(), "stat")
    deadline = time.monotonic() + 20
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.real
def test_the_benchmarks_run(tmp_path: Path) -> None:
    """All that a run does, in sizes that say nothing about speed."""
    done = subprocess.run(
        [str(ROOT / "run.sh"), "bench", "--smoke", "--out", str(tmp_path), "start", "predict"],
        env=environ_for(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for name in ("start", "predict"):
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert_record(record, name, "smoke")
        assert record["rows"]
        assert f"{name} (smoke form)" in done.stdout
    assert environ_of_home() == []


@pytest.mark.real
def test_a_run_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [str(ROOT / "run.sh"), "bench", "--smoke", "--out", str(tmp_path), "batch"],
        env=environ_for(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not environ_of_home():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert "interrupted" in run.communicate(timeout=60)[1]
    assert environ_of_home() == []


def environ_of_home() -> list[int]:
    """The processes of a Grove that a benchmark has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"GROVE_HOME=/tmp/grove-bench-" in environ:
            found.append(int(folder.name))
    return found
