"""run.sh: prepares, hands over, keeps a worker alive, says what is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.processes import of_home
from tests.service import ROOT, Service, environ_for, running
from tests.waits import wait_until

pytestmark = pytest.mark.no_database

KEY = re.compile(r"shown only now: (\S{43})")


def run(home: Path, *arguments: str, **chosen: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "run.sh"), *arguments],
        env=environ_for(home, **chosen),
        capture_output=True,
        text=True,
        timeout=120,
    )


def ask(service: Service, path: str, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://{service.address}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def processes(word: str, home: Path) -> list[int]:
    """The processes with this word in their command and this home in their environment."""
    return of_home(str(home), word)


def test_it_serves_and_leaves_no_process_behind(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        assert ask(service, "/readyz")[0] == 200
        names = [each["name"] for each in ask(service, "/v1/datasets")[1]["items"]]
        assert names == ["breast_cancer", "glass"]
    assert processes("", tmp_path) == []


def test_all_that_is_logged_is_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """gunicorn's own words too, which are about a web process that was killed."""
    with running(tmp_path) as service:
        web = set(processes("gunicorn", tmp_path))
        os.kill(max(web), signal.SIGKILL)
        wait_until(lambda: set(processes("gunicorn", tmp_path)) - web)
        assert ask(service, "/livez")[0] == 200
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert any("SIGKILL" in line["event"] for line in logged)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with running(tmp_path / "a") as service:
        second = run(tmp_path / "b", GROVE_BIND=service.address)
    assert second.returncode == 1
    assert f"{service.address} is taken" in second.stderr


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        (worker,) = processes("-m services.worker", tmp_path)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: set(processes("-m services.worker", tmp_path)) - {worker})
        assert ask(service, "/livez")[0] == 200


def test_where_the_web_dies_the_rest_ends_too(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        (master, *_) = sorted(processes("-m gunicorn", tmp_path))
        for process in processes("-m gunicorn", tmp_path):
            os.kill(process, signal.SIGKILL)
        assert master
        wait_until(lambda: processes("", tmp_path) in ([], [service.pid]))


def test_bound_elsewhere_it_makes_a_key_and_asks_for_it(tmp_path: Path) -> None:
    with running(tmp_path, host="0.0.0.0") as service:  # noqa: S104
        match = KEY.search(service.greeting)
        assert match
        assert ask(service, "/v1/datasets")[0] == 401
        assert ask(service, "/v1/datasets", Authorization=f"Bearer {match[1]}")[0] == 200
        assert ask(service, "/livez")[0] == 200
    with running(tmp_path, host="0.0.0.0") as service:  # noqa: S104
        assert not KEY.search(service.greeting)  # shown once
        assert ask(service, "/v1/datasets", Authorization=f"Bearer {match[1]}")[0] == 200


def test_a_key_can_be_set(tmp_path: Path) -> None:
    secret = "x" * 40
    with running(tmp_path, host="0.0.0.0", GROVE_KEY=secret) as service:  # noqa: S104
        assert ask(service, "/v1/datasets", Authorization="Bearer wrong")[0] == 401
        assert ask(service, "/v1/datasets", Authorization=f"Bearer {secret}")[0] == 200


def test_open_to_all_is_warned_about(tmp_path: Path) -> None:
    with running(tmp_path, host="0.0.0.0", GROVE_AUTH="off") as service:  # noqa: S104
        assert "WARNING: GROVE_AUTH=off" in service.greeting
        assert ask(service, "/v1/datasets")[0] == 200


def test_a_proxy_does_not_open_the_door(tmp_path: Path) -> None:
    """Its requests come from loopback too; only the headers that it adds tell of it."""
    with running(tmp_path) as service:
        assert ask(service, "/v1/datasets")[0] == 200
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            assert ask(service, "/v1/datasets", **{name: "for=10.0.0.1"})[0] == 401


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    secret = run(tmp_path, "key", "add", "laptop").stdout.strip()
    assert len(secret) == 43
    assert secret not in run(tmp_path, "key", "list").stdout
    assert run(tmp_path, "key", "add", "laptop").returncode == 1
    with running(tmp_path) as service:
        assert ask(service, "/v1/datasets")[0] == 401  # a key was made: no one gets in without
        assert ask(service, "/v1/datasets", Authorization=f"Bearer {secret}")[0] == 200
        run(tmp_path, "key", "revoke", "laptop")
        time.sleep(1.2)
        assert ask(service, "/v1/datasets", Authorization=f"Bearer {secret}")[0] == 401
        assert ask(service, "/v1/datasets")[0] == 401  # nor does it open up again
    assert "revoked" in run(tmp_path, "key", "list").stdout


def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    for command in ([], ["web"], ["worker"], ["key", "list"]):
        done = run(tmp_path, *command, GROVE_WEB_WORKERS="none")
        assert done.returncode == 1
        assert "GROVE_WEB_WORKERS: expected a whole number" in done.stderr


def test_an_unknown_command_is_told_what_there_is(tmp_path: Path) -> None:
    done = run(tmp_path, "serv")
    assert done.returncode == 2
    assert "./run.sh demo" in done.stdout


def test_the_demo_ends_with_a_prediction_and_leaves_nothing(tmp_path: Path) -> None:
    before = set(Path("/tmp").glob("grove-demo-*"))  # noqa: S108
    done = run(tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    assert '"accuracy": 0.837' in done.stdout
    assert '"label": 7' in done.stdout
    assert set(Path("/tmp").glob("grove-demo-*")) == before  # noqa: S108


def test_the_web_by_itself_serves_as_a_file_too(tmp_path: Path) -> None:
    """The customer's entrypoint: python3 controllers/main.py."""
    environ = environ_for(tmp_path, GROVE_BIND=f"unix:{tmp_path}/grove.sock")
    environ.pop("PYTHONPATH", None)
    web = subprocess.Popen(["python3", "controllers/main.py"], cwd=ROOT, env=environ)
    try:
        deadline = time.monotonic() + 30
        curl = ["curl", "-s", "--unix-socket", f"{tmp_path}/grove.sock", "http://x/livez"]
        while b"alive" not in subprocess.run(curl, capture_output=True).stdout:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        web.terminate()
        web.wait(timeout=30)
